"""The score of accounts without labels: how far above the middle account each evidence lies, summed.

Rules:

1. An evidence of an account is the most striking of its transfers, made or received (`table.EVIDENCE`).
2. Its excess is (value - median) / usual deviation, the usual deviation being 1.4826 median absolute deviations over
   all accounts with transfers, or, where more than half of them share one value, 1.2533 mean absolute deviations (both
   are one standard deviation of a normal population: Iglewicz and Hoaglin, "How to detect and handle outliers", 1993).
3. The score is the sum of log(1 + excess) over evidences, excesses below 0 counting 0. So an evidence in which the
   population spreads evenly says little, and one in which a few accounts stand apart says much, on any file.
4. An account without transfers has score 0.

Example::

    scored = score_unsupervised(transfers, strange)
    scored.score[account], scored.parts["own_amount"][account]
"""

from dataclasses import dataclass

import numpy as np

from jinku.risk.graph.columns import maxima
from jinku.risk.graph.features import Table, Unusual
from jinku.risk.graph.transfers import Floats, Transfers

_MEDIAN_TO_DEVIATION = 1.4826
_MEAN_TO_DEVIATION = 1.2533


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores with what made them."""

    score: Floats
    values: Table
    """The evidences themselves."""
    parts: Table
    """What each evidence added."""
    usual: dict[str, tuple[float, float]]
    """Of each evidence: the middle account's value and the usual deviation."""


def evidence(transfers: Transfers, strange: Unusual) -> Table:
    """The evidences of all accounts (rule 1)."""
    size, source, target = transfers.count, transfers.source, transfers.target

    def either(column: Floats) -> Floats:
        return np.fmax(maxima(source, column, size), maxima(target, column, size))

    return {
        "own_amount": either(strange.own),
        "rare_amount": either(strange.rare),
        "same_pair": either(strange.pair),
        "payers_at_once": maxima(target, strange.payers, size),
        "payees_at_once": maxima(source, strange.payees, size),
    }


def score_unsupervised(transfers: Transfers, strange: Unusual) -> Scored:
    """Score each account (rules 1 to 4)."""
    values = evidence(transfers, strange)
    parts, usual = {}, {}
    for key, column in values.items():
        middle, deviation = _usual(column[~np.isnan(column)])
        usual[key] = (middle, deviation)
        if deviation:
            parts[key] = np.log1p(np.nan_to_num(np.maximum((column - middle) / deviation, 0.0)))
        else:
            parts[key] = np.zeros(len(column))
    return Scored(np.sum(list(parts.values()), axis=0), values, parts, usual)


def _usual(known: Floats) -> tuple[float, float]:
    """Median and usual deviation (rule 2); (0, 0) of nothing."""
    if not len(known):
        return 0.0, 0.0
    middle = float(np.median(known))
    away = np.abs(known - middle)
    return middle, _MEDIAN_TO_DEVIATION * float(np.median(away)) or _MEAN_TO_DEVIATION * float(np.mean(away))
