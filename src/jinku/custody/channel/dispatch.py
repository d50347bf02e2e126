"""Dispatching: approved instructions into batches, batches to the bank, the bank's answers into the ledger.

Rules:

1. A batch is a list of approved instructions, written down and sealed in the log (topic 6) before any of it is sent.
   Their withdrawals are claimed first; what cannot be claimed yet waits outside, and what was cancelled is given up.
2. A batch is one durable workflow. Each of its steps first writes down which instructions it is about to send, then
   sends. A step that died in between leaves instructions that are written down as sent and have no answer; when the
   workflow goes on, they are handed to `Dialect.resume`, which asks rather than sends again.
3. An unknown one that may be sent again (machine rule 6) goes into a new batch, under its own request number.
4. A round is the other durable workflow: deadlines, what arrived by itself, questions about what is unknown, booking.

Example::

    with Dispatcher(desk, orders, books, Path("data/bank-work.sqlite")) as dispatcher:
        dispatcher.cycle()  # Cycle(sent=…, arrived=…, asked=…, booked=…)
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from sqlalchemy import ColumnElement, and_, or_

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_DAY, NS_PER_SECOND, Clock
from jinku.base.closing import Closing
from jinku.custody.channel.booking import SEAL_TOPIC_BANK, book, keep_deadlines
from jinku.custody.channel.desk import SEND_AGAIN, BankDesk
from jinku.custody.channel.model import Instruction, State
from jinku.custody.channel.port import Books, Dialect, Orders, Sending
from jinku.custody.channel.table import Terms
from jinku.custody.channel.tables import INSTRUCTION
from jinku.custody.channel.work import Steps, Work

BATCH_INSTRUCTIONS = 2_000
ASKED_PER_ROUND = 500
WATCHED_PER_ROUND = 100
"""Settled ones asked about beside them: they never stand before what is unknown."""
ARRIVALS_PER_ROUND = 200
NAME_CHARS = 12
"""Of a channel's name in a batch's id, which has at most 35 characters (ISO 20022 MsgId)."""
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did: instructions sent, arrivals taken in, instructions asked about, instructions booked."""

    sent: int = 0
    arrived: int = 0
    asked: int = 0
    booked: int = 0

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.sent or self.arrived or self.asked or self.booked)


class Dispatcher(Closing):
    """See the module's rules. One at a time in a process."""

    def __init__(
        self, desk: BankDesk, orders: Orders, books: Books, work: Path | str, clock: Clock = time.time_ns
    ) -> None:
        self._desk, self._orders, self._books, self._clock = desk, orders, books, clock
        self._work = Work(work, {"send": self._send_batch, "round": self._round})

    def cycle(self) -> Cycle:
        """Send what is approved, take in what came, ask what is unknown, book what is final; then return."""
        self._plan()
        begun = [
            self._work.start("send", batch["id"], batch["id"])
            for batch in self._desk.store.batches(undone=True)
        ]
        sent = sum(sum(self._work.wait(name)) for name in begun)
        name = self._work.start("round", f"round-{secrets.token_hex(16)}", "")
        arrived, asked, booked = self._work.wait(name)
        return Cycle(sent, arrived, asked, booked)

    def open(self) -> int:
        """Instructions that are approved and not final, or final and not booked."""
        counts = self._desk.store.counts()
        waiting = sum(counts[state] for state in State if not state.final and state is not State.CREATED)
        return waiting + self._desk.store.unbooked()

    def close(self) -> None:
        """Stop; what is under way goes on at the next opening."""
        self._work.close()

    # --- batches -------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        for dialect in self._desk.dialects.values():
            while self._plan_one(dialect):
                pass

    def _plan_one(self, dialect: Dialect) -> bool:
        """Gather one batch of `dialect`; whether there was one."""
        table, now = INSTRUCTION.c, self._clock()
        first = and_(table.state == State.APPROVED.value, table.batch == "")
        again = and_(table.state == State.UNKNOWN.value, table.missing_at > table.sent_at)
        claimed = self._claim(and_(table.channel == dialect.name, or_(first, again)))
        planned = f"{dialect.name[:NAME_CHARS]}-{now // NS_PER_MS:x}-{secrets.token_hex(4)}"
        with self._desk.store.changing() as change:
            found = change.where(table.channel == dialect.name, or_(first, again), limit=BATCH_INSTRUCTIONS)
            found = [one for one in found if one.id in claimed]
            if not found:
                return False
            marks = {State.UNKNOWN: SEND_AGAIN}
            change.write(
                [replace(one, batch=planned, missing_at=marks.get(one.state, 0)) for one in found], []
            )
            document = batch_document(planned, dialect.name, found)
            change.add_batch(
                {
                    "id": planned,
                    "channel": dialect.name,
                    "made_at": now,
                    "count": len(found),
                    "total": str(sum(one.amount for one in found)),
                    "document": document,
                    "digest": hashlib.sha256(document).digest(),
                }
            )
        return True

    def _claim(self, ready: ColumnElement[bool]) -> set[int]:
        """Claim the withdrawals of the next that are `ready`, and give up those that ended; which may be sent."""
        with self._desk.store.changing() as change:
            found = change.where(ready, limit=BATCH_INSTRUCTIONS)
        stopped = self._orders.claim(found) if found else {}
        if stopped:
            self._desk.hold_back(stopped)
        return {one.id for one in found} - set(stopped)

    def _send_batch(self, steps: Steps, batch: str) -> list[int]:
        """The workflow of one batch; how many instructions were sent."""
        [about] = [one for one in self._desk.store.batches() if one["id"] == batch]
        dialect = self._desk.dialects[about["channel"]]
        steps.run("seal", self._seal, batch)
        sent = []
        for _ in range(BATCH_INSTRUCTIONS + 1):
            sent.append(steps.run("send", self._send_part, dialect, batch))
            if not sent[-1]:
                break
        steps.run("done", self._done, batch)
        return [sum(sent)]

    def _seal(self, batch: str) -> int:
        [about] = [one for one in self._desk.store.batches() if one["id"] == batch]
        if about["sealed_entry"] >= 0:
            return int(about["sealed_entry"])
        entry, _ = self._books.seal(about["digest"], SEAL_TOPIC_BANK)
        self._desk.store.mark_batch(batch, sealed_entry=entry)
        return entry

    def _send_part(self, dialect: Dialect, batch: str) -> int:
        """Send the next of a batch; how many. What an interrupted step left is resumed first."""
        table = INSTRUCTION.c
        of_batch = table.batch == batch
        left = self._desk.store.instructions(
            of_batch, table.state == State.SENT.value, limit=BATCH_INSTRUCTIONS
        )
        if left:
            self._hear(dialect.resume(batch, left), "interrupted")
        again = and_(
            table.state == State.UNKNOWN.value, table.missing_at == SEND_AGAIN, table.acknowledged_at == 0
        )
        ready = or_(table.state == State.APPROVED.value, again)
        with self._desk.store.changing() as change:
            found = change.where(of_batch, ready, limit=dialect.sending_max)
            marked = self._desk.mark_sent(change, found, batch)
        if marked:
            self._hear(dialect.send(batch, marked), "no answer")
        return len(marked)

    def _hear(self, sending: Sending, reason: str) -> None:
        self._desk.take(sending.answers)
        self._desk.silence(sending.silent, reason)

    def _done(self, batch: str) -> int:
        self._desk.store.mark_batch(batch, done_at=self._clock())
        return 0

    # --- rounds --------------------------------------------------------------------------------------------------

    def _round(self, steps: Steps, _argument: str) -> list[int]:
        """The workflow of one round: how many arrivals, questions and bookings."""
        steps.run("deadlines", lambda: keep_deadlines(self._desk, self._clock()))
        arrived = steps.run("collect", self._collect)
        asked = steps.run("ask", self._ask)
        booked = steps.run("book", lambda: book(self._desk, self._orders, self._books))
        return [arrived, asked, booked]

    def _collect(self) -> int:
        """Take in what arrived by itself; what was taken in before changes nothing."""
        taken = 0
        for dialect in self._desk.dialects.values():
            for arrival in islice(dialect.collect(), ARRIVALS_PER_ROUND):
                known = self._desk.store.file_known(arrival.digest)
                if not known:
                    self._desk.take(arrival.answers)
                    outcome = arrival.problem or f"{len(arrival.answers)} answers"
                    self._desk.store.keep_file(
                        {
                            "digest": arrival.digest,
                            "channel": dialect.name,
                            "name": arrival.name[:200],
                            "at": self._clock(),
                            "outcome": outcome[:200],
                        }
                    )
                dialect.taken(arrival)
                taken += 1
        return taken

    def _ask(self) -> int:
        """Ask about what is unknown, the longest unasked first; how many were asked about."""
        asked = 0
        for dialect in self._desk.dialects.values():
            now = self._clock()
            with self._desk.store.changing() as change:
                wanted = INSTRUCTION.c.channel == dialect.name
                due = change.where(wanted, _to_ask(dialect.terms, now), limit=ASKED_PER_ROUND)
                due += change.where(wanted, _to_watch(dialect.terms, now), limit=WATCHED_PER_ROUND)
                change.write([replace(one, queried_at=now) for one in due], [])
            if due:
                self._desk.take(dialect.query(due))
            asked += len(due)
        return asked


def _to_ask(terms: Terms, now: int) -> ColumnElement[bool]:
    """Unknown ones, and acknowledged ones after a while."""
    table = INSTRUCTION.c
    before = now - terms.query_every_s * NS_PER_SECOND
    unknown = and_(
        table.state == State.UNKNOWN.value, table.missing_at <= table.sent_at, table.missing_at != SEND_AGAIN
    )
    waiting = and_(table.state == State.ACKNOWLEDGED.value, table.sent_at <= before)
    return and_(or_(unknown, waiting), table.queried_at <= before)


def _to_watch(terms: Terms, now: int) -> ColumnElement[bool]:
    """Settled ones now and then, while they may still come back."""
    table = INSTRUCTION.c
    watched = now - terms.watch_every_s * NS_PER_SECOND
    return and_(
        table.state == State.SETTLED.value,
        table.final_at > now - terms.watch_days * NS_PER_DAY,
        table.final_at <= watched,
        table.queried_at <= watched,
    )


def batch_document(batch: str, channel: str, instructions: Sequence[Instruction]) -> bytes:
    """The canonical JSON that is sealed for a batch: who asked for what, who approved it, which numbers."""
    rows = [
        [
            *(str(one.id), str(one.request_no), one.kind.value, one.mode.value),
            *(str(one.account), one.payee, str(one.amount), one.currency, one.maker, one.checker),
        ]
        for one in instructions
    ]
    return canonical_json(
        {"document": "jinku/bank-batch/v1", "batch": batch, "channel": channel, "instructions": rows}
    )
