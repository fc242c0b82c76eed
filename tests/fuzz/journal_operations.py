"""What people and programs do with the journal itself."""

import json
import os
import random

from journal import ABSENT, Conflict
from journal.errors import GitError, JournalError, NotFoundError
from tests.fuzz.operation import Operation
from tests.fuzz.places import Place
from tests.fuzz.world import World

ENTITIES = (("plan", "a"), ("plan", "b"), ("task", "x/Y"), ("spread", "s1"))
KEYS = ("k", "stock/Sku-1")
PACKED = (".journal/archive", ".journal/checkpoints", ".journal/segments")
FIELDS = ("title", "status", "owner", "zone")


def _document(world: World, chance: random.Random) -> dict[str, object]:
    fields = chance.sample(FIELDS, chance.randint(1, len(FIELDS)))
    document: dict[str, object] = {name: world.word(chance) for name in fields}
    if chance.random() < 0.4:
        document["tags"] = chance.sample(["red", "green", "blue"], chance.randint(0, 3))
    if chance.random() < 0.4:
        document["votes"] = chance.randint(0, 9)
    if chance.random() < 0.1:
        # Never twice the same: git takes segments that say much the same for one that was renamed.
        document["text"] = " ".join(f"{chance.getrandbits(40):x}" for _ in range(chance.randint(20, 200)))
    return document


def _key(chance: random.Random) -> tuple[str, str]:
    return chance.choice(ENTITIES)


def put(world: World, place: Place, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2, 4])):
        key, document = _key(chance), _document(world, chance)
        place.say(f"journal put {key} {document}")
        place.journal.put(*key, document)


def set_fields(world: World, place: Place, chance: random.Random) -> None:
    key, document = _key(chance), _document(world, chance)
    place.say(f"journal put {key} --set {document}")
    place.journal.put(*key, set=document)


def put_much(world: World, place: Place, chance: random.Random) -> None:
    """A payload that is too long for a line goes to a blob."""
    key = _key(chance)
    place.say(f"journal put {key} of 70 KB")
    place.journal.put(*key, {"title": world.word(chance), "text": f"{chance.getrandbits(280_000):x}"})


def edit_by_hand(world: World, place: Place, chance: random.Random) -> None:
    """A person edits a readable file; nothing that the journal does may lose that."""
    found = sorted(path for path, text in place.files().items() if text.startswith(b"{") and b"<<<<" not in text)
    if found:
        path = chance.choice(found)
        place.say(f"edit {path}")
        text = place.files()[path].replace(b"{", b'{\n  "by hand": "%s",' % world.word(chance).encode(), 1)
        with open(os.path.join(place.root, path), "wb") as file:
            file.write(text)
        place.edits[path] = text


def delete(world: World, place: Place, chance: random.Random) -> None:
    key = _key(chance)
    place.say(f"journal delete {key}")
    try:
        place.journal.delete(*key)
    except NotFoundError:
        place.say("there is none")


def mutate(world: World, place: Place, chance: random.Random) -> None:
    """Change what is there; now and then by a reference to a blob that was just put."""
    key, document = _key(chance), _document(world, chance)
    if chance.random() < 0.4:
        document["file"] = place.journal.blobs.put(chance.randbytes(chance.randint(0, 2000)))
    place.say(f"journal mutate {key} {document}")
    try:
        place.journal.mutate(*key, lambda data: {**data, **document})
    except NotFoundError:
        place.say("there is none")


def transaction(world: World, place: Place, chance: random.Random) -> None:
    keys = chance.sample(ENTITIES, chance.randint(2, 3))
    place.say(f"journal transaction {keys}")
    with place.journal.transaction(summary="several") as together:
        for key in keys:
            together.put(*key, _document(world, chance))


def put_key(world: World, place: Place, chance: random.Random) -> None:
    key, value = chance.choice(KEYS), world.word(chance)
    place.say(f"journal kv put {key} {value}")
    place.journal.kv.put(key, value)


def swap_key(world: World, place: Place, chance: random.Random) -> None:
    """Compare and set, or compare and delete, by one who has read."""
    key = chance.choice(KEYS)
    expected = place.journal.kv.get(key, ABSENT)
    value = ABSENT if chance.random() < 0.3 else world.word(chance)
    place.say(f"journal kv cas {key} {expected} {value}")
    assert not isinstance(place.journal.kv.cas(key, expected=expected, value=value), Conflict)


def put_by_command(world: World, place: Place, chance: random.Random) -> None:
    key, document = _key(chance), _document(world, chance)
    ended = place.command("put", *key, json.dumps(document))
    assert ended.status == 0, ended.error


def absorb(world: World, place: Place, chance: random.Random) -> None:
    """Make events of what people edited."""
    place.say("journal absorb")
    try:
        place.journal.absorb()
    except JournalError as error:
        place.say(f"refused: {error}")
    place.edits.clear()


def restore(world: World, place: Place, chance: random.Random) -> None:
    """Put back what people edited; their files are parked."""
    place.say("journal restore")
    place.journal.restore()
    place.edits.clear()


def checkpoint(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal checkpoint")
    place.journal.checkpoint()


def compact(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal compact")
    did = place.journal.compact()
    place.say(f"packed {len(did.packed)} removed {did.removed}")


def compact_and_commit(world: World, place: Place, chance: random.Random) -> None:
    """Both phases at once, as the automatic compaction does."""
    place.say("journal compact --commit")
    try:
        did = place.journal.compact(commit=True)
    except GitError as error:
        place.say(f"refused: {error}")
        return
    place.say(f"packed {len(did.packed)} removed {did.removed} in {did.commits}")


def compact_in_parts(world: World, place: Place, chance: random.Random) -> None:
    """Compact, commit some of what that left, unstage some, and compact again."""
    for _ in range(chance.randint(1, 3)):
        compact(world, place, chance)
        told = place.ask("status", "--porcelain", "--no-renames", "-uall", "--", *PACKED)
        paths = [path for path in told if path.startswith(".journal/")]
        if paths:
            place.git("add", "-A", "--ignore-errors", "--", *chance.sample(paths, chance.randint(1, len(paths))))
        if chance.random() < 0.3:
            place.git("restore", "--staged", "--", *PACKED)
        elif chance.random() < 0.7:
            place.git("commit", "-q", "-m", "a part of a compaction")


def commit(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal commit")
    try:
        place.journal.commit("journal")
    except GitError as error:
        place.say(f"refused: {error}")


def stage(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal stage")
    try:
        place.journal.stage()
    except GitError as error:
        place.say(f"refused: {error}")
        return
    if chance.random() < 0.7:
        place.git("commit", "-q", "-m", "staged")


def reconcile(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal reconcile")
    place.journal.reconcile()


def read(world: World, place: Place, chance: random.Random) -> None:
    place.say("journal list")
    place.journal.list()


def reopen(world: World, place: Place, chance: random.Random) -> None:
    place.say("the program ends")
    place.close()


OPERATIONS = (
    Operation("put", 12, put, writes=True, keeps=True),
    Operation("set-fields", 8, set_fields, writes=True, keeps=True),
    Operation("mutate", 4, mutate, writes=True, keeps=True),
    Operation("put-much", 1, put_much, writes=True, keeps=True),
    Operation("edit-by-hand", 2, edit_by_hand, keeps=True),
    Operation("absorb", 2, absorb, writes=True, keeps=True),
    Operation("restore", 1, restore, keeps=True),
    Operation("delete", 3, delete, writes=True, keeps=True),
    Operation("transaction", 3, transaction, writes=True, keeps=True),
    Operation("put-key", 3, put_key, writes=True, keeps=True),
    Operation("swap-key", 2, swap_key, writes=True, keeps=True),
    Operation("put-by-command", 1, put_by_command, writes=True, keeps=True),
    Operation("checkpoint", 3, checkpoint, writes=True, keeps=True),
    Operation("compact", 6, compact, writes=True, keeps=True),
    Operation("compact-and-commit", 2, compact_and_commit, writes=True, keeps=True),
    Operation("compact-in-parts", 2, compact_in_parts, writes=True, keeps=True),
    Operation("journal-commit", 10, commit, writes=True, keeps=True),
    Operation("journal-stage", 3, stage, keeps=True),
    Operation("reconcile", 2, reconcile, keeps=True),
    Operation("read", 3, read, keeps=True),
    Operation("reopen", 4, reopen, keeps=True),
)
