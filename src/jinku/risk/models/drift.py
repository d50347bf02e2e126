"""Whether what a model sees, and what it says, is still what it was trained on: the population stability index.

Rules:

1. A baseline cuts each column (every feature, and the score) at the deciles of its training rows; equal cuts are one.
   NULL is a bin of its own. It keeps each bin's share.
2. PSI = Σ (share now - share then) · ln(share now / share then), shares no smaller than `SHARE_MIN`.
3. Bands: below 0.1 steady, below 0.25 shifted, else drifted. Each reading carries its dates.

Example::

    baseline = Baseline.of(names, matrix, scores)
    for reading in baseline.compare(matrix_now, scores_now): reading.psi, reading.band
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.models.errors import BadModel, WrongFeatures

Floats = NDArray[np.float64]

BINS = 10
SHARE_MIN = 1e-4
SHIFTED_PSI = 0.1
DRIFTED_PSI = 0.25
SCORE = "score"
"""The name of the score's column; no feature has it."""


class Band(StrEnum):
    """How far a column has moved (rule 3)."""

    STEADY = "steady"
    SHIFTED = "shifted"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class Reading:
    """One column's index."""

    column: str
    psi: float

    @property
    def band(self) -> Band:
        """By rule 3."""
        if self.psi < SHIFTED_PSI:
            return Band.STEADY
        return Band.SHIFTED if self.psi < DRIFTED_PSI else Band.DRIFTED


@dataclass(frozen=True, eq=False)
class Baseline:
    """By column, its cuts and the share of each bin; the last share is that of NULL."""

    columns: tuple[str, ...]
    cuts: tuple[Floats, ...]
    shares: tuple[Floats, ...]

    @classmethod
    def of(cls, names: Sequence[str], matrix: Floats, scores: Floats) -> "Baseline":
        """The baseline of rows (rows, features) and their scores."""
        cuts, shares = [], []
        for values in (*matrix.T, scores):
            there = values[~np.isnan(values)]
            edges = np.quantile(there, np.arange(1, BINS) / BINS) if len(there) else np.zeros(0)
            cuts.append(np.unique(edges))
            shares.append(_shares(values, cuts[-1]))
        return cls((*names, SCORE), tuple(cuts), tuple(shares))

    def compare(self, matrix: Floats, scores: Floats) -> list[Reading]:
        """How far each column has moved, the furthest first. Raises WrongFeatures."""
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns) - 1 or not len(matrix):
            raise WrongFeatures(f"a matrix of shape {matrix.shape} for {len(self.columns) - 1} features")
        readings = [
            Reading(name, _index(_shares(values, cuts), then))
            for name, values, cuts, then in zip(
                self.columns, (*matrix.T, scores), self.cuts, self.shares, strict=True
            )
        ]
        return sorted(readings, key=lambda reading: (-reading.psi, reading.column))

    def document(self) -> list[dict[str, Any]]:
        """As values of canonical JSON."""
        return [
            {
                "column": name,
                "cuts": [repr(float(cut)) for cut in cuts],
                "shares": [repr(float(s)) for s in shares],
            }
            for name, cuts, shares in zip(self.columns, self.cuts, self.shares, strict=True)
        ]

    @classmethod
    def read(cls, document: Any) -> "Baseline":
        """The baseline of a document. Raises BadModel."""
        try:
            columns = tuple(str(row["column"]) for row in document)
            cuts = tuple(np.array([float(cut) for cut in row["cuts"]], np.float64) for row in document)
            shares = tuple(np.array([float(one) for one in row["shares"]], np.float64) for row in document)
        except (TypeError, KeyError, ValueError):
            raise BadModel("the baseline does not read") from None
        fits = all(len(s) == len(c) + 2 and np.isfinite(s).all() for c, s in zip(cuts, shares, strict=True))
        if not fits or not columns or columns[-1] != SCORE:
            raise BadModel("the baseline does not hold together")
        return cls(columns, cuts, shares)


def _shares(values: Floats, cuts: Floats) -> Floats:
    missing = np.isnan(values)
    bins = np.searchsorted(cuts, values[~missing], side="left")
    counts = np.bincount(bins, minlength=len(cuts) + 1)
    return np.append(counts, missing.sum()) / max(len(values), 1)


def _index(now: Floats, then: Floats) -> float:
    now, then = np.maximum(now, SHARE_MIN), np.maximum(then, SHARE_MIN)
    return float(((now - then) * np.log(now / then)).sum())
