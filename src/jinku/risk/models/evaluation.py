"""How good a score of card payments is, by the protocol of the Fraud Detection Handbook (Le Borgne et al., 2022).

Rules:

1. Train on `train_days` days from the start; leave `DELAY_DAYS` in which labels become known; test on the `TEST_DAYS`
   after. With history, payments of earlier days are trained on, too.
2. A customer whose fraud is known by a test day (from the start of training up to `DELAY_DAYS` before that day) is not
   in the test of that day: that card is blocked.
3. ``auc`` is the area under the ROC curve, ties counting half. ``ap`` is average precision: the mean, over frauds, of
   the precision at the threshold that just alerts on them; payments of one score stand or fall together.
4. ``cp100`` is card precision at 100: each day, cards by their highest score, the share of truly defrauded ones among
   the first 100, cards found on an earlier day left out; then the mean over the days.

Example::

    parts = split(cards.day, cards.customer, cards.fraud, Period(start))
    measure(scores, cards.fraud[parts.test], cards.customer[parts.test], cards.day[parts.test])
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DELAY_DAYS = 7
TEST_DAYS = 7
CARDS_A_DAY = 100

Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Period:
    """Days counted from 1970-01-01."""

    start: int
    """First day of training."""
    train_days: int = 7
    history_days: int | None = 0
    """Days before the start that are trained on, too; None for all that there are."""

    @property
    def end(self) -> int:
        """The day after training."""
        return self.start + self.train_days

    @property
    def test_start(self) -> int:
        """First day of the test."""
        return self.end + DELAY_DAYS


@dataclass(frozen=True, slots=True)
class Parts:
    """Places of payments, in order of time."""

    train: Integers
    test: Integers


@dataclass(frozen=True, slots=True)
class Quality:
    """The three figures (rules 3 and 4)."""

    ap: float
    cp100: float
    auc: float


def split(day: Integers, customer: Integers, fraud: Bools, period: Period) -> Parts:
    """What is trained on and what is tested on (rules 1 and 2)."""
    first = -1 if period.history_days is None else period.start - period.history_days
    train = np.flatnonzero((day >= first) & (day < period.end))
    frauds = np.flatnonzero(fraud & (day >= period.start) & (day < period.test_start + TEST_DAYS))
    known_on = np.full(int(customer.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(known_on, customer[frauds], _known(day[frauds], period))
    test = np.flatnonzero((day >= period.test_start) & (day < period.test_start + TEST_DAYS))
    return Parts(train, test[known_on[customer[test]] > day[test]])


def _known(day: Integers, period: Period) -> Integers:
    """The first test day on which a fraud of `day` is known: the training days' on the first of all."""
    return np.asarray(np.maximum(day + DELAY_DAYS + 1, period.test_start))


def measure(scores: Floats, fraud: Bools, customer: Integers, day: Integers) -> Quality:
    """The figures of scored test payments; both outcomes must be among them."""
    return Quality(
        average_precision(scores, fraud),
        card_precision(scores, fraud, customer, day),
        roc_area(scores, fraud),
    )


def average_precision(scores: Floats, fraud: Bools) -> float:
    """Average precision (rule 3)."""
    order = np.argsort(-scores, kind="stable")
    ranked, sorted_scores = fraud[order], scores[order]
    last = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True))
    hits = np.cumsum(ranked)[last]
    gained = np.diff(hits, prepend=0)
    return float((gained * (hits / (last + 1))).sum() / hits[-1])


def roc_area(scores: Floats, fraud: Bools) -> float:
    """The chance that a fraud has a higher score than an honest payment, ties counting half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    frauds = int(fraud.sum())
    above = ranks[fraud].sum() - frauds * (frauds + 1) / 2
    return float(above / (frauds * (len(fraud) - frauds)))


def card_precision(scores: Floats, fraud: Bools, customer: Integers, day: Integers) -> float:
    """Card precision at `CARDS_A_DAY` (rule 4). Cards of equal score stand in the order of their numbers."""
    found: set[int] = set()
    shares = []
    for one in np.unique(day):
        rows = np.flatnonzero(day == one)
        cards, places = np.unique(customer[rows], return_inverse=True)
        highest, bad = np.full(len(cards), -np.inf), np.zeros(len(cards), np.bool_)
        np.maximum.at(highest, places, scores[rows])
        np.logical_or.at(bad, places, fraud[rows])
        open_ = ~np.isin(cards, np.fromiter(found, np.int64, len(found)))
        cards, highest, bad = cards[open_], highest[open_], bad[open_]
        top = np.argsort(-highest, kind="stable")[:CARDS_A_DAY]
        hits = cards[top][bad[top]]
        shares.append(len(hits) / CARDS_A_DAY)
        found |= set(hits.tolist())
    return float(np.mean(shares))
