"""The texts of ``--help``, made from the declarations."""

from typing import TYPE_CHECKING

from . import catalogue
from .declare import COMMON_STATUSES, FLAG, INTEGER, SHARED_OPTIONS, Argument, Option, Verb

if TYPE_CHECKING:
    import click

PROGRAM = "journal"
SUMMARY = "A journal of structured state that lives in a git repository and merges without conflicts."
DESCRIPTION = """\
An entity is a JSON object with a type and an id. Every change of one is an event in the journal, for ever;
what holds now is a pretty-printed file per entity, made from the events. `journal VERB --help` shows a verb's
options, examples and exit statuses."""


def write_verb_help(verb: Verb, formatter: "click.HelpFormatter") -> None:
    """Write what a verb does, its arguments, options, examples and exit statuses."""
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(verb.summary)
        for paragraph in verb.text.strip().split("\n\n") if verb.text.strip() else ():
            formatter.write_paragraph()
            formatter.write_text(paragraph)
    if verb.arguments:
        with formatter.section("Arguments"):
            formatter.write_dl([(metavar(argument), argument.help) for argument in verb.arguments])
    own = [help_record(option) for option in verb.options]
    shared = [help_record(option) for option in verb.all_options() if option not in verb.options]
    if own:
        with formatter.section("Options"):
            formatter.write_dl(own)
    with formatter.section("Options of every verb"):
        formatter.write_dl([*shared, ("-h, --help", "Show this.")])
    with formatter.section("Examples"):
        for line, why in verb.examples:
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")
            if why:
                formatter.write(f"{'':{formatter.current_indent + 4}}{why}\n")
    with formatter.section("Exit status"):
        formatter.write_dl([(str(status), meaning) for status, meaning in statuses_of(verb).items()])


def write_group_help(name: str, formatter: "click.HelpFormatter") -> None:
    """Write which verbs begin with a word."""
    formatter.write_usage(f"{PROGRAM} {name}", "VERB [OPTIONS] [ARGUMENTS]")
    summaries = {word: line for verbs in catalogue.SECTIONS.values() for word, line in verbs.items()}
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(summaries[name])
    with formatter.section("Verbs"):
        formatter.write_dl(list(catalogue.GROUPS[name].items()))
    formatter.write_paragraph()
    formatter.write_text(f"`{PROGRAM} {name} VERB --help` shows a verb's options, examples and exit statuses.")


def write_program_help(formatter: "click.HelpFormatter") -> None:
    """Write what this is, the verbs by purpose, and the options that may stand before a verb."""
    formatter.write_usage(PROGRAM, "[OPTIONS] VERB [ARGUMENTS]")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(SUMMARY)
        formatter.write_paragraph()
        formatter.write_text(DESCRIPTION)
    for title, verbs in catalogue.SECTIONS.items():
        with formatter.section(title):
            formatter.write_dl(list(verbs.items()), col_spacing=max(2, 14 - max(map(len, verbs))))
    with formatter.section("Options, before or after the verb"):
        version = ("--version", "Print the version.")
        formatter.write_dl([*map(help_record, SHARED_OPTIONS), version, ("-h, --help", "Show this.")])


def statuses_of(verb: Verb) -> dict[int, str]:
    """Return what each exit status of a verb means, in order."""
    return dict(sorted((COMMON_STATUSES | verb.statuses).items()))


def metavar(argument: Argument) -> str:
    """Return how an argument is written in a usage line."""
    name = argument.metavar or ("|".join(argument.choices) if argument.choices else argument.name.upper())
    name += "..." if argument.many else ""
    return name if argument.required else f"[{name}]"


def help_record(option: Option) -> tuple[str, str]:
    """Return how an option is written, and its help."""
    names = ", ".join(sorted(option.names, key=len))
    if option.kind != FLAG:
        default = "N" if option.kind == INTEGER else "TEXT"
        names += f" {option.metavar or default}"
    return names, option.help + (" May be repeated." if option.many else "")
