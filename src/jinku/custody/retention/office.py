"""The retention office: what may be deleted, what a legal hold keeps, and a purge that two persons stand behind.

Rules (R17):

1. Each store registers a kind of record (`RecordKind`): it lists what it has, erases one by its key, and keeps the
   proofs.
2. A record may go once its term is over (`table`) and no legal hold names it, its kind, its subject or everything. A
   record that has not ended, or whose term nobody knows, is kept.
3. A plan is a dry run first: it lists what would go and what is held, with each record's digest, and its own digest
   is sealed in the log (topic 10). One person makes it, another approves it.
4. Right before each record is erased, hold, term and digest are looked at again: what is held by then, or was
   changed, stays and the plan says so. The outcome is sealed as well. Erased contents leave their digest and nothing
   else.
5. A hold on a record that gathers others (a case) holds all that is about the same subject.
6. A hold is placed by one person and lifted by another. After a crash `resume` finishes an approved plan; a record
   that is gone already counts as erased.

Example::

    office = RetentionOffice(OfficeParts(database, ledger, clock, "CN"), [break_records])
    plan = office.plan(date(2032, 1, 2), by="dpo-1")     # nothing is deleted
    office.execute(plan.number, by="dpo-2")
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy import CursorResult, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.custody.retention.errors import (
    BadRetention,
    PlanRefused,
    RetentionSecondPerson,
    RetentionUnknown,
)
from jinku.custody.retention.store import HOLD, PLAN, RETENTION, Hold, Planned, read_hold, read_plan
from jinku.custody.retention.table import ROWS, RetentionRow, keep_until

SEAL_TOPIC_RETENTION = 10
FORMAT = "jinku-purge/v1"
PLAN_RECORDS_MAX = 50_000
REASON_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Record:
    """One record that a store keeps."""

    key: str
    """Names it in its store; no personal data."""
    ended: date | None
    """The day from which its term counts; None while it goes on."""
    digest: str
    """SHA-256 of its content, hexadecimal: what stays when it is gone."""
    subject: str = ""
    """Whom it is about, by an opaque number; empty for nobody."""
    about: Callable[[str], bool] | None = field(default=None, compare=False)
    """Whether it is about somebody, where it is about many; None where `subject` says it all."""


class RecordKind(Protocol):
    """A store's records of one kind."""

    name: str
    """What the retention table calls them."""

    def records(self) -> Iterator[Record]:
        """Every record that has something to erase."""
        ...

    def find(self, key: str) -> Record | None:
        """One of them; None where there is nothing to erase any more."""
        ...

    def erase(self, key: str, act: int) -> None:
        """Erase its content for good under the plan `act` and keep what proofs need; harmless where it is gone."""
        ...


class SealLedger(Protocol):
    """What is needed of a ledger's log."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...


class Due(NamedTuple):
    """How the records of one kind stand on a day."""

    kind: str
    due: int
    """Their term is over, and nothing holds them."""
    held: int
    kept: int
    """They have ended, and their term is not over."""
    going_on: int
    """They have not ended."""
    next_day: date | None
    """The first last day on which one that is kept must be kept."""
    source: str
    """The law whose term counts; empty where none is known, and all is kept."""


@dataclass(frozen=True, slots=True)
class OfficeParts:
    """What an office works with."""

    database: Database
    ledger: SealLedger
    clock: Clock
    jurisdiction: str
    rows: Sequence[RetentionRow] = ROWS
    gathering: Collection[str] = ()
    """Kinds that gather others, as a case does: a hold on one holds all that is about its subject."""


class RetentionOffice:
    """See the module's rules."""

    def __init__(self, parts: OfficeParts, kinds: Sequence[RecordKind]) -> None:
        parts.database.add(RETENTION)
        self._database, self._ledger, self._clock = parts.database, parts.ledger, parts.clock
        self._jurisdiction, self._rows, self._gathering = parts.jurisdiction, parts.rows, parts.gathering
        self._kinds = {one.name: one for one in kinds}

    # --- holds ----------------------------------------------------------------------------------------------------

    def hold(self, scope: Mapping[str, str], reason: str, by: str) -> Hold:
        """Keep what `scope` names whatever its term: any of ``kind``, ``key``, ``subject``; nothing for everything.

        Raises BadRetention.
        """
        _check(by, reason)
        if unknown := set(scope) - {"kind", "key", "subject"}:
            raise BadRetention("is nothing that a hold can name", field="scope", value=sorted(unknown)[0])
        values = {name: scope.get(name, "") for name in ("kind", "key", "subject")}
        with self._database.writing() as connection:
            row = {**values, "reason": reason, "placed_by": by, "placed_at": self._clock()}
            number = _number(connection.execute(insert(HOLD).values(row)))
        self._seal({"format": FORMAT, "hold": number, "placed_by": by, **values})
        return self.holds()[number]

    def lift(self, number: int, by: str) -> Hold:
        """Lift a hold; another person than the one who placed it. Raises RetentionUnknown, RetentionSecondPerson."""
        _check(by)
        with self._database.writing() as connection:
            row = connection.execute(select(HOLD).where(HOLD.c.number == number).with_for_update()).first()
            if row is None:
                raise RetentionUnknown(f"hold {number}")
            if same_person(row.placed_by, by):
                raise RetentionSecondPerson(f"hold {number}", by)
            if row.lifted_by:
                raise PlanRefused(f"hold {number}", "is lifted already", "nothing is left to do")
            values = {"lifted_by": by, "lifted_at": self._clock()}
            connection.execute(update(HOLD).where(HOLD.c.number == number).values(values))
        self._seal({"format": FORMAT, "hold": number, "lifted_by": by})
        return self.holds()[number]

    def holds(self) -> dict[int, Hold]:
        """Every hold by number, lifted ones among them."""
        with self._database.reading() as connection:
            return {
                row.number: read_hold(row) for row in connection.execute(select(HOLD).order_by(HOLD.c.number))
            }

    def due(self, as_of: date) -> list[Due]:
        """For each kind, how its records stand on `as_of`, and which law counts."""
        holds, found = self._in_force(), []
        for name in sorted(self._kinds):
            kind, counts = self._kinds[name], Counter[str]()
            next_day = date.max
            for record in kind.records():
                if record.ended is None:
                    counts["going_on"] += 1
                    continue
                until = keep_until(self._rows, (self._jurisdiction, name), record.ended, as_of)
                over = "held" if any(one.keeps(name, record) for one in holds) else "due"
                counts[over if until < as_of else "kept"] += 1
                next_day = min(next_day, until) if until >= as_of else next_day
            rows = [one for one in self._rows if one.kind in ("", name) and one.from_day <= as_of]
            rows = [one for one in rows if one.jurisdiction == self._jurisdiction]
            source = max(rows, key=lambda one: (one.years, one.kind)).source if rows else ""
            following = None if next_day == date.max else next_day
            found.append(
                Due(
                    name, counts["due"], counts["held"], counts["kept"], counts["going_on"], following, source
                )
            )
        return found

    # --- purge ----------------------------------------------------------------------------------------------------

    def plan(self, as_of: date, by: str) -> Planned:
        """What may be deleted on `as_of`, and what a hold keeps: a dry run, sealed; nothing is deleted.

        At most ``PLAN_RECORDS_MAX`` records go into one plan; the next plan has the rest.
        """
        _check(by)
        due: list[dict[str, Any]] = []
        held: list[dict[str, Any]] = []
        holds = self._in_force()
        for kind, record in self._over(as_of):
            numbers = sorted({one.number for one in holds if one.keeps(kind.name, record)})
            line = {"kind": kind.name, "key": record.key, "sha256": record.digest}
            (held if numbers else due).append({**line, "holds": numbers} if numbers else line)
            if len(due) >= PLAN_RECORDS_MAX:
                break
        document = canonical_json(
            {
                "format": FORMAT,
                "as_of": as_of.isoformat(),
                "jurisdiction": self._jurisdiction,
                "planned_by": by,
                "planned_at": to_rfc3339(self._clock()),
                "erase": due,
                "held": held,
            }
        )
        digest = hashlib.sha256(document)
        entry, _ = self._ledger.seal(digest.digest(), SEAL_TOPIC_RETENTION)
        row = {
            "as_of": as_of.isoformat(),
            "document": document.decode(),
            "digest": digest.hexdigest(),
            "entry": entry,
            "planned_by": by,
            "state": "planned",
        }
        with self._database.writing() as connection:
            number = _number(connection.execute(insert(PLAN).values(row)))
        return self.known(number)

    def execute(self, number: int, by: str) -> Planned:
        """Approve a plan and delete what it lists; the plan with its outcome. Raises what `known` raises,
        PlanRefused, RetentionSecondPerson.
        """
        _check(by)
        with self._database.writing() as connection:
            row = connection.execute(select(PLAN).where(PLAN.c.number == number).with_for_update()).first()
            if row is None:
                raise RetentionUnknown(f"purge plan {number}")
            if same_person(row.planned_by, by):
                raise RetentionSecondPerson(f"purge plan {number}", by)
            if row.state != "planned":
                raise PlanRefused(f"purge plan {number}", f"is {row.state}", "make a new one")
            if hashlib.sha256(row.document.encode()).hexdigest() != row.digest:
                raise PlanRefused(
                    f"purge plan {number}", "is not what was sealed", "have the database examined"
                )
            values = {"state": "approved", "approved_by": by, "approved_at": self._clock()}
            connection.execute(update(PLAN).where(PLAN.c.number == number).values(values))
        return self._finish(number)

    def resume(self) -> list[Planned]:
        """Finish every approved plan that a crash left."""
        query = select(PLAN.c.number).where(PLAN.c.state == "approved").order_by(PLAN.c.number)
        with self._database.reading() as connection:
            numbers = list(connection.execute(query).scalars())
        return [self._finish(one) for one in numbers]

    def plans(self) -> list[Planned]:
        """Every plan, the oldest first."""
        with self._database.reading() as connection:
            return [read_plan(row) for row in connection.execute(select(PLAN).order_by(PLAN.c.number))]

    def known(self, number: int) -> Planned:
        """One plan. Raises RetentionUnknown."""
        with self._database.reading() as connection:
            row = connection.execute(select(PLAN).where(PLAN.c.number == number)).first()
        if row is None:
            raise RetentionUnknown(f"purge plan {number}")
        return read_plan(row)

    def _finish(self, number: int) -> Planned:
        plan = self.known(number)
        outcomes = [{**line, "outcome": self._erase(plan, line)} for line in plan.document["erase"]]
        evidence = canonical_json(
            {
                "format": FORMAT,
                "plan_sha256": plan.digest,
                "planned_by": plan.planned_by,
                "approved_by": plan.approved_by,
                "records": outcomes,
            }
        )
        entry, at = self._ledger.seal(hashlib.sha256(evidence).digest(), SEAL_TOPIC_RETENTION)
        values = {"state": "done", "outcome": evidence.decode(), "outcome_entry": entry, "done_at": at}
        with self._database.writing() as connection:
            connection.execute(update(PLAN).where(PLAN.c.number == number).values(values))
        return self.known(number)

    def _erase(self, plan: Planned, line: Mapping[str, Any]) -> str:
        """What becomes of one line of a plan, looked at again (rule 4)."""
        kind = self._kinds.get(line["kind"])
        if kind is None:
            return "kind unknown"
        record = kind.find(line["key"])
        if record is None:
            return "erased"
        if record.digest != line["sha256"]:
            return "changed"
        if any(one.keeps(kind.name, record) for one in self._in_force()):
            return "held"
        if not self._is_over(kind, record, plan.as_of):
            return "term not over"
        kind.erase(record.key, plan.number)
        return "erased"

    def _in_force(self) -> list[Hold]:
        """The holds in force; beside one on a record that gathers others, the same on whom it is about."""
        found = []
        for one in self.holds().values():
            found.append(one)
            kind = self._kinds.get(one.kind) if one.kind in self._gathering and one.key else None
            record = kind.find(one.key) if kind is not None else None
            if record is not None and record.subject:
                found.append(replace(one, kind="", key="", subject=record.subject))
        return found

    def _over(self, as_of: date) -> Iterator[tuple[RecordKind, Record]]:
        for name in sorted(self._kinds):
            kind = self._kinds[name]
            for record in kind.records():
                if self._is_over(kind, record, as_of):
                    yield kind, record

    def _is_over(self, kind: RecordKind, record: Record, as_of: date) -> bool:
        if record.ended is None:
            return False
        return keep_until(self._rows, (self._jurisdiction, kind.name), record.ended, as_of) < as_of

    def _seal(self, document: Mapping[str, Any]) -> None:
        self._ledger.seal(hashlib.sha256(canonical_json(document)).digest(), SEAL_TOPIC_RETENTION)


def _check(person: str, reason: str = "because") -> None:
    if not PERSON.fullmatch(person):
        raise BadRetention(
            "not a person's id", field="by", value=person, remedy="use the opaque id of the person"
        )
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise BadRetention(
            "not a reason", field="reason", value=reason, remedy="say why in 1 to 500 characters"
        )


def _number(result: CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    if key is None:
        raise BadRetention("the database gave no number", field="number", value="")
    return int(key[0])


def outcomes(plan: Planned) -> dict[str, int]:
    """How many records of a plan ended in which way."""
    counts: dict[str, int] = {}
    for line in json.loads(plan.outcome or '{"records":[]}')["records"]:
        counts[line["outcome"]] = counts.get(line["outcome"], 0) + 1
    return counts
