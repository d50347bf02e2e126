"""Room for one group's state: rings and tables that grow by doubling, and their bytes.

Rules:

1. Before a batch there is room for all that it may add; the kernel never allocates. `Ahead` makes it early, a little at
   a time: first the larger arrays are written once, for a page of memory costs most when it is first touched; then
   what lives is copied.
2. The bytes hold what lives, in the order of row numbers and slots: they do not depend on how much room there is, nor
   on how the stream was cut into batches. Tables are made anew from it.

Example::

    memory = reserve(plan, empty(plan), 8_000)
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import released
from jinku.risk.features.errors import NotASnapshot
from jinku.risk.features.layout import (
    BITS,
    DISTINCT_AFTER,
    END,
    FREE,
    NEVER,
    NONE,
    ROW_WORDS,
    SLOT_WORDS,
    SLOTS,
    START,
    STATE_LENGTH,
    Integers,
    Memory,
    Plan,
)
from jinku.risk.features.tables import enter_slot, find_value

ROWS_MIN = 64
WORDS_A_STEP = 1 << 19
"""Of new arrays that are written in one step of `Ahead`: 4 MiB."""
_EMPTY = (0, 0, NONE)
"""What each of a triple of arrays holds before it is used."""


def empty(plan: Plan) -> Memory:
    """A group that has seen nothing."""
    return _room(plan, np.zeros(STATE_LENGTH, np.int64), ROWS_MIN, ROWS_MIN)


def reserve(plan: Plan, memory: Memory, events: int) -> Memory:
    """`memory` with room for `events` more events; the same object where there is room already."""
    start, end, used, free, _ = memory.state.tolist()
    more = events * len(plan.sides)
    rows, slots = end - start + more, used + more
    if rows > len(memory.rows):
        memory = _with_rows(plan, memory, _emptied(_row_arrays(plan, _doubled(rows))))
    if slots - free > len(memory.slots):
        memory = _with_slots(plan, memory, _emptied(_slot_arrays(plan, _doubled(slots))))
    return memory


class Ahead:
    """Room for half as much again as lives in a group's memory, made in steps that are each short."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._arrays: tuple[Integers, ...] = ()
        self._places = self._written = 0

    def step(self, memory: Memory) -> tuple[Memory, bool]:
        """One step, and whether there was one to take; what lives in the memory given back is the same."""
        start, end, used, free, _ = memory.state.tolist()
        rows, slots = (end - start) * 3 // 2, (used - free) * 3 // 2 + free
        if rows > len(memory.rows):
            places = _doubled(rows)
            if not self._are_written(places, lambda: _row_arrays(self._plan, places)):
                return memory, True
            memory = _with_rows(self._plan, memory, self._arrays)
        elif slots - free > len(memory.slots):
            places = -_doubled(slots)  # another sign: not to be taken for arrays of rows
            if not self._are_written(places, lambda: _slot_arrays(self._plan, -places)):
                return memory, True
            memory = _with_slots(self._plan, memory, self._arrays)
        else:
            self._arrays, self._places = (), 0
            return memory, False
        self._arrays, self._places = (), 0
        return memory, True

    def _are_written(self, places: int, make: Callable[[], tuple[Integers, ...]]) -> bool:
        """Write the next `WORDS_A_STEP` of the arrays that `make` makes; whether all are."""
        if self._places != places:
            self._arrays, self._places, self._written = make(), places, 0
        left, before = WORDS_A_STEP, 0
        for array, value in zip(self._arrays, _EMPTY, strict=True):
            words = array.reshape(-1)
            begin = max(0, self._written - before)
            end = min(len(words), begin + left)
            if begin < end:
                words[begin:end] = value
                left -= end - begin
            before += len(words)
        self._written += WORDS_A_STEP - left
        return self._written >= before


def _with_rows(plan: Plan, memory: Memory, arrays: tuple[Integers, ...]) -> Memory:
    """`memory` with a larger ring; slots and their table stay."""
    start, end = int(memory.state[START]), int(memory.state[END])
    grown, _, distinct = arrays
    _copied(grown, memory.rows, start, end)
    memory = memory._replace(rows=grown, distinct=distinct)
    fill_values(plan, memory)
    return memory


def _with_slots(plan: Plan, memory: Memory, arrays: tuple[Integers, ...]) -> Memory:
    """`memory` with room for more slots; rows and what `distinct` counts stay."""
    used, free = int(memory.state[SLOTS]), int(memory.state[FREE])
    grown, listed, table = arrays
    grown[:used] = memory.slots[:used]
    listed[:free] = memory.free[:free]
    memory = memory._replace(slots=grown, free=listed, table=table)
    fill_slots(plan, memory, _in_use(memory))
    return memory


def _copied(into: Integers, source: Integers, start: int, end: int) -> None:
    """Copy the rows from number `start` to `end` from one ring into another."""
    at = start
    while at < end:
        here, there = at & (len(source) - 1), at & (len(into) - 1)
        count = min(end - at, len(source) - here, len(into) - there)
        into[there : there + count] = source[here : here + count]
        at += count


def _in_use(memory: Memory) -> NDArray[np.bool_]:
    """Which slots have rows."""
    used = np.ones(int(memory.state[SLOTS]), np.bool_)
    used[memory.free[: int(memory.state[FREE])]] = False
    return used


def _doubled(places: int) -> int:
    """The power of two that holds so many."""
    return 1 << max(places - 1, 1).bit_length()


def _row_arrays(plan: Plan, places: int) -> tuple[Integers, ...]:
    """A ring, nothing, and the tables of what `distinct` counts for a ring of this size; not written yet."""
    ring = np.empty((places, int(plan.sizes[ROW_WORDS])), np.int64)
    return ring, np.empty(0, np.int64), np.empty((len(plan.distincts), 2 * places), np.int64)


def _slot_arrays(plan: Plan, places: int) -> tuple[Integers, ...]:
    """Slots, the list of free ones, and the table of identities; not written yet."""
    slots = np.empty((places, int(plan.sizes[SLOT_WORDS])), np.int64)
    return slots, np.empty(places, np.int64), np.empty(2 * places, np.int64)


def _emptied(arrays: tuple[Integers, ...]) -> tuple[Integers, ...]:
    """`arrays`, written as those of a group that has seen nothing."""
    for array, value in zip(arrays, _EMPTY, strict=True):
        array[...] = value
    return arrays


def _room(plan: Plan, state: Integers, rows: int, slots: int) -> Memory:
    ring, _, distinct = _emptied(_row_arrays(plan, _doubled(rows)))
    held, free, table = _emptied(_slot_arrays(plan, _doubled(slots)))
    return Memory(state, ring, held, free, table, distinct)


@released
def fill_slots(plan: Plan, memory: Memory, used: NDArray[np.bool_]) -> None:
    """Enter every slot in use into the empty table."""
    for slot in range(len(used)):
        if used[slot]:
            enter_slot(plan, memory, slot)


@released
def fill_values(plan: Plan, memory: Memory) -> None:
    """Enter the newest row of every value into the empty tables of what `distinct` counts."""
    state, rows = memory.state, memory.rows
    ring = len(rows) - 1
    for kind in range(len(plan.distincts)):
        bit, links = plan.distincts[kind, 0], plan.distincts[kind, 2]
        for number in range(state[START], state[END]):
            at = number & ring
            if (rows[at, BITS] >> bit) & 1 and rows[at, links + DISTINCT_AFTER] == NEVER:
                memory.distinct[kind, find_value(memory, kind, links, at)] = number


def to_bytes(memory: Memory) -> bytes:
    """State, live rows, slots in use and the free list, little-endian."""
    state = memory.state
    numbers = np.arange(state[START], state[END], dtype=np.int64)
    used, free = int(state[SLOTS]), int(state[FREE])
    slots = memory.slots[:used].copy()
    slots[memory.free[:free]] = 0
    parts = (state, memory.rows[numbers & (len(memory.rows) - 1)], slots, memory.free[:free])
    return b"".join(np.ascontiguousarray(part, "<i8").tobytes() for part in parts)


def from_bytes(plan: Plan, raw: bytes) -> Memory:
    """What `to_bytes` was made from. Raises NotASnapshot."""
    words = np.frombuffer(raw, "<i8").astype(np.int64)
    if len(words) < STATE_LENGTH:
        raise NotASnapshot("a group's state ends early")
    state = words[:STATE_LENGTH].copy()
    rows, slots, free = int(state[END] - state[START]), int(state[SLOTS]), int(state[FREE])
    row_words, slot_words = int(plan.sizes[ROW_WORDS]), int(plan.sizes[SLOT_WORDS])
    if (
        min(rows, slots, free) < 0
        or len(words) != STATE_LENGTH + rows * row_words + slots * slot_words + free
    ):
        raise NotASnapshot("a group's state has another length than it says")
    memory = _room(plan, state, max(rows, ROWS_MIN), max(slots, ROWS_MIN))
    numbers = np.arange(state[START], state[END], dtype=np.int64)
    at, end = STATE_LENGTH, STATE_LENGTH + rows * row_words
    memory.rows[numbers & (len(memory.rows) - 1)] = words[at:end].reshape(rows, row_words)
    at, end = end, end + slots * slot_words
    memory.slots[:slots] = words[at:end].reshape(slots, slot_words)
    memory.free[:free] = words[end:]
    fill_slots(plan, memory, _in_use(memory))
    fill_values(plan, memory)
    return memory
