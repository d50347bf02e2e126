"""Creating accounts: which status each event gets, and the rows of those that are created.

Rules (the numbers are those of the checks below, in the model's order of precedence):

1. the event's own form: reserved field and flags, id;
2. an account with the same id: the first differing field, or EXISTS;
3. flags that exclude each other, balances that must be zero, ledger and code;
4. an imported account's timestamp rises above every account's and is no transfer's.
"""

from typing import NamedTuple

from jinku.base.compiled import inlined
from jinku.ledger.hashindex import find, insert, take_back
from jinku.ledger.kernel.flags import (
    ACCOUNT_IMPORTED,
    ACCOUNT_KIND,
    ACCOUNT_RESERVED,
    CREDITS_LIMITED,
    DEBITS_LIMITED,
    NONE,
    ONE,
)
from jinku.ledger.kernel.state import ACCOUNTS, Books, Output, Trace, begin_entry, no_balances, touch
from jinku.ledger.kernel.words import (
    CREDITS_PENDING,
    CREDITS_POSTED,
    DATA,
    DATA_64,
    DEBITS_PENDING,
    DEBITS_POSTED,
    EVENT,
    ID,
    RECORD_WORDS,
    TIME,
    code_of,
    data_32_of,
    flags_of,
    ledger_of,
    timeout_of,
)
from jinku.ledger.statuses import CreateAccountStatus as Status
from jinku.ledger.u128 import Word, Words, full, same, zero


class AccountBatch(NamedTuple):
    """The events of one group of requests."""

    rows: Words
    """(events, 16): ``ACCOUNT`` rows as sent."""
    taken: Words
    """(events,): 1 where a stored transfer has exactly this event's timestamp; empty where none has."""


@inlined
def _identity(row: Words) -> Status:
    """(1) The form of the record and of its id."""
    if timeout_of(row) != NONE:
        return Status.RESERVED_FIELD
    if flags_of(row) & ACCOUNT_RESERVED:
        return Status.RESERVED_FLAG
    if zero(row, ID):
        return Status.ID_MUST_NOT_BE_ZERO
    if full(row, ID):
        return Status.ID_MUST_NOT_BE_INT_MAX
    return Status.CREATED


@inlined
def _existing(row: Words, held: Words) -> Status:
    """(2) How the event differs from the account that has its id."""
    if flags_of(row) != flags_of(held):
        return Status.EXISTS_WITH_DIFFERENT_FLAGS
    if not same(row, DATA, held, DATA):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_128
    if row[DATA_64] != held[DATA_64]:
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_64
    if data_32_of(row) != data_32_of(held):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_32
    if ledger_of(row) != ledger_of(held):
        return Status.EXISTS_WITH_DIFFERENT_LEDGER
    if code_of(row) != code_of(held):
        return Status.EXISTS_WITH_DIFFERENT_CODE
    return Status.EXISTS


@inlined
def _form(row: Words) -> Status:
    """(3) What can be said of a new account by looking at it alone."""
    flags = flags_of(row)
    if flags & DEBITS_LIMITED and flags & CREDITS_LIMITED:
        return Status.FLAGS_ARE_MUTUALLY_EXCLUSIVE
    if not zero(row, DEBITS_PENDING):
        return Status.DEBITS_PENDING_MUST_BE_ZERO
    if not zero(row, DEBITS_POSTED):
        return Status.DEBITS_POSTED_MUST_BE_ZERO
    if not zero(row, CREDITS_PENDING):
        return Status.CREDITS_PENDING_MUST_BE_ZERO
    if not zero(row, CREDITS_POSTED):
        return Status.CREDITS_POSTED_MUST_BE_ZERO
    if ledger_of(row) == NONE:
        return Status.LEDGER_MUST_NOT_BE_ZERO
    if code_of(row) == NONE:
        return Status.CODE_MUST_NOT_BE_ZERO
    return Status.CREATED


@inlined
def _regresses(books: Books, batch: AccountBatch, i: int) -> bool:
    """(4) Whether an imported event's timestamp is not free or not later than every account's."""
    count = books.marks[ACCOUNTS]
    if count and batch.rows[i, TIME] <= books.accounts[count - ONE, TIME]:
        return True
    return len(batch.taken) > 0 and batch.taken[i] != NONE


@inlined
def create_account(
    books: Books, batch: AccountBatch, out: Output, trace: Trace, i: int, time: Word
) -> Status:
    """Decide event `i` at `time`; where it is good, add the account and its entry."""
    row = batch.rows[i]
    status = _identity(row)
    if status != Status.CREATED:
        return status
    held = find(books.table, books.accounts, row[ID + 1], row[ID])
    if held >= 0:
        status = _existing(row, books.accounts[held])
        if status == Status.EXISTS:
            out.results[i, 0] = books.accounts[held, TIME]
        return status
    status = _form(row)
    if status != Status.CREATED:
        return status
    imported = flags_of(row) & ACCOUNT_IMPORTED
    if imported and _regresses(books, batch, i):
        return Status.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
    entry = begin_entry(books, out, row, ACCOUNT_KIND, time)
    if imported:
        out.results[i, 0] = row[TIME]
    else:
        entry[EVENT + TIME] = time
    no_balances(entry)
    number = books.marks[ACCOUNTS]
    touch(books, trace, number)
    for word in range(RECORD_WORDS):
        books.accounts[number, word] = entry[EVENT + word]
    books.marks[ACCOUNTS] = number + ONE
    insert(books.table, books.accounts, number)
    return status


@inlined
def remove_newest_account(books: Books) -> None:
    """Take the newest account back, as if it had not been created."""
    number = books.marks[ACCOUNTS] - ONE
    take_back(books.table, books.accounts, number)
    for word in range(RECORD_WORDS):
        books.accounts[number, word] = NONE
    books.marks[ACCOUNTS] = number
