"""The desk: features, model, rules, screening, one outcome; within a deadline, with a defined answer when late.

Rules:

1. A batch is looked at in slices on a thread of its own. What was found by the deadline is decided; the rest is
   answered as the policy says for late ones. The clock is asked after each slice, and the caller never waits longer
   than the deadline, even where an engine hangs.
2. Every event enters the features' history, late or not: the thread goes on with them after the answer.
3. Where the model or the rules fail, the slice is answered as the policy says for failures, by name. Where the features
   fail, their state is in doubt: every event is answered so until the state is rebuilt.
4. Of a linked chain the strongest action counts for all of it.
5. The desk writes nothing: `jinku.risk.decision.office` keeps what it decides.

Example::

    with Desk(engines, policy) as desk:
        desk.decide(batch).outcomes["action"]
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.closing import Closing
from jinku.risk.decision.combining import STAGE_REASONS, Basis, RuleLines, decisions, unlooked
from jinku.risk.decision.errors import DecisionsHalted
from jinku.risk.decision.model import Bits, Decided, Findings, Floats, Stage, Versions
from jinku.risk.decision.policy import Policy
from jinku.risk.events.batch import EventBatch
from jinku.risk.features.frame import FeatureFrame

SLICE_EVENTS = 2_048
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


@dataclass(frozen=True, slots=True)
class _Slice:
    """What became of a slice: findings where it was decided, how far it came where not."""

    stage: Stage
    findings: Findings | None = None


class _Job:
    """One batch on its way; the caller waits on `wait`, the thread puts slices until the job is closed."""

    def __init__(self, batch: EventBatch | None, until: int, *, learn: bool) -> None:
        self.batch, self.until, self.learn = batch, until, learn
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

    def decide(
        self, batch: EventBatch, linked: NDArray[np.bool_] | None = None, measures: Bits | None = None
    ) -> Decided:
        """Decide about `batch`; `linked` says that an event is chained to the next one, `measures` which action a
        measure demands."""
        limit = self.policy.deadline_ms * NS_PER_MS
        job = _Job(batch, self._monotonic() + limit, learn=False)
        self._jobs.put(job)
        while not job.wait(max(0.0, (job.until - self._monotonic()) / 1e9)):
            if self._monotonic() >= job.until:
                break
        with job.lock:
            job.closed = True
        linked = np.zeros(len(batch), np.bool_) if linked is None else linked
        return self._assembled(batch, job.slices, linked, measures)

    def learn(self, batch: EventBatch) -> None:
        """Take events into the history about which nothing is decided. Raises DecisionsHalted where that fails."""
        job = _Job(batch, 0, learn=True)
        self._jobs.put(job)
        job.wait(-1)
        if self.down:
            raise DecisionsHalted(self.down)

    def settle(self) -> None:
        """Wait until the history has taken in all that was handed over."""
        job = _Job(None, 0, learn=True)
        self._jobs.put(job)
        job.wait(-1)

    def switch(self, engines: Engines, policy: Policy) -> None:
        """Decide with `engines` and `policy` from the next batch on; nothing may be on its way. Their features' state
        must be that of the engines before."""
        self.settle()
        self.engines, self.policy = engines, policy
        self.basis = Basis(engines.versions, engines.lines, policy)

    def close(self) -> None:
        """Let the thread finish what it has, and end it."""
        self._jobs.put(None)
        self._thread.join()

    def _assembled(
        self,
        batch: EventBatch,
        slices: list[_Slice],
        linked: NDArray[np.bool_],
        measures: Bits | None,
    ) -> Decided:
        """The decisions of a batch from its slices; what has no slice is late."""
        count, size = len(batch), self._slice
        if len(slices) == 1 and count <= size and slices[0].findings is not None:
            whole = np.zeros(count, np.uint8)
            return decisions(batch, slices[0].findings, whole, linked, self.basis, measures)
        findings = unlooked(count, self.basis, self.engines.width)
        stages = np.full(count, Stage.LATE, np.uint8)
        for number, piece in enumerate(slices):
            rows = slice(number * size, (number + 1) * size)
            stages[rows] = piece.stage
            if piece.findings is not None:
                findings.put(number * size, piece.findings)
        return decisions(batch, findings, stages, linked, self.basis, measures)

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            for batch in self._slices(job.batch):
                piece = self._look_at(job, batch)
                if self._monotonic() >= job.until:
                    with job.lock:
                        job.closed = True
                job.put(piece)
            job.finished()

    def _slices(self, batch: EventBatch | None) -> list[EventBatch]:
        if batch is None:
            return []
        if len(batch) <= self._slice:
            return [batch]
        return [batch[first : first + self._slice] for first in range(0, len(batch), self._slice)]

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
