"""``journal migrate status``."""

from ...declare import ALL_STATUSES, Verb
from ...old_stores import documents, print_list, print_unreadable, standing_form, standing_line, unreadable_forms
from ...output import shown
from ...session import Session


def run(session: Session) -> None:
    """Tell where the old store stands."""
    found = session.journal.stage_report()
    if session.output.is_json:
        session.output.json(
            {
                "kind": found.kind,
                "path": found.path,
                "stage": found.stage,
                "active": found.is_active,
                "there": found.is_there,
                "counts": dict(found.counts),
                "standings": [standing_form(item) for item in found.standings],
                "unreadable": unreadable_forms(found.unreadable),
                "duplicates": [{"path": path, "of": other} for path, other in found.duplicates],
            }
        )
    elif found.stage is None:
        session.output.line("this journal stands beside no old store")
    else:
        session.output.line(f"{shown(found.path or '')} ({found.kind}): {found.stage}")
        if not found.is_there:
            session.output.line("there is no such folder in this checkout")
        elif found.stage != "off" and not found.is_active:
            session.output.line(f"this checkout does not write old files: journal migrate {found.stage} lets it")
        session.output.line(f"{documents(found.counts['same'])} what the journal says")
        print_list(session, "not as the journal says", [standing_line(item) for item in found.standings])
        print_unreadable(session, found.unreadable)
        twice = [f"{shown(path)}: {shown(other)} counts" for path, other in found.duplicates]
        print_list(session, "another document has the same id", twice)
    session.check_damage()


VERB = Verb(
    name="migrate status",
    summary="Tell where the old store beside the journal stands.",
    run=run,
    text="""\
Prints the stage, and compares each document with its entity: what somebody else changed, added or removed, what is not
written yet, and what cannot be read. Nothing is written.""",
    examples=(("journal migrate status", "before the next step"),),
    statuses={20: ALL_STATUSES[20]},
)
