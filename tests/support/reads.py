"""A disk that measures what is read from it, where `faults.CountingFiles` counts calls."""

from collections import Counter

from journal.disk.files import OsFiles


class ReadMeter(OsFiles):
    """Counts, by path: files read whole, parts that were read, and bytes."""

    def __init__(self) -> None:
        self.whole: Counter[str] = Counter()
        self.parts: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def forget(self) -> None:
        """Begin to count anew."""
        for counter in (self.whole, self.parts, self.bytes):
            counter.clear()

    def read(self, path: str) -> bytes:
        """Read a file, and count it."""
        data = super().read(path)
        self.whole[path] += 1
        self.bytes[path] += len(data)
        return data

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Read a part of a file, and count it."""
        data = super().read_at(path, offset, length)
        self.parts[path] += 1
        self.bytes[path] += len(data)
        return data
