"""Records as rows of 64-bit words: where each field lies, and how to read the packed ones.

Rules:

1. Word numbers follow from the byte offsets in `jinku.ledger.layout`, never from counting here.
2. A 128-bit field is named by its low word; the high word is the next.
3. Accounts and transfers have the same shape from ``DATA`` on, so one set of names serves both.

Example::

    row = words(batch)[0]
    flags_of(row) & PENDING
"""

from typing import Any

import numpy as np

from jinku.base.compiled import inlined
from jinku.ledger.layout import ACCOUNT, ENTRY, TRANSFER, Array
from jinku.ledger.u128 import Word, Words


def _word(dtype: Any, name: str) -> Any:
    """As ``int64``: for a plain int numba would compile every function anew for each word it is called with."""
    return np.int64(dtype.fields[name][1] // 8)


ID = _word(TRANSFER, "id_lo")
DEBIT_ID = _word(TRANSFER, "debit_account_id_lo")
CREDIT_ID = _word(TRANSFER, "credit_account_id_lo")
AMOUNT = _word(TRANSFER, "amount_lo")
PENDING_ID = _word(TRANSFER, "pending_id_lo")

DEBITS_PENDING = _word(ACCOUNT, "debits_pending_lo")
DEBITS_POSTED = _word(ACCOUNT, "debits_posted_lo")
CREDITS_PENDING = _word(ACCOUNT, "credits_pending_lo")
CREDITS_POSTED = _word(ACCOUNT, "credits_posted_lo")
BALANCE_WORDS = 8

DATA = _word(TRANSFER, "user_data_128_lo")
DATA_64 = _word(TRANSFER, "user_data_64")
DATA_32 = _word(TRANSFER, "user_data_32")
"""user_data_32 in the low half; above it a transfer's timeout, or an account's reserved field."""
PLACE = _word(TRANSFER, "ledger")
"""ledger (32 bits), code (16), flags (16)."""
TIME = _word(TRANSFER, "timestamp")
RECORD_WORDS = TRANSFER.itemsize // 8

HEAD = 0
"""kind (8 bits), version (8), reserved (16), status (32)."""
FLAGS_AFTER = _word(ENTRY, "debit_flags")
"""debit_flags (16 bits), credit_flags (16), reserved (32)."""
BOOKED = _word(ENTRY, "timestamp")
EVENT = _word(ENTRY, "event")
DEBIT_AFTER = _word(ENTRY, "debit")
CREDIT_AFTER = _word(ENTRY, "credit")
ENTRY_WORDS = ENTRY.itemsize // 8

_8 = np.uint64(8)
_16 = np.uint64(16)
_32 = np.uint64(32)
_48 = np.uint64(48)
_MASK_8 = np.uint64(0xFF)
_MASK_16 = np.uint64(0xFFFF)
_MASK_32 = np.uint64(0xFFFFFFFF)
_MASK_48 = np.uint64(0xFFFFFFFFFFFF)
SECOND_NS = np.uint64(1_000_000_000)


def words(rows: Array) -> Words:
    """`rows` of any fixed record type as a writable, aligned table of words, without a copy where that is
    possible.
    """
    wide = rows.dtype.itemsize // 8
    solid = np.require(rows, requirements=["C", "A", "W"])
    return solid.view(np.uint64).reshape(len(rows), wide)


@inlined
def ledger_of(row: Words) -> Word:
    """The ledger of an account or transfer."""
    return row[PLACE] & _MASK_32


@inlined
def code_of(row: Words) -> Word:
    """The code of an account or transfer."""
    return (row[PLACE] >> _32) & _MASK_16


@inlined
def flags_of(row: Words) -> Word:
    """The flags of an account or transfer."""
    return row[PLACE] >> _48


@inlined
def set_flags(row: Words, flags: Word) -> None:
    """Replace the flags of an account."""
    row[PLACE] = (row[PLACE] & _MASK_48) | (flags << _48)


@inlined
def data_32_of(row: Words) -> Word:
    """user_data_32 of an account or transfer."""
    return row[DATA_32] & _MASK_32


@inlined
def timeout_of(row: Words) -> Word:
    """A transfer's timeout in seconds (an account's reserved field)."""
    return row[DATA_32] >> _32


@inlined
def expires_at(row: Words) -> Word:
    """When a pending transfer with a timeout expires, in ns."""
    return row[TIME] + timeout_of(row) * SECOND_NS


@inlined
def kind_of(entry: Words) -> Word:
    """The kind of a journal entry."""
    return entry[HEAD] & _MASK_8


@inlined
def version_of(entry: Words) -> Word:
    """The layout version of a journal entry."""
    return (entry[HEAD] >> _8) & _MASK_8


@inlined
def head(kind: Word, version: Word, status: Word) -> Word:
    """The first word of a journal entry."""
    return np.uint64(kind) | (np.uint64(version) << _8) | (np.uint64(status) << _32)


@inlined
def flags_after(debit: Words, credit: Words) -> Word:
    """The word of an entry that holds the flags of both accounts."""
    return flags_of(debit) | (flags_of(credit) << _16)


@inlined
def debit_flags_of(entry: Words) -> Word:
    """The debited account's flags after the entry."""
    return entry[FLAGS_AFTER] & _MASK_16


@inlined
def credit_flags_of(entry: Words) -> Word:
    """The credited account's flags after the entry."""
    return (entry[FLAGS_AFTER] >> _16) & _MASK_16
