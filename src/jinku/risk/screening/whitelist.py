"""What was looked at and cleared: a subject and an entry that are not the same person, for a time.

Rules:

1. A clearance is of one pair as it stood: the subject's names, kind and facts, and the entry. Once either changes it
   has lapsed, and the pair is a hit again. It ends by itself, at most `DAYS_MAX` days after it was proposed.
2. One person proposes with a reason, another confirms; until then it clears nothing. Either may withdraw it.
3. Each step is an act, sealed (`jinku.risk.screening.sealing`); the reason is in it by digest, names not at all. What
   clears is what the log seals: a clearance put in, changed or put back in the control data is told by its number.

Example::

    number = desk.propose(subject, entry, "other birth place, passport seen", by="clerk-1", expires=moment)
    desk.confirm(number, by="officer-2")
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from jinku.base.clock import NS_PER_DAY, Clock
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.ledger.sealed import LogSeals, SealingLedger
from jinku.risk.screening.book import Cleared
from jinku.risk.screening.errors import NotAsked, ScreeningAltered, ScreeningError
from jinku.risk.screening.model import Entry, Subject
from jinku.risk.screening.sealing import CLEARANCE, UNSEALED, ScreeningActs, undone
from jinku.risk.screening.tables_control import CLEARED

DAYS_MAX = 366
REASON_LETTERS_MAX = 2_000
_MOMENTS = ("proposed_at", "confirmed_at", "expires")
_UNSEALED_FIELDS = ("reason", "sealed_entry")


@dataclass(frozen=True, slots=True)
class Clearance:
    """A pair that was looked at."""

    id: int
    subject: str
    subject_digest: str
    """Of the subject as it was screened (`Subject.digest`)."""
    entry: str
    entry_digest: str
    reason: str
    """Empty where it was erased after its term."""
    reason_digest: str
    proposed_by: str
    proposed_at: int
    confirmed_by: str
    confirmed_at: int
    expires: int
    withdrawn: bool
    sealed_entry: int = UNSEALED

    def body(self) -> dict[str, Any]:
        """What is sealed of it, as JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__ if name not in _UNSEALED_FIELDS}
        return {name: str(value) if name in _MOMENTS else value for name, value in values.items()}


class Reviewed(NamedTuple):
    """How a clearance stands, and why it lapsed where it did."""

    clearance: Clearance
    state: str
    """``proposed``, ``in_force``, ``withdrawn``, ``expired`` or ``lapsed``."""
    why: str = ""


class Whitelist:
    """Clearances on a control database."""

    def __init__(
        self, database: Database, ledger: SealingLedger, clock: Clock, seals: LogSeals | None = None
    ) -> None:
        """`seals` are those of the house, where it keeps their places."""
        self._acts = ScreeningActs(database, ledger, seals)
        self._database, self._clock = database, clock

    def resume(self) -> int:
        """Undo what was written and not sealed when a process ended in between; how many acts were left. Only for who
        opens the house: nobody may be at work. Raises ScreeningAltered."""
        pending = self._acts.pending(CLEARANCE)
        standing = self._acts.standing(CLEARANCE) if pending else {}
        for one in pending:
            if one.entry != UNSEALED:
                self._acts.mark(one.number, one.entry)
                self._note(int(one.key), one.entry)
        for one in undone(pending):
            with self._database.writing() as connection:
                self._acts.drop(connection, one.number)
                here = CLEARED.c.id == int(one.key)
                if one.key in standing:
                    body = standing[one.key]
                    told = {name: int(value) if name in _MOMENTS else value for name, value in body.items()}
                    connection.execute(update(CLEARED).where(here).values(**told, sealed_entry=0))
                else:
                    connection.execute(delete(CLEARED).where(here))
        return len(pending)

    def propose(self, subject: Subject, entry: Entry, reason: str, *, by: str, expires: int) -> int:
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
                number, subject.key, subject.digest, entry.key, entry.digest, reason, digest_of_reason(reason),
                by, now, "", 0, expires, withdrawn=False,
            )  # fmt: skip
            connection.execute(
                insert(CLEARED), [{column.name: getattr(row, column.name) for column in CLEARED.columns}]
            )
            act = self._acts.add(connection, CLEARANCE, str(number), row.body())
        self._note(number, self._acts.seal(act))
        return number

    def confirm(self, number: int, *, by: str) -> Clearance:
        """Confirm, by another person than who proposed it. Raises NotAsked, ScreeningAltered."""
        self.proven()
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
            act = self._change(connection, number, {"confirmed_by": by, "confirmed_at": now})
        return self._note(number, self._acts.seal(act))

    def withdraw(self, number: int, *, by: str) -> Clearance:
        """Withdraw: the pair is a hit again. Raises NotAsked."""
        with self._database.writing() as connection:
            row = _one(connection, number)
            if row.withdrawn or not PERSON.fullmatch(by):
                raise NotAsked(f"clearance {number} is withdrawn already", remedy="propose another")
            act = self._change(connection, number, {"withdrawn": True})
        return self._note(number, self._acts.seal(act))

    def all(self) -> list[Clearance]:
        """Every clearance, oldest first, as the control data has it."""
        with self._database.reading() as connection:
            return [Clearance(*row) for row in connection.execute(select(CLEARED).order_by(CLEARED.c.id))]

    def proven(self) -> list[Clearance]:
        """Every clearance, oldest first, as the log seals it. Raises ScreeningAltered."""
        kept = {str(one.id): one for one in self.all()}
        self._acts.compare(CLEARANCE, {key: one.body() for key, one in kept.items()})
        standing = self._acts.standing(CLEARANCE)
        return [_proven(kept.get(key), body) for key, body in standing.items()]

    def cleared(self, at: int | None = None) -> Cleared:
        """What is cleared at a moment (now if None): subject, its digest, entry, its digest as both were seen.

        Raises ScreeningAltered."""
        now = self._clock() if at is None else at
        return frozenset(
            (one.subject, one.subject_digest, one.entry, one.entry_digest)
            for one in self.proven()
            if one.confirmed_by and not one.withdrawn and one.confirmed_at <= now < one.expires
        )

    def review(
        self, subject_of: Callable[[str], Subject | None], entries: Mapping[str, str]
    ) -> list[Reviewed]:
        """Every clearance with how it stands now. `subject_of` tells who a key is today, `entries` the digest of each
        entry in force by its key. Raises ScreeningAltered."""
        now = self._clock()
        return [_reviewed(one, now, subject_of, entries) for one in self.proven()]

    def stands(self) -> dict[str, dict[str, Any]]:
        """Every clearance by its number as the control data has it, unproven: what `ScreeningActs.adopt` takes."""
        return {str(one.id): one.body() for one in self.all()}

    def erase_reason(self, number: int) -> None:
        """Forget what a person wrote; its digest stays, and all else."""
        with self._database.writing() as connection:
            connection.execute(update(CLEARED).where(CLEARED.c.id == number).values(reason=""))

    def _change(self, connection: Connection, number: int, values: Mapping[str, object]) -> int:
        here = CLEARED.c.id == number
        connection.execute(update(CLEARED).where(here).values(**values, sealed_entry=UNSEALED))
        return self._acts.add(connection, CLEARANCE, str(number), _one(connection, number).body())

    def _note(self, number: int, entry: int) -> Clearance:
        with self._database.writing() as connection:
            connection.execute(update(CLEARED).where(CLEARED.c.id == number).values(sealed_entry=entry))
            return _one(connection, number)


def digest_of_reason(reason: str) -> str:
    """SHA-256 of what a person wrote, in hexadecimal."""
    return hashlib.sha256(reason.encode()).hexdigest()


def _proven(row: Clearance | None, body: Mapping[str, Any]) -> Clearance:
    told: dict[str, Any] = {name: int(value) if name in _MOMENTS else value for name, value in body.items()}
    reason = row.reason if row is not None else ""
    if reason and digest_of_reason(reason) != body["reason_digest"]:
        raise ScreeningAltered(f"clearance {body['id']}", "has another reason than the log seals")
    return Clearance(**told, reason=reason, sealed_entry=row.sealed_entry if row is not None else UNSEALED)


def _reviewed(
    one: Clearance, now: int, subject_of: Callable[[str], Subject | None], entries: Mapping[str, str]
) -> Reviewed:
    if one.withdrawn:
        return Reviewed(one, "withdrawn")
    if now >= one.expires:
        return Reviewed(one, "expired")
    subject = subject_of(one.subject)
    why = ""
    if subject is None:
        why = "nobody is known under the subject's key any more"
    elif subject.digest != one.subject_digest:
        why = "the subject's name, birth, country or identifiers changed"
    elif one.entry not in entries:
        why = "no list in force has the entry any more"
    elif entries[one.entry] != one.entry_digest:
        why = "the entry changed"
    if why:
        return Reviewed(one, "lapsed", why)
    return Reviewed(one, "in_force" if one.confirmed_by else "proposed")


def _one(connection: Connection, number: int) -> Clearance:
    row = connection.execute(select(CLEARED).where(CLEARED.c.id == number).with_for_update()).first()
    if row is None:
        raise NotAsked(f"there is no clearance {number}", remedy="see: jinku screen whitelist list")
    return Clearance(*row)
