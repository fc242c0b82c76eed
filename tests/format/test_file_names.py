"""File names: readable, reversible, and distinct on every disk; what is no name is refused."""

import re
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from material import ids, lanes, seqs

from journal.errors import RefusedError
from journal.format.limits import ID_BYTES_MAX, SEQ_MAX, TYPE_BYTES_MAX
from journal.format.names import (
    blob_file,
    check_id,
    check_type,
    checkpoint_file,
    decode_name,
    encode_name,
    event_id,
    fanout_folder,
    is_lane,
    is_sha256,
    lane_from,
    pack_file,
    parse_checkpoint_file,
    parse_event_id,
    parse_pack_file,
    parse_segment_file,
    segment_file,
)

LANE = "k3f9x2a7b4c5d"
NAME_BYTES_MAX = 180
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)", re.IGNORECASE)


def is_cut(name):
    return "%~" in name


@given(ids)
def test_every_id_comes_back_from_its_name(id):
    name = encode_name(id)
    assert decode_name(name) == (None if is_cut(name) else id)


@given(ids)
def test_every_id_comes_back_from_a_name_whose_case_was_folded(id):
    name = encode_name(id)
    assert decode_name(name.lower()) == (None if is_cut(name) else id)


@given(ids)
@example("..")
@example(".")
@example("../../etc/passwd")
@example("a/b\\c:d")
@example("\u202e")
def test_no_name_leaves_its_folder(id):
    name = encode_name(id)
    assert re.fullmatch(r"[A-Za-z0-9._%~-]+", name)
    assert not name.startswith((".", "-"))
    assert not name.endswith((".", " "))


@given(ids)
def test_no_name_is_reserved(id):
    assert not RESERVED.match(encode_name(id) + ".json")
    assert not RESERVED.match(encode_name(id))


@given(ids)
def test_no_name_is_too_long_for_a_disk(id):
    assert len(encode_name(id)) <= NAME_BYTES_MAX


@given(ids, ids)
def test_two_ids_never_meet_on_a_disk_that_folds_case(one, other):
    assume(one != other)
    assert encode_name(one).casefold() != encode_name(other).casefold()


@given(ids, st.data())
def test_two_ids_that_look_alike_never_meet(id, data):
    forms = {form(id) for form in (str.upper, str.lower, str.swapcase, str.casefold, str.title)}
    forms |= {unicodedata.normalize(form, id) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    forms |= {id + ".", id + " ", id + "~1", "." + id, "%" + id, encode_name(id), id}
    names = [unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD"])), encode_name(each)) for each in forms]
    assert len({name.casefold() for name in names}) == len(forms)


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("task-12", "task-12"),
        ("PROJ-12", "PROJ-12~f"),
        ("Task", "Task~1"),
        ("tasK", "tasK~8"),
        ("a.b_c-d", "a.b_c-d"),
        ("alice@example.com", "alice%40example.com"),
        ("a b", "a%20b"),
        ("a/b", "a%2fb"),
        ("..", "%2e%2e"),
        (".git", "%2egit"),
        ("-rf", "%2drf"),
        ("a.", "a%2e"),
        ("A.", "A%2e~1"),
        ("con", "%63on"),
        ("CON", "%43ON~3"),
        ("nul.txt", "%6eul.txt"),
        ("console", "console"),
        ("COM1", "%43OM1~3"),
        ("\u00e9", "%c3%a9"),
        ("e\u0301", "e%cc%81"),
        ("50%", "50%25"),
        ("a~1", "a%7e1"),
    ],
)
def test_a_name_reads_like_its_id(id, name):
    assert encode_name(id) == name
    assert decode_name(name) == id


def test_an_overlong_id_is_cut_and_hashed():
    id = "Ab" * 200
    name = encode_name(id)
    assert name.startswith("abab")
    assert is_cut(name)
    assert len(name) == 134
    assert name != encode_name(id + "b")
    assert decode_name(name) is None


def test_an_id_is_cut_only_beyond_the_limit():
    assert encode_name("a" * NAME_BYTES_MAX) == "a" * NAME_BYTES_MAX
    assert is_cut(encode_name("a" * (NAME_BYTES_MAX + 1)))


@pytest.mark.parametrize(
    "name",
    [
        *["", ".", "..", ".hidden", "-x", "a.", "con", "NUL", "a b", "a/b", "é", "a\n", "README.txt~"],
        *["%", "%4", "%zz", "%41", "%61", "%C3%A9", "%ff", "%c3", "a%2Fb", "%ed%a0%80"],
        *["a~", "a~0", "a~01", "a~2", "1~1", "a~g", "~1", "a~1~1"],
        *["a" * 181, "a%~" + "0" * 32],
    ],
)
def test_a_foreign_name_is_no_id(name):
    assert decode_name(name) is None


@given(st.one_of(st.text(), st.text("aAbB%~2e.", max_size=8)))
def test_a_name_that_is_read_is_the_name_that_is_written(name):
    id = decode_name(name)
    if id is not None:
        assert encode_name(id).casefold() == name.casefold()


# Ids and types.


@given(st.text(max_size=8))
def test_an_id_is_accepted_or_refused_before_it_becomes_a_name(id):
    try:
        check_id(id)
    except RefusedError:
        return
    assert encode_name(id)


@pytest.mark.parametrize("id", ["", None, 1, b"a", "a\x00", "a\nb", "\x1b[31m", "\x7f", "\x85", "a\u2028", "\ud800"])
def test_an_unsafe_id_is_refused(id):
    with pytest.raises(RefusedError):
        check_id(id)
    with pytest.raises(RefusedError):
        check_type(id)


def test_an_id_is_as_long_as_the_limit_in_bytes_and_no_longer():
    check_id("é" * (ID_BYTES_MAX // 2))
    check_type("a" * TYPE_BYTES_MAX)
    for check, id in ((check_id, "é" * (ID_BYTES_MAX // 2) + "a"), (check_type, "a" * (TYPE_BYTES_MAX + 1))):
        with pytest.raises(RefusedError):
            check(id)


def test_types_that_begin_with_a_dollar_are_reserved():
    with pytest.raises(RefusedError):
        check_type("$kv")
    check_id("$kv")


# Segments, packs, checkpoints.


@given(seqs, lanes, st.binary())
def test_every_file_name_says_what_it_was_made_of(seq, lane, data):
    assert parse_segment_file(segment_file(seq, lane)) == (seq, lane)
    assert parse_pack_file(pack_file(seq, lane, data))[:2] == (seq, lane)
    assert parse_checkpoint_file(checkpoint_file(seq, data))[:1] == (seq,)


@given(seqs, seqs, lanes)
def test_the_names_of_a_lane_sort_by_seq(one, other, lane):
    assume(max(one, other) < 10**12)
    assert (segment_file(one, lane) < segment_file(other, lane)) == (one < other)


def test_file_names_are_those_of_the_format():
    assert segment_file(18000, LANE) == "000000018000-k3f9x2a7b4c5d.jsonl"
    assert pack_file(1, LANE, b"") == "000000000001-k3f9x2a7b4c5d-e3b0c44298fc1c14.jsonl.gz"
    assert checkpoint_file(18342, b"") == "000000018342-e3b0c44298fc1c14.jsonl.gz"


PACK = pack_file(1, LANE, b"")
CHECKPOINT = checkpoint_file(1, b"")


@pytest.mark.parametrize("parse", [parse_segment_file, parse_pack_file, parse_checkpoint_file])
@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        f"1-{LANE}.jsonl",
        f"000000000001-{LANE}",
        f"000000000001-{LANE}.jsonl.tmp",
        f"000000000001-{LANE}.jsonl\n",
        f"000000000001-{LANE}.JSONL",
        f"000000000001-{LANE.upper()}.jsonl",
        f"000000000001-{LANE[:-1]}.jsonl",
        f"000000000001-{LANE[:-1]}i.jsonl",
        f"0000000000001-{LANE}.jsonl",
        f"٠٠٠٠٠٠٠٠٠٠٠١-{LANE}.jsonl",
        f"9999999999999999-{LANE}.jsonl",
        f"-00000000001-{LANE}.jsonl",
        f"./000000000001-{LANE}.jsonl",
        "0" + PACK,
        PACK.replace("0", "٠"),
        PACK.upper(),
        PACK + "~",
        "9999999999999999" + PACK[12:],
        PACK.replace("-e3b0c4", "-E3B0C4"),
        "0" + CHECKPOINT,
        CHECKPOINT.replace("0", "٠", 1),
        "9999999999999999" + CHECKPOINT[12:],
        CHECKPOINT[:-3],
    ],
)
def test_what_is_no_name_is_refused(parse, name):
    assert parse(name) is None


@given(st.text(st.sampled_from("0123456789abk-.jsonlgz"), max_size=40))
def test_what_is_read_as_a_name_is_the_name_that_is_written(name):
    found = parse_segment_file(name)
    assert found is None or segment_file(*found) == name


def test_no_name_is_of_two_kinds():
    names = [segment_file(1, LANE), PACK, CHECKPOINT]
    for parse, own in zip((parse_segment_file, parse_pack_file, parse_checkpoint_file), names, strict=True):
        assert [name for name in names if parse(name)] == [own]


# Events, lanes, blobs.


@given(seqs, lanes)
def test_every_event_id_survives(seq, lane):
    assert parse_event_id(event_id(seq, lane)) == (seq, lane)


@pytest.mark.parametrize(
    "text",
    [
        *["", "1", "@", f"@{LANE}", "1@", f"1@{LANE}@{LANE}", f"1@{LANE[1:]}", f"1@{LANE} "],
        *[f"0@{LANE}", f"01@{LANE}", f"-1@{LANE}", f"+1@{LANE}", f"1 @{LANE}", f"1_0@{LANE}", f"١@{LANE}", f"²@{LANE}"],
        *[f"{'1' * 17}@{LANE}", f"{SEQ_MAX + 1}@{LANE}"],
    ],
)
def test_what_is_no_event_id_is_refused(text):
    assert parse_event_id(text) is None


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_random_bytes_make_distinct_lanes(one, other):
    assert is_lane(lane_from(one))
    assert (lane_from(one) == lane_from(other)) == (one == other)


def test_a_blob_is_a_file_below_its_first_two_digits():
    assert blob_file("ab" + "0" * 62) == "ab/ab" + "0" * 62


@pytest.mark.parametrize("sha256", ["", "a" * 63, "a" * 65, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "٠" * 64])
def test_what_is_no_sha256_is_no_blob(sha256):
    assert not is_sha256(sha256)
    with pytest.raises(ValueError, match="sha256"):
        blob_file(sha256)


def test_only_text_is_a_sha256():
    assert not is_sha256(None)
    assert not is_sha256(["a" * 64])


@given(ids)
def test_a_fanout_folder_is_two_hex_digits(id):
    assert re.fullmatch(r"[0-9a-f]{2}", fanout_folder(id))


def test_a_type_whose_folder_name_would_be_cut_is_refused():
    check_type("a" * 100)
    with pytest.raises(RefusedError, match="too long for a folder"):
        check_type("\xa1" * 50)
