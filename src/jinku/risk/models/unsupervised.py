"""A score where nothing is known of fraud yet: how far out a payment lies, feature by feature.

The idea is ECOD's (Li et al., IEEE TKDE 2022): a value is as strange as its tail is thin, and strangeness adds up.

Rules:

1. Only features that no label enters are used (`unlabelled`), and of them those that take at least `DISTINCT_MIN`
   different values.
2. Of each feature the score adds -ln of the share of reference rows in the tail at or beyond the value: the upper tail
   where the feature is skewed to the right, the lower where to the left. NULL adds nothing.
3. The tail is read from `POINTS` quantiles of the reference rows, none thinner than half a row.

Example::

    scorer = Tails.of(names, matrix_of_last_month)
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

POINTS = 2_000
ROWS_MIN = 100
DISTINCT_MIN = 20
LABEL_FIELD = "label"


@dataclass(frozen=True, eq=False)
class Tails:
    """See the module's rules. A `Scorer`."""

    features: tuple[str, ...]
    """All columns that it takes."""
    used: tuple[int, ...]
    quantiles: Floats
    """(used, points), each row rising."""
    upper: NDArray[np.bool_]
    """Of each used feature, whether the upper tail counts."""
    rows: int

    @classmethod
    def of(cls, names: Sequence[str], matrix: Floats, only: Sequence[str] | None = None) -> "Tails":
        """From reference rows; of the features only some. Raises BadTrainingData."""
        if len(matrix) < ROWS_MIN:
            raise BadTrainingData(f"{len(matrix)} rows to learn what is usual; {ROWS_MIN} are needed")
        used, quantiles, upper = [], [], []
        for at, name in enumerate(names):
            values = matrix[:, at]
            there = values[~np.isnan(values)]
            if (only is None or name in only) and len(np.unique(there)) >= DISTINCT_MIN:
                used.append(at)
                quantiles.append(np.quantile(there, np.linspace(0, 1, POINTS), method="inverted_cdf"))
                middle = there - there.mean()
                upper.append(float((middle**3).mean()) >= 0)
        if not used:
            raise BadTrainingData("no feature takes enough different values to learn what is usual")
        return cls(tuple(names), tuple(used), np.array(quantiles), np.array(upper), len(matrix))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of what decides a score."""
        head = canonical_json({"features": list(self.features), "used": list(self.used), "rows": self.rows})
        return hashlib.sha256(head + self.quantiles.astype("<f8").tobytes() + self.upper.tobytes()).digest()

    def score(self, matrix: Floats) -> Floats:
        """Strangeness, one a row. Raises WrongFeatures."""
        return np.asarray(self.contributions(matrix).sum(axis=1))

    def contributions(self, matrix: Floats) -> Floats:
        """Strangeness by feature, (rows, features). Raises WrongFeatures."""
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features):
            raise WrongFeatures(f"a matrix of shape {matrix.shape} for {len(self.features)} features")
        out = np.zeros(matrix.shape)
        thinnest = 0.5 / self.rows
        for place, at in enumerate(self.used):
            values, points = matrix[:, at], self.quantiles[place]
            if self.upper[place]:
                share = 1 - np.searchsorted(points, values, side="left") / POINTS
            else:
                share = np.searchsorted(points, values, side="right") / POINTS
            out[:, at] = np.where(np.isnan(values), 0.0, -np.log(np.maximum(share, thinnest)))
        return out


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
