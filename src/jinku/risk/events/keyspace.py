"""From 128-bit identities to dense numbers 0, 1, 2… in order of first appearance, compiled.

Rules:

1. A number is never changed or given twice; the space only grows.
2. NULL has no number: it is `ABSENT`.
3. At most half of the table is in use; a probe is linear. Any identities are answered correctly however they collide.

Example::

    space = KeySpace()
    space.numbers(Column.of_keys(["a", "b", "a", None]))  # [0, 1, 0, -1]
"""

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined
from jinku.risk.events.columns import KEY, Column

ABSENT = -1
SLOTS_MIN = 64

_MIX_HIGH = np.uint64(0x9E3779B97F4A7C15)
_MIX_LOW = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_ONE = np.uint64(1)

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@inlined
def _slot(table: Numbers, held: Words, low: np.uint64, high: np.uint64) -> np.uint64:
    """Where the identity's number stands in the table, or would stand."""
    mask = np.uint64(len(table) - 1)
    mixed = (low ^ (high * _MIX_HIGH)) * _MIX_LOW
    slot = (mixed ^ (mixed >> _HALF)) & mask
    while True:
        number = table[slot]
        if number < 0 or (held[number, 0] == low and held[number, 1] == high):
            return slot
        slot = (slot + _ONE) & mask


@compiled
def _enter(table: Numbers, held: Words, first: int, end: int) -> None:
    for number in range(first, end):
        table[_slot(table, held, held[number, 0], held[number, 1])] = number


@compiled
def _number_all(
    table: Numbers, held: Words, count: int, wanted: Words, valid: NDArray[np.bool_], out: Numbers, make: bool
) -> int:
    """Numbers of `wanted` into `out`, new ones from `count`; the count afterwards."""
    for row in range(len(wanted)):
        out[row] = ABSENT
        if not valid[row]:
            continue
        slot = _slot(table, held, wanted[row, 0], wanted[row, 1])
        number = table[slot]
        if number < 0 and make:
            held[count, 0], held[count, 1] = wanted[row, 0], wanted[row, 1]
            table[slot] = number = count
            count += 1
        out[row] = number
    return count


class KeySpace:
    """See the module's rules. Not for several threads at once."""

    def __init__(self) -> None:
        self._table = np.full(SLOTS_MIN, ABSENT, np.int64)
        self._held = np.zeros((SLOTS_MIN // 2, 2), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def numbers(self, column: Column) -> Numbers:
        """The number of each identity, new ones entered; `ABSENT` for NULL."""
        self._reserve(len(column))
        return self._looked_up(column, make=True)

    def known(self, column: Column) -> Numbers:
        """The number of each identity that was entered before; `ABSENT` for others and for NULL."""
        return self._looked_up(column, make=False)

    def identities(self) -> NDArray[np.void]:
        """The identities by number, as `KEY` rows."""
        return np.ascontiguousarray(self._held[: self._count]).view(KEY).reshape(-1)

    def _looked_up(self, column: Column, make: bool) -> Numbers:
        out = np.empty(len(column), np.int64)
        wanted = words_of(column)
        self._count = _number_all(self._table, self._held, self._count, wanted, column.valid, out, make)
        return out

    def _reserve(self, more: int) -> None:
        need = self._count + more
        if need > len(self._held):
            grown = np.zeros((max(need, 2 * len(self._held)), 2), np.uint64)
            grown[: self._count] = self._held[: self._count]
            self._held = grown
        slots = len(self._table)
        while slots < 2 * need:
            slots *= 2
        if slots > len(self._table):
            self._table = np.full(slots, ABSENT, np.int64)
            _enter(self._table, self._held, 0, self._count)


def words_of(column: Column) -> Words:
    """The keys of a column as two 64-bit words a row, low first."""
    return np.ascontiguousarray(column.values).view(np.uint64).reshape(-1, 2)
