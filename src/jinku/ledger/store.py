"""The contract between the ledger and whatever keeps its bytes.

A store is dumb and durable: it holds the journal (an append-only array of ``ENTRY``), the indexes derived from it
and snapshots of the account table. It decides nothing. The ledger is its only writer.

A store MUST

1. make one :class:`Commit` durable and atomic: when `commit` returns, all of it survives power loss; if the process
   dies inside `commit`, all or nothing of it is there afterwards;
2. refuse a second writer (`LedgerLocked`), also one that was paused and wakes up later;
3. serve every read from other threads while a commit is under way, without blocking it; `find_ids`,
   `pending_statuses` and `scan` may show it early, so a reader keeps to sequence numbers it knows to be durable;
4. return entries bit for bit.

A store MUST NOT interpret amounts, statuses or flags.

Index families: each entry that moves money is found by the number of either account and, for a transfer, by its
non-zero user data. `code`, `ledger` and "any transfer" are indexed once per commit, as the span of sequence numbers
that holds such transfers, since they take few values; the reader filters within a span. Keys carry the event's own
timestamp (``entry["event"]["timestamp"]``, for an expiry ``entry["timestamp"]``; for a span that of its first
transfer), so time bounds are key bounds. Transfers and expiries rise strictly in that timestamp.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.layout import Array


class Family(IntEnum):
    """What an index entry is found by."""

    ACCOUNT = 1
    """Account number (dense, in order of creation) → each transfer or expiry that touched it."""
    USER_DATA_128 = 2
    USER_DATA_64 = 3
    USER_DATA_32 = 4
    CODE = 5
    """Transfer code → the span, in each commit that has such transfers, from the first to the last of them."""
    LEDGER = 6
    """The same by ledger number."""
    ANY = 7
    """The same for every transfer and every expiry; its only value is 0."""


class PendingStatus(IntEnum):
    """Where a pending transfer stands (TigerBeetle's ``TransferPendingStatus``)."""

    NONE = 0
    PENDING = 1
    POSTED = 2
    VOIDED = 3
    EXPIRED = 4


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one durable write holds. Sequence numbers count journal entries from 0."""

    first: int
    """Sequence number of ``entries[0]``; always the journal's size before this commit."""
    entries: Array
    """``ENTRY`` rows."""
    debit: NDArray[np.int64]
    """Account number debited by each entry, -1 where there is none."""
    credit: NDArray[np.int64]
    """Account number credited by each entry, -1 where there is none."""
    pending_sequence: NDArray[np.int64]
    """Sequence numbers of pending transfers whose status this commit sets (new ones included)."""
    pending_status: NDArray[np.uint8]
    """The status of each, a ``PendingStatus``."""
    expires_at: NDArray[np.uint64]
    """For each of the above: expiry time in ns, 0 where it has no timeout."""
    header: bytes
    """The ledger's own small record, opaque to the store, returned by `load`."""
    blocks: dict[int, bytes] = field(default_factory=dict)
    """Snapshot blocks of the account table to replace, by block number; empty in most commits."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a store gives back when it is opened."""

    size: int
    """Number of journal entries."""
    header: bytes
    """The header of the last commit, empty for a new store."""
    blocks: dict[int, bytes]
    """The newest snapshot block of each number."""
    open_pending: NDArray[np.int64]
    """Sequence numbers of pending transfers that have a timeout and are still pending."""
    open_expires_at: NDArray[np.uint64]
    """Their expiry times."""


class Store(Protocol):
    """See the module's rules."""

    def load(self) -> Recovered:
        """The state after the last durable commit; called once, before anything else."""
        ...

    def commit(self, commit: Commit) -> None:
        """Make `commit` durable. Raises StoreError when it could not; the caller then stops using the store."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """Up to `count` consecutive ``ENTRY`` rows from sequence number `first`."""
        ...

    def entries_at(self, sequences: NDArray[np.int64]) -> Array:
        """The ``ENTRY`` row of each sequence number, in the order given."""
        ...

    def find_ids(self, ids: Array) -> NDArray[np.int64]:
        """For each transfer id (rows of ``ID``): the sequence number of its TRANSFER or BURNED_ID entry, or -1."""
        ...

    def pending_statuses(self, sequences: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The ``PendingStatus`` of each sequence number, NONE where it is not a pending transfer."""
        ...

    def scan(self, query: "Scan") -> Iterator[NDArray[np.int64]]:
        """Spans found by an index, in order of timestamp (or the reverse), in chunks of shape (n, 2): the first and
        the last sequence number, inclusive; equal for ACCOUNT and the user data families."""
        ...

    def close(self) -> None:
        """Release the writer's lock and every handle."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk along one index."""

    family: Family
    value: int
    """Account number, user data, code or ledger: up to 128 bits."""
    timestamp_min: int
    timestamp_max: int
    """Inclusive bounds in ns. For CODE, LEDGER and ANY the last span that starts before `timestamp_min` comes too,
    since it may reach into the bounds."""
    reverse: bool
    chunk: int = 1024
    """The first chunk's size; a store may read ahead at most this much."""
