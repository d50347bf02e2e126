"""What readers see: the account table and the journal's size as of the last durable commit.

One writer publishes, any number of readers copy. A reader never makes the writer wait: it copies and looks whether
a version number moved meanwhile, and copies again if so (a sequence lock). The number is odd while a publication
is under way.
"""

import time

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.layout import ACCOUNT, Array


class Visible:
    """The published state; see the module."""

    def __init__(self, accounts: Array, size: int) -> None:
        self._rows: Array = accounts.copy()
        self._count = len(accounts)
        self._size = size
        self._version = 0

    @property
    def size(self) -> int:
        """Journal entries that are durable."""
        return self._size

    @property
    def count(self) -> int:
        """Accounts that are durable."""
        return self._count

    def publish(self, accounts: Array, touched: NDArray[np.int64], size: int) -> None:
        """Make the rows `touched` of `accounts` and a journal of `size` entries visible, all at once."""
        count = len(accounts)
        rows = self._rows
        if count > len(rows):
            rows = np.zeros(max(count, 2 * len(rows)), ACCOUNT)
            rows[: self._count] = self._rows[: self._count]
        self._version += 1
        self._rows = rows
        _words(rows)[touched] = _words(accounts)[touched]
        self._count, self._size = count, size
        self._version += 1

    def accounts(self, numbers: NDArray[np.int64] | None = None) -> Array:
        """A consistent copy of the rows `numbers` (all accounts where None). Numbers must be below `count`."""
        while True:
            before = self._version
            if before % 2 == 0:
                rows = self._rows[: self._count]
                copy = rows.copy() if numbers is None else rows[numbers]
                if self._version == before:
                    return copy
            time.sleep(0)


def _words(rows: Array) -> NDArray[np.uint64]:
    """The same memory as 16 words a row: NumPy moves words ten times faster than records of many fields."""
    return rows.view(np.uint64).reshape(len(rows), ACCOUNT.itemsize // 8)  # also of no rows
