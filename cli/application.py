"""The click tree, made from the declarations: parsing with its errors, help, completion.

A command does nothing itself: it returns a ``Call``, which ``main`` runs.
"""

import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from . import catalogue
from .declare import (
    COMPLETE_VARIABLE,
    FLAG,
    INTEGER,
    NUMBER,
    SHARED_KEYS,
    SHARED_OPTIONS,
    Argument,
    Call,
    Option,
    Verb,
    is_word,
)
from .helping import PROGRAM, SUMMARY, metavar, write_group_help, write_program_help, write_verb_help
from .output import LostAnswerError

_SETTINGS: dict[str, Any] = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


class _Placed(click.Command):
    """A command whose errors say where they are, so that the hint is of this verb's help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and add to an error what click leaves out: a missing value is of this command."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise


class VerbCommand(_Placed):
    """A verb as a click command."""

    def __init__(self, verb: Verb) -> None:
        parameters: list[click.Parameter] = [_argument(argument) for argument in verb.arguments]
        parameters += [_option(option) for option in verb.all_options()]
        super().__init__(
            verb.name, params=parameters, help=verb.text, short_help=verb.summary, context_settings=_SETTINGS
        )
        self.verb = verb

    def make_parser(self, ctx: click.Context) -> Any:
        """Return click's parser, to which a negative number is an argument."""
        parser: Any = super().make_parser(ctx)
        process = parser._process_opts

        def words_too(token: str, state: Any) -> None:
            if is_word(token):
                state.largs.append(token)
            else:
                process(token, state)

        parser._process_opts = words_too
        return parser

    def invoke(self, ctx: click.Context) -> Call:
        """Return what was asked for."""
        own = {option.key for option in self.verb.options} | {argument.name for argument in self.verb.arguments}
        values = {name: value for name, value in ctx.params.items() if name in own}
        shared = {name: value for name, value in ctx.params.items() if name not in own and value not in (None, False)}
        return Call(self.verb, values, (ctx.obj or {}) | shared)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, what it does, arguments, options, examples and exit statuses."""
        self.format_usage(ctx, formatter)
        write_verb_help(self.verb, formatter)


class Words(_Placed, click.Group):
    """Words that may stand in one place: verbs by name, which load when they are used, and groups of verbs."""

    def __init__(self, name: str, words: dict[str, str], before: str = "", **settings: Any) -> None:
        super().__init__(name, context_settings=_SETTINGS, **settings)
        self._words, self._before = words, before

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all words in the order of the help."""
        return list(self._words)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb or a group, None where there is none of that name."""
        if not self._before and cmd_name in catalogue.GROUPS:
            return VerbGroup(cmd_name)
        verb = catalogue.load(self._before + cmd_name)
        return None if verb is None else VerbCommand(verb)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one may have been meant."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], self._words, n=2, cutoff=0.6)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            raise click.UsageError(f"there is no verb {self._before + args[0]!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Hand on what stood before the verb."""
        before = {
            name: value for name, value in ctx.params.items() if name in SHARED_KEYS and value not in (None, False)
        }
        ctx.obj = (ctx.obj or {}) | before
        return super().invoke(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer words from the catalogue, so that no verb has to be loaded."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=help) for name, help in self._words.items() if name.startswith(incomplete)]


class VerbGroup(Words):
    """A word that takes another one, as in ``journal kv get``."""

    def __init__(self, name: str) -> None:
        parameters = [_option(option) for option in SHARED_OPTIONS]
        super().__init__(name, catalogue.GROUPS[name], f"{name} ", params=parameters)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Help where the second word is missing, as ``journal`` alone does."""
        return super().parse_args(ctx, args or ["--help"])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write which verbs there are."""
        write_group_help(self.name or "", formatter)


class Program(Words):
    """``journal`` itself."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what this is, the verbs by purpose, and the options that may stand before a verb."""
        write_program_help(formatter)


def build() -> click.Group:
    """Return the whole tree; verbs load when they are asked for."""
    parameters: list[click.Parameter] = [_option(option) for option in SHARED_OPTIONS]
    parameters.append(click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version))
    words = {word: line for verbs in catalogue.SECTIONS.values() for word, line in verbs.items()}
    return Program(PROGRAM, words, params=parameters, help=SUMMARY)


def parse(tokens: list[str]) -> Call | int:
    """Return what the command line asks for, or an exit status where that is done already (help, completion).

    Raises click's errors for what makes no sense, and LostAnswerError where that cannot be printed.
    """
    kept = sys.stdout, sys.stderr
    try:
        result = build().main(tokens or ["--help"], PROGRAM, complete_var=COMPLETE_VARIABLE, standalone_mode=False)
    except OSError as error:
        raise LostAnswerError(error) from error
    except SystemExit as ended:
        if sys.stdout is kept[0]:
            raise
        # Click has a way of its own with a reader that is gone: it wraps both streams and exits with 1.
        sys.stdout, sys.stderr = kept
        raise LostAnswerError(BrokenPipeError()) from ended
    return result if isinstance(result, Call) else int(result or 0)


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from .verbs.version import distribution_version

        click.echo(f"{PROGRAM} {distribution_version()}")
        ctx.exit()


def _argument(argument: Argument) -> click.Argument:
    return click.Argument(
        [argument.name],
        required=argument.required,
        nargs=-1 if argument.many else 1,
        type=click.Choice(argument.choices) if argument.choices else click.STRING,
        metavar=metavar(argument),
        shell_complete=_completer(argument.complete),
    )


def _option(option: Option) -> click.Option:
    kinds: dict[str, click.ParamType[Any]] = {INTEGER: click.INT, NUMBER: click.FLOAT}
    if option.kind == FLAG:
        return click.Option([*option.names, option.key], is_flag=True, help=option.help)
    return click.Option(
        [*option.names, option.key],
        type=kinds.get(option.kind, click.STRING),
        multiple=option.many,
        metavar=option.metavar,
        help=option.help,
        shell_complete=_completer(option.complete),
    )


def _completer(what: str | None) -> Any:
    if what is None:
        return None

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from .completing import candidates

        settings = {**(ctx.find_root().params), **{name: value for name, value in ctx.params.items() if value}}
        return [CompletionItem(name) for name in candidates(what, settings, incomplete)]

    return complete
