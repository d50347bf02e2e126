"""The desk: features, model, rules, screening, one outcome; within a deadline, with a defined answer when late.

Rules:

1. A batch is looked at in slices on a thread of its own. What was found by the deadline is decided; the rest is
   answered as the policy says for late ones. The clock is asked after each slice. The deadline counts from when the
   thread turns to the batch, so that what others gave before makes none late; a batch whose turn does not come within
   a deadline (an engine hangs) is late as a whole. Where events take long, slices are smaller.
2. Every event enters the features' history, late or not: the thread goes on with them after the answer.
3. Where the model or the rules fail, the slice is answered as the policy says for failures, by name. Where the features
   fail, their state is in doubt: every event is answered so until the state is rebuilt.
4. Of a linked chain the strongest action counts for all of it.
5. The desk writes nothing: `jinku.risk.decision.office` keeps what it decides.
6. The features' state gets room for what is to come while nothing comes for `IDLE_S`, and between two batches for
   each `ROOM_EVENTS` of them: a little at a time, so that no batch waits for all of it.

Example::

    with Desk(engines, policy) as desk:
        desk.decide(batch).outcomes["action"]
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from jinku.base.closing import Closing
from jinku.risk.decision.combining import STAGE_REASONS, Basis, RuleLines, Told, decisions, unlooked
from jinku.risk.decision.errors import DecisionsBusy, DecisionsHalted
from jinku.risk.decision.late import LateBook
from jinku.risk.decision.model import Bits, Decided, Findings, Floats, Stage, Versions
from jinku.risk.decision.policy import Policy
from jinku.risk.events.batch import EventBatch
from jinku.risk.features.frame import FeatureFrame

SLICE_EVENTS = 2_048
SLICE_EVENTS_MIN = 64
SLICES_A_DEADLINE = 8
"""Slices are as large as can be looked at in this part of the deadline, at the pace of those before."""
IDLE_S = 0.25
ROOM_EVENTS = 512
"""A step of making room for so many events: faster than they fill it."""
NS_PER_MS = 1_000_000


class Engines(Protocol):
    """The engines behind a desk, of one set of versions."""

    versions: Versions
    lines: RuleLines
    """What each rule says where it fires."""
    width: int
    """How many features there are."""

    def features(self, batch: EventBatch) -> FeatureFrame:
        """Take the events into the history; their features."""
        ...

    def model(self, frame: FeatureFrame, batch: EventBatch) -> Floats:
        """A score for each event, NaN where there is no model."""
        ...

    def rules(self, frame: FeatureFrame, batch: EventBatch) -> Bits:
        """Which rules fired for each event, shape (events, rules), those in shadow too."""
        ...

    def snapshot(self) -> bytes:
        """The features' state."""
        ...


@runtime_checkable
class Roomy(Protocol):
    """Engines whose features' state can grow ahead of time."""

    def make_room(self) -> bool:
        """Do a little of what gives the state room; whether there was anything to do."""
        ...


@dataclass(frozen=True, slots=True)
class _Slice:
    """What became of a slice: findings where it was decided, how far it came where not."""

    stage: Stage
    findings: Findings | None = None


class _Job:
    """One batch on its way; the caller waits on `wait`, the thread puts slices until the job is closed."""

    def __init__(self, batch: EventBatch | None, until: int, size: int, *, learn: bool) -> None:
        """`until` is when its turn must have come, then when it must be done; `size` the events of a slice."""
        self.batch, self.until, self.size, self.learn = batch, until, size, learn
        self.slices: list[_Slice] = []
        self.closed = False
        self.lock = threading.Lock()
        self._done = threading.Lock()
        self._done.acquire()

    def put(self, piece: _Slice) -> None:
        with self.lock:
            if not self.closed:
                self.slices.append(piece)

    def finished(self) -> None:
        self._done.release()

    def wait(self, seconds: float) -> bool:
        return self._done.acquire(timeout=seconds)


class Desk(Closing):
    """See the module's rules. One batch at a time."""

    def __init__(
        self,
        engines: Engines,
        policy: Policy,
        *,
        monotonic: Callable[[], int] = time.monotonic_ns,
        slice_events: int = SLICE_EVENTS,
    ) -> None:
        """`monotonic` gives ns and never steps back."""
        self.engines, self.policy = engines, policy
        self._monotonic, self._slice = monotonic, slice_events
        self._pace = 0
        self._since_room = 0
        self.basis = Basis(engines.versions, engines.lines, policy)
        self.fault = ""
        """What engine failed last, and how."""
        self.down = ""
        """Why the features' state is in doubt; empty while it is not."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="jinku-decisions", daemon=True)
        self._thread.start()

    @property
    def versions(self) -> Versions:
        """With what is decided here."""
        return self.engines.versions

    @property
    def slice_events(self) -> int:
        """How many events are looked at before the clock is asked again."""
        share = self.policy.deadline_ms * NS_PER_MS // SLICES_A_DEADLINE
        fitting = share // self._pace if self._pace else self._slice
        return max(min(SLICE_EVENTS_MIN, self._slice), min(self._slice, fitting))

    def decide(
        self,
        batch: EventBatch,
        linked: NDArray[np.bool_] | None = None,
        measures: Bits | None = None,
        late: LateBook | None = None,
    ) -> Decided:
        """Decide about `batch`; `linked` says that an event is chained to the next one, `measures` which action a
        measure demands, `late` what may be let through unlooked at."""
        limit = self.policy.deadline_ms * NS_PER_MS
        job = _Job(batch, self._monotonic() + limit, self.slice_events, learn=False)
        self._jobs.put(job)
        while not job.wait(max(0.0, (job.until - self._monotonic()) / 1e9)):
            if self._monotonic() >= job.until:
                break
        with job.lock:
            job.closed = True
        # not even the first slice: what comes next must not wait to learn how long an event takes
        if not job.slices:
            self._paced(limit // min(len(batch), job.size), len(batch))
        linked = np.zeros(len(batch), np.bool_) if linked is None else linked
        return self._assembled(job, linked, measures, late)

    def learn(self, batch: EventBatch) -> None:
        """Take events into the history about which nothing is decided. Raises DecisionsHalted where that fails."""
        job = _Job(batch, 0, self._slice, learn=True)
        self._jobs.put(job)
        job.wait(-1)
        if self.down:
            raise DecisionsHalted(self.down)

    def settle(self, seconds: float = -1) -> None:
        """Wait until the history has taken in all that was handed over; without end where `seconds` is -1. Raises
        DecisionsBusy."""
        job = _Job(None, 0, self._slice, learn=True)
        self._jobs.put(job)
        if not job.wait(seconds):
            raise DecisionsBusy(f"the desk was not done with what it has within {seconds:g} s")

    def switch(self, engines: Engines, policy: Policy) -> None:
        """Decide with `engines` and `policy` from the next batch on; nothing may be on its way (`settle` first). Their
        features' state must be that of the engines before."""
        self.engines, self.policy = engines, policy
        self.basis = Basis(engines.versions, engines.lines, policy)

    def close(self) -> None:
        """Let the thread finish what it has, and end it."""
        self._jobs.put(None)
        self._thread.join()

    def _assembled(
        self, job: _Job, linked: NDArray[np.bool_], measures: Bits | None, late: LateBook | None
    ) -> Decided:
        """The decisions of a batch from its slices; what has no slice is late."""
        batch, slices, size = job.batch, job.slices, job.size
        if batch is None:
            raise DecisionsHalted("a batch without events was decided about")
        count = len(batch)
        if len(slices) == 1 and count <= size and slices[0].findings is not None:
            whole = np.zeros(count, np.uint8)
            return decisions(batch, slices[0].findings, whole, linked, self.basis, Told(measures))
        findings = unlooked(count, self.basis, self.engines.width)
        stages = np.full(count, Stage.LATE, np.uint8)
        for number, piece in enumerate(slices):
            rows = slice(number * size, (number + 1) * size)
            stages[rows] = piece.stage
            if piece.findings is not None:
                findings.put(number * size, piece.findings)
        due = None if late is None or not stages.any() else late.demanded(batch, stages, self.policy)
        return decisions(batch, findings, stages, linked, self.basis, Told(measures, due))

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            start = self._monotonic()
            with job.lock:
                if not job.closed:
                    job.until = start + self.policy.deadline_ms * NS_PER_MS
            for batch in _slices(job):
                piece = self._look_at(job, batch)
                now = self._monotonic()
                if now >= job.until:
                    with job.lock:
                        job.closed = True
                job.put(piece)
                self._paced((now - start) // len(batch), len(batch))
                start = now
                self._since_room += len(batch)
            job.finished()
            for _ in range(self._since_room // ROOM_EVENTS):
                if not self._make_room():
                    break
            self._since_room %= ROOM_EVENTS

    def _next(self) -> _Job | None:
        """The next batch; while there is none, what would have to grow in the middle of one grows (rule 6)."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE_S)
            except queue.Empty:
                while self._make_room() and self._jobs.empty():
                    pass

    def _make_room(self) -> bool:
        """Do a little of it (rule 6); whether there was anything to do."""
        # The boundary of the thread: without room now the next batch makes its own, or fails by name.
        try:
            return isinstance(self.engines, Roomy) and not self.down and self.engines.make_room()
        except Exception as error:  # noqa: BLE001
            self.fault = f"no room ahead: {type(error).__name__}"
            return False

    def _paced(self, nanoseconds: int, events: int) -> None:
        """Hear what an event took; of few at a time nothing is told of many."""
        if events >= SLICE_EVENTS_MIN:
            self._pace = (self._pace + nanoseconds) // 2 if self._pace else nanoseconds

    def _look_at(self, job: _Job, batch: EventBatch) -> _Slice:
        """Rules 2 and 3: whatever an engine raises becomes a defined answer."""
        stage = Stage.FEATURES_FAILED
        if self.down:
            return _Slice(stage)
        try:
            frame = self.engines.features(batch)
            if job.learn or job.closed:
                return _Slice(Stage.LATE)
            stage = Stage.MODEL_FAILED
            scores = self.engines.model(frame, batch)
            stage = Stage.RULES_FAILED
            hits = self.engines.rules(frame, batch)
        # The boundary of the thread: an engine may fail in any way, and money must still get its defined answer.
        except Exception as error:  # noqa: BLE001
            self.fault = f"{STAGE_REASONS[stage]}: {type(error).__name__}"
            if stage is Stage.FEATURES_FAILED:
                self.down = self.fault
            return _Slice(stage)
        return _Slice(Stage.DECIDED, Findings(frame.values, scores, hits))


def _slices(job: _Job) -> list[EventBatch]:
    batch, size = job.batch, job.size
    if batch is None:
        return []
    if len(batch) <= size:
        return [batch]
    return [batch[first : first + size] for first in range(0, len(batch), size)]
