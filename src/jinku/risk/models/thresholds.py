"""What a threshold will bring: precision, recall and alerts a day expected above each score.

Rules:

1. Scores come from models that have not seen the payment: the training days are cut into blocks, and each block is
   scored by a model of the others (`training` does it), so nothing is expected from memory.
2. **Isotonic** regression (pool adjacent violators) turns scores into probabilities that rise with the score.
   Expected precision above a threshold is the mean probability there, expected recall its share of all probability.
3. An alert budget is a **quantile**: the lowest score that no more than that many payments a day have on average.
4. A threshold that cannot be met (no score has such precision) is not in the table.

Example::

    table = Calibration.of(scores, fraud, days=7)
    table.for_precision(0.9)   # Threshold(score, precision, recall, alerts_a_day), or None
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Threshold:
    """An alert is a score at or above `score`; the rest is what to expect."""

    score: float
    precision: float
    recall: float
    alerts_a_day: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """Sorted scores, the highest first, with what is expected of alerting down to each."""

    score: Floats
    probability: Floats
    days: int

    @classmethod
    def of(cls, scores: Floats, fraud: Bools, days: int) -> "Calibration":
        """From scores of payments of `days` days and their outcomes; there is a fraud among them."""
        order = np.argsort(-scores, kind="stable")
        levels, places, counts = np.unique(-scores[order], return_inverse=True, return_counts=True)
        shares = np.bincount(places, fraud[order].astype(np.float64)) / counts
        falling = pooled(shares, counts.astype(np.float64))
        return cls(-levels[places], falling[places], days)

    def for_precision(self, wanted: float) -> Threshold | None:
        """The lowest threshold whose alerts are fraud with at least this share."""
        return self._lowest(self._precision >= wanted)

    def for_recall(self, wanted: float) -> Threshold | None:
        """The highest threshold that finds at least this share of frauds."""
        found = np.flatnonzero(self._last & (self._recall >= wanted))
        return self._at(int(found[0])) if len(found) else None

    def for_budget(self, alerts_a_day: float) -> Threshold | None:
        """The lowest threshold with at most so many alerts a day."""
        return self._lowest(np.arange(1, len(self.score) + 1) <= alerts_a_day * self.days)

    def at(self, score: float) -> Threshold:
        """What alerting at this score brings; at a score above all seen, nothing."""
        count = int((self.score >= score).sum())
        if not count:
            return Threshold(score, 0.0, 0.0, 0.0)
        there = self._at(count - 1)
        return Threshold(score, there.precision, there.recall, there.alerts_a_day)

    def _lowest(self, allowed: Bools) -> Threshold | None:
        found = np.flatnonzero(self._last & allowed)
        return self._at(int(found[-1])) if len(found) else None

    def _at(self, place: int) -> Threshold:
        return Threshold(
            float(self.score[place]),
            float(self._precision[place]),
            float(self._recall[place]),
            (place + 1) / self.days,
        )

    @property
    def _precision(self) -> Floats:
        return np.asarray(np.cumsum(self.probability) / np.arange(1, len(self.probability) + 1))

    @property
    def _recall(self) -> Floats:
        whole = np.cumsum(self.probability)
        return np.asarray(whole / whole[-1])

    @property
    def _last(self) -> Bools:
        """The last of each score: alerts stop between scores, never within one."""
        return np.append(self.score[1:] != self.score[:-1], True)


def pooled(values: Floats, weights: Floats) -> Floats:
    """The falling sequence nearest to `values` in weighted squares: neighbours that rise are put together."""
    means: list[float] = []
    masses: list[float] = []
    lengths: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, mass, length = value, weight, 1
        while means and means[-1] <= mean:
            mean = (means[-1] * masses[-1] + mean * mass) / (masses[-1] + mass)
            mass += masses.pop()
            length += lengths.pop()
            means.pop()
        means.append(mean)
        masses.append(mass)
        lengths.append(length)
    return np.repeat(np.array(means, np.float64), lengths)
