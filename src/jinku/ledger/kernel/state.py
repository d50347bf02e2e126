"""What a compiled run works on: named tuples of arrays, so that few parameters carry much.

Rules:

1. ``Books`` outlives runs; everything else belongs to one run over one group of requests.
2. Scalars that a run changes lie in ``Books.marks``, one word each, named below.
3. `touch` is called before an account's row first changes in a run, so that ``Trace`` can show what it was.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import borrowed, inlined
from jinku.ledger.hashindex import Table, find
from jinku.ledger.kernel.flags import CLOSED, NONE, ONE, VERSION
from jinku.ledger.kernel.words import (
    BOOKED,
    CREDIT_AFTER,
    DEBIT_AFTER,
    DEBITS_PENDING,
    EVENT,
    FLAGS_AFTER,
    HEAD,
    PLACE,
    RECORD_WORDS,
    flags_after,
    flags_of,
    head,
    set_flags,
)
from jinku.ledger.u128 import Word, Words

LAST = 0
"""Booking time handed out last."""
LAST_TRANSFER = 1
"""Timestamp of the newest transfer, or time of the newest expiry if later."""
ACCOUNTS = 2
"""Number of accounts."""
ENTRIES = 3
"""Entries written by this run."""
TOUCHED = 4
"""Accounts touched by this run."""
RUN = 5
"""Counts runs; an account stamped with it was touched in this run."""
CHAIN_OPEN = 6
"""1 while a linked chain is being executed."""
CHAIN_BROKEN = 7
"""1 once that chain has failed."""
CHAIN_FIRST = 8
"""The chain's first event."""
CHAIN_ENTRIES = 9
"""ENTRIES when the chain began."""
CHAIN_ACCOUNTS = 10
"""ACCOUNTS when the chain began."""
CHAIN_LAST_TRANSFER = 11
"""LAST_TRANSFER when the chain began."""
MARKS = 12

TRACE_WORDS = 9
"""Of a touched account before the run: its 8 balance words and the word with its flags."""


class Books(NamedTuple):
    """The accounts and the clock."""

    accounts: Words
    """(capacity, 16): ``ACCOUNT`` rows; those from ``marks[ACCOUNTS]`` on are unused."""
    table: Table
    """Hash table over the account ids."""
    marks: Words
    """(MARKS,): the scalars named above."""
    stamps: Words
    """(capacity,): the run that touched each account last."""


class Trace(NamedTuple):
    """What a run did to accounts."""

    numbers: NDArray[np.int64]
    """Touched accounts in order of first touch; ``marks[TOUCHED]`` of them."""
    before: Words
    """(len(numbers), TRACE_WORDS): each as it was before."""
    chain: Words
    """(entries, 2, TRACE_WORDS): both accounts before each entry written within a linked chain."""


class Output(NamedTuple):
    """What a run answers and appends."""

    results: Words
    """(events, 2): timestamp, status."""
    entries: Words
    """(capacity, 35): ``ENTRY`` rows; ``marks[ENTRIES]`` of them."""
    sides: NDArray[np.int64]
    """(capacity, 2): number of the debited and credited account of each entry, -1 where none."""
    origin: NDArray[np.int64]
    """(capacity,): the event that made each entry."""


@inlined
def borrowed_books(books: Books) -> Books:
    """The same without reference counting; see `jinku.base.compiled`."""
    return Books(
        borrowed(books.accounts), borrowed(books.table), borrowed(books.marks), borrowed(books.stamps)
    )


@inlined
def borrowed_output(out: Output) -> Output:
    """The same without reference counting."""
    return Output(borrowed(out.results), borrowed(out.entries), borrowed(out.sides), borrowed(out.origin))


@inlined
def borrowed_trace(trace: Trace) -> Trace:
    """The same without reference counting."""
    return Trace(borrowed(trace.numbers), borrowed(trace.before), borrowed(trace.chain))


@inlined
def account_number(books: Books, row: Words, at: int) -> int:
    """The number of the account whose id is the field at word `at` of `row`, or -1."""
    return find(books.table, books.accounts, row[at + 1], row[at])


@inlined
def remember(into: Words, account: Words) -> None:
    """Keep what can change of an account."""
    for at in range(8):
        into[at] = account[DEBITS_PENDING + at]
    into[8] = account[PLACE]


@inlined
def bring_back(account: Words, kept: Words) -> None:
    """Undo changes since `remember`."""
    for at in range(8):
        account[DEBITS_PENDING + at] = kept[at]
    account[PLACE] = kept[8]


@inlined
def touch(books: Books, trace: Trace, number: int) -> None:
    """Note that account `number` is about to change."""
    marks = books.marks
    if books.stamps[number] == marks[RUN]:
        return
    books.stamps[number] = marks[RUN]
    at = marks[TOUCHED]
    trace.numbers[at] = number
    remember(trace.before[at], books.accounts[number])
    marks[TOUCHED] = at + ONE


@inlined
def touch_both(books: Books, trace: Trace, debit: int, credit: int) -> None:
    """`touch` both sides of the next entry, and keep them for the linked chain if one is open."""
    touch(books, trace, debit)
    touch(books, trace, credit)
    if books.marks[CHAIN_OPEN]:
        at = books.marks[ENTRIES]
        remember(trace.chain[at, 0], books.accounts[debit])
        remember(trace.chain[at, 1], books.accounts[credit])


@inlined
def begin_entry(books: Books, out: Output, event: Words, kind: Word, time: Word) -> Words:
    """Start the next entry with a copy of the record `event`; its row, to be completed."""
    at = books.marks[ENTRIES]
    books.marks[ENTRIES] = at + ONE
    entry: Words = out.entries[at]
    entry[HEAD] = head(kind, VERSION, NONE)
    entry[FLAGS_AFTER] = NONE
    entry[BOOKED] = time
    for word in range(RECORD_WORDS):
        entry[EVENT + word] = event[word]
    out.sides[at, 0] = -1
    out.sides[at, 1] = -1
    return entry


@inlined
def end_entry(books: Books, out: Output, entry: Words, debit: int, credit: int) -> None:
    """Complete the newest entry with the balances and flags of both accounts as they are now."""
    at = books.marks[ENTRIES] - ONE
    out.sides[at, 0] = debit
    out.sides[at, 1] = credit
    debit_row, credit_row = books.accounts[debit], books.accounts[credit]
    entry[FLAGS_AFTER] = flags_after(debit_row, credit_row)
    for word in range(8):
        entry[DEBIT_AFTER + word] = debit_row[DEBITS_PENDING + word]
        entry[CREDIT_AFTER + word] = credit_row[DEBITS_PENDING + word]


@inlined
def no_balances(entry: Words) -> None:
    """Complete an entry that moves no money."""
    for word in range(8):
        entry[DEBIT_AFTER + word] = NONE
        entry[CREDIT_AFTER + word] = NONE


@inlined
def close_account(account: Words) -> None:
    """Set the closed flag."""
    set_flags(account, flags_of(account) | CLOSED)


@inlined
def open_account(account: Words) -> None:
    """Clear the closed flag."""
    set_flags(account, flags_of(account) & ~CLOSED)
