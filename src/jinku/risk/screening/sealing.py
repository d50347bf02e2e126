"""What was done to lists and clearances, each act sealed in the log, and the control data compared with it at use.

Rules:

1. An act says how a version of a list or a clearance stands from then on: a canonical JSON document. Its SHA-256 stands
   in the log under ``TOPIC_LISTS``, and that topic has nothing else. Reasons are in it by digest, names not at all.
2. An act is written together with what it changes, then sealed, then marked as sealed. What is not sealed has not
   happened: when a house opens, `pending` is what a process that ended in between left, to be undone (or to be marked,
   where the log has it).
3. `standing` is what the sealed acts say, once every act is in the log and every seal of the topic is an act's: a
   record that was changed, put in, put back or taken away with a pen in the control data is told by name, and nothing
   is read.
4. Two persons may take the control data as it stands (`adopt`), once they have looked: from then on that counts.

Example::

    acts = ScreeningActs(database, ledger)
    with database.writing() as connection:
        number = acts.add(connection, "list", "un.3", version.document())
    acts.seal(number)
    acts.standing("list")["un.3"]
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.ledger.sealed import LogSeals, SealingLedger, is_sealed
from jinku.risk.screening.errors import NotAsked, ScreeningAltered
from jinku.risk.screening.tables_control import ACTS, TABLES

TOPIC_LISTS = 14
LIST, CLEARANCE, ADOPTED = "list", "clearance", "adopted"
UNSEALED = -1
Bodies = dict[str, dict[str, Any]]
"""Key to how it stands."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An act that is written and not marked as sealed; `entry` is where the log has it, `UNSEALED` for nowhere."""

    number: int
    key: str
    entry: int


class ScreeningActs:
    """See the module's rules. For any number of threads."""

    def __init__(self, database: Database, ledger: SealingLedger, seals: LogSeals | None = None) -> None:
        """`seals` are those of the house, where it keeps their places."""
        database.add(TABLES)
        self._database, self._ledger = database, ledger
        self._seals = seals or LogSeals(ledger, (TOPIC_LISTS,))
        self._known: tuple[tuple[int, ...], dict[str, Bodies]] | None = None

    def add(self, connection: Connection, kind: str, key: str, body: Mapping[str, Any]) -> int:
        """Write an act in the transaction of what it changes; its number, to be sealed once that is done."""
        number = int(connection.execute(select(func.max(ACTS.c.number))).scalar() or 0) + 1
        told = {"act": number, "kind": kind, "key": key, "stands": dict(body)}
        document = canonical_json(told).decode()
        values = {"number": number, "kind": kind, "key": key, "document": document, "entry": UNSEALED}
        connection.execute(insert(ACTS).values(values))
        return number

    def seal(self, number: int) -> int:
        """Seal an act; the number of its entry in the log."""
        with self._database.reading() as connection:
            document = connection.execute(select(ACTS.c.document).where(ACTS.c.number == number)).scalar_one()
        entry, _ = self._ledger.seal(_digest(document), TOPIC_LISTS)
        self.mark(number, entry)
        return entry

    def mark(self, number: int, entry: int) -> None:
        """Note where an act was sealed."""
        with self._database.writing() as connection:
            connection.execute(update(ACTS).where(ACTS.c.number == number).values(entry=entry))

    def drop(self, connection: Connection, number: int) -> None:
        """Forget an act that was never sealed."""
        connection.execute(delete(ACTS).where(ACTS.c.number == number, ACTS.c.entry == UNSEALED))

    def pending(self, kind: str) -> list[Pending]:
        """The acts of a kind that are not marked as sealed, the newest first. Raises ScreeningAltered."""
        sealed = self._seals.of(TOPIC_LISTS)
        query = select(ACTS).where(ACTS.c.kind == kind, ACTS.c.entry == UNSEALED)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(ACTS.c.number.desc())).all()
        found = [Pending(row.number, row.key, sealed.get(_digest(row.document), UNSEALED)) for row in rows]
        if wrong := next((one for one in found if not one.key.rpartition(".")[2].isdecimal()), None):
            raise ScreeningAltered(f"act {wrong.number}", f"is of no {kind}")
        return found

    def standing(self, kind: str) -> Bodies:
        """How each version or clearance stands by the sealed acts. Raises ScreeningAltered."""
        with self._database.reading() as connection:
            counted = select(func.count(), func.coalesce(func.max(ACTS.c.number), 0), func.sum(ACTS.c.entry))
            key = tuple(int(one or 0) for one in connection.execute(counted.select_from(ACTS)).one())
        known = self._known
        if known is None or known[0] != key:
            known = self._known = key, self._proven()
        return known[1].get(kind, {})

    def compare(self, kind: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Compare records in the control data, by key, with what stands; those with an act that waits for its seal are
        not. Raises ScreeningAltered."""
        standing = self.standing(kind)
        waiting = {one.key for one in self.pending(kind)} if rows != standing else set()
        for key in sorted((rows.keys() | standing.keys()) - waiting):
            if key not in standing:
                raise ScreeningAltered(f"{kind} {key}", "was never sealed")
            if key not in rows:
                raise ScreeningAltered(
                    f"{kind} {key}", "is sealed in the log and no longer in the control data"
                )
            if rows[key] != standing[key]:
                differ = [name for name, value in standing[key].items() if rows[key].get(name) != value]
                raise ScreeningAltered(
                    f"{kind} {key}", f"differs from what the log seals in {', '.join(differ)}"
                )

    def adopt(self, connection: Connection, stands: Mapping[str, Bodies], by: str, second: str) -> int:
        """Write that two persons took the control data as it `stands`; the act's number. Raises NotAsked."""
        if not PERSON.fullmatch(by) or not PERSON.fullmatch(second) or same_person(by, second):
            raise NotAsked("control data is taken as it stands by two persons", remedy="name two opaque ids")
        until = max(self._seals.of(TOPIC_LISTS).values(), default=UNSEALED)
        body = {"by": by, "second": second, "until": str(until), "kinds": {**stands}}
        return self.add(connection, ADOPTED, ADOPTED, body)

    # --- within ------------------------------------------------------------------------------------------------------

    def _proven(self) -> dict[str, Bodies]:
        sealed = self._seals.of(TOPIC_LISTS)
        with self._database.reading() as connection:
            rows = connection.execute(select(ACTS).order_by(ACTS.c.number)).all()
        begins = next((at for at in range(len(rows) - 1, -1, -1) if self._adopts(rows[at], sealed)), 0)
        until, found = UNSEALED, dict[str, Bodies]()
        explained = {_digest(row.document) for row in rows}
        for row in rows[begins:]:
            digest = _digest(row.document)
            if row.entry == UNSEALED and digest not in sealed:
                continue
            told: dict[str, Any] = {}
            if digest in sealed or is_sealed(self._ledger, row.entry, digest, TOPIC_LISTS):
                told = json.loads(row.document)
            if (told.get("act"), told.get("kind"), told.get("key")) != (row.number, row.kind, row.key):
                raise ScreeningAltered(
                    f"the act of {row.kind} {row.key}", f"is not what log entry {row.entry} seals"
                )
            if row.kind == ADOPTED:
                until = int(told["stands"]["until"])
                found = {kind: dict(bodies) for kind, bodies in told["stands"]["kinds"].items()}
            else:
                found.setdefault(row.kind, {})[row.key] = told["stands"]
        for digest, entry in sorted(sealed.items(), key=lambda one: one[1]):
            if digest not in explained and entry > until:
                raise ScreeningAltered(
                    f"log entry {entry}", "seals a list or a clearance that the control data does not have"
                )
        return found

    def _adopts(self, row: Any, sealed: Mapping[bytes, int]) -> bool:
        return bool(row.kind == ADOPTED and _digest(row.document) in sealed)


def undone(pending: Sequence[Pending]) -> list[Pending]:
    """Those of pending acts that the log does not have."""
    return [one for one in pending if one.entry == UNSEALED]


def _digest(document: str) -> bytes:
    return hashlib.sha256(document.encode()).digest()
