"""Applying journal entries to the accounts, checking each against the state it must follow from.

Rules:

1. Booking times rise strictly; kinds and version are known.
2. An account entry brings a new id, zero balances and a timestamp above every account's.
3. A transfer or expiry names two known accounts. The balances after it differ from those before it exactly
   as its flags and amount say, equally on both sides; only the closed flag of an account may change, and
   only where a closing transfer, its void or its expiry says so.
"""

from typing import Any

import numpy as np

from jinku.base.compiled import borrowed, compiled, inlined
from jinku.ledger.hashindex import EMPTY, insert
from jinku.ledger.kernel.flags import (
    ACCOUNT_KIND,
    BURNED_KIND,
    CLOSED,
    CLOSING_CREDIT,
    CLOSING_DEBIT,
    EXPIRY_KIND,
    NONE,
    ONE,
    PENDING,
    POST,
    SEAL_KIND,
    TRANSFER_KIND,
    VERSION,
    VOID,
)
from jinku.ledger.kernel.state import ACCOUNTS, LAST, LAST_TRANSFER, Books, account_number, borrowed_books
from jinku.ledger.kernel.words import (
    AMOUNT,
    BALANCE_WORDS,
    BOOKED,
    CREDIT_AFTER,
    CREDIT_ID,
    DEBIT_AFTER,
    DEBIT_ID,
    DEBITS_PENDING,
    EVENT,
    RECORD_WORDS,
    TIME,
    credit_flags_of,
    debit_flags_of,
    flags_of,
    kind_of,
    set_flags,
    version_of,
)
from jinku.ledger.u128 import Word, Words, less, subtract

APPLIED = 0
UNKNOWN_KIND = 1
TIME_REGRESSED = 2
BAD_ACCOUNT = 3
UNKNOWN_ACCOUNT = 4
WRONG_BALANCE = 5
WRONG_FLAGS = 6

_DEBITS: Any = np.int64(0)
_CREDITS: Any = np.int64(4)
_PENDING: Any = np.int64(0)
_POSTED: Any = np.int64(2)


@inlined
def _apply_account(books: Books, event: Words) -> int:
    """(2)"""
    number = books.marks[ACCOUNTS]
    if number and event[TIME] <= books.accounts[number - ONE, TIME]:
        return BAD_ACCOUNT
    for word in range(BALANCE_WORDS):
        if event[DEBITS_PENDING + word] != NONE:
            return BAD_ACCOUNT
    for word in range(RECORD_WORDS):
        books.accounts[number, word] = event[word]
    if insert(books.table, books.accounts, number) != EMPTY:
        return BAD_ACCOUNT
    books.marks[ACCOUNTS] = number + ONE
    return APPLIED


@inlined
def _change(after: Words, before: Words, at: int) -> tuple[Word, Word]:
    """How far the number at `at` of a block of balances rose, modulo 2^128."""
    return subtract(after[at + 1], after[at], before[at + 1], before[at])


@inlined
def _side_is_sound(after: Words, before: Words, own: int, kind: Word, event: Words) -> bool:
    """Whether one account's balances changed as the event says; `own` is its debits or its credits."""
    other = _CREDITS - own
    for word in range(4):
        if after[other + word] != before[other + word]:
            return False
    pending_high, pending_low = _change(after, before, own + _PENDING)
    posted_high, posted_low = _change(after, before, own + _POSTED)
    freed_high, freed_low = subtract(NONE, NONE, pending_high, pending_low)
    high, low = event[AMOUNT + 1], event[AMOUNT]
    flags = flags_of(event)
    posts = kind == TRANSFER_KIND and not flags & (PENDING | VOID)
    if posted_high != (high if posts else NONE) or posted_low != (low if posts else NONE):
        return False
    if kind == EXPIRY_KIND or flags & VOID:
        return freed_high == high and freed_low == low  # type: ignore[no-any-return]
    if flags & PENDING:
        return pending_high == high and pending_low == low  # type: ignore[no-any-return]
    if flags & POST:
        return not less(freed_high, freed_low, high, low)
    return pending_high == NONE and pending_low == NONE  # type: ignore[no-any-return]


@inlined
def _flags_are_sound(after: Word, before: Word, kind: Word, event: Words, closing: Word) -> bool:
    """Whether an account's flags changed as the event says, `closing` being its side's closing flag."""
    flags = flags_of(event)
    if kind == TRANSFER_KIND and flags & PENDING:
        return after == (before | CLOSED if flags & closing else before)  # type: ignore[no-any-return]
    if kind == EXPIRY_KIND:
        return after == (before & ~CLOSED if flags & closing else before)  # type: ignore[no-any-return]
    if flags & VOID:  # what it voids is another entry, which alone knows whether it closed the account
        return after == before or after == before & ~CLOSED  # type: ignore[no-any-return]
    return after == before  # type: ignore[no-any-return]


@inlined
def _apply_move(books: Books, entry: Words, kind: Word) -> int:
    """(3)"""
    event = entry[EVENT : EVENT + RECORD_WORDS]
    debit, credit = account_number(books, event, DEBIT_ID), account_number(books, event, CREDIT_ID)
    if debit < 0 or credit < 0 or debit == credit:
        return UNKNOWN_ACCOUNT
    debit_row, credit_row = books.accounts[debit], books.accounts[credit]
    debit_old = debit_row[DEBITS_PENDING : DEBITS_PENDING + BALANCE_WORDS]
    credit_old = credit_row[DEBITS_PENDING : DEBITS_PENDING + BALANCE_WORDS]
    debit_new = entry[DEBIT_AFTER : DEBIT_AFTER + BALANCE_WORDS]
    credit_new = entry[CREDIT_AFTER : CREDIT_AFTER + BALANCE_WORDS]
    if not _side_is_sound(debit_new, debit_old, _DEBITS, kind, event):
        return WRONG_BALANCE
    if not _side_is_sound(credit_new, credit_old, _CREDITS, kind, event):
        return WRONG_BALANCE
    if _change(debit_new, debit_old, _DEBITS) != _change(credit_new, credit_old, _CREDITS):
        return WRONG_BALANCE
    if not _flags_are_sound(debit_flags_of(entry), flags_of(debit_row), kind, event, CLOSING_DEBIT):
        return WRONG_FLAGS
    if not _flags_are_sound(credit_flags_of(entry), flags_of(credit_row), kind, event, CLOSING_CREDIT):
        return WRONG_FLAGS
    debit_old[:] = debit_new
    credit_old[:] = credit_new
    set_flags(debit_row, debit_flags_of(entry))
    set_flags(credit_row, credit_flags_of(entry))
    books.marks[LAST_TRANSFER] = entry[BOOKED] if kind == EXPIRY_KIND else event[TIME]
    return APPLIED


@compiled
def replay_entries(books: Books, entries: Words) -> tuple[int, int]:
    """Apply `entries` in order; APPLIED, or what is wrong and with which of them."""
    books, entries = borrowed_books(books), borrowed(entries)
    for at in range(len(entries)):
        entry = entries[at]
        kind = kind_of(entry)
        if version_of(entry) != VERSION:
            return UNKNOWN_KIND, at
        if entry[BOOKED] <= books.marks[LAST]:
            return TIME_REGRESSED, at
        fault = APPLIED
        if kind == ACCOUNT_KIND:
            fault = _apply_account(books, entry[EVENT : EVENT + RECORD_WORDS])
        elif kind in (TRANSFER_KIND, EXPIRY_KIND):
            fault = _apply_move(books, entry, kind)
        elif kind not in (BURNED_KIND, SEAL_KIND):
            fault = UNKNOWN_KIND
        if fault != APPLIED:
            return fault, at
        books.marks[LAST] = entry[BOOKED]
    return APPLIED, -1
