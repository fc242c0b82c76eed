"""The reference and the man pages, made from the declarations: ``python -m journal.cli.reference DOCS_FOLDER``.

A test holds the committed files to what this makes.
"""

import os
import sys
from collections.abc import Iterator

from journal.disk.files import OsFiles, write_whole

from . import catalogue
from .declare import ALL_STATUSES, SHARED_OPTIONS, Option, Verb
from .helping import DESCRIPTION, SUMMARY, help_record, metavar, statuses_of
from .manual import manual, usage


def documents() -> dict[str, str]:
    """Return the files below docs/: path to text."""
    return {
        "cli.md": "\n".join(_markdown()) + "\n",
        "man/journal.1": "\n".join(manual([verb for _, verb in _verbs()], _RULES)) + "\n",
        "man/git-journal.1": ".so man1/journal.1\n",
    }


def _verbs() -> Iterator[tuple[str, Verb]]:
    titles = {word: title for title, words in catalogue.SECTIONS.items() for word in words}
    for name in catalogue.names():
        yield titles[name.partition(" ")[0]], _loaded(name)


def _loaded(name: str) -> Verb:
    verb = catalogue.load(name)
    assert verb is not None, name
    return verb


def _markdown() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "<!-- Made by `python -m journal.cli.reference docs` from the program itself. Do not edit. -->"
    yield ""
    yield f"{SUMMARY} `git journal …` works like `journal …`."
    yield ""
    yield " ".join(DESCRIPTION.split())
    yield ""
    yield from _RULES.strip().split("\n")
    yield ""
    yield "## Exit status"
    yield ""
    yield "| status | meaning |"
    yield "| ---: | --- |"
    for status, meaning in ALL_STATUSES.items():
        yield f"| {status} | {meaning} |"
    yield ""
    yield "## Options of every verb"
    yield ""
    *most, last = (f"`{name}`" for name in catalogue.names() if not _loaded(name).has_json)
    bare = f"{', '.join(most)} and {last}"
    yield "Before or after the verb; `--actor` on those that write."
    yield f"What {bare} print is no JSON: there `--json` is for errors."
    yield ""
    yield from _option_list(SHARED_OPTIONS)
    section = ""
    for title, verb in _verbs():
        if title != section:
            section = title
            yield ""
            yield f"## {title}"
        yield ""
        yield from _verb_markdown(verb)


def _verb_markdown(verb: Verb) -> Iterator[str]:
    yield f"### journal {verb.name}"
    yield ""
    yield verb.summary
    yield ""
    yield f"    {usage(verb)}"
    for paragraph in filter(None, verb.text.strip().split("\n\n")):
        yield ""
        yield " ".join(paragraph.split())
    if verb.arguments or verb.options:
        yield ""
        for argument in verb.arguments:
            yield f"- `{metavar(argument)}`: {argument.help}"
        yield from _option_list(verb.options)
    yield ""
    yield "```sh"
    for line, why in verb.examples:
        yield f"{line}    # {why}" if why else line
    yield "```"
    special = {status: text for status, text in statuses_of(verb).items() if status in verb.statuses}
    if special:
        yield ""
        yield "Exit status: " + "; ".join(f"{status}: {text}" for status, text in special.items()) + "."


def _option_list(options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        names, help = help_record(option)
        yield f"- `{names}`: {help}"


_RULES = """
The store is found by walking up from the working directory, as git finds its repository, or is named by --store or
$JOURNAL_STORE; -C runs as if started elsewhere. Options may stand before or after the verb.

The answer goes to stdout, everything else to stderr. Tables fit the terminal; where stdout is no terminal nothing is
cut and nothing is coloured, unless --color says so. Control characters in data are escaped. Nothing is paged.

JSON arguments are the literal, @FILE, or - for stdin. In FIELD=VALUE the value is JSON if it parses as JSON, else the
text itself; a missing field is not null. All that is typed is UTF-8, whatever the locale; only paths may have other
bytes. A number below nought is an argument; before another one that begins with a dash stands --. The forms of --json
are in json.md. With --json an error is one JSON object on stderr.

Times are shown as local time, and a time that is given without a zone is local time too. --json has them as they were
written, with their zone.

A verb that writes reports success only when the change is durable. Where nobody reads the answer any more (a closed
pipe) a command ends quietly, with 0 unless it failed; where the answer cannot be written (a full disk) the error says
whether what was asked for was done. Ctrl-C, SIGTERM and SIGHUP have a command put in order what it had begun; by the
latter two it ends as by the signal. $JOURNAL_TRACEBACK=1 shows the traceback of an error.
"""


def main() -> int:
    """Write the files below the folder that is named, or with ``--check`` only tell whether they are up to date."""
    is_check = "--check" in sys.argv[1:]
    folders = [word for word in sys.argv[1:] if word != "--check"]
    if len(folders) != 1 or folders[0].startswith("-"):
        sys.exit("usage: python -m journal.cli.reference DOCS_FOLDER [--check]")
    (folder,) = folders
    files, changed = OsFiles(), 0
    for name, text in documents().items():
        path = os.path.join(folder, *name.split("/"))
        if files.stat(path) is not None and files.read(path) == text.encode():
            continue
        changed += 1
        if not is_check:
            files.make_folder(os.path.dirname(path))
            write_whole(files, path, text.encode(), durable=False)
    return 1 if is_check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
