"""What is known of accounts or parties by their 128-bit keys, looked up for thousands at a time.

Rules:

1. A key is an account's number. In a house of custody the number of a party stands for all of its accounts.
2. A key of its own goes before its party's.

Example::

    KeyTable({77: 4}, by_party=False).of(events.column("customer"))  # 4 where it is account 77, else 0
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jinku.risk.events.columns import Column

_MASK = (1 << 64) - 1
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


class KeyTable:
    """See the module's rules. Never changes."""

    def __init__(self, values: Mapping[int, int], *, by_party: bool) -> None:
        """`values` are of keys; 0 is the value of all others."""
        self._by_party, self._count = by_party, len(values)
        low = np.array([key & _MASK for key in values], np.uint64)
        high = np.array([key >> 64 for key in values], np.uint64)
        order = np.lexsort((high, low))
        self._low, self._high = low[order], high[order]
        self._values = np.array(list(values.values()), np.int64)[order]
        self._most = int(np.unique(low, return_counts=True)[1].max(initial=0))

    def of(self, column: Column) -> Numbers:
        """The value of each key of a KEY column; 0 where it is NULL."""
        if not self._count:
            return np.zeros(len(column), np.int64)
        low, high = column.values["lo"], column.values["hi"]
        found = self._found(low, high)
        if self._by_party:
            parties = parties_of(column)
            theirs = np.where(parties > 0, self._found(parties, np.zeros_like(parties)), 0)
            found = np.where(found == 0, theirs, found)
        return np.where(column.valid, found, 0)

    def _found(self, low: Words, high: Words) -> Numbers:
        found = np.zeros(len(low), np.int64)
        first = np.searchsorted(self._low, low)
        for step in range(self._most):
            place = np.minimum(first + step, self._count - 1)
            same = (self._low[place] == low) & (self._high[place] == high)
            found[same] = self._values[place][same]
        return found


def parties_of(column: Column) -> Words:
    """The party number in each account's key (`jinku.custody.structure.chart.party_of`), 0 for none."""
    low, high = column.values["lo"], column.values["hi"]
    parties: Words = np.where(column.valid, low >> _HALF | (high & _LOW) << _HALF, np.uint64(0))
    return parties
