"""Reconciliation: every record once, nothing guessed, everything explained and the difference accounted for."""

import random
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.statements import CNY, DAY, IN, OUT, entry, statement

from jinku.base.calendar import TARGET
from jinku.base.currency import currency
from jinku.base.errors import InputError
from jinku.custody.reconciliation.breaks import BreakClass, Outcome, ageing
from jinku.custody.reconciliation.engine import Movement, Policy, Reconciliation, reconcile
from jinku.custody.statements.model import Direction, EntryStatus, StatementEntry


def ours(reference: str, amount: int, direction: Direction = IN, *, id: int = 1, day: date = DAY) -> Movement:  # noqa: A002
    """A movement of our books."""
    return Movement(reference, amount, direction, day, id)


def kinds(result: Reconciliation) -> list[BreakClass]:
    return [one.kind for one in result.breaks]


def test_equal_records_match_and_say_why() -> None:
    result = reconcile(statement(entry("N", 5, e2e="R1")), [ours("R1", 5, id=17)])
    assert result.is_clean
    assert result.counts == {"equal": 1}
    (match,) = result.matches
    assert (match.step, match.bank_line, match.movement.transfer_id, match.lag_days) == (
        "reference-day",
        1,
        17,
        0,
    )
    because = "same reference, amount, direction and day; amount 5 CRDT, reference R1"
    assert match.explanation == f"line 1 and transfer 17: {because}"


@pytest.mark.parametrize(
    "field", ["end_to_end_id", "instruction_id", "transaction_id", "servicer_reference", "reference"]
)
def test_a_reference_is_found_in_any_field(field: str) -> None:
    named = replace(entry("N", 5), **{"end_to_end_id": "NOTPROVIDED", field: "R1"})  # type: ignore[arg-type]
    assert reconcile(statement(named), [ours("R1", 5)]).is_clean


CASES: dict[str, tuple[list[StatementEntry], list[Movement], BreakClass, int]] = {
    "missing at bank": ([], [ours("R", 5)], BreakClass.MISSING_AT_BANK, -5),
    "unknown at bank": ([entry("N", 5, OUT, e2e="X")], [], BreakClass.UNKNOWN_AT_BANK, -5),
    "amount differs": ([entry("N", 7, e2e="R")], [ours("R", 5)], BreakClass.AMOUNT_DIFFERS, 2),
    "wrong direction": ([entry("N", 5, OUT, e2e="R")], [ours("R", 5)], BreakClass.WRONG_DIRECTION, -10),
    "duplicate at bank": (
        [entry("N1", 5, e2e="R"), entry("N2", 5, e2e="R")],
        [ours("R", 5)],
        BreakClass.DUPLICATE_AT_BANK,
        5,
    ),
    "duplicate in books": (
        [entry("N1", 5, e2e="R")],
        [ours("R", 5, id=1), ours("R", 5, id=2)],
        BreakClass.DUPLICATE_IN_BOOKS,
        -5,
    ),
    "booked late": (
        [entry("N1", 5, e2e="R")],
        [ours("R", 5, day=DAY - timedelta(days=1))],
        BreakClass.LATE,
        0,
    ),
    "not due yet": ([], [ours("R", 5, day=DAY + timedelta(days=1))], BreakClass.LATE, -5),
    "pending at bank": (
        [replace(entry("N", 5, e2e="R"), status=EntryStatus.PENDING)],
        [ours("R", 5)],
        BreakClass.LATE,
        -5,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_class_of_break(case: str) -> None:
    theirs, mine, kind, effect = CASES[case]
    result = reconcile(statement(*theirs), mine)
    (found,) = result.breaks
    assert (found.kind, found.effect, found.account) == (kind, effect, "CUSTODY-1")
    assert found.evidence
    assert found.amount >= 0
    assert result.difference == effect
    assert result.proof[-1].startswith("= the bank's booked movements")


def test_every_record_ends_in_one_of_four_ways() -> None:
    ends = {case: reconcile(statement(*CASES[case][0]), CASES[case][1]).breaks[0].outcome for case in CASES}
    assert ends["missing at bank"] is Outcome.OURS_ONLY
    assert ends["unknown at bank"] is Outcome.BANK_ONLY
    assert ends["amount differs"] is Outcome.MISMATCH
    assert ends["booked late"] is Outcome.EQUAL


def test_amount_and_day_match_only_without_an_end_to_end_id_and_alone() -> None:
    assert reconcile(statement(entry("N", 5)), [ours("R", 5)]).matches[0].step == "amount-day"
    named = reconcile(statement(entry("N", 5, e2e="OTHER")), [ours("R", 5, id=9)])
    assert kinds(named) == [BreakClass.UNKNOWN_AT_BANK, BreakClass.MISSING_AT_BANK]
    two = reconcile(statement(entry("N1", 5), entry("N2", 5)), [ours("R1", 5, id=1), ours("R2", 5, id=2)])
    assert kinds(two) == [BreakClass.AMBIGUOUS] * 4
    assert two.breaks[0].candidates == ("ledger 1", "ledger 2")
    assert two.breaks[2].candidates == ("bank S1/1", "bank S1/2")
    assert not two.matches


def test_references_shared_by_unlike_records_are_not_guessed() -> None:
    theirs = statement(entry("N1", 5, e2e="R"), entry("N2", 6, e2e="R"))
    result = reconcile(theirs, [ours("R", 7, id=1), ours("R", 8, id=2)])
    assert kinds(result) == [BreakClass.AMBIGUOUS] * 4


def test_alike_records_pair_off_in_order_of_day() -> None:
    days = [DAY - timedelta(days=n) for n in (0, 1)]
    theirs = statement(*(entry(f"N{n}", 5, e2e="R", day=day) for n, day in enumerate(days)))
    result = reconcile(theirs, [ours("R", 5, id=n, day=day) for n, day in enumerate(days)])
    assert result.is_clean
    assert [match.movement.transfer_id for match in result.matches] == [0, 1]


def test_policy_sets_transit_lag_and_age() -> None:
    yesterday = DAY - timedelta(days=1)
    held = [ours("R", 5, day=yesterday)]
    assert kinds(reconcile(statement(), held)) == [BreakClass.MISSING_AT_BANK]
    assert kinds(reconcile(statement(), held, policy=Policy(transit_days=1))) == [BreakClass.LATE]
    assert reconcile(statement(entry("N", 5, e2e="R")), held, policy=Policy(lag_days_max=1)).is_clean
    old = [ours("R", 5, day=date(2026, 4, 2))]
    (found,) = reconcile(statement(), old, policy=Policy(calendar=TARGET, as_of=date(2026, 4, 8))).breaks
    assert found.age_days == 2
    assert [(band.label, band.count, band.amount) for band in ageing([found])][2] == ("2-5 days", 1, 5)


def test_closing_balances_are_reconciled_too() -> None:
    bank = statement(entry("N", 7, e2e="R"), opening=100)
    agreed = reconcile(bank, [ours("R", 5)], our_closing=105)
    assert (agreed.difference, agreed.residual) == (2, 0)
    assert agreed.proof[-1] == "= the bank's closing balance 1.07 CNY"
    assert reconcile(bank, [ours("R", 7)], our_closing=107).is_clean
    older = reconcile(bank, [ours("R", 7)], our_closing=104)
    assert (older.breaks, older.residual, older.is_clean) == ((), 3, False)
    assert "+ older than this statement 0.03 CNY" in older.proof


def test_a_statement_of_another_account_or_currency_is_refused() -> None:
    assert reconcile(statement(), [], policy=Policy(account="CUSTODY-1", currency=CNY)).is_clean
    with pytest.raises(InputError, match="account='CUSTODY-1': is not OTHER"):
        reconcile(statement(), [], policy=Policy(account="OTHER"))
    with pytest.raises(InputError, match="currency='CNY': is not JPY"):
        reconcile(statement(), [], policy=Policy(currency=currency("JPY")))


def test_a_break_keeps_its_id_from_day_to_day() -> None:
    mine = [ours("R", 5, id=3)]
    today = reconcile(statement(), mine).breaks[0]
    later = reconcile(statement(sequence=2), mine, policy=Policy(as_of=DAY + timedelta(days=7))).breaks[0]
    assert today.break_id == later.break_id
    assert later.age_days == 5
    assert today.break_id != reconcile(statement(), [ours("R", 5, id=4)]).breaks[0].break_id


references = st.sampled_from(["", "A", "B", "C"])
sizes = st.integers(0, 3)
days = st.sampled_from([DAY, DAY - timedelta(days=1)])
sides = st.sampled_from(Direction)
bank_rows = st.builds(
    StatementEntry,
    reference=references,
    amount=sizes,
    direction=sides,
    booked=days,
    end_to_end_id=references,
    status=st.sampled_from([EntryStatus.BOOKED, EntryStatus.BOOKED, EntryStatus.PENDING]),
)
our_rows = st.builds(
    Movement, reference=references, amount=sizes, direction=sides, date=days, transfer_id=st.integers(1, 9)
)


@given(
    st.lists(bank_rows, max_size=8),
    st.lists(our_rows, max_size=8, unique_by=lambda one: one.transfer_id),
    st.randoms(),
)
def test_each_record_once_and_the_difference_explained(
    theirs: list[StatementEntry], mine: list[Movement], chance: random.Random
) -> None:
    bank = statement(*theirs)
    result = reconcile(bank, mine)
    booked = [n for n, one in enumerate(theirs, 1) if one.status is EntryStatus.BOOKED]
    twins = {BreakClass.DUPLICATE_AT_BANK, BreakClass.DUPLICATE_IN_BOOKS}
    lines, transfers = set[int](), set[int]()
    for one in result.breaks:
        if one.outcome is Outcome.EQUAL:
            continue
        own = [int(name.split("/")[1]) for name in one.bank_ids]
        of_ours = (
            []
            if one.kind is BreakClass.DUPLICATE_AT_BANK
            else one.transfer_ids[-1:]
            if one.kind in twins
            else one.transfer_ids
        )
        assert not lines & set(own)
        assert not transfers & set(of_ours)
        lines.update(own)
        transfers.update(of_ours)
    assert not lines & {match.bank_line for match in result.matches}
    assert not transfers & {match.movement.transfer_id for match in result.matches}
    assert lines | {match.bank_line for match in result.matches} == set(booked)
    assert transfers | {match.movement.transfer_id for match in result.matches} == {
        one.transfer_id for one in mine
    }
    assert sum(one.effect for one in result.breaks) == result.difference
    assert sum(result.effects.values()) == result.bank_sum - sum(one.signed for one in mine)
    shuffled = mine.copy()
    chance.shuffle(shuffled)
    again = reconcile(bank, shuffled)
    assert (again.matches, again.breaks) == (result.matches, result.breaks)


def test_fifty_thousand_against_fifty_thousand() -> None:
    mine = [ours(f"R{n}", n % 977, Direction.CREDIT if n % 3 else OUT, id=n) for n in range(50_000)]
    theirs = [
        entry(f"N{n}", one.amount, one.direction, e2e=one.reference) for n, one in enumerate(mine) if n % 1000
    ]
    bank = statement(*theirs)
    started = time.process_time()
    result = reconcile(bank, mine)
    assert time.process_time() - started < 15
    assert result.counts == {"equal": 49_950, "missing_at_bank": 50}
