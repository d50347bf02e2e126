"""Value at risk and expected shortfall, by three methods and a fourth that lets volatility change.

Rules:

1. `VaR` is the loss that is exceeded with a probability of at most 1 − level over the horizon; expected shortfall the
   mean loss in the worst 1 − level of cases. Both are losses: positive is money lost; minor units, rounded up.
2. Historical: the empirical distribution of overlapping changes over the horizon. VaR is an order statistic, not
   interpolated; expected shortfall weighs the case at the edge (C. Acerbi and D. Tasche, "On the coherence of expected
   shortfall", 2002).
3. Parametric: normal with the sample's means and covariances, scaled to the horizon by independence.
4. Monte Carlo: seeded normal daily changes, compounded over the horizon; the same measures as in 2 over the draws.
5. Filtered historical: a GARCH(1,1) of the portfolio's daily changes (package `arch`); past residuals at today's
   volatility (G. Barone-Adesi, K. Giannopoulos and L. Vosper, 1999), for a horizon of one day.

Example::

    measure(history, positions, Question(Method.HISTORICAL, level_ppm=990_000))
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from jinku.risk.market.errors import BadMeasure, PackageAbsent, TooFewDays
from jinku.risk.market.prices import Floats, PriceHistory

LEVEL_99_PPM = 990_000
_PPM = 1_000_000
HORIZON_DAYS_MAX = 30
DRAWS_DEFAULT = 100_000
DRAWS_MAX = 2_000_000
_DRAWS_AT_ONCE = 20_000
GARCH_DAYS_MIN = 250


class Method(StrEnum):
    """How losses are foreseen."""

    HISTORICAL = "historical"
    PARAMETRIC = "parametric"
    MONTE_CARLO = "monte_carlo"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: method, level in millionths, horizon, and for Monte Carlo the draws and their seed."""

    method: Method
    level_ppm: int = LEVEL_99_PPM
    horizon_days: int = 1
    draws: int = DRAWS_DEFAULT
    seed: int = 7

    def __post_init__(self) -> None:
        if not 500_000 <= self.level_ppm < _PPM:
            raise BadMeasure(f"level {self.level_ppm} ppm is not from 500,000 to 999,999")
        if not 1 <= self.horizon_days <= HORIZON_DAYS_MAX:
            raise BadMeasure(f"a horizon of {self.horizon_days} days is not from 1 to {HORIZON_DAYS_MAX}")
        if not 1_000 <= self.draws <= DRAWS_MAX:
            raise BadMeasure(f"{self.draws} draws are not from 1,000 to {DRAWS_MAX}")
        if self.method == Method.FILTERED and self.horizon_days != 1:
            raise BadMeasure("the filtered method foresees one day", remedy="ask for a horizon of 1")


@dataclass(frozen=True, slots=True)
class Measured:
    """What could be lost, and the cases that it was read off."""

    question: Question
    value_at_risk: int
    """Minor units; negative where even the worst cases earn."""
    expected_shortfall: int
    cases: int
    """Scenarios; 0 where a formula gave it."""


def measure(history: PriceHistory, positions: Mapping[str, int], question: Question) -> Measured:
    """VaR and expected shortfall of `positions` after the last day of `history`.

    Raises NotPriced, TooFewDays, BadMeasure, PackageAbsent.
    """
    values = history.values(positions)
    if question.method == Method.PARAMETRIC:
        return _parametric(history, values, question)
    losses = _LOSSES[question.method](history, values, question)
    return of_losses(losses, question)


def of_losses(losses: Floats, question: Question) -> Measured:
    """The measures of the empirical distribution of `losses`. Raises TooFewDays."""
    tail = len(losses) * (_PPM - question.level_ppm)  # cases beyond the level, in millionths of a case
    whole, part = divmod(tail, _PPM)
    if not whole:
        needed = -(-_PPM // (_PPM - question.level_ppm))
        raise TooFewDays(len(losses), needed, f"a level of {question.level_ppm / 10_000:g} %")
    worst = np.sort(losses)[::-1]
    edge = worst[min(whole, len(worst) - 1)]
    shortfall = (worst[:whole].sum() + part / _PPM * edge) / (tail / _PPM)
    return Measured(question, _up(edge), _up(shortfall), len(losses))


def _historical(history: PriceHistory, values: Floats, question: Question) -> Floats:
    if len(history.days) <= question.horizon_days:
        raise TooFewDays(0, 1, f"a horizon of {question.horizon_days}")
    return -(history.changes(question.horizon_days) @ values)


def _parametric(history: PriceHistory, values: Floats, question: Question) -> Measured:
    daily = _daily(history) @ values
    mean = float(daily.mean()) * question.horizon_days
    deviation = float(daily.std(ddof=1)) * math.sqrt(question.horizon_days)
    normal = NormalDist()
    quantile = normal.inv_cdf(question.level_ppm / _PPM)
    shortfall = deviation * normal.pdf(quantile) / (1 - question.level_ppm / _PPM)
    return Measured(question, _up(quantile * deviation - mean), _up(shortfall - mean), 0)


def _monte_carlo(history: PriceHistory, values: Floats, question: Question) -> Floats:
    daily = _daily(history)
    means, covariances = daily.mean(axis=0), np.atleast_2d(np.cov(daily, rowvar=False))
    weights, axes = np.linalg.eigh(covariances)  # also where factors move together exactly
    root = axes * np.sqrt(np.clip(weights, 0.0, None))
    rng = np.random.default_rng(question.seed)
    parts = []
    for first in range(0, question.draws, _DRAWS_AT_ONCE):
        count = min(_DRAWS_AT_ONCE, question.draws - first)
        grown = np.ones((count, len(values)))
        for _ in range(question.horizon_days):
            grown *= 1.0 + means + rng.standard_normal((count, len(values))) @ root.T
        parts.append(-((grown - 1.0) @ values))
    return np.concatenate(parts)


def _filtered(history: PriceHistory, values: Floats, _question: Question) -> Floats:
    try:
        from arch import arch_model
    except ImportError:
        raise PackageAbsent("arch") from None
    daily = history.changes() @ values
    if len(daily) < GARCH_DAYS_MIN:
        raise TooFewDays(len(daily), GARCH_DAYS_MIN, "the filtered method")
    scale = float(np.abs(daily).mean()) or 1.0
    fitted = arch_model(daily / scale, mean="Zero", vol="GARCH", p=1, q=1).fit(disp="off")
    residuals = np.asarray(fitted.std_resid, dtype=np.float64)
    ahead = math.sqrt(float(fitted.forecast(horizon=1).variance.to_numpy()[-1, 0]))
    return -residuals * ahead * scale


def _daily(history: PriceHistory) -> Floats:
    daily = history.changes()
    if len(daily) < 2:
        raise TooFewDays(len(daily), 2, "a covariance")
    return daily


def _up(loss: float) -> int:
    """To whole minor units, never less than the loss; what floating point adds in the sixth digit is not a loss."""
    return math.ceil(round(float(loss), 6))


_LOSSES = {
    Method.HISTORICAL: _historical,
    Method.MONTE_CARLO: _monte_carlo,
    Method.FILTERED: _filtered,
}
