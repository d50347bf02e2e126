"""Orders and business days: what bears an earlier day, a closed one, or one to come, in a whole house."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.custody.orders.kit import CHART, A, Clock

from jinku.base.canonical import canonical_json
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.closing.days import Books
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Answer, OneTime, Request, digest_of
from jinku.custody.structure.chart import Opening
from jinku.custody.structure.table import Kind, Role

FRIDAY, MONDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)
BOOKS = Books(1, 156)


def _at(day: date, hour: int) -> int:
    """`hour` o'clock UTC of `day`; six is two in the afternoon in China."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp()) * 10**9


class House:
    """A house with one investor, and the days of its books begun on Friday."""

    def __init__(self, custody: Custody, clock: Clock) -> None:
        self.custody, self.clock, self.serial = custody, clock, 0
        desk = OrderDesk(custody.house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 1)])
        custody.days.begin(BOOKS, CloseSettings.of_structure(CHART.structure), FRIDAY, by="lead-1")

    def _id(self) -> int:
        self.serial += 1
        return o.new_order_id(self.clock.now // 10**6, self.serial)

    def give(self, order: o.Order) -> Answer:
        """Send one order on the customer's own word."""
        self.serial += 1
        word = OneTime(Method.SMS, f"sms-{self.serial}", self.clock.now, digest_of(CHART, order))
        return self.custody.corridor(1, 156).submit(
            [Request(order, CHANNEL if isinstance(order, o.Deposit) else "app", word=word)]
        )[0]

    def deposit(self, amount: int, day: date) -> Answer:
        """Money from the bank."""
        return self.give(o.Deposit(id=self._id(), day=day, account=A, amount=amount, reference=self.serial))

    def withdraw(self, amount: int, day: date) -> Answer:
        """Money to be paid out."""
        return self.give(o.Withdrawal(id=self._id(), day=day, account=A, amount=amount))

    def close(self, day: date) -> None:
        """Close the earliest open day, by two persons."""
        self.custody.days.start(BOOKS, "clerk-1")
        draft, record = (hashlib.sha256(canonical_json([day.isoformat(), n])).hexdigest() for n in (1, 2))
        self.custody.days.close(BOOKS, day, ("clerk-1", draft), ("clerk-2", record))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on Friday afternoon."""
    clock = Clock()
    clock.now = _at(FRIDAY, 6)
    with open_house(tmp_path / "house", clock=clock) as opened, Custody(opened, clock) as custody:
        custody.recover()
        yield House(custody, clock)


def test_what_is_dated_back_must_have_been_possible_then(house: House) -> None:
    """R12: 80 are there today, but on Friday there were 50: a withdrawal of 60 dated Friday is refused, one of 40 is
    not."""
    assert house.deposit(50, FRIDAY).state is State.BOOKED
    house.clock.now = _at(MONDAY, 6)
    assert house.deposit(30, MONDAY).state is State.BOOKED
    refused = house.withdraw(60, FRIDAY)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.BACKDATED_OVERDRAWN)
    assert house.withdraw(40, FRIDAY).state is State.HELD
    [account] = house.custody.house.ledger.lookup_accounts([A])
    assert (account.credits_posted, account.debits_pending) == (80, 40)


def test_a_closed_day_takes_nothing_more(house: House) -> None:
    """R6: what comes late bears the next day; under the closed one it is refused, and nothing moves."""
    house.deposit(50, FRIDAY)
    house.clock.now = _at(MONDAY, 6)
    house.close(FRIDAY)
    late = house.deposit(7, FRIDAY)
    assert (late.state, late.reason) == (State.REFUSED, Reason.DAY_CLOSED)
    assert house.deposit(7, MONDAY).state is State.BOOKED
    [bank] = house.custody.house.ledger.lookup_accounts([CHART.account(Kind.BANK_MIRROR)])
    assert bank.debits_posted == 57


def test_a_day_to_come_is_not_today(house: House) -> None:
    early = house.deposit(5, TUESDAY)
    assert (early.state, early.reason) == (State.REFUSED, Reason.DAY_AHEAD)
