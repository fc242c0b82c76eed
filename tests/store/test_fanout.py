"""Spreading projections over folders, also later, and back."""

import json

from journal import Journal


def spread(store, *, on):
    path = store / ".journal" / "journal.toml"
    text = path.read_text().partition("\n[types.plan]")[0]
    path.write_text(text + ("\n[types.plan]\nfanout = true\n" if on else ""))


def shown(store):
    entities = store / ".journal" / "entities"
    return {str(path.relative_to(entities)): json.loads(path.read_text()) for path in entities.rglob("*.json")}


def test_projections_move_when_the_option_changes_and_back(tmp_path):
    Journal.init(tmp_path)
    with Journal.open(tmp_path) as journal:
        for number in range(20):
            journal.put("plan", f"p{number}", {"n": number})
        journal.put("note", "n", {"n": 0})
    flat = shown(tmp_path)
    spread(tmp_path, on=True)
    with Journal.open(tmp_path) as journal:
        assert len(journal.list("plan")) == 20
    fanned = shown(tmp_path)
    assert len(fanned) == len(flat)
    assert all(path.count("/") == 2 for path in fanned if path.startswith("plan"))
    spread(tmp_path, on=False)
    with Journal.open(tmp_path) as journal:
        journal.list("plan")
    assert shown(tmp_path) == flat


def test_a_hand_edit_in_the_old_place_stays_there(tmp_path):
    Journal.init(tmp_path)
    with Journal.open(tmp_path) as journal:
        journal.put("plan", "a", {"n": 1})
    edited = tmp_path / ".journal" / "entities" / "plan" / "a.json"
    edited.write_text('{"n": 99}')
    spread(tmp_path, on=True)
    with Journal.open(tmp_path) as journal:
        journal.list("plan")
    assert edited.read_text() == '{"n": 99}'
    assert len(shown(tmp_path)) == 2
