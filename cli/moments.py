"""Time stamps for people, shown and given: local, to the minute or to the second."""

from .output import shown


def moment(stamp: str | None, *, seconds: bool = False) -> str:
    """Return a time stamp as local time; one that cannot be read as it is."""
    if not stamp:
        return ""
    from datetime import datetime

    try:
        local = datetime.fromisoformat(stamp).astimezone()
    except (ValueError, OverflowError):  # the first and the last day of the calendar may not be in it here
        return shown(stamp)
    return local.strftime("%Y-%m-%d %H:%M:%S %z" if seconds else "%Y-%m-%d %H:%M")


def with_zone(text: str | None) -> str | None:
    """Return a time that a person gave, as local time where it names no zone; any other text as it is."""
    from datetime import datetime

    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
        return text if given.tzinfo is not None else given.astimezone().isoformat()
    except (ValueError, OverflowError):  # an age, or no time at all, or the first or the last day of the calendar
        return text
