"""The state machine beside the plain model: a journal in memory, and the comparison of everything they
show.
"""

from collections.abc import Sequence

import numpy as np
from tests.ledger.naive import Balances, Line, Naive, expiry

from jinku.ledger.convert import accounts as account_objects
from jinku.ledger.convert import accounts_array, transfers_array
from jinku.ledger.convert import transfers as transfer_objects
from jinku.ledger.layout import ENTRY, Array, EntryKind, accounts_of, u128
from jinku.ledger.machine import Known, Outcome, StateMachine
from jinku.ledger.model import Account, Transfer, TransferFlags
from jinku.ledger.store import PendingStatus

RESOLVES = TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER
SIDES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
Answers = list[tuple[int, int]]


class Driven:
    """A state machine with the little that a ledger must keep for it."""

    def __init__(self) -> None:
        self.machine = StateMachine()
        self.journal: Array = np.zeros(0, ENTRY)
        self.sequence: dict[int, int] = {}
        self.pending: dict[int, tuple[PendingStatus, int]] = {}

    def create_accounts(self, requests: Sequence[Sequence[Account]], now: int) -> Answers:
        """Execute a group of account requests; (status, timestamp) of each event."""
        events = [event for request in requests for event in request]
        kinds, stamps = self.journal["kind"], self.journal["event"]["timestamp"]
        stored = stamps[kinds == EntryKind.TRANSFER]
        taken = np.isin(np.array([event.timestamp for event in events], np.uint64), stored)
        batch = accounts_array(events)
        return self.keep(
            self.machine.create_accounts(batch, offsets(requests), now, len(self.journal), taken), len(events)
        )

    def create_transfers(self, requests: Sequence[Sequence[Transfer]], now: int) -> Answers:
        """Execute a group of transfer requests; (status, timestamp) of each event."""
        events = [event for request in requests for event in request]
        batch = transfers_array(events)
        known = self.known(events)
        return self.keep(
            self.machine.create_transfers(batch, offsets(requests), now, len(self.journal), known),
            len(events),
        )

    def known(self, events: Sequence[Transfer]) -> Known:
        """What the journal holds about the ids that `events` name."""
        count = len(events)
        existing, pending = np.zeros(count, ENTRY), np.zeros(count, ENTRY)
        sequences, status = np.full(count, -1, np.int64), np.zeros(count, np.uint8)
        for i, event in enumerate(events):
            if event.id in self.sequence:
                existing[i] = self.journal[self.sequence[event.id]]
            if event.flags & RESOLVES and event.pending_id in self.sequence:
                at = self.sequence[event.pending_id]
                pending[i], sequences[i] = self.journal[at], at
                status[i] = self.pending.get(at, (PendingStatus.NONE, 0))[0]
        resolves = any(event.flags & RESOLVES for event in events)
        return Known(
            existing if existing["kind"].any() else None,
            pending if resolves else None,
            sequences if resolves else None,
            status if resolves else None,
        )

    def expire(self, now: int) -> None:
        """Release what is due."""
        due = sorted(
            (at, sequence)
            for sequence, (status, at) in self.pending.items()
            if status == PendingStatus.PENDING and 0 < at <= now
        )
        sequences = np.array([sequence for _, sequence in due], np.int64)
        if due:
            self.keep(self.machine.expire(self.journal[sequences], sequences, len(self.journal)), 0)

    def keep(self, outcome: Outcome, events: int) -> Answers:
        """Do with `outcome` what a store would, checking its form."""
        before = len(self.journal)
        self.journal = np.concatenate([self.journal, outcome.entries])
        for at, entry in enumerate(outcome.entries):
            moves = entry["kind"] in (EntryKind.TRANSFER, EntryKind.EXPIRY)
            assert (outcome.debit[at] >= 0) == (outcome.credit[at] >= 0) == moves
            if entry["kind"] in (EntryKind.TRANSFER, EntryKind.BURNED_ID):
                self.sequence[u128(outcome.entries[at : at + 1]["event"], "id")[0]] = before + at
        assert len(outcome.results) == events
        assert len(set(outcome.pending_sequence.tolist())) == len(outcome.pending_sequence)
        for sequence, status, at in zip(
            outcome.pending_sequence.tolist(),
            outcome.pending_status.tolist(),
            outcome.expires_at.tolist(),
            strict=True,
        ):
            self.pending[sequence] = PendingStatus(status), at
        answers = outcome.results
        return list(zip(answers["status"].tolist(), answers["timestamp"].tolist(), strict=True))


def offsets(requests: Sequence[Sequence[object]]) -> Array:
    """Where each request begins in the group, and the group's end."""
    return np.cumsum([0] + [len(request) for request in requests])


def lines(journal: Array) -> list[Line]:
    """The journal as the model writes it."""
    found = []
    for at, entry in enumerate(journal):
        kind = EntryKind(int(entry["kind"]))
        row = journal[at : at + 1]
        event: Account | Transfer
        if kind == EntryKind.ACCOUNT:
            event = account_objects(accounts_of(row))[0]
        else:
            event = transfer_objects(np.ascontiguousarray(row["event"]))[0]
        found.append(
            Line(
                kind,
                int(entry["timestamp"]),
                event,
                int(entry["status"]),
                side(row["debit"]),
                side(row["credit"]),
                (int(entry["debit_flags"]), int(entry["credit_flags"])),
            )
        )
    return found


def side(row: Array) -> Balances:
    """Four balances of one row."""
    one, two, three, four = (u128(row, name)[0] for name in SIDES)
    return one, two, three, four


def compare(driven: Driven, naive: Naive, since: int) -> None:
    """Every account, every pending status and the journal from `since` on are equal; the books balance."""
    machine, state = driven.machine, naive.state
    assert account_objects(machine.accounts) == list(state.accounts.values())
    assert len(driven.journal) == len(state.journal)
    for ours, theirs in zip(lines(driven.journal[since:]), state.journal[since:], strict=True):
        assert ours == theirs
    assert machine.last_timestamp == naive.last
    assert machine.last_transfer_timestamp == state.last_transfer
    statuses = {name: (status, expiry(state.transfers[name])) for name, status in state.pending.items()}
    assert {
        u128(driven.journal[at : at + 1]["event"], "id")[0]: kept for at, kept in driven.pending.items()
    } == statuses
    machine.check()


def compare_replay(driven: Driven) -> None:
    """Replaying the journal, whole or on top of nothing in two parts, gives the same bytes."""
    half = len(driven.journal) // 2
    for parts in ((driven.journal,), (driven.journal[:half], driven.journal[half:])):
        again = StateMachine()
        for part in parts:
            again.replay(part)
        assert again.accounts.tobytes() == driven.machine.accounts.tobytes()
        assert again.last_transfer_timestamp == driven.machine.last_transfer_timestamp
