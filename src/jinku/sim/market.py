"""Projects that investors bid for: launched, filled and released, or failed, or left to time out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from jinku.base.money import allot
from jinku.custody.orders.model import Bid, Failure, Hold, Order, Paid, Refund, Release, transfer_id
from jinku.custody.structure.table import Kind, Role
from jinku.sim.scale import (
    BID_TIMEOUT_S,
    EXPIRED_AFTER_SLOTS,
    EXPIRING_TIMEOUT_S,
    HUNDRED_YUAN,
    LAUNCH_SLOTS,
    RELEASE_FEE_BP,
)
from jinku.sim.world import Act, World

_MORE_THAN_ANYONE_HAS = 10**13
_TRIES_MAX = 8
_OPEN_SLOTS = 4
"""A project takes bids for two hours at most."""
_ENTRUSTED_SHARE = 0.4


class Fate(Enum):
    """How a project ends."""

    FILLS = "fills"
    FAILS = "fails"
    EXPIRES = "expires"


@dataclass(slots=True)
class Project:
    """One project: who borrows, how much, when it opens and what becomes of it."""

    number: int
    borrower: int
    merchant: int
    bids_wanted: int
    opens: int
    fate: Fate
    bids: list[Bid] = field(default_factory=list)
    done: bool = False

    @property
    def raised(self) -> int:
        """What has been bid so far."""
        return sum(bid.amount for bid in self.bids)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What is held for it."""
        return tuple(bid.hold for bid in self.bids)


@dataclass(slots=True)
class Market:
    """All projects of the day, and payments to merchants that may still be given back."""

    projects: list[Project]
    purchases: list[Paid] = field(default_factory=list)


def market(world: World) -> Market:
    """The day's projects; a few are bound to fail, fewer to expire."""
    rng, scale = world.rng, world.scale
    borrowers, merchants = world.accounts(Role.BORROWER), world.accounts(Role.MERCHANT)
    projects = []
    for index in range(scale.projects):
        fate = Fate.FAILS if index % 11 == 5 else Fate.EXPIRES if index % 24 == 7 else Fate.FILLS
        opens = LAUNCH_SLOTS[index % len(LAUNCH_SLOTS)]
        projects.append(
            Project(
                number=world.order_id(world.moment(opens)),
                borrower=borrowers[index % len(borrowers)],
                merchant=rng.choice(merchants) if rng.random() < _ENTRUSTED_SHARE else 0,
                bids_wanted=rng.randint(*scale.bids_per_project),
                opens=LAUNCH_SLOTS[0] if fate is Fate.EXPIRES else opens,
                fate=fate,
            )
        )
    return Market(projects)


def bids(world: World, state: Market, moment: int, slot: int) -> tuple[list[Order], frozenset[int]]:
    """The bids of this half hour on every open project, and those among them for more than the bidder has."""
    orders: list[Order] = []
    refused: set[int] = set()
    investors = world.accounts(Role.INVESTOR)
    for project in state.projects:
        if project.done or not project.opens <= slot < project.opens + _OPEN_SLOTS:
            continue
        parts = allot(project.bids_wanted, [8, 4, 2, 1])
        for _ in range(parts[slot - project.opens]):
            bid = _bid(world, project, moment, investors)
            if bid is None:
                continue
            orders.append(bid)
            if world.rng.randrange(1000) < world.scale.overdrawn_per_thousand:
                over = _order(world, project, moment, bid.investor, _MORE_THAN_ANYONE_HAS)
                refused.add(over.id)
                orders.append(over)
    return orders, frozenset(refused)


def _bid(world: World, project: Project, moment: int, investors: list[int]) -> Bid | None:
    for _ in range(_TRIES_MAX):
        investor = world.rng.choice(investors)
        wanted = int(world.rng.lognormvariate(3.2, 0.8)) * HUNDRED_YUAN
        amount = min(wanted, world.books.available(investor) // HUNDRED_YUAN * HUNDRED_YUAN)
        if amount:
            bid = _order(world, project, moment, investor, amount)
            world.books.hold(investor, amount)
            project.bids.append(bid)
            return bid
    return None


def _order(world: World, project: Project, moment: int, investor: int, amount: int) -> Bid:
    return Bid(
        id=world.order_id(moment),
        day=world.day,
        subject=project.number,
        investor=investor,
        borrower=project.borrower,
        amount=amount,
        timeout=EXPIRING_TIMEOUT_S if project.fate is Fate.EXPIRES else BID_TIMEOUT_S,
    )


def closings(world: World, state: Market, moment: int, slot: int) -> Iterator[Act]:
    """What becomes of projects whose two hours are over: released, failed, or found to have timed out."""
    releases: list[Order] = []
    failures: list[Order] = []
    for project in state.projects:
        if project.done or not project.bids or slot < project.opens + _OPEN_SLOTS:
            continue
        if project.fate is Fate.FILLS:
            releases.append(_release(world, state, project, moment))
        elif project.fate is Fate.FAILS:
            failures.append(
                Failure(id=world.order_id(moment), day=world.day, subject=project.number, holds=project.holds)
            )
        elif slot < project.opens + _OPEN_SLOTS + EXPIRED_AFTER_SLOTS:
            continue
        project.done = True
        if project.fate is not Fate.FILLS:
            for bid in project.bids:
                world.books.free(bid.investor, bid.amount)
    yield Act(moment, "release of filled projects", tuple(releases))
    yield Act(moment, "release of failed projects", tuple(failures))


def _release(world: World, state: Market, project: Project, moment: int) -> Release:
    raised, income = project.raised, world.own(Kind.FEE_INCOME)
    fee = raised * RELEASE_FEE_BP // 10_000
    release = Release(
        id=world.order_id(moment),
        day=world.day,
        subject=project.number,
        borrower=project.borrower,
        holds=project.holds,
        fee=fee,
        merchant=project.merchant,
    )
    for bid in project.bids:
        world.books.free(bid.investor, bid.amount)
        world.books.move(bid.investor, project.borrower, bid.amount)
    world.books.move(project.borrower, income, fee)
    if project.merchant:
        world.books.move(project.borrower, project.merchant, raised - fee)
        paid = transfer_id(release.id, leg=1)
        state.purchases.append(Paid(paid, project.borrower, project.merchant, raised - fee))
    return release


def refunds(world: World, state: Market, moment: int) -> list[Order]:
    """Goods sent back: now and then a merchant gives back part of what a loan paid for."""
    orders: list[Order] = []
    for index, paid in enumerate(state.purchases):
        if world.rng.random() >= 0.3:
            continue
        amount = min(paid.refundable // 20, world.books.available(paid.payee))
        if amount < 1:
            continue
        orders.append(Refund(id=world.order_id(moment), day=world.day, paid=paid, amount=amount))
        world.books.move(paid.payee, paid.payer, amount)
        left = paid.refundable - amount
        state.purchases[index] = Paid(paid.transfer, paid.payer, paid.payee, left)
    return orders
