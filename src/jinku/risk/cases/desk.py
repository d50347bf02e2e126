"""The case desk: from alerts to an end that two persons stand behind.

Rules (K7):

1. open → assigned → investigating → proposed (dismiss, report, measure) → approved by a person without a hand in it →
   closed. A dismissed case is closed by its approval; one with a report or measure closes with the report that was
   submitted or the measure that is in force.
2. Each step has a deadline in working days, by the dated table; what is late is told by `clocks`.
3. Everything is an act, sealed (topic 15). Notes are only added. Evidence is digests.
4. Need to know: each command and each look goes through `access`; a case one may not know of does not exist.

Example::

    case = desk.open([1, 2], "aml-1", "three deposits just under the threshold")
    desk.assign(case.key, "aml-1", by="head-1"), desk.investigate(case.key, "aml-1")
    desk.propose(case.key, "aml-1", Outcome.REPORT, "…"), desk.approve(case.key, "head-2")
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook, Page
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import Act, person, words
from jinku.risk.cases.access import READERS, WORKERS, NeedToKnow, Role
from jinku.risk.cases.alert_desk import close_with_case, groups_of, take_into_case
from jinku.risk.cases.alert_store import Group
from jinku.risk.cases.errors import NothingThere, NotNow, NotYourPart, SecondPersonNeeded
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.model import MOVES, Case, Did, Outcome, State, applied, replay
from jinku.risk.cases.table import DEADLINES, Clockwork, Deadline, due

KIND = "case"
EVIDENCE_KINDS = ("file", "record", "decision", "list", "transfer", "alert", "report")
LINK_WHYS = ("same_subject", "same_network", "same_typology", "follows")
MADE = {
    Outcome.REPORT: ("report", ("submitted", "acknowledged", "corrected")),
    Outcome.MEASURE: ("measure", ("in_force",)),
}
"""For each outcome what closes a case: a kind of history, and the states that it must have."""
_REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,120}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Clock(NamedTuple):
    """One deadline of a case."""

    what: str
    began: date
    due: date
    done: date | None
    overdue: bool
    age_days: int
    """Working days that it ran."""


@dataclass(frozen=True, slots=True)
class CaseParts:
    """What the desk goes by."""

    clockwork: Clockwork = field(default_factory=Clockwork)
    deadlines: Sequence[Deadline] = DEADLINES
    evidence: EvidenceStore | None = None


class CaseDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, access: NeedToKnow, parts: CaseParts | None = None) -> None:
        self._book, self._access, self._parts = book, access, parts or CaseParts()

    # --- work -----------------------------------------------------------------------------------------------------

    def open(self, alerts: Sequence[int], by: str, text: str, *, subject: int | None = None) -> Case:
        """Open a case of alerts that no case has, or of a subject alone. Raises NothingThere, BadAct."""
        self._access.require(by, *WORKERS)
        if not alerts and subject is None:
            raise BadAct("is about nobody", field="alerts", value="", remedy="name alerts or a subject")
        with self._book.writing() as page:
            key = page.new_key(KIND)
            groups = take_into_case(page.connection, list(alerts), key) if alerts else []
            about = subject if subject is not None else groups[0].subject
            body = {
                "subject": str(about),
                "alerts": [one.id for one in groups],
                "priority": min((one.priority for one in groups), default=3),
                "text": words("text", text),
            }
            draft = replay([Act.after("", (KIND, key, 1), 1, by, (Did.OPEN.value, body))])
            act = page.add((KIND, key), by, (Did.OPEN.value, body), draft.standing)
            return replay([act])

    def join(self, key: str, alerts: Sequence[int], by: str) -> Case:
        """Take further alerts into a case. Raises NothingThere, NotNow."""

        def take(page: Page, _case: Case) -> dict[str, Any]:
            groups = take_into_case(page.connection, list(alerts), key)
            return {"alerts": [one.id for one in groups], "priority": min(one.priority for one in groups)}

        return self._do(key, by, Did.JOIN, take)

    def assign(self, key: str, owner: str, by: str) -> Case:
        """Give a case to one who works on cases. Raises NothingThere, NotNow, NotYourPart."""
        if not same_person(owner, by):
            self._access.require(by, Role.APPROVER)
        self._access.require(owner, *WORKERS)
        return self._do(key, by, Did.ASSIGN, {"owner": person("owner", owner)})

    def investigate(self, key: str, by: str) -> Case:
        """Work on it begins, by its owner. Raises NothingThere, NotNow, NotYourPart."""
        return self._do(key, by, Did.INVESTIGATE, {}, _is_owner(by))

    def note(self, key: str, by: str, text: str) -> Case:
        """Add a note; it can never be changed. Raises NothingThere, BadAct."""
        return self._do(key, by, Did.NOTE, {"text": words("text", text)})

    def add_evidence(self, key: str, by: str, kind: str, reference: str, sha256: str) -> Case:
        """Add evidence by its digest. Raises NothingThere, NotNow, BadAct."""
        if kind not in EVIDENCE_KINDS:
            raise BadAct("is no kind", field="kind", value=kind, remedy=f"use {', '.join(EVIDENCE_KINDS)}")
        if not _REFERENCE.fullmatch(reference) or not _DIGEST.fullmatch(sha256):
            raise BadAct(
                "is no opaque reference with a SHA-256",
                field="reference",
                value="",
                remedy="no names, no blanks",
            )
        return self._do(key, by, Did.EVIDENCE, {"kind": kind, "reference": reference, "sha256": sha256})

    def keep_file(self, key: str, by: str, reference: str, data: bytes) -> Case:
        """Keep a file as evidence of a case. Raises NothingThere, NotNow, BadAct, OSError."""
        if self._parts.evidence is None:
            raise NotNow("the desk keeps no files", remedy="give it a directory for evidence")
        self.case(key, by)
        return self.add_evidence(key, by, "file", reference, self._parts.evidence.keep(data))

    def link(self, key: str, by: str, other: str, why: str) -> Case:
        """Link two cases, in both histories. Raises NothingThere, NotNow, BadAct."""
        if why not in LINK_WHYS or other == key:
            raise BadAct("is no link", field="why", value=why, remedy=f"use {', '.join(LINK_WHYS)}")
        self.case(other, by)
        case = self._do(key, by, Did.LINK, {"case": other, "why": why})
        self._do(other, by, Did.LINK, {"case": key, "why": why})
        return case

    def share(self, key: str, who: str, by: str) -> Case:
        """Let another who may know see a case. Raises NothingThere, NotYourPart."""
        self._access.require(who, *READERS)
        return self._do(key, by, Did.SHARE, {"person": person("person", who)})

    # --- ends -----------------------------------------------------------------------------------------------------

    def propose(self, key: str, by: str, outcome: Outcome, text: str) -> Case:
        """Propose how a case ends, by its owner. Raises NothingThere, NotNow, NotYourPart, BadAct."""
        body = {"outcome": outcome.value, "text": words("text", text)}
        return self._do(key, by, Did.PROPOSE, body, _is_owner(by))

    def approve(self, key: str, by: str) -> Case:
        """Approve what is proposed, as one without a hand in it. Raises NothingThere, NotNow, SecondPersonNeeded."""
        return self._do(key, by, Did.APPROVE, {}, self._without_a_hand(by))

    def reject(self, key: str, by: str, text: str) -> Case:
        """Send it back to its owner, with a reason. Raises what `approve` raises, BadAct."""
        return self._do(key, by, Did.REJECT, {"text": words("text", text)}, self._without_a_hand(by))

    def close(self, key: str, by: str, made: Sequence[str]) -> Case:
        """Close an approved case with what was made of it: numbers of reports or measures. Raises NothingThere,
        NotNow, BadAct.
        """

        def check(_page: Page, case: Case) -> dict[str, Any]:
            outcome = case.proposal.outcome if case.proposal else Outcome.DISMISS
            kind, states = MADE[outcome]
            for number in made:
                stands = self._book.standing(kind, number)
                if stands is None or stands.state not in states:
                    raise NotNow(
                        f"{kind} {number[:12]} is not {states[0]}", remedy=f"bring the {kind} that far"
                    )
            if not made:
                raise BadAct("names nothing", field="made", value="", remedy=f"name the {kind}")
            return {"made": [f"{kind} {one}" for one in made]}

        return self._do(key, by, Did.CLOSE, check)

    def reopen(self, key: str, by: str, text: str) -> Case:
        """Open a closed case again; its clocks begin anew. Raises NothingThere, NotNow, BadAct."""
        self._access.require(by, Role.APPROVER)
        return self._do(key, by, Did.REOPEN, {"text": words("text", text)})

    # --- what it says ---------------------------------------------------------------------------------------------

    def case(self, key: str, reader: str) -> Case:
        """One case, for one who may know of it. Raises NothingThere."""
        return known_case(self._book, self._access, key, reader)

    def history(self, key: str, reader: str) -> list[Act]:
        """Everything that happened to a case, in order. Raises NothingThere."""
        self.case(key, reader)
        return self._book.history(KIND, key)

    def alerts_of(self, key: str, reader: str) -> list[Group]:
        """The alerts of a case. Raises NothingThere."""
        self.case(key, reader)
        with self._book.database.reading() as connection:
            return groups_of(connection, key)

    def cases(self, reader: str, *, subject: int | None = None, living: bool = True) -> list[Case]:
        """The cases that a person may know of, the most urgent first. Raises NothingThere."""
        role = self._access.require(reader, *READERS)
        states = [one.value for one in State if one is not State.CLOSED] if living else ()
        keys = self._book.keys(KIND, states=states, about="" if subject is None else str(subject))
        found = [replay(acts) for acts in self._book.histories(KIND, keys)]
        seen = [one for one in found if _knows(one, reader, role)]
        return sorted(seen, key=lambda one: (one.priority, one.began_at, one.key))

    def clocks(self, case: Case, today: date) -> list[Clock]:
        """The deadlines of a case that run or ran, as of the end of `today`."""
        day = self._parts.clockwork.day
        steps = [
            ("case_taken_up", case.began_at, case.assigned_at),
            ("case_proposed", case.assigned_at, case.proposed_at),
            ("case_approved", case.proposed_at, case.approved_at),
        ]
        if case.proposal and case.proposal.outcome is Outcome.REPORT:
            steps.append(("suspicious_report", case.approved_at, case.closed_at))
        clocks = []
        for what, began_at, done_at in steps:
            if not began_at:
                continue
            began, done = day(began_at), day(done_at) if done_at else None
            last = due(self._parts.deadlines, what, began, self._parts.clockwork)
            age = self._parts.clockwork.age(began, done or max(today, began))
            clocks.append(Clock(what, began, last, done, (done or today) > last, age))
        return clocks

    def today(self) -> date:
        """The day of the house's clock."""
        return self._parts.clockwork.day(self._book.clock())

    def missing_evidence(self, case: Case) -> list[str]:
        """Digests of the files of a case that are gone or were changed."""
        kept = [one.sha256 for one in case.evidence if one.kind == "file"]
        return self._parts.evidence.check(kept) if self._parts.evidence else kept

    # --- parts ----------------------------------------------------------------------------------------------------

    def _do(
        self,
        key: str,
        by: str,
        did: Did,
        body: Mapping[str, Any] | Callable[[Page, Case], dict[str, Any]],
        check: Callable[[Case], None] = lambda _: None,
    ) -> Case:
        role = self._access.require(by, *WORKERS)
        with self._book.writing() as page:
            acts = page.history(KIND, key)
            if not acts:
                raise NothingThere
            case = replay(acts)
            _may_know(case, by, role)
            if case.state not in MOVES[did]:
                allowed = ", ".join(sorted(one.value for one in MOVES[did]))
                raise NotNow(f"the case is {case.state.value}", remedy=f"to {did.value} it must be {allowed}")
            check(case)
            said = body(page, case) if callable(body) else dict(body)
            draft = Act.after("", (KIND, key, case.acts + 1), self._book.clock(), by, (did.value, said))
            act = page.add((KIND, key), by, (did.value, said), applied(case, draft).standing)
            after = applied(case, act)
            if (after.state is State.CLOSED) != (case.state is State.CLOSED):
                close_with_case(page.connection, key, is_closed=after.state is State.CLOSED)
            return after

    def _without_a_hand(self, by: str) -> Callable[[Case], None]:
        self._access.require(by, Role.APPROVER)

        def check(case: Case) -> None:
            if by.casefold() in case.hands:
                raise SecondPersonNeeded(f"case {case.key}")

        return check


def known_case(book: ActBook, access: NeedToKnow, key: str, reader: str) -> Case:
    """One case, for one who may know of it. Raises NothingThere."""
    role = access.require(reader, *READERS)
    acts = book.history(KIND, key)
    if not acts:
        raise NothingThere
    case = replay(acts)
    _may_know(case, reader, role)
    return case


def _is_owner(by: str) -> Callable[[Case], None]:
    def check(case: Case) -> None:
        if not same_person(by, case.owner):
            raise NotYourPart("others", "the owner of the case")

    return check


def _knows(case: Case, who: str, role: Role) -> bool:
    """Access, rule 3."""
    small = who.casefold()
    return role is not Role.ANALYST or not case.owner or small in case.hands or small in case.readers


def _may_know(case: Case, who: str, role: Role) -> None:
    if not _knows(case, who, role):
        raise NothingThere
