"""``journal doctor``."""

from typing import TYPE_CHECKING

from journal.errors import UsageError

from ..declare import ALL_STATUSES, FLAG, Option, Verb
from ..output import shown
from ..session import DAMAGED, Session

if TYPE_CHECKING:
    from journal.upkeep.findings import Finding, Report

_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}


def run(session: Session, *, verify: bool, fix: bool, accept_loss: bool) -> int:
    """Check, and repair where asked to; 20 where something is found."""
    if accept_loss and not fix:
        raise UsageError("--accept-loss goes with --fix")
    report = session.journal.doctor(verify=verify, fix=fix, accept_loss=accept_loss)
    if session.output.is_json:
        session.output.json(_form(report))
    else:
        _print(session, report)
    return 0 if report.ok else DAMAGED


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


def _print(session: Session, report: "Report") -> None:
    output = session.output
    for finding in report.findings:
        output.lines(_lines(session, finding))
    for sentence in report.fixed:
        output.line(f"{output.paint('fixed', 'green')}  {shown(sentence)}")
    checked = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
    output.done(f"{output.paint('checked', 'dim')}  {shown(checked)}")
    if report.ok:
        output.done(output.paint("all is well", "green"))


def _lines(session: Session, finding: "Finding") -> list[str]:
    output = session.output
    place = f"{shown(finding.path)}: " if finding.path else ""
    head = output.paint(finding.severity, _STYLES[finding.severity])
    lines = [f"{head}  {finding.code}  {place}{shown(finding.message)}"]
    if finding.hint:
        lines.append(f"  hint: {shown(finding.hint)}")
    return lines


VERB = Verb(
    name="doctor",
    summary="Check the store; verify and repair it.",
    run=run,
    text="""\
Looks at segments, checkpoints, index, projections, the lock, the file system and the wiring with git. It changes
nothing unless --fix is given; what that takes out of the way is parked below local/, never deleted.""",
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
)
