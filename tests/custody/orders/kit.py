"""A small platform for the tests of orders: a real ledger and control database, four customers, a clock to turn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinku.base.database import Database
from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import OrderActs
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.corridor import Corridor, Rooms
from jinku.custody.orders.decider import Decider
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.mandates import KeptMandate, Mandate, Method
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.projects import Project
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Answer, OneTime, Request, digest_of
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

CHART = Chart(1, 156)
DAY = date(2026, 11, 20)
NOW = 1_795_000_000 * 10**9
A, B = (CHART.account(Kind.INVESTOR, party) for party in (1, 2))
BORROWER = CHART.account(Kind.BORROWER, 3)
SHOP = CHART.account(Kind.MERCHANT, 4)
SURETY = CHART.account(Kind.GUARANTOR, 5)
BANK, INCOME, OWN, OWN_BANK, RESERVE, SUSPENSE = (
    CHART.account(kind)
    for kind in (
        Kind.BANK_MIRROR,
        Kind.FEE_INCOME,
        Kind.PLATFORM_OWN,
        Kind.OWN_BANK_MIRROR,
        Kind.RISK_RESERVE,
        Kind.SUSPENSE,
    )
)
PROJECT = 77
ROLES = (Role.INVESTOR, Role.INVESTOR, Role.BORROWER, Role.MERCHANT, Role.GUARANTOR)


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def turn(self, seconds: int) -> None:
        """Some seconds later."""
        self.now += seconds * 10**9


@dataclass
class Platform:
    """One chart's books with a corridor before them."""

    ledger: Ledger
    database: Database
    clock: Clock
    decider: Decider | None = None
    serial: int = 0
    corridor: Corridor = field(init=False)
    acts: OrderActs = field(init=False)

    def __post_init__(self) -> None:
        self.reopen()

    def reopen(self) -> None:
        """A corridor as after a start."""
        rooms = Rooms.of(self.ledger, self.database, CHART, clock=self.clock, decider=self.decider)
        self.corridor = Corridor(rooms)
        self.acts = OrderActs(self.corridor)

    def new(self) -> int:
        """A new order id."""
        self.serial += 1
        return o.new_order_id(self.clock.now // 10**6, self.serial)

    def word(self, order: o.Order, evidence: str = "") -> OneTime:
        """A customer's authorisation of exactly `order`, now."""
        self.serial += 1
        return OneTime(Method.SMS, evidence or f"sms-{self.serial}", self.clock.now, digest_of(CHART, order))

    def give(self, order: o.Order, maker: str = "app", *, mandate: int = 0, word: bool = True) -> Answer:
        """Send one order, on a one-time word of the customers concerned unless a mandate is named."""
        told = self.word(order) if word and not mandate else None
        second = self.word(order) if isinstance(order, n.DebtTransfer) else None
        return self.corridor.submit([Request(order, maker, mandate, told, second_word=second)])[0]

    def ok(self, order: o.Order, maker: str = "app", *, mandate: int = 0) -> State:
        """Send one order that must not be refused."""
        answer = self.give(order, maker, mandate=mandate)
        assert answer.state is not State.REFUSED, (order, answer)
        return answer.state

    def why(self, order: o.Order, maker: str = "app", *, mandate: int = 0, word: bool = True) -> Reason:
        """Send one order that must be refused; why."""
        answer = self.give(order, maker, mandate=mandate, word=word)
        assert answer.state is State.REFUSED, (order, answer)
        return answer.reason

    def fund(self, account: int, amount: int) -> None:
        """Money from the bank."""
        self.ok(o.Deposit(id=self.new(), day=DAY, account=account, amount=amount), CHANNEL)

    def project(self, limit: int = 1_000_000) -> None:
        """Establish the project."""
        self.corridor.rooms.projects.establish(
            Project(number=PROJECT, borrower=BORROWER, limit=limit), by="clerk"
        )

    def mandate(self, number: int = 7, **terms: object) -> KeptMandate:
        """Give a mandate of A for bids and fees, 500 an order and 1,000 in all unless said otherwise."""
        values: dict[str, object] = {
            "number": number,
            "account": A,
            "types": frozenset({OrderType.BID, OrderType.FEE, OrderType.RESERVE}),
            "per_order": 500,
            "total": 1_000,
            "valid_from": self.clock.now - 1,
            "valid_until": self.clock.now + 86_400 * 10**9,
            "method": Method.SIGNATURE,
            "evidence": f"doc-{number}",
            "given_at": self.clock.now,
        }
        return self.corridor.rooms.mandates.give(Mandate(**(values | terms)))  # type: ignore[arg-type]

    def bid(self, amount: int, investor: int = A, timeout: int = 0) -> o.Bid:
        """A bid for the project."""
        return o.Bid(
            id=self.new(),
            day=DAY,
            subject=PROJECT,
            investor=investor,
            borrower=BORROWER,
            amount=amount,
            timeout=timeout,
        )

    def release(self, bids: Sequence[o.Bid], fee: int = 0) -> o.Release:
        """The project's release."""
        holds = tuple(one.hold for one in bids)
        return o.Release(id=self.new(), day=DAY, subject=PROJECT, borrower=BORROWER, holds=holds, fee=fee)

    def lend(self, *amounts: tuple[int, int]) -> None:
        """Fund investors and borrow from them: (account, amount) pairs."""
        self.project()
        bids = []
        for account, amount in amounts:
            self.fund(account, amount)
            bids.append(self.bid(amount, account))
            self.ok(bids[-1])
        self.ok(self.release(bids), "clerk")

    def balance(self, account: int) -> int:
        """Posted credits less posted debits."""
        [found] = self.ledger.lookup_accounts([account])
        return found.credits_posted - found.debits_posted

    def held(self, account: int) -> int:
        """What is held of an account."""
        [found] = self.ledger.lookup_accounts([account])
        return found.debits_pending

    def shares(self) -> dict[int, int]:
        """Who is owed how much of the project."""
        return {one.account: one.principal for one in self.corridor.rooms.projects.shares(PROJECT)}

    def state(self, order: o.Order) -> State:
        """Where an order stands, by the book."""
        from jinku.custody.orders.acts import order_key

        return self.acts.show(order_key(order)).state


def open_platform(
    directory: Path, where: Path | str | None = None, decider: Decider | None = None
) -> Platform:
    """A platform in `directory`, with its accounts open; close ledger and database after use."""
    clock = Clock()
    ledger = open_journal(directory / "ledger", clock=clock)
    desk = OrderDesk(ledger, CHART)
    desk.open_entity()
    desk.open_parties([Opening(party, role, party) for party, role in enumerate(ROLES, 1)])
    return Platform(ledger, Database.open(where or directory / "control.db"), clock, decider)
