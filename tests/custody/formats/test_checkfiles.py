"""The custodian's five daily check files: read through the CSV mapping, each record ending as one of four."""

from datetime import date

import pytest
from tests.custody.formats.writers import DAY

from jinku.base.errors import InputError
from jinku.custody.reconciliation.breaks import Outcome
from jinku.custody.reconciliation.check_outcomes import RecordOutcome, outcomes
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.model import Movement
from jinku.custody.statements.formats import read_statement
from jinku.custody.statements.formats.checkfiles import CHECK_KINDS, CheckKind
from jinku.custody.statements.model import Direction, EntryStatus, StatementKind

ROWS = (
    "R1|B1|20261120|100.00|S|贷款",
    "R2|B2|20261120|50.00|S|",
    "R3|B3|20261120|7.00|S|",
    "R4|B4|20261120|8.00|P|",
    "R5|B5|20261120|9.00|F|",
)


def check_file(kind: str, rows: tuple[str, ...] = ROWS, total: str = "174.00") -> str:
    """A check file of `kind`."""
    head = [f"check_file|{kind}", "account|CUSTODY-1", "currency|CNY", "day|20261120"]
    head += [f"count|{len(rows)}", f"total|{total}", "request_no|bank_no|date|amount|status|remark"]
    return "\n".join([*head, *rows]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("kind", CHECK_KINDS, ids=lambda one: one.name)
def test_all_five_are_read(kind: CheckKind, encoding: str) -> None:
    [made] = read_statement(check_file(kind.name).encode(encoding), "any name")
    way = Direction.CREDIT if kind.sign.value == "credit" else Direction.DEBIT
    assert {(one.direction, one.reversal) for one in made.entries} == {(way, kind.name == "rollback")}
    assert [one.status for one in made.entries] == [
        *[EntryStatus.BOOKED] * 3,
        EntryStatus.PENDING,
        EntryStatus.INFORMATION,
    ]
    first = made.entries[0]
    assert (first.end_to_end_id, first.transaction_id, first.amount, first.remittance) == (
        "R1",
        "B1",
        10_000,
        "贷款",
    )
    assert first.bank_transaction_code == kind.name.upper()
    assert (made.account, made.kind, made.from_date, made.to_date) == (
        "CUSTODY-1",
        StatementKind.NOTIFICATION,
        DAY,
        DAY,
    )
    assert made.closing_given is False


def test_each_record_ends_as_one_of_four() -> None:
    [bank] = read_statement(check_file("withdraw").encode(), "w.txt")
    ours = [
        Movement("R1", 10_000, Direction.DEBIT, DAY, 11),
        Movement("R2", 5_001, Direction.DEBIT, DAY, 12),
        Movement("R4", 800, Direction.DEBIT, DAY, 14),
        Movement("R9", 100, Direction.DEBIT, DAY, 19),
    ]
    assert outcomes(reconcile(bank, ours)) == (
        RecordOutcome(Outcome.EQUAL, "R1", 1, 11),
        RecordOutcome(Outcome.MISMATCH, "R2", 2, 12),
        RecordOutcome(Outcome.BANK_ONLY, "R3", 3, 0),
        RecordOutcome(Outcome.OURS_ONLY, "R4", 0, 14),
        RecordOutcome(Outcome.OURS_ONLY, "R9", 0, 19),
    )


def test_a_record_that_is_late_is_equal_and_one_that_comes_twice_is_the_banks() -> None:
    rows = ("R1|B1|20261120|1.00|S|", "R1|B7|20261120|1.00|S|")
    [bank] = read_statement(check_file("recharge", rows, "2.00").encode(), "r.txt")
    ours = [Movement("R1", 100, Direction.CREDIT, date(2026, 11, 18), 11)]
    assert outcomes(reconcile(bank, ours)) == (
        RecordOutcome(Outcome.EQUAL, "R1", 1, 11),
        RecordOutcome(Outcome.BANK_ONLY, "R1", 2, 0),
    )


def test_a_balance_that_no_bank_gave_is_not_compared() -> None:
    [bank] = read_statement(check_file("recharge", ROWS[:1], "100.00").encode(), "r.txt")
    result = reconcile(bank, [Movement("R1", 10_000, Direction.CREDIT, DAY, 11)], our_closing=77)
    assert (result.residual, result.is_clean) == (0, True)
    assert not any("closing" in step for step in result.proof)


def test_an_empty_day_is_a_file_too() -> None:
    [made] = read_statement(check_file("commission", (), "0").encode(), "c.txt")
    assert (made.entries, made.from_date, made.to_date) == ((), DAY, DAY)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("count|5", "count|6"), "count='6': but the file has 5 lines"),
        (("total|174.00", "total|174.01"), "total='174.01': but the lines give 17400"),
        (("check_file|recharge", "check_file|refund"), "no header of a known mapping"),
        (("|S|", "|X|"), "none of S, P, F"),
        (("|100.00|", "|-100.00|"), "is negative"),
        (("|20261120|100", "|2026-11-20|100"), "date of the form"),
        (("R1|B1|", "R1|"), "has 5 cells"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_statement(check_file("recharge").replace(*change).encode(), "r.txt")
