"""The texts that git runs. Pure.

A script first runs the hook that was there before, with its arguments and its input, and ends with its status if that
is not 0. Then it looks, with one call of git at most, whether the store is concerned; only then it starts Python. A
refusal is status 20 of ``journal hook``; whatever else goes wrong there, for instance an installation that is gone,
blocks nothing. ``sh`` is all it needs: git brings one along on every system.

The same lines, without the part for the hook before, are the block that goes into a file of somebody else.
"""

import os
import re
import shlex
from collections.abc import Sequence

from journal.git.hook_files import BEFORE, BLOCK_BEGIN, BLOCK_END, COMMITTING, seal

REFUSED = 20
"""What ``journal hook`` ends with where git is not to go on."""

PROGRAM = "git-journal"

_LOOP = re.compile(r"^for store in (.*); do$", re.MULTILINE)
_NO_LINE_END = b">>>>"
"""Ends the first line of a block where the line before it had no end."""
_BLOCK = re.compile(
    rb"^" + re.escape(BLOCK_BEGIN.encode()) + rb".*?(>>>>?)\n(?s:.*?)^" + re.escape(BLOCK_END.encode()) + rb"\n",
    re.MULTILINE,
)
_READ_INPUT = """\
input=
[ -t 0 ] || input="$(cat)"
say() { [ -z "$input" ] || printf '%s\\n' "$input" 2>/dev/null; }
"""
# pre-commit (the framework), where it was installed later, runs this script and must not be run by it again.
_RUN_BEFORE = """\
before="${{0%/*}}/{name}{suffix}"
[ -z "${{PRE_COMMIT_RUNNING_LEGACY-}}" ] || ! grep -q 'pre-commit\\.com' "$before" 2>/dev/null || before=
if [ -n "$before" ] && [ -x "$before" ]; then
  {source}"$before" "$@" || exit $?
fi
"""
_BEGIN = """\
for store in {stores}; do
  [ -f "$store/journal.toml" ] || continue
"""
_END = """\
  journal={program}
  command -v "$journal" >/dev/null 2>&1 || journal={fallback}
  command -v "$journal" >/dev/null 2>&1 || {{ {missing}break; }}
  {source}"$journal" hook {name} --store "$store" -- "$@"{sink} || [ $? -ne {refused} ] || exit 1
done
"""
_MISSING = "echo '{program} is not installed: what this commit holds of the journal was not checked' >&2; "
_STAGED = """\
  git --literal-pathspecs diff-index --cached --quiet HEAD -- "$store" 2>/dev/null && continue
"""
_CONCERNED = {
    # `journal commit` has looked at its files itself.
    "pre-commit": '  [ -z "${COMMITTING-}" ] || continue\n'.replace("COMMITTING", COMMITTING) + _STAGED,
    "pre-merge-commit": _STAGED,
    # A squash moves no branch: what it brings stands in the index.
    "post-merge": """\
  [ "${1-}" = 1 ] || ! git --literal-pathspecs diff-tree -r --quiet ORIG_HEAD HEAD -- "$store" 2>/dev/null || continue
""",
    # The third argument is 0 for single files. What comes from nowhere, a new work tree, is as git wrote it.
    "post-checkout": """\
  [ "${3-}" = 1 ] || continue
  case "${1-}" in *[!0]*) ;; *) continue ;; esac
  [ "$1" != "$2" ] || continue
  git --literal-pathspecs diff-tree -r --quiet "$1" "$2" -- "$store" 2>/dev/null && continue
""",
    # An amend changes no file.
    "post-rewrite": """\
  [ "${1-}" = rebase ] || continue
""",
    "pre-push": "",
}
_CONCERNED_BY_INPUT = {
    "post-rewrite": """\
  old="$(say | tail -n 1)"
  old="${old%% *}"
  [ -z "$old" ] || ! git --literal-pathspecs diff-tree -r --quiet "$old" HEAD -- "$store" 2>/dev/null || continue
""",
    # Of very many branches not each is looked at: that would take longer than the program does.
    "pre-push": """\
  [ -n "$(count=0; say | while read -r _ new _ old; do
    case "$new" in *[!0]*) ;; *) continue ;; esac
    count=$((count + 1))
    if [ $count -gt 9 ] ||
      ! git --literal-pathspecs diff-tree -r --quiet "$old" "$new" -- "$store" 2>/dev/null; then echo yes; break; fi
  done)" ] || continue
""",
}


def script(name: str, stores: Sequence[str], program: str, *, chains: bool) -> bytes:
    """Return the script of a hook. ``stores``: where they are below the work tree; ``program``: its path here."""
    has_input = name in _CONCERNED_BY_INPUT
    text = f"# {name}: `journal hooks install` wrote this, `journal hooks uninstall` takes it out.\n"
    if has_input:
        text += _READ_INPUT
    if chains:
        text += _RUN_BEFORE.format(name=name, suffix=BEFORE, source="say | " if has_input else "")
    return seal(f"{text}{_loop(name, stores, program, has_input=has_input)}exit 0\n")


def block(name: str, stores: Sequence[str]) -> bytes:
    """Return the lines for a file of somebody else, which other machines may share: no path of this one is in it."""
    begin = f"{BLOCK_BEGIN}{name}: `journal hooks install --shared` wrote this, `uninstall --shared` takes it out >>>"
    return f"{begin}\n{_loop(name, stores, PROGRAM, has_input=False)}{BLOCK_END}\n".encode("utf-8", "surrogateescape")


def stores_of(text: bytes) -> list[str]:
    """Return the stores that a script or a block of ours looks after."""
    found = _LOOP.search(os.fsdecode(text))
    try:
        return shlex.split(found[1]) if found else []
    except ValueError:  # somebody changed the line
        return []


def _loop(name: str, stores: Sequence[str], program: str, *, has_input: bool) -> str:
    end = _END.format(
        name=name,
        program=shlex.quote(program),
        fallback=PROGRAM,
        missing=_MISSING.format(program=PROGRAM) if name == "pre-commit" else "",
        source="say | " if has_input else "",
        sink="" if has_input else " </dev/null",
        refused=REFUSED,
    )
    checks = _CONCERNED[name] + (_CONCERNED_BY_INPUT[name] if has_input else "")
    return _BEGIN.format(stores=" ".join(map(shlex.quote, stores))) + checks + end


def with_block(text: bytes, lines: bytes) -> bytes:
    """Return a file of somebody else with our lines at its end, or where they are; nothing else of it changes."""
    found = _BLOCK.search(text)
    if found is not None:
        head = lines.replace(b">>>\n", found[1] + b"\n", 1)
        return text[: found.start()] + head + text[found.end() :]
    if text and not text.endswith(b"\n"):
        return text + b"\n" + lines.replace(b">>>\n", _NO_LINE_END + b"\n", 1)
    return text + lines


def without_block(text: bytes) -> bytes:
    """Return a file of somebody else without our lines: the bytes that it had before them."""
    found = _BLOCK.search(text)
    if found is None:
        return text
    before = text[: found.start()]
    if found[1] == _NO_LINE_END and found.end() == len(text):
        before = before.removesuffix(b"\n")
    return before + text[found.end() :]


def block_in(text: bytes) -> bytes:
    """Return our lines in a file of somebody else as they would be at the end of a whole line; b"" for none."""
    found = _BLOCK.search(text)
    return found[0].replace(found[1] + b"\n", b">>>\n", 1) if found else b""
