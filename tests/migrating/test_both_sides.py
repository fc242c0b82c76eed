"""People write here while the source goes on changing, and it is brought in again and again: nothing is lost."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from journal import Journal, Rules

MISSING = object()
fields = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("source"), st.sampled_from("ab"), fields),
        st.tuples(st.just("here"), st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 2)),
        st.tuples(st.just("delete"), st.sampled_from("ab")),
        st.just(("migrate",)),
        st.just(("undo",)),
    ),
    max_size=14,
)


def entities(journal):
    return {entity.id: entity.data for entity in journal.list("t")}


def check(found, source, said, before, after):
    """Goal, field by field: what changed in the source came in, all else is as it was; an overlap changes nothing."""
    overlaps = {problem.path for problem in found.problems}
    for id, document in source.items():
        if f"{id}.json" in overlaps:
            assert after.get(id) == before.get(id)
        elif id not in said:
            assert after[id] == document
            said[id] = document
        elif document == said[id]:
            assert after.get(id) == before.get(id)
        else:
            was = before.get(id, {})
            for name in "xyz":
                is_news = said[id].get(name, MISSING) != document.get(name, MISSING)
                assert after[id].get(name, MISSING) == (document if is_news else was).get(name, MISSING)
            said[id] = document
    assert {id for id in before if id not in source} == {id for id in after if id not in source}


@settings(max_examples=15)
@given(steps)
def test_what_either_side_changed_is_there_in_the_end(script):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as files:
        Journal.init(folder)
        source, said, undone = {}, {}, []
        with Journal.open(folder, durability="os", projections="lazy") as journal:
            for what, *how in [*script, ("migrate",)]:
                if what == "source":
                    source[how[0]] = how[1]
                    (Path(files) / f"{how[0]}.json").write_text(json.dumps(how[1]))
                elif what == "here":
                    journal.put("t", how[0], set={how[1]: how[2]})
                elif what == "delete" and how[0] in entities(journal):
                    journal.delete("t", how[0])
                elif what == "migrate":
                    before, was = entities(journal), dict(said)
                    found = journal.migrate_folder("{id}.json", base=files, rules=Rules(type="t"))
                    check(found, source, said, before, entities(journal))
                    assert found.differences == []
                    if found.run is not None:
                        undone.append((before, entities(journal), was))
                elif what == "undo" and undone:
                    before, after, was = undone.pop()
                    if entities(journal) == after:
                        assert not journal.undo_migration().problem_counts
                        assert entities(journal) == before
                    else:
                        journal.undo_migration()
                    said = was
            assert journal.doctor(verify=True).ok
