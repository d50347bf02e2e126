"""What the compiled engine reads and writes: the tables of one group of features, and how its memory lies.

Rules:

1. A *group* is all base features of one level that find history under the same identities. It keeps one history: a row
   an event and side, in order of time, in a ring; rows of one identity are linked oldest to newest; an identity with
   rows has a *slot*.
2. A row has a *sequence number* that never comes back; it lies at ``number & (len(rows) - 1)``. `NONE` is no row.
3. A *near* is a delay after which rows enter, a *frame* a near with a far edge at which rows leave. Each slot has one
   moving head a near and one moving tail a frame, shared by all aggregates of that frame.
4. Every table is int64; columns are named by the constants below.

Example: see `jinku.risk.features.planning`, which makes plans, and `kernel`, which runs them.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
NONE = -1
NEVER = (1 << 63) - 1
"""As the time of a next row: there is none yet."""
SUM_MAX = 1 << 62

# A row: time, slot, number of the slot's next row, conditions passed as bits; then values, then links.
TIME, SLOT, NEXT, BITS, ROW_HEAD = 0, 1, 2, 3, 4
# A slot: its oldest and newest row, then identity words, heads, tails, accumulators.
OLDEST, NEWEST, SLOT_HEAD = 0, 1, 2
# The state's counters.
START, END, SLOTS, FREE, BROKEN, STATE_LENGTH = 0, 1, 2, 3, 4, 5
# Links of one `distinct` in a row: two words of the value, time of the previous and of the next row with that value.
DISTINCT_LOW, DISTINCT_HIGH, DISTINCT_BEFORE, DISTINCT_AFTER, DISTINCT_WIDTH = 0, 1, 2, 3, 4
# Links of one monotone deque in a row: numbers of its neighbours.
MONO_BEFORE, MONO_AFTER, MONO_WIDTH = 0, 1, 2


class Op(IntEnum):
    """What a row does to a frame's accumulator on entering and on leaving."""

    COUNT = 0
    SUM = 1
    SQUARES = 2
    DISTINCT = 3
    FIRST = 4
    LAST = 5
    FRONT = 6
    """The oldest row of a monotone deque that is still in the frame: the minimum or maximum."""
    STREAK = 7


class Out(IntEnum):
    """The last step: from accumulators to one double."""

    WHOLE = 0
    """An accumulator as it is, never NULL: count, distinct, streak."""
    SUM = 1
    MEAN = 2
    STD = 3
    ROW_VALUE = 4
    """A value of the row that the accumulator names: min, max, first, last."""
    ROW_AGE = 5
    """Seconds since that row."""
    NOVEL = 6


class Plan(NamedTuple):
    """One group's tables (rule 4), a row an item."""

    sides: Integers
    """Inserted (0 or 1), looked up, part of the other side or NONE, then the parts of the identity or NONE."""
    bits: Integers
    """Condition or NONE (always), mask of the sides whose rows may pass, whether the other side must be there."""
    values: Integers
    """Value columns kept in a row, from ROW_HEAD on."""
    distincts: Integers
    """Bit, part that is counted or NONE (the other side), place of the links in a row."""
    monos: Integers
    """Bit, place of the value, sign (1 maximum, -1 minimum), place of the links, accumulator of the newest row."""
    nears: Integers
    """Microseconds, first and end mono, first and end frame."""
    frames: Integers
    """Far edge in microseconds, near, first and end op."""
    ops: Integers
    """Op, bit, argument (place in a row, second bit, or place in the deque's row), accumulator."""
    outs: Integers
    """Out, side, output row, three accumulators or places."""
    sizes: Integers
    """Words of: a row, a slot, an identity; place of heads, of tails, of accumulators; the farthest edge."""


ROW_WORDS, SLOT_WORDS, IDENTITY_WORDS, HEADS, TAILS, ACCUMULATORS, FARTHEST = range(7)


class Memory(NamedTuple):
    """One group's state. Tables are open-addressing hash tables of slots, and of row numbers a `distinct`."""

    state: Integers
    rows: Integers
    slots: Integers
    free: Integers
    table: Integers
    distinct: Integers


class Input(NamedTuple):
    """One batch as the kernel reads it: shared by all groups of a level."""

    times: Integers
    parts: Any
    """uint64 (parts, events, 2): identities and what distinct counts."""
    there: Any
    """bool (parts, events): not NULL."""
    conditions: Any
    """bool (conditions, events)."""
    values: Integers
    """(values, events), clipped."""


class Output(NamedTuple):
    """Where results go: (features, events)."""

    values: Any
    valid: Any
