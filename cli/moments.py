"""Time stamps for people: local, to the minute or to the second."""

from .output import shown


def moment(stamp: str | None, *, seconds: bool = False) -> str:
    """Return a time stamp as local time; one that cannot be read as it is."""
    if not stamp:
        return ""
    from datetime import datetime

    try:
        parsed = datetime.fromisoformat(stamp)
    except ValueError:
        return shown(stamp)
    return parsed.astimezone().strftime("%Y-%m-%d %H:%M:%S %z" if seconds else "%Y-%m-%d %H:%M")
