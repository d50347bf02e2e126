"""A desk on real parts: a ledger, a control database, and breaks as reconciliations find them."""

from datetime import date
from pathlib import Path

from jinku.base.database import Database
from jinku.custody.breaks.desk import BreakDesk, BreakParts
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.reconciliation.breaks import Break, BreakClass, Outcome
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger

CHART = Chart(1, 156)
MIRROR, FEES, SUSPENSE = (CHART.account(one) for one in (Kind.BANK_MIRROR, Kind.FEE_INCOME, Kind.SUSPENSE))
CUSTOMER = CHART.account(Kind.INVESTOR, 7)
DAY = date(2026, 11, 18)
LATER = [date(2026, 11, 19), date(2026, 11, 20)]
LEVELS = {"head": 2, "boss": 2}


class Ticks:
    """A clock that goes on by a second each time."""

    def __init__(self) -> None:
        self.now = 1_795_000_000_000_000_000

    def __call__(self) -> int:
        self.now += 1_000_000_000
        return self.now


def house(path: Path) -> Ledger:
    """A ledger with the entity's accounts, a customer with 500.00, and fee income of 100.00."""
    ledger = open_journal(path)
    desk = OrderDesk(ledger, CHART)
    desk.open_entity()
    desk.open_parties([Opening(7, Role.INVESTOR, 7)])
    give(ledger, o.Deposit(id=order(1), day=DAY, account=CUSTOMER, amount=60_000, reference=1))
    give(ledger, o.Fee(id=order(2), day=DAY, payer=CUSTOMER, amount=10_000))
    return ledger


def order(serial: int) -> int:
    return o.new_order_id(1_795_000_000_000, serial)


def give(ledger: Ledger, one: o.Order) -> None:
    assert not OrderDesk(ledger, CHART).submit([one]).refused


def desk_on(database: Database, ledger: Ledger, **more: object) -> BreakDesk:
    parts = BreakParts(database, ledger, Ticks(), level_of=lambda who: LEVELS.get(who, 1), **more)  # type: ignore[arg-type]
    return BreakDesk(parts)


def a_break(
    name: str,
    effect: int = 1_000,
    *,
    kind: BreakClass = BreakClass.UNKNOWN_AT_BANK,
    amount: int = 0,
    day: date = DAY,
    transfers: tuple[int, ...] = (),
) -> Break:
    return Break(
        kind=kind,
        outcome=Outcome.BANK_ONLY,
        reference=name,
        amount=amount or abs(effect),
        effect=effect,
        day=day,
        age_days=0,
        bank_lines=(),
        transfer_ids=transfers,
        evidence=("seen on the statement",),
        account="9909",
        currency="CNY",
        bank_ids=() if transfers else (f"st/{name}",),
    )
