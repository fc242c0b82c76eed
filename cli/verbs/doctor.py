"""``journal doctor``."""

from typing import TYPE_CHECKING

from journal.errors import UsageError

from ..declare import ALL_STATUSES, FLAG, Option, Verb
from ..output import shown
from ..session import DAMAGED, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from journal.upkeep.findings import Finding, Report

_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}
_ALIKE_MAX = 3


def run(session: Session, *, verify: bool, fix: bool, accept_loss: bool) -> None:
    """Check, and repair where asked to; 20 where something is found."""
    if accept_loss and not fix:
        raise UsageError("--accept-loss goes with --fix")
    report = session.journal.doctor(verify=verify, fix=fix, accept_loss=accept_loss)
    session.status = 0 if report.ok else DAMAGED  # before it is told, which nobody may hear
    if session.output.is_json:
        session.output.json(_form(report))
    else:
        _print(session, report, fix=fix)


def _form(report: "Report") -> dict[str, object]:
    findings = [
        {
            "code": finding.code,
            "severity": finding.severity,
            "path": finding.path,
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in report.findings
    ]
    return {"ok": report.ok, "findings": findings, "checked": report.checked, "fixed": list(report.fixed)}


def _print(session: Session, report: "Report", *, fix: bool) -> None:
    output = session.output
    for alike in _groups(report.findings):
        output.lines(_lines(session, alike))
    for sentence in report.fixed:
        output.line(f"{output.paint('fixed', 'green')}  {shown(sentence)}")
    checked = ", ".join(counted(count, name) for name, count in report.checked.items())
    output.done(f"{output.paint('checked', 'dim')}  {shown(checked)}")
    if report.ok:
        output.done(output.paint("all is well", "green"))
        return
    severities = [finding.severity for finding in report.findings]
    found = ", ".join(counted(severities.count(name), f"{name}s") for name in _STYLES if name in severities)
    output.done(f"{output.paint('found', 'dim')}  {found.replace('infos', 'remarks').replace('info', 'remark')}")
    output.done(f"{output.paint('next', 'bold')}  {next_step(report, fix=fix)}")


def counted(count: int, names: str) -> str:
    """Return a number with what it counts, whose name is given for many."""
    if count == 1 and names != "bytes":
        names = names.removesuffix("ies") + "y" if names.endswith("ies") else names.removesuffix("s")
    return f"{count:,} {names}"


def next_step(report: "Report", *, fix: bool) -> str:
    """Return what to do about a store that is not well; ``fix``: what could be repaired was."""
    hints = [finding.hint or "" for finding in report.findings if finding.severity != "info"]
    if fix and any("--accept-loss" in hint for hint in hints):
        return "if no clone has what is lost, journal doctor --fix --accept-loss notes it, so that it is told once"
    for command in () if fix else ("journal doctor --verify --fix", "journal doctor --fix"):
        if any(command in hint for hint in hints):
            return f"{command} repairs what it can; what gives way is kept below local/parked"
    if any(hints):
        return "this needs a person: the hints above say what to do"
    return "this needs a person: docs/doctor.md says what each code means"


def _groups(findings: "Sequence[Finding]") -> "list[list[Finding]]":
    """Put findings together that say the same of several places."""
    groups: dict[tuple[str, str, str | None], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.message, finding.hint), []).append(finding)
    return list(groups.values())


def _lines(session: Session, alike: "list[Finding]") -> list[str]:
    output, first = session.output, alike[0]
    place = f"{shown(first.path)}: " if first.path else ""
    head = output.paint(first.severity, _STYLES[first.severity])
    lines = [f"{head}  {first.code}  {place}{shown(first.message)}"]
    others = [shown(finding.path or "") for finding in alike[1:]]
    lines.extend(f"  also {path}" for path in others[:_ALIKE_MAX])
    if len(others) > _ALIKE_MAX:
        lines.append(f"  and {len(others) - _ALIKE_MAX:,} more")
    if first.hint:
        lines.append(f"  hint: {shown(first.hint)}")
    return lines


VERB = Verb(
    name="doctor",
    summary="Check the store; verify and repair it.",
    run=run,
    text="""\
Looks at segments, checkpoints, index, projections, the lock, the file system and the wiring with git. It changes
nothing unless --fix is given; what that takes out of the way is parked below local/, never deleted. It reads the store
once, takes no lock, and needs neither an identity nor the right to write: docs/doctor.md has recipes for CI, and what
it finds and repairs.""",
    options=(
        Option(("--verify",), "Rebuild everything in a temporary place and compare it, byte for byte.", FLAG),
        Option(("--fix",), "Repair what can be repaired.", FLAG),
        Option(("--accept-loss",), "With --fix: note damage that cannot be repaired, so that it is told once.", FLAG),
    ),
    examples=(
        ("journal doctor", ""),
        ("journal doctor --verify", "the thorough one, for instance in CI"),
        ("journal doctor --json | jq '.findings[].code'", ""),
    ),
    statuses={5: ALL_STATUSES[5], 20: "something worse than a remark was found"},
    writes=True,
)
