"""The group of competing consumers as a pure value: no event is lost, whatever consumers and clocks do."""

from hypothesis import given
from hypothesis import strategies as st

from journal.format.lines import BadLineError
from journal.state import vector
from journal.subscriptions import group as cursor
from journal.subscriptions.encoding import Saved, decode, encode
from journal.subscriptions.group import Group, Policy, ids_of
from journal.subscriptions.selection import Selection

LANES = ("aaaaaaaaaaaaa", "bbbbbbbbbbbbb")
HOLDERS = ("1111111111111", "2222222222222", "3333333333333")
POLICY = Policy(lease_seconds=10, retry_seconds=2, retry_seconds_max=15, attempts_max=3)

IDS = st.tuples(st.integers(1, 8), st.sampled_from(LANES))
STEPS = st.one_of(
    st.tuples(st.just("arrive"), st.lists(IDS, max_size=4), st.booleans()),
    st.tuples(st.just("claim"), st.sampled_from(HOLDERS), st.integers(1, 3)),
    st.tuples(st.sampled_from(("acknowledge", "retry", "park", "release")), st.sampled_from(HOLDERS), IDS),
    st.tuples(st.just("replay"), st.lists(IDS, max_size=2)),
    st.tuples(st.just("clock"), st.sampled_from((-1000.0, -3.0, 1.0, 5.0, 11.0, 1000.0))),
    st.tuples(st.just("die"), st.sampled_from(HOLDERS)),
    st.tuples(st.just("live"), st.sampled_from(HOLDERS)),
)


class World:
    """A group, a clock, who lives, and by plain sets what must be true of it."""

    def __init__(self):
        self.group, self.now, self.alive = Group(), 0.0, set(HOLDERS)
        self.wanted, self.acknowledged, self.parked = set(), set(), set()

    def is_alive(self, holder):
        return holder in self.alive

    def step(self, step):
        getattr(self, step[0])(*step[1:])
        self.check()

    def arrive(self, ids, passed_over):
        meant = [] if passed_over else ids
        self.wanted |= {id for id in meant if not vector.contains(self.group.taken, *id)}
        self.group = cursor.arrive(self.group, meant, ids_of(ids))

    def claim(self, holder, limit):
        due = cursor.due(self.group, self.now, self.is_alive)[:limit]
        before = self.group
        self.group, got = cursor.claim(self.group, due, holder, self.now, POLICY)
        for id in due:
            work = before.work[id]
            is_running = work.holder and work.since <= self.now < work.until and self.is_alive(work.holder)
            assert not is_running, "two hold one event"
            assert (id in got) == (work.attempts < POLICY.attempts_max)
        self.parked |= set(due) - set(got)

    def acknowledge(self, holder, id):
        if id in self.group.work or id in self.group.parked:
            self.acknowledged.add(id)
            self.parked.discard(id)
        self.group = cursor.acknowledge(self.group, [id])

    def retry(self, holder, id):
        held = id in self.group.work and self.group.work[id].holder == holder
        is_last = held and self.group.work[id].attempts >= POLICY.attempts_max
        after = cursor.retry(self.group, id, holder, self.now, POLICY, "ValueError")
        assert held or after is self.group
        self.parked |= {id} if is_last else set()
        self.group = after

    def park(self, holder, id):
        self.parked |= {id} if id in self.group.work and self.group.work[id].holder == holder else set()
        self.group = cursor.park(self.group, id, holder, self.now, "ValueError")

    def release(self, holder, id):
        self.group = cursor.release(self.group, [id], holder, is_untried=True)

    def replay(self, ids):
        self.parked -= set(ids)
        self.group = cursor.replay(self.group, ids)

    def clock(self, seconds):
        self.now += seconds

    def die(self, holder):
        self.alive.discard(holder)

    def live(self, holder):
        self.alive.add(holder)

    def check(self):
        group = self.group
        assert set(group.parked) == self.parked
        assert set(group.work) == self.wanted - self.acknowledged - self.parked
        assert vector.is_subset(ids_of(self.wanted), group.taken)
        assert not set(group.work) & set(group.parked)
        assert vector.is_subset(ids_of(self.acknowledged), group.done)
        assert all(work.attempts <= POLICY.attempts_max for work in group.work.values())


@given(st.lists(STEPS, max_size=40))
def test_no_event_is_lost_and_none_is_held_twice(steps):
    world = World()
    for step in steps:
        world.step(step)
    # Whatever happened: one patient consumer gets all that is neither acknowledged nor parked.
    left, got = set(world.group.work), set()
    world.alive.clear()
    for _ in range(20):
        due = cursor.due(world.group, world.now, world.is_alive)
        world.group, claimed = cursor.claim(world.group, due, "4444444444444", world.now, POLICY)
        got |= set(claimed)
        world.group = cursor.acknowledge(world.group, claimed)
        world.now += 5
    assert got | set(world.group.parked) >= left
    assert not world.group.work


@given(st.lists(STEPS, max_size=40))
def test_a_state_comes_back_from_its_bytes(steps):
    world = World()
    for step in steps:
        world.step(step)
    saved = Saved([1, [2, 3]], Selection(("plan",), ("order/*",), True), world.group)
    assert decode(encode(saved)) == saved


@given(st.lists(STEPS, max_size=10), st.data())
def test_a_changed_byte_of_a_state_is_found(steps, data):
    world = World()
    for step in steps:
        world.step(step)
    text = bytearray(encode(Saved([1, None], Selection(), world.group)))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(text))
    except BadLineError:
        return
    raise AssertionError("it was not found")


def one(attempts=0, **changes):
    group = cursor.arrive(Group(), [(1, LANES[0])], vector.of(LANES[0], 1, 1))
    for _ in range(attempts):
        group, _ = cursor.claim(group, [(1, LANES[0])], HOLDERS[0], 0.0, POLICY)
    return group


def due(group, now, alive=HOLDERS):
    return cursor.due(group, now, lambda holder: holder in alive)


def test_a_lease_keeps_others_away_until_it_ends_or_its_holder_dies():
    group = one(attempts=1)
    assert due(group, 0.0) == []
    assert due(group, 9.9) == []
    assert due(group, 10.0) == [(1, LANES[0])]
    assert due(group, 5.0, alive=()) == [(1, LANES[0])]


def test_a_clock_that_jumps_back_ends_a_lease_and_a_wait():
    assert due(one(attempts=1), -1.0) == [(1, LANES[0])]
    waiting = cursor.retry(one(attempts=1), (1, LANES[0]), HOLDERS[0], 100.0, POLICY, "")
    assert due(waiting, 101.0) == []
    assert due(waiting, 99.0) == [(1, LANES[0])]


def test_each_attempt_waits_twice_as_long_up_to_a_limit():
    assert [POLICY.backoff_seconds(n) for n in (1, 2, 3, 4, 500)] == [2, 4, 8, 15, 15]


def test_an_event_that_kills_its_consumers_is_parked_after_the_last():
    group = one(attempts=3)
    group, got = cursor.claim(group, due(group, 1.0, alive=()), HOLDERS[1], 1.0, POLICY)
    assert got == []
    assert group.parked[1, LANES[0]].attempts == 3


def test_who_lost_its_claim_can_still_acknowledge_but_not_retry_or_park():
    group, _ = cursor.claim(one(attempts=1), [(1, LANES[0])], HOLDERS[1], 20.0, POLICY)
    assert cursor.retry(group, (1, LANES[0]), HOLDERS[0], 20.0, POLICY, "") is group
    assert cursor.park(group, (1, LANES[0]), HOLDERS[0], 20.0, "") is group
    assert cursor.acknowledge(group, [(1, LANES[0])]).done == vector.of(LANES[0], 1, 1)


def test_a_replayed_event_has_all_its_attempts_again():
    group = cursor.park(one(attempts=3), (1, LANES[0]), HOLDERS[0], 0.0, "ValueError")
    group = cursor.replay(group)
    assert not group.parked
    assert group.work[1, LANES[0]].attempts == 0
    assert due(group, 0.0)
