"""What the ledger says at one instant, what the bank should have booked, and the record of a close."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from jinku.base.currency import currency
from jinku.custody.closing.position import position
from jinku.custody.closing.record import close_record
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.model import Movement
from jinku.custody.reconciliation.sources import Period, ledger_records
from jinku.custody.statements.model import Direction, Statement
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.table import Kind, Role
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

CHART = Chart(1, 156)
DAY = date(2026, 11, 20)
A = CHART.account(Kind.INVESTOR, 1)
SHOP = CHART.account(Kind.MERCHANT, 2)
BANK = CHART.account(Kind.BANK_MIRROR)


def number(serial: int) -> int:
    return o.new_order_id(1_795_000_000_000, serial)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger") as opened:
        desk = OrderDesk(opened, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 9), Opening(2, Role.MERCHANT, 8)])
        ask = o.Withdrawal(id=number(5), day=DAY, reference=5, account=A, amount=100)
        outcome = desk.submit(
            [
                o.TakeOver(id=number(1), day=DAY, account=A, amount=1_000),
                o.Deposit(id=number(2), day=DAY, reference=2, account=SHOP, amount=500),
                o.ChannelDeposit(id=number(3), day=DAY, account=A, amount=70),
                o.Unidentified(id=number(4), day=DAY, reference=4, amount=30),
                ask,
                o.PaidOut(id=ask.id, day=DAY, reference=5, amount=100),
                o.Withdrawal(id=number(6), day=DAY, reference=6, account=A, amount=200),
                o.Withdrawal(id=number(7), day=DAY, reference=7, account=A, amount=300),
                o.PayoutFailed(id=number(7), day=DAY, amount=300),
                o.Fee(id=number(8), day=DAY, payer=SHOP, amount=50),
                o.Sweep(id=number(9), day=DAY, reference=9, amount=20),
            ]
        )
        assert not outcome.refused
        yield opened


def test_holdings_split_client_money_from_the_platforms_own(ledger: Ledger) -> None:
    now = holdings(ledger.accounts_array())
    assert now.clients == {A: 970, SHOP: 450, CHART.account(Kind.SUSPENSE): 30}
    assert now.client_total == 1_450
    assert (now.held, now.own_in_pool, now.own_outside) == (200, 30, 20)
    assert (now.bank, now.in_transit, now.difference) == (1_410, 70, 0)


def test_only_what_is_booked_is_expected_at_the_bank(ledger: Ledger) -> None:
    ours = ledger_records(ledger, BANK, "9909", "CNY")
    columns = (ours.reference, ours.amount, ours.direction, map(ours.day, range(len(ours))), ours.number)
    expected = set(zip(*columns, strict=True))
    credit, debit = 1, -1
    assert expected == {
        ("2", 500, credit, DAY, o.transfer_id(number(2))),
        ("4", 30, credit, DAY, o.transfer_id(number(4))),
        ("5", 100, debit, DAY, o.transfer_id(number(5), o.Step.POSTED)),
        ("9", 20, debit, DAY, o.transfer_id(number(9))),
    }


def test_movements_can_be_read_from_a_moment_on(ledger: Ledger) -> None:
    [paid] = ledger.lookup_transfers([o.transfer_id(number(5), o.Step.POSTED)])
    later = ledger_records(ledger, BANK, "9909", "CNY", Period(since=paid.timestamp))
    assert sorted(later.reference) == ["5", "9"]
    before = ledger_records(ledger, BANK, "9909", "CNY", Period(until=paid.timestamp - 1))
    assert sorted(before.reference) == ["2", "4"]


def test_the_close_record_names_its_input_and_changes_with_it() -> None:
    statement = Statement(
        account="990",
        currency=currency("CNY"),
        sequence=1,
        message_id="M",
        opening=0,
        closing=0,
        entries=(),
        from_date=DAY,
        to_date=DAY,
    )
    result = reconcile(statement, [Movement("7", 5, Direction.CREDIT, DAY, 7)])
    standing = position(currency("CNY"), {1: 5}, {"pool": 0})
    record = close_record(result, standing, statement_file=b"one", ledger_size=3)
    read = json.loads(record)
    assert read["counts"] == {"equal": 0, "missing_at_bank": 1}
    assert (read["difference"], read["outcome"], read["our_sum"]) == ("-5", "shortfall", "5")
    assert len(read["breaks"]) == 1
    assert record == close_record(result, standing, statement_file=b"one", ledger_size=3)
    assert record != close_record(result, standing, statement_file=b"two", ledger_size=3)
