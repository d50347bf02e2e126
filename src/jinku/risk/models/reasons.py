"""Reason codes: which features raised a score, fast enough to be said beside a decision, for the rows asked alone.

A reason is a feature with what it gave to the score: the sum of the changes in mean output along the forest's paths
(Saabas, 2014), and its term of the line, less what it gives to the average payment of the training. `explaining`
has exact Shapley values, off the hot path.

Example::

    reasons(model.scorer, matrix, rows=[17])[0][0].words.en
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.risk.models.words import Words, words_of

Floats = NDArray[np.float64]

REASONS = 4
"""How many a payment gets."""


class Explaining(Protocol):
    """A scorer that can say what each feature gave."""

    @property
    def features(self) -> tuple[str, ...]:
        """Its columns."""

    def contributions(self, matrix: Floats) -> Floats:
        """What each feature gave, (rows, features)."""


class Reason(NamedTuple):
    """One feature's share of a score."""

    code: str
    """The feature's name."""
    gave: float
    """Log-odds; above 0 it speaks for fraud."""
    value: float
    """The feature's value, NaN where NULL."""
    words: Words


def reasons(
    scorer: Explaining, matrix: Floats, rows: Sequence[int], most: int = REASONS
) -> list[list[Reason]]:
    """For each asked row, the features that raised its score, the strongest first."""
    asked = np.ascontiguousarray(matrix[list(rows)], np.float64)
    return [
        strongest(scorer.features, gave, values, most)
        for gave, values in zip(scorer.contributions(asked), asked, strict=True)
    ]


def strongest(names: Sequence[str], gave: Floats, values: Floats, most: int = REASONS) -> list[Reason]:
    """The features that gave most; those that gave nothing or less are no reason."""
    order = np.argsort(-gave, kind="stable")[:most]
    return [
        Reason(names[at], float(gave[at]), float(values[at]), words_of(names[at]))
        for at in order
        if gave[at] > 0
    ]
