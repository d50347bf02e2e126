"""Train and evaluate on a file of card payments: features point in time, labels when they are known, one protocol.

Rules:

1. Features of a payment are what the online engine gives at that payment: nothing later enters, and of outcomes only
   what was known (the feature set's own delays).
2. The protocol is that of `evaluation`. Payments before the start of training are history for features, always; they
   are trained on only where that is asked for.
3. A training day, or for an evaluation a test day, without payments is `BadTrainingData`.

Example::

    study = Study.open(path, progress)
    study.evaluate(Period(days_of("2018-06-01"))).quality
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.engine import Engine
from jinku.risk.features.reading import load
from jinku.risk.models.blend import Blend
from jinku.risk.models.cards import Cards, read_cards
from jinku.risk.models.drift import Baseline
from jinku.risk.models.errors import BadTrainingData
from jinku.risk.models.evaluation import (
    DELAY_DAYS,
    TEST_DAYS,
    Parts,
    Period,
    Quality,
    average_precision,
    measure,
    roc_area,
    split,
)
from jinku.risk.models.forest import Forest
from jinku.risk.models.recipes import CARDS, CARDS_HISTORY
from jinku.risk.models.record import Model, Origin, code_digest
from jinku.risk.models.thresholds import Calibration, Threshold
from jinku.risk.models.training import FRAUDS_MIN, Recipe, train
from jinku.risk.models.unsupervised import Excess, unlabelled

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
"""What is done, and which share of it."""

BATCH_EVENTS = 1 << 16
FOLDS = 3
"""Blocks of training days, each scored by a model of the others, for thresholds."""
PRECISIONS = (0.5, 0.7, 0.9, 0.95)
RECALLS = (0.3, 0.5, 0.7)
BUDGETS = (10, 50, 100, 500)
"""Alerts a day."""
TRAIN_DAYS_MAX = 366

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation found."""

    quality: Quality
    trained: int
    train_frauds: int
    tested: int
    test_frauds: int


def days_of(text: str) -> int:
    """The day ``2018-06-01``, counted from 1970-01-01. Raises BadTrainingData."""
    try:
        return (datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date() - _EPOCH).days
    except ValueError:
        raise BadTrainingData(
            "is no day", field="train_start", value=text[:40], remedy="write 2018-06-01"
        ) from None


def text_of(day: int) -> str:
    """A day counted from 1970-01-01 as text."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def card_features() -> FeatureSet:
    """The feature set of card payments that comes with the package."""
    return load("cards")


@dataclass(frozen=True, eq=False)
class Study:
    """Payments with their features; see the module."""

    cards: Cards
    features: FeatureSet
    matrix: Floats
    """(payments, features), NaN where NULL."""

    @classmethod
    def open(cls, path: Path, progress: Progress, features: Path | None = None) -> "Study":
        """Read the file and compute its features. Raises BadTrainingData, BadFeatures."""
        progress("reading", 0.0)
        cards = read_cards(path)
        chosen = card_features() if features is None else load(features)
        engine, count = Engine(chosen), len(cards)
        matrix = np.empty((count, len(chosen.names)))
        for begin in range(0, count, BATCH_EVENTS):
            progress("features", begin / count)
            batch = cards.batch[begin : begin + BATCH_EVENTS]
            matrix[begin : begin + len(batch)] = engine.step(batch).matrix()
        progress("features", 1.0)
        return cls(cards, chosen, matrix)

    def evaluate(self, period: Period, recipe: Recipe | None = None) -> Evaluated:
        """Train, then test by the protocol. Raises BadTrainingData."""
        parts = self._parts(period, tested=True)
        scorer = self._trained(parts.train, recipe or recipe_of(period))
        return self._measured(parts, scorer.score(self.matrix[parts.test]))

    def evaluate_unsupervised(self, period: Period) -> Evaluated:
        """The same test with the score that uses no label. Raises BadTrainingData."""
        parts = self._parts(period, tested=True)
        scorer = Excess.of(self.features.names, self.matrix[parts.train], unlabelled(self.features))
        return self._measured(parts, scorer.score(self.matrix[parts.test]))

    def train(self, period: Period, recipe: Recipe | None = None) -> Model:
        """The model of this period, with thresholds and baseline. Raises BadTrainingData."""
        recipe = recipe or recipe_of(period)
        rows = self._parts(period, tested=False).train
        scorer = self._trained(rows, recipe)
        unseen, scores = self._unseen(rows, recipe)
        fraud, days = self.cards.fraud[unseen], len(np.unique(self.cards.day[unseen]))
        calibration = Calibration.of(scores, fraud, days)
        matrix = self.matrix[rows]
        return Model(
            scorer,
            self._origin(period, rows),
            recipe.document(),
            {
                "blocks_ap": repr(average_precision(scores, fraud)),
                "blocks_auc": repr(roc_area(scores, fraud)),
            },
            thresholds_of(calibration),
            Baseline.of(self.features.names, matrix, scorer.score(matrix)),
        )

    def _trained(self, rows: NDArray[np.int64], recipe: Recipe) -> Forest | Blend:
        _, card_day = np.unique(
            np.column_stack([self.cards.customer[rows], self.cards.day[rows]]), axis=0, return_inverse=True
        )
        return train(self.features.names, self.matrix[rows], self.cards.fraud[rows], recipe, card_day)

    def _measured(self, parts: Parts, scores: Floats) -> Evaluated:
        fraud = self.cards.fraud
        test = parts.test
        quality = measure(scores, fraud[test], self.cards.customer[test], self.cards.day[test])
        return Evaluated(
            quality, len(parts.train), int(fraud[parts.train].sum()), len(test), int(fraud[test].sum())
        )

    def _unseen(self, rows: NDArray[np.int64], recipe: Recipe) -> tuple[NDArray[np.int64], Floats]:
        """Scores of training rows by models that have not seen them, block of days by block of days."""
        days = np.unique(self.cards.day[rows])
        scores, places = [], []
        for block in np.array_split(days, min(FOLDS, len(days))):
            held = np.isin(self.cards.day[rows], block)
            if self.cards.fraud[rows[~held]].sum() < FRAUDS_MIN:
                continue
            scores.append(self._trained(rows[~held], recipe).score(self.matrix[rows[held]]))
            places.append(rows[held])
        if not places or not self.cards.fraud[np.concatenate(places)].any():
            raise BadTrainingData(
                "too few frauds to say what a threshold brings", remedy="train on more days"
            )
        return np.concatenate(places), np.concatenate(scores)

    def _parts(self, period: Period, *, tested: bool) -> Parts:
        if not 1 <= period.train_days <= TRAIN_DAYS_MAX or (period.history_days or 0) < 0:
            raise BadTrainingData(
                f"is not 1 to {TRAIN_DAYS_MAX}, or the history is below 0",
                field="train_days",
                value=str(period.train_days),
            )
        there = set(np.unique(self.cards.day).tolist())
        wanted = list(range(period.start, period.end))
        if tested:
            wanted += range(period.test_start, period.test_start + TEST_DAYS)
        absent = [day for day in wanted if day not in there]
        if absent:
            raise BadTrainingData(
                f"has no payments on {text_of(absent[0])}; it goes from {text_of(min(there))} to "
                f"{text_of(max(there))}, and {text_of(wanted[0])} to {text_of(wanted[-1])} is needed",
                field="train_start",
                value=text_of(period.start),
                remedy=f"{period.train_days} days of training, {DELAY_DAYS} of delay and {TEST_DAYS} of test must fit",
            )
        parts = split(self.cards.day, self.cards.customer, self.cards.fraud, period)
        outcomes = self.cards.fraud[parts.test]
        if tested and (not outcomes.any() or outcomes.all()):
            raise BadTrainingData("has one outcome alone in the test days", field="TX_FRAUD")
        return parts

    def _origin(self, period: Period, rows: NDArray[np.int64]) -> Origin:
        return Origin(
            features=self.features.name,
            feature_version=self.features.version,
            feature_digest=self.features.digest.hex(),
            data_digest=self.cards.digest.hex(),
            train_start=text_of(period.start),
            train_days=period.train_days,
            history="all" if period.history_days is None else str(period.history_days),
            delay_days=DELAY_DAYS,
            rows=len(rows),
            frauds=int(self.cards.fraud[rows].sum()),
            code_digest=code_digest(),
        )


def recipe_of(period: Period) -> Recipe:
    """The recipe that fits how much there is to learn from."""
    return CARDS if period.history_days == 0 and period.train_days <= 14 else CARDS_HISTORY


def thresholds_of(calibration: Calibration) -> dict[str, Threshold]:
    """The thresholds that a model carries; what cannot be met is left out."""
    found = {
        **{f"precision_{wanted}": calibration.for_precision(wanted) for wanted in PRECISIONS},
        **{f"recall_{wanted}": calibration.for_recall(wanted) for wanted in RECALLS},
        **{f"alerts_{wanted}": calibration.for_budget(wanted) for wanted in BUDGETS},
    }
    return {name: one for name, one in found.items() if one is not None}
