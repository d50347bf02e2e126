"""After a write-off the next reconciliation is clean: breaks, totals and residual, by the engine that closes days."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.custody.breaks.parts import CUSTOMER, DAY, LATER, MIRROR, desk_on, give, house, order

from jinku.base.database import Database
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.desk import BreakDesk
from jinku.custody.breaks.model import State
from jinku.custody.breaks.settling import read_settlements, settle, settlement_bytes
from jinku.custody.breaks.table import Cause
from jinku.custody.orders import model as o
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.records import Balance, Records, Side, Sides
from jinku.custody.reconciliation.sources import Period, ledger_records
from jinku.custody.reconciliation.three_way import ThreeWay, reconcile_sides
from jinku.ledger.service import Ledger

BOOKS = (1, 156)
Line = tuple[str, str, int, date]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with house(tmp_path / "ledger") as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, ledger: Ledger) -> Iterator[BreakDesk]:
    with Database.open(tmp_path / "control.db") as database:
        yield desk_on(database, ledger)


class Bank:
    """The bank's account and our mirror of it, day after day."""

    def __init__(self, ledger: Ledger, desk: BreakDesk) -> None:
        self.ledger, self.desk = ledger, desk
        self.carried, self.until = Carried(), 0
        self.bank, self.books = 0, 0

    def close(self, day: date, lines: list[tuple[str, str, int]]) -> ThreeWay:
        bank = Records.build(
            Side.BANK,
            {
                "id": [name for name, _, _ in lines],
                "reference": [reference for _, reference, _ in lines],
                "end_to_end_id": [reference for _, reference, _ in lines],
                "amount": [abs(amount) for _, _, amount in lines],
                "direction": [1 if amount > 0 else -1 for _, _, amount in lines],
                "booked": [day] * len(lines),
                "account": ["9909"] * len(lines),
                "currency": ["CNY"] * len(lines),
            },
        )
        now = int(self.ledger.entries(self.ledger.size() - 1, 1)["timestamp"][0])
        ours = ledger_records(
            self.ledger, MIRROR, "9909", "CNY", Period(self.until + 1 if self.until else 0, now)
        )
        kept = settlement_bytes(self.desk.settlements(*BOOKS))
        carried = settle(self.carried, ours, read_settlements(kept))
        [mirror] = self.ledger.lookup_accounts([MIRROR])
        closing, before = mirror.debits_posted - mirror.credits_posted, self.books
        shown = self.bank + sum(amount for _, _, amount in lines)
        balances = (
            Balance(Side.LEDGER, "9909", "CNY", before, closing),
            Balance(Side.BANK, "9909", "CNY", self.bank, shown),
        )
        result = reconcile_sides(Sides(ours, bank, as_of=day, balances=balances), None, carried)
        self.carried, self.until = result.carried, now
        self.bank, self.books = shown, closing
        self.desk.take_up(day, result.breaks, BOOKS)
        return result


CASES = {
    "unknown at the bank": (Against.SUSPENSE, [("st/1", "1", 60_000), ("st/2", "XZ-77", 2_500)], 0),
    "unknown at the bank, with a number": (
        Against.SUSPENSE,
        [("st/1", "1", 60_000), ("st/2", "77", 2_500)],
        0,
    ),
    "missing at the bank, own money": (Against.FEE_INCOME, [("st/1", "1", 60_000)], 900),
    "missing at the bank, taken back": (Against.REVERSAL, [("st/1", "1", 60_000)], 900),
    "another amount": (Against.FEE_INCOME, [("st/1", "1", 60_000), ("st/2", "9", 700)], 900),
    "the bank took money": (Against.FEE_INCOME, [("st/1", "1", 60_000), ("st/3", "FEE", -30)], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_off_never_comes_back(ledger: Ledger, desk: BreakDesk, name: str) -> None:
    """R10: the break does not show again, nor do its correcting entries, and both balances agree to the last fen."""
    against, lines, ours = CASES[name]
    bank = Bank(ledger, desk)
    if ours:
        give(ledger, o.Deposit(id=order(9), day=DAY, account=CUSTOMER, amount=ours, reference=9))
    first = bank.close(DAY, lines)
    if "missing" in name:
        first = bank.close(LATER[0], [])  # due by now
    [found] = first.breaks
    number = found.break_id
    desk.assign(number, "clerk", by="lead")
    day = LATER[1]
    desk.propose_write_off(number, "clerk", against, day, cause=Cause.OUR_ERROR, text="written off")
    assert desk.approve(number, "lead", day).state is State.WRITTEN_OFF
    give(ledger, o.Deposit(id=order(20), day=day, account=CUSTOMER, amount=11, reference=20))
    result = bank.close(day, [("st/9", "20", 11)])
    assert result.breaks == ()
    assert all(not one.residual(1) for one in result.totals)
    assert result.is_clean
    assert bank.bank == bank.books
    after = bank.close(date(2026, 11, 23), [])
    assert after.is_clean
    assert desk.case(number).state is State.WRITTEN_OFF


def test_a_write_off_that_is_not_in_this_days_entries_settles_nothing_yet(
    ledger: Ledger, desk: BreakDesk
) -> None:
    bank = Bank(ledger, desk)
    [found] = bank.close(DAY, [("st/1", "1", 60_000), ("st/2", "XZ", 5)]).breaks
    desk.assign(found.break_id, "clerk", by="lead")
    desk.propose_write_off(
        found.break_id, "clerk", Against.SUSPENSE, LATER[0], cause=Cause.UNKNOWN_PAYER, text="unknown"
    )
    desk.approve(found.break_id, "lead", LATER[0])
    nothing = Records.build(
        Side.LEDGER, {name: [] for name in ("id", "amount", "direction", "booked", "account", "currency")}
    )
    assert settle(bank.carried, nothing, desk.settlements(*BOOKS)) is bank.carried
