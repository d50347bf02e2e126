"""The measures desk: proportionate measures by two persons, objections answered in time, lifting.

Rules (K8):

1. Maker ≠ checker, for taking and for lifting. Both may know (`access`); the checker is an approver.
2. A measure names its legal basis (the table's row in force) and says why; why a milder one is not enough, where the
   ladder asks for it (`ladder`, rule 1).
3. A name on a list is stopped at once, by a person or the program; another person confirms within the table's term.
4. An objection is answered within 15 days, by one who neither made nor checked the measure nor took the objection.
   `objections` has reminders and what is overdue.

Example::

    one = desk.propose(Wish(customer=77, rung=Rung.LIMIT_AMOUNT, limits=limits, reason="…", milder="…"), "aml-1")
    desk.approve(one.key, "head-1")
    desk.restrictions(today).of(batch_customers)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook, Page
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import PROGRAM, Act, words
from jinku.risk.cases.access import READERS, WORKERS, NeedToKnow, Role
from jinku.risk.cases.desk import known_case
from jinku.risk.cases.errors import NothingThere, NotNow, SecondPersonNeeded
from jinku.risk.cases.ladder import AT_ONCE, LADDER, Limits, Rung, Step, check_limits, rung_of
from jinku.risk.cases.measures import BINDING, Measure, Objection, Stage, Verdict, replay_measure
from jinku.risk.cases.restrictions import Restrictions, restrictions_of
from jinku.risk.cases.table import DEADLINES, OBJECTION_REMINDERS_DAYS, Clockwork, Deadline, due

KIND = "measure"


@dataclass(frozen=True, slots=True)
class Wish:
    """A measure that somebody wants to take."""

    customer: int
    rung: Rung
    reason: str
    limits: Limits = field(default_factory=Limits)
    milder: str = ""
    """Why a milder rung is not enough."""
    until: date | None = None
    case: str = ""
    """The case that it follows from; empty for none."""


class Objected(NamedTuple):
    """An open objection and its clock."""

    measure: Measure
    objection: Objection
    due: date
    overdue: bool
    reminders: int
    """How many reminder days have passed."""


class Waiting(NamedTuple):
    """A measure that waits for its second person."""

    measure: Measure
    due: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class MeasureParts:
    """What the desk goes by."""

    clockwork: Clockwork = field(default_factory=Clockwork)
    ladder: Sequence[Step] = LADDER
    deadlines: Sequence[Deadline] = DEADLINES


class MeasureDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, access: NeedToKnow, parts: MeasureParts | None = None) -> None:
        self._book, self._access, self._parts = book, access, parts or MeasureParts()

    # --- taking ---------------------------------------------------------------------------------------------------

    def propose(self, wish: Wish, by: str) -> Measure:
        """Propose a measure. Raises NothingThere, NotYourPart, BadAct."""
        self._access.require(by, *WORKERS)
        today = self.today()
        step = rung_of(self._parts.ladder, wish.rung, today)
        check_limits(step, wish.limits)
        if not wish.milder.strip() and not self._is_next(wish, today):
            raise BadAct(
                "needs a word on why a milder measure is not enough", field="milder", value="",
                remedy="say which was tried or considered, and why it does not do",
            )  # fmt: skip
        return self._begin(wish, by, "propose", step.basis)

    def stop_at_once(self, wish: Wish, by: str = PROGRAM) -> Measure:
        """Stop a name on a list at once (rule 3). Raises NothingThere, BadAct."""
        if by != PROGRAM:
            self._access.require(by, *WORKERS)
        if wish.rung not in AT_ONCE:
            raise BadAct(
                "is not taken at once", field="rung", value=wish.rung.name.lower(), remedy="propose it"
            )
        return self._begin(wish, by, "at_once", AT_ONCE[wish.rung])

    def _begin(self, wish: Wish, by: str, what: str, basis: str) -> Measure:
        if not 0 <= wish.customer < 1 << 128:
            raise BadAct("is no customer", field="customer", value="")
        if wish.until and wish.until < self.today():
            raise BadAct("is over", field="until", value=wish.until)
        if wish.case and by != PROGRAM:
            known_case(self._book, self._access, wish.case, by)
        body = {
            "customer": str(wish.customer),
            "rung": int(wish.rung),
            "limits": wish.limits.document(),
            "basis": basis,
            "text": words("reason", wish.reason),
            "milder": words("milder", wish.milder) if wish.milder else "",
            "until": wish.until.isoformat() if wish.until else "",
            "case": wish.case,
        }
        with self._book.writing() as page:
            key = page.new_key(KIND)
            draft = replay_measure([Act.after("", (KIND, key, 1), 1, by, (what, body))])
            return replay_measure([page.add((KIND, key), by, (what, body), draft.standing)])

    def _is_next(self, wish: Wish, day: date) -> bool:
        """Whether the ladder asks for no word: the lowest rung, or the one after a rung that is in force."""
        if wish.rung >= Rung.HOLD:
            return False
        taken = max((one.rung for one in self._of(wish.customer) if one.binds(day)), default=0)
        return wish.rung <= taken + 1

    def approve(self, key: str, by: str) -> Measure:
        """Approve a measure, or confirm one that was taken at once. Raises NothingThere, NotNow,
        SecondPersonNeeded."""
        return self._check(key, by, "approve", {})

    def refuse(self, key: str, by: str, text: str) -> Measure:
        """Refuse a measure, or take back one that was taken at once. Raises what `approve` raises, BadAct."""
        return self._check(key, by, "refuse", {"text": words("text", text)})

    def _check(self, key: str, by: str, what: str, body: Mapping[str, Any]) -> Measure:
        def check(measure: Measure) -> None:
            if measure.stage not in (Stage.PROPOSED, Stage.AT_ONCE):
                raise _not_now(measure, "be proposed")
            if same_person(by, measure.maker):
                raise SecondPersonNeeded(f"measure {key}")

        return self._do(key, by, (what, body), check, (Role.APPROVER,))

    # --- objections -----------------------------------------------------------------------------------------------

    def object(self, key: str, by: str, received: date, text: str) -> Measure:
        """Take a customer's objection, with the day that it came in. Raises NothingThere, NotNow, BadAct."""
        if received > self.today():
            raise BadAct("lies ahead", field="received", value=received)

        def check(measure: Measure) -> None:
            if measure.stage not in BINDING:
                raise _not_now(measure, "be in force")

        body = {"received": received.isoformat(), "text": words("text", text)}
        return self._do(key, by, ("object", body), check)

    def answer(
        self, key: str, by: str, objection: int, verdict: Verdict, text: str, *, limits: Limits | None = None
    ) -> Measure:
        """Answer an objection. Raises NothingThere, NotNow, SecondPersonNeeded, BadAct."""
        body: dict[str, Any] = {
            "objection": objection,
            "verdict": verdict.value,
            "answered": self.today().isoformat(),
            "text": words("text", text),
        }

        def check(measure: Measure) -> None:
            number = [one for one in measure.objections if one.number == objection and not one.answered]
            if not number:
                raise NotNow("no such objection is open", remedy="see the list of objections")
            if same_person(by, measure.maker, measure.checker, number[0].taken_by):
                raise SecondPersonNeeded(f"an objection to measure {key}")
            if (verdict is Verdict.CHANGE) != (limits is not None):
                raise BadAct("come with a change, and only then", field="limits", value="")
            if limits is not None:
                check_limits(rung_of(self._parts.ladder, measure.rung, self.today()), limits)
                body["limits"] = limits.document()

        return self._do(key, by, ("answer", body), check, (Role.APPROVER,))

    def objections(self, reader: str, today: date) -> list[Objected]:
        """Every open objection, the most pressing first. Raises NothingThere."""
        self._access.require(reader, *READERS)
        found = []
        for measure in self._all():
            for one in measure.objections:
                if one.answered is None:
                    last = due(self._parts.deadlines, "objection_answer", one.received, self._parts.clockwork)
                    age = (today - one.received).days
                    passed = sum(age >= days for days in OBJECTION_REMINDERS_DAYS)
                    found.append(Objected(measure, one, last, today > last, passed))
        return sorted(found, key=lambda one: (one.due, one.measure.key))

    # --- lifting --------------------------------------------------------------------------------------------------

    def propose_lift(self, key: str, by: str, text: str) -> Measure:
        """Propose to lift a measure. Raises NothingThere, NotNow, BadAct."""

        def check(measure: Measure) -> None:
            if measure.stage is not Stage.IN_FORCE or measure.lift_by:
                raise _not_now(measure, "be in force, with nobody proposing to lift it")

        return self._do(key, by, ("propose_lift", {"text": words("text", text)}), check)

    def lift(self, key: str, by: str) -> Measure:
        """Lift a measure as another person than proposed it. Raises NothingThere, NotNow, SecondPersonNeeded."""
        return self._do(key, by, ("lift", {}), self._other_than_lifter(by), (Role.APPROVER,))

    def keep(self, key: str, by: str, text: str) -> Measure:
        """Do not lift it. Raises what `lift` raises, BadAct."""
        said = ("keep", {"text": words("text", text)})
        return self._do(key, by, said, self._other_than_lifter(by), (Role.APPROVER,))

    def _other_than_lifter(self, by: str) -> Callable[[Measure], None]:
        def check(measure: Measure) -> None:
            if not measure.lift_by:
                raise _not_now(measure, "be proposed to be lifted")
            if same_person(by, measure.lift_by):
                raise SecondPersonNeeded(f"measure {measure.key}")

        return check

    # --- what it says ---------------------------------------------------------------------------------------------

    def measure(self, key: str, reader: str) -> Measure:
        """One measure. Raises NothingThere."""
        self._access.require(reader, *READERS)
        acts = self._book.history(KIND, key)
        if not acts:
            raise NothingThere
        return replay_measure(acts)

    def measures(self, reader: str, *, customer: int | None = None, binding: bool = False) -> list[Measure]:
        """Measures, those in force today where `binding`. Raises NothingThere."""
        self._access.require(reader, *READERS)
        today = self.today()
        return [one for one in self._of(customer) if not binding or one.binds(today)]

    def waiting(self, reader: str, today: date) -> list[Waiting]:
        """Measures that wait for a second person, the most pressing first. Raises NothingThere."""
        self._access.require(reader, *READERS)
        found = []
        for one in self._all((Stage.PROPOSED, Stage.AT_ONCE)):
            began = self._parts.clockwork.day(one.proposed_at)
            last = due(self._parts.deadlines, "measure_confirmed", began, self._parts.clockwork)
            found.append(Waiting(one, last, today > last))
        return sorted(found, key=lambda one: (one.due, one.measure.key))

    def version(self) -> int:
        """Moves with every change of any measure."""
        return self._book.version(KIND)

    def restrictions(self, day: date) -> Restrictions:
        """What is in force on `day`, for the decisions: a program's question, of no customer in particular."""
        version = self.version()
        return restrictions_of(self._all(tuple(BINDING)), day, version)

    def today(self) -> date:
        """The day of the house's clock."""
        return self._parts.clockwork.day(self._book.clock())

    # --- parts ----------------------------------------------------------------------------------------------------

    def _all(self, stages: Sequence[Stage] = ()) -> list[Measure]:
        keys = self._book.keys(KIND, states=[one.value for one in stages])
        return [replay_measure(acts) for acts in self._book.histories(KIND, keys)]

    def _of(self, customer: int | None) -> list[Measure]:
        keys = self._book.keys(KIND, about="" if customer is None else str(customer))
        return [replay_measure(acts) for acts in self._book.histories(KIND, keys)]

    def _do(
        self,
        key: str,
        by: str,
        said: tuple[str, Mapping[str, Any]],
        check: Callable[[Measure], None],
        roles: Sequence[Role] = WORKERS,
    ) -> Measure:
        self._access.require(by, *roles)
        with self._book.writing() as page:
            acts = _history(page, key)
            measure = replay_measure(acts)
            check(measure)
            what, body = said[0], dict(said[1])
            draft = Act.after("", (KIND, key, measure.acts + 1), self._book.clock(), by, (what, body))
            act = page.add((KIND, key), by, (what, body), replay_measure([*acts, draft]).standing)
            return replay_measure([*acts, act])


def _history(page: Page, key: str) -> list[Act]:
    acts = page.history(KIND, key)
    if not acts:
        raise NothingThere
    return acts


def _not_now(measure: Measure, must: str) -> NotNow:
    return NotNow(f"measure {measure.key} is {measure.stage.value}", remedy=f"it must {must}")
