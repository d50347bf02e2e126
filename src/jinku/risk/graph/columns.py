"""Sums, extremes and medians by account over columns of transfers.

Rules:

1. A group is a number of an account, from 0 up to `size`; what has no row is NaN in means and extremes, 0 in sums.
2. Nothing loops over rows in Python; what cannot be said in whole columns is compiled.

Example::

    maxima(target, value, size)  # the largest transfer that each account received
"""

import numpy as np

from jinku.base.compiled import compiled
from jinku.risk.graph.transfers import Floats, Ints

PRIOR_WEIGHT = 0.5
"""What the typical value of everybody weighs beside an account's own, whose counterparties weigh 1 each: where an
account has one counterparty of each of two kinds, the kind that is typical of everybody is taken as its habit."""


def counts(group: Ints, size: int) -> Floats:
    """Rows of each group."""
    return np.asarray(np.bincount(group, minlength=size), np.float64)


def sums(group: Ints, value: Floats, size: int) -> Floats:
    """Sum of `value` in each group."""
    return np.asarray(np.bincount(group, value, size), np.float64)


def means(group: Ints, value: Floats, size: int) -> Floats:
    """Mean of each group."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums(group, value, size) / counts(group, size)


def spreads(group: Ints, value: Floats, size: int) -> Floats:
    """Standard deviation of each group, of the population."""
    centred = value - means(group, value, size)[group]
    return np.sqrt(means(group, centred * centred, size))


def maxima(group: Ints, value: Floats, size: int) -> Floats:
    """Largest of each group."""
    found = np.full(size, -np.inf)
    np.maximum.at(found, group, value)
    return np.where(np.isinf(found), np.nan, found)


def minima(group: Ints, value: Floats, size: int) -> Floats:
    """Smallest of each group."""
    return -maxima(group, -value, size)


def weighted_medians(group: Ints, value: Floats, weight: Floats, prior: float, size: int) -> Floats:
    """Median of each group by weight, with `prior` as one more value of weight PRIOR_WEIGHT in each."""
    groups = np.concatenate((group, np.arange(size, dtype=np.int64)))
    values = np.concatenate((value, np.full(size, prior)))
    weights = np.concatenate((weight, np.full(size, PRIOR_WEIGHT)))
    order = np.lexsort((values, groups))
    groups, values, weights = groups[order], values[order], weights[order]
    total = np.bincount(groups, weights, size)
    before = np.concatenate(((0.0,), np.cumsum(total)[:-1]))
    upper = np.flatnonzero(np.cumsum(weights) - before[groups] >= total[groups] / 2 - 1e-9)
    _, first = np.unique(groups[upper], return_index=True)
    return values[upper[first]]


@compiled
def window_rows(group: Ints, time: Floats, window: float, found: Ints) -> None:
    """How many rows of the row's group lie in (time - window, time], rows of the same time included; `group` is in
    ascending order and `time` within each group."""
    size = len(group)
    low = 0
    high = 0
    for row in range(size):
        if row == 0 or group[row] != group[row - 1]:
            low = row
            high = row
        while low < row and time[low] <= time[row] - window:
            low += 1
        if high < row:
            high = row
        while high + 1 < size and group[high + 1] == group[row] and time[high + 1] == time[row]:
            high += 1
        found[row] = high - low + 1


@compiled
def window_others(
    group: Ints, other: Ints, time: Floats, window: float, last_seen: Ints, found: Ints
) -> None:
    """How many different `other` the row's group met in (time - window, time], among the rows up to this one; ordered
    as in :func:`window_rows`. `last_seen` is scratch: -1 for each other."""
    size = len(group)
    low = 0
    distinct = 0
    for row in range(size):
        if row == 0 or group[row] != group[row - 1]:
            for one in range(low, row):
                last_seen[other[one]] = -1
            low = row
            distinct = 0
        while low < row and time[low] <= time[row] - window:
            if last_seen[other[low]] == low:
                last_seen[other[low]] = -1
                distinct -= 1
            low += 1
        if last_seen[other[row]] < 0:
            distinct += 1
        last_seen[other[row]] = row
        found[row] = distinct


def repeats(group: Ints, time: Floats, window: float) -> Floats:
    """For each row, the rows of its group in the window that ends at it."""
    order = np.lexsort((time, group))
    found = np.zeros(len(group), np.int64)
    window_rows(group[order], time[order], window, found)
    back = np.empty(len(group))
    back[order] = found
    return back


def meetings(group: Ints, other: Ints, time: Floats, window: float) -> Floats:
    """For each row, the different others that its group met in the window that ends at it."""
    order = np.lexsort((time, group))
    found = np.zeros(len(group), np.int64)
    scratch = np.full(int(other.max()) + 1, -1, np.int64)
    window_others(group[order], other[order], time[order], window, scratch, found)
    back = np.empty(len(group))
    back[order] = found
    return back
