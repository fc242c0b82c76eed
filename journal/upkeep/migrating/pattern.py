"""Where entities lie: ``plans/{id}.json``, ``{type}/{id}.json``, ``data/**/{id}.json``. Pure.

======================  ===========================================================================
in a pattern            stands for
======================  ===========================================================================
``{id}``, ``{type}``    the entity's id and type
``{name}``              anything but a slash; becomes the field ``name``, where the document has none
``*``, ``?``            any characters, any one character, but no slash
``**``                  any folders, or none; a whole component
======================  ===========================================================================

None of them begins with a dot, as in a shell; a name that stands twice means the same text both times.
"""

import re
from typing import NamedTuple

from journal.errors import UsageError

_TOKEN = re.compile(r"\{([^{}/]*)\}|(\*)|(\?)|([{}])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Pattern(NamedTuple):
    """A pattern, taken apart: ``top`` are the folders before the first thing that is open."""

    text: str
    top: str
    parts: tuple[re.Pattern[str] | None, ...]
    """What the components below ``top`` look like; None stands for ``**``."""
    whole: re.Pattern[str]
    """What a path below ``top`` looks like."""

    def match(self, path: str) -> dict[str, str] | None:
        """Return what the names in the pattern stand for in a path below ``top``, None where it does not match."""
        found = self.whole.fullmatch(path)
        return None if found is None else found.groupdict()

    def leads(self, folder: str) -> bool:
        """Tell whether a folder below ``top`` may hold files that match."""
        return _leads(self.parts, folder.split("/") if folder else [])

    @property
    def below_top(self) -> str:
        """Its text without the folders before the first thing that is open."""
        return self.text.removeprefix(self.top).lstrip("/")

    @property
    def is_open(self) -> bool:
        """Tell whether it may match more than one file; else it is a file's name."""
        return _TOKEN.search(self.text) is not None

    @property
    def names(self) -> frozenset[str]:
        """The names that stand in it."""
        return frozenset(self.whole.groupindex)


def parse_pattern(text: str) -> Pattern:
    """Return the pattern of its text. Raises UsageError."""
    components = text.split("/")
    if not components[-1]:
        raise UsageError(f"this pattern names no file: {text!r}", hint="for instance plans/{id}.json")
    fixed = next((at for at, part in enumerate(components) if _TOKEN.search(part)), len(components) - 1)
    top, rest = "/".join(components[:fixed]), components[fixed:]
    if text.startswith("/") and fixed == 1:
        top = "/"
    if any(part in ("", ".", "..") for part in rest):
        raise UsageError(f"a component of this pattern is empty, '.' or '..': {text!r}")
    if rest[-1] == "**":
        raise UsageError(f"this pattern names folders only: {text!r}", hint=f"for instance {text}/{{id}}.json")
    parts: list[re.Pattern[str] | None] = []
    whole: list[str] = []
    known: set[str] = set()
    for at, part in enumerate(rest):
        if part == "**":
            parts.append(None)
            whole.append(r"(?:(?!\.)[^/]+/)*")
            continue
        # A component alone cannot refer to what stood in one before it.
        parts.append(re.compile(_translated(part, set(), text), re.DOTALL))
        whole.append(_translated(part, known, text) + ("/" if at < len(rest) - 1 else ""))
    return Pattern(text, top, tuple(parts), re.compile("".join(whole), re.DOTALL))


def _translated(component: str, known: set[str], text: str) -> str:
    expression, at = "", 0
    for token in _TOKEN.finditer(component):
        expression += re.escape(component[at : token.start()])
        at = token.end()
        name, star, question, brace = token.groups()
        if brace or (name is not None and not _NAME.fullmatch(name)):
            raise UsageError(f"not a pattern: {text!r}", hint="a name in braces has letters, digits and underscores")
        hidden = "" if expression else r"(?!\.)"
        if star:
            expression += f"{hidden}[^/]*"
        elif question:
            expression += f"{hidden}[^/]"
        elif name in known:
            expression += f"(?P={name})"
        else:
            known.add(name)
            expression += f"{hidden}(?P<{name}>[^/]+?)"
    return expression + re.escape(component[at:])


def _leads(parts: tuple[re.Pattern[str] | None, ...], names: list[str]) -> bool:
    if not names or parts[0] is None:
        return not any(name.startswith(".") for name in names) or not names
    return len(parts) > 1 and parts[0].fullmatch(names[0]) is not None and _leads(parts[1:], names[1:])
