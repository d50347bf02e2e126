"""The books as they stood after any entry of the journal, and every movement up to it: two ways to the same balances.

Rules:

1. A moment of the books is a number of journal entries; the books as of a time are those after the last entry booked at
   or before it. What is booked later changes nothing.
2. `standing` takes each account's balances from the last entry that touched it; `moved` adds up every posted movement.
   The two never share a figure, so that they can be compared.
3. Everything is columnar; sums are exact whole numbers of any size.

Example::

    now = standing(ledger, size_at(ledger, moment))
    owed(now) == moved(movements(ledger, now.size), now)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.custody.reports.topics import WITHHELD
from jinku.ledger.layout import BALANCES, TRANSFER, Array, EntryKind
from jinku.ledger.model import TransferFlags

CHUNK_ENTRIES = 1 << 16
MOVEMENT = np.dtype([("sequence", "<i8"), ("booked", "<u8"), ("kind", "u1"), ("event", TRANSFER)])
"""A transfer or expiry: where it stands in the journal, when it was booked, and the record."""
_HALF = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


class Journal(Protocol):
    """What is read of a ledger."""

    def size(self) -> int:
        """Durable entries."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from a sequence number."""
        ...

    def accounts_array(self) -> Array:
        """Every account, in order of creation."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Every account as it stood after the first `size` entries, the last of which was booked at `at` (ns)."""

    size: int
    at: int
    accounts: Array
    """``ACCOUNT`` rows in order of creation."""


def size_at(ledger: Journal, moment: int) -> int:
    """How many entries had been booked at `moment` (ns, inclusive)."""
    low, high = 0, ledger.size()
    while low < high:
        middle = (low + high) // 2
        if int(ledger.entries(middle, 1)["timestamp"][0]) <= moment:
            low = middle + 1
        else:
            high = middle
    return low


def standing(ledger: Journal, size: int) -> Standing:
    """The accounts after the first `size` entries."""
    accounts = ledger.accounts_array().copy()
    for name in BALANCES.names or ():
        accounts[name] = 0
    order, keys = _sorted(accounts, "id")
    opened, at = 0, 0
    for _, entries in chunks(ledger, size):
        opened += int(np.count_nonzero(entries["kind"] == EntryKind.ACCOUNT))
        at = int(entries["timestamp"][-1])
        moved = entries[np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY))]
        touched = np.empty(2 * len(moved), np.int64)
        after = np.empty(2 * len(moved), BALANCES)
        for side, name in enumerate(("debit", "credit")):
            touched[side::2] = order[np.searchsorted(keys, _key(moved["event"], f"{name}_account_id"))]
            after[side::2] = moved[name]
        last = _last_of_each(touched)
        for name in BALANCES.names or ():
            accounts[name][touched[last]] = after[name][last]
    return Standing(size, at, accounts[:opened])


def movements(ledger: Journal, size: int, since: int = 0) -> Array:
    """Every transfer and expiry among the first `size` entries, from number `since` on, as ``MOVEMENT`` rows in
    order."""
    found = []
    for first, entries in chunks(ledger, size, since):
        places = np.flatnonzero(np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY)))
        rows = np.zeros(len(places), MOVEMENT)
        rows["sequence"], rows["kind"] = places + first, entries["kind"][places]
        rows["booked"], rows["event"] = entries["timestamp"][places], entries["event"][places]
        found.append(rows)
    return np.concatenate(found) if found else np.zeros(0, MOVEMENT)


def posted(moves: Array) -> Array:
    """Those of ``MOVEMENT`` rows that moved money: neither a hold, nor a hold set free, nor an expiry."""
    idle = np.uint16(TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER)
    done = (moves["kind"] == EntryKind.TRANSFER) & ((moves["event"]["flags"] & idle) == 0)
    kept: Array = moves[done]
    return kept


def open_holds(moves: Array) -> Array:
    """The ``MOVEMENT`` rows of holds that are still open after all of `moves`."""
    event, transfer = moves["event"], moves["kind"] == EntryKind.TRANSFER
    ends = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
    pending = transfer & ((event["flags"] & np.uint16(TransferFlags.PENDING)) != 0)
    ended = np.concatenate(
        [
            _key(event[transfer & ((event["flags"] & ends) != 0)], "pending_id"),
            _key(event[moves["kind"] == EntryKind.EXPIRY], "id"),
        ]
    )
    kept: Array = moves[pending][~np.isin(_key(event[pending], "id"), ended)]
    return kept


def seals(ledger: Journal, size: int) -> list[tuple[int, int, int, bytes]]:
    """(Entry number, time in ns, topic, digest) of every seal among the first `size` entries but those of topics in
    `WITHHELD`: what is made of them goes to people who may not learn when the risk desk acted."""
    found = []
    for first, entries in chunks(ledger, size):
        for place in np.flatnonzero(entries["kind"] == EntryKind.SEAL).tolist():
            raw = entries["event"][place].tobytes()
            topic = int.from_bytes(raw[32:36], "little")
            if topic in WITHHELD:
                continue
            found.append((first + place, int(entries["timestamp"][place]), topic, raw[:32]))
    return found


def exact_sum(rows: Array, name: str = "amount") -> int:
    """The exact sum of a 128-bit column."""
    total = 0
    for part, shift in ((f"{name}_lo", 0), (f"{name}_hi", 64)):
        halves = rows[part]
        total += (
            int((halves & _HALF).sum(dtype=np.uint64)) + (int((halves >> _SHIFT).sum(dtype=np.uint64)) << 32)
        ) << shift
    return total


def places_of(accounts: Array, events: Array, name: str) -> NDArray[np.int64]:
    """For each of `events`, the row of `accounts` that its column `name` names; -1 for none."""
    order, keys = _sorted(accounts, "id")
    wanted = _key(events, name)
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, order[found], -1)


def chunks(ledger: Journal, size: int, since: int = 0) -> Iterator[tuple[int, Array]]:
    """The first `size` entries from number `since` on in parts, each with the number of its first."""
    for first in range(since, size, CHUNK_ENTRIES):
        yield first, ledger.entries(first, min(CHUNK_ENTRIES, size - first))


def _last_of_each(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each number stands last."""
    _, first_from_the_end = np.unique(numbers[::-1], return_index=True)
    return len(numbers) - 1 - first_from_the_end


def _sorted(rows: Array, name: str) -> tuple[NDArray[np.int64], Array]:
    keys = _key(rows, name)
    order = np.argsort(keys, kind="stable").astype(np.int64)
    return order, keys[order]


def _key(rows: Array, name: str) -> Array:
    """128-bit numbers as 16 bytes that sort as the numbers do."""
    wide = np.empty((len(rows), 2), ">u8")
    wide[:, 0], wide[:, 1] = rows[f"{name}_hi"], rows[f"{name}_lo"]
    keys: Array = wide.view("S16").reshape(-1)
    return keys
