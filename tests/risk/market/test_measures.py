"""K12: VaR and expected shortfall, each checked by a second way to the same figure."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from jinku.base.errors import InputError
from jinku.risk.market.errors import BadMeasure, NotPriced, TooFewDays
from jinku.risk.market.measures import Method, Question, measure, of_losses
from jinku.risk.market.prices import PriceHistory, read_positions, read_prices


def history(days: int, seed: int = 3, factors: int = 3) -> PriceHistory:
    """Prices of factors that move together."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.01, (days, 1))
    changes = 0.0003 + common + rng.normal(0, 0.008, (days, factors))
    first = date(2024, 1, 1)
    return PriceHistory(
        tuple(first + timedelta(number) for number in range(days)),
        tuple(f"f{number}" for number in range(factors)),
        np.asarray(100 * np.cumprod(1 + changes, axis=0), np.float64),
    )


POSITIONS = {"f0": 50_000_000, "f1": -20_000_000, "f2": 10_000_000}


@given(
    losses=st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=300),
    level=st.integers(500_000, 999_000),
)
def test_measures_of_a_distribution(losses: list[int], level: int) -> None:
    """K12: VaR is the least loss exceeded no oftener than the level allows; shortfall the integral of VaR beyond it."""
    question = Question(Method.HISTORICAL, level)
    count, ppm = len(losses), 1_000_000
    if count * (ppm - level) < ppm:
        with pytest.raises(TooFewDays):
            of_losses(np.array(losses, float), question)
        return
    found = of_losses(np.array(losses, float), question)
    allowed = [one for one in losses if sum(other > one for other in losses) * ppm <= count * (ppm - level)]
    assert found.value_at_risk == min(allowed)
    steps = sorted(losses, reverse=True)
    tail = count * (ppm - level) / ppm
    integral = sum(loss * max(0.0, min(1.0, tail - place)) for place, loss in enumerate(steps)) / tail
    assert integral - 1e-6 <= found.expected_shortfall <= integral + 1 + 1e-6
    assert found.expected_shortfall >= found.value_at_risk


def test_the_formula_is_the_normal_integral() -> None:
    """K12: the parametric figures against scipy's quantile and a numeric integral."""
    prices = history(400)
    found = measure(prices, POSITIONS, Question(Method.PARAMETRIC, 975_000))
    profit = prices.changes() @ prices.values(POSITIONS)
    mean, deviation = profit.mean(), profit.std(ddof=1)
    assert found.value_at_risk == pytest.approx(deviation * stats.norm.ppf(0.975) - mean, abs=1)
    tail, _ = integrate.quad(lambda level: deviation * stats.norm.ppf(level) - mean, 0.975, 1)
    assert found.expected_shortfall == pytest.approx(tail / 0.025, rel=1e-4)


def test_draws_agree_with_the_formula() -> None:
    """K12: a million draws come to what the formula says, the same seed to the same figure."""
    prices = history(400)
    drawn = measure(prices, POSITIONS, Question(Method.MONTE_CARLO, draws=400_000))
    said = measure(prices, POSITIONS, Question(Method.PARAMETRIC))
    assert drawn.value_at_risk == pytest.approx(said.value_at_risk, rel=0.02)
    assert drawn.expected_shortfall == pytest.approx(said.expected_shortfall, rel=0.02)
    small = Question(Method.MONTE_CARLO, draws=1_000)
    assert measure(prices, POSITIONS, small) == measure(prices, POSITIONS, small)
    other = Question(Method.MONTE_CARLO, draws=1_000, seed=8)
    assert measure(prices, POSITIONS, small).value_at_risk != measure(prices, POSITIONS, other).value_at_risk


def test_the_worst_day_is_the_loss() -> None:
    """K12: at 99 % of 150 days the second worst loss, and every horizon overlaps."""
    prices = history(151)
    losses = sorted(-(prices.changes() @ prices.values(POSITIONS)))
    found = measure(prices, POSITIONS, Question(Method.HISTORICAL))
    assert found.cases == 150
    assert 0 <= found.value_at_risk - losses[-2] < 1
    longer = measure(prices, POSITIONS, Question(Method.HISTORICAL, 950_000, horizon_days=10))
    assert longer.cases == 141
    assert (
        longer.value_at_risk > measure(prices, POSITIONS, Question(Method.HISTORICAL, 950_000)).value_at_risk
    )


def test_volatility_that_changes_is_followed() -> None:
    """K12: after calm years a week of storm: the filtered method foresees more than the plain history does."""
    rng = np.random.default_rng(5)
    changes = np.concatenate([rng.normal(0, 0.005, 600), rng.normal(0, 0.03, 8)])
    days = tuple(date(2024, 1, 1) + timedelta(number) for number in range(len(changes) + 1))
    prices = PriceHistory(days, ("f0",), 100 * np.cumprod(np.concatenate([[1.0], 1 + changes]))[:, None])
    stormy = measure(prices, {"f0": 1_000_000}, Question(Method.FILTERED))
    calm = measure(prices.until(600), {"f0": 1_000_000}, Question(Method.FILTERED))
    assert stormy.value_at_risk > 1.5 * calm.value_at_risk
    with pytest.raises(TooFewDays, match="250"):
        measure(prices.until(100), {"f0": 1}, Question(Method.FILTERED))


def test_what_makes_no_sense_is_refused() -> None:
    prices = history(50)
    with pytest.raises(TooFewDays, match="100 days of changes, there are 49"):
        measure(prices, POSITIONS, Question(Method.HISTORICAL))
    with pytest.raises(NotPriced, match="gold"):
        measure(prices, {"gold": 1}, Question(Method.HISTORICAL, 500_000))
    for wrong in ({"level_ppm": 1_000_000}, {"horizon_days": 0}, {"draws": 1}):
        with pytest.raises(BadMeasure):
            Question(Method.HISTORICAL, **wrong)
    with pytest.raises(BadMeasure, match="one day"):
        Question(Method.FILTERED, horizon_days=10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,price\n2026-01-05,1\n", "1: factor='': column is missing"),
        ("date,factor,price\n2026-01-05,usd,0\n", "prices.csv:2: price='0': is no price above zero"),
        ("date,factor,price\n2026-01-05,usd,nan\n", "is no price above zero"),
        ("date,factor,price\n2026-13-05,usd,1\n", "prices.csv:2: date='2026-13-05': is no date"),
        ("date,factor,price\n2026-01-05,usd,1\n2026-01-05,usd,2\n", "has a second price on 2026-01-05"),
        (
            "date,factor,price\n2026-01-05,usd,1\n2026-01-05,eur,2\n2026-01-06,usd,1\n",
            "no price of eur on 2026-01-06",
        ),
        ("date,factor,price\n2026-01-05,usd\n", "prices.csv:2: has 2 cells of 3"),
        ("date,factor,price\n", "has no prices"),
        ("", "column is missing"),
    ],
)
def test_bad_prices_name_their_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_prices(path)


def test_positions_are_whole_minor_units(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("factor,value\nusd,-1200\neur,5\n", encoding="utf-8")
    assert read_positions(path) == {"usd": -1200, "eur": 5}
    for text in ("factor,value\nusd,1.5\n", "factor,value\nusd,1\nusd,2\n", "factor,value\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            read_positions(path)
