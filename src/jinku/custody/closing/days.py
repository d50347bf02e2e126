"""The day book: per legal entity and currency, days that go from open to closing to closed, once and without gaps.

Rules (R6):

1. A book begins with a first day and settings (calendar, time zone, cut-off), which are recorded. The cut-off of a day
   is fixed before the day begins; new settings hold from a day that has not begun.
2. A day is started after its cut-off, by the ledger's clock and by ours, once the day before it is closed. Starting
   puts a mark into the log and fixes which journal entries belong to the day: those after the day before's, up to the
   last one booked at or before the cut-off. Whatever comes later belongs to a later day, whatever day it names.
3. A day is closed by a record that one person prepared and another one reviewed; the record names the record of the
   day before by its digest, and its own digest is sealed in the log under `SEAL_TOPIC_CLOSE`, once.
4. A closed day does not change: the database refuses it, and `verify` compares chain, seals and book.
5. Each step is one transaction and may be repeated after a crash; of two that do the same at once, one wins and the
   other finds it done or is refused.

Example::

    book = DayBook(database, ledger, clock)
    book.begin(Books(1, 156), CloseSettings("CN", "Asia/Shanghai", "16:00", "CN"), date(2026, 11, 20), by="clerk-1")
    book.open_day(1, 156)  # the day that what is booked now belongs to
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.base.persons import PERSON, same_person
from jinku.custody.closing.errors import CloseRefused, CutOffNotReached, DayIsClosed, NoDayBook, SamePerson
from jinku.custody.closing.journal import Journal, end_at, find_seal, start_mark
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.tables import CLOSING, DAY, HISTORY, SETTINGS

CLOCK_SLACK_NS = 1_000_000_000
"""By how much a clock that is corrected all the time may run back unnoticed."""


class Books(NamedTuple):
    """One legal entity's books in one currency (ISO 4217 number)."""

    entity: int
    currency: int


class DayState(StrEnum):
    """How far a day is; one that is not in the book yet is open."""

    OPEN = "open"
    CLOSING = "closing"
    """Its entries are fixed; inputs are taken, the record is made."""
    PREPARED = "prepared"
    """A record waits for its reviewer."""
    SEALING = "sealing"
    """Reviewed; on its way into the log."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a book."""

    books: Books
    day: date
    previous: date | None
    state: DayState
    cut_off: int
    """Its last moment, ns UTC."""
    first_entry: int
    end_entry: int
    """Its journal entries are `first_entry` … `end_entry` - 1."""
    started_by: str
    started_at: int
    prepared_by: str = ""
    prepared_at: int = 0
    draft: str = ""
    """SHA-256 of the prepared record, hexadecimal."""
    reviewed_by: str = ""
    reviewed_at: int = 0
    record: str = ""
    """SHA-256 of the reviewed record."""
    seal_from: int = 0
    sealed_entry: int = -1
    """Journal entry of the record's seal; -1 before."""
    sealed_at: int = 0


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that was done to a day."""

    day: date
    at: int
    by: str
    what: str
    note: str


class Window(Protocol):
    """Says which journal entries a day has."""

    def __call__(self, books: Books, day: date, cut_off: int, by: str, /) -> int:
        """The first journal entry that no longer belongs to `day`. Raises CutOffNotReached."""
        ...


class DayBook:
    """See the module's rules. Safe to share between threads and processes."""

    def __init__(
        self, database: Database, ledger: Journal, clock: Clock, window: Window | None = None
    ) -> None:
        """`window` is for books whose days are not those of booking, such as imported history."""
        database.add(CLOSING)
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._window = window or self._booked

    # --- what it says ------------------------------------------------------------------------------------------------

    def open_day(self, entity: int, currency: int) -> date:
        """The business day that what is booked now belongs to.

        It is never a day that is being closed, even where the clock went back. Raises NoDayBook, CalendarRange.
        """
        books = Books(entity, currency)
        with self._database.reading() as connection:
            last = _last(connection, books)
            settings, first = self._settings(connection, books, last.day if last else None)
            day = settings.day_of(self._clock())
            return max(day, settings.days.next_business_day(last.day) if last else first)

    def next_to_close(self, entity: int, currency: int) -> date:
        """The earliest day that is not closed. Raises NoDayBook, CalendarRange."""
        with self._database.reading() as connection:
            return self._next(connection, Books(entity, currency))

    def is_closed(self, entity: int, currency: int, day: date) -> bool:
        """Whether nothing may change `day` any more; a weekend or holiday is part of the business day after it.

        What lies before the book's first day is closed with it; without a book nothing is.
        """
        books = Books(entity, currency)
        with self._database.reading() as connection:
            try:
                _, first = self._settings(connection, books, None)
            except NoDayBook:
                return False
            last = _last(connection, books, DayState.CLOSED)
            return day < first or (last is not None and day <= last.day)

    def last_closed(self, entity: int, currency: int) -> Day | None:
        """The newest closed day; None before the first."""
        with self._database.reading() as connection:
            return _last(connection, Books(entity, currency), DayState.CLOSED)

    def day(self, books: Books, day: date) -> Day:
        """One day that was started. Raises NoDayBook."""
        with self._database.reading() as connection:
            return _day(connection, books, day)

    def days(self, books: Books) -> list[Day]:
        """Every day that was started, in order."""
        with self._database.reading() as connection:
            return [_read(row) for row in connection.execute(_of(books).order_by(DAY.c.day))]

    def books(self) -> list[Books]:
        """Every book that was begun."""
        query = select(SETTINGS.c.entity, SETTINGS.c.currency).distinct()
        with self._database.reading() as connection:
            return sorted(Books(*row) for row in connection.execute(query))

    def settings(self, books: Books, day: date | None = None) -> CloseSettings:
        """The settings that hold for `day` (the newest where None). Raises NoDayBook."""
        with self._database.reading() as connection:
            return self._settings(connection, books, day or date.max)[0]

    def history(self, books: Books, day: date | None = None) -> list[HistoryLine]:
        """What was done, in order, to one day or to all."""
        query = select(HISTORY).where(HISTORY.c.entity == books.entity, HISTORY.c.currency == books.currency)
        if day is not None:
            query = query.where(HISTORY.c.day == day.isoformat())
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(HISTORY.c.number)).all()
        return [HistoryLine(date.fromisoformat(r.day), r.at, r.by, r.what, r.note) for r in rows]

    # --- what is done ------------------------------------------------------------------------------------------------

    def begin(self, books: Books, settings: CloseSettings, first_day: date, by: str) -> None:
        """Begin a book with its first business day, or give it new settings from a day that has not begun.

        Raises CloseRefused, InputError for a first day that is no business day, CalendarRange.
        """
        person(by)
        if not settings.days.is_business_day(first_day):
            raise InputError(
                f"is no business day of {settings.calendar}",
                field="first_day",
                value=first_day.isoformat(),
                remedy=f"begin on {settings.days.on_or_after(first_day)}",
            )
        with self._database.writing() as connection:
            self._refuse_begun(connection, books, first_day)
            row = {
                **_key(books),
                "from_day": first_day.isoformat(),
                "calendar": settings.calendar,
                "timezone": settings.timezone,
                "cut_off": settings.cut_off,
                "regime": settings.regime,
                "structure": settings.structure,
                "decided_by": by,
                "decided_at": self._clock(),
            }
            connection.execute(insert(SETTINGS).values(row))
            note = f"{settings.calendar} {settings.timezone} {settings.cut_off} {settings.regime}".strip()
            self.note(connection, books, first_day, by, "settings", note)

    def start(self, books: Books, by: str) -> Day:
        """Start closing the earliest day that is not closed; the same day again where it was started already.

        Raises NoDayBook, CutOffNotReached, CalendarRange.
        """
        person(by)
        with self._database.reading() as connection:
            last = _last(connection, books)
            if last is not None and last.state is not DayState.CLOSED:
                return last
            day = self._next(connection, books)
            settings, _ = self._settings(connection, books, day)
        cut_off = settings.cut_off_of(day)
        self._require_over(cut_off, last)
        first = last.end_entry if last else 0
        end = max(first, self._window(books, day, cut_off, by))
        row = {
            **_key(books),
            "day": day.isoformat(),
            "previous": last.day.isoformat() if last else None,
            "state": DayState.CLOSING.value,
            "cut_off": cut_off,
            "first_entry": first,
            "end_entry": end,
            "started_by": by,
            "started_at": self._clock(),
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(DAY).values(row))
                self.note(connection, books, day, by, "started", f"entries {first} to {end}")
        except IntegrityError:  # another one was faster: it is the same day, or it is refused there
            pass
        return self.day(books, day)

    def prepared(
        self, books: Books, day: date, by: str, digest: str, also: Callable[[Connection], None] | None = None
    ) -> Day:
        """The record with SHA-256 `digest` (hexadecimal) is made; it waits for another person.

        `also` writes what belongs to it within the same transaction.

        Raises DayIsClosed, CloseRefused for a day that a reviewer has approved, NoDayBook.
        """
        with self._database.writing() as connection:
            self._prepare(connection, self._unclosed(connection, books, day), by, digest)
            if also is not None:
                also(connection)
            return _day(connection, books, day)

    def send_back(self, books: Books, day: date, by: str, reason: str) -> Day:
        """A reviewer does not approve: the day is prepared anew. Raises SamePerson, CloseRefused, DayIsClosed."""
        with self._database.writing() as connection:
            found = self._unclosed(connection, books, day)
            self._require_review(found, by)
            self._update(connection, found, {"state": "closing", "draft": None})
            self.note(connection, books, day, by, "sent back", reason)
            return _day(connection, books, day)

    def approve(self, books: Books, day: date, by: str, draft: str, digest: str) -> Day:
        """A reviewer approves the record `draft`, which with the review in it has SHA-256 `digest`; then `seal` it.

        Raises SamePerson, CloseRefused where another record waits, DayIsClosed.
        """
        with self._database.writing() as connection:
            self._approve(connection, self._unclosed(connection, books, day), by, draft, digest)
            return _day(connection, books, day)

    def seal(self, books: Books, day: date) -> Day:
        """Put the approved record's digest into the log, once, and close the day. Raises CloseRefused, NoDayBook."""
        with self._database.writing() as connection:
            found = _day(connection, books, day, lock=True)
            if found.state is DayState.CLOSED:
                return found
            if found.state is not DayState.SEALING:
                raise _refused(
                    found, f"is {found.state.value}, not reviewed", "have it prepared and reviewed"
                )
            digest = bytes.fromhex(found.record)
            entry = find_seal(self._ledger, digest, SEAL_TOPIC_CLOSE, found.seal_from)
            if entry is None:
                entry = self._ledger.seal(digest, SEAL_TOPIC_CLOSE)
            values = {"state": "closed", "sealed_entry": entry[0], "sealed_at": entry[1]}
            self._update(connection, found, values)
            self.note(connection, books, day, found.reviewed_by, "closed", f"log entry {entry[0]}")
            return _day(connection, books, day)

    def close(self, books: Books, day: date, prepared: tuple[str, str], reviewed: tuple[str, str]) -> Day:
        """All steps after `start` at once: (person, SHA-256) of the prepared and of the reviewed record.

        Raises what the steps raise.
        """
        with self._database.writing() as connection:
            self._prepare(connection, self._unclosed(connection, books, day), *prepared)
            found = _day(connection, books, day)
            self._approve(connection, found, reviewed[0], prepared[1], reviewed[1])
        return self.seal(books, day)

    def note(self, connection: Connection, books: Books, day: date, by: str, what: str, note: str) -> None:
        """Write a line of history within the transaction of `connection`."""
        row = {
            **_key(books),
            "day": day.isoformat(),
            "at": self._clock(),
            "by": by,
            "what": what,
            "note": note,
        }
        connection.execute(insert(HISTORY).values(row))

    # --- parts -------------------------------------------------------------------------------------------------------

    def _prepare(self, connection: Connection, found: Day, by: str, digest: str) -> None:
        person(by)
        if found.state is DayState.SEALING:
            raise _refused(found, "is reviewed and on its way into the log", "finish it with `review`")
        values = {"state": "prepared", "prepared_by": by, "prepared_at": self._clock(), "draft": digest}
        self._update(connection, found, values)
        self.note(connection, found.books, found.day, by, "prepared", digest)

    def _approve(self, connection: Connection, found: Day, by: str, draft: str, digest: str) -> None:
        if found.state is DayState.SEALING:
            if (found.reviewed_by, found.record) == (by, digest):
                return
            raise _refused(found, f"is reviewed already, by {found.reviewed_by}", "nothing is left to do")
        self._require_review(found, by)
        if found.draft != draft:
            raise _refused(found, "was prepared anew meanwhile", "look at the new record first")
        values = {
            "state": "sealing",
            "reviewed_by": by,
            "reviewed_at": self._clock(),
            "record": digest,
            "seal_from": self._ledger.size(),
        }
        self._update(connection, found, values)
        self.note(connection, found.books, found.day, by, "reviewed", digest)

    def _booked(self, books: Books, day: date, cut_off: int, by: str) -> int:
        """The day's end in the journal, once the ledger's own clock has passed it: a mark in the log shows that."""
        mark = start_mark(books.entity, books.currency, day, cut_off, by)
        _, at = self._ledger.seal(mark, SEAL_TOPIC_CLOSE)
        if at <= cut_off:
            raise CutOffNotReached(
                f"the ledger's clock says {to_rfc3339(at)}, the day ends at {to_rfc3339(cut_off)}",
                remedy="set the clock of the ledger's machine",
            )
        return end_at(self._ledger, cut_off)

    def _require_over(self, cut_off: int, last: Day | None) -> None:
        now = self._clock()
        if now <= cut_off:
            seconds = (cut_off - now) // 1_000_000_000 + 1
            raise CutOffNotReached(
                f"the day ends at {to_rfc3339(cut_off)}, in {seconds} s", remedy="start after the cut-off"
            )
        if last is not None and now < last.started_at - CLOCK_SLACK_NS:
            raise CutOffNotReached(
                f"the clock says {to_rfc3339(now)}, the day before was started later than that",
                remedy="the clock went back: set it right",
            )

    def _refuse_begun(self, connection: Connection, books: Books, first_day: date) -> None:
        query = select(SETTINGS.c.from_day).where(
            SETTINGS.c.entity == books.entity, SETTINGS.c.currency == books.currency
        )
        known = list(connection.execute(query.with_for_update()).scalars())
        if not known:
            return
        last = _last(connection, books)
        begun = last.day if last else date.min
        current, _ = self._settings(connection, books, date.max)
        running = max(begun, current.day_of(self._clock()))
        if first_day <= running or first_day.isoformat() <= max(known):
            raise CloseRefused(
                f"{first_day} has begun under the settings that hold",
                remedy=f"give new settings from a day after {max(running.isoformat(), *known)}",
            )

    def _settings(self, connection: Connection, books: Books, day: date | None) -> tuple[CloseSettings, date]:
        """The settings of `day`, or the first ones where it is None, and the book's first day."""
        query = (
            select(SETTINGS)
            .where(SETTINGS.c.entity == books.entity, SETTINGS.c.currency == books.currency)
            .order_by(SETTINGS.c.from_day)
        )
        rows = connection.execute(query).all()
        if not rows:
            raise NoDayBook(
                f"legal entity {books.entity} has no day book in currency {books.currency}",
                remedy="begin one: `jinku close begin`",
            )
        wanted = (day or date.min).isoformat()
        row = next((one for one in reversed(rows) if one.from_day <= wanted), rows[0])
        found = CloseSettings(row.calendar, row.timezone, row.cut_off, row.regime, row.structure)
        return found, date.fromisoformat(rows[0].from_day)

    def _next(self, connection: Connection, books: Books) -> date:
        last = _last(connection, books)
        if last is None:
            return self._settings(connection, books, None)[1]
        if last.state is not DayState.CLOSED:
            return last.day
        settings, _ = self._settings(connection, books, last.day)
        following = settings.days.next_business_day(last.day)
        # settings that hold from a later day may have a calendar on which another day comes next
        changed, _ = self._settings(connection, books, following)
        return changed.days.next_business_day(last.day)

    def _unclosed(self, connection: Connection, books: Books, day: date) -> Day:
        found = _day(connection, books, day, lock=True)
        if found.state is DayState.CLOSED:
            raise DayIsClosed(
                f"{day} is closed since {to_rfc3339(found.sealed_at)}",
                remedy="what is late belongs to the day that is open",
            )
        return found

    def _require_review(self, found: Day, by: str) -> None:
        person(by)
        if found.state is not DayState.PREPARED:
            raise _refused(found, f"is {found.state.value}: no record waits for review", "prepare it first")
        if same_person(by, found.prepared_by):
            raise SamePerson(
                f"{by} prepared the record of {found.day}", remedy="have another person review it"
            )

    def _update(self, connection: Connection, found: Day, values: dict[str, object]) -> None:
        where = (
            DAY.c.entity == found.books.entity,
            DAY.c.currency == found.books.currency,
            DAY.c.day == found.day.isoformat(),
        )
        connection.execute(update(DAY).where(*where).values(**values))


def person(name: str) -> str:
    """`name`, if it can be an operator's id. Raises InputError."""
    if not PERSON.fullmatch(name):
        raise InputError(
            "is not an operator's id", field="by", value=name[:64], remedy="use 1 to 64 of A-Z a-z 0-9 . _ -"
        )
    return name


def _key(books: Books) -> dict[str, object]:
    return {"entity": books.entity, "currency": books.currency}


def _of(books: Books) -> Select[Any]:
    return select(DAY).where(DAY.c.entity == books.entity, DAY.c.currency == books.currency)


def _last(connection: Connection, books: Books, state: DayState | None = None) -> Day | None:
    query = _of(books)
    if state is not None:
        query = query.where(DAY.c.state == state.value)
    row = connection.execute(query.order_by(DAY.c.day.desc()).limit(1)).one_or_none()
    return None if row is None else _read(row)


def _day(connection: Connection, books: Books, day: date, *, lock: bool = False) -> Day:
    query = _of(books).where(DAY.c.day == day.isoformat())
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NoDayBook(f"{day} was not started", remedy="start it: `jinku close start`")
    return _read(row)


def _read(row: Row[Any]) -> Day:
    return Day(
        books=Books(row.entity, row.currency),
        day=date.fromisoformat(row.day),
        previous=date.fromisoformat(row.previous) if row.previous else None,
        state=DayState(row.state),
        cut_off=row.cut_off,
        first_entry=row.first_entry,
        end_entry=row.end_entry,
        started_by=row.started_by,
        started_at=row.started_at,
        prepared_by=row.prepared_by or "",
        prepared_at=row.prepared_at or 0,
        draft=row.draft or "",
        reviewed_by=row.reviewed_by or "",
        reviewed_at=row.reviewed_at or 0,
        record=row.record or "",
        seal_from=row.seal_from or 0,
        sealed_entry=-1 if row.sealed_entry is None else row.sealed_entry,
        sealed_at=row.sealed_at or 0,
    )


def _refused(found: Day, problem: str, remedy: str) -> CloseRefused:
    return CloseRefused(f"{found.day} {problem}", remedy=remedy)
