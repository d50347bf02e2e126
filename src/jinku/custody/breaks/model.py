"""A break's life as values: events that are only ever added, and the case that follows from them.

Rules:

1. A case is nothing but its events, applied in order (`applied`). Each event names the digest of the one before, so a
   history cannot be changed in the middle.
2. An event's digest covers its facts as they stand and the digest of what a person wrote (``WORDS``). The words can
   be erased, and the chain still verifies; a fact cannot be changed.
3. States and what leads from one to another are in ``MOVES``. A comment, an action or a link changes no state.

Example::

    case = replay(events)
    case.state, case.owner, case.actions
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jinku.base.canonical import canonical_json

WORDS = ("text", "what", "value")
"""The parts of an event's body that a person writes; they can be erased."""


class State(StrEnum):
    """How far a break is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    INVESTIGATING = "investigating"
    PROPOSED = "proposed"
    """An end is proposed and waits for approval."""
    BOOKING = "booking"
    """A write-off is approved; its entries are on their way to the ledger."""
    CLOSED = "closed"
    WRITTEN_OFF = "written_off"


STATES = MappingProxyType(
    {
        State.OPEN: "未处理",
        State.ASSIGNED: "已分派",
        State.INVESTIGATING: "调查中",
        State.PROPOSED: "待复核",
        State.BOOKING: "记账中",
        State.CLOSED: "已关闭",
        State.WRITTEN_OFF: "已核销",
    }
)
"""Chinese names."""
ENDED = frozenset({State.CLOSED, State.WRITTEN_OFF})


class Act(StrEnum):
    """What an event says was done."""

    FOUND = "found"
    SEEN = "seen"
    MATCHED = "matched"
    ASSIGN = "assign"
    INVESTIGATE = "investigate"
    COMMENT = "comment"
    ACTION = "action"
    DONE = "done"
    LINK = "link"
    ESCALATE = "escalate"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    BOOKED = "booked"
    REFUSED = "refused"
    REOPEN = "reopen"


_WORKED = frozenset({State.OPEN, State.ASSIGNED, State.INVESTIGATING})
_LIVING = _WORKED | {State.PROPOSED}
MOVES: Mapping[Act, frozenset[State]] = MappingProxyType(
    {
        Act.SEEN: frozenset(State),
        Act.MATCHED: _LIVING,
        Act.ASSIGN: _WORKED,
        Act.INVESTIGATE: frozenset({State.ASSIGNED, State.INVESTIGATING}),
        Act.COMMENT: frozenset(State),
        Act.ACTION: _LIVING,
        Act.DONE: _LIVING,
        Act.LINK: frozenset(State),
        Act.ESCALATE: _LIVING,
        Act.PROPOSE: frozenset({State.ASSIGNED, State.INVESTIGATING}),
        Act.APPROVE: frozenset({State.PROPOSED}),
        Act.REJECT: frozenset({State.PROPOSED}),
        Act.BOOKED: frozenset({State.BOOKING}),
        Act.REFUSED: frozenset({State.BOOKING}),
        Act.REOPEN: ENDED,
    }
)
"""From which states each act is allowed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a break."""

    break_id: int
    number: int
    at: int
    by: str
    act: Act
    body: Mapping[str, Any]
    words_digest: str
    digest: str

    @classmethod
    def after(
        cls, head: str, about: tuple[int, int], at: int, by: str, said: tuple[Act, Mapping[str, Any]]
    ) -> "Event":
        """The event `about` (break, number) that follows the one with digest `head`."""
        act, body = said
        event = cls(*about, at, by, act, body, digest_of(words_of(body)), "")
        return replace(event, digest=chained(head, event))

    @property
    def is_erased(self) -> bool:
        """Whether its words are gone, and there were some."""
        return not any(words_of(self.body).values()) and self.words_digest != digest_of(words_of(self.body))


def words_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a person wrote."""
    return {name: body[name] for name in WORDS if name in body}


def erased(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what a person wrote."""
    return {name: "" if name in WORDS else value for name, value in body.items()}


def chained(head: str, event: Event) -> str:
    """The digest of an event that follows the one with digest `head`, SHA-256 in hexadecimal."""
    return digest_of(
        {
            "after": head,
            "break": f"{event.break_id:032x}",
            "number": event.number,
            "at": str(event.at),
            "by": event.by,
            "act": event.act.value,
            "facts": {name: value for name, value in event.body.items() if name not in WORDS},
            "words_sha256": event.words_digest,
        }
    )


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical bytes, hexadecimal."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done about a break."""

    number: int
    what: str
    owner: str
    due: date
    done_by: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """How somebody wants to end a break, and who has approved it so far."""

    by: str
    cause: str
    text: str
    approved_by: tuple[str, ...] = ()
    correction: Mapping[str, Any] | None = None
    """Of a write-off: the entries to be booked (`jinku.custody.breaks.correction`)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One break with all that was done about it. Amounts are minor units."""

    id: int
    entity: int
    currency: int
    """ISO 4217 number."""
    account: str
    kind: str
    """Class, as it was last found."""
    amount: int
    effect: int
    """The bank's side less ours."""
    reference: str
    day: date
    """The day from which the age counts."""
    first_seen: date
    last_seen: date
    transfer_ids: tuple[int, ...] = ()
    bank_ids: tuple[str, ...] = ()
    platform_ids: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    state: State = State.OPEN
    owner: str = ""
    cause: str = ""
    cause_text: str = ""
    level: int = 0
    """How far it has been escalated."""
    ended: date | None = None
    reopened: int = 0
    actions: tuple[Action, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    proposal: Proposal | None = None
    transfers: tuple[int, ...] = ()
    """The correcting transfers of a write-off."""
    events: int = 0
    head: str = ""


def found(event: Event) -> Case:
    """The case that a FOUND event begins."""
    body = event.body
    case = Case(
        id=event.break_id,
        entity=body["entity"],
        currency=body["currency"],
        account=body["account"],
        kind=body["class"],
        amount=int(body["amount"]),
        effect=int(body["effect"]),
        reference=body["reference"],
        day=date.fromisoformat(body["day"]),
        first_seen=date.fromisoformat(body["seen"]),
        last_seen=date.fromisoformat(body["seen"]),
    )
    return _records(case, body)


def replay(events: Sequence[Event]) -> Case:
    """The case that these events make, the first being FOUND."""
    case = found(events[0])
    case = replace(case, events=1, head=events[0].digest)
    for event in events[1:]:
        case = applied(case, event)
    return case


def applied(case: Case, event: Event) -> Case:
    """`case` after one more event."""
    return replace(_APPLY[event.act](case, event, event.body), events=event.number, head=event.digest)


def _records(case: Case, body: Mapping[str, Any]) -> Case:
    return replace(
        case,
        transfer_ids=tuple(map(int, body["transfers"])),
        bank_ids=tuple(body["bank"]),
        platform_ids=tuple(body["platform"]),
        evidence=tuple(body["evidence"]),
    )


def _seen(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    case = replace(
        case,
        kind=body["class"],
        amount=int(body["amount"]),
        effect=int(body["effect"]),
        last_seen=max(case.last_seen, date.fromisoformat(body["seen"])),
    )
    return _records(case, body)


def _matched(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    return replace(
        case,
        state=State.CLOSED,
        cause=body["cause"],
        cause_text=body["text"],
        ended=date.fromisoformat(body["day"]),
        proposal=None,
    )


def _assign(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    state = State.ASSIGNED if case.state is State.OPEN else case.state
    return replace(case, owner=body["owner"], state=state)


def _investigate(case: Case, _event: Event, _body: Mapping[str, Any]) -> Case:
    return replace(case, state=State.INVESTIGATING)


def _same(case: Case, _event: Event, _body: Mapping[str, Any]) -> Case:
    return case


def _action(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    action = Action(len(case.actions) + 1, body["what"], body["owner"], date.fromisoformat(body["due"]))
    return replace(case, actions=(*case.actions, action))


def _done(case: Case, event: Event, body: Mapping[str, Any]) -> Case:
    done = tuple(
        replace(one, done_by=event.by) if one.number == body["action"] else one for one in case.actions
    )
    return replace(case, actions=done)


def _link(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    return replace(case, links=(*case.links, (body["kind"], body["value"])))


def _escalate(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    return replace(case, level=body["level"])


def _propose(case: Case, event: Event, body: Mapping[str, Any]) -> Case:
    proposal = Proposal(event.by, body["cause"], body["text"], (), body.get("correction"))
    return replace(case, state=State.PROPOSED, proposal=proposal)


def _approve(case: Case, event: Event, body: Mapping[str, Any]) -> Case:
    if case.proposal is None:
        return case
    proposal = replace(case.proposal, approved_by=(*case.proposal.approved_by, event.by))
    case = replace(case, proposal=proposal)
    if not body["final"]:
        return case
    if proposal.correction is not None:
        return replace(case, state=State.BOOKING)
    return replace(
        case,
        state=State.CLOSED,
        cause=proposal.cause,
        cause_text=proposal.text,
        ended=date.fromisoformat(body["day"]),
    )


def _reject(case: Case, _event: Event, _body: Mapping[str, Any]) -> Case:
    return replace(case, state=State.INVESTIGATING, proposal=None)


def _booked(case: Case, _event: Event, body: Mapping[str, Any]) -> Case:
    proposal = case.proposal
    return replace(
        case,
        state=State.WRITTEN_OFF,
        cause=proposal.cause if proposal else case.cause,
        cause_text=proposal.text if proposal else case.cause_text,
        ended=date.fromisoformat(body["day"]),
        transfers=(*case.transfers, *map(int, body["transfers"])),
    )


def _reopen(case: Case, _event: Event, _body: Mapping[str, Any]) -> Case:
    return replace(
        case,
        state=State.ASSIGNED if case.owner else State.OPEN,
        ended=None,
        cause="",
        cause_text="",
        proposal=None,
        level=0,
        reopened=case.reopened + 1,
    )


_APPLY = MappingProxyType(
    {
        Act.FOUND: _same,
        Act.SEEN: _seen,
        Act.MATCHED: _matched,
        Act.ASSIGN: _assign,
        Act.INVESTIGATE: _investigate,
        Act.COMMENT: _same,
        Act.ACTION: _action,
        Act.DONE: _done,
        Act.LINK: _link,
        Act.ESCALATE: _escalate,
        Act.PROPOSE: _propose,
        Act.APPROVE: _approve,
        Act.REJECT: _reject,
        Act.BOOKED: _booked,
        Act.REFUSED: _reject,
        Act.REOPEN: _reopen,
    }
)
