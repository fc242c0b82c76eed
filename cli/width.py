"""How wide a text is on a terminal, and how to fit it into columns."""


def width(text: str) -> int:
    """Return the columns that a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width_of(character) for character in text)


def fit(text: str, columns: int) -> str:
    """Return the text if it fits, else its beginning and an ellipsis, together at most so many columns."""
    if width(text) <= columns:
        return text
    if columns < 1:
        return ""
    taken, end = 0, 0
    for character in text:
        taken += _width_of(character)
        if taken > columns - 1:
            break
        end += 1
    return text[:end].rstrip() + "…"


def pad(text: str, columns: int) -> str:
    """Return the text filled with blanks to so many columns."""
    return text + " " * (columns - width(text))


def _width_of(character: str) -> int:
    if character.isascii():
        return 1
    import unicodedata

    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
