"""A score where nothing is known of fraud yet: how far a payment lies from what is usual, feature by feature.

Rules:

1. Only features that no label enters are used (`unlabelled`), and of them those that vary at all.
2. Of each feature the score adds the square of (value - median) / mean distance from the median, both of the reference
   rows: a robust distance. NULL adds nothing. There is no weight and no threshold to fit.

Example::

    scorer = Excess.of(names, matrix_of_last_week)
    scorer.score(matrix)            # higher is stranger; no probability
    scorer.contributions(matrix)    # by feature, for reasons
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jinku.base.canonical import canonical_json
from jinku.risk.features.definition import Base, FeatureSet
from jinku.risk.models.errors import BadTrainingData, WrongFeatures

Floats = NDArray[np.float64]

ROWS_MIN = 100
LABEL_FIELD = "label"


@dataclass(frozen=True, eq=False)
class Excess:
    """See the module's rules. A `Scorer`."""

    features: tuple[str, ...]
    """All columns that it takes."""
    median: Floats
    """By feature; 0 for those that are not used."""
    distance: Floats
    """By feature, the mean distance from the median; infinite for those that are not used."""

    @classmethod
    def of(cls, names: Sequence[str], matrix: Floats, only: Sequence[str] | None = None) -> "Excess":
        """From reference rows; of the features only some. Raises BadTrainingData."""
        if len(matrix) < ROWS_MIN:
            raise BadTrainingData(f"{len(matrix)} rows to learn what is usual; {ROWS_MIN} are needed")
        median, distance = np.zeros(len(names)), np.full(len(names), np.inf)
        for at, name in enumerate(names):
            there = matrix[~np.isnan(matrix[:, at]), at]
            if (only is None or name in only) and len(there):
                middle = float(np.median(there))
                mean = float(np.abs(there - middle).mean())
                if mean > 0:
                    median[at], distance[at] = middle, mean
        if np.isinf(distance).all():
            raise BadTrainingData("no feature varies enough to learn what is usual")
        return cls(tuple(names), median, distance)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of what decides a score."""
        head = canonical_json(list(self.features))
        numbers = np.concatenate([self.median, self.distance]).astype("<f8")
        return hashlib.sha256(head + numbers.tobytes()).digest()

    def score(self, matrix: Floats) -> Floats:
        """Strangeness, one a row. Raises WrongFeatures."""
        return np.asarray(self.contributions(matrix).sum(axis=1))

    def contributions(self, matrix: Floats) -> Floats:
        """Strangeness by feature, (rows, features). Raises WrongFeatures."""
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features):
            raise WrongFeatures(f"a matrix of shape {matrix.shape} for {len(self.features)} features")
        away = (matrix - self.median) / self.distance
        return np.asarray(np.where(np.isnan(away), 0.0, away * away))


def unlabelled(features: FeatureSet) -> tuple[str, ...]:
    """The outputs into which no label enters, neither itself nor through a feature below."""
    tainted = {LABEL_FIELD}
    for feature in features.features:
        parts = (
            [feature.value, feature.condition, feature.reset_condition]
            if isinstance(feature, Base)
            else [feature.value]
        )
        if any(tainted & set(part.names) for part in parts if part is not None):
            tainted.add(feature.name)
    return tuple(name for name in features.names if name not in tainted)
