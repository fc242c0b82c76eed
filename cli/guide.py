"""The section of AGENTS.md that teaches a coding agent the daily verbs."""

import os

from journal.disk.files import OsFiles, write_whole
from journal.errors import RefusedError, UnsafePathError

FILE = "AGENTS.md"
_BEGIN = "<!-- git-journal: begin (made by `journal init --agents`; edits inside are replaced) -->"
_END = "<!-- git-journal: end -->"
_BEGIN_MARK, _END_MARK = "<!-- git-journal: begin", "<!-- git-journal: end -->"
_TEXT = """\
## Journal

Structured state of this project (plans, issues, decisions, …) lives in `.journal/`, with its history. Use the
`journal` command; never edit files below `.journal/` by hand.

- Find: `journal list TYPE --where status=open --json`, `journal get TYPE ID --json`
- Create: `journal new TYPE '{"title": "…"}'` prints the id
- Change: `journal put TYPE ID --set status=done --summary "why"`
- Change safely beside others: read `event` with `get --json`, then `put … --expect-event EVENT`; exit status 4
  means that somebody was faster: read again, decide again
- What happened, one event after another: `journal append STREAM EVENT JSON --key ID` (safe to repeat),
  `journal read STREAM --last 20`
- What holds now, and no more: `journal kv put KEY JSON`, `journal kv get KEY`; `journal kv cas KEY OLD NEW`
  ends with 4 where it holds something else. With `--local --ttl 60` a lease of this work tree
- Never write a secret; if it happened, tell a person: `journal redact` takes it out
- Look back: `journal history TYPE ID --patch`, `journal blame TYPE ID`, `journal log -n 20`
- Undo: `journal revert EVENT`
- Who you are: set `JOURNAL_ACTOR` or give `--actor NAME`
- Into git: `journal commit -m "…"` commits the journal's files and nothing else
- To and from others: `journal sync` commits, fetches, merges and pushes; exit status 7 and `offline` means later

Answers are on stdout, with `--json` as JSON; exit status 0 means done and durable. `journal VERB --help` has the rest.
"""


def section() -> str:
    """Return the whole section with its marks."""
    return f"{_BEGIN}\n{_TEXT}{_END}\n"


def write_guide(folder: str) -> tuple[str, bool]:
    """Write or update the section in a folder's AGENTS.md; return (path, whether anything changed)."""
    files = OsFiles()
    path = os.path.join(folder, FILE)
    found = files.stat(path)
    if found is not None and found.kind != "file":
        raise UnsafePathError("is no plain file; it is not written", path=path)
    before = files.read(path) if found is not None else b""
    try:
        after = with_section(before.decode("utf-8")).encode()
    except UnicodeDecodeError as error:
        raise RefusedError("is not UTF-8; it is not written", path=path) from error
    if after == before:
        return path, False
    write_whole(files, path, after, durable=True)
    return path, True


def with_section(text: str) -> str:
    """Return a text whose section is the present one, at its old place or at the end; all else stays."""
    begin, end = text.find(_BEGIN_MARK), text.find(_END_MARK)
    if begin >= 0 and end > begin:
        after = text[end + len(_END_MARK) :]
        return text[:begin] + section().rstrip("\n") + after
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return text + gap + section()
