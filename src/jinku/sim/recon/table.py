"""Rows of a side while a labelled day is made: columns that can be changed, taken away and added to.

Example::

    bank = Rows(columns)
    bank.change(places, amount=values)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.custody.reconciliation.records import NO_DAY, Longs

Column = NDArray[Any]
TEXTS = (
    "reference",
    "account",
    "currency",
    "end_to_end_id",
    "instruction_id",
    "transaction_id",
    "servicer_id",
    "batch",
    "counterparty",
    "return_reason",
    "text",
)
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    "value": NO_DAY,
    "reversal": False,
    "pending": False,
    "batch_count": 0,
}
_KINDS: dict[str, Any] = {
    **dict.fromkeys(TEXTS, np.object_),
    "amount": np.int64,
    "direction": np.int8,
    "booked": np.int32,
    "value": np.int32,
    "reversal": np.bool_,
    "pending": np.bool_,
    "batch_count": np.int32,
    "family": np.int64,
}


class Rows:
    """The rows of one side; row n is of payment n until rows are taken away."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        size = len(columns["amount"])
        self.columns = {name: _column(name, columns.get(name), size) for name in _KINDS}
        self.alive = np.ones(size, np.bool_)

    def __len__(self) -> int:
        return len(self.alive)

    def change(self, places: Longs, **values: Any) -> None:
        """Write `values` into columns at `places`."""
        for name, value in values.items():
            self.columns[name][places] = value

    def drop(self, places: Longs) -> None:
        """Take rows away."""
        self.alive[places] = False

    def copy(self, places: Longs, **values: Any) -> Longs:
        """Add copies of the rows at `places` with some values changed; their places."""
        added = {name: column[places].copy() for name, column in self.columns.items()}
        for name, value in values.items():
            added[name][:] = value
        return self.add(added)

    def add(self, columns: Mapping[str, Column]) -> Longs:
        """Add rows; their places."""
        size = len(columns["amount"])
        first = len(self)
        for name, column in self.columns.items():
            self.columns[name] = np.concatenate((column, _column(name, columns.get(name), size)))
        self.alive = np.concatenate((self.alive, np.ones(size, np.bool_)))
        return np.arange(first, first + size)


def _column(name: str, values: Column | None, size: int) -> Column:
    if values is None:
        return np.full(size, _DEFAULTS[name], _KINDS[name])
    return np.asarray(values, _KINDS[name]).copy()
