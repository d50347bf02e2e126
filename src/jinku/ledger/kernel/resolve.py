"""Posting and voiding a pending transfer.

Order of the checks, which is the model's precedence: form; the pending transfer exists and is one; each
field given repeats it; amount; it is still open and its time is not up; imported timestamp; closed accounts
(a void is let through). A post moves no more than was reserved, so neither overflow nor limits can stop it.
"""

from jinku.base.compiled import inlined
from jinku.ledger.kernel.batch import TransferBatch, pending_entry, pending_status
from jinku.ledger.kernel.flags import (
    CLOSED,
    CLOSING_CREDIT,
    CLOSING_DEBIT,
    IMPORTED,
    NONE,
    PENDING,
    POST,
    TRANSFER_KIND,
    VOID,
)
from jinku.ledger.kernel.form import resolving_status
from jinku.ledger.kernel.single import regresses
from jinku.ledger.kernel.state import (
    ENTRIES,
    LAST_TRANSFER,
    Books,
    Output,
    Trace,
    account_number,
    begin_entry,
    end_entry,
    open_account,
    touch_both,
)
from jinku.ledger.kernel.words import (
    AMOUNT,
    CREDIT_ID,
    CREDITS_PENDING,
    CREDITS_POSTED,
    DATA,
    DATA_32,
    DATA_64,
    DEBIT_ID,
    DEBITS_PENDING,
    DEBITS_POSTED,
    EVENT,
    PLACE,
    RECORD_WORDS,
    TIME,
    code_of,
    data_32_of,
    expires_at,
    flags_of,
    kind_of,
    ledger_of,
    set_flags,
    timeout_of,
)
from jinku.ledger.statuses import CreateTransferStatus as Status
from jinku.ledger.store import PendingStatus
from jinku.ledger.u128 import Word, Words, add_at, full, less, same, subtract_at, zero

POSTED = int(PendingStatus.POSTED)
VOIDED = int(PendingStatus.VOIDED)
EXPIRED = int(PendingStatus.EXPIRED)


@inlined
def _amount(row: Words, pending: Words) -> tuple[Word, Word]:
    """The amount asked for: the whole where a post names 2^128 - 1 or a void names 0."""
    whole = full(row, AMOUNT) if flags_of(row) & POST else zero(row, AMOUNT)
    source = pending if whole else row
    return source[AMOUNT + 1], source[AMOUNT]


@inlined
def _match_status(row: Words, pending: Words) -> Status:
    """The fields given against those of the pending transfer (zero stands for the same)."""
    if not flags_of(pending) & PENDING:
        return Status.PENDING_TRANSFER_NOT_PENDING
    if not zero(row, DEBIT_ID) and not same(row, DEBIT_ID, pending, DEBIT_ID):
        return Status.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID
    if not zero(row, CREDIT_ID) and not same(row, CREDIT_ID, pending, CREDIT_ID):
        return Status.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID
    if ledger_of(row) != NONE and ledger_of(row) != ledger_of(pending):
        return Status.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER
    if code_of(row) != NONE and code_of(row) != code_of(pending):
        return Status.PENDING_TRANSFER_HAS_DIFFERENT_CODE
    high, low = _amount(row, pending)
    if less(pending[AMOUNT + 1], pending[AMOUNT], high, low):
        return Status.EXCEEDS_PENDING_TRANSFER_AMOUNT
    if flags_of(row) & VOID and less(high, low, pending[AMOUNT + 1], pending[AMOUNT]):
        return Status.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
    return Status.CREATED


@inlined
def _open_status(batch: TransferBatch, i: int, pending: Words, time: Word) -> Status:
    """Whether the pending transfer can still be resolved."""
    state = pending_status(batch, i)
    if state == POSTED:
        return Status.PENDING_TRANSFER_ALREADY_POSTED
    if state == VOIDED:
        return Status.PENDING_TRANSFER_ALREADY_VOIDED
    if state == EXPIRED:
        return Status.PENDING_TRANSFER_EXPIRED
    if timeout_of(pending) != NONE and expires_at(pending) <= time:
        return Status.PENDING_TRANSFER_EXPIRED
    return Status.CREATED


@inlined
def _place_status(books: Books, row: Words, debit: Words, credit: Words) -> Status:
    """An imported event's timestamp, and closed accounts."""
    if flags_of(row) & IMPORTED and regresses(books, row[TIME]):
        return Status.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
    if flags_of(row) & POST:
        if flags_of(debit) & CLOSED:
            return Status.DEBIT_ACCOUNT_ALREADY_CLOSED
        if flags_of(credit) & CLOSED:
            return Status.CREDIT_ACCOUNT_ALREADY_CLOSED
    return Status.CREATED


@inlined
def release(pending: Words, debit: Words, credit: Words) -> None:
    """Give back what `pending` reserved."""
    subtract_at(debit, DEBITS_PENDING, pending[AMOUNT + 1], pending[AMOUNT])
    subtract_at(credit, CREDITS_PENDING, pending[AMOUNT + 1], pending[AMOUNT])


@inlined
def reopen(pending: Words, debit: Words, credit: Words) -> None:
    """Open what the closing transfer `pending` closed."""
    if flags_of(pending) & CLOSING_DEBIT:
        open_account(debit)
    if flags_of(pending) & CLOSING_CREDIT:
        open_account(credit)


@inlined
def _inherit(event: Words, row: Words, pending: Words) -> None:
    """Fill what the event left out from the pending transfer."""
    for word in range(2):
        event[DEBIT_ID + word] = pending[DEBIT_ID + word]
        event[CREDIT_ID + word] = pending[CREDIT_ID + word]
    if zero(row, DATA):
        event[DATA], event[DATA + 1] = pending[DATA], pending[DATA + 1]
    if row[DATA_64] == NONE:
        event[DATA_64] = pending[DATA_64]
    if data_32_of(row) == NONE:
        event[DATA_32] = data_32_of(pending)
    flags = flags_of(row)
    event[PLACE] = pending[PLACE]
    set_flags(event, flags)


@inlined
def resolve(books: Books, batch: TransferBatch, out: Output, trace: Trace, i: int, time: Word) -> Status:
    """Decide the post or void event `i` at `time`; where it is good, book it and write its entry."""
    row = batch.rows[i]
    status = resolving_status(row)
    if status != Status.CREATED:
        return status
    held = pending_entry(batch, out, i)
    if kind_of(held) != TRANSFER_KIND:
        return Status.PENDING_TRANSFER_NOT_FOUND
    pending = held[EVENT : EVENT + RECORD_WORDS]
    status = _match_status(row, pending)
    if status != Status.CREATED:
        return status
    status = _open_status(batch, i, pending, time)
    if status != Status.CREATED:
        return status
    debit_number = account_number(books, pending, DEBIT_ID)
    credit_number = account_number(books, pending, CREDIT_ID)
    debit, credit = books.accounts[debit_number], books.accounts[credit_number]
    status = _place_status(books, row, debit, credit)
    if status != Status.CREATED:
        return status
    high, low = _amount(row, pending)
    touch_both(books, trace, debit_number, credit_number)
    release(pending, debit, credit)
    if flags_of(row) & POST:
        add_at(debit, DEBITS_POSTED, high, low)
        add_at(credit, CREDITS_POSTED, high, low)
    else:
        reopen(pending, debit, credit)
    batch.resolved[batch.slots[i, 1]] = POSTED if flags_of(row) & POST else VOIDED
    out.origin[books.marks[ENTRIES]] = i
    batch.entry_of[batch.slots[i, 0]] = books.marks[ENTRIES]
    entry = begin_entry(books, out, row, TRANSFER_KIND, time)
    event = entry[EVENT : EVENT + RECORD_WORDS]
    _inherit(event, row, pending)
    event[AMOUNT], event[AMOUNT + 1] = low, high
    if not flags_of(row) & IMPORTED:
        event[TIME] = time
    end_entry(books, out, entry, debit_number, credit_number)
    out.results[i, 0] = event[TIME]
    books.marks[LAST_TRANSFER] = event[TIME]
    return status
