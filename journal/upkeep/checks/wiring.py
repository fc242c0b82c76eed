"""How the store is wired to git: nothing of it ignored, nothing of ``local/`` tracked, no byte changed on the way."""

import os
from collections.abc import Iterator

from journal.disk.files import Files
from journal.errors import GitError
from journal.format.pointer import lfs_sha256
from journal.git.attributes import CHANGING, attributes_of
from journal.git.ignore import ignored_paths
from journal.git.program import is_installed
from journal.store.engine import Engine
from journal.store.layout import CONFIG_FILE, LOCAL, accompanying_files, missing_rules
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.unread import Unread
from journal.upkeep.checks.unreadable import git_unreadable
from journal.upkeep.findings import Finding, Severity
from journal.upkeep.place import place_of

_IGNORE, _ATTRIBUTES = ".gitignore", ".gitattributes"
_ZEROS = "0" * 64
# Names as the store makes them: what a rule does to these it does to the files to come.
_PROBES = (
    "segments/000000000001-0000000000000.jsonl",
    "archive/000000000001-0000000000000-0000000000000000.jsonl.gz",
    "checkpoints/000000000001-0000000000000000.jsonl.gz",
    f"blobs/00/{_ZEROS}",
    f"blobs/00/{_ZEROS}.lfs",
    CONFIG_FILE,
)
_PROJECTION_PROBES = ("entities/x/x.json", "kv/x.json")


def copies_of(engine: Engine) -> tuple[Copies | None, list[Finding]]:
    """Return what git holds of the store; None, and why, where there is no git or it cannot be read."""
    if engine.git is None:
        return None, []
    try:
        copies = Copies(place_of(engine))
        copies.identity(CONFIG_FILE)
        _ = copies.tracked
    except (GitError, OSError) as error:
        return None, [git_unreadable("side", error)]
    return copies, []


def own_file_findings(files: Files, root: str, unread: Unread, *, has_git: bool, has_lfs: bool) -> Iterator[Finding]:
    """Yield a finding for each of the store's own files that is missing, or lacks a line that it needs."""
    for name, content in accompanying_files(has_lfs=has_lfs).items():
        severity: Severity = "warning" if has_git and name in (_IGNORE, _ATTRIBUTES) else "info"
        found = files.stat(os.path.join(root, name))
        missing: list[str] = []
        with unread.noted(name, severity):
            missing = missing_rules(files, root, name, content)
        if found is None:
            yield Finding("own-file-missing", severity, name, "is not there", "journal doctor --fix writes it")
        elif found.kind != "file":
            hint = "journal doctor --fix puts it aside and writes the file"
            yield Finding("own-file-missing", severity, name, "is no file", hint)
        elif missing:
            message = f"lacks {', '.join(repr(line) for line in missing)}"
            yield Finding("own-file-altered", severity, name, message, "journal doctor --fix adds it")


def wiring_findings(engine: Engine, copies: Copies, paths: list[str]) -> Iterator[Finding]:
    """Yield what is wrong between git's rules and the store; ``paths`` are the files of the truth."""
    try:
        if not _is_pipe(engine, _IGNORE):
            yield from _ignore_findings(copies, paths)
        yield from _attribute_findings(engine, copies)
        if not _is_pipe(engine, _ATTRIBUTES):
            yield from _filter_findings(copies)
    except (GitError, OSError) as error:
        yield git_unreadable("rules", error)
    tracked = sorted(path for path in copies.tracked if path.startswith(f"{LOCAL}/"))
    if tracked:
        message = f"git tracks what belongs to this checkout alone: files {len(tracked):,}, such as {tracked[0]}"
        outer = copies.place.outer(LOCAL)
        hint = f"git rm -r --cached -- {outer} makes git forget them, and leaves the files"
        yield Finding("local-tracked", "error", LOCAL, message, hint)


def _is_pipe(engine: Engine, name: str) -> bool:
    """Tell whether git would wait for ever at a file of rules."""
    found = engine.files.stat(os.path.join(engine.root, name))
    return found is not None and found.kind == "other"


def _ignore_findings(copies: Copies, paths: list[str]) -> Iterator[Finding]:
    place = copies.place
    local = f"{LOCAL}/index.db"
    asked = [*paths, *_PROBES, *_PROJECTION_PROBES, local]
    answer = ignored_paths(place.repository, [place.outer(path) for path in dict.fromkeys(asked)])
    ignored = {place.inner(path) for path in answer}
    if local not in ignored and local not in copies.tracked:
        hint = "journal doctor --fix writes the rule that keeps it out"
        yield Finding(
            "local-not-ignored", "error", LOCAL, "git does not ignore what belongs to this checkout alone", hint
        )
    hint = f"git check-ignore -v -- {place.outer('PATH')} names the rule; let it leave the store alone"
    lost = sorted((ignored - {local, *_PROJECTION_PROBES}) - copies.tracked)
    if lost:
        kinds = sorted({path.partition("/")[0] for path in lost})
        message = f"an ignore rule keeps the truth out of commits: {', '.join(kinds)}"
        first = next((path for path in lost if path in paths), lost[0])
        yield Finding("ignored-truth", "error", first, message, hint)
    for probe in ignored.intersection(_PROJECTION_PROBES):
        message = "an ignore rule keeps projections out of commits"
        yield Finding("ignored-projections", "warning", probe.partition("/")[0], message, hint)


def _attribute_findings(engine: Engine, copies: Copies) -> Iterator[Finding]:
    setting = copies.settings.get("core.autocrlf")
    if setting is None or setting.lower() not in ("true", "input", "1", "yes", "on"):
        return
    found = engine.files.stat(os.path.join(engine.root, _ATTRIBUTES))
    if found is None or missing_rules(engine.files, engine.root, _ATTRIBUTES, b"* -text\n"):
        message = f"core.autocrlf is {setting}, and no attribute keeps git from rewriting the line ends of the truth"
        yield Finding(
            "line-endings", "error", _ATTRIBUTES, message, "journal doctor --fix writes the file if it is missing"
        )


def _filter_findings(copies: Copies) -> Iterator[Finding]:
    """Yield what ``git add`` would keep other bytes of than are here; ``journal commit`` takes them as they are."""
    if not is_installed():
        return
    place = copies.place
    asked = [place.outer(path) for path in (*_PROBES, *_PROJECTION_PROBES) if lfs_sha256(path) is None]
    found = {place.inner(found.path): found for found in attributes_of(place.repository, CHANGING, asked)}
    kinds: tuple[tuple[str, Severity, str, tuple[str, ...]], ...] = (
        ("filtered-truth", "error", "the truth", _PROBES),
        ("filtered-projections", "warning", "projections", _PROJECTION_PROBES),
    )
    for code, severity, what, probes in kinds:
        here = [(path.partition("/")[0], found[path]) for path in probes if path in found]
        if here:
            folders = ", ".join(dict.fromkeys(folder for folder, _ in here))
            _, name, value = here[0][1]
            message = f"git add changes the bytes of {what}, by the attribute {name} ({value}): {folders}"
            hint = (
                f"git check-attr -a -- {place.outer('PATH')} shows it; as the last line of the attributes file that "
                f"sets it: {place.outer('**')} {' '.join(f'-{name}' for name in CHANGING)}"
            )
            yield Finding(code, severity, here[0][0], message, hint)
