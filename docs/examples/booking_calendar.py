"""A booking calendar that refuses double bookings: whoever books says how many bookings were looked at.

The bookings of a day are a stream, and its length is its version. Two people book at once; where both want one hour,
one of them is told so.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from journal import Conflict, Journal

DAY = "cabin/2026-05-01"
WISHES = {
    "ana": [(9, 11), (11, 12), (13, 15), (16, 17)],
    "ben": [(13, 15), (9, 11), (12, 13), (8, 9)],
}


def bookings(journal: Journal) -> tuple[dict[int, str], int]:
    """Return who has which hour of the day, and the version that says so."""
    owners: dict[int, str] = {}
    version = 0
    for event in journal.read(DAY):
        for hour in range(event.data["start"], event.data["end"]):
            owners[hour] = event.data["who"]
        version = event.position
    return owners, version


def book(journal: Journal, who: str, start: int, end: int) -> bool:
    """Book the cabin from one hour to another; False where one of the hours is taken.

    Look, decide, and write only if the day is still as it was looked at; if not, somebody was faster: look again. To
    book what one has booked already, in a run that was killed, changes nothing.
    """
    while True:
        owners, version = bookings(journal)
        found = {owners.get(hour) for hour in range(start, end)}
        if found != {None}:
            return found == {who}
        booking = {"who": who, "start": start, "end": end}
        if not isinstance(journal.append(DAY, "Booked", booking, expect=version, actor=who), Conflict):
            return True


def work_through(folder: str, who: str) -> int:
    """Book all that somebody wishes for, as a program of its own would; return how many were refused."""
    refused = 0
    with Journal.open(folder) as journal:
        for start, end in WISHES[who]:
            is_booked = book(journal, who, start, end)
            refused += not is_booked
            said = "booked" if is_booked else "refused"
            print(f"- {who} {start}-{end}: {said}\n", end="", flush=True)  # a line at once: two are talking
    return refused


def main(folder: str) -> None:
    """Let all book at once, then see that every hour was booked once, and every wish is whole or refused."""
    Journal.init(Path(folder, ".journal"))
    with ThreadPoolExecutor() as people:
        refused = sum(people.map(work_through, [folder] * len(WISHES), WISHES))
    with Journal.open(folder) as journal:
        owners, _ = bookings(journal)
        hours = sum(event.data["end"] - event.data["start"] for event in journal.read(DAY))
        shares = [
            sum(owners.get(hour) == who for hour in range(start, end)) / (end - start)
            for who, wishes in WISHES.items()
            for start, end in wishes
        ]
        print(f"hours that are booked: {' '.join(map(str, sorted(owners)))}")
        print(f"every hour booked once: {hours == len(owners)}")
        print(f"every wish whole or refused: {shares.count(1)} and {refused} of {len(shares)}")


if __name__ == "__main__":
    main(sys.argv[1])
