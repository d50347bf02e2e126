"""Booking a single-phase or pending transfer: the checks against both accounts, and the change.

Order of the checks, which is the model's precedence: form; both accounts exist; ledgers; imported
timestamps; closed accounts; then, with the amount that balancing leaves, overflow of each balance and of
the expiry time, and the accounts' limits (which count what is reserved).
"""

from jinku.base.compiled import inlined
from jinku.ledger.kernel.batch import TransferBatch
from jinku.ledger.kernel.flags import (
    BALANCING_CREDIT,
    BALANCING_DEBIT,
    CLOSED,
    CLOSING_CREDIT,
    CLOSING_DEBIT,
    CREDITS_LIMITED,
    DEBITS_LIMITED,
    IMPORTED,
    NONE,
    ONE,
    PENDING,
    TIMESTAMP_MAX,
    TRANSFER_KIND,
)
from jinku.ledger.kernel.form import new_status
from jinku.ledger.kernel.state import (
    ACCOUNTS,
    ENTRIES,
    LAST_TRANSFER,
    Books,
    Output,
    Trace,
    account_number,
    begin_entry,
    close_account,
    end_entry,
    touch_both,
)
from jinku.ledger.kernel.words import (
    AMOUNT,
    CREDIT_ID,
    CREDITS_PENDING,
    CREDITS_POSTED,
    DEBIT_ID,
    DEBITS_PENDING,
    DEBITS_POSTED,
    EVENT,
    SECOND_NS,
    TIME,
    flags_of,
    ledger_of,
    timeout_of,
)
from jinku.ledger.statuses import CreateTransferStatus as Status
from jinku.ledger.u128 import Word, Words, add, add_at, less, spare


@inlined
def regresses(books: Books, time: Word) -> bool:
    """Whether `time` is not later than every transfer and expiry, or is an account's own timestamp."""
    if time <= books.marks[LAST_TRANSFER]:
        return True
    low, high = NONE, books.marks[ACCOUNTS]
    while low < high:  # account timestamps rise with the account's number
        middle = (low + high) >> ONE
        if books.accounts[middle, TIME] < time:
            low = middle + ONE
        else:
            high = middle
    return low < books.marks[ACCOUNTS] and books.accounts[low, TIME] == time  # type: ignore[no-any-return]


@inlined
def _place_status(books: Books, row: Words, debit: Words, credit: Words) -> Status:
    """Ledgers, an imported event's timestamp, closed accounts."""
    if ledger_of(debit) != ledger_of(credit):
        return Status.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER
    if ledger_of(row) != ledger_of(debit):
        return Status.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS
    if flags_of(row) & IMPORTED:
        if regresses(books, row[TIME]):
            return Status.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
        if row[TIME] <= debit[TIME]:
            return Status.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT
        if row[TIME] <= credit[TIME]:
            return Status.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_CREDIT_ACCOUNT
        if timeout_of(row) != NONE:
            return Status.IMPORTED_EVENT_TIMEOUT_MUST_BE_ZERO
    if flags_of(debit) & CLOSED:
        return Status.DEBIT_ACCOUNT_ALREADY_CLOSED
    if flags_of(credit) & CLOSED:
        return Status.CREDIT_ACCOUNT_ALREADY_CLOSED
    return Status.CREATED


@inlined
def _room(account: Words, used_pending: int, used_posted: int, bound: int) -> tuple[Word, Word]:
    """How far pending and posted of one side stay below posted of the other side."""
    high, low, _ = add(
        account[used_pending + 1], account[used_pending], account[used_posted + 1], account[used_posted]
    )
    return spare(account[bound + 1], account[bound], high, low)


@inlined
def _amount(row: Words, debit: Words, credit: Words) -> tuple[Word, Word]:
    """The amount that is moved: as asked, or what balancing leaves of it."""
    high, low = row[AMOUNT + 1], row[AMOUNT]
    if flags_of(row) & BALANCING_DEBIT:
        room_high, room_low = _room(debit, DEBITS_PENDING, DEBITS_POSTED, CREDITS_POSTED)
        if less(room_high, room_low, high, low):
            high, low = room_high, room_low
    if flags_of(row) & BALANCING_CREDIT:
        room_high, room_low = _room(credit, CREDITS_PENDING, CREDITS_POSTED, DEBITS_POSTED)
        if less(room_high, room_low, high, low):
            high, low = room_high, room_low
    return high, low


@inlined
def _overflows(account: Words, at: int, high: Word, low: Word) -> bool:
    """Whether adding to the number at `at` would reach 2^128."""
    return add(account[at + 1], account[at], high, low)[2]


@inlined
def _total_after(account: Words, pending: int, posted: int, high: Word, low: Word) -> tuple[Word, Word, bool]:
    """Pending plus posted plus the amount, and whether that reaches 2^128."""
    high, low, over = add(account[pending + 1], account[pending], high, low)
    high, low, more = add(account[posted + 1], account[posted], high, low)
    return high, low, over or more


@inlined
def _overflow_status(flags: Word, debit: Words, credit: Words, high: Word, low: Word) -> Status:
    """Each balance alone, then each side's pending and posted together."""
    if flags & PENDING:
        if _overflows(debit, DEBITS_PENDING, high, low):
            return Status.OVERFLOWS_DEBITS_PENDING
        if _overflows(credit, CREDITS_PENDING, high, low):
            return Status.OVERFLOWS_CREDITS_PENDING
    if _overflows(debit, DEBITS_POSTED, high, low):
        return Status.OVERFLOWS_DEBITS_POSTED
    if _overflows(credit, CREDITS_POSTED, high, low):
        return Status.OVERFLOWS_CREDITS_POSTED
    if _total_after(debit, DEBITS_PENDING, DEBITS_POSTED, high, low)[2]:
        return Status.OVERFLOWS_DEBITS
    if _total_after(credit, CREDITS_PENDING, CREDITS_POSTED, high, low)[2]:
        return Status.OVERFLOWS_CREDITS
    return Status.CREATED


@inlined
def _limit_status(debit: Words, credit: Words, high: Word, low: Word) -> Status:
    """The limits of both accounts, counting what is reserved."""
    if flags_of(debit) & DEBITS_LIMITED:
        used_high, used_low, _ = _total_after(debit, DEBITS_PENDING, DEBITS_POSTED, high, low)
        if less(debit[CREDITS_POSTED + 1], debit[CREDITS_POSTED], used_high, used_low):
            return Status.EXCEEDS_CREDITS
    if flags_of(credit) & CREDITS_LIMITED:
        used_high, used_low, _ = _total_after(credit, CREDITS_PENDING, CREDITS_POSTED, high, low)
        if less(credit[DEBITS_POSTED + 1], credit[DEBITS_POSTED], used_high, used_low):
            return Status.EXCEEDS_DEBITS
    return Status.CREATED


@inlined
def _amount_status(row: Words, debit: Words, credit: Words, high: Word, low: Word, time: Word) -> Status:
    """Overflow of balances and of the expiry time, then limits."""
    status = _overflow_status(flags_of(row), debit, credit, high, low)
    if status != Status.CREATED:
        return status
    if time + timeout_of(row) * SECOND_NS > TIMESTAMP_MAX:
        return Status.OVERFLOWS_TIMEOUT
    return _limit_status(debit, credit, high, low)


@inlined
def _move(flags: Word, debit: Words, credit: Words, high: Word, low: Word) -> None:
    """Change both accounts."""
    if flags & PENDING:
        add_at(debit, DEBITS_PENDING, high, low)
        add_at(credit, CREDITS_PENDING, high, low)
        if flags & CLOSING_DEBIT:
            close_account(debit)
        if flags & CLOSING_CREDIT:
            close_account(credit)
    else:
        add_at(debit, DEBITS_POSTED, high, low)
        add_at(credit, CREDITS_POSTED, high, low)


@inlined
def book_new(books: Books, batch: TransferBatch, out: Output, trace: Trace, i: int, time: Word) -> Status:
    """Decide the single-phase or pending event `i` at `time`; where it is good, book it and write its
    entry.
    """
    row = batch.rows[i]
    status = new_status(row)
    if status != Status.CREATED:
        return status
    debit_number = account_number(books, row, DEBIT_ID)
    if debit_number < 0:
        return Status.DEBIT_ACCOUNT_NOT_FOUND
    credit_number = account_number(books, row, CREDIT_ID)
    if credit_number < 0:
        return Status.CREDIT_ACCOUNT_NOT_FOUND
    debit, credit = books.accounts[debit_number], books.accounts[credit_number]
    status = _place_status(books, row, debit, credit)
    if status != Status.CREATED:
        return status
    high, low = _amount(row, debit, credit)
    effective = row[TIME] if flags_of(row) & IMPORTED else time
    status = _amount_status(row, debit, credit, high, low, effective)
    if status != Status.CREATED:
        return status
    touch_both(books, trace, debit_number, credit_number)
    _move(flags_of(row), debit, credit, high, low)
    out.origin[books.marks[ENTRIES]] = i
    batch.entry_of[batch.slots[i, 0]] = books.marks[ENTRIES]
    entry = begin_entry(books, out, row, TRANSFER_KIND, time)
    entry[EVENT + AMOUNT], entry[EVENT + AMOUNT + 1] = low, high
    entry[EVENT + TIME] = effective
    end_entry(books, out, entry, debit_number, credit_number)
    out.results[i, 0] = effective
    books.marks[LAST_TRANSFER] = effective
    return status
