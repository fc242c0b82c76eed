"""docs/format.md is true: its example, its tables and its snippets are what the code does."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from material import record_parts

from journal.format import limits, record, values
from journal.format.checkpoint import decompress_lines
from journal.format.lines import unseal
from journal.format.names import encode_name
from journal.format.segment import decode_header
from journal.projections.paths import ID_FIELD
from journal.state.value import STRATEGIES

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "golden" / "format1"


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


EXAMPLE = [line + "\n" for block in blocks("jsonl") for line in block.splitlines()]


def test_the_example_has_lines():
    assert len(EXAMPLE) == 7


@pytest.mark.parametrize("line", EXAMPLE)
def test_the_lines_of_the_example_verify(line):
    fields = unseal(line.encode())
    if fields["kind"] == "segment":
        decode_header(fields)
    else:
        record.check(fields)


@pytest.mark.parametrize("line", EXAMPLE)
def test_the_lines_of_the_example_are_golden(line):
    assert any(line.encode() in path.read_bytes() for path in (GOLDEN / "segments").iterdir())


def test_the_example_shows_the_golden_projection_and_checkpoint():
    projection, line = blocks("json")
    assert projection.encode() == (GOLDEN / "entities" / "plan" / "PROJ-12~f.json").read_bytes()
    (checkpoint,) = (GOLDEN / "checkpoints").iterdir()
    assert line.encode() in list(decompress_lines(checkpoint.read_bytes()))


@given(record_parts)
def test_the_snippet_tells_whole_lines(parts):
    (snippet,) = blocks("python")
    names = {}
    exec(snippet, names)
    line = record.encode(**parts)
    assert names["is_whole"](line)
    assert not names["is_whole"](line.replace(b'"seq"', b'"Seq"'))


def test_the_limits_are_those_of_the_code():
    told = {name: int(value.replace(",", "")) for value, name in re.findall(r"\| ([\d,]+) \| `(\w+)` \|", PAGE)}
    assert told == {name: value for name, value in vars(limits).items() if name.isupper()}


def test_the_file_names_are_those_of_the_code():
    told = re.findall(r"^\| `(\S+)` \| `(\S+)\.json` \|$", section("Projections"), re.MULTILINE)
    assert len(told) == 7
    assert all(encode_name(id) == name for id, name in told)


def test_the_reserved_field_is_that_of_the_code():
    assert f'"{ID_FIELD}"' in section("Projections")


def test_the_configuration_is_toml_with_known_strategies():
    text, beside = blocks("toml")
    assert tomllib.loads(beside)["old_store"]["stage"] in ("off", "dual", "primary")
    fields = tomllib.loads(text)
    assert fields["format"] == limits.FORMAT
    assert fields["options"]["roll_bytes"] == limits.ROLL_BYTES_DEFAULT
    assert set(fields["types"]["plan"]["merge"].values()) <= set(STRATEGIES)
    assert all(f"`{strategy}`" in section("State: what a set of events means") for strategy in STRATEGIES)


def test_a_fresh_store_has_such_a_configuration():
    from journal.store.config import new_config

    fields = tomllib.loads(new_config(bytes(16)).decode())
    assert set(fields) <= set(tomllib.loads(blocks("toml")[0]))
    assert fields["format"] == limits.FORMAT


def test_the_record_tables_name_every_key_of_the_golden_lines_and_more():
    keys = {key for line in EXAMPLE for key in values.decode(line)}
    assert all(f"`{key}`" in section("Segments") + section("Records") for key in keys)


@pytest.mark.parametrize("page", [PAGE, GLOSSARY])
def test_links_lead_to_pages(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "docs" / target).is_file()


WORDS = """
    segment lane seq event·id record transaction header sees past hole head assignment post-image tombstone projection
    index watermark checkpoint pack compaction replay fold catch-up overlay truth store lock tip residue torn damage
    parked fan-out upcaster compare-and-set expected·version
"""


@pytest.mark.parametrize("word", [word.replace("·", " ") for word in WORDS.split()])
def test_the_glossary_explains_each_word_once(word):
    assert len(re.findall(rf"^- .*\*\*{word}\*\*", GLOSSARY, re.MULTILINE)) == 1
