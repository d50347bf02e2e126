"""Two opinions in one score: a logistic regression over some features, and a forest, their log-odds averaged.

A straight line uses few labels well, a forest finds what no line says; their mean is better than either where a week
has a few hundred frauds (docs/risk-models.md has the figures).

Rules:

1. score = 0.5 * (intercept + w1 x1 + w2 x2 + …) + 0.5 * forest. Terms are added in the order of the features, NULL
   counts as 0 in the line; nothing but additions and multiplications, so the same bits on every machine.
2. The bytes are canonical: 8 bytes magic, u64 count of numbers, the intercept, one weight and one mean a feature
   (little-endian doubles), the forest.

Example::

    scorer = read_scorer(path.read_bytes())
    scorer.score(frame.matrix())
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled
from jinku.risk.models.errors import BadModel
from jinku.risk.models.forest import FEATURES_MAX, MODEL_BYTES_MAX, Forest

Floats = NDArray[np.float64]

LINE_SHARE = 0.5
"""Of the line in the score (rule 1)."""

_MAGIC = b"jkblend1"


@dataclass(frozen=True, eq=False)
class Blend:
    """See the module's rules. A `Scorer`."""

    intercept: float
    weights: Floats
    """One a feature; 0 where the line does not use it."""
    means: Floats
    """Each feature's mean over the training rows, NULL as 0: what reasons are measured from."""
    forest: Forest

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it takes, in order."""
        return self.forest.features

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.to_bytes()).digest()

    def score(self, matrix: Floats) -> Floats:
        """Log-odds, one a row. Raises WrongFeatures."""
        out = self.forest.score(matrix)
        _mix(np.ascontiguousarray(matrix, np.float64), self.intercept, self.weights, out)
        return out

    def contributions(self, matrix: Floats) -> Floats:
        """What each feature gave to each row's score, against the average training row, (rows, features); with `base`
        they add up to the score, but for rounding. Raises WrongFeatures."""
        found: Floats = 0.5 * self.forest.contributions(matrix) + self.line_gave(matrix)
        return found

    def line_gave(self, matrix: Floats) -> Floats:
        """What the line's terms gave, against the average training row, halved as in the score."""
        found: Floats = 0.5 * (np.where(np.isnan(matrix), 0.0, matrix) - self.means) * self.weights
        return found

    @property
    def base(self) -> float:
        """The mean score over the training rows."""
        return 0.5 * (self.intercept + float((self.means * self.weights).sum())) + 0.5 * self.forest.base

    def to_bytes(self) -> bytes:
        """The canonical bytes (rule 2)."""
        line = np.concatenate([[self.intercept], self.weights, self.means]).astype("<f8")
        return _MAGIC + len(line).to_bytes(8, "little") + line.tobytes() + self.forest.to_bytes()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Blend":
        """The blend whose bytes these are. Raises BadModel."""
        if raw[:8] != _MAGIC or len(raw) > MODEL_BYTES_MAX:
            raise BadModel("these bytes are no blend")
        count = int.from_bytes(raw[8:16], "little")
        if not 0 < count <= 2 * FEATURES_MAX + 1 or len(raw) < 16 + 8 * count:
            raise BadModel("the blend's bytes end within its weights")
        line = np.frombuffer(raw, "<f8", count, 16).astype(np.float64)
        forest = Forest.from_bytes(raw[16 + 8 * count :])
        if len(line) != 2 * len(forest.features) + 1 or not np.isfinite(line).all():
            raise BadModel("the blend's weights are not two finite numbers a feature")
        weights, means = np.split(line[1:], 2)
        return cls(float(line[0]), weights, means, forest)


@compiled
def _mix(matrix: Floats, intercept: float, weights: Floats, out: Floats) -> None:
    """`out` (the forest's scores) becomes the blend's."""
    for row in range(matrix.shape[0]):
        total = intercept
        for at in range(weights.shape[0]):
            weight = weights[at]
            value = matrix[row, at]
            if weight != 0.0 and value == value:
                total = total + weight * value
        out[row] = 0.5 * total + 0.5 * out[row]


def read_scorer(raw: bytes) -> Forest | Blend:
    """The forest or blend whose bytes these are. Raises BadModel."""
    return Blend.from_bytes(raw) if raw[:8] == _MAGIC else Forest.from_bytes(raw)
