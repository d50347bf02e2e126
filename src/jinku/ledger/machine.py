"""The ledger's state machine: the same events at the same clock give the same bytes, on every store.

Rules:

1. No I/O, no clock, no threads. What is stored already is handed in (`Known`); what must be stored is
   handed out (`Outcome`). A caller that could not make an outcome durable throws the machine away.
2. Events are records in columns; the decisions are in `jinku.ledger.kernel`, compiled.
3. After every run the books are checked apart from the loops that changed them; InvariantBroken is never
   continued from.
4. Accounts are numbered densely in order of creation; their rows live in one array that grows by doubling.

Example::

    machine = StateMachine()
    machine.create_accounts(accounts, np.array([0, len(accounts)]), now, first_sequence=0)
    outcome = machine.create_transfers(transfers, np.array([0, len(transfers)]), now, 2, NOTHING_KNOWN)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.errors import CorruptJournal, InvariantBroken
from jinku.ledger.hashindex import EMPTY, HashIndex, empty_table, find_all, insert_all
from jinku.ledger.kernel import invariants, replay
from jinku.ledger.kernel.accounts import AccountBatch
from jinku.ledger.kernel.batch import TransferBatch, number_ids
from jinku.ledger.kernel.expiry import expiry_times, list_pending, run_expiry
from jinku.ledger.kernel.requests import run_account_requests, run_transfer_requests
from jinku.ledger.kernel.state import (
    ACCOUNTS,
    ENTRIES,
    LAST,
    LAST_TRANSFER,
    MARKS,
    RUN,
    TOUCHED,
    TRACE_WORDS,
    Books,
    Output,
    Trace,
)
from jinku.ledger.kernel.words import ENTRY_WORDS, RECORD_WORDS, words
from jinku.ledger.layout import ACCOUNT, ENTRY, ENTRY_VERSION, RESULT, SEAL, Array, EntryKind
from jinku.ledger.store import PendingStatus
from jinku.ledger.u128 import Words

CAPACITY_MIN = 1024
"""Accounts that a new machine has room for."""

_FAULTS = {
    invariants.UNBALANCED_POSTED: "debits and credits posted differ on ledger",
    invariants.UNBALANCED_PENDING: "debits and credits pending differ on ledger",
    invariants.OVER_DEBIT_LIMIT: "debits exceed credits of limited account number",
    invariants.OVER_CREDIT_LIMIT: "credits exceed debits of limited account number",
    invariants.OVERFLOWN: "pending and posted together exceed 128 bits of account number",
}
_CORRUPTIONS = {
    replay.UNKNOWN_KIND: "its kind or version is unknown",
    replay.TIME_REGRESSED: "its time is not after the entry before it",
    replay.BAD_ACCOUNT: "its account exists already, has balances or is out of order",
    replay.UNKNOWN_ACCOUNT: "it names an unknown account",
    replay.WRONG_BALANCE: "its balances do not follow from those before it",
    replay.WRONG_FLAGS: "its account flags do not follow from those before it",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about the ids that a group of transfer requests names, one row per event.

    `existing` may be None where no event's id is stored, the other three where no event posts or voids.
    """

    existing: Array | None
    """``ENTRY`` rows: the stored TRANSFER or BURNED_ID entry with the event's id; kind 0 where none."""
    pending: Array | None
    """``ENTRY`` rows: for a post or void the stored entry with id ``pending_id``; kind 0 where none."""
    pending_sequence: NDArray[np.int64] | None
    """The sequence number of that entry, -1 where none."""
    pending_status: NDArray[np.uint8] | None
    """Its ``PendingStatus``."""


NOTHING_KNOWN = Known(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run answers and what it appends to the journal."""

    results: Array
    """``RESULT`` rows, one per event, in order; none for expiry and seal."""
    entries: Array
    """``ENTRY`` rows to append, in order."""
    debit: NDArray[np.int64]
    """Account number debited by each entry, -1 where none."""
    credit: NDArray[np.int64]
    """Account number credited by each entry, -1 where none."""
    pending_sequence: NDArray[np.int64]
    """Sequence numbers of the pending transfers created or resolved, each once."""
    pending_status: NDArray[np.uint8]
    """The status that each now has."""
    expires_at: NDArray[np.uint64]
    """The expiry time of each, 0 where it has no timeout."""
    touched: NDArray[np.int64]
    """Distinct numbers of the accounts whose row changed."""


@dataclass(frozen=True, slots=True)
class _Pending:
    sequence: NDArray[np.int64]
    status: NDArray[np.uint8]
    expires_at: NDArray[np.uint64]


def _no_pending() -> _Pending:
    return _Pending(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.uint64))


class StateMachine:
    """All accounts of one ledger and the rules by which they change."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._rows: Words = np.zeros((CAPACITY_MIN, RECORD_WORDS), np.uint64)
        self._stamps: Words = np.zeros(CAPACITY_MIN, np.uint64)
        self._marks: Words = np.zeros(MARKS, np.uint64)

    @property
    def accounts(self) -> Array:
        """``ACCOUNT`` rows by account number: a view that is valid until accounts are created."""
        return self._rows[: int(self._marks[ACCOUNTS])].view(ACCOUNT).reshape(-1)

    @property
    def last_timestamp(self) -> int:
        """The booking time handed out last."""
        return int(self._marks[LAST])

    @property
    def last_transfer_timestamp(self) -> int:
        """The timestamp of the newest transfer, or the time of the newest expiry if that is later."""
        return int(self._marks[LAST_TRANSFER])

    def restore(self, accounts: Array, last_timestamp: int, last_transfer_timestamp: int) -> None:
        """Start from a snapshot: ``ACCOUNT`` rows by number. Raises CorruptJournal where an id is there
        twice.
        """
        count = len(accounts)
        self._marks[:] = 0
        self._index = HashIndex()
        self._reserve(count)
        self._rows[:count] = words(accounts)
        double = insert_all(self._index.table, self._rows, 0, count)
        if double != EMPTY:
            raise CorruptJournal(
                f"account number {double} of the snapshot has the id of an earlier one",
                remedy="restore the ledger from a backup",
            )
        self._marks[ACCOUNTS] = count
        self._marks[LAST] = last_timestamp
        self._marks[LAST_TRANSFER] = last_transfer_timestamp

    def replay(self, entries: Array) -> None:
        """Apply journal entries that follow the present state. Raises CorruptJournal where one does not
        follow.
        """
        self._reserve(int(np.count_nonzero(entries["kind"] == EntryKind.ACCOUNT)))
        fault, at = replay.replay_entries(self._books(), words(entries))
        if fault != replay.APPLIED:
            raise CorruptJournal(
                f"the entry booked at {int(entries['timestamp'][at])} (number {at} of those replayed) "
                f"can not be applied: {_CORRUPTIONS[fault]}",
                remedy="restore the ledger from a backup",
            )

    def find_accounts(self, ids: Array) -> NDArray[np.int64]:
        """The account number of each row of ``ID``, -1 where there is no such account."""
        numbers = np.empty(len(ids), np.int64)
        find_all(self._index.table, self._rows, words(ids), numbers)
        return numbers

    def create_accounts(
        self,
        batch: Array,
        requests: NDArray[np.int64],
        now: int,
        first_sequence: int,  # noqa: ARG002 - the shape of create_transfers; accounts need no sequence
        taken: NDArray[np.bool_] | None = None,
    ) -> Outcome:
        """Execute requests of ``ACCOUNT`` rows at the clock `now`; request k is rows ``requests[k]`` to
        ``requests[k + 1]``. `taken` says of each event whether a stored transfer has its timestamp (None:
        none has). Raises InvariantBroken.
        """
        self._reserve(len(batch))
        books, out, trace = self._books(), _output(len(batch), len(batch)), _trace(len(batch))
        used = np.empty(0, np.uint64) if taken is None else taken.astype(np.uint64)
        self._begin()
        run_account_requests(
            books, AccountBatch(words(batch), used), out, trace, requests.astype(np.int64), np.uint64(now)
        )
        return self._finish(out, trace, _no_pending())

    def create_transfers(
        self, batch: Array, requests: NDArray[np.int64], now: int, first_sequence: int, known: Known
    ) -> Outcome:
        """Execute requests of ``TRANSFER`` rows at the clock `now`; the entry written first will have the
        sequence number `first_sequence`. Raises InvariantBroken.
        """
        events = _transfer_batch(batch, known)
        books, out, trace = self._books(), _output(len(batch), len(batch)), _trace(2 * len(batch))
        self._begin()
        run_transfer_requests(books, events, out, trace, requests.astype(np.int64), np.uint64(now))
        return self._finish(out, trace, self._pending_of(events, out, known, first_sequence))

    def expire(
        self,
        pending: Array,
        sequences: NDArray[np.int64],
        first_sequence: int,  # noqa: ARG002 - the shape of create_transfers; expiry creates no pending transfer
    ) -> Outcome:
        """Release pending transfers that are due: their ``ENTRY`` rows, sorted by expiry time then sequence
        number. Each is booked at its expiry time, or just after the newest entry where that is later.
        Raises CorruptJournal where a row is no pending transfer, InvariantBroken.
        """
        count = len(pending)
        out, trace, rows = _output(0, count), _trace(2 * count), words(pending)
        self._begin()
        wrong = run_expiry(self._books(), rows, out, trace)
        if wrong >= 0:
            raise CorruptJournal(
                f"entry {int(sequences[wrong])} is due to expire but is no pending transfer",
                remedy="restore the ledger from a backup",
            )
        times = np.empty(count, np.uint64)
        expiry_times(rows, times)
        status = np.full(count, PendingStatus.EXPIRED, np.uint8)
        return self._finish(out, trace, _Pending(sequences.astype(np.int64), status, times))

    def seal(self, digest: bytes, topic: int, now: int) -> Outcome:
        """Append a 32-byte digest under `topic`, booked at `now` or just after the newest entry."""
        time = max(now, self.last_timestamp + 1)
        record = np.zeros(1, SEAL)
        record["digest"] = np.frombuffer(digest, np.uint8)
        record["topic"] = topic
        entries = np.zeros(1, ENTRY)
        entries["kind"], entries["version"], entries["timestamp"] = EntryKind.SEAL, ENTRY_VERSION, time
        entries["event"] = record.view(entries["event"].dtype)
        self._marks[LAST] = time
        nobody = np.full(1, -1, np.int64)
        none = _no_pending()
        return Outcome(
            results=np.empty(0, RESULT),
            entries=entries,
            debit=nobody,
            credit=nobody.copy(),
            pending_sequence=none.sequence,
            pending_status=none.status,
            expires_at=none.expires_at,
            touched=np.empty(0, np.int64),
        )

    def check(self) -> None:
        """Check the books of all accounts. Raises InvariantBroken."""
        count = int(self._marks[ACCOUNTS])
        self._prove(np.arange(count, dtype=np.int64), np.zeros((count, TRACE_WORDS), np.uint64))

    def _books(self) -> Books:
        return Books(self._rows, self._index.table, self._marks, self._stamps)

    def _begin(self) -> None:
        self._marks[ENTRIES] = 0
        self._marks[TOUCHED] = 0
        self._marks[RUN] += np.uint64(1)

    def _reserve(self, more: int) -> None:
        """Make room for `more` accounts."""
        count = int(self._marks[ACCOUNTS])
        capacity = len(self._rows)
        while capacity < count + more:
            capacity *= 2
        if capacity > len(self._rows):
            rows, stamps = np.zeros((capacity, RECORD_WORDS), np.uint64), np.zeros(capacity, np.uint64)
            rows[:count], stamps[:count] = self._rows[:count], self._stamps[:count]
            self._rows, self._stamps = rows, stamps
        self._index.reserve(self._rows, count, more)

    def _pending_of(self, events: TransferBatch, out: Output, known: Known, first_sequence: int) -> _Pending:
        """The pending transfers that a run created or resolved."""
        count = int(self._marks[ENTRIES])
        stored = np.empty(0, np.int64) if known.pending_sequence is None else known.pending_sequence
        listed = np.empty((count, 4), np.int64)
        rows = list_pending(events, out, count, stored, listed)
        if not rows:
            return _no_pending()
        entry, event, sequence, status = listed[:rows].T
        times = np.empty(rows, np.uint64)
        new = entry >= 0
        source = np.empty((rows, ENTRY_WORDS), np.uint64)
        source[new] = out.entries[entry[new]]
        source[~new] = events.pending[event[~new]]
        expiry_times(source, times)
        return _Pending(np.where(new, entry + first_sequence, sequence), status.astype(np.uint8), times)

    def _finish(self, out: Output, trace: Trace, pending: _Pending) -> Outcome:
        count, touched = int(self._marks[ENTRIES]), int(self._marks[TOUCHED])
        numbers, before = trace.numbers[:touched], trace.before[:touched]
        keep = np.empty(touched, np.int64)
        moved = invariants.changed(self._rows, numbers, before, keep)
        self._prove(numbers, before)
        return Outcome(
            results=out.results.view(RESULT).reshape(-1),
            entries=out.entries[:count].view(ENTRY).reshape(-1),
            debit=out.sides[:count, 0].copy(),
            credit=out.sides[:count, 1].copy(),
            pending_sequence=pending.sequence,
            pending_status=pending.status,
            expires_at=pending.expires_at,
            touched=keep[:moved],
        )

    def _prove(self, numbers: NDArray[np.int64], before: Words) -> None:
        ledgers = np.zeros((len(numbers) + 1, invariants.BOOK_WORDS), np.uint64)
        fault, where = invariants.find_fault(
            self._rows, numbers, before, empty_table(len(numbers) + 1), ledgers
        )
        if fault != invariants.SOUND:
            raise InvariantBroken(
                f"{_FAULTS[fault]} {where}", remedy="stop, keep the journal as it is and have it examined"
            )


def _output(events: int, entries: int) -> Output:
    return Output(
        results=np.zeros((events, 2), np.uint64),
        entries=np.empty((entries, ENTRY_WORDS), np.uint64),
        sides=np.empty((entries, 2), np.int64),
        origin=np.empty(entries, np.int64),
    )


def _trace(accounts: int) -> Trace:
    return Trace(
        numbers=np.empty(accounts, np.int64),
        before=np.empty((accounts, TRACE_WORDS), np.uint64),
        chain=np.empty(((accounts + 1) // 2, 2, TRACE_WORDS), np.uint64),
    )


def _transfer_batch(batch: Array, known: Known) -> TransferBatch:
    """The events with a slot for each id."""
    rows, count = words(batch), len(batch)
    none = np.empty((0, ENTRY_WORDS), np.uint64)
    slots, keys = np.empty((count, 2), np.int64), np.empty((2 * count + 1, 2), np.uint64)
    ids = number_ids(rows, empty_table(2 * count), keys, slots)
    return TransferBatch(
        rows=rows,
        existing=none if known.existing is None else words(known.existing),
        pending=none if known.pending is None else words(known.pending),
        status=np.empty(0, np.uint8) if known.pending_status is None else known.pending_status,
        slots=slots,
        entry_of=np.full(ids, -1, np.int64),
        resolved=np.zeros(ids, np.uint8),
        none=np.zeros(ENTRY_WORDS, np.uint64),
    )
