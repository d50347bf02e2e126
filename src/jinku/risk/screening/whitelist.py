"""What was looked at and cleared: a subject and an entry that are not the same person, for a time.

Rules:

1. A clearance is of one pair: a subject and an entry as it stands. Once the entry changes it is void, and the
   pair is a
   hit again. It ends by itself at its moment, at most `DAYS_MAX` days after it was proposed.
2. One person proposes with a reason, another confirms; until then it clears nothing. Either may withdraw it.
3. Each step is sealed (topic 14) by its digest; the reason and the names are not in the log.

Example::

    number = desk.propose("c-1", entry, "other birth place, passport seen", by="clerk-1", expires=moment)
    desk.confirm(number, by="officer-2")
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_DAY, Clock
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.risk.screening.errors import NotAsked, ScreeningError
from jinku.risk.screening.lists import TOPIC_LISTS, UNSEALED, Sealer
from jinku.risk.screening.model import Entry
from jinku.risk.screening.tables_control import CLEARED, TABLES

DAYS_MAX = 366
REASON_LETTERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Clearance:
    """A pair that was looked at."""

    id: int
    subject: str
    entry: str
    entry_digest: str
    reason: str
    proposed_by: str
    proposed_at: int
    confirmed_by: str
    confirmed_at: int
    expires: int
    withdrawn: bool
    sealed_entry: int = UNSEALED


class Whitelist:
    """Clearances on a control database."""

    def __init__(self, database: Database, ledger: Sealer, clock: Clock) -> None:
        database.add(TABLES)
        self._database, self._ledger, self._clock = database, ledger, clock
        self.resume()

    def resume(self) -> int:
        """Seal what was written but not sealed when a process ended in between; how many clearances."""
        waiting = [one for one in self.all() if one.sealed_entry == UNSEALED]
        for one in waiting:
            self._seal(one)
        return len(waiting)

    def propose(self, subject: str, entry: Entry, reason: str, *, by: str, expires: int) -> int:
        """Propose that `subject` is not `entry`, until the moment `expires`; its number. Raises ScreeningError."""
        now = self._clock()
        if not PERSON.fullmatch(by):
            raise ScreeningError("is no id of a person", remedy="1 to 64 letters, digits, . _ -")
        if not reason.strip() or len(reason) > REASON_LETTERS_MAX:
            raise ScreeningError("a clearance needs a reason", remedy=f"1 to {REASON_LETTERS_MAX} letters")
        if not now < expires <= now + DAYS_MAX * NS_PER_DAY:
            raise ScreeningError(f"a clearance ends within {DAYS_MAX} days", remedy="say a nearer end")
        with self._database.writing() as connection:
            number = int(connection.execute(select(func.max(CLEARED.c.id))).scalar() or 0) + 1
            row = Clearance(
                number, subject, entry.key, entry.digest, reason, by, now, "", 0, expires, withdrawn=False
            )
            connection.execute(
                insert(CLEARED), [{column.name: getattr(row, column.name) for column in CLEARED.columns}]
            )
        self._seal(row)
        return number

    def confirm(self, number: int, *, by: str) -> Clearance:
        """Confirm, by another person than who proposed it. Raises NotAsked."""
        now = self._clock()
        with self._database.writing() as connection:
            row = _one(connection, number)
            if (
                row.confirmed_by
                or row.withdrawn
                or same_person(row.proposed_by, by)
                or not PERSON.fullmatch(by)
            ):
                raise NotAsked(
                    f"clearance {number} does not wait for this person",
                    remedy="another person confirms, once",
                )
            done = {"confirmed_by": by, "confirmed_at": now, "sealed_entry": UNSEALED}
            connection.execute(update(CLEARED).where(CLEARED.c.id == number).values(done))
            row = _one(connection, number)
        self._seal(row)
        return row

    def withdraw(self, number: int, *, by: str) -> Clearance:
        """Withdraw: the pair is a hit again. Raises NotAsked."""
        with self._database.writing() as connection:
            row = _one(connection, number)
            if row.withdrawn or not PERSON.fullmatch(by):
                raise NotAsked(f"clearance {number} is withdrawn already", remedy="propose another")
            done = {"withdrawn": True, "sealed_entry": UNSEALED}
            connection.execute(update(CLEARED).where(CLEARED.c.id == number).values(done))
            row = _one(connection, number)
        self._seal(row)
        return row

    def all(self) -> list[Clearance]:
        """Every clearance, oldest first."""
        with self._database.reading() as connection:
            return [Clearance(*row) for row in connection.execute(select(CLEARED).order_by(CLEARED.c.id))]

    def cleared(self, at: int | None = None) -> frozenset[tuple[str, str, str]]:
        """What is cleared at a moment (now if None): subject, entry, digest of the entry as it was seen."""
        now = self._clock() if at is None else at
        return frozenset(
            (one.subject, one.entry, one.entry_digest)
            for one in self.all()
            if one.confirmed_by and not one.withdrawn and one.confirmed_at <= now < one.expires
        )

    def _seal(self, row: Clearance) -> None:
        body = {
            column.name: getattr(row, column.name)
            for column in CLEARED.columns
            if column.name != "sealed_entry"
        }
        body = {
            name: str(value) if name.endswith(("_at", "expires")) else value for name, value in body.items()
        }
        entry, _ = self._ledger.seal(hashlib.sha256(canonical_json(body)).digest(), TOPIC_LISTS)
        with self._database.writing() as connection:
            connection.execute(update(CLEARED).where(CLEARED.c.id == row.id).values(sealed_entry=entry))


def _one(connection: Connection, number: int) -> Clearance:
    row = connection.execute(select(CLEARED).where(CLEARED.c.id == number).with_for_update()).first()
    if row is None:
        raise NotAsked(f"there is no clearance {number}", remedy="see: jinku screen whitelist list")
    return Clearance(*row)
