"""What git still holds of what was taken out, and the commands that purge it. Nothing here changes a repository.

An object of git's holds it if it is a file that was written anew, or a projection as it was, or if it has one of the
texts in it, plain or inflated, or lines of redacted events that are not redacted: whatever names it, or nothing.
"""

import contextlib
import os
import shlex
from dataclasses import dataclass, replace

from journal.disk.files import TEMPORARY_SUFFIX, write_whole
from journal.disk.folders import full_path
from journal.disk.pieces import pieces_of
from journal.errors import GitError
from journal.format.checkpoint import decode_entities, decompress_lines
from journal.format.lines import BadLineError, unseal
from journal.format.names import parse_event_id
from journal.format.pointer import lfs_sha256, parse_pointer
from journal.git.objects import blob_id, blob_id_of_pieces
from journal.git.repository import Repository
from journal.git.scanning import Held, search
from journal.projections.paths import render
from journal.state.encoding import decode_state
from journal.state.redaction import Redactions, is_applied, redact_state
from journal.store.engine import Engine
from journal.store.layout import LOCAL
from journal.store.lfs import git_form
from journal.upkeep.checks.walking import walk
from journal.upkeep.place import place_of
from journal.upkeep.redacting.carried import ADVICE, copies_holding, removing
from journal.upkeep.redacting.needles import Needles, inflated

_LIST_FILE = "journal-purge"
_INFLATED_BYTES_MAX = 1 << 28
_GZIP = b"\x1f\x8b"
_SEGMENT = b'{"kind":"segment"'


@dataclass(frozen=True, slots=True)
class Purge:
    """What git still holds: ids of files with a path each, of commits that have them, and of commits and tags whose own
    text holds it; the commands, to be run at the top of the work tree, and what is to be known before. ``lfs``: ids of
    what git LFS has of it; ``files`` has the pointers to these. ``earlier``: ids of files that hold nothing of it, but
    what an earlier redaction took out; the commands leave them.
    """

    files: dict[str, str]
    commits: tuple[str, ...]
    messages: tuple[str, ...]
    commands: tuple[str, ...]
    advice: tuple[str, ...]
    lfs: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


class Search:
    """Knows what of a repository's objects holds what is taken out; made before the files are written anew."""

    def __init__(self, engine: Engine, needles: Needles, redactions: Redactions, earlier: Redactions) -> None:
        """``redactions``: of what is asked for; ``earlier``: all that were in force before."""
        self._engine, self._needles, self._redactions, self._earlier = engine, needles, redactions, earlier
        self.repository = place_of(engine).repository
        self._ids: set[str] = set()
        self._lfs: set[str] = set()

    def add_files(self, paths: list[str]) -> None:
        """Note files of the store that hold it, as they are now, and as git has them."""
        files, root = self._engine.files, self._engine.root
        for path in paths:
            full = full_path(root, path)
            stat = files.stat(full)
            size = stat.size if stat is not None else 0
            self._ids.add(self._id_of(path, size))
            if (sha256 := lfs_sha256(path)) is not None:
                self._lfs.add(sha256)
                # Where git LFS was not set up, git took the bytes themselves.
                self._ids.add(blob_id_of_pieces(size, pieces_of(files, full), self.repository.object_format))

    def add_shown(self, shown: frozenset[tuple[str, bytes]]) -> None:
        """Note documents that hold it, as projections show them."""
        for id, data in shown:
            self._ids.add(blob_id(render(id, data.decode()), self.repository.object_format))

    def run(self, *, is_done: bool) -> Purge:
        """Look at every object of git's, and what git LFS has; once it is done, write the list that the commands read.

        What stands in the store and stays there is never listed, whatever it holds: others need it, and the commands
        would take it out of every commit.
        """
        report = self._engine.options.progress
        progress = None if report is None else (lambda done, of: report("git objects", done, of))
        try:
            needed, carried = self._needed(is_done=is_done)
            lfs = self._lfs - carried if is_done else set(self._lfs)
            lfs |= set(copies_holding(self._engine, self.repository, self._needles)) - carried

            earlier: list[str] = []

            def holds(identity: str, content: bytes) -> bool:
                if identity in needed:
                    return False
                if self._holds(identity, content, lfs):
                    return True
                if self._earlier and holds_old_copies(content, self._earlier):
                    earlier.append(identity)
                return False

            held = search(self.repository, holds, progress)
        except GitError as error:
            return Purge({}, (), (), (), (f"git's objects could not be searched: {error}",))
        if held.files and is_done:
            text = "".join(f"{identity}\n" for identity in sorted(held.files)).encode()
            with self._engine.locked():  # who commits takes passing files out of git's folder
                write_whole(self._engine.files, _list_path(self.repository), text, durable=True)
        purge = replace(_purge(self.repository, held), earlier=tuple(sorted(earlier)))
        if not lfs:
            return purge
        commands = (*purge.commands, *removing(self._engine, self.repository, sorted(lfs)))
        return replace(purge, commands=commands, advice=(*purge.advice, *ADVICE), lfs=tuple(sorted(lfs)))

    def _needed(self, *, is_done: bool) -> tuple[set[str], set[str]]:
        """Return git's ids of the files that stand in the store and stay, and the hashes of those for git LFS."""
        files, root = self._engine.files, self._engine.root
        ids: set[str] = set()
        carried: set[str] = set()
        for path, stat in walk(files, root, skip=(LOCAL, ".git")):
            if stat.kind != "file" or path.endswith(TEMPORARY_SUFFIX):
                continue
            with contextlib.suppress(FileNotFoundError):  # others write meanwhile
                identity = self._id_of(path, stat.size)
                if is_done or identity not in self._ids:
                    ids.add(identity)
                    carried.update(filter(None, (lfs_sha256(path),)))
        return ids, carried

    def _id_of(self, path: str, size: int) -> str:
        """Return git's id of a file of the store as git is to have it."""
        files, root, format = self._engine.files, self._engine.root, self.repository.object_format
        if lfs_sha256(path) is not None:
            return blob_id(git_form(files, root, path), format)
        return blob_id_of_pieces(size, pieces_of(files, full_path(root, path)), format)

    def _holds(self, identity: str, content: bytes, lfs: set[str]) -> bool:
        pointer = parse_pointer(content) if lfs else None
        return (
            identity in self._ids
            or (pointer is not None and pointer.sha256 in lfs)
            or self._needles.is_inside(content)
            or (bool(self._redactions) and holds_old_copies(content, self._redactions))
        )


def holds_old_copies(content: bytes, redactions: Redactions) -> bool:
    """Tell whether bytes are of a segment, a pack or a checkpoint, and hold events as they were before a redaction."""
    if content.startswith(_GZIP):
        try:
            if next(decompress_lines(content), b"").startswith(b'{"kind":"checkpoint"'):
                return _checkpoint_holds(content, redactions)
        except BadLineError:
            pass  # a pack is a chain of streams
        content = _text_of_pack(content)
    if not content.startswith(_SEGMENT):
        return False
    lane = ""
    for line in content.splitlines(keepends=True):
        try:
            fields = unseal(line)
            if fields.get("kind") == "segment":
                lane = fields["lane"]
            elif not is_applied(fields, redactions.get((fields["seq"], lane), ())):
                return True
        except (BadLineError, KeyError, TypeError):
            continue
    return False


def _text_of_pack(content: bytes) -> bytes:
    """Return what a pack inflates to; nothing for what is no pack, or is none by its size."""
    parts: list[bytes] = []
    size = 0
    for piece in inflated(content):
        parts.append(piece)
        size += len(piece)
        if size > _INFLATED_BYTES_MAX or not parts[0].startswith(_SEGMENT):
            return b""
    return b"".join(parts)


def _checkpoint_holds(content: bytes, redactions: Redactions) -> bool:
    lines = decompress_lines(content)
    next(lines)
    for form in decode_entities(lines):
        if "ref" in form:
            if any(parse_event_id(head) in redactions for head in form.get("heads", ())):
                return True
            continue
        state = decode_state(form)
        if redact_state(state, redactions) != state:
            return True
    return False


# -- commands ---------------------------------------------------------------------------------------


def _purge(repository: Repository, held: Held) -> Purge:
    advice = []
    if held.messages:
        advice.append("texts of commits or tags hold it too: reword these commits, the commands leave them as they are")
    if not held.files:
        return Purge({}, (), tuple(held.messages), (), tuple(advice))
    path = _list_path(repository)
    take_out = f'git ls-files -s | grep -F -f {shlex.quote(path)} | sed "s/^[0-9]*/0/" | git update-index --index-info'
    commands = [
        f"FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --index-filter {shlex.quote(take_out)} "
        "--tag-name-filter cat -- --all",
        "git for-each-ref --format='delete %(refname)' refs/original | git update-ref --stdin",
        "git reflog expire --expire=now --expire-unreachable=now --all",
        "git gc --quiet --prune=now",
    ]
    advice += [
        "these commands write history anew: every commit that has one of the files, and all after it, gets another id",
        "commit or put aside your own changes first; of several stashes only the newest survives, so apply them first",
        "afterwards overwrite the remotes (git push --force --all, git push --force --tags) and have every clone made "
        "anew: one that merges its old history brings the value back to git, though the journal does not show it",
        "a forge may keep old commits in caches and pull requests: ask it to remove them",
    ]
    if os.path.isdir(os.path.join(repository.common_dir, "worktrees")):
        advice.append("linked work trees keep what their own index and HEAD name: run it where there are none")
    return Purge(held.files, tuple(held.commits), tuple(held.messages), tuple(commands), tuple(advice))


def _list_path(repository: Repository) -> str:
    return os.path.join(repository.common_dir, _LIST_FILE)
