"""The events of a group of transfer requests, with what is known of the ids they name.

Rules:

1. Every distinct transfer id that an event has, or names as `pending_id`, gets a slot: a small number.
2. ``entry_of[slot]`` is the entry that this run wrote for the id (a transfer or a burned id), -1 while
   there is none; what this run wrote comes before what was stored.
3. ``resolved[slot]`` is how this run resolved the pending transfer with that id, 0 while it has not.
4. ``existing`` and ``pending`` have one row per event, or no row at all where no event has anything stored.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import borrowed, compiled, inlined
from jinku.ledger.hashindex import EMPTY, Table, insert
from jinku.ledger.kernel.flags import NONE, RESOLVES
from jinku.ledger.kernel.state import Output
from jinku.ledger.kernel.words import HEAD, ID, PENDING_ID, flags_of
from jinku.ledger.u128 import Words


class TransferBatch(NamedTuple):
    """One group's events; see the module."""

    rows: Words
    """(events, 16): ``TRANSFER`` rows as sent."""
    existing: Words
    """(events or 0, 35): the stored entry with each event's id, kind 0 where none."""
    pending: Words
    """(events or 0, 35): the stored entry with each event's pending_id, kind 0 where none."""
    status: NDArray[np.uint8]
    """(events or 0,): the ``PendingStatus`` of that entry."""
    slots: Table
    """(events, 2): slot of each event's id and of its pending_id, -1 where it resolves nothing."""
    entry_of: Table
    """(slots,)"""
    resolved: NDArray[np.uint8]
    """(slots,)"""
    none: Words
    """(35,): an entry of kind 0."""


@inlined
def borrowed_batch(batch: TransferBatch) -> TransferBatch:
    """The same without reference counting; see `jinku.base.compiled`."""
    return TransferBatch(
        borrowed(batch.rows),
        borrowed(batch.existing),
        borrowed(batch.pending),
        borrowed(batch.status),
        borrowed(batch.slots),
        borrowed(batch.entry_of),
        borrowed(batch.resolved),
        borrowed(batch.none),
    )


@inlined
def _enter(table: Table, keys: Words, count: int, row: Words, at: int) -> int:
    keys[count, 0] = row[at]
    keys[count, 1] = row[at + 1]
    held = insert(table, keys, count)
    return count if held == EMPTY else held


@compiled
def number_ids(rows: Words, table: Table, keys: Words, slots: Table) -> int:
    """Fill `slots`; the number of distinct ids. `keys` has room for one id more than `table` may hold."""
    count = 0
    for i in range(len(rows)):
        slot = _enter(table, keys, count, rows[i], ID)
        slots[i, 0] = slot
        count = max(count, slot + 1)
        slots[i, 1] = -1
        if flags_of(rows[i]) & RESOLVES:
            slot = _enter(table, keys, count, rows[i], PENDING_ID)
            slots[i, 1] = slot
            count = max(count, slot + 1)
    return count


@inlined
def entry_with_id(batch: TransferBatch, out: Output, i: int) -> Words:
    """The entry that holds event `i`'s id, written in this run or stored; kind 0 where none."""
    entry: Words = batch.none
    written = batch.entry_of[batch.slots[i, 0]]
    if written >= 0:
        entry = out.entries[written]
    elif len(batch.existing) > 0 and batch.existing[i, HEAD] != NONE:
        entry = batch.existing[i]
    return entry


@inlined
def pending_entry(batch: TransferBatch, out: Output, i: int) -> Words:
    """The entry that holds event `i`'s pending_id, written in this run or stored; kind 0 where none."""
    entry: Words = batch.none
    slot = batch.slots[i, 1]
    if slot >= 0 and batch.entry_of[slot] >= 0:
        entry = out.entries[batch.entry_of[slot]]
    elif len(batch.pending) > 0 and batch.pending[i, HEAD] != NONE:
        entry = batch.pending[i]
    return entry


@inlined
def pending_status(batch: TransferBatch, i: int) -> int:
    """The ``PendingStatus`` of the pending transfer that event `i` names, as this run leaves it so far."""
    slot = batch.slots[i, 1]
    if batch.resolved[slot] or batch.entry_of[slot] >= 0 or len(batch.status) == 0:
        return int(batch.resolved[slot])
    return int(batch.status[i])
