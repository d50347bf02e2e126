"""Three sides: every class of break, where it lies, what it does to the sums, and what stands open on the next day."""

import hashlib
import io
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.reconciliation.rows import DAY, Row, compare, found, row, side, sides

from jinku.base.calendar import CHINA
from jinku.base.errors import CalendarRange, InputError
from jinku.custody.errors import ReconciliationBroken
from jinku.custody.reconciliation import three_way
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.errors import AmountTooLarge, BadRecords
from jinku.custody.reconciliation.records import AMOUNT_MAX, Balance, Records, Side, Sides
from jinku.custody.reconciliation.rules import Fee, load_rules
from jinku.custody.reconciliation.three_way import reconcile_sides

R, OTHER = row("R1", 5_000), row("R1", 5_300)
BACK = row("R1", -5_000)
EARLY = row("R1", 5_000, booked=DAY - timedelta(days=3))
AWAY = row("R1", 5_000, account="B")
Case = tuple[list[Row], list[Row], list[Row], list[tuple[str, str, int, int]]]

CASES: dict[str, Case] = {
    "equal": ([R], [R], [R], []),
    "missing at the bank": ([R], [R], [], [("missing_at_bank", "bank", -5_000, 0)]),
    "missing in the ledger": ([R], [], [R], [("missing_in_ledger", "ledger", 5_000, -5_000)]),
    "missing in the platform": ([], [R], [R], [("missing_in_platform", "platform", 0, 5_000)]),
    "only in the ledger": ([], [R], [], [("only_in_ledger", "ledger", -5_000, 5_000)]),
    "only in the platform": ([R], [], [], [("only_in_platform", "platform", 0, -5_000)]),
    "only at the bank": ([], [], [R], [("unknown_at_bank", "bank", 5_000, 0)]),
    "another amount at the bank": ([R], [R], [OTHER], [("amount_differs", "bank", 300, 0)]),
    "another amount in the ledger": ([R], [OTHER], [R], [("amount_differs", "ledger", -300, 300)]),
    "another amount in the platform": ([OTHER], [R], [R], [("amount_differs", "platform", 0, -300)]),
    "the other way at the bank": ([R], [R], [BACK], [("wrong_direction", "bank", -10_000, 0)]),
    "the other way in the platform": ([BACK], [R], [R], [("wrong_direction", "platform", 0, 10_000)]),
    "twice at the bank": ([R], [R], [R, R], [("duplicate_at_bank", "bank", 5_000, 0)]),
    "twice in the ledger": ([R], [R, R], [R], [("duplicate_in_books", "ledger", -5_000, 5_000)]),
    "twice in the platform": ([R, R], [R], [R], [("duplicate_in_platform", "platform", 0, -5_000)]),
    "twice in our books": ([R, R], [R, R], [R], [("duplicate_in_books", "ledger", -5_000, 0)]),
    "late": ([EARLY], [EARLY], [R], [("late", "bank", 0, 0)]),
    "pending": ([R], [R], [{**R, "pending": True}], [("late", "bank", -5_000, 0)]),
    "before ours": ([R], [R], [EARLY], [("wrong_date", "bank", 0, 0)]),
    "another day in the platform": ([EARLY], [R], [R], [("wrong_date", "platform", 0, 0)]),
    "another account at the bank": (
        [R],
        [R],
        [AWAY],
        [("wrong_account", "bank", -5_000, 0), ("wrong_account", "bank", 5_000, 0)],
    ),
    "another account in the platform": (
        [AWAY],
        [R],
        [R],
        [("wrong_account", "platform", 0, 5_000), ("wrong_account", "platform", 0, -5_000)],
    ),
    "an agreed charge": ([R], [R], [row("R1", 4_850)], [("fee_netted", "bank", -150, 0)]),
    "gross and fee here, net there": (
        [R, row("R1", -200)],
        [R, row("R1", -200)],
        [row("R1", 4_800)],
        [("fee_netted", "", 0, 0)],
    ),
    "reversed": ([R], [R], [R, {**BACK, "reversal": True}], [("reversed", "bank", -5_000, 0)]),
    "booked in error and taken back": ([], [], [R, {**BACK, "reversal": True}], [("reversed", "bank", 0, 0)]),
    "returned": ([BACK], [BACK], [BACK, {**R, "return_reason": "AC04"}], [("returned", "bank", 5_000, 0)]),
    "split": ([R], [R], [row("R1", 2_000), row("R1", 3_000)], [("batch_split", "bank", 0, 0)]),
    "one fen off": ([R], [R], [row("R1", 5_001)], [("amount_tolerated", "bank", 1, 0)]),
    "a batch": (
        [row("R1", -5, batch="B7"), row("R2", -7, batch="B7")],
        [row("R1", -5), row("R2", -7)],
        [row("B7", -12)],
        [],
    ),
    "a batch with one left out": (
        [row(f"R{n}", -n, batch="B7") for n in (5, 7, 9)],
        [row(f"R{n}", -n) for n in (5, 7, 9)],
        [row("B7", -14)],
        [("missing_at_bank", "bank", 7, 0)],
    ),
    "two that nobody can tell apart": (
        [row("R1", 5), row("R2", 5)],
        [row("R1", 5), row("R2", 5)],
        [row("", 5), row("", 5)],
        [
            ("ambiguous", "", -5, 0),
            ("ambiguous", "", -5, 0),
            ("ambiguous", "bank", 5, 0),
            ("ambiguous", "bank", 5, 0),
        ],
    ),
}
RULES = replace(load_rules(), fees=(Fee(fixed=150),), tolerance=1)


@pytest.mark.parametrize("case", CASES)
def test_each_case_is_told_by_class_side_and_effect(case: str) -> None:
    """R7: platform books, custody ledger and bank statement, per transaction."""
    platform, ledger, bank, wanted = CASES[case]
    result = compare(platform, ledger, bank, RULES)
    assert found(result) == wanted
    assert result.is_clean == (not wanted)
    for one in result.breaks:
        assert one.evidence
        assert one.amount > 0
        assert one.break_id
        assert (one.kind is BreakClass.AMBIGUOUS) == bool(one.candidates)
    for match in result.matches:
        assert match.rule.english in match.explanation


def test_every_class_is_among_the_cases() -> None:
    assert {kind for *_, wanted in CASES.values() for kind, *_ in wanted} == {one.value for one in BreakClass}


def test_balances_are_reconciled_beside_movements() -> None:
    """R7: per balance: opening + movements = closing on each side, and closings differ by the breaks alone."""
    asked = sides([R], [R], [OTHER])
    balances = (
        Balance(Side.PLATFORM, "A", "CNY", 100, 5_100),
        Balance(Side.LEDGER, "A", "CNY", 100, 5_100),
        Balance(Side.BANK, "A", "CNY", 100, 5_400),
    )
    [total] = reconcile_sides(replace(asked, balances=balances)).totals
    assert total.balanced
    assert [total.slip(n) for n in range(3)] == [0, 0, 0]
    wrong = (*balances[:2], Balance(Side.BANK, "A", "CNY", 100, 5_407))
    [total] = reconcile_sides(replace(asked, balances=wrong)).totals
    assert (total.slip(2), total.residual(2), total.balanced) == (7, 7, False)
    both = reconcile_sides(replace(sides([R], [R], [R]), balances=wrong))
    assert (both.breaks, both.is_clean) == ((), False)


def test_two_wrongs_that_cancel_are_two_breaks() -> None:
    result = compare([row("A1", 9), row("B1", 5)], [row("A1", 9), row("B1", 5)], [row("A1", 5), row("B1", 9)])
    assert found(result) == [("amount_differs", "bank", -4, 0), ("amount_differs", "bank", 4, 0)]
    assert result.totals[0].effect == 0


def test_a_payment_to_another_account_cannot_hide_behind_an_equal_one() -> None:
    ours = [row("A1", 5), row("B1", 5, account="B")]
    result = compare(ours, ours, [row("A1", 5, account="B"), row("B1", 5)])
    assert [one.kind.value for one in result.breaks] == ["wrong_account"] * 4
    assert sorted((one.account, one.effect) for one in result.breaks) == [
        ("A", -5),
        ("A", 5),
        ("B", -5),
        ("B", 5),
    ]


def test_a_reference_used_again_after_a_year_is_another_payment() -> None:
    old = row("R1", 5, booked=date(2025, 11, 20))
    result = compare([old, R], [old, R], [R])
    assert found(result) == [("missing_at_bank", "bank", -5, 0)]
    same = compare(None, [row("R1", 5, booked=date(2025, 11, 20))], [row("R1", 5)])
    assert [one.kind.value for one in same.breaks] == ["missing_at_bank", "unknown_at_bank"]


def test_currencies_never_meet() -> None:
    result = compare(None, [row("R1", 5)], [row("R1", 5, currency="USD")])
    assert [(one.kind.value, one.currency) for one in result.breaks] == [
        ("missing_at_bank", "CNY"),
        ("unknown_at_bank", "USD"),
    ]
    assert [(total.currency, total.effect) for total in result.totals] == [("CNY", -5), ("USD", 5)]


@pytest.mark.parametrize("written", ["jk 000-017", "ＪＫ０００－０１７", "JK000/017.", " Jk000017"])
def test_a_reference_written_otherwise_is_the_same(written: str) -> None:
    assert compare(None, [row("JK000-017", 5)], [row(written, 5)]).match_count == 1


def test_leading_zeros_and_look_alikes_are_not_guessed_where_two_fit() -> None:
    assert compare(None, [row("0001234", 5)], [row("1234", 5)]).match_count == 1
    two = compare(None, [row("0001234", 5), row("1234", 7)], [row("01234", 5), row("1234", 7)])
    assert two.match_count == 2
    unsure = compare(None, [row("0001234", 5), row("001234", 5)], [row("01234", 5)])
    assert unsure.match_count == 0


def test_a_typing_error_counts_only_with_proof() -> None:
    ours = [row("JK000017", 5, counterparty="C1"), row("JK000018", 5, counterparty="C2")]
    proven = compare(ours, ours, [row("JK0000l7", 5, counterparty="C1"), row("JK000018", 5)])
    assert proven.match_count == 2
    thin = compare(ours, ours, [row("JK000019", 5)])
    assert {one.kind for one in thin.breaks} == {BreakClass.AMBIGUOUS}
    stranger = compare(ours[:1], ours[:1], [row("JK000019", 5, counterparty="C9")])
    assert stranger.match_count == 0


def test_a_weekend_is_no_delay() -> None:
    saturday, monday = DAY + timedelta(days=1), DAY + timedelta(days=3)
    ours = [row("R1", 5, booked=saturday)]
    result = reconcile_sides(sides(ours, ours, [row("R1", 5, booked=monday)], monday))
    assert result.is_clean
    friday = [row("R1", 5)]
    late = reconcile_sides(sides(friday, friday, [row("R1", 5, booked=monday)], monday))
    assert found(late) == [("late", "bank", 0, 0)]
    old = sides(None, [row("R1", 5, booked=date(2019, 1, 1))], [])
    with pytest.raises(CalendarRange):
        reconcile_sides(old, replace(load_rules(), calendar=CHINA))


def test_amounts_that_cannot_be_summed_are_refused_by_name() -> None:
    with pytest.raises(AmountTooLarge, match="turns over"):
        side(Side.BANK, [row("R1", AMOUNT_MAX), row("R2", AMOUNT_MAX)])
    with pytest.raises(AmountTooLarge, match="record '1' has"):
        side(Side.BANK, [row("R1", AMOUNT_MAX + 1)])
    money: dict[str, list[Any]] = {"id": ["1"], "amount": [-1], "direction": [1], "booked": [DAY]}
    with pytest.raises(BadRecords, match="negative"):
        Records.build(Side.BANK, {**money, "account": ["A"], "currency": ["CNY"]})
    with pytest.raises(BadRecords, match="stands twice"):
        side(Side.BANK, [row("R1", 1, id="x"), row("R2", 2, id="x")])
    with pytest.raises(InputError, match="holds records of the ledger side"):
        reconcile_sides(Sides(side(Side.LEDGER, []), side(Side.LEDGER, []), as_of=DAY))
    assert compare([row("R0", 0)], [row("R0", 0)], [row("R0", 0)]).is_clean


def test_what_is_open_is_carried_with_its_age_on_every_side() -> None:
    ours = [R, row("R2", 9), row("R5", 50)]
    first = compare(ours, ours, [OTHER, row("X", 70), row("R5", 50), row("R5", 50)])
    again = Carried.from_bytes(first.carried.to_bytes())
    assert again.to_bytes() == first.carried.to_bytes()
    tuesday = DAY + timedelta(days=4)
    second = reconcile_sides(sides([], [], [], tuesday), None, again)
    assert {one.break_id for one in second.breaks} == {one.break_id for one in first.breaks}
    assert {one.kind for one in second.breaks} == {one.kind for one in first.breaks}
    assert {one.age_days for one in second.breaks} == {2}
    assert second.totals[0].effect == first.totals[0].effect
    # the correction of the amount, our booking of the unknown line, and the bank's line of what was missing
    later = [row("R1", 300, id="91", booked=tuesday), row("X", 70, id="92", booked=tuesday)]
    third = reconcile_sides(
        Sides(
            side(Side.LEDGER, later),
            side(Side.BANK, [row("R2", 9, id="T/1", booked=tuesday)]),
            side(Side.PLATFORM, later, "Q"),
            tuesday,
        ),
        replace(load_rules(), lag_days_max=2),
        second.carried,
    )
    assert {one.kind for one in third.breaks} == {BreakClass.DUPLICATE_AT_BANK, BreakClass.WRONG_DATE}
    assert sum(one.effect for one in third.breaks) == 50


def test_a_fault_of_the_engine_is_refused() -> None:
    result = compare([R], [R], [])
    result.totals = tuple(replace(one, effect=0) for one in result.totals)
    with pytest.raises(ReconciliationBroken, match="explain 0 of a difference of -5000"):
        three_way._check(result)
    books = compare([R], [], [])
    books.totals = tuple(replace(one, books_effect=1) for one in books.totals)
    with pytest.raises(ReconciliationBroken):
        three_way._check(books)


def test_evidence_is_the_same_bytes_and_names_its_inputs() -> None:
    platform, ledger, bank, _ = CASES["twice at the bank"]
    result = compare(platform, ledger, bank)
    file = io.BytesIO()
    assert result.write(file) == hashlib.sha256(result.to_bytes()).hexdigest()
    assert file.getvalue() == compare(platform, ledger, bank).to_bytes()
    lines = file.getvalue().splitlines()
    assert len(lines) == 1 + result.match_count + len(result.breaks)
    assert side(Side.LEDGER, ledger).digest.encode() in lines[0]
    assert compare(platform, ledger, [*bank, row("Z", 1)]).to_bytes() != file.getvalue()


names = st.sampled_from(["", "R1", "R2", "R3", "r-1", "BX"])
rows = st.builds(
    row,
    names,
    st.integers(-4, 4),
    booked=st.sampled_from([DAY, DAY - timedelta(days=1), DAY - timedelta(days=200)]),
    account=st.sampled_from(["A", "A", "B"]),
    counterparty=st.sampled_from(["", "C1", "C2"]),
    batch=st.sampled_from(["", "BX"]),
    text=st.sampled_from(["", "for R1", "BATCH R2 R3"]),
    pending=st.sampled_from([False, False, True]),
    reversal=st.sampled_from([False, False, True]),
)
many = st.lists(rows, max_size=7)


@settings(max_examples=40, deadline=None)
@given(many, many, many, st.randoms())
def test_whatever_comes_each_record_is_used_once_and_all_is_explained(
    platform: list[Row], ledger: list[Row], bank: list[Row], chance: random.Random
) -> None:
    """R7: any records in any order: one result, each record in one case, effects that sum up, and the same tomorrow."""
    asked = sides(platform, ledger, bank)
    result = reconcile_sides(asked, RULES)
    for total in result.totals:
        assert total.effect == total.sums[2] - total.sums[1]
        assert total.books_effect == total.sums[1] - total.sums[0]
    members = [node for case in range(result.cases.size) for node in result.cases.members(case).tolist()]
    live = sum(not one["pending"] for one in (*platform, *ledger, *bank))
    assert len(members) == len(set(members)) == live
    assert result.match_count + len(set(result.case_of_break)) == result.cases.size
    parts = {}
    for each in (asked.platform, asked.ledger, asked.bank):
        assert each is not None
        order = list(range(len(each)))
        chance.shuffle(order)
        shuffled = {name: [getattr(each, name)[n] for n in order] for name in _COLUMNS}
        parts[each.side] = Records.build(each.side, shuffled)
    again = Sides(parts[Side.LEDGER], parts[Side.BANK], parts[Side.PLATFORM], DAY)
    assert reconcile_sides(again, RULES).to_bytes() == result.to_bytes()
    tomorrow = reconcile_sides(sides([], [], [], DAY + timedelta(days=3)), RULES, result.carried)
    open_today = {
        (total.account, total.effect, total.books_effect)
        for total in result.totals
        if total.effect or total.books_effect
    }
    open_then = {
        (total.account, total.effect, total.books_effect)
        for total in tomorrow.totals
        if total.effect or total.books_effect
    }
    assert open_then == open_today


_COLUMNS = [
    "id", "reference", "amount", "direction", "booked", "value", "account", "currency", "end_to_end_id",
    "instruction_id", "transaction_id", "servicer_id", "batch", "counterparty", "return_reason", "text", "reversal",
    "pending", "batch_count", "line", "number",
]  # fmt: skip


def test_a_payment_of_nothing_on_another_account_is_told_too() -> None:
    """R7: no account's sum differs by it, and still it is neither matched nor left out."""
    result = compare([], [row("R1", 0, account="A")], [row("R1", 0, account="B")])
    assert [(one.kind, one.effect) for one in result.breaks] == [(BreakClass.WRONG_ACCOUNT, 0)]
