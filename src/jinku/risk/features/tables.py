"""The engine's two hash tables, compiled: identity to slot, and (slot, value) to its newest row.

Rules:

1. Linear probing, a power of two, at most half in use. The key is not in the table but in the slot, or the row.
2. Removal closes the gap (Knuth, The Art of Computer Programming 3, 6.4, algorithm R): nothing is left behind.
"""

from typing import Any

import numpy as np

from jinku.base.compiled import inlined
from jinku.risk.features.layout import (
    DISTINCT_HIGH,
    DISTINCT_LOW,
    IDENTITY_WORDS,
    NONE,
    SLOT,
    SLOT_HEAD,
    Input,
    Integers,
    Memory,
    Plan,
)

_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(32)
_SEED = np.uint64(0x243F6A8885A308D3)


@inlined
def _mix(state: Any, word: Any) -> Any:
    mixed = (state ^ word) * _MIX_1
    return (mixed ^ (mixed >> _SHIFT)) * _MIX_2


@inlined
def _place(state: Any, mask: int) -> int:
    return int(np.int64(state >> _SHIFT) & mask)


@inlined
def slot_home(plan: Plan, slots: Integers, slot: int, mask: int) -> int:
    """Where a slot's identity would best lie."""
    state = _SEED
    for word in range(plan.sizes[IDENTITY_WORDS]):
        state = _mix(state, np.uint64(slots[slot, SLOT_HEAD + word]))
    return _place(state, mask)


@inlined
def find_place(plan: Plan, memory: Memory, given: Input, side: int, event: int) -> int:
    """The place in the table of the identity of `side` of an event, or the empty place where it would lie."""
    mask = len(memory.table) - 1
    words = plan.sizes[IDENTITY_WORDS]
    state = _SEED
    for word in range(words):
        part = plan.sides[side, 3 + (word >> 1)]
        state = _mix(state, np.uint64(0) if part == NONE else given.parts[part, event, word & 1])
    place = _place(state, mask)
    while True:
        slot = memory.table[place]
        if slot == NONE:
            return place
        same = True
        for word in range(words):
            part = plan.sides[side, 3 + (word >> 1)]
            wanted = np.int64(0) if part == NONE else np.int64(given.parts[part, event, word & 1])
            if memory.slots[slot, SLOT_HEAD + word] != wanted:
                same = False
                break
        if same:
            return place
        place = (place + 1) & mask


@inlined
def enter_slot(plan: Plan, memory: Memory, slot: int) -> None:
    """Put a slot into the table, where its identity is not yet."""
    mask = len(memory.table) - 1
    place = slot_home(plan, memory.slots, slot, mask)
    while memory.table[place] != NONE:
        place = (place + 1) & mask
    memory.table[place] = slot


@inlined
def remove_slot(plan: Plan, memory: Memory, slot: int) -> None:
    """Take a slot out of the table."""
    table = memory.table
    mask = len(table) - 1
    hole = slot_home(plan, memory.slots, slot, mask)
    while table[hole] != slot:
        hole = (hole + 1) & mask
    at = hole
    while True:
        at = (at + 1) & mask
        other = table[at]
        if other == NONE:
            break
        home = slot_home(plan, memory.slots, other, mask)
        if ((at - home) & mask) >= ((at - hole) & mask):
            table[hole] = other
            hole = at
    table[hole] = NONE


@inlined
def value_home(rows: Integers, at: int, links: int, mask: int) -> int:
    """Where the value that the row at place `at` counts would best lie."""
    state = _mix(_SEED, np.uint64(rows[at, SLOT]))
    state = _mix(state, np.uint64(rows[at, links + DISTINCT_LOW]))
    state = _mix(state, np.uint64(rows[at, links + DISTINCT_HIGH]))
    return _place(state, mask)


@inlined
def find_value(memory: Memory, kind: int, links: int, at: int) -> int:
    """The place in the table of `kind` of the value that the row at `at` counts, or the empty place for it."""
    rows, table = memory.rows, memory.distinct
    mask, ring = table.shape[1] - 1, len(rows) - 1
    place = value_home(rows, at, links, mask)
    while True:
        number = table[kind, place]
        if number == NONE:
            return place
        row = number & ring
        if (
            rows[row, SLOT] == rows[at, SLOT]
            and rows[row, links + DISTINCT_LOW] == rows[at, links + DISTINCT_LOW]
            and rows[row, links + DISTINCT_HIGH] == rows[at, links + DISTINCT_HIGH]
        ):
            return place
        place = (place + 1) & mask


@inlined
def remove_value(memory: Memory, kind: int, links: int, at: int) -> None:
    """Take the value that the row at `at` counts out of the table of `kind`."""
    rows, table = memory.rows, memory.distinct
    mask, ring = table.shape[1] - 1, len(rows) - 1
    hole = find_value(memory, kind, links, at)
    place = hole
    while True:
        place = (place + 1) & mask
        number = table[kind, place]
        if number == NONE:
            break
        home = value_home(rows, number & ring, links, mask)
        if ((place - home) & mask) >= ((place - hole) & mask):
            table[kind, hole] = number
            hole = place
    table[kind, hole] = NONE
