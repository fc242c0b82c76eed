"""The join of entity states: any order, any grouping, any split, with holes, gives the same bytes.

How: random worlds of replicas (replicas.py) that write, merge, drop history and bring it back; so the
sets of events are not causally closed. An oracle by brute force says what every state must be.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from replicas import (
    ALL,
    ENTITIES,
    NOTHING,
    add,
    has,
    histories,
    join_known,
    known,
    meaning,
    meaning_of,
    some,
    stored,
    text,
    worlds,
)

from journal.state import vector
from journal.state.entity import NO_HOLES, Past, apply, normal
from journal.state.value import conflicts, value

# These carry the guarantee that all clones agree: they get more examples than others.
thorough = settings(max_examples=4 * settings.default.max_examples)

STRATEGIES = [{}, {"tags": "union", "x": "max", "y": "min"}]


@given(worlds())
def test_what_a_header_says_is_what_the_writer_held(world):
    for event in world.events.values():
        saw = {id for id in world.events if event.past.has(id, event.id)}
        assert saw == event.saw
        seen = event.past.seen_by(event.id[0])
        assert {id for id in world.events if vector.contains(seen, *id)} == event.saw


@thorough
@given(histories())
def test_the_state_is_what_the_definition_says(history):
    world, events = history
    here = known(events)
    assert set(here.states) == {event.entity for event in events.values()}
    for entity, state in here.states.items():
        assert meaning_of(normal(state, here.has), world) == meaning(events, entity)
        assert state.rev == max(event.change.rev for event in events.values() if event.entity == entity)


@thorough
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(history, random):
    _, events = history
    shuffled = list(events.values())
    random.shuffle(shuffled)
    assert text(add(NOTHING, shuffled)) == text(known(events))


@thorough
@given(histories(), st.randoms(use_true_random=False))
def test_batches_in_the_total_order_give_the_same_bytes(history, random):
    _, events = history
    here = NOTHING
    rest = list(events)
    random.shuffle(rest)
    while rest:
        size = random.randint(1, len(rest))
        batch, rest = sorted(rest[:size]), rest[size:]
        here = add(here, [events[id] for id in batch])
    assert text(here) == text(known(events))


@thorough
@given(histories(), st.lists(st.integers(0, ALL), max_size=4), st.randoms(use_true_random=False))
def test_any_grouping_gives_the_same_bytes(history, masks, random):
    """The groups overlap, and are joined as a random tree."""
    _, events = history
    groups = [some(events, mask) for mask in masks]
    groups.append({id: event for id, event in events.items() if not any(id in group for group in groups)})
    parts = []
    for group in groups:
        shuffled = list(group.values())
        random.shuffle(shuffled)
        parts.append(add(NOTHING, shuffled))
    while len(parts) > 1:
        random.shuffle(parts)
        parts.append(join_known(parts.pop(), parts.pop()))
    assert text(parts[0]) == text(known(events))


@thorough
@given(histories(), st.integers(0, ALL), st.integers(0, ALL), st.randoms(use_true_random=False))
def test_checkpoints_and_the_rest_give_the_same_bytes(history, first, second, random):
    _, events = history
    rest = list(events.values())
    random.shuffle(rest)
    here = join_known(stored(known(some(events, first))), stored(known(some(events, second))))
    after = add(here, [event for event in rest if not vector.contains(here.has, *event.id)])
    assert text(after) == text(known(events))


@given(histories(), st.integers(0, ALL))
def test_a_checkpoint_joined_into_what_is_here_already_changes_nothing(history, mask):
    _, events = history
    here = known(events)
    assert text(join_known(here, here)) == text(here)
    assert text(join_known(here, stored(known(some(events, mask))))) == text(here)
    assert text(join_known(stored(known(some(events, mask))), here)) == text(here)


@given(histories())
def test_a_state_survives_its_encoding(history):
    _, events = history
    here = known(events)
    again = stored(here)
    assert again.states == here.states
    assert text(again) == text(here)


@given(histories(), st.randoms(use_true_random=False), st.sampled_from(STRATEGIES))
def test_equal_states_show_the_same_and_list_the_same_conflicts(history, random, strategies):
    _, events = history
    shuffled = list(events.values())
    random.shuffle(shuffled)
    one, other = known(events), add(NOTHING, shuffled)
    for entity, state in one.states.items():
        assert value(state, strategies) == value(other.states[entity], strategies)
        assert conflicts(state, strategies) == conflicts(other.states[entity], strategies)


@given(histories())
def test_nothing_is_missing_where_nothing_was_dropped(history):
    world, events = history
    closed = {seen for event in events.values() for seen in event.saw} | set(events)
    here = known({id: world.events[id] for id in closed})
    while missing := {seen for id in closed for seen in world.events[id].saw} - closed:
        closed |= missing
        here = known({id: world.events[id] for id in closed})
    assert all(normal(state, here.has).holes is NO_HOLES for state in here.states.values())


@given(worlds())
def test_replicas_that_hold_the_same_events_agree(world):
    world.meet()
    first, *others = [known(replica.held) for replica in world.replicas]
    assert all(text(other) == text(first) for other in others)


@given(worlds(), st.sampled_from(ENTITIES))
def test_with_one_head_the_value_is_its_image(world, entity):
    for replica in world.replicas:
        state = known(replica.held).states.get(entity)
        if state is not None and len(state.heads) == 1:
            last = max(id for id, event in replica.held.items() if event.entity == entity)
            assert value(state, {}) == replica.held[last].change.image


@given(worlds(), st.sampled_from(ENTITIES))
def test_an_event_that_saw_all_settles_what_it_names(world, entity):
    world.meet()
    world.write(0, entity, {"x": 1, "y": 2, "tags": []}, named=["x", "y", "tags"])
    state = world.state(0, entity)
    assert len(state.heads) == 1
    assert conflicts(state, {}) == []
    assert value(state, {}) == {"x": 1, "y": 2, "tags": []}


@thorough
@given(histories(), st.randoms(use_true_random=False))
def test_what_is_hidden_may_be_given_for_a_whole_segment(history, random):
    """A reader that computes ``hidden`` once per segment names ids that the segment's first events did not see."""
    _, events = history
    order = list(events.values())
    random.shuffle(order)
    states, ids = {}, vector.EMPTY
    for event in order:
        lane, first = event.past.lane, event.past.first
        last = max(other.id[0] for other in events.values() if other.past is event.past)
        whole = vector.union(event.past.sees, vector.of(lane, first, last))
        past = Past(lane, first, event.past.sees, vector.subtract(whole, ids))
        states[event.entity] = apply(states.get(event.entity), event.change, past)
        ids = vector.union(ids, event.span)
    assert ids == has(events.values())
    assert text(known(events)) == text(NOTHING._replace(states=states, has=ids))


@given(histories(), st.integers(0, ALL), st.sampled_from(STRATEGIES))
def test_a_strategy_only_reads_and_does_not_see_how_events_came_together(history, mask, strategies):
    _, events = history
    here = known(events)
    before = text(here)
    shown = {entity: value(state, strategies) for entity, state in here.states.items()}
    joined = join_known(stored(known(some(events, mask))), stored(here))
    assert {entity: value(normal(state, joined.has), strategies) for entity, state in joined.states.items()} == shown
    assert text(here) == before
