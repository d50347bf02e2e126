"""The books must balance: computed from the accounts alone, apart from the loops that changed them.

Rules:

1. Per ledger, the change of all debits posted equals the change of all credits posted, and the change of
   all debits pending that of all credits pending, modulo 2^128.
2. A limited account is within its limit, and no account's pending and posted together need more than 128
   bits.

Both are checked over the accounts a run touched, after every run, and over all accounts on demand.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined
from jinku.ledger.hashindex import EMPTY, Table, insert
from jinku.ledger.kernel.flags import CREDITS_LIMITED, DEBITS_LIMITED
from jinku.ledger.kernel.words import (
    CREDITS_PENDING,
    CREDITS_POSTED,
    DEBITS_PENDING,
    DEBITS_POSTED,
    PLACE,
    flags_of,
    ledger_of,
)
from jinku.ledger.u128 import Words, add, add_at, less, subtract_at, zero

SOUND = 0
UNBALANCED_POSTED = 1
UNBALANCED_PENDING = 2
OVER_DEBIT_LIMIT = 3
OVER_CREDIT_LIMIT = 4
OVERFLOWN = 5

BOOK_WORDS = 6
"""Of a ledger: its number (two words, as a key), posted and pending difference (two words each)."""
_POSTED: Any = np.int64(2)
_PENDING: Any = np.int64(4)


@inlined
def _account_fault(account: Words) -> int:
    """(2) for one account."""
    debit_high, debit_low, over = add(
        account[DEBITS_PENDING + 1],
        account[DEBITS_PENDING],
        account[DEBITS_POSTED + 1],
        account[DEBITS_POSTED],
    )
    credit_high, credit_low, more = add(
        account[CREDITS_PENDING + 1],
        account[CREDITS_PENDING],
        account[CREDITS_POSTED + 1],
        account[CREDITS_POSTED],
    )
    if over or more:
        return OVERFLOWN
    flags = flags_of(account)
    if flags & DEBITS_LIMITED and less(
        account[CREDITS_POSTED + 1], account[CREDITS_POSTED], debit_high, debit_low
    ):
        return OVER_DEBIT_LIMIT
    if flags & CREDITS_LIMITED and less(
        account[DEBITS_POSTED + 1], account[DEBITS_POSTED], credit_high, credit_low
    ):
        return OVER_CREDIT_LIMIT
    return SOUND


@inlined
def _tally(book: Words, account: Words, before: Words) -> None:
    """Add one account's change to its ledger's differences, debits minus credits."""
    for side in range(2):
        at = _PENDING if side == 0 else _POSTED
        debit, credit = 2 * side, 4 + 2 * side  # pending then posted; credits four words after debits
        add_at(book, at, account[DEBITS_PENDING + debit + 1], account[DEBITS_PENDING + debit])
        subtract_at(book, at, before[debit + 1], before[debit])
        subtract_at(book, at, account[DEBITS_PENDING + credit + 1], account[DEBITS_PENDING + credit])
        add_at(book, at, before[credit + 1], before[credit])


@compiled
def find_fault(
    accounts: Words, numbers: NDArray[np.int64], before: Words, table: Table, books: Words
) -> tuple[int, int]:
    """Check `numbers`, whose balances were `before`; SOUND, or what is wrong and with which account or
    ledger.

    `table` (empty) and `books` (zeros, one row more than there are accounts) are room to work in.
    """
    count = 0
    current = 0
    for at in range(len(numbers)):
        account = accounts[numbers[at]]
        fault = _account_fault(account)
        if fault != SOUND:
            return fault, numbers[at]
        ledger = ledger_of(account)
        if count == 0 or books[current, 0] != ledger:
            books[count, 0] = ledger
            held = insert(table, books, count)
            current = count if held == EMPTY else held
            count = max(count, current + 1)
        _tally(books[current], account, before[at])
    for at in range(count):
        if not zero(books[at], _POSTED):
            return UNBALANCED_POSTED, int(books[at, 0])
        if not zero(books[at], _PENDING):
            return UNBALANCED_PENDING, int(books[at, 0])
    return SOUND, 0


@compiled
def changed(accounts: Words, numbers: NDArray[np.int64], before: Words, keep: NDArray[np.int64]) -> int:
    """Put into `keep` those of `numbers` whose row differs from what it was; how many."""
    count = 0
    for at in range(len(numbers)):
        account = accounts[numbers[at]]
        differs = account[PLACE] != before[at, 8]
        for word in range(8):
            differs |= account[DEBITS_PENDING + word] != before[at, word]
        if differs:
            keep[count] = numbers[at]
            count += 1
    return count
