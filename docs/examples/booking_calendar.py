"""A calendar of a room that refuses double bookings: whoever books says which version of the day was looked at.

Two people book at once; where both want one hour, one of them is told so. Run it with a folder.
"""

import sys
import threading

from journal import Conflict, Journal

ROOM, DAY = "room", "cabin 2026-05-01"
WISHES = {
    "ana": [(9, 11), (11, 12), (13, 15), (16, 17)],
    "ben": [(13, 15), (9, 11), (12, 13), (8, 9)],
}


def book(journal: Journal, who: str, start: int, end: int) -> bool:
    """Book the room from one hour to another; False where somebody has one of the hours.

    A day is an entity: hour -> who. It is read, looked at, and written only if it is still what was read. If not,
    somebody was faster: look again. To book what is booked for oneself changes nothing.
    """
    hours = {str(hour) for hour in range(start, end)}
    while True:
        day = journal.get(ROOM, DAY)
        booked = day.data if day is not None and day.data is not None else {}
        if any(booked.get(hour, who) != who for hour in hours):
            return False
        written = journal.put(
            ROOM,
            DAY,
            {**booked, **dict.fromkeys(hours, who)},
            actor=who,
            expect_event=day.event if day is not None else None,
            expect_rev=0 if day is None else None,
        )
        if not isinstance(written, Conflict):
            return True


def work_through(folder: str, who: str) -> None:
    """Book all that somebody wishes for, as a program of its own would."""
    with Journal.open(folder) as journal:
        for start, end in WISHES[who]:
            is_booked = book(journal, who, start, end)
            said = "booked" if is_booked else "refused"
            print(f"- {who} {start}-{end}: {said}\n", end="", flush=True)  # a line at once: two are talking


def main(folder: str) -> None:
    """Let all book at once, then see that every hour has one owner, and every wish is whole or refused."""
    Journal.init(folder)
    people = [threading.Thread(target=work_through, args=(folder, who)) for who in WISHES]
    for person in people:
        person.start()
    for person in people:
        person.join()
    with Journal.open(folder) as journal:
        day = journal.get(ROOM, DAY)
        booked = day.data if day is not None and day.data is not None else {}
        wholes = [
            sum(booked.get(str(hour)) == who for hour in range(start, end)) in (0, end - start)
            for who, wishes in WISHES.items()
            for start, end in wishes
        ]
        print(f"hours that are booked: {' '.join(sorted(booked, key=int))}")
        print(f"every wish whole or refused: {all(wholes)}")


if __name__ == "__main__":
    main(sys.argv[1])
