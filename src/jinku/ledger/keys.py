"""The bytes of the index: one ordered key space that any ordered byte store can hold.

Rules:

1. A key is ``family (1 byte) | value (of the family's width) | timestamp (8 bytes)``, all big-endian, so the
   order of the bytes is the order of the timestamps under each value.
2. Entries that share a family and a value within one commit share one key, up to ``GROUP_ENTRIES_MAX`` of
   them; the key carries the first one's timestamp. An account in every transfer of a batch then costs a few
   puts, not thousands.
3. The body of an ACCOUNT or user data key is n pairs of little-endian u64: timestamp, sequence number. The
   body of a CODE, LEDGER or ANY key is one pair: first and last sequence number of the commit's entries of
   that value.
4. Only TRANSFER and EXPIRY entries are indexed, an EXPIRY by its accounts and under ANY alone.

Example::

    rows = index_rows(commit)  # [(key, body), …], nothing twice
    lower, upper = bounds(scan)
    spans = spans_of(scan, rows[0][1])
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.layout import Array, EntryKind
from jinku.ledger.store import Commit, Family, PendingStatus, Scan

GROUP_ENTRIES_MAX: Final = 256
PAIR_BYTES: Final = 16
TIMESTAMP_MAX: Final = (1 << 64) - 1

VALUE_BYTES: Final[dict[Family, int]] = {
    Family.ACCOUNT: 8,
    Family.USER_DATA_128: 16,
    Family.USER_DATA_64: 8,
    Family.USER_DATA_32: 4,
    Family.CODE: 2,
    Family.LEDGER: 4,
    Family.ANY: 0,
}
_SPAN_FAMILIES: Final = frozenset({Family.CODE, Family.LEDGER, Family.ANY})

Rows = list[tuple[bytes, bytes]]


def index_rows(commit: Commit) -> Rows:
    """Every index key of `commit` with its body. Order is by family, then by value."""
    entries = commit.entries
    kinds = entries["kind"]
    is_transfer = kinds == EntryKind.TRANSFER
    is_expiry = kinds == EntryKind.EXPIRY
    sequences = np.arange(commit.first, commit.first + len(entries), dtype=np.uint64)
    timestamps = np.where(is_expiry, entries["timestamp"], entries["event"]["timestamp"])
    pairs = np.stack([timestamps, sequences], axis=1).astype("<u8")

    moves = is_transfer | is_expiry
    rows = _account_rows(commit, moves, pairs)
    rows += _span_rows(Family.ANY, np.zeros(int(moves.sum()), np.uint8), pairs[moves])
    transfers = np.flatnonzero(is_transfer)
    if transfers.size == 0:
        return rows
    events, pairs = entries["event"][transfers], pairs[transfers]
    rows += _user_data_rows(events, pairs)
    rows += _span_rows(Family.CODE, events["code"], pairs)
    rows += _span_rows(Family.LEDGER, events["ledger"], pairs)
    return rows


def id_rows(commit: Commit) -> tuple[Array, NDArray[np.int64]]:
    """The transfer ids that `commit` takes, as rows of 16 bytes (big-endian, so that ids that rise in time
    stay in order), and the sequence number of the entry of each."""
    kinds = commit.entries["kind"]
    taken = np.flatnonzero((kinds == EntryKind.TRANSFER) | (kinds == EntryKind.BURNED_ID))
    events = commit.entries["event"][taken]
    return id_keys(events), (taken + commit.first).astype(np.int64)


def id_keys(ids: Array) -> Array:
    """The `id_hi`, `id_lo` fields of `ids` as rows of 16 big-endian bytes."""
    keys = np.empty((len(ids), 2), ">u8")
    keys[:, 0], keys[:, 1] = ids["id_hi"], ids["id_lo"]
    return keys.view(np.uint8)


def pending_rows(commit: Commit) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint64]]:
    """Sequence number, last status and expiry time (0 unless still pending) of each pending transfer that
    `commit` sets, each sequence number once, ascending."""
    reversed_unique = np.unique(commit.pending_sequence[::-1], return_index=True)
    last = len(commit.pending_sequence) - 1 - reversed_unique[1]
    status = commit.pending_status[last]
    expires = np.where(status == PendingStatus.PENDING, commit.expires_at[last], np.uint64(0))
    return reversed_unique[0], status, expires


def prefix(scan: Scan) -> bytes:
    """What every key of the scan's family and value starts with."""
    return bytes([scan.family]) + scan.value.to_bytes(VALUE_BYTES[scan.family], "big")


def bounds(scan: Scan) -> tuple[bytes, bytes]:
    """The lowest and the highest key whose first timestamp lies within the scan's bounds.

    The last key *before* the lowest may reach into the bounds as well, and a store reads it too.
    """
    head = prefix(scan)
    lowest = min(max(scan.timestamp_min, 0), TIMESTAMP_MAX)
    highest = min(max(scan.timestamp_max, 0), TIMESTAMP_MAX)
    return head + lowest.to_bytes(8, "big"), head + highest.to_bytes(8, "big")


def spans_of(scan: Scan, body: bytes) -> NDArray[np.int64]:
    """The spans that `body` holds within the scan's bounds, in the scan's order, of shape (n, 2)."""
    pairs = np.frombuffer(body, "<u8").reshape(-1, 2)
    if scan.family in _SPAN_FAMILIES:
        return pairs.astype(np.int64)
    first, last = max(scan.timestamp_min, 0), min(scan.timestamp_max, TIMESTAMP_MAX)
    inside = pairs[(pairs[:, 0] >= first) & (pairs[:, 0] <= last), 1].astype(np.int64)
    if scan.reverse:
        inside = inside[::-1]
    return np.stack([inside, inside], axis=1)


def _account_rows(commit: Commit, moves: NDArray[np.bool_], pairs: Array) -> Rows:
    """Both accounts of each entry that moves money, interleaved so that sequence order survives the sort."""
    numbers = np.stack([commit.debit, commit.credit], axis=1)
    numbers[~moves] = -1
    flat = numbers.ravel()
    chosen = np.flatnonzero(flat >= 0)
    words = flat[chosen].astype(np.uint64)
    return _grouped(Family.ACCOUNT, np.zeros_like(words), words, pairs[chosen // 2])


def _user_data_rows(events: Array, pairs: Array) -> Rows:
    rows: Rows = []
    for family, high, low in (
        (Family.USER_DATA_128, events["user_data_128_hi"], events["user_data_128_lo"]),
        (Family.USER_DATA_64, np.zeros(len(events), np.uint64), events["user_data_64"]),
        (Family.USER_DATA_32, np.zeros(len(events), np.uint64), events["user_data_32"].astype(np.uint64)),
    ):
        chosen = np.flatnonzero((high != 0) | (low != 0))
        rows += _grouped(family, high[chosen], low[chosen], pairs[chosen])
    return rows


def _grouped(family: Family, high: Array, low: Array, pairs: Array) -> Rows:
    """One row for each run of at most ``GROUP_ENTRIES_MAX`` pairs that share a value, ``high << 64 |
    low``."""
    if len(low) == 0:
        return []
    order = np.lexsort((low, high)) if high.any() else np.argsort(low, kind="stable")
    high, low, pairs = high[order], low[order], pairs[order]
    places = np.arange(len(low))
    is_first = np.ones(len(low), np.bool_)
    is_first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    run_start = np.maximum.accumulate(np.where(is_first, places, 0))
    starts = np.flatnonzero((places - run_start) % GROUP_ENTRIES_MAX == 0)
    keys, width = _keys(family, high[starts], low[starts], pairs[starts, 0])
    bodies = pairs.tobytes()
    cuts = (np.append(starts, len(low)) * PAIR_BYTES).tolist()
    return [
        (keys[at : at + width], bodies[start:end])
        for at, start, end in zip(range(0, len(keys), width), cuts[:-1], cuts[1:], strict=True)
    ]


def _span_rows(family: Family, values: Array, pairs: Array) -> Rows:
    """One row for each distinct value: the first and the last sequence number that has it."""
    distinct, first = np.unique(values, return_index=True)
    last = len(values) - 1 - np.unique(values[::-1], return_index=True)[1]
    low = distinct.astype(np.uint64)
    keys, width = _keys(family, np.zeros_like(low), low, pairs[first, 0])
    bodies = np.stack([pairs[first, 1], pairs[last, 1]], axis=1).astype("<u8").tobytes()
    return [
        (keys[i * width : (i + 1) * width], bodies[i * PAIR_BYTES : (i + 1) * PAIR_BYTES])
        for i in range(len(distinct))
    ]


def _keys(family: Family, high: Array, low: Array, timestamps: Array) -> tuple[bytes, int]:
    """The keys of these values and timestamps end to end, and the width of one."""
    size = VALUE_BYTES[family]
    wide = np.empty((len(low), 3), ">u8")
    wide[:, 0], wide[:, 1], wide[:, 2] = high, low, timestamps
    keys = np.empty((len(low), 1 + size + 8), np.uint8)
    keys[:, 0] = family
    keys[:, 1:] = wide.view(np.uint8)[:, 16 - size :]
    return keys.tobytes(), keys.shape[1]
