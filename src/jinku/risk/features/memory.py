"""Room for one group's state: rings and tables that grow by doubling, and their bytes.

Rules:

1. Before a batch there is room for all that it may add; the kernel never allocates.
2. The bytes hold what lives, in the order of row numbers and slots: they do not depend on how much room there is, nor
   on how the stream was cut into batches. Tables are made anew from it.

Example::

    memory = reserve(plan, empty(plan), 8_000)
"""

import numpy as np

from jinku.base.compiled import borrowed, compiled
from jinku.risk.features.errors import NotASnapshot
from jinku.risk.features.layout import (
    BITS,
    DISTINCT_AFTER,
    END,
    FREE,
    NEVER,
    NONE,
    OLDEST,
    ROW_WORDS,
    SLOT,
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
    enough_slots = slots - free <= len(memory.slots)
    if rows <= len(memory.rows) and enough_slots:
        return memory
    wanted = max(rows, len(memory.rows)), max(0 if enough_slots else slots, len(memory.slots))
    return _moved(plan, memory, *wanted)


def _moved(plan: Plan, memory: Memory, rows: int, slots: int) -> Memory:
    state = memory.state
    grown = _room(plan, state, rows, slots)
    numbers = np.arange(state[START], state[END], dtype=np.int64)
    grown.rows[numbers & (len(grown.rows) - 1)] = memory.rows[numbers & (len(memory.rows) - 1)]
    used = int(state[SLOTS])
    grown.slots[:used] = memory.slots[:used]
    grown.free[: int(state[FREE])] = memory.free[: int(state[FREE])]
    fill_tables(plan, grown)
    return grown


def _room(plan: Plan, state: Integers, rows: int, slots: int) -> Memory:
    ring = 1 << max(rows - 1, 1).bit_length()
    places = 1 << max(slots - 1, 1).bit_length()
    return Memory(
        state,
        np.zeros((ring, int(plan.sizes[ROW_WORDS])), np.int64),
        np.zeros((places, int(plan.sizes[SLOT_WORDS])), np.int64),
        np.zeros(places, np.int64),
        np.full(2 * places, NONE, np.int64),
        np.full((len(plan.distincts), 2 * ring), NONE, np.int64),
    )


@compiled
def fill_tables(plan: Plan, memory: Memory) -> None:
    """Enter every slot in use and the newest row of every value into the empty tables."""
    plan = Plan(
        borrowed(plan.sides),
        borrowed(plan.bits),
        borrowed(plan.values),
        borrowed(plan.distincts),
        borrowed(plan.monos),
        borrowed(plan.nears),
        borrowed(plan.frames),
        borrowed(plan.ops),
        borrowed(plan.outs),
        borrowed(plan.sizes),
    )
    state, rows = memory.state, memory.rows
    ring = len(rows) - 1
    for number in range(state[START], state[END]):
        at = number & ring
        if memory.slots[rows[at, SLOT], OLDEST] == number:
            enter_slot(plan, memory, rows[at, SLOT])
        for kind in range(len(plan.distincts)):
            links = plan.distincts[kind, 2]
            if (rows[at, BITS] >> plan.distincts[kind, 0]) & 1 and rows[at, links + DISTINCT_AFTER] == NEVER:
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
    fill_tables(plan, memory)
    return memory
