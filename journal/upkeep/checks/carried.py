"""Blobs that git LFS carries, against git: whether it would treat them as such, and has their pointers."""

from collections.abc import Iterator

from journal.errors import GitError
from journal.format.pointer import Pointer, encode_pointer
from journal.git.lfs_hook import guards_pushes
from journal.git.remote import remotes_of
from journal.store.blobs import lfs_blob_path
from journal.store.engine import Engine
from journal.upkeep.checks.blobs import BlobsRead
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.unreadable import git_unreadable
from journal.upkeep.findings import Finding
from journal.upkeep.lfs_setup import LEFT_BEHIND, LEFT_BEHIND_HINT, NOT_SET_UP, SET_UP_HINT, is_set_up


def has_lfs(engine: Engine, blobs: BlobsRead) -> bool:
    """Tell whether git LFS carries blobs of this store, or may."""
    return engine.config.lfs_bytes is not None or bool(blobs.lfs.all)


def lfs_findings(engine: Engine, copies: Copies, blobs: BlobsRead) -> Iterator[Finding]:
    """Yield what is to be known of git LFS in this clone; nothing where it carries nothing."""
    if not has_lfs(engine, blobs):
        return
    try:
        settings = copies.settings
        if not is_set_up(settings):
            yield Finding("lfs-not-set-up", "info", None, NOT_SET_UP, SET_UP_HINT)
        if blobs.lfs.sound and remotes_of(settings) and not guards_pushes(copies.repository, settings):
            yield Finding("lfs-left-behind", "info", None, LEFT_BEHIND, LEFT_BEHIND_HINT)
        yield from shortened(_bytes_in_git(copies, blobs))
    except (GitError, OSError) as error:
        yield git_unreadable("settings", error)


def _bytes_in_git(copies: Copies, blobs: BlobsRead) -> Iterator[Finding]:
    message = "git has the bytes themselves, as it takes them where git LFS is not set up; nothing is lost by it"
    hint = "journal commit makes pointers of them, in a clone where git LFS is set up"
    for sha256, size in sorted(blobs.lfs.sound.items()):
        identity = copies.identity(lfs_blob_path(sha256))
        if identity is not None and identity != copies.identify(encode_pointer(Pointer(sha256, size))):
            yield Finding("lfs-bytes-in-git", "info", lfs_blob_path(sha256), message, hint)
