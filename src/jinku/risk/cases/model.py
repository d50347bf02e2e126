"""A case as a value: what follows from its acts.

Rules (K7):

1. A case is nothing but its acts, applied in order (`replay`). States and what leads from one to another are in
   ``MOVES``; a note, evidence, a link or a share changes no state.
2. Whoever opened, owned, investigated, added to or proposed the end of a case has a hand in it (`Case.hands`) and does
   not approve it.
3. Notes are only added. Evidence is a digest with a kind and an opaque reference.

Example::

    case = replay(book.history("case", "000001"))
    case.state, case.owner, case.hands
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jinku.risk.acts.model import PROGRAM, Act, Standing


class State(StrEnum):
    """How far a case is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    INVESTIGATING = "investigating"
    PROPOSED = "proposed"
    APPROVED = "approved"
    """A report or a measure is approved; it is made now."""
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a case is to end."""

    DISMISS = "dismiss"
    REPORT = "report"
    MEASURE = "measure"


class Did(StrEnum):
    """What an act of a case says was done."""

    OPEN = "open"
    JOIN = "join"
    ASSIGN = "assign"
    INVESTIGATE = "investigate"
    NOTE = "note"
    EVIDENCE = "evidence"
    LINK = "link"
    SHARE = "share"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    CLOSE = "close"
    REOPEN = "reopen"


_WORKED = frozenset({State.OPEN, State.ASSIGNED, State.INVESTIGATING})
_LIVING = frozenset(State) - {State.CLOSED}
MOVES: Mapping[Did, frozenset[State]] = MappingProxyType(
    {
        Did.JOIN: _WORKED,
        Did.ASSIGN: _WORKED,
        Did.INVESTIGATE: frozenset({State.ASSIGNED}),
        Did.NOTE: frozenset(State),
        Did.EVIDENCE: _LIVING,
        Did.LINK: _LIVING,
        Did.SHARE: frozenset(State),
        Did.PROPOSE: frozenset({State.INVESTIGATING}),
        Did.APPROVE: frozenset({State.PROPOSED}),
        Did.REJECT: frozenset({State.PROPOSED}),
        Did.CLOSE: frozenset({State.APPROVED}),
        Did.REOPEN: frozenset({State.CLOSED}),
    }
)
"""From which states each act is allowed."""
_WITH_A_HAND = frozenset({Did.INVESTIGATE, Did.NOTE, Did.EVIDENCE, Did.LINK, Did.PROPOSE})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was seen, by its digest."""

    kind: str
    reference: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """How somebody wants a case to end."""

    by: str
    outcome: Outcome
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Case:
    """One case with all that was done."""

    key: str
    subject: int
    """The customer or account it is about."""
    opened_at: int
    """UTC ns."""
    began_at: int
    """From when its clocks run: its opening, or being opened again."""
    priority: int
    alerts: tuple[int, ...] = ()
    state: State = State.OPEN
    owner: str = ""
    hands: frozenset[str] = frozenset()
    """Who worked on it, in small letters."""
    readers: frozenset[str] = frozenset()
    """With whom it was shared, in small letters."""
    assigned_at: int = 0
    proposed_at: int = 0
    approved_at: int = 0
    approved_by: str = ""
    proposal: Proposal | None = None
    evidence: tuple[Evidence, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Number of the other case, and why."""
    notes: int = 0
    made: tuple[str, ...] = ()
    """What closed it: ``report 000001``, ``measure 000002``."""
    closed_at: int = 0
    reopened: int = 0
    acts: int = 0
    words: tuple[str, ...] = ()
    """What persons wrote, in order."""

    @property
    def standing(self) -> Standing:
        """What lists need to know."""
        return Standing(self.state.value, str(self.subject), self.owner)


def replay(acts: Sequence[Act]) -> Case:
    """The case that these acts make, the first being OPEN."""
    first = acts[0]
    case = Case(
        first.key,
        int(first.body["subject"]),
        first.at,
        first.at,
        first.body["priority"],
        tuple(first.body["alerts"]),
        hands=frozenset({first.by.casefold()} - {PROGRAM}),
        acts=1,
        words=_written(first),
    )
    for act in acts[1:]:
        case = applied(case, act)
    return case


def applied(case: Case, act: Act) -> Case:
    """`case` after one more act."""
    did = Did(act.what)
    case = replace(_APPLY[did](case, act, act.body), acts=act.number, words=(*case.words, *_written(act)))
    if did in _WITH_A_HAND and act.by != PROGRAM:
        case = replace(case, hands=case.hands | {act.by.casefold()})
    return case


def fold_case(acts: Sequence[Act]) -> Standing:
    """Where the acts of a case put it."""
    return replay(acts).standing


def _written(act: Act) -> tuple[str, ...]:
    text = act.body.get("text", "")
    return (text,) if text else ()


def _join(case: Case, _act: Act, body: Mapping[str, Any]) -> Case:
    alerts = tuple(sorted({*case.alerts, *body["alerts"]}))
    return replace(case, alerts=alerts, priority=min(case.priority, body["priority"]))


def _assign(case: Case, act: Act, body: Mapping[str, Any]) -> Case:
    return replace(
        case,
        owner=body["owner"],
        state=State.ASSIGNED if case.state is State.OPEN else case.state,
        hands=case.hands | {body["owner"].casefold()},
        assigned_at=case.assigned_at or act.at,
    )


def _investigate(case: Case, _act: Act, _body: Mapping[str, Any]) -> Case:
    return replace(case, state=State.INVESTIGATING)


def _note(case: Case, _act: Act, _body: Mapping[str, Any]) -> Case:
    return replace(case, notes=case.notes + 1)


def _evidence(case: Case, _act: Act, body: Mapping[str, Any]) -> Case:
    one = Evidence(body["kind"], body["reference"], body["sha256"])
    return replace(case, evidence=(*case.evidence, one))


def _link(case: Case, _act: Act, body: Mapping[str, Any]) -> Case:
    return replace(case, links=(*case.links, (body["case"], body["why"])))


def _share(case: Case, _act: Act, body: Mapping[str, Any]) -> Case:
    return replace(case, readers=case.readers | {body["person"].casefold()})


def _propose(case: Case, act: Act, body: Mapping[str, Any]) -> Case:
    proposal = Proposal(act.by, Outcome(body["outcome"]), body["text"], act.at)
    return replace(case, state=State.PROPOSED, proposal=proposal, proposed_at=act.at)


def _approve(case: Case, act: Act, _body: Mapping[str, Any]) -> Case:
    case = replace(case, approved_by=act.by, approved_at=act.at)
    if case.proposal is not None and case.proposal.outcome is Outcome.DISMISS:
        return replace(case, state=State.CLOSED, closed_at=act.at)
    return replace(case, state=State.APPROVED)


def _reject(case: Case, _act: Act, _body: Mapping[str, Any]) -> Case:
    return replace(case, state=State.INVESTIGATING, proposal=None, proposed_at=0)


def _close(case: Case, act: Act, body: Mapping[str, Any]) -> Case:
    return replace(case, state=State.CLOSED, closed_at=act.at, made=(*case.made, *body["made"]))


def _reopen(case: Case, act: Act, _body: Mapping[str, Any]) -> Case:
    return replace(
        case,
        state=State.ASSIGNED if case.owner else State.OPEN,
        began_at=act.at,
        assigned_at=act.at if case.owner else 0,
        proposal=None,
        proposed_at=0,
        approved_at=0,
        approved_by="",
        closed_at=0,
        reopened=case.reopened + 1,
    )


_APPLY: Mapping[Did, Callable[[Case, Act, Mapping[str, Any]], Case]] = MappingProxyType(
    {
        Did.JOIN: _join,
        Did.ASSIGN: _assign,
        Did.INVESTIGATE: _investigate,
        Did.NOTE: _note,
        Did.EVIDENCE: _evidence,
        Did.LINK: _link,
        Did.SHARE: _share,
        Did.PROPOSE: _propose,
        Did.APPROVE: _approve,
        Did.REJECT: _reject,
        Did.CLOSE: _close,
        Did.REOPEN: _reopen,
    }
)
