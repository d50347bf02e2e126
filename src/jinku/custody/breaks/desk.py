"""The breaks desk: what a reconciliation could not explain is owned, worked on and ended by persons.

Rules (R10, R18):

1. The close of a day hands its breaks over (`take_up`). The same break found again is the same case, and its age
   goes on. A case that a later close of the same books no longer finds was matched: it ends by itself, with that as
   its cause. One that is found again after its end is open again.
2. A person ends a case by proposing cause and text; another one approves. A material case takes two approvals, one
   of them by a person of the level that the table names. Nobody has two hands in the same end.
3. A case is written off only by correcting entries (`correction`), proposed and approved in the same way, up to the
   table's limit. They are planned and kept before they are sent; after a crash, `recover` sends the same ones.
4. Everything is an event: appended, chained, sealed in the log (`seals`). Persons are named by their opaque ids.
5. Each command is one transaction. Of two at once, one is refused.

Example::

    desk = BreakDesk(BreakParts(database, ledger, time.time_ns))
    desk.take_up(day, breaks, Books(1, 156))
    desk.assign(case, "clerk-2", by="lead-1"), desk.propose_close(case, "clerk-2", Cause.BANK_ERROR, "…")
    desk.approve(case, "lead-1", day)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jinku.base.calendar import BusinessCalendar, calendar_named
from jinku.base.clock import Clock, day_of
from jinku.base.currency import currency_by_number
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.custody.breaks.ageing import Ageing, age_of, ageing
from jinku.custody.breaks.correction import Against, Correction, correct
from jinku.custody.breaks.errors import BadBreak, BreakRefused, NotSenior, SecondPerson
from jinku.custody.breaks.model import MOVES, Act, Case, Event, State, applied
from jinku.custody.breaks.seals import BreakSeals
from jinku.custody.breaks.settling import Settlement, settlement_bytes, settlements_of
from jinku.custody.breaks.store import BREAKS, case_ids, read_case, read_cases, read_events, write
from jinku.custody.breaks.table import (
    ESCALATION,
    MATERIALITY,
    SLA_DAYS,
    SLA_MATERIAL_DAYS,
    Cause,
    Escalation,
    Materiality,
    escalation_level,
    rule_for,
)
from jinku.custody.breaks.taking import Books, Taken, changes_of
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import Array, u128
from jinku.ledger.model import CreateTransferStatus, Transfer
from jinku.ledger.sealed import SealingLedger
from jinku.risk.decision.statuses import WAITS, status_of

TEXT_CHARACTERS_MAX = 2_000
LINK_KINDS = ("file", "line", "transfer", "order", "document")
_DONE = (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS)


class BreakLedger(SealingLedger, Protocol):
    """What the desk needs of a ledger."""

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """The transfers with these ids that exist."""
        ...


def _chart(entity: int, currency: int) -> Chart:
    return Chart(entity, currency)


@dataclass(frozen=True, slots=True)
class BreakParts:
    """What a desk works with."""

    database: Database
    ledger: BreakLedger
    clock: Clock
    calendar_of: Callable[[int], BusinessCalendar] = lambda _: calendar_named("CN")
    """The calendar of a legal entity."""
    chart_of: Callable[[int, int], Chart] = _chart
    """The chart of a legal entity and currency number."""
    mirror_of: Callable[[Case], int] = lambda _: 0
    """The bank mirror's account of a case; 0: the first of the chart."""
    level_of: Callable[[str], int] = lambda _: 1
    """The approval level of a person; nobody is senior unless this says so."""
    book: Callable[[Array], Array] | None = None
    """Books a chain, ``TRANSFER`` rows in, ``RESULT`` rows out; the ledger itself where None."""
    materiality: Sequence[Materiality] = MATERIALITY
    escalation: Sequence[Escalation] = ESCALATION


class Clockwork(NamedTuple):
    """How a case stands in time."""

    age_days: int
    due: date
    """The day by which it is to be ended."""
    overdue: bool
    material: bool


class BreakDesk:
    """See the module's rules. For any number of threads and processes."""

    def __init__(self, parts: BreakParts) -> None:
        parts.database.add(BREAKS)
        self._parts = parts
        self._database, self._ledger, self._clock = parts.database, parts.ledger, parts.clock
        self.seals = BreakSeals(parts.database, parts.ledger)

    # --- from reconciliation --------------------------------------------------------------------------------------

    def take_up(self, day: date, breaks: Sequence[Break], books: tuple[int, int] = (1, 156)) -> Taken:
        """Take what the close of `day` found in `books` (legal entity, currency number); the same again changes
        nothing.

        Raises BadBreak for a break in another currency.
        """
        scope = Books(*books)
        code = currency_by_number(scope.currency).code
        for one in breaks:
            if one.currency not in ("", code):
                raise BadBreak(f"is not in {code}", field="currency", value=one.currency)
        with self._database.writing() as connection:
            living = case_ids(
                connection, entity=scope.entity, currency=scope.currency, living=True, lock=True
            )
            named = [f"{one.break_id:032x}" for one in breaks]
            known = read_cases(connection, list(dict.fromkeys([*living, *named])))
            taken, changed = changes_of(scope, day, breaks, known, self._clock())
            write(connection, changed)
        self.seals.seal()
        return taken

    # --- work -----------------------------------------------------------------------------------------------------

    def assign(self, break_id: int, owner: str, by: str) -> Case:
        """Give a break to `owner`. Raises BreakUnknown, BreakRefused, BadBreak."""
        return self._do(break_id, by, Act.ASSIGN, {"owner": _person("owner", owner)})

    def investigate(self, break_id: int, by: str) -> Case:
        """Work on it begins. Raises BreakUnknown, BreakRefused."""
        return self._do(break_id, by, Act.INVESTIGATE, {})

    def comment(self, break_id: int, by: str, text: str) -> Case:
        """Write something down. Raises BreakUnknown, BadBreak."""
        return self._do(break_id, by, Act.COMMENT, {"text": _text("text", text)})

    def act(self, break_id: int, by: str, what: str, owner: str, due: date) -> Case:
        """Note what is to be done, by whom and until when. Raises BreakUnknown, BreakRefused, BadBreak."""
        body = {"what": _text("what", what), "owner": _person("owner", owner), "due": due.isoformat()}
        return self._do(break_id, by, Act.ACTION, body)

    def done(self, break_id: int, by: str, action: int) -> Case:
        """An action is done. Raises BreakUnknown, BreakRefused, BadBreak."""

        def check(case: Case) -> None:
            if not any(one.number == action and not one.done_by for one in case.actions):
                raise BadBreak("is no action that is open", field="action", value=action)

        return self._do(break_id, by, Act.DONE, {"action": action}, check)

    def link(self, break_id: int, by: str, kind: str, value: str) -> Case:
        """Link evidence: a file's SHA-256, a statement's line, a transfer, an order. Raises BreakUnknown,
        BadBreak."""
        if kind not in LINK_KINDS:
            raise BadBreak(
                "is no kind of link", field="kind", value=kind, remedy=f"use {', '.join(LINK_KINDS)}"
            )
        return self._do(break_id, by, Act.LINK, {"kind": kind, "value": _text("value", value)})

    def escalate(self, as_of: date) -> list[Case]:
        """Escalate every break whose age has reached a further level; those that it was new for."""
        told = []
        for case in self.cases(living=True):
            clock = self.clockwork(case, as_of)
            level = escalation_level(self._parts.escalation, clock.age_days, clock.material, as_of)
            if level > case.level:
                body = {"level": level, "day": as_of.isoformat(), "age_days": clock.age_days}
                told.append(self._do(case.id, "jinku", Act.ESCALATE, body))
        return told

    # --- ends -----------------------------------------------------------------------------------------------------

    def propose_close(self, break_id: int, by: str, cause: Cause, text: str) -> Case:
        """Propose that a break is explained. Raises BreakUnknown, BreakRefused, BadBreak."""
        body = {"cause": _cause(cause), "text": _text("text", text)}
        return self._do(break_id, by, Act.PROPOSE, body)

    def propose_write_off(
        self, break_id: int, by: str, against: Against, day: date, *, cause: Cause, text: str
    ) -> Case:
        """Propose correcting entries, to be booked on the business `day`. Raises what `propose_close` raises."""
        case = self.case(break_id)
        rule = self._rule(case, day)
        if abs(case.effect) > rule.write_off_max:
            raise BreakRefused(
                break_id,
                f"moves {abs(case.effect)}: more than the {rule.write_off_max} that may be written off",
                "explain it, or have it paid",
            )
        ours = self._ledger.lookup_transfers(case.transfer_ids) if against is Against.REVERSAL else []
        chart = self._parts.chart_of(case.entity, case.currency)
        mirror = self._parts.mirror_of(case)
        correction = correct(case, chart, against, day=day, mirror=mirror, ours=ours)
        body = {"cause": _cause(cause), "text": _text("text", text), "correction": correction.document()}

        def unchanged(now: Case) -> None:
            if (now.effect, now.transfer_ids, now.events) != (case.effect, case.transfer_ids, case.events):
                raise BreakRefused(break_id, "changed meanwhile", "look at it again")

        return self._do(break_id, by, Act.PROPOSE, body, unchanged)

    def approve(self, break_id: int, by: str, day: date) -> Case:
        """Approve the end that is proposed; `day` is the business day. A write-off whose last approval this is, is
        booked.

        Raises BreakUnknown, BreakRefused, SecondPerson, NotSenior, LedgerError.
        """
        _person("by", by)
        with self._database.writing() as connection:
            case = self._allowed(connection, break_id, Act.APPROVE)
            proposal = case.proposal
            if proposal is None or same_person(by, proposal.by, *proposal.approved_by):
                raise SecondPerson(break_id, by)
            rule = self._rule(case, day)
            final = True
            if self._is_material(case, rule):
                final = bool(proposal.approved_by)
                levels = map(self._parts.level_of, (*proposal.approved_by, by))
                if final and max(levels) < rule.level:
                    raise NotSenior(break_id, by, rule.level)
            body = {"final": final, "day": day.isoformat(), "level": self._parts.level_of(by)}
            case = self._append(connection, case, by, Act.APPROVE, body)
        self.seals.seal()
        return self._send(case) if case.state is State.BOOKING else case

    def reject(self, break_id: int, by: str, reason: str) -> Case:
        """Do not approve the end that is proposed. Raises BreakUnknown, BreakRefused, BadBreak."""
        return self._do(break_id, by, Act.REJECT, {"text": _text("reason", reason)})

    def reopen(self, break_id: int, by: str, reason: str) -> Case:
        """Open an ended break again. Raises BreakUnknown, BreakRefused, BadBreak."""
        return self._do(break_id, by, Act.REOPEN, {"text": _text("reason", reason)})

    def recover(self) -> list[Case]:
        """Bring to the ledger, and to the log, what a crash left on the way."""
        self.seals.seal()
        return [self._send(one) for one in self.cases(living=True) if one.state is State.BOOKING]

    # --- what it says ---------------------------------------------------------------------------------------------

    def case(self, break_id: int) -> Case:
        """One break. Raises BreakUnknown."""
        with self._database.reading() as connection:
            return read_case(connection, break_id)

    def history(self, break_id: int) -> list[Event]:
        """Everything that happened to a break, in order. Raises BreakUnknown."""
        with self._database.reading() as connection:
            read_case(connection, break_id)
            return read_events(connection, break_id)

    def cases(self, *, entity: int = 0, currency: int = 0, living: bool = False) -> list[Case]:
        """Breaks of a legal entity and currency number (0: all), by day; those that have not ended where `living`."""
        with self._database.reading() as connection:
            ids = case_ids(connection, entity=entity, currency=currency, living=living)
            found = read_cases(connection, ids)
            return [found[int(one, 16)] for one in ids]

    def today(self, entity: int) -> date:
        """The business day that a legal entity's calendar has by our clock (UTC), or the next one."""
        return self._parts.calendar_of(entity).on_or_after(day_of(self._clock()))

    def clockwork(self, case: Case, as_of: date) -> Clockwork:
        """Age, due day and materiality of a case at the end of `as_of`."""
        calendar = self._parts.calendar_of(case.entity)
        material = self._is_material(case, self._rule(case, as_of))
        due = calendar.after(case.first_seen, SLA_MATERIAL_DAYS if material else SLA_DAYS)
        end = min(as_of, case.ended) if case.ended else as_of
        return Clockwork(age_of(case, as_of, calendar), due, end > due, material)

    def ageing(self, as_of: date, *, entity: int = 0) -> Ageing:
        """The ageing report at the end of `as_of`."""
        return ageing(self.cases(entity=entity), as_of, self._parts.calendar_of)

    def settlements(self, entity: int, currency: int) -> list[Settlement]:
        """What was written off in these books: the next reconciliation evens it out (`settling.settle`)."""
        return settlements_of(self.cases(entity=entity, currency=currency))

    def settled(self, books: tuple[int, int], entries: Array) -> bytes:
        """The settlements whose correcting transfers are among a day's ``ENTRY`` rows, as bytes to be kept; empty for
        none."""
        numbers = set(u128(entries["event"], "id"))
        found = [one for one in self.settlements(*books) if numbers.issuperset(one.corrections)]
        return settlement_bytes(found) if found else b""

    # --- parts ----------------------------------------------------------------------------------------------------

    def _rule(self, case: Case, day: date) -> Materiality:
        return rule_for(self._parts.materiality, currency_by_number(case.currency).code, case.kind, day)

    def _is_material(self, case: Case, rule: Materiality) -> bool:
        return max(case.amount, abs(case.effect)) >= rule.material_from

    def _send(self, case: Case) -> Case:
        """Book an approved correction, or learn that it is booked; and write down which. What is held for review stays
        as it is: `recover` asks again."""
        if case.proposal is None or case.proposal.correction is None:
            return case
        correction = Correction.read(case.id, case.proposal.correction)
        book = self._parts.book or self._ledger.create_transfers_array
        statuses = [status_of(one) for one in book(correction.rows())["status"].tolist()]
        if any(one in WAITS for one in statuses):
            return case
        own = [one for one in statuses if one is not CreateTransferStatus.LINKED_EVENT_FAILED]
        refused = [one for one in own if one not in _DONE]
        booked = bool(own) and not refused
        body: dict[str, Any] = {"day": correction.day.isoformat()}
        if booked:
            body["transfers"] = [str(leg.id) for leg in correction.legs]
        else:
            body["status"] = (refused or statuses)[0].name.lower()
        try:
            return self._do(case.id, "jinku", Act.BOOKED if booked else Act.REFUSED, body)
        except BreakRefused:  # another process brought it to its end meanwhile
            return self.case(case.id)

    def _do(
        self,
        break_id: int,
        by: str,
        act: Act,
        body: Mapping[str, Any],
        check: Callable[[Case], None] = lambda _: None,
    ) -> Case:
        _person("by", by)
        try:
            with self._database.writing() as connection:
                case = self._allowed(connection, break_id, act)
                check(case)
                case = self._append(connection, case, by, act, body)
        except IntegrityError:
            raise BreakRefused(break_id, "was changed at the same moment", "look at it again") from None
        self.seals.seal()
        return case

    def _allowed(self, connection: Connection, break_id: int, act: Act) -> Case:
        case = read_case(connection, break_id, lock=True)
        if case.state not in MOVES[act]:
            allowed = ", ".join(sorted(one.value for one in MOVES[act]))
            raise BreakRefused(
                break_id, f"is {case.state.value}: cannot {act.value}", f"it must be {allowed}"
            )
        return case

    def _append(self, connection: Connection, case: Case, by: str, act: Act, body: Mapping[str, Any]) -> Case:
        event = Event.after(case.head, (case.id, case.events + 1), self._clock(), by, (act, body))
        after = applied(case, event)
        write(connection, [(after, [event])])
        return after


def _person(field: str, person: str) -> str:
    if not PERSON.fullmatch(person):
        raise BadBreak(
            "not a person's id",
            field=field,
            value=person,
            remedy="use the opaque id of the person, without blanks",
        )
    return person


def _text(field: str, text: str) -> str:
    if not 0 < len(text.strip()) <= TEXT_CHARACTERS_MAX or not text.isprintable():
        raise BadBreak(
            "is not a line of text",
            field=field,
            value=text,
            remedy=f"say it in 1 to {TEXT_CHARACTERS_MAX} characters",
        )
    return text


def _cause(cause: Cause) -> str:
    if cause is Cause.MATCHED_LATER:
        raise BadBreak("is given by the desk alone", field="cause", value=cause.value)
    return cause.value
