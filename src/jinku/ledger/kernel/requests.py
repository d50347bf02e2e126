"""Running requests one after another: times, linked chains, uniform `imported` flags, burned ids.

Rules:

1. A request of n events at clock `now` gets ``T = max(now, last + n)``; its event i the time ``T - n + i +
   1``. The clock stands at T afterwards, whatever became of the events.
2. A chain is executed in order and undone as a whole at its first failure; that event keeps its status,
   every other event of the chain fails with LINKED_EVENT_FAILED. A chain still open at the request's end
   fails at its last event.
3. The first event says whether the whole request is imported.
4. A transient refusal burns the id, also when it breaks a chain; the undone events' ids stay free.
"""

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined
from jinku.ledger.kernel.accounts import AccountBatch, create_account, remove_newest_account
from jinku.ledger.kernel.batch import TransferBatch, borrowed_batch, entry_with_id, pending_entry
from jinku.ledger.kernel.flags import (
    ACCOUNT_IMPORTED,
    BURNED_KIND,
    IMPORTED,
    LINKED,
    NONE,
    ONE,
    RESOLVES,
    TIMESTAMP_MAX,
    VERSION,
)
from jinku.ledger.kernel.form import identity_status, resolving_retry_status, retry_status
from jinku.ledger.kernel.resolve import resolve
from jinku.ledger.kernel.single import book_new
from jinku.ledger.kernel.state import (
    ACCOUNTS,
    CHAIN_ACCOUNTS,
    CHAIN_BROKEN,
    CHAIN_ENTRIES,
    CHAIN_FIRST,
    CHAIN_LAST_TRANSFER,
    CHAIN_OPEN,
    ENTRIES,
    LAST,
    LAST_TRANSFER,
    Books,
    Output,
    Trace,
    begin_entry,
    borrowed_books,
    borrowed_output,
    borrowed_trace,
    bring_back,
    no_balances,
)
from jinku.ledger.kernel.words import EVENT, HEAD, RECORD_WORDS, TIME, flags_of, head, kind_of
from jinku.ledger.statuses import TRANSIENT_STATUSES, CreateAccountStatus, CreateTransferStatus
from jinku.ledger.u128 import Word, Words

CREATED = np.uint64(CreateTransferStatus.CREATED)
LINKED_EVENT_FAILED = np.uint64(CreateTransferStatus.LINKED_EVENT_FAILED)
LINKED_EVENT_CHAIN_OPEN = np.uint64(CreateTransferStatus.LINKED_EVENT_CHAIN_OPEN)
_TRANSIENT = tuple(np.uint64(status) for status in sorted(TRANSIENT_STATUSES))


@inlined
def _open_chain(marks: Words, i: int) -> None:
    marks[CHAIN_OPEN] = ONE
    marks[CHAIN_BROKEN] = NONE
    marks[CHAIN_FIRST] = np.uint64(i)
    marks[CHAIN_ENTRIES] = marks[ENTRIES]
    marks[CHAIN_ACCOUNTS] = marks[ACCOUNTS]
    marks[CHAIN_LAST_TRANSFER] = marks[LAST_TRANSFER]


@inlined
def _break_chain(marks: Words, results: Words, i: int) -> None:
    """Note the failure of event `i`, and give every earlier event of the chain its answer, at the time that
    it would have been created at: for an imported one its own.
    """
    marks[CHAIN_BROKEN] = ONE
    for at in range(int(marks[CHAIN_FIRST]), i):
        results[at, 1] = LINKED_EVENT_FAILED


@inlined
def _chain_status(marks: Words, linked: bool, i: int, end: int) -> Word:
    """Enter event `i` into the chain it belongs to; what the chain alone says of it."""
    if linked and not marks[CHAIN_OPEN]:
        _open_chain(marks, i)
    if linked and i == end - 1:
        return LINKED_EVENT_CHAIN_OPEN
    if marks[CHAIN_OPEN] and marks[CHAIN_BROKEN]:
        return LINKED_EVENT_FAILED
    return CREATED


@inlined
def _account_gate(row: Words, imported: Word, top: Word) -> CreateAccountStatus:
    """Uniform `imported` flags and the timestamp given, for an account."""
    if flags_of(row) & ACCOUNT_IMPORTED != imported:
        if imported:
            return CreateAccountStatus.IMPORTED_EVENT_EXPECTED
        return CreateAccountStatus.IMPORTED_EVENT_NOT_EXPECTED
    if not imported:
        return (
            CreateAccountStatus.CREATED if row[TIME] == NONE else CreateAccountStatus.TIMESTAMP_MUST_BE_ZERO
        )
    if row[TIME] == NONE or row[TIME] > TIMESTAMP_MAX:
        return CreateAccountStatus.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE
    if row[TIME] >= top:
        return CreateAccountStatus.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE
    return CreateAccountStatus.CREATED


@inlined
def _transfer_gate(row: Words, imported: Word, top: Word) -> CreateTransferStatus:
    """The same for a transfer."""
    if flags_of(row) & IMPORTED != imported:
        if imported:
            return CreateTransferStatus.IMPORTED_EVENT_EXPECTED
        return CreateTransferStatus.IMPORTED_EVENT_NOT_EXPECTED
    if not imported:
        return (
            CreateTransferStatus.CREATED if row[TIME] == NONE else CreateTransferStatus.TIMESTAMP_MUST_BE_ZERO
        )
    if row[TIME] == NONE or row[TIME] > TIMESTAMP_MAX:
        return CreateTransferStatus.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE
    if row[TIME] >= top:
        return CreateTransferStatus.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE
    return CreateTransferStatus.CREATED


@inlined
def _create_transfer(
    books: Books, batch: TransferBatch, out: Output, trace: Trace, i: int, time: Word
) -> CreateTransferStatus:
    """Decide one event that its chain and its request let through."""
    row = batch.rows[i]
    status = identity_status(row)
    if status != CreateTransferStatus.CREATED:
        return status
    held = entry_with_id(batch, out, i)
    if held[HEAD] == NONE:
        if flags_of(row) & RESOLVES:
            return resolve(books, batch, out, trace, i, time)
        return book_new(books, batch, out, trace, i, time)
    if kind_of(held) == BURNED_KIND:
        return CreateTransferStatus.ID_ALREADY_FAILED
    stored = held[EVENT : EVENT + RECORD_WORDS]
    if flags_of(row) & RESOLVES:
        pending = pending_entry(batch, out, i)[EVENT : EVENT + RECORD_WORDS]
        status = resolving_retry_status(row, stored, pending)
    else:
        status = retry_status(row, stored)
    if status == CreateTransferStatus.EXISTS:
        out.results[i, 0] = stored[TIME]
    return status


@inlined
def _undo_transfers(books: Books, batch: TransferBatch, out: Output, trace: Trace) -> None:
    """Take back every entry of the open chain, newest first."""
    marks = books.marks
    while marks[ENTRIES] > marks[CHAIN_ENTRIES]:
        at = marks[ENTRIES] - ONE
        bring_back(books.accounts[out.sides[at, 0]], trace.chain[at, 0])
        bring_back(books.accounts[out.sides[at, 1]], trace.chain[at, 1])
        slots = batch.slots[out.origin[at]]
        batch.entry_of[slots[0]] = -1
        if slots[1] >= 0:
            batch.resolved[slots[1]] = 0
        marks[ENTRIES] = at
    marks[LAST_TRANSFER] = marks[CHAIN_LAST_TRANSFER]


@inlined
def _burns(status: Word) -> bool:
    """Whether a refusal is transient."""
    for transient in _TRANSIENT:  # noqa: SIM110 - compiled code has no generators
        if status == transient:
            return True
    return False


@inlined
def _refuse_transfer(
    books: Books, batch: TransferBatch, out: Output, trace: Trace, i: int, status: Word, time: Word
) -> None:
    """What a failed event leaves behind: a broken chain, a burned id."""
    marks = books.marks
    if marks[CHAIN_OPEN] and not marks[CHAIN_BROKEN]:
        _undo_transfers(books, batch, out, trace)
        _break_chain(marks, out.results, i)
    if _burns(status):
        batch.entry_of[batch.slots[i, 0]] = marks[ENTRIES]
        out.origin[marks[ENTRIES]] = i
        entry = begin_entry(books, out, batch.rows[i], BURNED_KIND, time)
        entry[HEAD] = head(BURNED_KIND, VERSION, status)
        entry[EVENT + TIME] = time
        no_balances(entry)


@inlined
def _run_transfers(
    books: Books, batch: TransferBatch, out: Output, trace: Trace, first: int, end: int, now: Word
) -> None:
    """One request: events `first` to `end`."""
    marks = books.marks
    top = max(now, marks[LAST] + np.uint64(end - first))
    imported = flags_of(batch.rows[first]) & IMPORTED if first < end else NONE
    for i in range(first, end):
        time = top - np.uint64(end - 1 - i)
        out.results[i, 0] = time
        linked = flags_of(batch.rows[i]) & LINKED != NONE
        status = _chain_status(marks, linked, i, end)
        if status == CREATED:
            status = np.uint64(_transfer_gate(batch.rows[i], imported, top))
        if status == CREATED:
            status = np.uint64(_create_transfer(books, batch, out, trace, i, time))
        if status != CREATED:
            _refuse_transfer(books, batch, out, trace, i, status, time)
        out.results[i, 1] = status
        if not linked or status == LINKED_EVENT_CHAIN_OPEN:
            marks[CHAIN_OPEN] = NONE
    marks[LAST] = top


@inlined
def _run_accounts(
    books: Books, batch: AccountBatch, out: Output, trace: Trace, first: int, end: int, now: Word
) -> None:
    """One request: events `first` to `end`."""
    marks = books.marks
    top = max(now, marks[LAST] + np.uint64(end - first))
    imported = flags_of(batch.rows[first]) & ACCOUNT_IMPORTED if first < end else NONE
    for i in range(first, end):
        time = top - np.uint64(end - 1 - i)
        out.results[i, 0] = time
        linked = flags_of(batch.rows[i]) & LINKED != NONE
        status = _chain_status(marks, linked, i, end)
        if status == CREATED:
            status = np.uint64(_account_gate(batch.rows[i], imported, top))
        if status == CREATED:
            status = np.uint64(create_account(books, batch, out, trace, i, time))
        if status != CREATED and marks[CHAIN_OPEN] and not marks[CHAIN_BROKEN]:
            while marks[ACCOUNTS] > marks[CHAIN_ACCOUNTS]:
                remove_newest_account(books)
            marks[ENTRIES] = marks[CHAIN_ENTRIES]
            _break_chain(marks, out.results, i)
        out.results[i, 1] = status
        if not linked or status == LINKED_EVENT_CHAIN_OPEN:
            marks[CHAIN_OPEN] = NONE
    marks[LAST] = top


@compiled
def run_transfer_requests(
    books: Books, batch: TransferBatch, out: Output, trace: Trace, requests: NDArray[np.int64], now: Word
) -> None:
    """Execute each request, `requests` being the offsets of its events, at the clock `now`."""
    books, batch = borrowed_books(books), borrowed_batch(batch)
    out, trace = borrowed_output(out), borrowed_trace(trace)
    for at in range(len(requests) - 1):
        _run_transfers(books, batch, out, trace, requests[at], requests[at + 1], now)


@compiled
def run_account_requests(
    books: Books, batch: AccountBatch, out: Output, trace: Trace, requests: NDArray[np.int64], now: Word
) -> None:
    """Execute each request, `requests` being the offsets of its events, at the clock `now`."""
    books, out, trace = borrowed_books(books), borrowed_output(out), borrowed_trace(trace)
    for at in range(len(requests) - 1):
        _run_accounts(books, batch, out, trace, requests[at], requests[at + 1], now)
