"""The compiled engine: one group of features, one batch, event by event.

For each event: rows beyond every window are dropped; the event is appended under its identities; of each identity
that is read, heads and tails move to the event's time; accumulators become doubles. Rows enter and leave an
accumulator once each, so the work an event is constant whatever the window holds.

Rules:

1. Moving heads before tails, both to the same time, leaves in a frame exactly the rows of
   ``(time - far, time - near]``, however long the identity was not looked at: nothing has to move before it is read.
2. A `distinct` counts the rows of a frame whose value has no later row in it.
3. A monotone deque keeps, oldest to newest, the rows that no later row surpasses; each frame points at its oldest
   row still inside, which is the extreme (Lemire, Streaming maximum-minimum filter, 2006).
4. A function stands below all that it calls: the compiled code's fingerprint (`jinku.base.compiled`) is taken where the
   function is defined and covers only what is there by then.
"""

import math
from typing import Any

import numpy as np

from jinku.base.compiled import borrowed, inlined, released
from jinku.risk.features.definition import MICROSECONDS, STD_VALUE_MAX
from jinku.risk.features.layout import (
    ACCUMULATORS,
    BITS,
    BROKEN,
    DISTINCT_AFTER,
    DISTINCT_BEFORE,
    DISTINCT_HIGH,
    DISTINCT_LOW,
    END,
    FARTHEST,
    FREE,
    HEADS,
    IDENTITY_WORDS,
    MONO_AFTER,
    MONO_BEFORE,
    NEVER,
    NEWEST,
    NEXT,
    NONE,
    OLDEST,
    ROW_HEAD,
    SLOT,
    SLOT_HEAD,
    SLOTS,
    START,
    SUM_MAX,
    TAILS,
    TIME,
    Input,
    Memory,
    Op,
    Out,
    Output,
    Plan,
)
from jinku.risk.features.std import deviation
from jinku.risk.features.tables import find_place, find_value, remove_slot, remove_value

HALF = 31
"""Squares are summed in two halves of this many bits and the rest."""
LOW_HALF = (1 << HALF) - 1


@inlined
def _clipped(value: int) -> int:
    return min(max(value, -STD_VALUE_MAX), STD_VALUE_MAX)


@inlined
def _square(value: int) -> int:
    return _clipped(value) * _clipped(value)


@inlined
def _successor(plan: Plan, memory: Memory, op: int, number: int, stop: int) -> int:
    """The row that takes the place of `number`, which was the first, the last or the extreme of its frame."""
    rows = memory.rows
    ring = len(rows) - 1
    kind, bit = plan.ops[op, 0], plan.ops[op, 1]
    if kind == Op.LAST:
        return NONE
    if kind == Op.FRONT:
        return rows[number & ring, plan.monos[plan.ops[op, 2], 3] + MONO_AFTER]  # type: ignore[no-any-return]
    found = rows[number & ring, NEXT]
    while found not in (NONE, stop) and not (rows[found & ring, BITS] >> bit) & 1:
        found = rows[found & ring, NEXT]
    return NONE if found == stop else found


@inlined
def _add(plan: Plan, memory: Memory, slot: int, frame: int, op: int, number: int) -> None:
    """What a row that passes does to an accumulator on entering."""
    rows, slots = memory.rows, memory.slots
    ring = len(rows) - 1
    at = number & ring
    kind, argument, into = plan.ops[op, 0], plan.ops[op, 2], plan.ops[op, 3]
    if kind in (Op.COUNT, Op.STREAK):
        slots[slot, into] += 1
    elif kind == Op.SUM:
        slots[slot, into] += rows[at, argument]
        if abs(slots[slot, into]) >= SUM_MAX:
            memory.state[BROKEN] = 1
    elif kind == Op.SQUARES:
        square = _square(rows[at, argument])
        slots[slot, into] += _clipped(rows[at, argument])
        slots[slot, into + 1] += square >> HALF
        slots[slot, into + 2] += square & LOW_HALF
    elif kind == Op.DISTINCT:
        oldest = rows[slots[slot, plan.sizes[TAILS] + frame] & ring, TIME]
        if rows[at, argument + DISTINCT_BEFORE] < oldest:
            slots[slot, into] += 1
    elif kind == Op.FIRST:
        if slots[slot, into] == NONE:
            slots[slot, into] = number
    elif kind == Op.LAST:
        slots[slot, into] = number
    elif kind == Op.FRONT:
        front, column, sign = slots[slot, into], plan.monos[argument, 1], plan.monos[argument, 2]
        if front == NONE or sign * rows[front & ring, column] <= sign * rows[at, column]:
            slots[slot, into] = number


@inlined
def _push(plan: Plan, memory: Memory, slot: int, mono: int, number: int) -> None:
    """A row goes to the newest end of a monotone deque; what it surpasses goes."""
    rows, slots = memory.rows, memory.slots
    ring, start = len(rows) - 1, memory.state[START]
    column, sign, links, newest = (
        plan.monos[mono, 1],
        plan.monos[mono, 2],
        plan.monos[mono, 3],
        plan.monos[mono, 4],
    )
    value = sign * rows[number & ring, column]
    before = slots[slot, newest]
    while before >= start and sign * rows[before & ring, column] <= value:
        before = rows[before & ring, links + MONO_BEFORE]
    if before < start:
        before = NONE
    else:
        rows[before & ring, links + MONO_AFTER] = number
    rows[number & ring, links + MONO_BEFORE] = before
    rows[number & ring, links + MONO_AFTER] = NONE
    slots[slot, newest] = number


@inlined
def _enter(plan: Plan, memory: Memory, slot: int, near: int, number: int) -> None:
    """A row comes into all frames of a near."""
    rows, slots = memory.rows, memory.slots
    at = number & (len(rows) - 1)
    bits = rows[at, BITS]
    for mono in range(plan.nears[near, 1], plan.nears[near, 2]):
        if (bits >> plan.monos[mono, 0]) & 1:
            _push(plan, memory, slot, mono, number)
    tails = plan.sizes[TAILS]
    for frame in range(plan.nears[near, 3], plan.nears[near, 4]):
        if slots[slot, tails + frame] == NONE:
            slots[slot, tails + frame] = number
        for op in range(plan.frames[frame, 2], plan.frames[frame, 3]):
            if plan.ops[op, 0] == Op.STREAK and (bits >> plan.ops[op, 2]) & 1:
                slots[slot, plan.ops[op, 3]] = 0
                slots[slot, plan.ops[op, 3] + 1] = number
            elif (bits >> plan.ops[op, 1]) & 1:
                _add(plan, memory, slot, frame, op, number)


@inlined
def _leave(plan: Plan, memory: Memory, slot: int, frame: int, number: int) -> None:
    """A row goes out of a frame."""
    rows, slots = memory.rows, memory.slots
    ring = len(rows) - 1
    at = number & ring
    bits = rows[at, BITS]
    stop = slots[slot, plan.sizes[HEADS] + plan.frames[frame, 1]]
    for op in range(plan.frames[frame, 2], plan.frames[frame, 3]):
        kind, bit, argument, into = plan.ops[op, 0], plan.ops[op, 1], plan.ops[op, 2], plan.ops[op, 3]
        if not (bits >> bit) & 1:
            continue
        if kind == Op.COUNT:
            slots[slot, into] -= 1
        elif kind == Op.SUM:
            slots[slot, into] -= rows[at, argument]
        elif kind == Op.SQUARES:
            square = _square(rows[at, argument])
            slots[slot, into] -= _clipped(rows[at, argument])
            slots[slot, into + 1] -= square >> HALF
            slots[slot, into + 2] -= square & LOW_HALF
        elif kind == Op.DISTINCT:
            after = rows[at, argument + DISTINCT_AFTER]
            if stop == NONE:
                slots[slot, into] -= after == NEVER
            else:
                slots[slot, into] -= after >= rows[stop & ring, TIME]
        elif kind == Op.STREAK:
            if number > slots[slot, into + 1]:
                slots[slot, into] -= 1
        elif slots[slot, into] == number:
            slots[slot, into] = _successor(plan, memory, op, number, stop)


@inlined
def _advance(plan: Plan, memory: Memory, slot: int, time: int) -> None:
    """Move the heads and then the tails of `slot` to `time`."""
    rows, slots = memory.rows, memory.slots
    ring = len(rows) - 1
    heads, tails = plan.sizes[HEADS], plan.sizes[TAILS]
    for near in range(len(plan.nears)):
        number = slots[slot, heads + near]
        limit = time - plan.nears[near, 0]
        while number != NONE and rows[number & ring, TIME] <= limit:
            _enter(plan, memory, slot, near, number)
            number = rows[number & ring, NEXT]
        slots[slot, heads + near] = number
    for frame in range(len(plan.frames)):
        number = slots[slot, tails + frame]
        stop = slots[slot, heads + plan.frames[frame, 1]]
        limit = time - plan.frames[frame, 0]
        while number != NONE and rows[number & ring, TIME] <= limit:
            _leave(plan, memory, slot, frame, number)
            number = rows[number & ring, NEXT]
            if number == stop:
                number = NONE
        slots[slot, tails + frame] = number


@inlined
def _clear(plan: Plan, memory: Memory, slot: int) -> None:
    """Accumulators as they are over nothing."""
    slots, base = memory.slots, plan.sizes[ACCUMULATORS]
    for at in range(base, slots.shape[1]):
        slots[slot, at] = 0
    for mono in range(len(plan.monos)):
        slots[slot, plan.monos[mono, 4]] = NONE
    for op in range(len(plan.ops)):
        kind, at = plan.ops[op, 0], plan.ops[op, 3]
        if kind in (Op.FIRST, Op.LAST, Op.FRONT):
            slots[slot, at] = NONE
        elif kind == Op.STREAK:
            slots[slot, at + 1] = NONE


@inlined
def _drop(plan: Plan, memory: Memory, time: int) -> None:
    """Forget the oldest row of all, and its identity where it was the last."""
    state, rows, slots = memory.state, memory.rows, memory.slots
    at = state[START] & (len(rows) - 1)
    slot = rows[at, SLOT]
    _advance(plan, memory, slot, time)
    for kind in range(len(plan.distincts)):
        links = plan.distincts[kind, 2]
        if (rows[at, BITS] >> plan.distincts[kind, 0]) & 1 and rows[at, links + DISTINCT_AFTER] == NEVER:
            remove_value(memory, kind, links, at)
    state[START] += 1
    slots[slot, OLDEST] = rows[at, NEXT]
    if rows[at, NEXT] == NONE:
        remove_slot(plan, memory, slot)
        memory.free[state[FREE]] = slot
        state[FREE] += 1


@inlined
def _is_there(plan: Plan, given: Input, side: int, event: int) -> bool:
    for column in range(3, plan.sides.shape[1]):
        part = plan.sides[side, column]
        if part != NONE and not given.there[part, event]:
            return False
    return True


@inlined
def _passed(plan: Plan, given: Input, side: int, event: int) -> int:
    """The conditions that the row of `side` passes, as bits."""
    other = plan.sides[side, 2]
    bits = 0
    for bit in range(len(plan.bits)):
        condition = plan.bits[bit, 0]
        if not (plan.bits[bit, 1] >> side) & 1:
            continue
        if plan.bits[bit, 2] and (other == NONE or not given.there[other, event]):
            continue
        if condition == NONE or given.conditions[condition, event]:
            bits |= 1 << bit
    return bits


@inlined
def _slot_of(plan: Plan, memory: Memory, given: Input, side: int, event: int) -> int:
    """The slot of the identity on `side`, made where there is none."""
    place = find_place(plan, memory, given, side, event)
    slot = memory.table[place]
    if slot != NONE:
        return int(slot)
    state, slots = memory.state, memory.slots
    if state[FREE] > 0:
        state[FREE] -= 1
        slot = memory.free[state[FREE]]
    else:
        slot = state[SLOTS]
        state[SLOTS] = slot + 1
    memory.table[place] = slot
    slots[slot, OLDEST] = slots[slot, NEWEST] = NONE
    for word in range(plan.sizes[IDENTITY_WORDS]):
        part = plan.sides[side, 3 + (word >> 1)]
        slots[slot, SLOT_HEAD + word] = (
            np.int64(0) if part == NONE else np.int64(given.parts[part, event, word & 1])
        )
    first = plan.sizes[HEADS]
    for at in range(first, plan.sizes[ACCUMULATORS]):
        slots[slot, at] = NONE
    _clear(plan, memory, slot)
    return int(slot)


@inlined
def _append_value(plan: Plan, memory: Memory, given: Input, kind: int, side: int, event: int) -> None:
    """Link the newest row with the row before it that has the same value."""
    rows = memory.rows
    ring = len(rows) - 1
    number = memory.state[END] - 1
    at, links = number & ring, plan.distincts[kind, 2]
    part = plan.distincts[kind, 1]
    if part == NONE:
        part = plan.sides[side, 2]
    rows[at, links + DISTINCT_LOW] = np.int64(given.parts[part, event, 0])
    rows[at, links + DISTINCT_HIGH] = np.int64(given.parts[part, event, 1])
    rows[at, links + DISTINCT_BEFORE] = NONE
    rows[at, links + DISTINCT_AFTER] = NEVER
    place = find_value(memory, kind, links, at)
    before = memory.distinct[kind, place]
    if before != NONE:
        rows[at, links + DISTINCT_BEFORE] = rows[before & ring, TIME]
        rows[before & ring, links + DISTINCT_AFTER] = rows[at, TIME]
    memory.distinct[kind, place] = number


@inlined
def _append(plan: Plan, memory: Memory, given: Input, side: int, event: int) -> None:
    """The event becomes the newest row of its identity on `side`."""
    bits = _passed(plan, given, side, event)
    if bits == 0 or not _is_there(plan, given, side, event):
        return
    slot = _slot_of(plan, memory, given, side, event)
    rows, slots = memory.rows, memory.slots
    ring = len(rows) - 1
    number = memory.state[END]
    memory.state[END] = number + 1
    at = number & ring
    rows[at, TIME], rows[at, SLOT], rows[at, NEXT], rows[at, BITS] = given.times[event], slot, NONE, bits
    for value in range(len(plan.values)):
        rows[at, ROW_HEAD + value] = given.values[plan.values[value], event]
    for link in range(ROW_HEAD + len(plan.values), rows.shape[1]):
        rows[at, link] = 0  # what an older row left there would make the state hang on the size of the ring
    if slots[slot, NEWEST] == NONE:
        slots[slot, OLDEST] = number
    else:
        rows[slots[slot, NEWEST] & ring, NEXT] = number
    slots[slot, NEWEST] = number
    heads = plan.sizes[HEADS]
    for near in range(len(plan.nears)):
        if slots[slot, heads + near] == NONE:
            slots[slot, heads + near] = number
    for kind in range(len(plan.distincts)):
        if (bits >> plan.distincts[kind, 0]) & 1:
            _append_value(plan, memory, given, kind, side, event)


@inlined
def _value(plan: Plan, memory: Memory, slot: int, time: int, item: int) -> Any:
    """Whether it is there, and the last, floating step."""
    rows, slots = memory.rows, memory.slots
    kind, first, second = plan.outs[item, 0], plan.outs[item, 3], plan.outs[item, 4]
    held = slots[slot, first]
    if kind == Out.WHOLE:
        return True, float(held)
    if kind == Out.NOVEL:
        return True, 1.0 if held == 0 else 0.0
    if kind in (Out.ROW_VALUE, Out.ROW_AGE):
        if held == NONE:
            return False, 0.0
        at = held & (len(rows) - 1)
        if kind == Out.ROW_AGE:
            return True, float(time - rows[at, TIME]) / float(MICROSECONDS)
        return True, float(rows[at, second])
    if held == 0:
        return False, 0.0
    if kind == Out.SUM:
        return True, float(slots[slot, second])
    if kind == Out.MEAN:
        return True, float(slots[slot, second]) / float(held)
    if held < 2:
        return False, 0.0
    return True, deviation(held, slots[slot, second], slots[slot, second + 1], slots[slot, second + 2])


@inlined
def _read(plan: Plan, memory: Memory, given: Input, out: Output, side: int, event: int) -> None:
    """Write every feature that is looked up on `side`."""
    time = int(given.times[event])
    slot = NONE
    there = _is_there(plan, given, side, event)
    if there:
        slot = int(memory.table[find_place(plan, memory, given, side, event)])
    if slot != NONE:
        _advance(plan, memory, slot, time)
    for item in range(len(plan.outs)):
        if plan.outs[item, 1] != side:
            continue
        row, kind = plan.outs[item, 2], plan.outs[item, 0]
        if slot != NONE:
            valid, value = _value(plan, memory, slot, time, item)
        else:
            valid = there and kind in (Out.WHOLE, Out.NOVEL)
            value = 1.0 if kind == Out.NOVEL else 0.0
        out.valid[row, event] = valid
        out.values[row, event] = value if valid else math.nan


@released
def step(plan: Plan, memory: Memory, given: Input, out: Output) -> None:
    """Take in a batch and write the group's features. There must be room (see `memory`); times must rise."""
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
    memory = Memory(
        borrowed(memory.state),
        borrowed(memory.rows),
        borrowed(memory.slots),
        borrowed(memory.free),
        borrowed(memory.table),
        borrowed(memory.distinct),
    )
    given = Input(
        borrowed(given.times),
        borrowed(given.parts),
        borrowed(given.there),
        borrowed(given.conditions),
        borrowed(given.values),
    )
    out = Output(borrowed(out.values), borrowed(out.valid))
    ring = len(memory.rows) - 1
    for event in range(len(given.times)):
        time = given.times[event]
        state = memory.state
        while (
            state[START] < state[END]
            and memory.rows[state[START] & ring, TIME] <= time - plan.sizes[FARTHEST]
        ):
            _drop(plan, memory, time)
        for side in range(len(plan.sides)):
            if plan.sides[side, 0]:
                _append(plan, memory, given, side, event)
        for side in range(len(plan.sides)):
            if plan.sides[side, 1]:
                _read(plan, memory, given, out, side, event)
