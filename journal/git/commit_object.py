"""The commit object itself: written here, or by git where it is to be signed."""

from collections.abc import Sequence

from journal.git.configuration import Configuration
from journal.git.hooks import author_environment
from journal.git.identity import Identity
from journal.git.objects import ObjectWriter
from journal.git.program import run_git
from journal.git.repository import Repository


def write_commit(
    repository: Repository,
    configuration: Configuration,
    writer: ObjectWriter,
    tree: str,
    parents: Sequence[str],
    identities: tuple[Identity, Identity],
    text: bytes,
) -> str:
    """Make a commit, and all objects that ``writer`` noted, durable; return its id. Raises GitError.

    ``identities`` are author and committer. Where git is set to sign, git signs, by whatever program and key its
    settings name, and writes the commit.
    """
    if configuration.flag("commit.gpgsign", default=False):
        writer.flush()
        named = [word for parent in parents for word in ("-p", parent)]
        command = ["-c", "i18n.commitEncoding=utf-8", "commit-tree", "-S", *named, tree]
        answer = run_git(repository, command, data=text, environment=author_environment(*identities))
        signed = answer.decode().strip()
        writer.sync_existing(signed)
        return signed
    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    lines += [b"author " + identities[0].line(), b"committer " + identities[1].line(), b"", text]
    commit = writer.add("commit", b"\n".join(lines))
    writer.flush()
    return commit
