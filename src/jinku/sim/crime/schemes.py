"""What thieves and launderers do, each scheme as a list of movements.

Rules:

1. Each function plants one story on the day that begins at `begins`, among the people of the `Cast`.
2. Amounts and gaps are drawn, so no story is a copy of another.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from jinku.sim.crime.custom import HOUR_US
from jinku.sim.crime.listed import AS_TYPED
from jinku.sim.crime.model import OUTSIDE, Movement, Person, Scheme
from jinku.sim.crime.people import NEW_DEVICES_FROM

MINUTE_US = HOUR_US // 60
REPORTED_FROM = 5_000_000
"""Cash deposits from 50,000 yuan are reported (PBOC Order [2016] No. 3, art. 5), in fen."""


@dataclass
class Cast:
    """Who may take part in stories; a person plays in one only."""

    rng: Random
    people: list[Person]
    begins: int
    listed: tuple[str, ...] = AS_TYPED
    _used: set[int] = field(default_factory=set)
    _device: int = NEW_DEVICES_FROM

    def someone(
        self, wanted: Callable[[Person], bool] = lambda one: not one.company and one.daily > 0
    ) -> Person:
        """A person who fits and has no part yet."""
        fitting = [one for one in self.people if one.number not in self._used and wanted(one)]
        found = self.rng.choice(fitting)
        self._used.add(found.number)
        return found

    def several(self, count: int) -> list[Person]:
        """As many persons without a part."""
        return [self.someone() for _ in range(count)]

    def new_device(self) -> int:
        """A device that nobody used before."""
        self._device += 1
        return self._device

    def at(self, first_hour: float, last_hour: float) -> int:
        """A moment of the day."""
        return self.begins + round(self.rng.uniform(first_hour, last_hour) * HOUR_US)

    def later(self, at: int, least_min: int, most_min: int) -> int:
        """Some minutes after `at`."""
        return at + self.rng.randint(least_min * MINUTE_US, most_min * MINUTE_US)


def takeover(cast: Cast) -> Iterator[Movement]:
    """A stranger's device, at night, four to seven payments of many times the usual amount to new payees."""
    victim, device, at = cast.someone(), cast.new_device(), cast.at(1, 5)
    for mule in cast.several(cast.rng.randint(4, 7)):
        amount = victim.median * cast.rng.randint(8, 20)
        yield Movement(
            at, "transfer", victim.number, mule.number, amount, device, 0, 900_000, "", Scheme.TAKEOVER
        )
        at = cast.later(at, 1, 6)


def card_test(cast: Cast) -> Iterator[Movement]:
    """Tiny payments at one terminal within minutes, then the large one."""
    victim, device, at = cast.someone(), cast.new_device(), cast.at(2, 20)
    shop = cast.rng.randint(1, 100)
    amounts = [cast.rng.randint(100, 500) for _ in range(cast.rng.randint(8, 14))]
    for amount in (*amounts, victim.median * cast.rng.randint(10, 25)):
        yield Movement(
            at, "payment", victim.number, shop, amount, device, shop, 900_001, "", Scheme.CARD_TEST
        )
        at += cast.rng.randint(5_000_000, 40_000_000)


def terminal(cast: Cast) -> Iterator[Movement]:
    """One shop's customers of the day before are debited there in one night."""
    shop, device = cast.rng.randint(1, 100), cast.new_device()
    for victim in cast.several(cast.rng.randint(6, 10)):
        amount = round(victim.median * cast.rng.uniform(1.5, 5))
        yield Movement(
            cast.at(1, 4), "payment", victim.number, shop, amount, device, shop, 900_002, "", Scheme.TERMINAL
        )


def persuaded(cast: Cast) -> Iterator[Movement]:
    """One payment, own device, by day, twice the usual amount, to a stranger."""
    victim, swindler = cast.someone(), cast.someone()
    amount = round(victim.median * cast.rng.uniform(1.2, 2.5))
    device = victim.devices[0]
    yield Movement(
        cast.at(10, 18), "transfer", victim.number, swindler.number, amount, device, 0, victim.address, "",
        Scheme.PERSUADED,
    )  # fmt: skip


def structuring(cast: Cast) -> Iterator[Movement]:
    """Four to six deposits within a day, each a little under what is reported."""
    person, at = cast.someone(), cast.at(9, 11)
    for _ in range(cast.rng.randint(4, 6)):
        amount = REPORTED_FROM - cast.rng.randint(10_000, 400_000)
        yield Movement(
            at,
            "deposit",
            OUTSIDE,
            person.number,
            amount,
            person.devices[0],
            0,
            person.address,
            "",
            Scheme.STRUCTURING,
        )
        at = cast.later(at, 20, 90)


def fan_in(cast: Cast) -> Iterator[Movement]:
    """Ten to sixteen pay one collector within two hours; nearly all of it leaves within the hour after."""
    collector, begun, total = cast.someone(), cast.at(9, 16), 0
    at = begun
    for payer in cast.several(cast.rng.randint(10, 16)):
        amount = cast.rng.randint(80_000, 190_000)
        total += amount
        yield Movement(
            at,
            "transfer",
            payer.number,
            collector.number,
            amount,
            payer.devices[0],
            0,
            payer.address,
            "",
            Scheme.FAN_IN,
        )
        at = cast.later(at, 2, 10)
    yield Movement(
        cast.later(at, 5, 40), "withdrawal", collector.number, OUTSIDE, round(total * 0.97), collector.devices[0], 0,
        collector.address, "", Scheme.FAN_IN,
    )  # fmt: skip


def scatter_gather(cast: Cast) -> Iterator[Movement]:
    """One pays five to eight, who each pass on nearly all of it to one within hours."""
    origin, target, at = cast.someone(), cast.someone(), cast.at(8, 12)
    for mule in cast.several(cast.rng.randint(5, 8)):
        amount = cast.rng.randint(300_000, 900_000)
        yield _passed(at, origin, mule.number, amount, Scheme.SCATTER_GATHER)
        onward = cast.later(at, 20, 120)
        yield _passed(onward, mule, target.number, round(amount * 0.98), Scheme.SCATTER_GATHER)
        at = cast.later(at, 2, 12)


def cycle(cast: Cast) -> Iterator[Movement]:
    """Money round three or four accounts and back within hours, a little less at each."""
    ring, at, amount = (
        cast.several(cast.rng.randint(3, 4)),
        cast.at(8, 15),
        cast.rng.randint(500_000, 2_000_000),
    )
    for payer, payee in pairwise([*ring, ring[0]]):
        yield _passed(at, payer, payee.number, amount, Scheme.CYCLE)
        at, amount = cast.later(at, 10, 60), round(amount * 0.985)


def dormant_mule(cast: Cast) -> Iterator[Movement]:
    """An account that was silent for weeks gets a large sum and passes it on in two parts."""
    mule, at = cast.someone(lambda one: one.daily == 0), cast.at(9, 15)
    payer, payees = cast.someone(), cast.several(2)
    amount = cast.rng.randint(2_000_000, 4_500_000)
    yield _passed(at, payer, mule.number, amount, Scheme.DORMANT)
    for payee in payees:
        at = cast.later(at, 5, 30)
        yield _passed(at, mule, payee.number, round(amount * 0.49), Scheme.DORMANT)


def listed(cast: Cast) -> Iterator[Movement]:
    """A payment out to a name that is on a list, spelt a little differently."""
    person = cast.someone()
    amount = round(person.median * cast.rng.uniform(1, 6))
    yield Movement(
        cast.at(9, 18), "withdrawal", person.number, OUTSIDE, amount, person.devices[0], 0, person.address,
        cast.rng.choice(cast.listed), Scheme.LISTED,
    )  # fmt: skip


def _passed(at: int, payer: Person, payee: int, amount: int, scheme: str) -> Movement:
    return Movement(
        at, "transfer", payer.number, payee, amount, payer.devices[0], 0, payer.address, "", scheme
    )


PLANTED: dict[Scheme, Callable[[Cast], Iterator[Movement]]] = {
    Scheme.TAKEOVER: takeover,
    Scheme.CARD_TEST: card_test,
    Scheme.TERMINAL: terminal,
    Scheme.PERSUADED: persuaded,
    Scheme.STRUCTURING: structuring,
    Scheme.FAN_IN: fan_in,
    Scheme.SCATTER_GATHER: scatter_gather,
    Scheme.CYCLE: cycle,
    Scheme.DORMANT: dormant_mule,
    Scheme.LISTED: listed,
}
