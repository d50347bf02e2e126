"""Labelled days: the engine against days whose answer is known, and against an oracle of its own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.reconciliation.rows import compare, found, row

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.records import Records, Side
from jinku.custody.reconciliation.three_way import reconcile_sides
from jinku.sim.recon.day import LabelledDay, labelled_day
from jinku.sim.recon.truth import score_day

SEEDS = range(100, 106)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_false_match_on_any_day_and_almost_nothing_missed(seed: int) -> None:
    """R7: every class of break on three sides is found, and no two payments are taken for one."""
    day = labelled_day(seed, 4_000)
    result = reconcile_sides(day.sides, day.rules)
    score = score_day(day.truth, result)
    assert score.false_matches == 0
    assert score.recall >= 0.995
    assert score.class_accuracy >= 0.98, score.wrong
    assert {one for answers in day.truth.labels.values() for one in answers[0]} == set(BreakClass)


def test_harder_days_still_have_no_false_match() -> None:
    day = labelled_day(9, 3_000, fault_rate=0.012, noise_rate=0.02)
    score = score_day(day.truth, reconcile_sides(day.sides, day.rules))
    assert score.false_matches == 0
    assert score.recall >= 0.98


def test_one_seed_is_one_day() -> None:
    first, second = labelled_day(5, 1_000), labelled_day(5, 1_000)
    for one, other in zip(_sides(first), _sides(second), strict=True):
        assert one.digest == other.digest
    again = reconcile_sides(second.sides, second.rules)
    assert reconcile_sides(first.sides, first.rules).to_bytes() == again.to_bytes()
    assert labelled_day(6, 1_000).sides.ledger.digest != first.sides.ledger.digest


def test_the_score_sees_false_matches_missed_ones_and_wrong_classes() -> None:
    day = labelled_day(5, 1_000)
    result = reconcile_sides(day.sides, day.rules)
    apart = {one: number for number, one in enumerate(day.truth.family[Side.BANK])}
    strange = replace(day.truth, family={**day.truth.family, Side.BANK: apart})
    assert score_day(strange, result).false_matches > 500
    blind = replace(day.rules, rows=day.rules.rows[-1:])
    worse = score_day(day.truth, reconcile_sides(day.sides, blind))
    assert worse.recall < 0.1
    assert worse.class_accuracy < 0.5
    unlabelled = replace(day.truth, labels={})
    assert score_day(unlabelled, result).right == 0


def test_rates_and_styles_are_those_of_a_platform() -> None:
    sides = labelled_day(1, 5_000).sides
    assert sides.bank is not None
    assert len(sides.bank) < len(sides.ledger)  # batches and channels
    assert len(set(sides.ledger.account)) == 3
    _, counts = np.unique(sides.ledger.amount, return_counts=True)
    assert counts.max() > 50
    assert (sides.bank.end_to_end_id == "").sum() > 20


def _sides(day: LabelledDay) -> list[Records]:
    sides = day.sides
    return [one for one in (sides.platform, sides.ledger, sides.bank) if one is not None]


# --- an oracle: where each reference stands at most once on a side, a table says it all ----------------------

amounts = st.none() | st.sampled_from([-900, -500, 500, 900, 901])
movements = st.dictionaries(
    st.sampled_from([f"PAY-{n:06d}" for n in range(0, 70, 7)]), st.tuples(amounts, amounts, amounts)
)


def oracle(platform: int | None, ledger: int | None, bank: int | None) -> str:
    """The class of one payment, written down case by case."""
    there = (platform is not None, ledger is not None, bank is not None)
    missing = {
        (False, False, True): "unknown_at_bank",
        (False, True, False): "only_in_ledger",
        (True, False, False): "only_in_platform",
        (True, True, False): "missing_at_bank",
        (True, False, True): "missing_in_ledger",
        (False, True, True): "missing_in_platform",
    }
    if there in missing:
        return missing[there]
    if platform == ledger == bank:
        return ""
    return "amount_differs"


@settings(max_examples=60, deadline=None)
@given(movements)
def test_the_engine_agrees_with_the_oracle(
    payments: dict[str, tuple[int | None, int | None, int | None]],
) -> None:
    plain = {name: three for name, three in payments.items() if _told_by_reference(three)}
    platform, ledger, bank = (
        [row(name, amount) for name, three in plain.items() if (amount := three[n]) is not None]
        for n in range(3)
    )
    result = compare(platform, ledger, bank)
    wanted = {name: kind for name, three in plain.items() if (kind := oracle(*three))}
    unsure = {
        one.reference for one in result.breaks if one.kind is BreakClass.AMBIGUOUS
    }  # neighbours in sequence
    assert {one.reference: one.kind.value for one in result.breaks if one.reference not in unsure} == {
        name: kind for name, kind in wanted.items() if name not in unsure
    }
    assert unsure <= set(wanted)
    assert result.match_count == len(plain) - len(wanted)
    assert len(found(result)) == len(wanted) or unsure


def _told_by_reference(three: tuple[int | None, int | None, int | None]) -> bool:
    """Payments that one direction tells: two directions with two amounts are a person's to judge."""
    given_ = [one for one in three if one is not None]
    return bool(given_) and (all(one > 0 for one in given_) or all(one < 0 for one in given_))
