"""Group commit: concurrent callers are gathered, executed in order and made durable together.

One thread owns the :class:`Core`. It takes what waits in the queue — as many requests of one kind as fit a batch —
executes them in order of arrival at one reading of the clock, makes the group durable with one write, and only then
answers every caller of the group. While it writes, the next group gathers. Where fewer wait than were answered last,
it gives the others `GATHER_S` to come back before it writes again: a caller who is alone never waits.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from jinku.ledger.core import Core
from jinku.ledger.errors import ClockFailed, LedgerBusy, LedgerClosed, LedgerError, LedgerHalted
from jinku.ledger.layout import Array
from jinku.ledger.limits import BATCH_EVENTS_MAX, GATHER_S, IDLE_WAIT_S, QUEUED_REQUESTS_MAX, TIMESTAMP_MAX

Clock = Callable[[], int]
"""Returns the time in nanoseconds since 1970 UTC."""
Execute = Callable[[Core, list["Request"], int], list[object]]


class Request(Protocol):
    """One caller's wish. `payload` rows are counted against the group's size."""

    execute: Execute
    """Executes a run of requests that share this same function; returns one answer for each."""
    payload: Array

    def answer(self, value: object) -> None:
        """Hand over the result; called on the committer's thread and never blocks it."""
        ...

    def fail(self, error: LedgerError) -> None:
        """Hand over the failure of the whole group."""
        ...


class Waiting:
    """A request whose caller blocks in :meth:`result`."""

    __slots__ = ("_error", "_lock", "_value", "execute", "payload")

    def __init__(self, execute: Execute, payload: Array) -> None:
        self.execute, self.payload = execute, payload
        self._value: object = None
        self._error: LedgerError | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def answer(self, value: object) -> None:
        """See :class:`Request`."""
        self._value = value
        self._lock.release()

    def fail(self, error: LedgerError) -> None:
        """See :class:`Request`."""
        self._error = error
        self._lock.release()

    def result(self) -> object:
        """Wait for the group to be durable; its answer, or the error that stopped it."""
        self._lock.acquire()
        if self._error is not None:
            raise self._error
        return self._value


class Committer:
    """The thread that writes one ledger; see the module."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core = core
        self._clock = clock
        self.pace: Callable[[int], None] | None = None
        """Called with the journal's size before each group: whoever must keep up with it may hold it up here."""
        self._queue: deque[Request] = deque()
        self._ready = threading.Condition()
        self._closed = False
        self._process = os.getpid()
        self.groups = 0
        """Groups of requests made durable since opening, each with one write."""
        self.requests = 0
        """Requests in those groups."""
        self._thread = threading.Thread(target=self._serve, name="jinku-committer", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Queue `request`. Raises LedgerClosed, LedgerHalted, or LedgerBusy where the queue is full."""
        self.require_own_process()
        with self._ready:
            if self._closed:
                raise LedgerClosed("the ledger is closed", remedy="open it again")
            if self.core.halted:
                raise self._halted()
            if len(self._queue) >= QUEUED_REQUESTS_MAX:
                raise LedgerBusy(
                    f"{QUEUED_REQUESTS_MAX} requests are waiting already",
                    remedy="send it again a little later",
                )
            self._queue.append(request)
            self._ready.notify()

    def close(self) -> None:
        """Finish what is queued, stop the thread. Nothing can be submitted afterwards."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    @property
    def forked(self) -> bool:
        """Whether this is a copy in a process that was forked: without the thread, so nothing would ever answer."""
        return os.getpid() != self._process

    def require_own_process(self) -> None:
        """Raises LedgerClosed in a forked process."""
        if self.forked:
            raise LedgerClosed(
                "the ledger was opened by the process that forked this one",
                remedy="use it there, or fork before opening it",
            )

    def _halted(self) -> LedgerHalted:
        return LedgerHalted(
            f"the ledger halted: {self.core.halted}", remedy="find the cause, then open the ledger anew"
        )

    def _serve(self) -> None:
        answered = 0
        while True:
            with self._ready:
                if not self._queue and not self._closed:
                    self._ready.wait(IDLE_WAIT_S if self.core.next_expiry else None)
            if 0 < len(self._queue) < answered:
                time.sleep(GATHER_S)
            with self._ready:
                group = self._take()
                if not group and self._closed:
                    return
            self._commit(group)
            answered = len(group)

    def _take(self) -> list[Request]:
        """The longest run of waiting requests of one kind that fits a batch (the lock is held)."""
        group: list[Request] = []
        events = 0
        while self._queue:
            request = self._queue[0]
            events += len(request.payload)
            if group and (events > BATCH_EVENTS_MAX or request.execute is not group[0].execute):
                break
            group.append(self._queue.popleft())
        return group

    def _now(self) -> int:
        """One reading of the clock. Raises ClockFailed where it gives no instant that the model knows."""
        try:
            now = self._clock()
        except Exception as fault:  # the clock is the caller's code: whatever it raises
            raise ClockFailed(type(fault).__name__) from fault
        if not isinstance(now, int) or not 0 <= now <= TIMESTAMP_MAX:
            raise ClockFailed(f"{now!r:.40}")
        return now

    def _commit(self, group: list[Request]) -> None:
        core = self.core
        try:
            if core.halted:
                raise self._halted()
            if group and self.pace is not None:
                self.pace(core.visible.size)
            now = self._now()
            core.expire(now)
            answers = group[0].execute(core, group, now) if group else []
        except ClockFailed as fault:  # nothing was executed yet, so nothing need halt
            for request in group:
                request.fail(fault)
            return
        # The boundary of the thread: whatever went wrong, the callers must hear of it and the core stays halted.
        except Exception as fault:  # noqa: BLE001
            core.halted = core.halted or f"{type(fault).__name__}: {fault}"
            error = fault if isinstance(fault, LedgerError) else self._halted()
            for request in group:
                request.fail(error)
            return
        self.groups += bool(group)
        self.requests += len(group)
        for request, value in zip(group, answers, strict=True):
            request.answer(value)


def create_accounts(core: Core, group: list[Request], now: int) -> list[object]:
    """Execute a run of account requests; one array of RESULT rows each."""
    batch, offsets = _joined(group)
    return _split(core.create_accounts(batch, offsets, now), offsets)


def create_transfers(core: Core, group: list[Request], now: int) -> list[object]:
    """Execute a run of transfer requests; one array of RESULT rows each."""
    batch, offsets = _joined(group)
    return _split(core.create_transfers(batch, offsets, now), offsets)


def pulse(_core: Core, group: list[Request], _now: int) -> list[object]:
    """Nothing beyond what every group does first: expire what is due."""
    return [None] * len(group)


def seal(core: Core, group: list[Request], now: int) -> list[object]:
    """Append one SEAL entry per request; its sequence number and timestamp each."""
    return [
        core.seal(row["digest"].tobytes(), int(row["topic"]), now)
        for request in group
        for row in request.payload
    ]


def _joined(group: list[Request]) -> tuple[Array, Array]:
    if len(group) == 1:
        return group[0].payload, np.array([0, len(group[0].payload)], np.int64)
    offsets = np.zeros(len(group) + 1, np.int64)
    np.cumsum([len(request.payload) for request in group], out=offsets[1:])
    # by bytes: np.concatenate looks at every field of every array
    joined = bytearray().join([request.payload.tobytes() for request in group])
    return np.frombuffer(joined, group[0].payload.dtype), offsets


def _split(results: Array, offsets: Array) -> list[object]:
    return [
        results[first:last] for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
