"""The simulated crime: one seed one world, every scheme planted and labelled, honest look-alikes not."""

from collections import Counter, defaultdict

import pytest

from jinku.sim.crime.custom import DAY_US, HOUR_US
from jinku.sim.crime.model import OUTSIDE, Movement, Scale, Scheme
from jinku.sim.crime.people import NEW_DEVICES_FROM
from jinku.sim.crime.schemes import REPORTED_FROM
from jinku.sim.crime.world import CrimeWorld, make_world

BEGINS = 1_795_104_000_000_000
SMALL = Scale(people=700, companies=12, shops=120, history_days=5, each=2)


@pytest.fixture(scope="module")
def world() -> CrimeWorld:
    return make_world(SMALL, BEGINS, seed=11)


def test_a_seed_gives_one_world(world: CrimeWorld) -> None:
    assert make_world(SMALL, BEGINS, seed=11) == world
    assert make_world(SMALL, BEGINS, seed=12) != world


def test_movements_come_in_order_of_time(world: CrimeWorld) -> None:
    for movements in (world.history, world.day):
        times = [one.at for one in movements]
        assert times == sorted(times)
    assert BEGINS - SMALL.history_days * DAY_US <= world.history[0].at
    assert world.day[0].at >= BEGINS
    assert all(one.amount > 0 for one in (*world.history, *world.day))


def test_history_is_honest_and_every_scheme_is_planted(world: CrimeWorld) -> None:
    assert not any(one.scheme for one in world.history)
    told = Counter(story.scheme for story in world.stories if story.scheme)
    assert told == dict.fromkeys(Scheme, SMALL.each)
    labelled = [one for one in world.day if one.scheme]
    assert len(labelled) == sum(len(story.movements) for story in world.stories if story.scheme)
    assert len(labelled) < len(world.day) / 4


def test_lookalikes_carry_no_label(world: CrimeWorld) -> None:
    honest = [story for story in world.stories if not story.scheme]
    assert len({story.name for story in honest}) == 6
    assert all(not one.scheme and one.story for story in honest for one in story.movements)


def stories(world: CrimeWorld, scheme: Scheme) -> list[tuple[Movement, ...]]:
    return [story.movements for story in world.stories if story.scheme == scheme]


def test_schemes_are_what_they_are_called(world: CrimeWorld) -> None:
    people = {one.number: one for one in world.people}
    for story in stories(world, Scheme.TAKEOVER):
        assert {one.device for one in story}.isdisjoint(people[story[0].payer].devices)
        assert story[0].device >= NEW_DEVICES_FROM
        assert all(one.amount >= 8 * people[one.payer].median for one in story)
    for story in stories(world, Scheme.STRUCTURING):
        assert all(one.payer == OUTSIDE and one.amount < REPORTED_FROM for one in story)
        assert sum(one.amount for one in story) > 3 * REPORTED_FROM
    for story in stories(world, Scheme.CYCLE):
        assert [one.payer for one in story[1:]] == [one.payee for one in story[:-1]]
        assert story[-1].payee == story[0].payer
    for story in stories(world, Scheme.FAN_IN):
        *paid, taken = story
        assert {one.payee for one in paid} == {taken.payer}
        assert taken.amount > 0.9 * sum(one.amount for one in paid)
        assert taken.at - paid[0].at < 4 * HOUR_US
    for story in stories(world, Scheme.DORMANT):
        assert people[story[0].payee].daily == 0
        assert story[0].payee not in {one.payer for one in world.history}


def test_money_that_goes_through_adds_up(world: CrimeWorld) -> None:
    for story in stories(world, Scheme.SCATTER_GATHER):
        came: dict[int, int] = defaultdict(int)
        left: dict[int, int] = defaultdict(int)
        for one in story:
            left[one.payer] += one.amount
            came[one.payee] += one.amount
        mules = came.keys() & left.keys()
        assert len(mules) >= 5
        assert all(0.97 < left[mule] / came[mule] < 1 for mule in mules)
