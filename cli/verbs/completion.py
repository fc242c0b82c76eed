"""``journal completion``."""

from ..declare import Argument, Verb
from ..session import Session


def run(session: Session, *, shell: str) -> None:
    """Print a shell's completion script."""
    from ..completing import script

    session.output.line(script(shell).rstrip("\n"))


VERB = Verb(
    name="completion",
    summary="Print a shell's completion script.",
    run=run,
    text="It completes verbs, options, types and ids.",
    arguments=(Argument("shell", "The shell.", choices=("bash", "zsh", "fish")),),
    examples=(
        ("journal completion bash > ~/.local/share/bash-completion/completions/journal", "for every new bash"),
        ('eval "$(journal completion bash)"', "for this bash"),
        ('journal completion zsh > "${fpath[1]}/_journal"', "for zsh"),
        ("journal completion fish > ~/.config/fish/completions/journal.fish", "for fish"),
    ),
    has_json=False,
    has_store=False,
)
