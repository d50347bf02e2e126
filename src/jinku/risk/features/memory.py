"""Room for one group's state: rings and tables that grow by doubling, and their bytes.

Rules:

1. Before a batch there is room for all that it may add; the kernel never allocates. To double costs about a second for
   a million rows: `ahead` does it while nobody waits.
2. The bytes hold what lives, in the order of row numbers and slots: they do not depend on how much room there is, nor
   on how the stream was cut into batches. Tables are made anew from it.

Example::

    memory = reserve(plan, empty(plan), 8_000)
"""

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


def empty(plan: Plan) -> Memory:
    """A group that has seen nothing."""
    return _room(plan, np.zeros(STATE_LENGTH, np.int64), ROWS_MIN, ROWS_MIN)


def reserve(plan: Plan, memory: Memory, events: int) -> Memory:
    """`memory` with room for `events` more events; the same object where there is room already."""
    start, end, used, free, _ = memory.state.tolist()
    more = events * len(plan.sides)
    rows, slots = end - start + more, used + more
    if rows > len(memory.rows):
        memory = _with_rows(plan, memory, rows)
    if slots - free > len(memory.slots):
        memory = _with_slots(plan, memory, slots)
    return memory


def ahead(plan: Plan, memory: Memory) -> Memory:
    """`memory` with room for half as much again as lives in it, of one kind, rows or slots: whoever waits meanwhile
    waits for one; the same object where there is room."""
    start, end, used, free, _ = memory.state.tolist()
    rows, slots = (end - start) * 3 // 2, (used - free) * 3 // 2 + free
    if rows > len(memory.rows):
        return _with_rows(plan, memory, rows)
    if slots - free > len(memory.slots):
        return _with_slots(plan, memory, slots)
    return memory


def _with_rows(plan: Plan, memory: Memory, rows: int) -> Memory:
    """`memory` with a larger ring; slots and their table stay."""
    start, end = int(memory.state[START]), int(memory.state[END])
    grown = _ring(plan, rows)
    _copied(grown, memory.rows, start, end)
    memory = memory._replace(rows=grown, distinct=_values(plan, grown))
    fill_values(plan, memory)
    return memory


def _with_slots(plan: Plan, memory: Memory, slots: int) -> Memory:
    """`memory` with room for more slots; rows and what `distinct` counts stay."""
    used, free = int(memory.state[SLOTS]), int(memory.state[FREE])
    grown, listed, table = _slots(plan, slots)
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


def _ring(plan: Plan, rows: int) -> Integers:
    return np.zeros((1 << max(rows - 1, 1).bit_length(), int(plan.sizes[ROW_WORDS])), np.int64)


def _values(plan: Plan, ring: Integers) -> Integers:
    """Empty tables of what `distinct` counts, for a ring of this size."""
    return np.full((len(plan.distincts), 2 * len(ring)), NONE, np.int64)


def _slots(plan: Plan, slots: int) -> tuple[Integers, Integers, Integers]:
    """Slots, the list of free ones, and the table of identities."""
    places = 1 << max(slots - 1, 1).bit_length()
    return (
        np.zeros((places, int(plan.sizes[SLOT_WORDS])), np.int64),
        np.zeros(places, np.int64),
        np.full(2 * places, NONE, np.int64),
    )


def _room(plan: Plan, state: Integers, rows: int, slots: int) -> Memory:
    ring = _ring(plan, rows)
    return Memory(state, ring, *_slots(plan, slots), _values(plan, ring))


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
