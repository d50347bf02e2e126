"""From the bank's word to the ledger: what is final is booked once, and the deadlines are kept.

Rules:

1. A payout that settled is `PaidOut`, one that failed, was refused or expired is `PayoutFailed`, one that came back is
   `PayoutReturned` after its `PaidOut`. A collection that settled is a `Deposit`. The order's id makes each
   of them one.
2. The orders go the way that every order goes (`jinku.custody.channel.giving`), on the business day that is open then.
3. What is refused there stays unbooked and is a break; nothing else waits for it.
4. Outcomes are sealed in the log a batch at a time (topic 6) before they count as booked.
5. Deadlines: what nobody approved or sent in time expires and frees its hold; what the bank left unanswered becomes
   unknown, so that it is asked; what is past its settlement day is a break for a person, once.

Example::

    book(desk, orders, books)  # 37
    keep_deadlines(desk, clock())
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.clock import day_of
from jinku.custody.channel.desk import BankDesk
from jinku.custody.channel.model import (
    BreakClass,
    ChannelBreak,
    Event,
    Instruction,
    Kind,
    Mode,
    News,
    Source,
    State,
)
from jinku.custody.channel.port import Books, Given, Orders
from jinku.custody.channel.store import unbooked_condition
from jinku.custody.channel.tables import INSTRUCTION
from jinku.custody.orders import model as orders
from jinku.custody.orders.model import Deposit, Order, PaidOut, PayoutFailed, PayoutReturned

SEAL_TOPIC_BANK = 6
"""The topic under which the log seals what was sent to banks and what became of it."""
BOOKED_PER_CALL = 4_000
LEDGER_MODES = {
    Mode.NORMAL: orders.Mode.NORMAL,
    Mode.IMMEDIATE: orders.Mode.IMMEDIATE,
    Mode.CONFIRMED: orders.Mode.CONFIRMED,
}
_WAITING = (State.SENT, State.ACKNOWLEDGED)


def orders_of(one: Instruction) -> list[Order]:
    """What must be booked for a final instruction, beyond what is known to be; the bank's days, for a person to see."""
    day = one.final_day or day_of(one.final_at)
    mode = LEDGER_MODES[one.mode]
    if one.kind is Kind.COLLECTION:
        if one.state is State.FAILED or one.booked:
            return []
        return [Deposit(id=one.id, day=day, reference=one.request_no, account=one.account, amount=one.amount)]
    if one.state is State.FAILED:
        return [PayoutFailed(id=one.id, day=day, reference=one.request_no, amount=one.amount, mode=mode)]
    found: list[Order] = []
    if not one.booked:
        found.append(PaidOut(id=one.id, day=day, reference=one.request_no, amount=one.amount, mode=mode))
    if one.state is State.RETURNED:
        back = one.returned_day or day_of(one.returned_at)
        found.append(
            PayoutReturned(
                id=one.id,
                day=back,
                reference=one.request_no,
                account=one.account,
                amount=one.amount,
                mode=mode,
            )
        )
    return found


def book(desk: BankDesk, corridor: Orders, books: Books) -> int:
    """Book what is final; how many instructions were booked. Raises LedgerError, and nothing is lost by it."""
    booked, after = 0, 0
    while True:
        found = desk.store.instructions(
            unbooked_condition(), INSTRUCTION.c.request_no > after, limit=BOOKED_PER_CALL
        )
        if not found:
            return booked
        after = found[-1].request_no
        wanted = [Given(one.account, order) for one in found for order in orders_of(one)]
        refusals = corridor.give(wanted) if wanted else {}
        done = [one for one in found if one.id not in refusals]
        if done:
            books.seal(hashlib.sha256(outcome_document(done)).digest(), SEAL_TOPIC_BANK)
        _write_booked(desk, done, [(one, refusals[one.id]) for one in found if one.id in refusals])
        booked += len(done)


def outcome_document(instructions: Sequence[Instruction]) -> bytes:
    """The canonical JSON that is sealed for outcomes."""
    rows = [
        [
            str(one.id),
            str(one.request_no),
            one.state.value,
            str(one.amount),
            one.currency,
            one.bank_no,
            (one.returned_day or one.final_day or day_of(one.final_at)).isoformat(),
        ]
        for one in instructions
    ]
    return canonical_json({"document": "jinku/bank-outcomes/v1", "instructions": rows})


def _write_booked(
    desk: BankDesk,
    done: Sequence[Instruction],
    refused: Sequence[tuple[Instruction, str]],
) -> None:
    with desk.store.changing() as change:
        now = change.by_id([one.id for one in done])
        events, changed = [], []
        for one in done:
            # what came in since (a return) stays to be booked: only what was booked here is written down
            changed.append(replace(now[one.id], booked=one.state.value))
            events.append(_event(one, "booked", one.state, one.final_at))
        breaks = [not_booked(one, why) for one, why in refused]
        breaks += [_collection_returned(one) for one in done if _came_back_after_deposit(one)]
        change.write(changed, events, breaks)


def keep_deadlines(desk: BankDesk, now: int) -> int:
    """Rule 5; how many instructions changed."""
    table = INSTRUCTION.c
    never_sent = [State.CREATED.value, State.APPROVED.value]
    expired = table.state.in_(never_sent) & (
        ((table.state == State.CREATED.value) & (table.approve_by < now)) | (table.send_by < now)
    )
    unanswered = ((table.state == State.SENT.value) & (table.acknowledge_by < now)) | (
        table.state.in_([state.value for state in _WAITING]) & (table.settle_by < now)
    )
    overdue = (table.state == State.UNKNOWN.value) & (table.settle_by < now)
    changed = _expire(desk, expired, now)
    waiting = desk.store.instructions(unanswered, limit=BOOKED_PER_CALL)
    changed += desk.silence([one.request_no for one in waiting], "deadline passed")
    late = desk.store.instructions(overdue, limit=BOOKED_PER_CALL)
    with desk.store.changing() as change:
        change.write([], [], [_overdue(one, now) for one in late])
    return changed


def _expire(desk: BankDesk, condition: Any, now: int) -> int:
    with desk.store.changing() as change:
        found = [one for one in change.where(condition, limit=BOOKED_PER_CALL) if not one.attempts]
        change.write(
            [
                replace(one, state=State.FAILED, final_at=now, final_day=day_of(now), reason="expired")
                for one in found
            ],
            [_event(one, News.EXPIRE, State.FAILED, now) for one in found],
        )
    return len(found)


def _event(one: Instruction, news: str, after: State, at: int) -> Event:
    return Event(
        number=0, instruction=one.id, at=at, news=str(news), verdict="move", before=one.state.value,
        after=after.value, source=Source.OWN.value,
    )  # fmt: skip


def _came_back_after_deposit(one: Instruction) -> bool:
    return one.kind is Kind.COLLECTION and one.state is State.RETURNED


def _own_break(one: Instruction, kind: BreakClass, at: int, said: str) -> ChannelBreak:
    return ChannelBreak(
        number=0, request_no=one.request_no, instruction=one.id, kind=kind, at=at, amount=one.amount,
        state=one.state.value, said=said, source=Source.OWN.value,
    )  # fmt: skip


def not_booked(one: Instruction, why: str) -> ChannelBreak:
    """The break that says why the bank's word on `one` is not booked."""
    return _own_break(one, BreakClass.NOT_BOOKED, one.final_at, why)


def _collection_returned(one: Instruction) -> ChannelBreak:
    return _own_break(one, BreakClass.COLLECTION_RETURNED, one.returned_at, f"taken back: {one.reason}"[:200])


def _overdue(one: Instruction, now: int) -> ChannelBreak:
    return _own_break(one, BreakClass.OVERDUE, now, "no final answer by the settlement day")
