"""Expiring pending transfers, and listing which pending transfers a run created or resolved."""

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import borrowed, compiled
from jinku.ledger.kernel.batch import TransferBatch
from jinku.ledger.kernel.flags import EXPIRY_KIND, NONE, ONE, PENDING, RESOLVES, TRANSFER_KIND
from jinku.ledger.kernel.resolve import release, reopen
from jinku.ledger.kernel.state import (
    LAST,
    LAST_TRANSFER,
    Books,
    Output,
    Trace,
    account_number,
    begin_entry,
    borrowed_books,
    borrowed_output,
    borrowed_trace,
    end_entry,
    touch_both,
)
from jinku.ledger.kernel.words import (
    CREDIT_ID,
    DEBIT_ID,
    EVENT,
    RECORD_WORDS,
    expires_at,
    flags_of,
    kind_of,
    timeout_of,
)
from jinku.ledger.store import PendingStatus
from jinku.ledger.u128 import Words

OPEN = int(PendingStatus.PENDING)


@compiled
def run_expiry(books: Books, due: Words, out: Output, trace: Trace) -> int:
    """Expire each entry of `due`, in order; -1, or the first that is no pending transfer of known
    accounts.
    """
    books, out, trace, due = borrowed_books(books), borrowed_output(out), borrowed_trace(trace), borrowed(due)
    marks = books.marks
    for i in range(len(due)):
        pending = due[i][EVENT : EVENT + RECORD_WORDS]
        debit, credit = account_number(books, pending, DEBIT_ID), account_number(books, pending, CREDIT_ID)
        if kind_of(due[i]) != TRANSFER_KIND or not flags_of(pending) & PENDING or debit < 0 or credit < 0:
            return i
        time = max(expires_at(pending), marks[LAST] + ONE)
        touch_both(books, trace, debit, credit)
        release(pending, books.accounts[debit], books.accounts[credit])
        reopen(pending, books.accounts[debit], books.accounts[credit])
        entry = begin_entry(books, out, pending, EXPIRY_KIND, time)
        end_entry(books, out, entry, debit, credit)
        marks[LAST] = time
        marks[LAST_TRANSFER] = time
    return -1


@compiled
def expiry_times(entries: Words, times: Words) -> None:
    """Of each pending transfer entry its expiry time, 0 where it has no timeout."""
    for i in range(len(entries)):
        event = entries[i][EVENT : EVENT + RECORD_WORDS]
        times[i] = expires_at(event) if timeout_of(event) != NONE else NONE


@compiled
def list_pending(
    batch: TransferBatch, out: Output, count: int, known: NDArray[np.int64], listed: NDArray[np.int64]
) -> int:
    """List the pending transfers that the first `count` entries created or resolved, each once with its
    final status.

    A row of `listed` is: entry (or -1 where it was stored before), event that resolved it (or -1), its
    sequence where stored (from `known`), status. Returns the number of rows.
    """
    rows = 0
    for at in range(count):
        if kind_of(out.entries[at]) != TRANSFER_KIND:
            continue
        i = out.origin[at]
        flags = flags_of(batch.rows[i])
        slots = batch.slots[i]
        if flags & PENDING:
            state = batch.resolved[slots[0]]
            listed[rows, 0], listed[rows, 1] = at, -1
            listed[rows, 2] = -1
            listed[rows, 3] = OPEN if state == 0 else state
            rows += 1
        elif flags & RESOLVES and batch.entry_of[slots[1]] < 0:
            listed[rows, 0], listed[rows, 1] = -1, i
            listed[rows, 2] = known[i]
            listed[rows, 3] = batch.resolved[slots[1]]
            rows += 1
    return rows
