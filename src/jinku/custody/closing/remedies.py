"""A shortfall made good from own money, an excess taken out: proposed, decided by another person, executed, evidenced.

Rules (R9):

1. A proposal follows from the closed or prepared day's position: what is missing in a pool is to be paid in, of what is
   beyond the requirement only own money in the books may go out. Money that nobody knows stays: it is somebody's.
2. Maker and checker are two persons. What is approved is executed once: its order's id is kept before it is sent, so
   that sending again after a crash books nothing twice. What earlier days' remedies move is not asked for again.
3. Evidence is kept and sealed under `SEAL_TOPIC_CLOSE`: the order, when it was executed, whether in time, and the
   position as it would be with it.
4. The clock runs from when the close found it until it is executed (`jinku.custody.closing.deadlines`).

Example::

    [proposal] = remedies.propose(books, day, by="clerk-1")
    remedies.decide(proposal.number, by="clerk-2", approve=True)
    remedies.execute(proposal.number, by="clerk-1")
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.persons import same_person
from jinku.custody.closing.days import Books, Day, DayBook, DayState, person
from jinku.custody.closing.deadlines import Deadline, deadline
from jinku.custody.closing.errors import CloseRefused, NoDayBook, SamePerson
from jinku.custody.closing.journal import Journal
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE
from jinku.custody.closing.table import rule_in_force
from jinku.custody.closing.tables import CLOSING, POSITION, REMEDY
from jinku.custody.orders.model import new_order_id

_NS_PER_MS = 1_000_000


class RemedyKind(StrEnum):
    """Which way the money goes."""

    TOP_UP = "top_up"
    """Own money into the client pool."""
    WITHDRAWAL = "withdrawal"
    """Own money out of it."""


class RemedyState(StrEnum):
    """How far it is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTED = "executed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One proposal and what became of it. Moments in ns UTC, 0 where not yet."""

    number: int
    books: Books
    day: date
    pool: str
    kind: RemedyKind
    amount: int
    state: RemedyState
    found_at: int
    due_at: int
    notify_by: int
    proposed_by: str
    proposed_at: int
    decided_by: str
    decided_at: int
    reason: str
    order_id: int
    executed_at: int
    evidence: str
    """Canonical JSON; empty before."""

    @property
    def clock(self) -> Deadline:
        """Its deadline."""
        return Deadline(self.found_at, self.due_at, self.notify_by)


@dataclass(frozen=True, slots=True)
class Payment:
    """Own money to be moved between the own account and the client pool."""

    books: Books
    pool: str
    kind: RemedyKind
    amount: int
    day: date
    """The business day that the order belongs to."""
    order_id: int


class Payer(Protocol):
    """Moves own money: `jinku.custody.orders`, or a bank channel behind it."""

    def removable(self, books: Books, pool: str) -> int:
        """How much own money may leave the pool now, minor units."""
        ...

    def pay(self, payment: Payment) -> Mapping[str, Any]:
        """Book it, once however often it is asked; canonical values as evidence. Raises a JinkuError where refused."""
        ...


class RemedyDesk:
    """See the module's rules."""

    def __init__(
        self, database: Database, book: DayBook, ledger: Journal, payer: Payer, clock: Clock
    ) -> None:
        database.add(CLOSING)
        self._database, self._book, self._ledger = database, book, ledger
        self._payer, self._clock = payer, clock

    def propose(self, books: Books, day: date, by: str) -> list[Remedy]:
        """What makes the day's position good, pool by pool; the same again where it was proposed already.

        Raises NoDayBook, CloseRefused where the day has no position yet.
        """
        person(by)
        found = self._book.day(books, day)
        if found.state is DayState.CLOSING:
            raise CloseRefused(f"{day} has no position yet", remedy="prepare it: `jinku close finish`")
        settings = self._book.settings(books, day)
        rule = rule_in_force(settings.regime, day)
        numbers = []
        with self._database.writing() as connection:
            for row in connection.execute(_positions(books, day)).all():
                outcome, amount = self._wanted(books, row)
                kind = RemedyKind.TOP_UP if outcome is Outcome.SHORTFALL else RemedyKind.WITHDRAWAL
                amount -= self._under_way(connection, found, row.pool, kind)
                if amount <= 0:
                    continue
                known = self._standing(connection, books, day, row.pool, kind, amount)
                if known is not None:
                    numbers.append(known)
                    continue
                clock = deadline(settings, rule, found.prepared_at, outcome)
                values = {
                    "entity": books.entity,
                    "currency": books.currency,
                    "day": day.isoformat(),
                    "pool": row.pool,
                    "kind": kind.value,
                    "amount": str(amount),
                    "state": RemedyState.PROPOSED.value,
                    "found_at": clock.found_at,
                    "due_at": clock.due_at,
                    "notify_by": clock.notify_by,
                    "proposed_by": by,
                    "proposed_at": self._clock(),
                }
                made = connection.execute(insert(REMEDY).values(values)).inserted_primary_key
                numbers.append(int(made[0]) if made else 0)
                self._book.note(connection, books, day, by, f"proposed {kind.value}", str(amount))
        return [self.remedy(number) for number in numbers]

    def decide(self, number: int, by: str, *, approve: bool, reason: str = "") -> Remedy:
        """Another person approves or refuses. Raises SamePerson, CloseRefused, NoDayBook."""
        person(by)
        with self._database.writing() as connection:
            one = self._locked(connection, number)
            if one.state is not RemedyState.PROPOSED:
                raise CloseRefused(f"remedy {number} is {one.state.value}", remedy="propose a new one")
            if same_person(by, one.proposed_by):
                raise SamePerson(f"{by} proposed remedy {number}", remedy="have another person decide")
            now = self._clock()
            values: dict[str, Any] = {"decided_by": by, "decided_at": now, "reason": reason}
            values["state"] = (RemedyState.APPROVED if approve else RemedyState.REFUSED).value
            if approve:
                values["order_id"] = f"{new_order_id(now // _NS_PER_MS, number):032x}"
            connection.execute(update(REMEDY).where(REMEDY.c.number == number).values(**values))
            word = "approved" if approve else "refused"
            self._book.note(
                connection, one.books, one.day, by, f"{word} {one.kind.value}", reason or str(one.amount)
            )
        return self.remedy(number)

    def execute(self, number: int, by: str) -> Remedy:
        """Move the money of an approved remedy and keep the evidence; the same again where it was executed.

        Raises CloseRefused where it is not approved, and what the payer raises: then nothing was moved.
        """
        person(by)
        with self._database.writing() as connection:
            one = self._locked(connection, number)
            if one.state is RemedyState.EXECUTED:
                return one
            if one.state is not RemedyState.APPROVED:
                raise CloseRefused(
                    f"remedy {number} is {one.state.value}", remedy="have another person approve it"
                )
            day = self._book.open_day(*one.books)
            paid = self._payer.pay(Payment(one.books, one.pool, one.kind, one.amount, day, one.order_id))
            now = self._clock()
            evidence = canonical_json(self._evidence(connection, one, by, now, paid))
            digest = hashlib.sha256(evidence)
            entry, _ = self._ledger.seal(digest.digest(), SEAL_TOPIC_CLOSE)
            values = {
                "state": RemedyState.EXECUTED.value,
                "executed_at": now,
                "evidence": evidence.decode(),
                "sealed_entry": entry,
            }
            connection.execute(update(REMEDY).where(REMEDY.c.number == number).values(**values))
            self._book.note(
                connection, one.books, one.day, by, f"executed {one.kind.value}", digest.hexdigest()
            )
        return self.remedy(number)

    def remedy(self, number: int) -> Remedy:
        """One of them. Raises NoDayBook."""
        with self._database.reading() as connection:
            row = connection.execute(select(REMEDY).where(REMEDY.c.number == number)).one_or_none()
        return _read(row, number)

    def remedies(self, books: Books | None = None) -> list[Remedy]:
        """All of them, or those of some books, in order."""
        query = select(REMEDY).order_by(REMEDY.c.number)
        if books is not None:
            query = query.where(REMEDY.c.entity == books.entity, REMEDY.c.currency == books.currency)
        with self._database.reading() as connection:
            return [_read(row, row.number) for row in connection.execute(query)]

    def position(self, books: Books, day: date) -> list[dict[str, Any]]:
        """The day's positions as the record has them, each with its `explanation`. Raises NoDayBook, CloseRefused."""
        self._book.day(books, day)
        with self._database.reading() as connection:
            return [_document(row) for row in connection.execute(_positions(books, day))]

    def history(self, books: Books) -> list[dict[str, Any]]:
        """Every position of these books, in order of days."""
        query = (
            select(POSITION)
            .where(POSITION.c.entity == books.entity, POSITION.c.currency == books.currency)
            .order_by(POSITION.c.day, POSITION.c.place)
        )
        with self._database.reading() as connection:
            return [_document(row) for row in connection.execute(query)]

    # --- parts -------------------------------------------------------------------------------------------------------

    def _wanted(self, books: Books, row: Row[Any]) -> tuple[Outcome, int]:
        outcome, difference = Outcome(row.outcome), int(row.difference)
        if outcome is Outcome.SHORTFALL:
            return outcome, -difference
        if outcome is Outcome.EXCESS:
            prudent = int(json.loads(row.document)["prudent"])
            return outcome, max(0, min(difference, self._payer.removable(books, row.pool) - prudent))
        return outcome, 0

    def _under_way(self, connection: Connection, day: Day, pool: str, kind: RemedyKind) -> int:
        """What remedies of earlier days move that the day's position does not show yet."""
        query = select(REMEDY.c.amount, REMEDY.c.state, REMEDY.c.executed_at).where(
            REMEDY.c.entity == day.books.entity,
            REMEDY.c.currency == day.books.currency,
            REMEDY.c.day < day.day.isoformat(),
            REMEDY.c.pool == pool,
            REMEDY.c.kind == kind.value,
            REMEDY.c.state != RemedyState.REFUSED.value,
        )
        rows = connection.execute(query).all()
        return sum(int(row.amount) for row in rows if not row.executed_at or row.executed_at > day.cut_off)

    def _standing(
        self, connection: Connection, books: Books, day: date, pool: str, kind: RemedyKind, amount: int
    ) -> int | None:
        """The remedy that was proposed for this before; one of another amount gives way while nobody has decided."""
        query = select(REMEDY).where(
            REMEDY.c.entity == books.entity,
            REMEDY.c.currency == books.currency,
            REMEDY.c.day == day.isoformat(),
            REMEDY.c.pool == pool,
            REMEDY.c.kind == kind.value,
            REMEDY.c.state != RemedyState.REFUSED.value,
        )
        row = connection.execute(query.order_by(REMEDY.c.number.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        if int(row.amount) != amount and row.state == RemedyState.PROPOSED.value:
            gone = {"state": RemedyState.REFUSED.value, "reason": f"the position changed: {amount}"}
            connection.execute(update(REMEDY).where(REMEDY.c.number == row.number).values(**gone))
            return None
        return int(row.number)

    def _locked(self, connection: Connection, number: int) -> Remedy:
        query = select(REMEDY).where(REMEDY.c.number == number).with_for_update()
        return _read(connection.execute(query).one_or_none(), number)

    def _evidence(
        self, connection: Connection, one: Remedy, by: str, now: int, paid: Mapping[str, Any]
    ) -> dict[str, Any]:
        query = _positions(one.books, one.day).where(POSITION.c.pool == one.pool)
        before = json.loads(connection.execute(query).one().document)
        moved = one.amount if one.kind is RemedyKind.TOP_UP else -one.amount
        after = int(before["difference"]) + moved
        return {
            "format": "jinku-remedy/v1",
            "number": one.number,
            "entity": one.books.entity,
            "currency": before["currency"],
            "day": one.day.isoformat(),
            "pool": one.pool,
            "kind": one.kind.value,
            "amount": str(one.amount),
            "order": f"{one.order_id:032x}",
            "proposed_by": one.proposed_by,
            "decided_by": one.decided_by,
            "executed_by": by,
            "executed_at": to_rfc3339(now),
            "due_at": to_rfc3339(one.due_at) if one.due_at else "",
            "in_time": not one.clock.is_overdue(now),
            "position_before": {
                name: before[name] for name in ("requirement", "resource", "difference", "outcome")
            },
            "position_after": {
                "requirement": before["requirement"],
                "resource": str(int(before["resource"]) + moved),
                "difference": str(after),
            },
            "payment": dict(paid),
        }


def _positions(books: Books, day: date) -> Any:
    return (
        select(POSITION)
        .where(
            POSITION.c.entity == books.entity,
            POSITION.c.currency == books.currency,
            POSITION.c.day == day.isoformat(),
        )
        .order_by(POSITION.c.place)
    )


def _document(row: Row[Any]) -> dict[str, Any]:
    return {**json.loads(row.document), "explanation": row.explanation.split("\n")}


def _read(row: Row[Any] | None, number: int) -> Remedy:
    if row is None:
        raise NoDayBook(f"there is no remedy {number}", remedy="list them: `jinku position history`")
    return Remedy(
        number=row.number,
        books=Books(row.entity, row.currency),
        day=date.fromisoformat(row.day),
        pool=row.pool,
        kind=RemedyKind(row.kind),
        amount=int(row.amount),
        state=RemedyState(row.state),
        found_at=row.found_at,
        due_at=row.due_at,
        notify_by=row.notify_by,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by or "",
        decided_at=row.decided_at or 0,
        reason=row.reason or "",
        order_id=int(row.order_id, 16) if row.order_id else 0,
        executed_at=row.executed_at or 0,
        evidence=row.evidence or "",
    )
