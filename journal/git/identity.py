"""Who commits, and when. Never guessed: an identity is set by its owner or there is none."""

import os
import re
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from journal.errors import GitError
from journal.git.configuration import Configuration

_HINT = 'set it with: git config user.name "Your Name" and git config user.email you@example.com'


class Identity(NamedTuple):
    """A name, a mail address and an instant, as in a commit's header."""

    name: str
    mail: str
    date: str  # "<seconds> <zone>"

    def line(self) -> bytes:
        """Return the identity as git writes it."""
        return f"{self.name} <{self.mail}> {self.date}".encode("utf-8", "surrogateescape")


def author_and_committer(configuration: Configuration, author: str | None) -> tuple[Identity, Identity]:
    """Return both identities by git's rules; ``author`` ("Name <mail>") goes before them.

    Raises GitError where none is set: git's guess from the names of account and machine
    (``root <root@host>``) would be in the history for ever.
    """
    now = _now()
    committer = _from_settings(configuration, "committer", now)
    if author is None:
        return _from_settings(configuration, "author", now), committer
    match = re.fullmatch(r"\s*([^<>\n]*?)\s*<([^<>\n]*)>\s*", author)
    if match is None:
        raise GitError(f"an author is written as 'Name <mail>', not {author!r}")
    name, mail = _clean(match[1]), _clean(match[2])
    if not name:
        raise GitError(f"this author has no name: {author!r}")
    return Identity(name, mail, _date("GIT_AUTHOR_DATE", now)), committer


def identity_for_logs(configuration: Configuration) -> Identity:
    """Return the committer for a line of the reflog, which stays here; where none is set, a placeholder."""
    try:
        return author_and_committer(configuration, None)[1]
    except GitError:
        return Identity("unknown", "", _now())


def _from_settings(configuration: Configuration, role: str, now: str) -> Identity:
    upper = role.upper()
    name = os.environ.get(f"GIT_{upper}_NAME") or configuration.get(f"{role}.name") or configuration.get("user.name")
    mail = os.environ.get(f"GIT_{upper}_EMAIL") or configuration.get(f"{role}.email") or configuration.get("user.email")
    if not mail and not configuration.flag("user.useconfigonly", default=False):
        mail = os.environ.get("EMAIL")
    if not _clean(name or "") or not mail:
        what = "name" if mail else "mail address"
        raise GitError(f"git knows no {what} to commit with", hint=_HINT)
    return Identity(_clean(name or ""), _clean(mail), _date(f"GIT_{upper}_DATE", now))


def _clean(text: str) -> str:
    """Take out what git takes out: the delimiters of the header, and crud at either end."""
    return re.sub(r"[<>\n\0]", "", text).strip("".join(map(chr, range(33))) + ".,:;<>\"\\'")


def _now() -> str:
    seconds = int(time.time())
    return f"{seconds} {_zone(time.localtime(seconds).tm_gmtoff)}"


def _zone(offset_seconds: int) -> str:
    minutes = abs(offset_seconds) // 60
    return f"{'-' if offset_seconds < 0 else '+'}{minutes // 60:02d}{minutes % 60:02d}"


def _date(variable: str, now: str) -> str:
    text = os.environ.get(variable, "").strip()
    if not text:
        return now
    match = re.fullmatch(r"@?(\d+)(?: ([+-]\d{4}))?", text)
    if match is not None and (match[2] or text.startswith("@") or len(match[1]) > 8):
        return f"{match[1]} {match[2] or '+0000'}"
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            if moment.tzinfo is None:
                moment = moment.astimezone()
        except (ValueError, TypeError, OverflowError):
            continue
        offset = moment.utcoffset() or timedelta(0)
        return f"{int(moment.timestamp())} {_zone(int(offset.total_seconds()))}"
    raise GitError(
        f"{variable} is not a date: {text!r}", hint="write it as 2026-01-31T12:00:00+00:00 or as seconds and zone"
    )
