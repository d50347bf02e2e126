"""K12: Kupiec and Christoffersen against published figures, and against what they promise on simulated days."""

import numpy as np
import pytest
from scipy import stats
from tests.risk.market.test_measures import POSITIONS, history

from jinku.risk.market.backtest import back_test, kupiec, roll, zone_of
from jinku.risk.market.errors import BadMeasure, TooFewDays
from jinku.risk.market.measures import Method, Question


@pytest.mark.parametrize(
    ("exceptions", "ratio", "p_value"),
    [
        (0, 5.025, 0.025),
        (1, 1.18, 0.278),
        (2, 0.11, 0.742),
        (4, 0.77, 0.380),
        (6, 3.56, 0.059),
        (7, 5.50, 0.019),
    ],
)
def test_kupiec_as_published(exceptions: int, ratio: float, p_value: float) -> None:
    """K12: 250 days at 99 %, the table that textbooks print (K. Dowd, Measuring Market Risk)."""
    found = kupiec(250, exceptions, 0.01)
    assert found.ratio == pytest.approx(ratio, abs=0.005)
    assert found.p_value == pytest.approx(p_value, abs=0.001)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.ratio, 1), rel=1e-9)


def days(beyond: "list[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]]") -> tuple[list[int], list[int]]:
    """Losses and estimates with exceptions where `beyond` says."""
    return [101 if one else 99 for one in beyond], [100] * len(beyond)


def test_exceptions_that_come_together_are_told() -> None:
    """K12: the same ten exceptions pass when spread and are rejected in a row; Christoffersen by hand."""
    spread, together = [False] * 1_000, [False] * 1_000
    for number in range(10):
        spread[50 + 90 * number] = together[500 + number] = True
    apart, heaped = back_test(*days(spread), 990_000), back_test(*days(together), 990_000)
    assert apart.holds
    assert apart.expected == pytest.approx(10)
    assert heaped.coverage == apart.coverage
    assert heaped.independence.rejects
    assert not heaped.holds
    # 999 transitions: 989 from calm, one of them to an exception; 10 from an exception, nine of them to another
    by_hand = -2 * (
        10 * np.log(10 / 999) + 989 * np.log(989 / 999)
        - (np.log(1 / 989) + 988 * np.log(988 / 989) + 9 * np.log(0.9) + np.log(0.1))
    )  # fmt: skip
    assert heaped.independence.ratio == pytest.approx(by_hand)
    assert heaped.conditional.ratio == pytest.approx(heaped.coverage.ratio + heaped.independence.ratio)
    assert heaped.conditional.p_value == pytest.approx(stats.chi2.sf(heaped.conditional.ratio, 2))


def test_a_right_model_is_seldom_rejected_and_a_wrong_one_often() -> None:
    """K12: 400 years of days at 95 %: about one in twenty rejected when right, nearly all when twice as risky."""
    rng = np.random.default_rng(11)
    right = [back_test(*days(rng.random(500) < 0.05), 950_000).coverage.rejects for _ in range(400)]
    wrong = [back_test(*days(rng.random(500) < 0.10), 950_000).coverage.rejects for _ in range(400)]
    assert 0.02 < np.mean(right) < 0.09
    assert np.mean(wrong) > 0.95


def test_the_supervisors_zone() -> None:
    """K12: the zone counts the last 250 days at 99 % only."""
    beyond = [True] * 20 + [False] * 250
    found = back_test(*days(beyond), 990_000)
    assert found.zone is not None
    assert found.zone.name == "green"
    assert [zone_of(number).name for number in (0, 4, 5, 9, 10, 99)] == [
        "green", "green", "amber", "amber", "red", "red",
    ]  # fmt: skip
    assert back_test(*days(beyond), 975_000).zone is None
    assert back_test(*days(beyond[:200]), 990_000).zone is None


def test_rolling_uses_only_what_was_known() -> None:
    """K12: a crash on the last day is in nobody's estimate of that day, and is an exception."""
    prices = history(300)
    crashed = prices.prices.copy()
    crashed[-1, 0] *= 0.5
    fallen = type(prices)(prices.days, prices.factors, crashed)
    question = Question(Method.HISTORICAL, 975_000)
    losses, foreseen = roll(fallen, POSITIONS, question, 200)
    before, same = roll(prices, POSITIONS, question, 200)
    assert foreseen == same
    assert losses[:-1] == before[:-1]
    tested = back_test(losses, [one.value_at_risk for one in foreseen], question.level_ppm)
    assert tested.days == 99
    assert tested.exceptions[-1] == 98
    with pytest.raises(TooFewDays):
        roll(prices.until(150), POSITIONS, question, 200)
    with pytest.raises(BadMeasure):
        back_test([1], [1], 990_000)
