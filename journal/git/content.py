"""What git is to have of a file: bytes, or, where they may be many, the file that holds them."""

from typing import NamedTuple


class StoredFile(NamedTuple):
    """A file of the work tree that nobody changes, of which git is to have all bytes; ``size``: how many they are."""

    path: str
    size: int


Content = bytes | StoredFile
