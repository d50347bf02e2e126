"""From a 128-bit id to a dense number: an open-addressing hash table beside the rows that hold the ids.

Rules:

1. The table holds row numbers only; the id itself is read from the row (its words 0 and 1), so it is kept
   once.
2. The table's length is a power of two and at most half of it is in use; a probe is linear.
3. Rows are numbered in order of insertion and never removed, except that the newest may be taken back in
   reverse order, which leaves every remaining probe sequence whole.
4. Any ids are answered correctly, however they collide; nothing defends the speed against ids chosen to
   collide.

Example::

    index = HashIndex()
    index.reserve(rows, count=0, more=2)
    insert(index.table, rows, 0)
    find(index.table, rows, high, low)  # 0, or -1
"""

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined
from jinku.ledger.u128 import Word, Words

Table = NDArray[np.int64]
EMPTY = -1
SLOTS_MIN = 16

_MIX_HIGH = np.uint64(0x9E3779B97F4A7C15)
_MIX_LOW = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def empty_table(rows: int) -> Table:
    """A table with room for `rows` rows."""
    slots = SLOTS_MIN
    while slots < 2 * rows:
        slots *= 2
    return np.full(slots, EMPTY, np.int64)


@inlined
def _slot(table: Table, rows: Words, high: Word, low: Word) -> Word:
    """The slot that holds the id's row, or the empty one where it would go."""
    mask = np.uint64(len(table) - 1)
    mixed = (low ^ (high * _MIX_HIGH)) * _MIX_LOW
    slot = (mixed ^ (mixed >> _HALF)) & mask
    while True:
        number = table[slot]
        if number == EMPTY or (rows[number, 0] == low and rows[number, 1] == high):
            return slot
        slot = (slot + np.uint64(1)) & mask


@inlined
def find(table: Table, rows: Words, high: Word, low: Word) -> int:
    """The number of the row with this id, or -1."""
    return int(table[_slot(table, rows, high, low)])


@inlined
def insert(table: Table, rows: Words, number: int) -> int:
    """Enter row `number`, whose words 0 and 1 are its id; the number of the row that has that id already,
    or -1.
    """
    slot = _slot(table, rows, rows[number, 1], rows[number, 0])
    held = int(table[slot])
    if held == EMPTY:
        table[slot] = number
    return held


@inlined
def take_back(table: Table, rows: Words, number: int) -> None:
    """Undo the newest insertion, which was row `number`."""
    table[_slot(table, rows, rows[number, 1], rows[number, 0])] = EMPTY


@compiled
def find_all(table: Table, rows: Words, ids: Words, numbers: Table) -> None:
    """`find` for each row of `ids` (two words each), into `numbers`."""
    for at in range(len(ids)):
        numbers[at] = find(table, rows, ids[at, 1], ids[at, 0])


@compiled
def insert_all(table: Table, rows: Words, first: int, end: int) -> int:
    """`insert` rows `first` to `end`; the first whose id is there already, or -1."""
    for number in range(first, end):
        if insert(table, rows, number) != EMPTY:
            return number
    return EMPTY


class HashIndex:
    """The table over one growing array of rows."""

    def __init__(self) -> None:
        self.table = empty_table(0)

    def reserve(self, rows: Words, count: int, more: int) -> None:
        """Make room for `more` rows beyond the first `count`, which stay entered."""
        if 2 * (count + more) > len(self.table):
            self.table = empty_table(2 * (count + more))
            insert_all(self.table, rows, 0, count)
