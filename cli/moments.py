"""Time stamps for people: local, to the minute or to the second."""

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
