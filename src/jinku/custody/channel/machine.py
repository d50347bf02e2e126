"""The state machine of R5: a closed table over every state and every news, and one pure function.

Rules:

1. The table has a verdict for each pair of state and news; nothing is decided elsewhere.
2. ``MOVE`` goes along its path. ``SAME`` repeats what is known. ``STALE`` is an older word that arrives after a newer
   one and agrees with it. ``CONTRADICTION`` is recorded, raises a break and moves nothing. ``REFUSED`` is our own
   mistake.
3. A final state is never overwritten, but for settled → returned. A return that arrives first implies the settlement.
4. An instruction that was never sent has no answers: whatever the bank says of it is a break.
5. An answer with another amount or currency moves nothing and is a break.
6. Only an unknown one that the bank says it does not know, after the window since its last sending, may be sent again;
   one that the bank had acknowledged never.

Example::

    decide(instruction, Answer(request_no=…, news=News.SETTLED, …), resend_after_ns=60 * NS).path  # (State.SETTLED,)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from jinku.custody.channel.model import FINAL, Answer, BreakClass, Instruction, News, State


class Verdict(StrEnum):
    """What a piece of news means in a state."""

    MOVE = "move"
    SAME = "same"
    STALE = "stale"
    CONTRADICTION = "contradiction"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """A cell of the table: the verdict, and for a move the states it goes through."""

    verdict: Verdict
    path: tuple[State, ...] = ()


_S = State
_SAME, _STALE, _AGAINST, _NO = (
    Rule(Verdict.SAME), Rule(Verdict.STALE), Rule(Verdict.CONTRADICTION), Rule(Verdict.REFUSED),
)  # fmt: skip


def _to(*path: State) -> Rule:
    return Rule(Verdict.MOVE, path)


_COLUMNS = (
    News.APPROVE, News.REFUSE, News.EXPIRE, News.SEND, News.SILENCE,
    News.ACKNOWLEDGED, News.SETTLED, News.FAILED, News.RETURNED, News.NOT_FOUND,
)  # fmt: skip
_FAIL, _ACK, _DONE, _BACK = (
    _to(_S.FAILED),
    _to(_S.ACKNOWLEDGED),
    _to(_S.SETTLED),
    _to(_S.SETTLED, _S.RETURNED),
)
_LOST, _SENT = _to(_S.UNKNOWN), _to(_S.SENT)
_ROWS: Mapping[State, tuple[Rule, ...]] = {
    #                approve          refuse expire send   silence acknowl. settled   failed    returned  not found
    _S.CREATED:      (_to(_S.APPROVED), _FAIL, _FAIL, _NO, _NO, _AGAINST, _AGAINST, _AGAINST, _AGAINST, _SAME),
    _S.APPROVED:     (_SAME, _FAIL, _FAIL, _SENT, _NO, _AGAINST, _AGAINST, _AGAINST, _AGAINST, _SAME),
    _S.SENT:         (_NO, _NO, _NO, _NO, _LOST, _ACK, _DONE, _FAIL, _BACK, _STALE),
    _S.ACKNOWLEDGED: (_NO, _NO, _NO, _NO, _LOST, _SAME, _DONE, _FAIL, _BACK, _AGAINST),
    _S.UNKNOWN:      (_NO, _NO, _NO, _SENT, _SAME, _ACK, _DONE, _FAIL, _BACK, _SAME),
    _S.SETTLED:      (_NO, _NO, _NO, _NO, _SAME, _STALE, _SAME, _AGAINST, _to(_S.RETURNED), _AGAINST),
    _S.FAILED:       (_NO, _SAME, _SAME, _NO, _SAME, _STALE, _AGAINST, _SAME, _AGAINST, _SAME),
    _S.RETURNED:     (_NO, _NO, _NO, _NO, _SAME, _STALE, _STALE, _AGAINST, _SAME, _AGAINST),
}  # fmt: skip
TRANSITIONS: Mapping[tuple[State, News], Rule] = MappingProxyType(
    {(state, news): rule for state, row in _ROWS.items() for news, rule in zip(_COLUMNS, row, strict=True)}
)
"""The verdict on each pair."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an answer means for an instruction."""

    verdict: Verdict
    path: tuple[State, ...] = ()
    break_class: BreakClass | None = None
    may_resend: bool = False
    """The bank knows no such request, after the window."""


def step(state: State, news: News) -> Rule:
    """What our own news (a person's, a deadline's, a sending) means in `state`."""
    return TRANSITIONS[state, news]


def decide(instruction: Instruction, answer: Answer, resend_after_ns: int) -> Decision:
    """What the bank's `answer` means. `resend_after_ns` is the window of rule 6, since the last sending."""
    if not instruction.attempts:
        if answer.news is News.NOT_FOUND:
            return Decision(Verdict.SAME)
        return Decision(Verdict.CONTRADICTION, break_class=BreakClass.NEVER_SENT)
    if answer.news is not News.NOT_FOUND and _differs(instruction, answer):
        return Decision(Verdict.CONTRADICTION, break_class=BreakClass.AMOUNT_DIFFERS)
    rule = TRANSITIONS[instruction.state, answer.news]
    if rule.verdict is Verdict.CONTRADICTION:
        return Decision(rule.verdict, break_class=BreakClass.CONTRADICTION)
    if answer.news is News.NOT_FOUND and instruction.state is State.UNKNOWN:
        if instruction.acknowledged_at:
            return Decision(Verdict.CONTRADICTION, break_class=BreakClass.CONTRADICTION)
        return Decision(Verdict.SAME, may_resend=answer.at >= instruction.sent_at + resend_after_ns)
    late = rule.verdict is Verdict.MOVE and rule.path[0] in FINAL and instruction.state not in FINAL
    if late and answer.at > instruction.deadlines.settle_by:
        return Decision(rule.verdict, rule.path, BreakClass.LATE)
    return Decision(rule.verdict, rule.path)


def _differs(instruction: Instruction, answer: Answer) -> bool:
    other_amount = answer.amount is not None and answer.amount != instruction.amount
    return other_amount or answer.currency not in ("", instruction.currency)
