"""Measures, thresholds, drift, the line, the score without labels: each against something that knows better."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.risk.models.samples import matrix

from jinku.risk.models.blend import Blend
from jinku.risk.models.drift import Band, Baseline
from jinku.risk.models.errors import BadTrainingData, WrongFeatures
from jinku.risk.models.evaluation import (
    Period,
    average_precision,
    card_precision,
    roc_area,
    split,
)
from jinku.risk.models.experiment import card_features
from jinku.risk.models.explaining import shapley
from jinku.risk.models.reasons import reasons
from jinku.risk.models.recipes import CARDS
from jinku.risk.models.regression import fit_line
from jinku.risk.models.thresholds import Calibration, pooled
from jinku.risk.models.training import Recipe, train
from jinku.risk.models.unsupervised import Excess, unlabelled
from jinku.risk.models.words import WORDS

metrics: Any = pytest.importorskip("sklearn.metrics")
NAMES = ("a", "b", "c", "d", "e")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_precision_and_area_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([float(score) for score, _ in rows])
    fraud = np.array([bad for _, bad in rows])
    if fraud.all() or not fraud.any():
        return
    assert average_precision(scores, fraud) == pytest.approx(metrics.average_precision_score(fraud, scores))
    assert roc_area(scores, fraud) == pytest.approx(metrics.roc_auc_score(fraud, scores))


def test_cards_found_are_not_looked_for_again() -> None:
    """Two days: card 1 is fraud on both and counts once; card 2 only on the second."""
    scores, fraud = np.array([9.0, 1, 9, 8, 0]), np.array([True, False, True, True, False])
    customer, day = np.array([1, 2, 1, 2, 3]), np.array([0, 0, 1, 1, 1])
    assert card_precision(scores, fraud, customer, day) == pytest.approx((1 / 100 + 1 / 100) / 2)


def test_known_cards_leave_the_test_on_the_day_they_are_known() -> None:
    """The protocol: training days at once, then each day's frauds eight days later; earlier frauds block nobody."""
    day = np.array([9, 10, 16, 17, 18, 24, 25, 26, 24, 25, 26, 24, 24, 31])
    customer = np.array([5, 1, 2, 3, 4, 3, 3, 3, 4, 4, 4, 1, 5, 5])
    fraud = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], np.bool_)
    parts = split(day, customer, fraud, Period(10))
    assert parts.train.tolist() == [1, 2]
    tested = [(int(day[at]), int(customer[at])) for at in parts.test]
    assert tested == [(24, 3), (24, 4), (25, 4), (24, 5)]
    assert split(day, customer, fraud, Period(10, history_days=1)).train.tolist() == [0, 1, 2]
    assert split(day, customer, fraud, Period(12, history_days=None)).train.tolist() == [0, 1, 2, 3, 4]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_pooled_is_the_nearest_falling_sequence(values: list[int]) -> None:
    from sklearn.isotonic import isotonic_regression

    wanted = isotonic_regression(np.array(values, float), increasing=False)
    assert np.allclose(pooled(np.array(values, float), np.ones(len(values))), wanted)


def test_thresholds_bring_what_they_say() -> None:
    """K11: scores of calibrated chances: what is expected above a threshold is what comes in a second sample."""
    random = np.random.default_rng(1)
    chances = random.beta(0.2, 4, size=(2, 40_000))
    outcomes = random.random(chances.shape) < chances
    table = Calibration.of(np.log(chances[0] + 1e-9), outcomes[0], days=10)
    for found in (table.for_precision(0.5), table.for_recall(0.4), table.for_budget(100)):
        assert found is not None
        alerts = np.log(chances[1] + 1e-9) >= found.score
        assert outcomes[1][alerts].mean() == pytest.approx(found.precision, abs=0.05)
        assert outcomes[1][alerts].sum() / outcomes[1].sum() == pytest.approx(found.recall, abs=0.05)
        assert alerts.sum() / 10 == pytest.approx(found.alerts_a_day, rel=0.15)
    budget = table.for_budget(100)
    assert budget is not None
    assert budget.alerts_a_day <= 100
    assert table.for_precision(1.01) is None


def test_drift_is_banded() -> None:
    """K11: PSI by column, NULL as a bin of its own, with bands at 0.1 and 0.25."""
    random = np.random.default_rng(2)
    then = random.normal(size=(20_000, 3))
    baseline = Baseline.read(Baseline.of(("still", "moved", "gone"), then, then[:, 0]).document())
    now = random.normal(size=(20_000, 3))
    now[:, 1] += 0.35
    now[random.random(20_000) < 0.3, 2] = np.nan
    found = {reading.column: reading for reading in baseline.compare(now, now[:, 0])}
    assert found["still"].psi < 0.01
    assert found["score"].band is Band.STEADY
    assert found["moved"].band is Band.SHIFTED
    assert found["gone"].band is Band.DRIFTED
    with pytest.raises(WrongFeatures):
        baseline.compare(now[:, :2], now[:, 0])


def test_the_line_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    values, fraud = matrix(3)
    clean = np.nan_to_num(values)
    scaled = (clean - clean.mean(axis=0)) / clean.std(axis=0)
    known = LogisticRegression(C=1 / 3.0, tol=1e-10, max_iter=1_000).fit(scaled, fraud)
    line = fit_line(clean, fraud, ridge=3.0)
    wanted = known.decision_function(scaled)
    assert np.allclose(line.intercept + clean @ line.weights, wanted, atol=1e-4)


def test_a_perfect_line_ends() -> None:
    """Columns that separate the outcomes wholly have no finite optimum but for the ridge."""
    fraud = np.arange(1_000) < 20
    line = fit_line(fraud.astype(float)[:, None] * 1e6, fraud, ridge=3.0)
    assert np.isfinite(line.weights).all()
    assert line.weights[0] > 0


def test_a_blend_scores_explains_and_comes_back() -> None:
    """K11: reasons name features in both languages; exact Shapley values agree on which matter."""
    pytest.importorskip("shap")
    values, fraud = matrix(4)
    blend = train(NAMES, values, fraud, Recipe(line=("a", "b"), trees=30))
    assert isinstance(blend, Blend)
    again = Blend.from_bytes(blend.to_bytes())
    assert again.score(values).tobytes() == blend.score(values).tobytes()
    assert again.digest == blend.digest
    one_by_one = np.concatenate([blend.score(row[None]) for row in values[:50]])
    assert one_by_one.tobytes() == blend.score(values)[:50].tobytes()
    gave = blend.contributions(values)
    assert np.allclose(gave.sum(axis=1) + blend.base, blend.score(values), atol=1e-9)
    exact = shapley(blend, values[:200])
    assert np.allclose(exact.sum(axis=1) + blend.base, blend.score(values)[:200], atol=1e-6)
    worst = int(np.argmax(blend.score(values)))
    [found] = reasons(blend, values, [worst])
    assert {reason.code for reason in found[:2]} == {"a", "b"}
    assert found[0].gave > 0


def test_every_card_feature_has_a_name_in_both_languages() -> None:
    """K11: no reason is without a name."""
    names = card_features().names
    assert set(names) == set(WORDS)
    assert all(words.zh and words.en and not words.zh.isascii() for words in WORDS.values())
    assert {*CARDS.line, *CARDS.left_out} <= set(names)


def test_too_few_frauds_train_nothing() -> None:
    values, fraud = matrix(6)
    few = np.zeros_like(fraud)
    few[:5] = True
    with pytest.raises(BadTrainingData, match="5 frauds"):
        train(NAMES, values, few, Recipe(line=()))
    with pytest.raises(WrongFeatures, match="zz"):
        train(NAMES, values, fraud, Recipe(line=("zz",)))


def test_the_score_without_labels_uses_none_and_finds_what_lies_far_out() -> None:
    kept = unlabelled(card_features())
    assert "customer_evidence" in kept
    assert "amount_ratio" in kept
    assert {name for name in kept if name.startswith("terminal_")} == {
        "terminal_known_7d",
        "terminal_known_30d",
        "terminal_count_1d",
        "terminal_count_7d",
    }
    random = np.random.default_rng(7)
    usual = random.normal(size=(5_000, 3))
    usual[random.random(5_000) < 0.2, 2] = np.nan
    scorer = Excess.of(("a", "b", "c"), usual)
    strange = usual[:50].copy()
    strange[:, 1] = np.where(np.arange(50) % 2, 6.0, -6.0)
    scores = scorer.score(np.vstack([usual, strange]))
    assert roc_area(scores, np.arange(5_050) >= 5_000) > 0.99
    assert scorer.contributions(strange)[:, 1].min() > 30
    blind = Excess.of(("a", "b", "c"), usual, only=("a", "c"))
    assert blind.contributions(strange)[:, 1].max() == 0
    for matrix_, problem in ((usual[:10], "10 rows"), (np.ones((200, 3)), "no feature")):
        with pytest.raises(BadTrainingData, match=problem):
            Excess.of(("a", "b", "c"), matrix_)


def test_exposure_lifts_cards_that_nothing_else_speaks_against() -> None:
    """The weight is learnt from cards: their unsuspected frauds of the day up to now, not the payment's own."""
    random = np.random.default_rng(9)
    rows = 60_000
    card_day = np.repeat(np.arange(rows // 10), 10)
    seen = random.normal(size=rows)
    hidden = random.random(rows) < 0.004
    fraud = (seen > 2.6) | hidden
    so_far = np.tile(np.arange(10.0), rows // 10)
    matrix_ = np.column_stack([seen, so_far])
    recipe = Recipe(line=("seen",), exposed="so_far", left_out=("so_far",), trees=10)
    blend = train(("seen", "so_far"), matrix_, fraud, recipe, card_day)
    without = train(("seen", "so_far"), matrix_, fraud, recipe)
    assert isinstance(blend, Blend)
    assert isinstance(without, Blend)
    assert without.weights[1] == 0
    assert 0 < blend.weights[1] < 1
    late = matrix_[9::10]
    assert (blend.score(late) > without.score(late)).all()
    assert blend.score(matrix_[::10]).tobytes() == without.score(matrix_[::10]).tobytes()
