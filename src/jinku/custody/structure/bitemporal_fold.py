"""All balances as of one instant, as known at another: one pass over the journal, column by column.

Rules:

1. An entry counts if it was booked by the moment `known` and its effective instant is not after `effective`
   (`jinku.custody.structure.bitemporal_hours`).
2. The sums are made from the entries' own amounts, never from the balances that the journal states, so that the two
   can be compared. They are exact up to 128 bits; beyond, MoneyOverflow.
3. An account is there if it was opened by `effective`, or if something counts on it. Its flags are those after the
   entry booked last of those that count.

Example::

    rows = fold(ledger, hours, effective, known)  # ACCOUNT rows, like ledger.accounts_array()
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.errors import MoneyOverflow
from jinku.custody.structure.bitemporal_hours import BusinessHours, Instants
from jinku.ledger.layout import ACCOUNT, ID, TRANSFER, Array, EntryKind, accounts_of
from jinku.ledger.machine import StateMachine
from jinku.ledger.model import TransferFlags

CHUNK_ENTRIES = 1 << 16
LIMBS = 4
_LIMB_BITS, _LIMB_MASK = np.uint64(32), np.uint64((1 << 32) - 1)
_PENDING = np.uint16(TransferFlags.PENDING)
_RESOLVES = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
_VOIDS = np.uint16(TransferFlags.VOID_PENDING_TRANSFER)
_MOVES = (EntryKind.TRANSFER, EntryKind.EXPIRY)


class Journal(Protocol):
    """What is read of a ledger."""

    def size(self) -> int:
        """How many entries are durable."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...


def known_entries(journal: Journal, known: int) -> Iterator[Array]:
    """The entries booked by `known` (ns, inclusive), in order, in chunks."""
    size = journal.size()
    for first in range(0, size, CHUNK_ENTRIES):
        chunk = journal.entries(first, min(CHUNK_ENTRIES, size - first))
        if int(chunk["timestamp"][-1]) > known:
            yield chunk[chunk["timestamp"] <= np.uint64(max(known, 0))]
            return
        yield chunk


def fold(journal: Journal, hours: BusinessHours, effective: int, known: int) -> Array:
    """``ACCOUNT`` rows in order of creation, as of `effective`, as known at `known`. See the module's rules."""
    chunks = list(known_entries(journal, known))
    opened = [accounts_of(one[one["kind"] == EntryKind.ACCOUNT]) for one in chunks]
    accounts: Array = np.concatenate([np.zeros(0, ACCOUNT), *opened])
    if not len(accounts):
        return accounts
    index = StateMachine()
    index.restore(accounts, 0, 0)
    held = _Holds(chunks, hours)
    sums = {name: np.zeros((len(accounts), LIMBS), np.int64) for name in _COLUMNS}
    counted = np.zeros(len(accounts), np.bool_)
    for chunk in chunks:
        _add(chunk, _Targets(index, accounts, sums, counted), held, hours, effective)
    for name, limbs in sums.items():
        accounts[f"{name}_lo"], accounts[f"{name}_hi"] = _joined(limbs)
    there: Array = accounts[counted | (accounts["timestamp"].astype(np.int64) <= effective)]
    return there


_COLUMNS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


class _Targets:
    """Where a chunk is added to."""

    def __init__(
        self, index: StateMachine, accounts: Array, sums: dict[str, Instants], counted: NDArray[np.bool_]
    ) -> None:
        self.index, self.accounts, self.sums, self.counted = index, accounts, sums, counted


class _Holds:
    """Amount and effective instant of every hold of the chunks, found by id."""

    def __init__(self, chunks: list[Array], hours: BusinessHours) -> None:
        made = [
            one[(one["kind"] == EntryKind.TRANSFER) & (one["event"]["flags"] & _PENDING != 0)]
            for one in chunks
        ]
        self._events: Array = np.concatenate(
            [np.zeros(0, TRANSFER), *(np.ascontiguousarray(one["event"]) for one in made)]
        )
        self._effective: Instants = np.concatenate(
            [np.zeros(0, np.int64), *(hours.effective(one) for one in made)]
        )
        self._index = StateMachine()
        self._index.restore(
            self._events.view(ACCOUNT), 0, 0
        )  # a transfer begins with its id, as an account does

    def of(self, rows: Array) -> tuple[Array, Instants]:
        """Event and effective instant of the hold that each of these entries resolves."""
        ids = np.zeros(len(rows), ID)
        expired = rows["kind"] == EntryKind.EXPIRY
        for half in ("lo", "hi"):
            ids[f"id_{half}"] = np.where(
                expired, rows["event"][f"id_{half}"], rows["event"][f"pending_id_{half}"]
            )
        numbers = self._index.find_accounts(ids)
        return self._events[numbers], self._effective[numbers]


def _add(chunk: Array, to: _Targets, held: _Holds, hours: BusinessHours, until: int) -> None:
    rows = chunk[np.isin(chunk["kind"], _MOVES)]
    if not len(rows):
        return
    event, flags = rows["event"], rows["event"]["flags"]
    expired = rows["kind"] == EntryKind.EXPIRY
    ends = expired | (flags & _RESOLVES != 0)
    instants = hours.effective(rows)
    hold = np.zeros(len(rows), TRANSFER)
    if ends.any():
        hold[ends], since = held.of(rows[ends])
        instants[ends] = np.maximum(instants[ends], since)
    counts = instants <= until
    holds = counts & ~ends & (flags & _PENDING != 0)
    posts = counts & ~expired & (flags & (_PENDING | _VOIDS) == 0)
    for side in ("debit", "credit"):
        ids = np.zeros(len(rows), ID)
        ids["id_lo"], ids["id_hi"] = event[f"{side}_account_id_lo"], event[f"{side}_account_id_hi"]
        numbers = to.index.find_accounts(ids)
        pending, posted = to.sums[f"{side}s_pending"], to.sums[f"{side}s_posted"]
        _accumulate(posted, numbers, event, posts, 1)
        _accumulate(pending, numbers, event, holds, 1)
        _accumulate(pending, numbers, hold, counts & ends, -1)
        to.counted[numbers[counts]] = True
        to.accounts["flags"][numbers[counts]] = rows[f"{side}_flags"][counts]


def _accumulate(sums: Instants, numbers: Instants, rows: Array, chosen: NDArray[np.bool_], sign: int) -> None:
    """Add the chosen amounts, cut into 32-bit limbs, so that two thousand million of them cannot overflow a limb."""
    where = np.flatnonzero(chosen)
    if not len(where):
        return
    numbers = numbers[where]
    for at, half in ((0, "lo"), (2, "hi")):
        words = rows[f"amount_{half}"][where].astype(np.uint64)
        if half == "hi" and not words.any():
            continue
        np.add.at(sums[:, at], numbers, (words & _LIMB_MASK).astype(np.int64) * sign)
        np.add.at(sums[:, at + 1], numbers, (words >> _LIMB_BITS).astype(np.int64) * sign)


def _joined(limbs: Instants) -> tuple[Array, Array]:
    """Low and high words of sums in limbs. Raises MoneyOverflow for one below zero or beyond 128 bits."""
    carried = limbs.copy()
    for at in range(LIMBS - 1):
        carried[:, at + 1] += carried[:, at] >> 32
        carried[:, at] &= (1 << 32) - 1
    if (carried[:, -1] < 0).any() or (carried[:, -1] >> 32).any():
        raise MoneyOverflow(
            "a balance lies outside 0 … 2^128 - 1", remedy="have the journal checked: jinku ledger check"
        )
    words = carried.astype(np.uint64)
    return words[:, 0] | words[:, 1] << _LIMB_BITS, words[:, 2] | words[:, 3] << _LIMB_BITS
