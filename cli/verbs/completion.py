"""``journal completion``."""

from ..declare import COMPLETE_VARIABLE, Argument, Verb
from ..session import Session


def run(session: Session, *, shell: str) -> None:
    """Print a shell's completion script."""
    session.output.line(_script(shell).rstrip("\n"))


def _script(shell: str) -> str:
    from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

    from ..application import build
    from ..helping import PROGRAM

    classes: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    completion = classes[shell](build(), {}, PROGRAM, COMPLETE_VARIABLE)
    # Not source(): that runs the shell to see its version, and there may be none here.
    return completion.source_template % completion.source_vars()


VERB = Verb(
    name="completion",
    summary="Print a shell's completion script.",
    run=run,
    text="It completes verbs, options, types, ids, keys, streams and cursors.",
    arguments=(Argument("shell", "The shell.", choices=("bash", "zsh", "fish")),),
    examples=(
        (
            "journal completion bash > ~/.local/share/bash-completion/completions/journal",
            "for every new bash, where that folder is",
        ),
        ('eval "$(journal completion bash)"', "for this bash"),
        ('journal completion zsh > "${fpath[1]}/_journal"', "for zsh"),
        ("journal completion fish > ~/.config/fish/completions/journal.fish", "for fish"),
    ),
    has_json=False,
)
