"""One day of the platform, from taking over yesterday's balances to after the cut-off.

Rules:

1. The day is a pure function of chart, date, scale and seed: the same seed gives the same parties, orders
   and amounts.
2. Acts are in order of time. Within an act given by many callers at once the order does not matter: whatever
   order the ledger sees, the outcome is the same.
3. The simulator's own books say what every balance must be at the end; they share no code with the ledger.

Example::

    day = make_day(Chart(entity=1, currency=156), date(2026, 11, 20), SMALL, seed=7)
    sum(len(act.orders) for act in day.acts)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from jinku.base.money import allot
from jinku.custody.parties.people import Party
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Role
from jinku.sim import cash, lending, market
from jinku.sim.labels import Label
from jinku.sim.people import population
from jinku.sim.scale import CUT_OFF_SLOT, HOURLY_WEIGHTS, SWEEP_SLOTS, Scale
from jinku.sim.world import Act, World

BASE_SLOT = 1


@dataclass(frozen=True, slots=True)
class Day:
    """The simulated day."""

    chart: Chart
    day: date
    parties: tuple[Party, ...]
    acts: tuple[Act, ...]
    balances: Mapping[int, int]
    """What every account must hold at the end (minor units, on its normal side), by account id."""
    labels: tuple[Label, ...]
    """Differences to the bank that our own side of the day contains."""
    opening: int
    """What the bank held when the day began."""
    closes: int
    """A quarter of an hour after the cut-off, when the day can be closed (UTC ns)."""


def make_day(chart: Chart, day: date, scale: Scale, seed: int) -> Day:
    """The day that `seed` gives."""
    rng = Random(seed)
    world = World(chart, day, rng, scale, population(rng, scale))
    labels: list[Label] = []
    acts = [Act(world.moment(0), "balances taken over", tuple(cash.taken_over(world, world.moment(0))))]
    opening = world.books.balances[world.own(Kind.BANK_MIRROR)]
    acts += [_carried_over(world, labels), *_slots(world, labels), _after_cut_off(world)]
    return Day(
        chart=chart,
        day=day,
        parties=tuple(world.parties),
        acts=tuple(_resent(world, act) for act in acts if act.orders),
        balances=dict(world.books.balances),
        labels=tuple(labels),
        opening=opening,
        closes=world.moment(CUT_OFF_SLOT, 900),
    )


def _slots(world: World, labels: list[Label]) -> Iterator[Act]:
    scale, till = world.scale, cash.Cash()
    projects, loans = market.market(world), lending.loans(world)
    weights = [HOURLY_WEIGHTS[slot // 2] for slot in range(CUT_OFF_SLOT)]
    coming, going = allot(scale.deposits, weights), allot(scale.withdrawals, weights)
    strays = world.rng.sample(range(16, 44), scale.unidentified)
    again = world.rng.sample(range(18, 44), scale.breaks_per_class)
    for slot in range(BASE_SLOT, CUT_OFF_SLOT):

        def at(minute: int, slot: int = slot) -> int:
            return world.moment(slot, minute * 60)

        due = [loan for loan in loans if loan.slot == slot]
        yield Act(at(0), "channel brings its takings", tuple(cash.channel_settled(world, till, at(0))))
        came = cash.deposits(world, till, at(3), coming[slot])
        yield Act(at(3), "deposits", (*came, *lending.topping_up(world, due, at(3))), by_many=True)
        if slot in again:
            yield _booked_twice(world, labels, at(5))
        if slot in strays:
            yield Act(at(6), "receipts without an owner", tuple(cash.unidentified(world, at(6))))
        yield Act(at(9), "what the bank says of payouts", tuple(cash.payouts(world, till, at(9))))
        asked = cash.withdrawals(world, till, at(12), going[slot])
        yield Act(at(12), "withdrawals asked for", tuple(asked), by_many=True)
        offered, refused = market.bids(world, projects, at(15), slot)
        yield Act(at(15), "bids", tuple(offered), by_many=True, refused=refused)
        yield from market.closings(world, projects, at(18), slot)
        yield Act(at(21), "repayments", tuple(lending.repayments(world, due, at(21))))
        yield Act(at(24), "refunds", tuple(market.refunds(world, projects, at(24))))
        if slot in SWEEP_SLOTS:
            yield Act(at(27), "fees leave the client pool", tuple(cash.sweep(world, at(27))))
    last = world.moment(
        CUT_OFF_SLOT - 1, 28 * 60
    )  # what is booked at the cut-off's own second comes after it
    yield Act(last, "channel brings its takings", tuple(cash.channel_settled(world, till, last)))


def _carried_over(world: World, labels: list[Label]) -> Act:
    """Deposits of the day before that the bank books only today."""
    moment, investors = world.moment(0, 60), world.accounts(Role.INVESTOR)
    orders = [
        cash.deposit(world, moment, world.rng.choice(investors), cash.some_amount(world), world.day_before)
        for _ in range(world.scale.breaks_per_class)
    ]
    story = "booked by the bank a day later"
    labels += [Label(BreakClass.LATE, str(one.reference), 0, story) for one in orders]
    return Act(moment, "carried over from the day before", tuple(orders))


def _after_cut_off(world: World) -> Act:
    """Deposits after the cut-off belong to the next business day: neither side of today has them."""
    moment, investors = world.moment(CUT_OFF_SLOT, 600), world.accounts(Role.INVESTOR)
    orders = [
        cash.deposit(world, moment, world.rng.choice(investors), cash.some_amount(world), world.day_after)
        for _ in range(world.scale.breaks_per_class)
    ]
    return Act(moment, "deposits after the cut-off", tuple(orders), by_many=True)


def _booked_twice(world: World, labels: list[Label], moment: int) -> Act:
    """A deposit, and the bank's notice of it booked a second time."""
    account = world.rng.choice(world.accounts(Role.INVESTOR))
    first = cash.deposit(world, moment, account, cash.some_amount(world))
    again = cash.deposit_again(world, moment, first)
    labels.append(
        Label(
            BreakClass.DUPLICATE_IN_BOOKS,
            str(first.reference),
            -first.amount,
            "one notice, booked twice by us",
            first.amount,
        )
    )
    return Act(moment, "a notice booked twice by mistake", (first, again))


def _resent(world: World, act: Act) -> Act:
    """The same act with some orders sent twice, as when an answer got lost on the way."""
    if not act.by_many:
        return act
    twice = [
        order
        for order in act.orders
        if order.id not in act.refused and world.rng.randrange(1000) < world.scale.resent_per_thousand
    ]
    return Act(act.moment, act.name, (*act.orders, *twice), True, act.refused)
