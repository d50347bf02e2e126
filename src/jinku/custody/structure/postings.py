"""What each account holds by its postings alone: the journal summed up by columns, balances never asked.

Rules:

1. A posting is a transfer or an expiry in the journal. A hold adds to the pending sums; its posting, voiding or expiry
   takes the whole hold back and books what was posted.
2. Sums are exact: each amount is added in four limbs of 32 bits, carried once at the end. A sum below zero or beyond
   128 bits is `SumsDiffer`, never a wrap-around.
3. The balances that entries carry are not read: what comes out is independent of them.

Example::

    accounts = ledger.accounts_array()
    balances = balances_by_postings(ledger, accounts, size=ledger.size())
    (balances["credits_posted_lo"] == accounts["credits_posted_lo"]).all()
"""

import secrets
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.custody.structure.errors import SumsDiffer
from jinku.ledger.layout import BALANCES, ID, Array, EntryKind, u128
from jinku.ledger.limits import RESULTS_MAX
from jinku.ledger.model import TransferFlags

BLOCK_ENTRIES = 32_768
LIMB_BITS = 32
_LIMBS = 4
_MASK = np.uint64((1 << LIMB_BITS) - 1)
_COLUMNS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
_KEYS_TRIED_MAX = 16
_RESOLVES = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)


class Journal(Protocol):
    """What is read of a ledger."""

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from sequence number `first`."""
        ...

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist, in the order asked."""
        ...


class IdIndex:
    """Where each 128-bit id stands among some rows; for many look-ups at once."""

    def __init__(self, rows: Array, name: str = "id") -> None:
        self._high, self._low = rows[f"{name}_hi"].copy(), rows[f"{name}_lo"].copy()
        for _ in range(_KEYS_TRIED_MAX):
            # of two ids with equal keys under a random odd factor there is next to none; nobody can prepare one
            self._factor = np.uint64(secrets.randbits(64) | 1)
            keys = self._keys(self._high, self._low)
            self._order = np.argsort(keys, kind="stable")
            self._sorted = keys[self._order]
            if not (self._sorted[1:] == self._sorted[:-1]).any():
                return
        raise SumsDiffer("an account stands twice", remedy="check the ledger with `jinku ledger check`")

    def find(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each id; -1 where it is none of them."""
        if not len(self._sorted):
            return np.full(len(low), -1, np.int64)
        places = np.searchsorted(self._sorted, self._keys(high, low))
        rows = self._order[np.minimum(places, len(self._sorted) - 1)]
        hit = (self._high[rows] == high) & (self._low[rows] == low)
        return np.where(hit, rows, -1)

    def _keys(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return low + high * self._factor


class Sums:
    """Exact sums of 128-bit amounts in `groups` groups; `add` and `subtract` may come in any order."""

    def __init__(self, groups: int) -> None:
        self._limbs = np.zeros((_LIMBS, groups), np.int64)

    def add(
        self, groups: NDArray[np.int64], high: NDArray[np.uint64], low: NDArray[np.uint64], *, sign: int = 1
    ) -> None:
        """Add (or with `sign` -1 take away) the amount of each row in its group."""
        parts = [low & _MASK, low >> np.uint64(LIMB_BITS)]
        if high.any():
            parts += [high & _MASK, high >> np.uint64(LIMB_BITS)]
        for place, part in enumerate(parts):
            np.add.at(self._limbs[place], groups, part.astype(np.int64) * sign)

    def words(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """High and low word of each sum. Raises SumsDiffer for one that is below zero or beyond 128 bits."""
        carry = np.zeros(self._limbs.shape[1], np.int64)
        limbs = []
        for row in self._limbs:
            total = row + carry
            limbs.append((total & np.int64((1 << LIMB_BITS) - 1)).astype(np.uint64))
            carry = total >> np.int64(LIMB_BITS)
        if carry.any():
            raise SumsDiffer(
                f"a sum of postings left the 128 bits of an account, at row {int(np.flatnonzero(carry)[0])}",
                remedy="check the ledger with `jinku ledger check`",
            )
        shift = np.uint64(LIMB_BITS)
        return limbs[2] | limbs[3] << shift, limbs[0] | limbs[1] << shift

    def integers(self) -> list[int]:
        """Each sum as a Python integer, below zero where more was taken away than added."""
        return [
            sum(limb << LIMB_BITS * place for place, limb in enumerate(column))
            for column in self._limbs.T.tolist()
        ]


def balances_by_postings(ledger: Journal, accounts: Array, size: int, at: int | None = None) -> Array:
    """``BALANCES`` rows, one for each of `accounts`, from the first `size` entries of the journal, or only from what
    happened up to `at` (ns, inclusive).

    Raises SumsDiffer where a posting is of no account of `accounts`, or sums leave what an account can hold.
    """
    index = IdIndex(accounts)
    sums = {name: Sums(len(accounts)) for name in _COLUMNS}
    for entries in _moves(ledger, size, at):
        _add_block(ledger, index, sums, entries)
    found = np.zeros(len(accounts), BALANCES)
    for name, one in sums.items():
        found[f"{name}_hi"], found[f"{name}_lo"] = one.words()
    return found


def _moves(ledger: Journal, size: int, at: int | None) -> Iterator[Array]:
    """Entries that move money, block by block. Their times never fall from entry to entry: the ledger sees to it."""
    for first in range(0, size, BLOCK_ENTRIES):
        entries = ledger.entries(first, min(BLOCK_ENTRIES, size - first))
        moves = entries[np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY))]
        if at is not None and len(moves):
            expired = moves["kind"] == EntryKind.EXPIRY
            when = np.where(expired, moves["timestamp"], moves["event"]["timestamp"])
            moves = moves[when <= np.uint64(at)]
            if not len(moves):
                return
        if len(moves):
            yield moves


def _add_block(ledger: Journal, index: IdIndex, sums: dict[str, Sums], entries: Array) -> None:
    event = entries["event"]
    flags, expired = event["flags"], entries["kind"] == EntryKind.EXPIRY
    sides = {name: _known(index, event, f"{name}_account_id") for name in ("debit", "credit")}
    high, low = event["amount_hi"], event["amount_lo"]
    posts = flags & np.uint16(TransferFlags.POST_PENDING_TRANSFER) != 0
    resolves = (flags & _RESOLVES != 0) & ~expired
    holds = (flags & np.uint16(TransferFlags.PENDING) != 0) & ~expired
    booked = ~holds & ~expired & ~(resolves & ~posts)
    held_high, held_low = high.copy(), low.copy()  # of an expiry: the hold itself
    if resolves.any():
        held_high[resolves], held_low[resolves] = _held(ledger, event[resolves])
    freed = resolves | expired
    for name, rows in sides.items():
        pending, posted = sums[f"{name}s_pending"], sums[f"{name}s_posted"]
        pending.add(rows[holds], high[holds], low[holds])
        pending.add(rows[freed], held_high[freed], held_low[freed], sign=-1)
        posted.add(rows[booked], high[booked], low[booked])


def _known(index: IdIndex, event: Array, name: str) -> NDArray[np.int64]:
    rows = index.find(event[f"{name}_hi"], event[f"{name}_lo"])
    if (rows < 0).any():
        [account] = u128(event[np.flatnonzero(rows < 0)[:1]], name)
        raise SumsDiffer(
            f"a posting is of account {account}, which does not exist",
            remedy="check the ledger with `jinku ledger check`",
        )
    return rows


def _held(ledger: Journal, resolving: Array) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """How much each post or void sets free: the amount of the hold that it names."""
    ids = np.zeros(len(resolving), ID)
    ids["id_lo"], ids["id_hi"] = resolving["pending_id_lo"], resolving["pending_id_hi"]
    found = np.concatenate(
        [ledger.lookup_transfers_array(ids[at : at + RESULTS_MAX]) for at in range(0, len(ids), RESULTS_MAX)]
    )
    same = len(found) == len(ids) and (found["id_lo"] == ids["id_lo"]).all()
    if not same or (found["id_hi"] != ids["id_hi"]).any():
        raise SumsDiffer(
            "a posting names a hold that does not exist", remedy="check the ledger with `jinku ledger check`"
        )
    return found["amount_hi"], found["amount_lo"]
