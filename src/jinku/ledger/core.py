"""The ledger's single writer: state machine, store and published state, without threads.

Rules:

1. Everything that one call changes is one :class:`Commit`: durable as a whole before anyone can see any of it.
2. A failure while executing or committing halts the core for good: what is in memory may then differ from what is
   on disk, and only reopening, which rebuilds memory from disk, makes them equal again.
3. Pending transfers that are due are expired before anything else is executed at the same clock.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.due import DueList
from jinku.ledger.errors import CorruptJournal, LedgerHalted
from jinku.ledger.header import Header
from jinku.ledger.layout import ENTRY, ID, MASK_64, Array, EntryKind
from jinku.ledger.limits import BATCH_EVENTS_MAX, BLOCK_ACCOUNTS, REPLAY_ENTRIES, SNAPSHOT_ENTRIES
from jinku.ledger.machine import Known, Outcome, StateMachine
from jinku.ledger.model import AccountFlags, TransferFlags
from jinku.ledger.store import Commit, Family, Scan, Store
from jinku.ledger.visible import Visible

_RESOLVES = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)


class Core:
    """One open ledger, to be used by one thread at a time (reads go through `visible` and the store)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.machine = StateMachine()
        self.halted = ""
        recovered = store.load()
        self._header = Header.from_bytes(recovered.header)
        self._dirty: set[int] = set()
        self._size = recovered.size
        self._recover(recovered.blocks)
        self._due = DueList(recovered.open_expires_at, recovered.open_pending)
        self._next_expiry = self._due.next
        self.visible = Visible(self.machine.accounts, self._size)

    def _recover(self, blocks: dict[int, bytes]) -> None:
        header = self._header
        table = np.frombuffer(
            b"".join(blocks[number] for number in sorted(blocks)), self.machine.accounts.dtype
        )
        if len(table) < header.snapshot_accounts or header.snapshot_size > self._size:
            raise CorruptJournal(
                f"the snapshot holds {len(table)} accounts of {header.snapshot_accounts} at journal size "
                f"{header.snapshot_size} of {self._size}",
                remedy="restore the ledger from a backup",
            )
        self.machine.restore(
            table[: header.snapshot_accounts], header.snapshot_timestamp, header.snapshot_transfer_timestamp
        )
        for first in range(header.snapshot_size, self._size, REPLAY_ENTRIES):
            entries = self.store.entries(first, min(REPLAY_ENTRIES, self._size - first))
            if len(entries) != min(REPLAY_ENTRIES, self._size - first):
                raise CorruptJournal(
                    f"the journal ends at entry {first + len(entries)} of {self._size}",
                    remedy="restore the ledger from a backup",
                )
            self.machine.replay(entries)
            self._mark_dirty(self._touched_by(entries))
        self.machine.check()

    def _touched_by(self, entries: Array) -> NDArray[np.int64]:
        """The accounts that replayed entries created or moved."""
        event = entries["event"]
        sides = []
        for kinds, name in (
            ((EntryKind.ACCOUNT,), "id"),
            ((EntryKind.TRANSFER, EntryKind.EXPIRY), "debit_account_id"),
            ((EntryKind.TRANSFER, EntryKind.EXPIRY), "credit_account_id"),
        ):
            rows = event[np.isin(entries["kind"], kinds)]
            ids = np.zeros(len(rows), ID)
            ids["id_lo"], ids["id_hi"] = rows[f"{name}_lo"], rows[f"{name}_hi"]
            sides.append(self.machine.find_accounts(ids))
        return np.concatenate(sides)

    @property
    def next_expiry(self) -> int:
        """When the next pending transfer may be due, in ns; 0 where none is. Any thread may ask."""
        return self._next_expiry

    def create_accounts(self, batch: Array, requests: NDArray[np.int64], now: int) -> Array:
        """Execute account requests at `now`; RESULT rows once durable."""
        return self._run(
            lambda: self.machine.create_accounts(batch, requests, now, self._size, self._taken(batch))
        )

    def create_transfers(self, batch: Array, requests: NDArray[np.int64], now: int) -> Array:
        """Execute transfer requests at `now`; RESULT rows once durable."""
        return self._run(
            lambda: self.machine.create_transfers(batch, requests, now, self._size, self._known(batch))
        )

    def seal(self, digest: bytes, topic: int, now: int) -> tuple[int, int]:
        """Append a SEAL entry; its sequence number and timestamp once durable."""
        sequence = self._size
        self._run(lambda: self.machine.seal(digest, topic, now))
        return sequence, self.machine.last_timestamp

    def expire(self, now: int) -> None:
        """Release every pending transfer whose time is up at `now`."""
        while self._due.next and self._due.next <= now:
            sequences = self._due.take(now, BATCH_EVENTS_MAX)
            if len(sequences):
                self._expire_now(sequences)
        self._next_expiry = self._due.next

    def _expire_now(self, sequences: NDArray[np.int64]) -> None:
        self._run(lambda: self.machine.expire(self.store.entries_at(sequences), sequences, self._size))

    def _run(self, execute: Callable[[], Outcome]) -> Array:
        if self.halted:
            raise LedgerHalted(
                f"the ledger halted: {self.halted}", remedy="find the cause, then open it anew"
            )
        try:
            outcome = execute()
            if len(outcome.entries):
                self._commit(outcome)
        except BaseException as fault:  # raised again: rule 2 holds whatever it was
            self.halted = f"{type(fault).__name__}: {fault}"
            raise
        return outcome.results

    def _commit(self, outcome: Outcome) -> None:
        size = self._size + len(outcome.entries)
        self._mark_dirty(outcome.touched)
        header, blocks = self._snapshot(self._id_max(outcome.entries), size)
        self.store.commit(
            Commit(
                first=self._size,
                entries=outcome.entries,
                debit=outcome.debit,
                credit=outcome.credit,
                pending_sequence=outcome.pending_sequence,
                pending_status=outcome.pending_status,
                expires_at=outcome.expires_at,
                header=header.to_bytes(),
                blocks=blocks,
            )
        )
        self._header, self._size = header, size
        if blocks:
            self._dirty.clear()
        self.visible.publish(self.machine.accounts, outcome.touched, size)
        self._due.update(outcome.pending_sequence, outcome.pending_status, outcome.expires_at)
        self._next_expiry = self._due.next  # not before: until then a reader must wait for what is expiring

    def _mark_dirty(self, touched: NDArray[np.int64]) -> None:
        self._dirty.update(np.flatnonzero(np.bincount(touched // BLOCK_ACCOUNTS)).tolist())

    def _snapshot(self, id_max: int, size: int) -> tuple[Header, dict[int, bytes]]:
        old, machine = self._header, self.machine
        if size - old.snapshot_size < SNAPSHOT_ENTRIES:
            return (
                Header(
                    id_max,
                    old.snapshot_size,
                    old.snapshot_accounts,
                    old.snapshot_timestamp,
                    old.snapshot_transfer_timestamp,
                ),
                {},
            )
        blocks = {
            number: machine.accounts[number * BLOCK_ACCOUNTS : (number + 1) * BLOCK_ACCOUNTS].tobytes()
            for number in sorted(self._dirty)
        }
        header = Header(
            id_max, size, len(machine.accounts), machine.last_timestamp, machine.last_transfer_timestamp
        )
        return header, blocks

    def _id_max(self, entries: Array) -> int:
        kinds, event = entries["kind"], entries["event"]
        named = (kinds == EntryKind.TRANSFER) | (kinds == EntryKind.BURNED_ID)
        high = np.where(named, event["id_hi"], np.uint64(0))
        top = high.max()
        low = np.where(named & (high == top), event["id_lo"], np.uint64(0)).max()
        return max(self._header.id_max, (int(top) << 64) | int(low))

    def _taken(self, batch: Array) -> NDArray[np.bool_] | None:
        """Of each imported account: whether a stored transfer has its timestamp, which must be unique to both."""
        imported = np.flatnonzero(batch["flags"] & np.uint16(AccountFlags.IMPORTED))
        stamps = batch["timestamp"][imported]
        near = imported[(stamps > 0) & (stamps <= self.machine.last_transfer_timestamp)]
        if not len(near):
            return None
        taken = np.zeros(len(batch), np.bool_)
        for place in near.tolist():
            at = int(batch["timestamp"][place])
            for spans in self.store.scan(Scan(Family.ANY, 0, at, at, reverse=False)):
                for first, last in spans.tolist():
                    entries = self.store.entries(first, last - first + 1)
                    transfers = entries[entries["kind"] == EntryKind.TRANSFER]["event"]
                    taken[place] |= bool((transfers["timestamp"] == at).any())
        return taken

    def _known(self, batch: Array) -> Known:
        existing = self._existing(batch)
        resolving = np.flatnonzero(batch["flags"] & _RESOLVES)
        if not len(resolving):
            return Known(existing, None, None, None)
        ids = np.zeros(len(resolving), ID)
        ids["id_lo"], ids["id_hi"] = batch["pending_id_lo"][resolving], batch["pending_id_hi"][resolving]
        found = self.store.find_ids(ids)
        hit = found >= 0
        pending = np.zeros(len(batch), ENTRY)
        sequence = np.full(len(batch), -1, np.int64)
        status = np.zeros(len(batch), np.uint8)
        pending[resolving[hit]] = self.store.entries_at(found[hit])
        sequence[resolving[hit]] = found[hit]
        status[resolving[hit]] = self.store.pending_statuses(found[hit])
        return Known(existing, pending, sequence, status)

    def _existing(self, batch: Array) -> Array | None:
        """The stored entry of each event's id; ids above the greatest known one are not looked up."""
        high, low = self._header.id_max >> 64, self._header.id_max & MASK_64
        maybe = np.flatnonzero((batch["id_hi"] < high) | ((batch["id_hi"] == high) & (batch["id_lo"] <= low)))
        if not len(maybe):
            return None
        ids = np.zeros(len(maybe), ID)
        ids["id_lo"], ids["id_hi"] = batch["id_lo"][maybe], batch["id_hi"][maybe]
        found = self.store.find_ids(ids)
        hit = found >= 0
        if not hit.any():
            return None
        existing = np.zeros(len(batch), ENTRY)
        existing[maybe[hit]] = self.store.entries_at(found[hit])
        return existing
