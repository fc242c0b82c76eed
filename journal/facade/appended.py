"""Events that were just appended, as callers get them: made when they are asked for."""

from collections.abc import Sequence
from itertools import accumulate
from typing import overload

from journal.format import values
from journal.format.limits import PAYLOAD_BYTES_INLINE_MAX
from journal.store.batch import Block, Written
from journal.store.events import Reach, StreamEvent, Told, line_told, with_data


class AppendedEvents(Sequence[StreamEvent]):
    """Like a list that does not change: a writer of a thousand events mostly looks at none of them."""

    __slots__ = ("_block", "_made", "_starts", "_told", "_written")

    def __init__(self, written: Written) -> None:
        assert isinstance(written.draft, Block), written.draft
        self._written, self._block = written, written.draft
        self._told = Told({}, Reach(written.here, {}), written.lane, self._block.position - written.seq)
        self._starts = list(accumulate(written.lengths, initial=0))
        self._made: list[StreamEvent | None] = [None] * self._block.size

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> StreamEvent: ...
    @overload
    def __getitem__(self, at: slice) -> list[StreamEvent]: ...
    def __getitem__(self, at: int | slice) -> StreamEvent | list[StreamEvent]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        event = self._made[at]
        if event is None:
            start, stop = self._starts[at : at + 2]
            event = self._made[at] = line_told(self._written.text[start:stop], self._told)
            payload = self._block.texts.payloads[at]
            if len(payload) > PAYLOAD_BYTES_INLINE_MAX:
                with_data(event, values.decode(payload))  # its line only names the blob that it stands in
        return event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))
