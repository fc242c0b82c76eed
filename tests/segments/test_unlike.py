"""What replaces a file shares no pieces with it, as git compares them: else it guesses that one was renamed."""

import gzip
import json
import random
from collections import Counter

import pytest

from journal.segments.pack import deflate, encode_pack, read_members
from journal.segments.unlike import deflate_unlike, salt_of, spaced_unlike

GIT_PIECE_BYTES = 64


def pieces(data):
    """Count the bytes of equal pieces, cut as git does: at a line's end, or after 64 bytes."""
    found, at = Counter(), 0
    while at < len(data):
        line_end = data.find(b"\n", at, at + GIT_PIECE_BYTES)
        end = min(at + GIT_PIECE_BYTES, len(data)) if line_end < 0 else line_end + 1
        found[data[at:end]] += end - at
        at = end
    return found


def similarity(first, second):
    both = pieces(first) & pieces(second)
    return both.total() / max(len(first), len(second))


def text_of(lines, chance):
    forms = ({"seq": seq, "data": {"n": chance.getrandbits(200), "who": "ann"}} for seq in range(lines))
    return b"".join(json.dumps(form).encode() + b"\n" for form in forms)


def without_some(text, chance):
    start = chance.randrange(len(text))
    return text[:start] + b"[redacted]" + text[start + chance.randrange(1, 60) :]


@pytest.mark.parametrize("lines", [1, 3, 30, 300])
def test_what_replaces_a_text_twice_resembles_neither(lines):
    for seed in range(30):
        chance = random.Random(f"{lines} {seed}")
        first = text_of(lines, chance)
        second = without_some(first, chance)
        third = without_some(second, chance)
        files = [deflate(first), *(deflate_unlike(text, salt_of(text)) for text in (second, third))]
        assert list(map(gzip.decompress, files)) == [first, second, third]
        assert max(similarity(files[0], files[1]), similarity(files[1], files[2]), similarity(files[0], files[2])) < 0.5


def test_packs_that_differ_in_one_line_resemble_each_other_only_if_they_are_written_alike():
    lines = text_of(2_000, random.Random(1)).splitlines(keepends=True)
    other = [*lines[:5], b'{"seq":5,"data":"[redacted]"}\n', *lines[6:]]
    salt = salt_of(b"".join(other))
    new = encode_pack(other, lambda text: deflate_unlike(text, salt))
    assert b"".join(member.text for member in read_members(new)) == b"".join(other)
    assert new == encode_pack(other, lambda text: deflate_unlike(text, salt))
    old = encode_pack(lines)
    assert similarity(old, encode_pack(other)) > 0.5
    assert similarity(old, new) < 0.1
    assert len(new) < 1.05 * len(encode_pack(other))


@pytest.mark.parametrize("size", [100, 70_000])
def test_spaces_put_a_document_into_other_pieces(size):
    document = json.dumps({"text": text_of(size // 100, random.Random(2)).hex()}).encode()
    spaced = spaced_unlike(document)
    assert json.loads(spaced) == json.loads(document)
    assert similarity(document, spaced) < 0.1


def test_an_empty_text_has_a_stream_too():
    assert gzip.decompress(deflate_unlike(b"", salt_of(b""))) == b""
    assert gzip.decompress(deflate_unlike(b"x", salt_of(b"x"))) == b"x"
