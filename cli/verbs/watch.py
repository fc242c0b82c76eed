"""``journal watch``."""

import sys
from typing import TYPE_CHECKING, Any

from journal.errors import NotFoundError, UsageError

from ..declare import FLAG, NUMBER, Option, Verb
from ..session import Session
from ..streams import POSITIONS_BEGIN

if TYPE_CHECKING:
    from subprocess import Popen

    from journal.store.positions import Gaps
    from journal.subscriptions.model import Delivery
    from journal.subscriptions.subscription import Subscription

_START, _NOW = "start", "now"
_ENDS_SECONDS = 5.0
"""How long a program may take to end once it is asked to."""


def run(
    session: Session,
    *,
    cursor: str | None,
    since: str | None,
    type: tuple[str, ...],
    stream: tuple[str, ...],
    notes: bool,
    exec: str | None,
    lease: float | None,
    once: bool,
) -> int:
    """Print what comes, or have a program handle it. Returns 1 where it ends and something failed."""
    command = _command(exec)
    if command is None and sys.stdout is None:
        raise UsageError(
            "stdout is closed: nobody would get the events", hint="let it go somewhere, or hand them to --exec"
        )
    subscription = session.journal.subscribe(
        cursor,
        since=_token(session, since if since is not None else _NOW if cursor is None else _START),
        types=type,
        streams=stream,
        notes=notes,
        lease_seconds=60.0 if lease is None else lease,
        on_gap=lambda gaps: _print(session, {"gap": _gap_form(gaps)}),
    )
    next_time = "to be tried again" if cursor or not once else "not to be tried again, without a cursor"
    has_failed = False
    with subscription:
        for delivery in subscription.catch_up() if once else subscription:
            if command is None:
                _print(session, delivery_form(delivery))
                delivery.ack()
            elif (status := _execute(session, subscription, delivery, command)) != 0:
                has_failed = True
                session.output.note(f"journal: {delivery.event.id} failed with status {status}, {next_time}")
    return int(has_failed)


def _token(session: Session, since: str) -> str | None:
    """Return the token at which a cursor begins that is made now; None is the beginning."""
    if since == _START:
        return None
    if since == _NOW:
        return session.journal.position()
    if not since.startswith(POSITIONS_BEGIN):
        raise UsageError(
            f"--since is a position token, start or now, not {since!r}",
            hint="`journal position` prints the token of now, and each event has one",
        )
    return since


def delivery_form(delivery: "Delivery") -> dict[str, Any]:
    """An event as ``watch`` prints it, and hands it to a program."""
    from ..forms import event_form

    return event_form(delivery.event) | {"attempt": delivery.attempt, "token": delivery.token}


def _gap_form(gaps: "Gaps") -> dict[str, Any]:
    from journal.state import vector
    from journal.subscriptions.gaps import all_of, first_ids

    counts = {"gone": vector.count(gaps.gone), "unreadable": vector.count(gaps.unreadable)}
    return {**counts, "events": first_ids(all_of(gaps))}


def _print(session: Session, form: dict[str, Any]) -> None:
    """Print a line and see it on its way: only then is the event acknowledged."""
    session.output.json(form)
    session.output.flush()


def _command(text: str | None) -> list[str] | None:
    """Return the words of a program and its arguments. It is found before an event is taken. No shell is involved."""
    import shlex
    import shutil

    if text is None:
        return None
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--exec is not a command: {error}") from error
    if not words:
        raise UsageError("--exec is empty")
    if shutil.which(words[0]) is None:
        raise NotFoundError(f"there is no program {words[0]!r}")
    return words


def _execute(session: Session, subscription: "Subscription", delivery: "Delivery", command: list[str]) -> int:
    """Hand an event to a program on its stdin, and return how that ended.

    Nothing of the event gets into the command or the environment.
    """
    import subprocess

    from journal.format.values import encode_trusted

    session.output.flush()
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            try:
                process.communicate(encode_trusted(delivery_form(delivery)) + b"\n")
            except BaseException:
                _end(process)
                raise
    except BaseException:
        subscription.release(delivery)
        raise
    if process.returncode == 0:
        delivery.ack()
    else:
        delivery.retry(ChildProcessError())
    return process.returncode


def _end(process: "Popen[bytes]") -> None:
    """Have a program end that is in the middle of an event: another one will get it."""
    import contextlib
    import subprocess

    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_ENDS_SECONDS)
    process.kill()


VERB = Verb(
    name="watch",
    summary="Print events as they come, or run a program for each.",
    run=run,
    text="""\
A line of JSON for each event: those of this and of other processes, and those that a merge or pull brings, once each,
in the order of their arrival. With --cursor it goes on where it stopped, also after a kill; several of one name share
the events. What this checkout lacks of what was printed before is told as a line with "gap".

With --exec a program handles each event: it gets the line on its stdin. Status 0 acknowledges the event; with any
other it comes again after a while, and after five attempts it is parked (journal cursors parked). No shell is
involved, and nothing of the event gets into the command.""",
    options=(
        Option(
            ("--cursor",),
            "A durable cursor of this checkout, made if it is missing.",
            metavar="NAME",
            complete="cursor",
        ),
        Option(
            ("--since",),
            "Where to begin: a position token, start or now. A cursor that is there already goes on. "
            "Else now; with --cursor, start.",
            metavar="TOKEN",
        ),
        Option(
            ("--type",),
            "Events of entities of this type; x* is all that begin with x.",
            many=True,
            metavar="TYPE",
            complete="type",
        ),
        Option(
            ("--stream",),
            "Events of this stream.",
            many=True,
            metavar="NAME",
            complete="stream",
        ),
        Option(("--notes",), "Also what the journal notes about itself.", FLAG),
        Option(("--exec",), "Run a program for each event, with the line on its stdin.", metavar="COMMAND"),
        Option(("--lease",), "How long an event is kept from other consumers (60).", NUMBER, metavar="SECONDS"),
        Option(("--once",), "End when nothing is left that is due.", FLAG),
    ),
    examples=(
        ("journal watch --type plan", "what comes from now on"),
        ("journal watch --cursor mail --type order --exec ./send-mail", "each order once, whatever happens"),
        ("journal watch --cursor feed --once", "what came since the last time"),
    ),
    statuses={1: "failed; or with --once, the program failed for an event"},
    names={"name": "cursor", "types": "type", "streams": "stream"},
)
