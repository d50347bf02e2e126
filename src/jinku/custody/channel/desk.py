"""The desk of the bank channel: instructs, has approved, takes answers in, and books what follows.

Rules:

1. An instruction is made of a withdrawal that the ledger holds, with the same account and amount (or of a collection,
   which has nothing to hold). Asking again for the same order is the same instruction; with other words it is an error.
2. Maker and checker are two persons. Nothing is sent before the second has decided.
3. What the bank says goes through `jinku.custody.channel.machine` and nowhere else. Every answer is
   kept, whatever it says.
4. What is final is booked exactly once: the order's id and step number the ledger's transfers, and the business day
   of the booking was written down with the final state. A refused or expired instruction frees the withdrawal's hold.

Example::

    desk = BankDesk(store, books, orders, {"custodian": dialect})
    desk.instruct([request], by="anna")
    desk.approve([request.order], by="boris")
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinku.base.clock import NS_PER_SECOND, Clock, day_of
from jinku.base.currency import currency as currency_of
from jinku.base.ids import derived_id
from jinku.base.persons import same_person
from jinku.custody.channel.errors import (
    InstructionDiffers,
    InstructionUnknown,
    NotHeld,
    SamePerson,
    StepRefused,
)
from jinku.custody.channel.machine import Decision, Verdict, decide, step
from jinku.custody.channel.model import (
    REQUEST_BITS,
    Answer,
    BreakClass,
    ChannelBreak,
    Event,
    Instruction,
    Kind,
    Mode,
    News,
    Request,
    Source,
    State,
    checked_person,
)
from jinku.custody.channel.port import Books, Dialect, Stopped
from jinku.custody.channel.store import Changing, ChannelStore
from jinku.custody.channel.table import Terms, deadlines_sent, first_deadlines
from jinku.custody.channel.tables import INSTRUCTION
from jinku.custody.errors import BadOrder
from jinku.custody.orders.model import Step, transfer_id
from jinku.ledger.limits import RESULTS_MAX
from jinku.ledger.model import Transfer, TransferFlags

LIST_ROWS_MAX = 1_000_000
ANSWERS_PER_WRITE = 500
SEND_AGAIN = -1
"""In ``missing_at``: the bank said it knows no such request, and a batch will send it again."""
_RECORDED = (Verdict.MOVE, Verdict.STALE, Verdict.CONTRADICTION)
_ASKED_AGAIN = ("kind", "channel", "account", "amount", "currency", "payee", "mode")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of answers: how many of each verdict, and how many were of requests that are none of ours."""

    verdicts: Mapping[Verdict, int]
    strangers: int = 0

    @property
    def moved(self) -> int:
        """How many changed a state."""
        return self.verdicts.get(Verdict.MOVE, 0)


def request_number(order: int, channel: str) -> int:
    """The request number of an order: the same for ever, so that even books restored from an old copy ask under it."""
    return 1 + (derived_id("jinku/bank-request/v1", str(order), channel) >> 1) % ((1 << REQUEST_BITS) - 2)


class BankDesk:
    """See the module's rules."""

    def __init__(
        self,
        store: ChannelStore,
        books: Books,
        dialects: Mapping[str, Dialect],
        clock: Clock = time.time_ns,
    ) -> None:
        self.store, self.dialects = store, dict(dialects)
        self._books, self._clock = books, clock

    # --- people --------------------------------------------------------------------------------------------------

    def instruct(self, requests: Sequence[Request], by: str) -> list[Instruction]:
        """An instruction for each request, waiting for approval; those made before as they are now.

        Raises BadOrder, NotHeld, InstructionDiffers; then nothing was made.
        """
        maker, now = checked_person(by), self._clock()
        if len({request.order for request in requests}) < len(requests):
            raise BadOrder("an order stands twice", field="order", value=len(requests))
        for request in requests:
            self._require_dialect(request)
        with self.store.changing() as change:
            known = change.by_id([request.order for request in requests])
            for request in requests:
                if found := known.get(request.order):
                    _require_same(found, request)
            fresh = [request for request in requests if request.order not in known]
            self._require_held([one for one in fresh if one.kind is Kind.PAYOUT])
            made = [self._made(request, maker, now) for request in fresh]
            change.add(made)
            change.write([], [_own(one, "instruct", State.CREATED, now, by=maker) for one in made])
        known |= {one.id: one for one in made}
        return [known[request.order] for request in requests]

    def approve(self, instructions: Sequence[int], by: str) -> list[Instruction]:
        """Approved by a second person. Raises SamePerson, StepRefused, InstructionUnknown; then nothing changed."""
        return self._decide(instructions, by, News.APPROVE, "")

    def refuse(self, instructions: Sequence[int], by: str, reason: str) -> list[Instruction]:
        """Given up before anything was sent, by a checker or by the maker; the hold becomes free.

        Raises StepRefused, InstructionUnknown.
        """
        return self._decide(instructions, by, News.REFUSE, reason)

    def _decide(self, ids: Sequence[int], by: str, news: News, reason: str) -> list[Instruction]:
        person, now = checked_person(by), self._clock()
        with self.store.changing() as change:
            found = change.by_id(ids)
            after, events = [], []
            for one in ids:
                if one not in found:
                    raise InstructionUnknown(one)
                before = found[one]
                rule = step(before.state, news)
                if rule.verdict is Verdict.REFUSED:
                    raise StepRefused(one, before.state, news)
                if news is News.APPROVE and same_person(before.maker, person):
                    raise SamePerson(one)
                if rule.verdict is Verdict.SAME:
                    continue
                moved = replace(before, state=rule.path[-1], checker=person)
                if news is News.APPROVE:
                    moved = replace(moved, approved_at=now)
                else:
                    moved = replace(
                        moved, final_at=now, final_day=day_of(now), reason=f"refused: {reason}"[:200]
                    )
                after.append(moved)
                events.append(_own(before, news, moved.state, now, by=person, reason=reason))
            change.write(after, events)
        with self.store.changing() as change:
            found = change.by_id(ids)
        return [found[one] for one in ids]

    # --- looking -------------------------------------------------------------------------------------------------

    def instructions(
        self, *, states: Sequence[State] = (), channel: str = "", limit: int = LIST_ROWS_MAX
    ) -> list[Instruction]:
        """Instructions by request number: all, or those in `states`, or of one `channel`."""
        conditions: list[Any] = []
        if states:
            conditions.append(INSTRUCTION.c.state.in_([state.value for state in states]))
        if channel:
            conditions.append(INSTRUCTION.c.channel == channel)
        return self.store.instructions(*conditions, limit=limit)

    # --- the bank's word -----------------------------------------------------------------------------------------

    def take(self, answers: Sequence[Answer]) -> Taken:
        """Take answers in, in their order. May be called with the same answers again."""
        verdicts: Counter[Verdict] = Counter()
        strangers = 0
        for first in range(0, len(answers), ANSWERS_PER_WRITE):
            with self.store.changing() as change:
                part, strange = self._take(change, answers[first : first + ANSWERS_PER_WRITE])
            verdicts, strangers = verdicts + part, strangers + strange
        return Taken(verdicts, strangers)

    def _take(self, change: Changing, answers: Sequence[Answer]) -> tuple[Counter[Verdict], int]:
        found = change.by_request([answer.request_no for answer in answers])
        verdicts: Counter[Verdict] = Counter()
        changed: dict[int, Instruction] = {}
        events: list[Event] = []
        breaks: list[ChannelBreak] = []
        for answer in answers:
            one = found.get(answer.request_no)
            if one is None:
                if answer.news is not News.NOT_FOUND:
                    breaks.append(_break(None, answer, BreakClass.NEVER_SENT))
                continue
            decision = decide(one, answer, self.terms(one).resend_after_s * NS_PER_SECOND)
            verdicts[decision.verdict] += 1
            after = _moved(one, answer, decision)
            if decision.verdict in _RECORDED or answer.source is not Source.QUERY:
                events.append(_said(one, answer, decision, after.state))
            if decision.break_class is not None:
                breaks.append(_break(one, answer, decision.break_class))
            if after != one:
                found[answer.request_no] = changed[one.id] = after
        change.write(list(changed.values()), events, breaks)
        return verdicts, sum(answer.request_no not in found for answer in answers)

    def silence(self, numbers: Sequence[int], reason: str) -> int:
        """Nothing reliable was heard of these requests: those that wait for an answer become unknown."""
        now, moved = self._clock(), 0
        for first in range(0, len(numbers), ANSWERS_PER_WRITE):
            with self.store.changing() as change:
                found = change.by_request(numbers[first : first + ANSWERS_PER_WRITE])
                waiting = [
                    one for one in found.values() if step(one.state, News.SILENCE).verdict is Verdict.MOVE
                ]
                change.write(
                    [replace(one, state=State.UNKNOWN) for one in waiting],
                    [_own(one, News.SILENCE, State.UNKNOWN, now, reason=reason) for one in waiting],
                )
                moved += len(waiting)
        return moved

    def hold_back(self, stopped: Mapping[int, Stopped]) -> None:
        """Write down what cannot be sent: who waits goes behind the others, what ended by itself is given up."""
        now = self._clock()
        with self.store.changing() as change:
            after, events = [], []
            for one in change.by_id(list(stopped)).values():
                why = stopped[one.id]
                if why.wait or step(one.state, News.REFUSE).verdict is not Verdict.MOVE:
                    after.append(replace(one, queried_at=now))
                    continue
                ended = replace(
                    one, state=State.FAILED, final_at=now, final_day=day_of(now), reason=why.why[:200]
                )
                after.append(replace(ended, booked=State.FAILED.value))
                events.append(_own(one, News.REFUSE, State.FAILED, now, reason=why.why))
            change.write(after, events)

    # --- sending -------------------------------------------------------------------------------------------------

    def mark_sent(
        self, change: Changing, instructions: Sequence[Instruction], batch: str
    ) -> list[Instruction]:
        """Write down, inside `change`, that `instructions` are being sent: before the first byte leaves."""
        now, after = self._clock(), []
        for one in instructions:
            again = one.missing_at == SEND_AGAIN and not one.acknowledged_at
            if step(one.state, News.SEND).verdict is not Verdict.MOVE or (one.attempts and not again):
                raise StepRefused(one.id, one.state, News.SEND)
            acknowledge_by, settle_by = deadlines_sent(self.terms(one), now)
            if one.attempts:  # a settlement's deadline counts from the first sending
                settle_by = one.deadlines.settle_by
            deadlines = replace(one.deadlines, acknowledge_by=acknowledge_by, settle_by=settle_by)
            after.append(
                replace(
                    one,
                    state=State.SENT,
                    sent_at=now,
                    attempts=one.attempts + 1,
                    batch=batch,
                    deadlines=deadlines,
                    missing_at=0,
                )
            )
        events = [_own(one, News.SEND, State.SENT, now, reason=batch) for one in instructions]
        change.write(after, events)
        return after

    def terms(self, one: Instruction) -> Terms:
        """What is agreed about time with the bank of this instruction."""
        return self.dialects[one.channel].terms

    # --- checks --------------------------------------------------------------------------------------------------

    def _require_dialect(self, request: Request) -> None:
        dialect = self.dialects.get(request.channel)
        if dialect is None or request.kind not in dialect.kinds:
            raise BadOrder(
                f"no open channel of that name takes a {request.kind}", field="channel", value=request.channel
            )

    def _require_held(self, requests: Sequence[Request]) -> None:
        held = {one.id: one for one in self._transfers([transfer_id(request.order) for request in requests])}
        ends = (Step.POSTED, Step.VOIDED)
        ended = {
            one.id for one in self._transfers([transfer_id(r.order, end) for r in requests for end in ends])
        }
        advanced = {
            one.id for one in self._transfers([transfer_id(request.order, leg=1) for request in requests])
        }
        for request in requests:
            hold = held.get(transfer_id(request.order))
            if hold is None or not hold.flags & TransferFlags.PENDING:
                raise NotHeld(request.order, "the ledger holds no withdrawal of this order")
            if hold.ledger != currency_of(request.currency).number:
                raise NotHeld(request.order, "the ledger holds another currency")
            if (hold.debit_account_id, hold.amount) != (request.account, request.amount):
                raise NotHeld(request.order, "the ledger holds another amount, or of another account")
            if (transfer_id(request.order, leg=1) in advanced) != (request.mode is Mode.IMMEDIATE):
                raise NotHeld(request.order, f"the withdrawal was not booked as {request.mode}")
            if any(transfer_id(request.order, end) in ended for end in ends):
                raise NotHeld(request.order, "the withdrawal was paid or freed already")

    def _transfers(self, ids: Sequence[int]) -> list[Transfer]:
        return [
            one
            for first in range(0, len(ids), RESULTS_MAX)
            for one in self._books.lookup_transfers(ids[first : first + RESULTS_MAX])
        ]

    def _made(self, request: Request, maker: str, now: int) -> Instruction:
        return Instruction(
            id=request.order,
            request_no=request_number(request.order, request.channel),
            kind=request.kind,
            channel=request.channel,
            account=request.account,
            amount=request.amount,
            currency=request.currency,
            payee=request.payee,
            mode=request.mode,
            state=State.CREATED,
            maker=maker,
            checker="",
            deadlines=first_deadlines(self.dialects[request.channel].terms, now),
            created_at=now,
        )


def _require_same(found: Instruction, request: Request) -> None:
    for name in _ASKED_AGAIN:
        if getattr(found, name) != getattr(request, name):
            raise InstructionDiffers(found.id, name)


def _moved(one: Instruction, answer: Answer, decision: Decision) -> Instruction:
    """`one` after an answer."""
    if decision.may_resend:
        return replace(one, missing_at=answer.at)
    if decision.verdict is not Verdict.MOVE:
        return one
    after = replace(one, state=decision.path[-1], bank_no=(answer.bank_no or one.bank_no)[:64])
    if decision.path[0] is State.ACKNOWLEDGED:
        return replace(after, acknowledged_at=answer.at)
    day = answer.day or day_of(answer.at)
    if one.state not in (State.SETTLED, State.FAILED):
        after = replace(after, final_at=answer.at, final_day=day, reason=answer.reason[:200])
    if after.state is State.RETURNED:
        after = replace(after, returned_at=answer.at, returned_day=day, reason=answer.reason[:200])
    return after


def _own(one: Instruction, news: str, after: State, now: int, *, by: str = "", reason: str = "") -> Event:
    return Event(
        number=0, instruction=one.id, at=now, news=str(news), verdict=Verdict.MOVE.value, before=one.state.value,
        after=after.value, source=Source.OWN.value, by=by, reason=reason,
    )  # fmt: skip


def _said(one: Instruction, answer: Answer, decision: Decision, after: State) -> Event:
    return Event(
        number=0, instruction=one.id, at=answer.at, news=answer.news.value, verdict=decision.verdict.value,
        before=one.state.value, after=after.value, source=answer.source.value, reason=answer.reason,
        digest=answer.digest,
    )  # fmt: skip


def _break(one: Instruction | None, answer: Answer, kind: BreakClass) -> ChannelBreak:
    said = answer.news.value
    if answer.amount is not None:
        said += f" {answer.amount} {answer.currency}".rstrip()
    return ChannelBreak(
        number=0, request_no=answer.request_no, instruction=one.id if one else 0, kind=kind, at=answer.at,
        amount=one.amount if one else answer.amount or 0, state=one.state.value if one else "", said=said,
        source=answer.source.value, digest=answer.digest,
    )  # fmt: skip
