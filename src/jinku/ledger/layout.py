"""The bytes of the ledger: 128-byte accounts and transfers, and the journal entry that holds either.

Rules:

1. Everything is little-endian and of fixed size; a 128-bit integer is two u64 fields, ``NAME_lo`` then ``NAME_hi``.
2. ``ACCOUNT`` and ``TRANSFER`` are byte for byte TigerBeetle's public 128-byte records, ``RESULT`` its 16-byte result.
3. ``ENTRY`` is one state change and exactly one leaf of the transparency log: a 24-byte head, the 128-byte
   record, and the balances of both accounts right after the change (64 bytes each): 280 bytes.
4. An entry's ``timestamp`` is the ledger's own booking time; it rises strictly from entry to entry. For an
   imported record the record's own timestamp is the effective time and is earlier.
5. No field of an entry may hold personal data; a room above stores a salted commitment instead.

Example::

    batch = np.zeros(1, TRANSFER)
    set_u128(batch, "id", [7])
    u128(batch, "id")  # [7]
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.errors import IntegerOverflowError, LedgerError

MASK_64 = (1 << 64) - 1
AMOUNT_MAX = (1 << 128) - 1
ENTRY_VERSION = 1


def _wide(name: str) -> list[tuple[str, str]]:
    return [(f"{name}_lo", "<u8"), (f"{name}_hi", "<u8")]


_BALANCES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")

ACCOUNT = np.dtype(
    _wide("id")
    + [field for name in _BALANCES for field in _wide(name)]
    + _wide("user_data_128")
    + [
        ("user_data_64", "<u8"),
        ("user_data_32", "<u4"),
        ("reserved", "<u4"),
        ("ledger", "<u4"),
        ("code", "<u2"),
        ("flags", "<u2"),
        ("timestamp", "<u8"),
    ]
)

TRANSFER = np.dtype(
    _wide("id")
    + _wide("debit_account_id")
    + _wide("credit_account_id")
    + _wide("amount")
    + _wide("pending_id")
    + _wide("user_data_128")
    + [
        ("user_data_64", "<u8"),
        ("user_data_32", "<u4"),
        ("timeout", "<u4"),
        ("ledger", "<u4"),
        ("code", "<u2"),
        ("flags", "<u2"),
        ("timestamp", "<u8"),
    ]
)

BALANCES = np.dtype([field for name in _BALANCES for field in _wide(name)])
RESULT = np.dtype([("timestamp", "<u8"), ("status", "<u4"), ("reserved", "<u4")])
ID = np.dtype(_wide("id"))


class EntryKind(IntEnum):
    """What a journal entry records."""

    ACCOUNT = 1
    """An account was created; ``event`` is the account as created."""
    TRANSFER = 2
    """A transfer was created (single-phase, pending, post or void); ``event`` is the transfer as stored."""
    BURNED_ID = 3
    """A transfer failed with a transient error; ``event`` is the request, ``status`` says why."""
    EXPIRY = 4
    """A pending transfer timed out; ``event`` is that pending transfer as it was stored."""
    SEAL = 5
    """A room above sealed a digest in the log; ``event`` is a ``SEAL`` record."""


ENTRY = np.dtype(
    [
        ("kind", "u1"),
        ("version", "u1"),
        ("reserved", "<u2"),
        ("status", "<u4"),
        ("debit_flags", "<u2"),
        ("credit_flags", "<u2"),
        ("reserved_2", "<u4"),
        ("timestamp", "<u8"),
        ("event", TRANSFER),
        ("debit", BALANCES),
        ("credit", BALANCES),
    ]
)
"""An account or seal entry keeps its record in ``event`` reinterpreted: ``entries["event"].view(ACCOUNT)``."""

SEAL = np.dtype([("digest", "u1", (32,)), ("topic", "<u4"), ("reserved", "u1", (92,))])

if not ACCOUNT.itemsize == TRANSFER.itemsize == SEAL.itemsize == 128 or ENTRY.itemsize != 280:
    raise RuntimeError("the ledger's record layout has changed size")

Array = NDArray[Any]


def u128(rows: Array, name: str) -> list[int]:
    """The 128-bit field `name` of each of `rows` as Python integers."""
    high, low = rows[f"{name}_hi"].tolist(), rows[f"{name}_lo"].tolist()
    return [(h << 64) | lo for h, lo in zip(high, low, strict=True)]


def set_u128(rows: Array, name: str, values: Iterable[int]) -> None:
    """Write `values` into the 128-bit field `name`, one per row.

    Raises IntegerOverflowError for a value that is negative or wider than 128 bits.
    """
    numbers = list(values)
    for number in numbers:
        if not 0 <= number <= AMOUNT_MAX:
            raise IntegerOverflowError(name, 128, number)
    rows[f"{name}_lo"] = [number & MASK_64 for number in numbers]
    rows[f"{name}_hi"] = [number >> 64 for number in numbers]


def accounts_of(entries: Array) -> Array:
    """The ``ACCOUNT`` records of account entries (a copy; entries of other kinds give nonsense)."""
    return np.ascontiguousarray(entries["event"]).view(ACCOUNT)


def check_rows(batch: Array, layout: np.dtype[np.void]) -> None:
    """Raises LedgerError unless `batch` is a one-dimensional array of `layout`."""
    if batch.dtype != layout or batch.ndim != 1:
        raise LedgerError(
            f"a batch is a one-dimensional array of {layout.itemsize}-byte rows, not {batch.ndim}-dimensional "
            f"of {batch.dtype.itemsize}-byte items",
            remedy="build it with the dtypes of jinku.ledger.layout",
        )


def row_bytes(rows: Array) -> list[bytes]:
    """The bytes of each row, in order."""
    raw, width = rows.tobytes(), rows.dtype.itemsize
    return [raw[at : at + width] for at in range(0, len(raw), width)]
