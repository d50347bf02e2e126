"""One decision for each id, for ever: made once, durable and sealed before it is answered, found again for a retry.

Rules:

1. An id that was decided gets the same decision again, where the request is the same to the byte; another request under
   it is told as changed and gets nothing. Twice in one batch, the second is a retry of the first.
2. `begin` decides and `keep` makes durable: batch n+1 may begin while n is kept. Batches are kept in the order in which
   they began. Nothing is answered and no money moves before `keep` returns.
3. Where keeping fails, everything halts until the journal is opened anew: what was decided and not kept never was. So
   it is with a batch that was begun and is not kept within `KEEP_S` while another waits to be kept after it. Whoever
   else waits is told after a time (DecisionsBusy), counted in `waited_out`.
4. May be used by many threads at once.

Example::

    answer = office.decide(Requests("transfers", low, high, raw, linked, events))
    answer.outcomes["action"], answer.changed
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.closing import Closing
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.errors import BadBatch, DecisionsBusy, DecisionsHalted, DecisionUnknown
from jinku.risk.decision.ids import NOWHERE, ROW_BITS, IdIndex, Words
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.late import LateBook
from jinku.risk.decision.model import OUTCOME, Array, Bits, Decided
from jinku.risk.decision.record import (
    ID_BYTES,
    LENGTH_BYTES,
    Asked,
    RecordKind,
    decode_learnt,
    encode,
    encode_act,
    encode_learnt,
    requests_and_outcomes,
    stamp_of,
)
from jinku.risk.decision.segments import Stamp
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.stamp import Stamper, Times

ROWS_MAX = (1 << ROW_BITS) - 1
RELEASE, REFUSE = "release", "refuse"
"""What persons say of what waits."""
WAIT_S = 1.0
KEEP_S = 60.0
"""How long a record waits for the one before it to be kept; then decisions halt, since their order cannot be kept."""
SWITCH_S = 5.0
"""How long a switch waits for what is on its way; deciding waits with it."""
READ_AGAIN = 8
"""Records of retries that are kept in memory."""


@dataclass(frozen=True)
class Requests:
    """What is to be decided about, in columns."""

    origin: str
    """By which door it came: ``transfers``, ``orders``."""
    low: Words
    high: Words
    """The words of each id."""
    raw: Bits
    """The request as sent, shape (rows, bytes): what a retry is compared with."""
    linked: NDArray[np.bool_]
    """Which row is chained to the next one."""
    events: Callable[[NDArray[np.int64], Times], EventBatch]
    """The events of some rows at these times."""

    def __len__(self) -> int:
        return len(self.low)


class Restraint(Protocol):
    """What measures against persons demand of movements; asked and told in the order of the journal."""

    def demanded(self, events: EventBatch) -> Bits:
        """The action that measures demand of each event, 0 for none."""
        ...

    def noted(self, events: EventBatch, decided: Decided) -> None:
        """Hear what was decided about these events."""
        ...

    def refused(self, transfers: Sequence[int]) -> None:
        """Hear that what waited under these ids moves no more."""
        ...


@dataclass(frozen=True)
class Answer:
    """A decision for each request, in the order asked."""

    outcomes: Array
    """``OUTCOME`` rows; `chain` is meant within the batch that was decided, `why` numbers `whys`."""
    whys: tuple[str, ...]
    changed: NDArray[np.bool_]
    """Which id was decided for another request before; their outcomes are nothing."""
    fresh: NDArray[np.bool_]
    """Which were decided now."""
    record: int
    """The journal's record of the fresh ones; -1 where there are none."""


@dataclass
class Ticket:
    """A batch between `begin` and `keep`."""

    asked: Asked | None
    decided: Decided | None
    number: int
    answer: Answer
    kept: bool = field(default=False)


class DecisionOffice(Closing):
    """See the module's rules."""

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        index: IdIndex,
        stamper: Stamper,
        restraint: Restraint | None = None,
        late: LateBook | None = None,
        *,
        keep_s: float = KEEP_S,
    ) -> None:
        """All of one house; index, stamper and `late` (what was let through unlooked at) are built from the journal.
        `restraint` says what measures demand. `keep_s` is how long an earlier record is waited for."""
        self.desk, self.journal, self.index, self._stamper = desk, journal, index, stamper
        self._restraint = restraint
        self._late, self._keep_s = late or LateBook(), keep_s
        self.waited_out = 0
        """How often what was decided before was not kept in time."""
        self._begin, self._turn = threading.Lock(), threading.Condition()
        self._next = journal.size
        self._again: dict[int, tuple[Bits, Array, tuple[str, ...]]] = {}
        self.halted = ""

    def decide(self, requests: Requests) -> Answer:
        """Decide, keep and answer. Raises DecisionsHalted, BadBatch, BadEvents, JournalAltered."""
        ticket = self.begin(requests)
        self.keep(ticket)
        return ticket.answer

    def begin(self, requests: Requests) -> Ticket:
        """Decide about a batch; its answer counts once `keep` has returned. Raises what `decide` raises."""
        if not 0 < len(requests) <= ROWS_MAX:
            raise BadBatch(f"a batch has 1 to {ROWS_MAX} rows, not {len(requests)}", remedy="split it")
        with self._begin:
            self._require_running()
            places = self.index.find(requests.low, requests.high)
            first = _first_of_each(requests.low, requests.high)
            fresh = (places == NOWHERE) & (first == np.arange(len(first)))
            if fresh.all():
                asked, decided, number = self._decided(requests, np.arange(len(requests)))
                unchanged = np.zeros(len(requests), np.bool_)
                answer = Answer(decided.outcomes, decided.whys, unchanged, fresh, number)
                return Ticket(asked, decided, number, answer)
            outcomes, whys, changed = self._known(requests, places)
            if not fresh.any():
                self._settle_twice(requests, first, (places == NOWHERE), outcomes, changed)
                return Ticket(None, None, NOWHERE, Answer(outcomes, whys, changed, fresh, NOWHERE))
            asked, decided, number = self._decided(requests, np.flatnonzero(fresh))
        outcomes[fresh] = decided.outcomes
        outcomes["why"][fresh] += len(whys)
        self._settle_twice(requests, first, (places == NOWHERE) & ~fresh, outcomes, changed)
        return Ticket(
            asked, decided, number, Answer(outcomes, (*whys, *decided.whys), changed, fresh, number)
        )

    def keep(self, ticket: Ticket) -> None:
        """Make a batch's decisions durable and seal them. Raises DecisionsHalted."""
        if ticket.asked is None or ticket.decided is None or ticket.kept:
            return
        asked, decided = ticket.asked, ticket.decided
        self._write(ticket.number, lambda: (encode(asked, decided), stamp_of(asked)))
        ticket.kept = True

    def exempt(self, told: dict[str, Any]) -> int:
        """Keep and seal what moves by a passage beside the gate, before it is sent; the record's number. Raises
        DecisionsHalted."""
        return self.act(told, lambda _: None, RecordKind.EXEMPT)

    def act(
        self, told: dict[str, Any], begun: Callable[[int], None], kind: RecordKind = RecordKind.ACT
    ) -> int:
        """Keep and seal what somebody did with what waits; the record's number, which `begun` hears before it is
        written. Raises DecisionsHalted."""
        with self._begin:
            self._require_running()
            [time] = self._stamper.stamp(1).tolist()
            number, self._next = self._next, self._next + 1
            begun(number)
            if self._restraint is not None and (refused := refused_by(told)):
                self._restraint.refused(refused)
        self._write(number, lambda: (encode_act(told), Stamp(time, 0, kind)))
        return number

    def learn(self, events: Callable[[Times], EventBatch], count: int) -> int:
        """Take in events about which nothing is decided (labels); the record's number. Raises DecisionsHalted."""
        with self._begin:
            self._require_running()
            batch = events(self._stamper.stamp(count))
            self.desk.learn(batch)
            number, self._next = self._next, self._next + 1
        stamp = Stamp(int(batch.times[0]), len(batch), RecordKind.LEARNT)
        self._write(number, lambda: (encode_learnt(batch), stamp))
        return number

    def learn_past(self, batch: EventBatch) -> int:
        """Take in what happened elsewhere before anything later was decided here (a platform's history), with its own
        times; the record's number. Raises BadBatch where it is not later than all that is known, DecisionsHalted."""
        if not 0 < len(batch) <= ROWS_MAX:
            raise BadBatch(
                f"history comes 1 to {ROWS_MAX} events at a time, not {len(batch)}", remedy="split it"
            )
        with self._begin:
            self._require_running()
            if not self._stamper.reach(int(batch.times[0]), int(batch.times[-1])):
                raise BadBatch(
                    "history begins before what is known already",
                    remedy="bring it in before anything is decided",
                )
            self.desk.learn(batch)
            number, self._next = self._next, self._next + 1
        stamp = Stamp(int(batch.times[0]), len(batch), RecordKind.LEARNT)
        self._write(number, lambda: (encode_learnt(batch), stamp))
        return number

    @contextmanager
    def between_batches(self, seconds: float = SWITCH_S) -> Iterator[None]:
        """Between two batches, when all that was decided is kept and is history: what decides may be switched. Raises
        DecisionsBusy where that is not so within `seconds` (nothing is decided meanwhile), DecisionsHalted."""
        with self._begin:
            self._require_running()
            self._wait_for(self._next - 1, seconds)
            self.desk.settle(seconds)
            yield

    def find(self, number: int) -> tuple[int, int]:
        """The record and the row in it of the decision about an id. Raises DecisionUnknown."""
        low, high = (np.array([one], np.uint64) for one in (number & _MASK, number >> 64))
        with self._begin:
            [place] = self.index.find(low, high).tolist()
        if place == NOWHERE:
            raise DecisionUnknown(number)
        self._wait_for(place >> ROW_BITS)
        return place >> ROW_BITS, place & ROWS_MAX

    def actions(self, low: Words, high: Words) -> NDArray[np.uint8]:
        """The action decided for each id, by whatever door it came; 0 for ids that were never decided about."""
        return self.decisions(low, high)[1]

    def decisions(self, low: Words, high: Words) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        """Which of these ids were decided about, by whatever door they came, and the action of each (0 for the
        others)."""
        found = np.zeros(len(low), np.uint8)
        with self._begin:
            self._require_running()
            places = self.index.find(np.ascontiguousarray(low), np.ascontiguousarray(high))
            for record in np.unique(places[places != NOWHERE] >> ROW_BITS).tolist():
                here = (places != NOWHERE) & (places >> ROW_BITS == record)
                found[here] = self._kept(record)[1]["action"][places[here] & ROWS_MAX]
        return places != NOWHERE, found

    def acts_of(self, number: int) -> Iterator[dict[str, Any]]:
        """What was done with a transfer that waits or waited, in order, each as the log seals it. Raises
        DecisionUnknown, JournalAltered."""
        record, _ = self.find(number)
        for later in self.journal.of_kind(RecordKind.ACT, record + 1):
            told = json.loads(self.journal.read(later))
            if str(number) in told["transfers"]:
                self._wait_for(later)
                self.journal.check_seal(later)
                yield told

    def released(self, number: int) -> bool:
        """Whether a transfer that waited was released, by the sealed journal."""
        return any(one["done"] and one["verdict"] == RELEASE for one in self.acts_of(number))

    def close(self) -> None:
        """End the desk and the journal."""
        self.desk.close()
        self.journal.close()

    # --- within ------------------------------------------------------------------------------------------------------

    def _decided(self, requests: Requests, rows: NDArray[np.int64]) -> tuple[Asked, Decided, int]:
        """Decide about fresh rows: from here on they are in the history, so a fault halts."""
        whole = len(rows) == len(requests)
        asked = Asked(
            requests.origin,
            requests.events(rows, self._stamper.stamp(len(rows))),
            requests.raw if whole else requests.raw[rows],
        )
        linked = requests.linked[rows]
        linked[:-1] &= np.diff(rows) == 1
        linked[-1] = False
        try:
            restraint = self._restraint
            measures = None if restraint is None else restraint.demanded(asked.events)
            decided = self.desk.decide(asked.events, linked, measures, self._late)
            self._late.noted(asked.events, decided.outcomes)
            if restraint is not None:
                restraint.noted(asked.events, decided)
            self.index.add(requests.low[rows], requests.high[rows], self._next)
        # whatever it was, the history may hold events that the journal will not
        except BaseException as error:
            raise self._halt(f"deciding failed: {type(error).__name__}") from error
        self._next += 1
        return asked, decided, self._next - 1

    def _known(
        self, requests: Requests, places: NDArray[np.int64]
    ) -> tuple[Array, tuple[str, ...], NDArray[np.bool_]]:
        """Outcomes, reasons, and which are changed, of ids that were decided in earlier batches."""
        outcomes, whys = np.zeros(len(requests), OUTCOME), [""]
        changed = np.zeros(len(requests), np.bool_)
        known = np.flatnonzero(places != NOWHERE)
        for record in np.unique(places[known] >> ROW_BITS).tolist():
            here = known[places[known] >> ROW_BITS == record]
            rows = places[here] & ROWS_MAX
            raw, kept, reasons = self._kept(record)
            changed[here] = True
            if raw.shape[1] == requests.raw.shape[1]:
                changed[here] = (raw[rows] != requests.raw[here]).any(axis=1)
            outcomes[here] = kept[rows]
            outcomes["why"][here] += len(whys)
            whys += reasons
        outcomes[changed] = np.zeros(1, OUTCOME)
        return outcomes, tuple(whys), changed

    def _settle_twice(
        self,
        requests: Requests,
        first: NDArray[np.int64],
        which: NDArray[np.bool_],
        outcomes: Array,
        changed: NDArray[np.bool_],
    ) -> None:
        """Ids that stand twice in the batch: the second has the outcome of the first, where it asks the same."""
        twice = np.flatnonzero(which & (first != np.arange(len(first))))
        outcomes[twice] = outcomes[first[twice]]
        changed[twice] |= (requests.raw[twice] != requests.raw[first[twice]]).any(axis=1)
        outcomes[changed] = np.zeros(1, OUTCOME)

    def _kept(self, record: int) -> tuple[Bits, Array, tuple[str, ...]]:
        """Requests, outcomes and reasons of an earlier record, once it is durable."""
        held = self._again.get(record)
        if held is None:
            self._wait_for(record)
            held = requests_and_outcomes(self.journal.read(record))
            if len(self._again) >= READ_AGAIN:
                self._again.clear()
            self._again[record] = held
        return held

    def _write(self, number: int, parts: Callable[[], tuple[list[Any], Stamp]]) -> None:
        """Append and seal the record `number` when it is its turn. Raises DecisionsHalted."""
        try:
            encoded, stamp = parts()
            self._wait_for(number - 1)
            self.journal.append(encoded, stamp)
            self.journal.seal(number)
        # whatever it was, later records may not be kept before this one
        except BaseException as error:
            raise self._halt(f"record {number} could not be kept: {type(error).__name__}") from error
        finally:
            with self._turn:
                self._turn.notify_all()

    def _wait_for(self, record: int, seconds: float | None = None) -> None:
        """Return once `record` is sealed. Raises DecisionsBusy where that takes longer than `seconds`,
        DecisionsHalted."""
        most = self._keep_s if seconds is None else seconds
        until = time.monotonic() + most
        with self._turn:
            while self.journal.sealed <= record:
                self._require_running()
                left = until - time.monotonic()
                if left <= 0:
                    self.waited_out += 1
                    raise DecisionsBusy(f"record {record} was decided and not kept within {most:g} s")
                self._turn.wait(min(WAIT_S, left))
            self._require_running()

    def _halt(self, why: str) -> DecisionsHalted:
        self.halted = self.halted or why
        return DecisionsHalted(self.halted)

    def _require_running(self) -> None:
        if self.halted:
            raise DecisionsHalted(self.halted)


_MASK = (1 << 64) - 1


def refused_by(told: dict[str, Any]) -> list[int]:
    """The transfers that an act, as the journal has it, refuses for good; none for another act."""
    if not told.get("done") or told.get("verdict") != REFUSE:
        return []
    return [int(one) for one in told["transfers"]]


def ids_from(journal: Journal, first: int) -> Iterator[tuple[int, Words]]:
    """The ids of each record of decisions from number `first` on, with that number."""
    for number in range(first, journal.size):
        place = journal.place(number)
        if int(place["kind"]) != RecordKind.DECISIONS:
            continue
        left = journal.left(number)
        if left is not None:
            yield number, np.frombuffer(left, np.uint64).reshape(-1, 2)
            continue
        length = int.from_bytes(journal.part(number, 0, LENGTH_BYTES), "little")
        raw = journal.part(number, LENGTH_BYTES + length, int(place["rows"]) * ID_BYTES)
        yield number, np.frombuffer(raw, np.uint64).reshape(-1, 2)


def last_time(journal: Journal) -> int:
    """The time of the journal's last event, in microseconds; 0 where there is none."""
    if not journal.size:
        return 0
    place = journal.place(journal.size - 1)
    if int(place["kind"]) == RecordKind.LEARNT:  # its events may lie far apart
        return int(decode_learnt(journal.read(journal.size - 1)).times[-1])
    return int(place["time"]) + int(place["rows"])


def _first_of_each(low: Words, high: Words) -> NDArray[np.int64]:
    """For each id the place where it stands first in the batch."""
    count = len(low)
    rising = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    if rising.all():
        return np.arange(count)
    order = np.lexsort((np.arange(count), low, high))
    begins = np.ones(count, np.bool_)
    begins[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    first = np.empty(count, np.int64)
    first[order] = order[np.flatnonzero(begins)[np.cumsum(begins) - 1]]
    return first
