"""An index in memory is a private one."""

from journal.index.database import MEMORY, Index


def test_indexes_in_memory_share_no_row():
    """Each is a copy of one empty index."""
    first, second = Index(MEMORY), Index(MEMORY)
    with first.writing():
        first.set_meta("top", 7)
    third = Index(MEMORY)
    assert [index.meta("top") for index in (first, second, third)] == [7, None, None]
    for index in (first, second, third):
        index.close()
