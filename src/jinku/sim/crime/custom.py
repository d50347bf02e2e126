"""Ordinary days: shopping, paying friends, money from and to one's own bank."""

from collections.abc import Iterator, Sequence
from random import Random

from jinku.sim.crime.model import OUTSIDE, Movement, Person

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SPREAD = 0.6
_KINDS = ("payment", "transfer", "deposit", "withdrawal")
_SHARES = (70, 15, 9, 6)


def ordinary_day(rng: Random, people: Sequence[Person], begins: int) -> Iterator[Movement]:
    """Movements of the day that begins at `begins` (µs), person by person, not in order of time."""
    for person in people:
        whole = int(person.daily)
        for _ in range(whole + (rng.random() < person.daily - whole)):
            yield ordinary(rng, person, moment(rng, person, begins))


def ordinary(rng: Random, person: Person, at: int) -> Movement:
    """One movement as `person` makes them."""
    kind = rng.choices(_KINDS, _SHARES)[0]
    amount = max(100, round(person.median * rng.lognormvariate(0, SPREAD)))
    device, number = rng.choice(person.devices), person.number
    if kind == "payment":
        shop = rng.choice(person.shops)
        return Movement(at, kind, number, shop, amount, device, shop, person.address)
    if kind == "transfer":
        return Movement(at, kind, number, rng.choice(person.friends), amount, device, 0, person.address)
    large = amount * rng.choice((5, 10, 20))
    if kind == "deposit":
        return Movement(at, kind, OUTSIDE, number, large, device, 0, person.address)
    return Movement(at, kind, number, OUTSIDE, large // 2, device, 0, person.address)


def moment(rng: Random, person: Person, begins: int) -> int:
    """A moment when `person` is awake on the day that begins at `begins`; a night worker's goes past midnight."""
    hour = rng.uniform(person.first_hour, person.last_hour) % 24
    return begins + round(hour * HOUR_US)
