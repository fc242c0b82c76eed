"""What programs do with streams and position tokens, and what people take out."""

import random

from journal import Conflict
from journal.errors import GitError, NotFoundError, RefusedError
from tests.fuzz.operation import Operation
from tests.fuzz.places import Place
from tests.fuzz.world import Token, World

STREAMS = ("order/1", "Log")
TOKENS_MAX = 8


def _data(world: World, chance: random.Random) -> dict[str, object]:
    return {"said": world.word(chance), "n": chance.randint(0, 3)}


def append(world: World, place: Place, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 3])):
        stream, data = chance.choice(STREAMS), _data(world, chance)
        place.say(f"journal append {stream} {data}")
        place.journal.append(stream, "Said", data)


def append_once(world: World, place: Place, chance: random.Random) -> None:
    """Two clones may both be the first to use a key."""
    stream, key, data = chance.choice(STREAMS), f"k{chance.randint(1, 5)}", {"n": chance.randint(0, 1)}
    place.say(f"journal append {stream} --key {key} {data}")
    first = place.journal.append(stream, "Once", data, key=key)
    again = place.journal.append(stream, "Once", data, key=key)
    assert isinstance(first, Conflict) or (not isinstance(again, Conflict) and again.id == first.id)


def append_as_expected(world: World, place: Place, chance: random.Random) -> None:
    stream = chance.choice(STREAMS)
    length = place.journal.stream(stream).length
    place.say(f"journal append {stream} --expect {length}")
    done = place.journal.append(stream, "Expected", _data(world, chance), expect=length)
    assert not isinstance(done, Conflict), done
    assert done.position == length + 1
    assert isinstance(place.journal.append(stream, "Expected", {}, expect=length), Conflict)


def append_batch(world: World, place: Place, chance: random.Random) -> None:
    stream, several = chance.choice(STREAMS), [("Part", _data(world, chance)) for _ in range(chance.randint(1, 5))]
    place.say(f"journal append_batch {stream} of {len(several)}")
    done = place.journal.append_batch(stream, several)
    assert not isinstance(done, Conflict), done
    positions = [event.position for event in done]
    assert positions == list(range(positions[0], positions[0] + len(several)))


def truncate(world: World, place: Place, chance: random.Random) -> None:
    stream = chance.choice(STREAMS)
    length = place.journal.stream(stream).length
    if length:
        through = chance.randint(1, length)
        place.say(f"journal truncate {stream} --through {through}")
        place.journal.truncate(stream, through=through)


def remember(world: World, place: Place, chance: random.Random) -> None:
    """A reader keeps its token; any clone may be asked to go on from it."""
    place.say("journal position")
    world.tokens.append(Token(place.journal.position(), place.holding.all))
    del world.tokens[:-TOKENS_MAX]


def redact(world: World, place: Place, chance: random.Random) -> None:
    """Take out a text that somebody wrote, a field, or all of an event."""
    journal, what = place.journal, chance.choice(["value", "value", "field", "entity", "event"])
    asked: dict[str, str] = {}
    if what == "value":
        asked = {"value": f"v{chance.randint(max(1, world.count - 30), world.count)}"} if world.count else {}
    elif what == "event":
        events = [event.id for event in journal.read_all() if event.kind != "note"]
        asked = {"event": chance.choice(events)} if events else {}
    else:
        entities = journal.list()
        if entities:
            entity = chance.choice(entities)
            asked = {"type": entity.type, "id": entity.id}
            if what == "field":
                asked["field"] = chance.choice(sorted(entity.data) or ["title"])
    if not asked:
        return
    place.say(f"journal redact {asked}")
    try:
        journal.redact(**asked, reason="leaked", commit=chance.random() < 0.6)  # type: ignore[arg-type]
    except (GitError, NotFoundError, RefusedError) as error:
        place.say(f"refused: {error}")


OPERATIONS = (
    Operation("append", 8, append, writes=True, keeps=True),
    Operation("append-once", 5, append_once, writes=True, keeps=True),
    Operation("append-as-expected", 3, append_as_expected, writes=True, keeps=True),
    Operation("append-batch", 3, append_batch, writes=True, keeps=True),
    Operation("truncate", 3, truncate, writes=True, keeps=True),
    Operation("remember", 4, remember, keeps=True),
    Operation("redact", 3, redact, writes=True, keeps=True),
)
