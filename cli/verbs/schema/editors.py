"""``journal schema editors``."""

import os

from ...declare import FLAG, Option, Verb
from ...output import shown
from ...session import Session


def run(session: Session, *, print: bool) -> None:
    """Tell editors of the schemas."""
    told = session.journal.schemas.editors(write=not print)
    if session.output.is_json:
        form = {"path": told.path, "settings": told.settings, "is_written": told.is_written, "why": told.why}
        session.output.json(form)
        return
    from journal.format.values import pretty

    path = shown(os.path.relpath(told.path))
    if told.is_written:
        session.output.done(f"wrote {path}")
    elif print or told.why is not None:
        if told.why is not None:
            session.output.note(f"{path} was left as it is: {told.why}. This belongs into it:")
        session.output.json_bytes(pretty(told.settings))
    else:
        session.output.done(f"{path} is as it should be")


VERB = Verb(
    name="schema editors",
    summary="Tell editors of the schemas: completion and red lines in projections.",
    run=run,
    text="""\
Writes the mapping from files to schemas into .vscode/settings.json, in the folder around the store; other settings
stay. A file with comments is left alone, and what belongs into it is printed.""",
    options=(Option(("--print",), "Print what belongs into the settings, and write nothing.", FLAG),),
    examples=(("journal schema editors", ""), ("journal schema editors --print", "for another editor")),
)
