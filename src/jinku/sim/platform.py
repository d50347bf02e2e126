"""The platform's own export of the day: one CSV row for each movement that the bank should show, with its own mistakes.

Rules:

1. The platform writes what it ordered before the cut-off, under the reference that the bank gets. It knows nothing of
   the ledger.
2. Some rows are left out, some stand twice, some are of orders that never were; each has a label. References in which
   the bank or we were made to err already are left alone.

Example::

    data, labels = platform_export(day, seed=7, per_class=3, taken={"202611201"})
"""

from collections.abc import Collection
from random import Random

from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text
from jinku.custody.orders.model import Deposit, Order
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.statements.model import Direction
from jinku.sim.bank import SEEN
from jinku.sim.day import Day
from jinku.sim.errors import SimulationFault
from jinku.sim.labels import Label

_COLUMNS = ("id", "reference", "amount", "direction", "date")
_NEVER = 98_000_000_000_000_000
"""Numbers from here on are of orders that nobody gave."""
_CENT = 2


def platform_export(
    day: Day, seed: int, per_class: int, taken: Collection[str]
) -> tuple[bytes, tuple[Label, ...]]:
    """The export as CSV bytes, and the labels of what is wrong in it."""
    rng = Random(seed ^ 0x9A7F)
    orders = _orders(day)
    free = [one for one in orders if isinstance(one, Deposit) and str(one.reference) not in taken]
    amounts = [one.amount for one in free]
    free = [one for one in free if amounts.count(one.amount) == 1]
    if len(free) < 2 * per_class:
        raise SimulationFault("the day is too small for so many of the platform's mistakes")
    chosen = rng.sample(free, 2 * per_class)
    left_out, twice = chosen[:per_class], chosen[per_class:]
    labels = [
        Label(BreakClass.MISSING_IN_PLATFORM, str(one.reference), 0, "the platform lost it", one.amount)
        for one in left_out
    ]
    labels += [
        Label(
            BreakClass.DUPLICATE_IN_PLATFORM,
            str(one.reference),
            0,
            "the platform wrote it twice",
            -one.amount,
        )
        for one in twice
    ]
    gone = {one.id for one in left_out}
    rows = [
        _row(one, f"{day.day:%Y%m%d}-{place}") for place, one in enumerate(orders, 1) if one.id not in gone
    ]
    rows += [_row(one, f"again-{place}") for place, one in enumerate(twice, 1)]
    for place in range(1, per_class + 1):
        reference, amount = str(_NEVER + rng.randrange(10**12)), rng.randrange(10_000, 5_000_000)
        rows.append((f"never-{place}", reference, format_minor(amount, _CENT), "C", day.day.isoformat()))
        story = "the platform invented it"
        labels.append(Label(BreakClass.ONLY_IN_PLATFORM, reference, 0, story, -amount))
    return csv_text(_COLUMNS, rows).encode(), tuple(labels)


def _orders(day: Day) -> list[Order]:
    """Every order before the cut-off that moves the bank's account; a notice that we booked twice stands once."""
    found: dict[int, Order] = {}
    for act in day.acts:
        for order in act.orders:
            if type(order) in SEEN and order.day <= day.day and order.id not in act.refused:
                found.setdefault(order.reference, order)
    return list(found.values())


def _row(order: Order, number: str) -> tuple[str, ...]:
    money_in = SEEN[type(order)][0] is Direction.CREDIT
    amount = format_minor(getattr(order, "amount", 0), _CENT)
    return (number, str(order.reference), amount, "C" if money_in else "D", order.day.isoformat())
