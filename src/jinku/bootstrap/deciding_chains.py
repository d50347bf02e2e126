"""Which transfers of a batch are decided about, how they hang together, and what becomes of each by its decision.

Rules are those of `jinku.bootstrap.deciding`.

Example::

    chains = Chains.of(rows, edges)
    verdict = chains.verdict(rows, answer, waiting)
    verdict.statuses  # 0 where the row is to be sent
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.ledger.layout import Array
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.risk.decision.model import Action, chain_starts
from jinku.risk.decision.office import Answer
from jinku.risk.decision.waiting import Waiting, WaitingBook, WaitState

_LINKED, _PENDING = np.uint16(TransferFlags.LINKED), np.uint16(TransferFlags.PENDING)
RESOLVES = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
_MOST = np.uint64((1 << 64) - 1)
Origins = Sequence[tuple[int, int]]
_BEGINNINGS = {int(Action.HOLD): WaitState.HELD, int(Action.CHALLENGE): WaitState.CHALLENGED}


@dataclass(frozen=True)
class Verdict:
    """What becomes of each row of a batch."""

    rows: Array
    """``TRANSFER`` rows as they are to be sent."""
    statuses: NDArray[np.uint32]
    """Why a row is not sent; 0 where it is."""
    waits: NDArray[np.bool_]
    """Which rows are sent to wait."""
    actions: NDArray[np.uint8]
    """The action of each row: the strongest of its chain."""


@dataclass(frozen=True)
class Chains:
    """How the rows of a batch hang together."""

    decided: NDArray[np.int64]
    """The rows that are decided about."""
    linked: NDArray[np.bool_]
    """Of these: which is of one chain with the next."""
    starts: NDArray[np.int64]
    """For every row the place where its chain begins."""
    partial: NDArray[np.bool_]
    """Of the decided rows: whose chain has others, which are not decided about."""

    @classmethod
    def of(cls, rows: Array, edges: NDArray[np.int64]) -> "Chains":
        """The chains of ``TRANSFER`` rows; a chain ends with its request at the latest."""
        linked = (rows["flags"] & _LINKED) != 0
        linked[edges[1:] - 1] = False
        starts = chain_starts(linked)
        low, high = rows["id_lo"], rows["id_hi"]
        nameless = ((low == 0) & (high == 0)) | ((low == _MOST) & (high == _MOST))
        decided = np.flatnonzero(((rows["flags"] & RESOLVES) == 0) & ~nameless)
        together = np.zeros(len(decided), np.bool_)
        together[:-1] = np.diff(starts[decided]) == 0
        whole = np.bincount(starts, minlength=len(rows)) == np.bincount(starts[decided], minlength=len(rows))
        return cls(decided, together, starts, ~whole[starts[decided]])

    def verdict(
        self, rows: Array, answer: Answer | None, waiting: WaitingBook, stopped: Collection[int] = ()
    ) -> Verdict:
        """By `answer`, which is about the decided rows, and by what waits already. `stopped` are the rows that resolve
        what was held or challenged and is not released."""
        count, starts = len(rows), self.starts
        action, own = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
        statuses = np.zeros(count, np.uint32)
        if answer is not None:
            outcomes = answer.outcomes
            action[self.decided], own[self.decided] = outcomes["action"], outcomes["own"]
            statuses[self.decided[answer.changed]] = DecidedStatus.RISK_ID_DECIDED_OTHERWISE
        heads = np.unique(starts)
        lengths = np.diff(np.append(heads, count))
        if len(heads) < count:
            action = np.repeat(np.maximum.reduceat(action, heads), lengths)
        held = (action == Action.HOLD) | (action == Action.CHALLENGE)
        resolves = (rows["flags"] & RESOLVES) != 0
        statuses[(action == Action.DENY) & (own == Action.DENY)] = DecidedStatus.RISK_DENIED
        if resolves.any():
            waiting_for = [*self._of_what_waits(rows, resolves, held, waiting), *stopped]
            statuses[waiting_for] = DecidedStatus.RISK_PENDING_WAITS
            tied = np.repeat(np.maximum.reduceat(resolves & held, heads), lengths)
            statuses[tied & (own == action) & (statuses == 0)] = DecidedStatus.RISK_CANNOT_WAIT
        fallen = np.repeat(np.maximum.reduceat(statuses > 0, heads), lengths)
        statuses[fallen & (statuses == 0)] = np.uint32(CreateTransferStatus.LINKED_EVENT_FAILED)
        # denied with a chain that it is no longer sent with: its decision stands
        statuses[(action == Action.DENY) & (statuses == 0)] = DecidedStatus.RISK_DENIED
        waits = held & ~fallen
        if waits.any():
            rows = rows.copy()
            rows["flags"][waits] |= _PENDING
        return Verdict(rows, statuses, waits, action)

    def _of_what_waits(
        self, rows: Array, resolves: NDArray[np.bool_], held: NDArray[np.bool_], waiting: WaitingBook
    ) -> list[int]:
        """The rows that post or void what waits, or what begins to wait in this batch."""
        begins = set(numbers_of(rows[held], "id"))
        if not begins and not waiting.open:
            return []
        places = np.flatnonzero(resolves)
        pairs = zip(
            places.tolist(),
            rows["pending_id_lo"][places].tolist(),
            rows["pending_id_hi"][places].tolist(),
            strict=True,
        )
        return [
            at
            for at, low, high in pairs
            if (number := low | high << 64) in begins or waiting.waits(number) is not None
        ]


def not_reservable(
    rows: Array, starts: NDArray[np.int64], statuses: NDArray[np.uint32], waits: NDArray[np.bool_]
) -> list[int]:
    """The rows by which a chain that was to wait fell at the ledger, where a later leg of it spends what an earlier one
    brings: what is only reserved brings nothing."""
    good = np.isin(statuses, (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS))
    found: list[int] = []
    for head in np.unique(starts[waits & ~good]).tolist():
        places = np.flatnonzero(starts == head)
        brought: set[int] = set()
        spends = False
        sides = (numbers_of(rows[places], name) for name in ("debit_account_id", "credit_account_id"))
        for debit, credit in zip(*sides, strict=True):
            spends |= debit in brought
            brought.add(credit)
        own = places[~good[places] & (statuses[places] != CreateTransferStatus.LINKED_EVENT_FAILED)]
        found += own.tolist() if spends else []
    return found


def fresh_places(
    chains: Chains, answer: Answer, waits: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Origins]:
    """Which rows of a batch that wait were decided now, and the record and row of each decision."""
    fresh = np.zeros(len(waits), np.bool_)
    fresh[chains.decided] = answer.fresh
    places = np.flatnonzero(waits & fresh)
    rows = (np.cumsum(answer.fresh) - 1)[np.searchsorted(chains.decided, places)].tolist()
    return places, [(answer.record, row) for row in rows]


def waiting_rows(
    rows: Array,
    chains: Chains,
    answer: Answer,
    actions: NDArray[np.uint8],
    places: NDArray[np.int64],
    origins: Origins,
    now: int,
) -> list[Waiting]:
    """The rows of a batch at `places` that wait from now on, for the book. `actions` are those of all rows, 0 for what
    the ledger did not take; `origins` are the record and row of the decision of each place."""
    outcomes = answer.outcomes[np.searchsorted(chains.decided, places)]
    taken, heads = rows[places], rows[chains.starts[places]]
    columns = zip(
        numbers_of(taken, "id"),
        numbers_of(heads, "id"),
        origins,
        actions[places].tolist(),
        outcomes["why"].tolist(),
        numbers_of(taken, "amount"),
        taken["ledger"].tolist(),
        ((taken["flags"] & _PENDING) != 0).tolist(),
        strict=True,
    )
    return [
        Waiting(
            number,
            head,
            record,
            row,
            _BEGINNINGS.get(state, WaitState.NOT_BOOKED),
            answer.whys[why],
            amount,
            ledger,
            own_pending,
            now,
        )
        for number, head, (record, row), state, why, amount, ledger, own_pending in columns
    ]


def numbers_of(rows: Array, name: str) -> list[int]:
    """A 128-bit field of ``TRANSFER`` rows as integers."""
    low, high = rows[f"{name}_lo"].tolist(), rows[f"{name}_hi"].tolist()
    return [one | more << 64 for one, more in zip(low, high, strict=True)]
