"""The man page, made from the declarations."""

from collections.abc import Iterator

from .declare import ALL_STATUSES, SHARED_OPTIONS, Option, Verb
from .helping import DESCRIPTION, SUMMARY, help_record, metavar


def manual(verbs: list[Verb], rules: str) -> Iterator[str]:
    """Yield the lines of journal(1)."""
    yield '.\\" Made by `python -m journal.cli.reference docs` from the program itself. Do not edit.'
    yield '.TH JOURNAL 1 "" "git-journal" "git-journal"'
    yield ".SH NAME"
    yield f"journal, git\\-journal \\- {_roff(SUMMARY[0].lower() + SUMMARY[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield ".B journal"
    yield "[OPTIONS] VERB [ARGUMENTS]"
    yield ".br"
    yield ".B git journal"
    yield "[OPTIONS] VERB [ARGUMENTS]"
    yield ".SH DESCRIPTION"
    yield _roff(" ".join(DESCRIPTION.split()))
    for paragraph in rules.strip().split("\n\n"):
        yield ".PP"
        yield _roff(" ".join(paragraph.split()))
    yield ".SH OPTIONS OF EVERY VERB"
    yield "Before or after the verb; \\-\\-actor on those that write."
    yield from _option_entries(SHARED_OPTIONS)
    yield ".SH VERBS"
    for verb in verbs:
        yield from _verb_manual(verb)
    yield ".SH EXIT STATUS"
    for status, meaning in ALL_STATUSES.items():
        yield from (".TP", f".B {status}", _roff(meaning))
    yield ".SH FILES"
    yield from (".TP", ".B .journal/", "The store. Its README tells what is in it.")
    yield ".SH SEE ALSO"
    yield ".BR git (1)"


def _verb_manual(verb: Verb) -> Iterator[str]:
    yield f".SS {_roff(usage(verb))}"
    yield _roff(verb.summary)
    for paragraph in filter(None, verb.text.strip().split("\n\n")):
        yield ".PP"
        yield _roff(" ".join(paragraph.split()))
    for argument in verb.arguments:
        yield from (".TP", f".I {_roff(metavar(argument))}", _roff(argument.help))
    yield from _option_entries(verb.options)
    yield ".PP"
    yield "Examples:"
    for line, why in verb.examples:
        yield from (".PP", ".nf", f".RS 4\n{_roff(line)}")
        if why:
            yield f"    {_roff(why)}"
        yield from (".RE", ".fi")


def _option_entries(options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        names, help = help_record(option)
        yield from (".TP", f".B {_roff(names)}", _roff(help))


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("'", "\\(aq")
    return "\\&" + escaped if escaped.startswith(".") else escaped


def usage(verb: Verb) -> str:
    """Return how a verb is called."""
    return " ".join(["journal", verb.name, "[OPTIONS]", *(metavar(argument) for argument in verb.arguments)])
