"""The gate before the ledger: every transfer is decided, and the decision sealed, before it posts.

Rules:

1. Requests that wait together are decided as one batch, kept and sealed, then sent: three threads, so that a batch is
   decided while the one before is kept and the one before that is sent. Each request is sent as its own, in order:
   chains never reach from one into another. Requests are joined up to `TOGETHER_EVENTS`, fewer where events take long,
   so that a batch is decided well within a deadline; a request that is larger goes alone, and makes only itself late.
2. Allowed: sent as asked. Held or challenged: sent as pending under the same id. Denied: not sent. Of a linked chain
   the strongest action counts; what may not go takes its whole chain with it, whose others are answered
   ``linked_event_failed``.
3. What posts or voids a pending transfer has that one's decision: it passes, unless the pending one was held or
   challenged (by whatever door it came) and the sealed journal has no release of it. What has no valid id passes too,
   since the ledger refuses it.
4. The same request again gets the same answer, as the transfer stands by then. Another request under a decided id is
   refused by name, and nothing is sent.
5. What is booked through somebody else who guards the books (`Sent`: business days) is decided alone, and sent by him.
6. Whatever a crash left between journal, seal and ledger is finished by `recover`: from the record, without deciding
   again, under the same ids, so that nothing posts twice.

Example::

    gate.create_transfers_array(rows)["status"]  # CREATED, DecidedStatus.RISK_HELD, …
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.bootstrap.deciding_chains import (
    RESOLVES,
    Chains,
    Verdict,
    fresh_places,
    not_reservable,
    numbers_of,
    waiting_rows,
)
from jinku.bootstrap.deciding_mark import DoneMark
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.ledger import committer as run
from jinku.ledger.committer import Request, Waiting
from jinku.ledger.errors import LedgerBusy, LedgerClosed, LedgerError, LedgerHalted
from jinku.ledger.layout import RESULT, TRANSFER, Array
from jinku.ledger.limits import QUEUED_REQUESTS_MAX
from jinku.ledger.model import CreateTransferStatus
from jinku.ledger.service import Ledger, checked_batch, moves_no_money
from jinku.risk.decision.desk import SLICE_EVENTS
from jinku.risk.decision.model import Action
from jinku.risk.decision.office import Answer, DecisionOffice, Ticket
from jinku.risk.decision.record import Kept
from jinku.risk.decision.transfers import Scene, rows_of, transfer_requests
from jinku.risk.decision.waiting import WaitingBook, WaitState

BATCHES_AHEAD = 2
"""Batches that wait between two of the threads."""
SLICES_TOGETHER = 2
TOGETHER_EVENTS = SLICES_TOGETHER * SLICE_EVENTS
"""Events up to which requests that wait are joined into one batch."""
_GOOD = (np.uint32(CreateTransferStatus.CREATED), np.uint32(CreateTransferStatus.EXISTS))
_STATUS_OF = {
    WaitState.HELD: DecidedStatus.RISK_HELD,
    WaitState.CHALLENGED: DecidedStatus.RISK_CHALLENGED,
    WaitState.REFUSED: DecidedStatus.RISK_REFUSED,
    WaitState.RELEASED: CreateTransferStatus.EXISTS,
}


class Sent(Waiting):
    """``TRANSFER`` rows that `send` books once they may go, in place of the gate: ``RESULT`` rows."""

    __slots__ = ("send",)

    def __init__(self, rows: Array, send: Callable[[Array], Array]) -> None:
        super().__init__(run.create_transfers, checked_batch(rows, TRANSFER))
        self.send = send


@dataclass(frozen=True)
class _Batch:
    """Requests on their way from deciding to sending."""

    requests: list[Request]
    rows: Array
    edges: NDArray[np.int64]
    """Where each request's rows begin, and the end."""
    chains: Chains
    ticket: Ticket | None
    held: NDArray[np.int64]
    """Rows that post or void what was held or challenged in an earlier batch."""


class Gate(Closing):
    """See the module's rules. For any number of threads."""

    def __init__(
        self,
        ledger: Ledger,
        office: DecisionOffice,
        waiting: WaitingBook,
        scene: Scene,
        *,
        mark: Path,
        clock: Clock = time.time_ns,
    ) -> None:
        """`mark` is the file that says up to which record everything was sent."""
        self._ledger, self._office, self.waiting, self._scene, self._clock = (
            ledger,
            office,
            waiting,
            scene,
            clock,
        )
        self.mark = DoneMark(mark, office.journal.size)
        self._queue: queue.Queue[Request | None] = queue.Queue(QUEUED_REQUESTS_MAX)
        self._decided: queue.Queue[_Batch | None] = queue.Queue(BATCHES_AHEAD)
        self._kept: queue.Queue[_Batch | None] = queue.Queue(BATCHES_AHEAD)
        self._next: Request | None = None
        self._closed, self._lock = False, threading.Lock()
        self._threads = [
            threading.Thread(target=target, name=f"jinku-gate-{name}", daemon=True)
            for name, target in (
                ("decide", self._decide_all),
                ("keep", self._keep_all),
                ("send", self._send_all),
            )
        ]
        for thread in self._threads:
            thread.start()

    def create_transfers_array(self, batch: Array) -> Array:
        """`batch`: up to 8,189 ``TRANSFER`` rows. Returns as many ``RESULT`` rows, once decided, sealed and durable.

        Raises LedgerError, and RiskError where nothing can be decided."""
        return self.wait(self.begin(batch))

    def begin(self, batch: Array) -> Waiting:
        """Hand a batch over; `wait` gives its results. So the next may be handed over meanwhile."""
        request = Waiting(run.create_transfers, checked_batch(batch, TRANSFER))
        if len(batch):
            self.submit(request)
        else:
            request.answer(np.zeros(0, RESULT))
        return request

    def sent_by(self, rows: Array, send: Callable[[Array], Array]) -> Array:
        """Like `create_transfers_array`; what may go is booked by `send` (rule 5). Raises what both raise."""
        request = Sent(rows, send)
        self.submit(request)
        return self.wait(request)

    def wait(self, request: Waiting) -> Array:
        """The ``RESULT`` rows of a batch handed over. Raises what `create_transfers_array` raises."""
        results = request.result()
        if isinstance(results, np.ndarray):
            return results
        raise LedgerHalted(f"an answer of type {type(results).__name__}", remedy="report it")

    def submit(self, request: Request) -> None:
        """Queue a request of any kind: transfers are decided, what moves no money goes straight to the ledger. Raises
        LedgerBusy, LedgerClosed, and NotDecidable for what moves money in a way that the gate cannot read."""
        if request.execute is not run.create_transfers:
            if not moves_no_money(request):
                raise NotDecidable
            self._ledger.submit(request)
            return
        try:
            with self._lock:
                if self._closed:
                    raise LedgerClosed("the gate before the ledger is closed", remedy="open the house again")
                self._queue.put_nowait(request)
        except queue.Full:
            raise LedgerBusy(
                f"{QUEUED_REQUESTS_MAX} requests are waiting already", remedy="send it again a little later"
            ) from None

    def close(self) -> None:
        """Finish what is queued, and end the threads."""
        with self._lock:
            first, self._closed = not self._closed, True
        if first:
            self._queue.put(None)
            for thread in self._threads:
                thread.join()
            self.mark.close()

    # --- deciding ----------------------------------------------------------------------------------------------------

    def _decide_all(self) -> None:
        while group := self._take():
            # The boundary of the thread: whatever went wrong, the callers hear of it and nothing is sent.
            try:
                batch = self._begun(group)
            except Exception as error:  # noqa: BLE001
                _fail(group, error)
                continue
            self._decided.put(batch)
        self._decided.put(None)

    def _take(self) -> list[Request]:
        """The longest run of waiting requests that fits a batch; empty at the end."""
        first = self._next or self._queue.get()
        self._next = None
        if first is None:
            return []
        group, events = [first], len(first.payload)
        together = min(TOGETHER_EVENTS, SLICES_TOGETHER * self._office.desk.slice_events)
        while not self._queue.empty() and not isinstance(first, Sent):
            request = self._queue.get()
            if request is None:
                self._queue.put(None)
                break
            events += len(request.payload)
            if events > together or isinstance(request, Sent):
                self._next = request
                break
            group.append(request)
        return group

    def _begun(self, group: list[Request]) -> _Batch:
        edges = np.cumsum([0, *(len(request.payload) for request in group)])
        rows = group[0].payload
        if len(group) > 1:
            rows = np.frombuffer(b"".join(request.payload.tobytes() for request in group), TRANSFER)
        chains = Chains.of(rows, edges)
        ticket, held = None, self._of_held(rows)  # asked first: a ticket that was begun is kept
        if len(chains.decided):
            whole = len(chains.decided) == len(rows)
            asked = rows if whole else rows[chains.decided]
            requests = transfer_requests(asked, chains.linked, chains.partial, self._scene)
            ticket = self._office.begin(requests)
            if ticket.number >= 0:
                self.mark.begin(ticket.number)
        return _Batch(group, rows, edges, chains, ticket, held)

    def _of_held(self, rows: Array) -> NDArray[np.int64]:
        """The rows that post or void what was held or challenged before."""
        places = np.flatnonzero(rows["flags"] & RESOLVES)
        if not len(places):
            return places
        actions = self._office.actions(rows["pending_id_lo"][places], rows["pending_id_hi"][places])
        found: NDArray[np.int64] = places[(actions == Action.HOLD) | (actions == Action.CHALLENGE)]
        return found

    # --- keeping -----------------------------------------------------------------------------------------------------

    def _keep_all(self) -> None:
        """Make each batch durable and seal it; only what is goes on to be sent."""
        while (batch := self._decided.get()) is not None:
            # The boundary of the thread, as above.
            try:
                if batch.ticket is not None:
                    self._office.keep(batch.ticket)
            except Exception as error:  # noqa: BLE001
                _fail(batch.requests, error)
                continue
            self._kept.put(batch)
        self._kept.put(None)

    # --- sending -----------------------------------------------------------------------------------------------------

    def _send_all(self) -> None:
        while (batch := self._kept.get()) is not None:
            # The boundary of the thread, as above; what was decided is in the journal, and `recover` finishes it.
            try:
                results = self._sent(batch)
            except Exception as error:  # noqa: BLE001
                _fail(batch.requests, error)
                continue
            for number, request in enumerate(batch.requests):
                request.answer(results[batch.edges[number] : batch.edges[number + 1]])

    def _sent(self, batch: _Batch) -> Array:
        answer = None if batch.ticket is None else batch.ticket.answer
        pending = numbers_of(batch.rows[batch.held], "pending_id")
        stopped = [
            at
            for at, number in zip(batch.held.tolist(), pending, strict=True)
            if not self._office.released(number)
        ]
        [*_, last] = batch.requests
        send = last.send if isinstance(last, Sent) else None
        results = self._posted(batch.rows, batch.edges, batch.chains, answer, stopped, send)
        if batch.ticket is not None and batch.ticket.number >= 0:
            self.mark.done(batch.ticket.number)
        return results

    def _posted(
        self,
        rows: Array,
        edges: NDArray[np.int64],
        chains: Chains,
        answer: Answer | None,
        stopped: Sequence[int] = (),
        send: Callable[[Array], Array] | None = None,
    ) -> Array:
        """Send what may go, enter what waits; ``RESULT`` rows."""
        verdict = chains.verdict(rows, answer, self.waiting, stopped)
        results = np.zeros(len(rows), RESULT)
        results["status"], results["timestamp"] = verdict.statuses, self._clock()
        sent = verdict.statuses == 0
        if send is not None and sent.any():
            results[sent] = send(verdict.rows[sent])
        going = [
            Waiting(run.create_transfers, verdict.rows[first:end][sent[first:end]])
            for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
            if sent[first:end].any() and send is None
        ]
        for request in going:
            self._ledger.submit(request)
        if going:
            results[sent] = np.concatenate([_results(request) for request in going])
        if answer is not None and verdict.waits.any():
            fallen = not_reservable(rows, chains.starts, results["status"], verdict.waits)
            results["status"][fallen] = DecidedStatus.RISK_CANNOT_WAIT
            self._enter(rows, chains, answer, verdict, results)
        return results

    def _enter(self, rows: Array, chains: Chains, answer: Answer, verdict: Verdict, results: Array) -> None:
        """Enter what waits from now on, and answer for it as it stands. What was decided before and is reserved only
        now (its chain had failed, the ledger was busy) begins to wait as well."""
        booked = np.isin(results["status"], _GOOD)
        actions, now = np.where(booked, verdict.actions, np.uint8(Action.ALLOW)), self._clock()
        fresh, origins = fresh_places(chains, answer, verdict.waits)
        entered = waiting_rows(rows, chains, answer, actions, fresh, origins, now)
        states = self.waiting.add(entered) if entered else {}
        places = np.flatnonzero(verdict.waits & booked)
        ids = numbers_of(rows[places], "id")
        if again := [one for one in ids if one not in states]:
            states |= self.waiting.states(again)
        late = [
            at for at, one in enumerate(ids) if states.get(one, WaitState.NOT_BOOKED) == WaitState.NOT_BOOKED
        ]
        if late:
            found = [self._office.find(ids[at]) for at in late]
            states |= self.waiting.add(waiting_rows(rows, chains, answer, actions, places[late], found, now))
        told = zip(ids, results["status"][places].tolist(), strict=True)
        results["status"][places] = [
            status if number not in states else _STATUS_OF.get(states[number], status)
            for number, status in told
        ]

    # --- after a crash -----------------------------------------------------------------------------------------------

    def finish(self, number: int, kept: Kept) -> None:
        """Send the transfers of a record again, as they were decided (rule 6). Chains of which the record has only a
        part, since the rest posts or voids, wait for their sender to ask again."""
        rows, partial = rows_of(kept.asked.requests)
        places = np.flatnonzero(~partial)
        if len(places):
            starts = kept.decided.outcomes["chain"].astype(np.int64)[places]
            chains = Chains(
                np.arange(len(places)), np.zeros(0, np.bool_), np.searchsorted(starts, starts), partial
            )
            whole = np.ones(len(places), np.bool_)
            answer = Answer(kept.decided.outcomes[places], kept.decided.whys, ~whole, whole, number)
            self._posted(rows[places], np.array([0, len(places)]), chains, answer)
        self.mark.done(number)


def _results(request: Waiting) -> Array:
    results = request.result()
    if not isinstance(results, np.ndarray):
        raise LedgerHalted(f"an answer of type {type(results).__name__}", remedy="report it")
    return results


def _fail(requests: Sequence[Request], error: Exception) -> None:
    """Tell the callers; what is no error of the ledger's family becomes one."""
    told = error if isinstance(error, LedgerError) else Undecided(error)
    for request in requests:
        request.fail(told)


class Undecided(LedgerError):
    """A transfer could not be decided about, so it was not sent."""

    code = "undecided"
    http_status = 503

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"the transfers could not be decided about: {getattr(cause, 'message', type(cause).__name__)}",
            remedy=getattr(cause, "remedy", "") or "send them again",
        )


class NotDecidable(LedgerError):
    """A request moves money by a way of its own, which the gate cannot read."""

    code = "not_decidable"
    http_status = 500

    def __init__(self) -> None:
        super().__init__(
            "a request that the gate cannot read was to move money",
            remedy="send it as transfers, or by a passage",
        )
