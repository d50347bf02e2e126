"""Honest people who look like thieves: what a careful desk must not hold too often."""

from collections.abc import Callable, Iterator

from jinku.sim.crime.custom import HOUR_US
from jinku.sim.crime.listed import NAMESAKES
from jinku.sim.crime.model import OUTSIDE, Movement
from jinku.sim.crime.schemes import Cast


def new_phone(cast: Cast) -> Iterator[Movement]:
    """A new device, and then an ordinary day on it."""
    person, device, at = cast.someone(), cast.new_device(), cast.at(9, 12)
    for _ in range(4):
        shop, amount = cast.rng.choice(person.shops), round(person.median * cast.rng.uniform(0.6, 1.6))
        yield Movement(at, "payment", person.number, shop, amount, device, shop, person.address)
        at = cast.later(at, 30, 120)


def house_bought(cast: Cast) -> Iterator[Movement]:
    """One payment of a hundred times the usual, on the own device, by day."""
    person = cast.someone()
    yield Movement(
        cast.at(10, 16), "withdrawal", person.number, OUTSIDE, person.median * cast.rng.randint(60, 120),
        person.devices[0], 0, person.address, "Harbour Homes Ltd",
    )  # fmt: skip


def wedding(cast: Cast) -> Iterator[Movement]:
    """Twelve friends give money on one afternoon; it stays where it is."""
    couple, at = cast.someone(), cast.at(12, 15)
    for friend in cast.several(12):
        amount = cast.rng.choice((60_000, 88_800, 100_000))
        yield Movement(
            at, "transfer", friend.number, couple.number, amount, friend.devices[0], 0, friend.address
        )
        at = cast.later(at, 1, 9)


def wages(cast: Cast) -> Iterator[Movement]:
    """A company pays thirty people within ten minutes, as it does every month."""
    company, at = cast.someone(lambda one: one.company), cast.at(9, 10)
    for worker in cast.several(30):
        amount = cast.rng.randint(500_000, 1_200_000)
        yield Movement(
            at, "transfer", company.number, worker.number, amount, company.devices[0], 0, company.address
        )
        at += cast.rng.randint(1_000_000, 20_000_000)


def shopkeeper(cast: Cast) -> Iterator[Movement]:
    """Cash takings paid in, well under what is reported, twice a day."""
    person, at = cast.someone(), cast.at(10, 12)
    for _ in range(2):
        yield Movement(
            at, "deposit", OUTSIDE, person.number, cast.rng.randint(1_500_000, 3_500_000), person.devices[0], 0,
            person.address,
        )  # fmt: skip
        at += 6 * HOUR_US


def namesake(cast: Cast) -> Iterator[Movement]:
    """Money to somebody whose name shares a word with a listed one."""
    person = cast.someone()
    yield Movement(
        cast.at(9, 18), "withdrawal", person.number, OUTSIDE, person.median * 3, person.devices[0], 0,
        person.address, cast.rng.choice(NAMESAKES),
    )  # fmt: skip


LOOKALIKES: dict[str, Callable[[Cast], Iterator[Movement]]] = {
    "new_phone": new_phone,
    "house_bought": house_bought,
    "wedding": wedding,
    "wages": wages,
    "shopkeeper": shopkeeper,
    "namesake": namesake,
}
HABITS_DAYS: dict[str, tuple[int, ...]] = {"wages": (30,), "shopkeeper": (1, 2, 3, 7, 8, 9, 14, 15, 21, 22)}
"""How many days before the day the same people did the same: wages are paid every month, takings brought most days."""
