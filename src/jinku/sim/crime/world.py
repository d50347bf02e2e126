"""Weeks of honest custom and a day with crime in it, from a scale and a seed.

Example::

    world = make_world(Scale(people=500), begins=day_begin_us, seed=7)
    [movement for movement in world.day if movement.scheme]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from jinku.sim.crime.custom import DAY_US, ordinary_day
from jinku.sim.crime.listed import AS_TYPED
from jinku.sim.crime.lookalikes import HABITS_DAYS, LOOKALIKES
from jinku.sim.crime.model import HONEST, Movement, Person, Scale, Story
from jinku.sim.crime.people import population
from jinku.sim.crime.schemes import PLANTED, Cast


@dataclass(frozen=True, slots=True)
class CrimeWorld:
    """People, what they did before, and the day; movements in order of time."""

    people: tuple[Person, ...]
    history: tuple[Movement, ...]
    """Honest movements of the weeks before."""
    day: tuple[Movement, ...]
    stories: tuple[Story, ...]
    """What was planted on the day, honest look-alikes included."""


def make_world(scale: Scale, begins: int, seed: int, listed: Sequence[str] = AS_TYPED) -> CrimeWorld:
    """The world that `seed` gives; the day begins at `begins` (µs UTC). `listed` are names on sanctions lists."""
    rng = Random(seed)
    people = population(rng, scale)
    history = [
        movement
        for ago in range(scale.history_days, 0, -1)
        for movement in ordinary_day(rng, people, begins - ago * DAY_US)
    ]
    cast, stories = Cast(rng, people, begins, tuple(listed)), list[Story]()
    for scheme, plant in PLANTED.items():
        for _ in range(scale.each):
            stories.append(_story(len(stories) + 1, scheme, scheme, list(plant(cast))))
    for name, act in LOOKALIKES.items():
        for _ in range(scale.each):
            stories.append(_story(len(stories) + 1, name, HONEST, list(act(cast))))
    history += [
        movement._replace(
            at=movement.at - ago * DAY_US, amount=max(100, round(movement.amount * rng.uniform(0.9, 1.1)))
        )
        for story in stories
        for ago in HABITS_DAYS.get(story.name, ())
        if ago <= scale.history_days
        for movement in story.movements
    ]
    history = [one._replace(story=0) for one in history]
    planted = [movement for story in stories for movement in story.movements]
    day = [*ordinary_day(rng, people, begins), *planted]
    return CrimeWorld(tuple(people), _in_time(history), _in_time(day), tuple(stories))


def _story(number: int, name: str, scheme: str, movements: list[Movement]) -> Story:
    told = tuple(one._replace(scheme=scheme, story=number) for one in movements)
    return Story(number, name, scheme, told)


def _in_time(movements: list[Movement]) -> tuple[Movement, ...]:
    return tuple(sorted(movements, key=lambda one: (one.at, one.payer, one.payee, one.amount)))
