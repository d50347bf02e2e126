"""The safeguarding position, and the reports of it and of reconciliations."""

import csv
import io
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.custody.statements import CNY, DAY, IN, entry, statement

from jinku.base.currency import currency
from jinku.custody.closing.position import Outcome, position
from jinku.custody.closing.position_report import positions_csv, positions_markdown
from jinku.custody.reconciliation.engine import Movement, reconcile
from jinku.custody.reconciliation.report import (
    breaks_csv,
    matches_csv,
    reconciliation_markdown,
)

balances = st.dictionaries(st.integers(1, 99), st.integers(-(10**12), 10**12), max_size=20)


@given(
    balances,
    st.dictionaries(st.text("ab", min_size=1, max_size=3), st.integers(-(10**12), 10**12), max_size=3),
)
def test_the_requirement_floors_each_client_at_zero(clients: dict[int, int], bank: dict[str, int]) -> None:
    made = position(CNY, clients, bank)
    assert made.requirement == sum(max(0, balance) for balance in clients.values())
    assert made.requirement == made.clients_sum + made.floored_sum
    assert made.difference == sum(bank.values()) - made.requirement
    assert (made.outcome is Outcome.SHORTFALL) == (made.difference < 0)
    assert (made.outcome is Outcome.EXCESS) == (made.difference > 0)


def test_the_arithmetic_is_shown() -> None:
    made = position(CNY, {1: 700, 2: -50}, {"custody": 690}, as_of="2026-11-20T16:00:00Z")
    assert made.outcome is Outcome.SHORTFALL
    assert made.explanation == (
        "sum of 2 client balances = 6.50 CNY",
        "plus 1 negative balances floored at zero = 0.50 CNY",
        "requirement = 7.00 CNY",
        "resource = custody 6.90 CNY = 6.90 CNY",
        "difference = resource - requirement = -0.10 CNY: shortfall",
    )


def test_each_currency_is_reported_in_its_own_decimals() -> None:
    yen = currency("JPY")
    made = [position(CNY, {1: 5}, {"a": 10}), position(yen, {1: 5}, {})]
    assert [(one.currency.code, one.outcome) for one in made] == [
        ("CNY", Outcome.EXCESS),
        ("JPY", Outcome.SHORTFALL),
    ]
    rows = list(csv.DictReader(io.StringIO(positions_csv(made))))
    assert [(row["requirement"], row["resource"], row["difference"]) for row in rows] == [
        ("0.05", "0.10", "0.05"),
        ("5", "0", "-5"),
    ]
    assert "## JPY : shortfall" in positions_markdown(made)


def test_reports_of_a_reconciliation() -> None:
    bank = statement(entry("N1", 500, e2e="R1"), entry("N2", 7, e2e="=cmd|x"))
    ours = [Movement("R1", 500, IN, DAY, 1), Movement("R3", 9, IN, DAY - timedelta(days=1), 3)]
    result = reconcile(bank, ours)
    rows = list(csv.DictReader(io.StringIO(breaks_csv(result))))
    assert [(row["class"], row["amount"], row["effect"]) for row in rows] == [
        ("unknown_at_bank", "0.07", "0.07"),
        ("missing_at_bank", "0.09", "-0.09"),
    ]
    assert rows[0]["reference"] == "'=cmd|x"
    assert len(rows[0]["break_id"]) == 32
    (match,) = csv.DictReader(io.StringIO(matches_csv(result)))
    assert (match["step"], match["transfer_id"], match["amount"]) == ("reference-day", "1", "5.00")
    text = reconciliation_markdown(result)
    assert "| equal | 1 |" in text
    assert "| unknown at bank | =cmd\\|x | 0.07 CNY | 0 |" in text
    assert "- our movements = 5.09 CNY" in text
    assert "No breaks." in reconciliation_markdown(reconcile(statement(), []))


def test_a_long_report_says_what_it_leaves_out() -> None:
    result = reconcile(statement(*(entry(f"N{n}", 1, e2e=f"X{n}") for n in range(60))), [])
    assert "and 10 more in the CSV file" in reconciliation_markdown(result)
