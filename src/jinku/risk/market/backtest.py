"""Whether the estimates held: days on which more was lost than foreseen, their number and whether they come together.

Rules:

1. Unconditional coverage: as many exceptions as the level promises (P. Kupiec, "Techniques for verifying the accuracy
   of risk measurement models", 1995).
2. Independence and conditional coverage: an exception is no likelier after an exception (P. Christoffersen,
   "Evaluating interval forecasts", 1998). Transitions are counted from the second day on.
3. Each statistic is a likelihood ratio; p-values are chi-squared with one or two degrees of freedom.
4. The zone is the supervisor's, for 250 days at 99 % (Basel Committee, MAR99): `ZONES`.

Example::

    tested = back_test(losses, foreseen, level_ppm=990_000)
    tested.coverage.p_value, tested.zone.name
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jinku.risk.market.errors import BadMeasure, TooFewDays
from jinku.risk.market.measures import Measured, Question, measure
from jinku.risk.market.prices import PriceHistory

_PPM = 1_000_000
ZONE_DAYS = 250
ZONE_LEVEL_PPM = 990_000
REJECTED_BELOW = 0.05
"""A test whose p-value is below this rejects the model."""


class Zone(NamedTuple):
    """A supervisor's answer to a number of exceptions."""

    exceptions_from: int
    name: str
    multiplier: float


ZONES: tuple[Zone, ...] = (
    Zone(0, "green", 1.50),
    Zone(5, "amber", 1.70),
    Zone(6, "amber", 1.76),
    Zone(7, "amber", 1.83),
    Zone(8, "amber", 1.88),
    Zone(9, "amber", 1.92),
    Zone(10, "red", 2.00),
)
"""Basel Committee, MAR99 (2019): exceptions of 250 days at 99 %, and the multiplier."""


class Statistic(NamedTuple):
    """A likelihood ratio and how likely one as large is where the model is right."""

    ratio: float
    p_value: float

    @property
    def rejects(self) -> bool:
        """Whether the model is rejected at 5 %."""
        return self.p_value < REJECTED_BELOW


@dataclass(frozen=True, slots=True)
class BackTest:
    """What became of the estimates."""

    days: int
    exceptions: tuple[int, ...]
    """Places of the days on which more was lost than foreseen."""
    expected: float
    coverage: Statistic
    independence: Statistic
    conditional: Statistic
    zone: Zone | None
    """None unless the level is 99 % and there are at least 250 days; counted over the last 250."""

    @property
    def holds(self) -> bool:
        """Whether no test rejects."""
        return not (self.coverage.rejects or self.independence.rejects or self.conditional.rejects)


def back_test(losses: Sequence[int], foreseen: Sequence[int], level_ppm: int) -> BackTest:
    """Compare what was lost on each day with the VaR that was foreseen for it, minor units. Raises BadMeasure."""
    if len(losses) != len(foreseen) or len(losses) < 2:
        raise BadMeasure(
            f"{len(losses)} losses against {len(foreseen)} estimates", remedy="give at least two days of both"
        )
    beyond = np.array([lost > limit for lost, limit in zip(losses, foreseen, strict=True)])
    probability = (_PPM - level_ppm) / _PPM
    coverage = kupiec(len(beyond), int(beyond.sum()), probability)
    independence = _independence(beyond)
    together = coverage.ratio + independence.ratio
    zoned = level_ppm == ZONE_LEVEL_PPM and len(beyond) >= ZONE_DAYS
    return BackTest(
        len(beyond),
        tuple(np.flatnonzero(beyond).tolist()),
        len(beyond) * probability,
        coverage,
        independence,
        Statistic(together, math.exp(-together / 2)),
        zone_of(int(beyond[-ZONE_DAYS:].sum())) if zoned else None,
    )


def roll(
    history: PriceHistory, positions: Mapping[str, int], question: Question, window_days: int
) -> tuple[list[int], list[Measured]]:
    """For each day after the first `window_days`: what `positions` lost on it, and what was foreseen the day before
    from the `window_days` changes until then. Raises TooFewDays and what `measure` raises."""
    days = len(history.days)
    if question.horizon_days != 1:
        raise BadMeasure("a back-test compares single days", remedy="ask for a horizon of 1")
    if days < window_days + 3:
        raise TooFewDays(days - 1, window_days + 2, f"a back-test with a window of {window_days}")
    values, losses, measured = history.values(positions), list[int](), list[Measured]()
    changes = history.changes()
    for day in range(window_days + 1, days):
        until = PriceHistory(
            history.days[day - window_days - 1 : day],
            history.factors,
            history.prices[day - window_days - 1 : day],
        )
        measured.append(measure(until, positions, question))
        losses.append(math.ceil(round(float(-(changes[day - 1] @ values)), 6)))
    return losses, measured


def kupiec(days: int, exceptions: int, probability: float) -> Statistic:
    """The test of unconditional coverage."""
    observed = exceptions / days
    ratio = 2 * (_likelihood(days, exceptions, observed) - _likelihood(days, exceptions, probability))
    return _one_degree(ratio)


def zone_of(exceptions: int) -> Zone:
    """The supervisor's zone for the exceptions of 250 days."""
    return max(
        (zone for zone in ZONES if exceptions >= zone.exceptions_from), key=lambda zone: zone.exceptions_from
    )


def _independence(beyond: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Statistic:
    before, after = beyond[:-1], beyond[1:]
    calm, calm_then = int((~before).sum()), int((~before & after).sum())
    hit, hit_then = int(before.sum()), int((before & after).sum())
    apart = _likelihood(calm, calm_then, calm_then / calm if calm else 0.0)
    apart += _likelihood(hit, hit_then, hit_then / hit if hit else 0.0)
    both, total = calm_then + hit_then, calm + hit
    return _one_degree(2 * (apart - _likelihood(total, both, both / total)))


def _likelihood(days: int, exceptions: int, probability: float) -> float:
    """The logarithm of the likelihood of `exceptions` on given days out of `days`."""
    calm = days - exceptions
    said = exceptions * math.log(probability) if exceptions else 0.0
    return said + (calm * math.log1p(-probability) if calm else 0.0)


def _one_degree(ratio: float) -> Statistic:
    ratio = max(ratio, 0.0)
    return Statistic(ratio, math.erfc(math.sqrt(ratio / 2)))
