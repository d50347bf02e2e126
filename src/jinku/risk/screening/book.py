"""The book: everyone who is screened, screened again as a whole when a list changes, with a look back (K5).

Rules:

1. A subject is a customer, or someone of a customer: owner, agent, controlled entity, counterparty. A hit on
   any of them
   is a finding about the customer, with the chain that leads to it.
2. A re-screen asks the whole book against the versions in force. A finding is new if its entry was not in the
   versions
   before or said something else; cleared pairs are no findings.
3. A look back takes the movements since a moment and names, under each finding, those with the party that was found.
4. Findings name subjects by their opaque keys. Reasons say what was compared, and belong to the case, not to a log.

Example::

    book.put([Subject("c-1", ("张伟",), Kind.PERSON)])
    findings = rescreen(book, running, cleared, before=old_digests)
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.risk.screening.errors import ScreeningError
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Facts, Hit, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.tables_control import CHANGES, SUBJECTS, TABLES

ROLES = frozenset({"customer", "owner", "agent", "controlled", "counterparty"})
CHAIN_LINKS_MAX = 8
_CHUNK_ROWS = 500
Cleared = frozenset[tuple[str, str, str, str]]
"""Pairs that were cleared: subject and its digest, entry and its digest."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A past movement: whose, with whom."""

    id: str
    time: int
    customer: str
    counterparty: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A subject that may be an entry: what becomes an alert."""

    subject: str
    customer: str
    """The customer whom the chain leads to; the subject itself where it is one."""
    chain: tuple[str, ...]
    """Keys from the subject to the customer."""
    role: str
    entry: str
    entry_digest: str
    list_version: str
    score: float
    explanation: tuple[str, ...]
    new: bool
    movements: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON values; the score in thousandths."""
        return {
            "subject": self.subject,
            "customer": self.customer,
            "chain": list(self.chain),
            "role": self.role,
            "entry": self.entry,
            "entry_digest": self.entry_digest,
            "list_version": self.list_version,
            "score_thousandths": round(self.score * 1000),
            "explanation": list(self.explanation),
            "new": self.new,
            "movements": list(self.movements),
        }


class Book:
    """Subjects on a control database."""

    def __init__(self, database: Database) -> None:
        database.add(TABLES)
        self._database = database

    def put(self, subjects: Iterable[Subject]) -> int:
        """Keep subjects, each in the place of the one with its key; how many. Raises ScreeningError."""
        rows = [_row(one) for one in subjects]
        last = list({row["key"]: row for row in rows}.values())
        with self._database.writing() as connection:
            _note(connection, [row["key"] for row in last])
            for at in range(0, len(last), _CHUNK_ROWS):
                part = last[at : at + _CHUNK_ROWS]
                connection.execute(delete(SUBJECTS).where(SUBJECTS.c.key.in_([row["key"] for row in part])))
                connection.execute(insert(SUBJECTS), part)
        return len(rows)

    def remove(self, key: str) -> bool:
        """Take a subject out of the book; whether it was there."""
        with self._database.writing() as connection:
            _note(connection, [key])
            return connection.execute(delete(SUBJECTS).where(SUBJECTS.c.key == key)).rowcount > 0

    def changes(self) -> int:
        """The number of the last change of the book: rises with every one."""
        with self._database.reading() as connection:
            number = connection.execute(select(CHANGES.c.number).where(CHANGES.c.key == "")).scalar()
        return int(number or 0)

    def since(self, number: int) -> dict[str, Subject | None]:
        """Whoever was put or removed after the change with this number; None for who is not there any more."""
        changed = select(CHANGES.c.key).where(CHANGES.c.number > number, CHANGES.c.key != "")
        joined = CHANGES.outerjoin(SUBJECTS, CHANGES.c.key == SUBJECTS.c.key)
        query = select(CHANGES.c.key, SUBJECTS.c.document, SUBJECTS.c.of, SUBJECTS.c.role)
        with self._database.reading() as connection:
            rows = connection.execute(query.select_from(joined).where(CHANGES.c.key.in_(changed))).all()
        return {
            row.key: None
            if row.document is None
            else _subject(row.key, json.loads(row.document), row.of, row.role)
            for row in rows
        }

    def subject(self, key: str) -> Subject | None:
        """Who is in the book under a key; None where nobody is."""
        with self._database.reading() as connection:
            row = connection.execute(select(SUBJECTS).where(SUBJECTS.c.key == key)).first()
        return None if row is None else _subject(row.key, json.loads(row.document), row.of, row.role)

    def subjects(self) -> list[Subject]:
        """Everyone in the book, by key."""
        with self._database.reading() as connection:
            rows = connection.execute(select(SUBJECTS).order_by(SUBJECTS.c.key)).all()
        return [_subject(row.key, json.loads(row.document), row.of, row.role) for row in rows]


def _note(connection: Connection, keys: Sequence[str]) -> None:
    """Note a change of these subjects. Whoever comes second waits for the first, so that no number is seen too late."""
    counted = update(CHANGES).where(CHANGES.c.key == "").values(number=CHANGES.c.number + 1)
    if not connection.execute(counted).rowcount:
        connection.execute(insert(CHANGES).values(key="", number=1))
    number = connection.execute(select(CHANGES.c.number).where(CHANGES.c.key == "")).scalar_one()
    for at in range(0, len(keys), _CHUNK_ROWS):
        part = [key for key in keys[at : at + _CHUNK_ROWS] if key]
        connection.execute(delete(CHANGES).where(CHANGES.c.key.in_(part)))
        if part:
            connection.execute(insert(CHANGES), [{"key": key, "number": number} for key in part])


def _row(one: Subject) -> dict[str, Any]:
    if not one.key or not any(name.strip() for name in one.names) or one.role not in ROLES:
        raise ScreeningError(
            "a subject needs a key, a name and a role", remedy=f"roles are {', '.join(sorted(ROLES))}"
        )
    body = {"facts": one.facts.document(), "kind": one.kind.value, "names": list(one.names)}
    return {"key": one.key, "document": canonical_json(body).decode(), "of": one.of, "role": one.role}


def _subject(key: str, body: dict[str, Any], of: str, role: str) -> Subject:
    return Subject(key, tuple(body["names"]), Kind(body["kind"]), Facts.of(body["facts"]), of, role)


def rescreen(
    subjects: Iterable[Subject],
    running: Running,
    cleared: Cleared = frozenset(),
    before: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Everyone against the versions in force. `before`: the entries' digests of the versions before (none: all new)."""
    book = {one.key: one for one in subjects}
    known = before or {}
    found = []
    for one in book.values():
        for hit in running.index.search(one):
            digest = running.digests[hit.entry.key]
            if (one.key, one.digest, hit.entry.key, digest) not in cleared:
                found.append(_finding(one, hit, book, running, known.get(hit.entry.key) != digest))
    return sorted(found, key=lambda one: (not one.new, -one.score, one.subject, one.entry))


def _finding(one: Subject, hit: Hit, book: Mapping[str, Subject], running: Running, new: bool) -> Finding:
    chain = tuple(_chain(one, book))
    return Finding(
        one.key,
        chain[-1],
        chain,
        one.role,
        hit.entry.key,
        running.digests[hit.entry.key],
        f"{hit.entry.list}.{running.version_of(hit.entry)}",
        hit.score,
        tuple(part.text for part in hit.parts) + hit.comparison.remarks,
        new,
    )


def _chain(one: Subject, book: Mapping[str, Subject]) -> Iterator[str]:
    yield one.key
    for _ in range(CHAIN_LINKS_MAX):
        if not one.of:
            return
        yield one.of
        above = book.get(one.of)
        if above is None:
            return
        one = above


def look_back(findings: Iterable[Finding], movements: Iterable[Movement]) -> list[Finding]:
    """The findings, each with the past movements of or with the party that was found, oldest first."""
    by_party: dict[str, list[Movement]] = {}
    for one in movements:
        for key in {one.customer, one.counterparty}:
            by_party.setdefault(key, []).append(one)
    made = []
    for finding in findings:
        touched = {
            one.id: one for key in {finding.subject, finding.customer} for one in by_party.get(key, ())
        }
        if finding.role == "counterparty":
            touched = {one.id: one for one in by_party.get(finding.subject, ())}
        order = sorted(touched.values(), key=lambda one: (one.time, one.id))
        made.append(replace(finding, movements=tuple(one.id for one in order)))
    return made
