"""The day book: cut-off, order, immutability, two persons, the log."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from tests.custody.closing.scene import FIRST, LONDON, SetClock

from jinku.base.clock import to_rfc3339
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.custody.closing.days import Books, DayBook, DayState
from jinku.custody.closing.errors import CloseRefused, CutOffNotReached, DayIsClosed, NoDayBook, SamePerson
from jinku.custody.closing.journal import find_seal
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.tables import DAY, HISTORY, INPUT
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

BOOKS = Books(1, 826)
RECORD = hashlib.sha256(b"record").hexdigest()
FINAL = hashlib.sha256(b"reviewed").hexdigest()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: SetClock) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger", clock=clock) as opened:
        yield opened


@pytest.fixture
def book(database: Database, ledger: Ledger, clock: SetClock) -> DayBook:
    made = DayBook(database, ledger, clock)
    made.begin(BOOKS, LONDON, FIRST, by="clerk-1")
    return made


def closed(book: DayBook, day: date) -> None:
    book.start(BOOKS, "clerk-1")
    book.close(BOOKS, day, ("clerk-1", RECORD), ("clerk-2", FINAL))


def test_a_day_closes_once_after_its_cut_off_and_is_sealed(
    book: DayBook, ledger: Ledger, clock: SetClock
) -> None:
    """R6: a day is closed at a fixed, recorded point, by two persons, with a seal in the log."""
    assert book.open_day(*BOOKS) == book.next_to_close(*BOOKS) == FIRST
    assert not book.is_closed(*BOOKS, FIRST)
    with pytest.raises(CutOffNotReached, match=r"ends at 2026-11-19T17:00:00Z"):
        book.start(BOOKS, "clerk-1")
    ledger.seal(bytes(32), 99)
    clock.to("2026-11-19T17:00:00Z")
    ledger.seal(bytes(32), 99)
    started = book.start(BOOKS, "clerk-1")
    assert (started.state, started.first_entry, started.end_entry) == (DayState.CLOSING, 0, 1)
    assert book.open_day(*BOOKS) == date(2026, 11, 20)
    assert book.start(BOOKS, "clerk-3") == started
    book.prepared(BOOKS, FIRST, "clerk-1", RECORD)
    book.approve(BOOKS, FIRST, "clerk-2", RECORD, FINAL)
    done = book.seal(BOOKS, FIRST)
    assert (done.state, done.prepared_by, done.reviewed_by) == (DayState.CLOSED, "clerk-1", "clerk-2")
    assert find_seal(ledger, bytes.fromhex(FINAL), SEAL_TOPIC_CLOSE, 0) == (done.sealed_entry, done.sealed_at)
    assert book.seal(BOOKS, FIRST) == done
    assert book.is_closed(*BOOKS, FIRST)
    assert book.next_to_close(*BOOKS) == date(2026, 11, 20)
    assert [line.what for line in book.history(BOOKS)] == [
        "settings",
        "started",
        "prepared",
        "reviewed",
        "closed",
    ]


def test_weekends_belong_to_the_business_day_after_them(book: DayBook, clock: SetClock) -> None:
    """R6: there are no gaps; a weekend is part of Monday."""
    clock.to("2026-11-23T18:00:00Z")
    closed(book, FIRST)
    closed(book, date(2026, 11, 20))
    assert not book.is_closed(*BOOKS, date(2026, 11, 21))
    assert book.next_to_close(*BOOKS) == date(2026, 11, 23)
    closed(book, date(2026, 11, 23))
    assert book.is_closed(*BOOKS, date(2026, 11, 21))
    assert book.open_day(*BOOKS) == date(2026, 11, 24)
    assert book.is_closed(*BOOKS, date(2020, 1, 1))
    assert [one.previous for one in book.days(BOOKS)] == [None, FIRST, date(2026, 11, 20)]


def test_what_is_booked_after_the_cut_off_is_the_next_days(
    book: DayBook, ledger: Ledger, clock: SetClock
) -> None:
    """R6: late items go to the next day, also where the close itself comes late."""
    clock.to("2026-11-19T16:59:59Z")
    ledger.seal(bytes(32), 99)
    clock.to("2026-11-19T17:00:01Z")
    for _ in range(5):
        ledger.seal(bytes(32), 99)
    clock.to("2026-11-20T18:00:00Z")
    closed(book, FIRST)
    second = book.start(BOOKS, "clerk-1")
    assert book.days(BOOKS)[0].end_entry == 1
    assert (second.first_entry, second.end_entry) == (1, 6)


def test_a_closed_day_takes_no_change_from_anyone(book: DayBook, clock: SetClock, database: Database) -> None:
    """R6: a closed day is immutable: the database refuses it, below all our code."""
    clock.to("2026-11-20T18:00:00Z")
    closed(book, FIRST)
    with pytest.raises(DayIsClosed, match="belongs to the day that is open"):
        book.prepared(BOOKS, FIRST, "clerk-1", RECORD)
    with pytest.raises(DayIsClosed):
        book.send_back(BOOKS, FIRST, "clerk-2", "why")
    with pytest.raises(DayIsClosed):
        book.approve(BOOKS, FIRST, "clerk-2", RECORD, FINAL)
    key = {"entity": 1, "currency": 826, "day": FIRST.isoformat()}
    fresh = {**key, "previous": None, "state": "closing", "cut_off": 1, "first_entry": 0, "end_entry": 0}
    fresh |= {"started_by": "thief", "started_at": 1}
    for statement in (
        update(DAY).values(record="0" * 64),
        update(DAY).values(state="closing"),
        delete(DAY),
        insert(DAY).values({**fresh, "day": "2026-12-01"}),
        insert(DAY).values({**fresh, "day": "2026-12-01", "previous": "2026-11-27"}),
        insert(INPUT).values({**key, "role": "statement", "sha256": "0" * 64, "name": "", "size": 1}),
        update(HISTORY).values(by="nobody"),
        delete(HISTORY),
    ):
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(statement)


def test_a_day_does_not_follow_one_that_is_not_closed(
    book: DayBook, clock: SetClock, database: Database
) -> None:
    clock.to("2026-11-23T18:00:00Z")
    book.start(BOOKS, "clerk-1")
    assert book.start(BOOKS, "clerk-1").day == FIRST
    row = {
        "entity": 1,
        "currency": 826,
        "day": "2026-11-20",
        "previous": FIRST.isoformat(),
        "state": "closing",
    }
    row |= {"cut_off": 1, "first_entry": 0, "end_entry": 0, "started_by": "thief", "started_at": 1}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(DAY).values(row))


@pytest.mark.parametrize("reviewer", ["clerk-1", "Clerk-1", "CLERK-1"])
def test_nobody_reviews_what_he_prepared(book: DayBook, clock: SetClock, reviewer: str) -> None:
    """R18: preparer and reviewer are two persons; other capitals make no other person."""
    clock.to("2026-11-20T18:00:00Z")
    book.start(BOOKS, "clerk-1")
    with pytest.raises(CloseRefused, match="no record waits"):
        book.approve(BOOKS, FIRST, "clerk-2", RECORD, FINAL)
    book.prepared(BOOKS, FIRST, "clerk-1", RECORD)
    with pytest.raises(SamePerson):
        book.approve(BOOKS, FIRST, reviewer, RECORD, FINAL)
    with pytest.raises(SamePerson):
        book.send_back(BOOKS, FIRST, reviewer, "why")
    with pytest.raises(InputError, match="operator's id"):
        book.approve(BOOKS, FIRST, "clerk 2", RECORD, FINAL)
    with pytest.raises(CloseRefused, match="prepared anew"):
        book.approve(BOOKS, FIRST, "clerk-2", FINAL, FINAL)
    with pytest.raises(CloseRefused, match="not reviewed"):
        book.seal(BOOKS, FIRST)
    assert book.send_back(BOOKS, FIRST, "clerk-2", "a break is missing").state is DayState.CLOSING


def test_a_clock_that_goes_back_opens_nothing(book: DayBook, ledger: Ledger, clock: SetClock) -> None:
    """R6: with the clock set back, no day starts early and nothing new falls into a day that is being closed."""
    clock.to("2026-11-19T17:00:01Z")
    closed(book, FIRST)
    clock.to("2026-11-19T09:00:00Z")
    assert book.open_day(*BOOKS) == date(2026, 11, 20)
    with pytest.raises(CutOffNotReached):
        book.start(BOOKS, "clerk-1")
    _, at = ledger.seal(bytes(32), 99)
    assert to_rfc3339(at) > "2026-11-19T17:00:01"  # the ledger's time never goes back
    clock.to("2026-11-20T17:00:01Z")
    assert book.start(BOOKS, "clerk-1").first_entry == book.days(BOOKS)[0].end_entry


def test_a_ledger_whose_clock_is_behind_is_not_closed(
    database: Database, tmp_path: Path, clock: SetClock
) -> None:
    ahead = SetClock()
    ahead.to("2026-11-19T18:00:00Z")
    with open_journal(tmp_path / "ledger", clock=clock) as ledger:
        book = DayBook(database, ledger, ahead)
        book.begin(BOOKS, LONDON, FIRST, by="clerk-1")
        with pytest.raises(CutOffNotReached, match="ledger's clock"):
            book.start(BOOKS, "clerk-1")


def test_settings_change_only_for_days_to_come(book: DayBook, clock: SetClock) -> None:
    """R6: the cut-off of a day that has begun is fixed."""
    later = CloseSettings("TARGET", "Europe/Paris", "24:00", "EU")
    for day in (FIRST, date(2026, 11, 18)):
        with pytest.raises(CloseRefused, match="has begun"):
            book.begin(BOOKS, later, day, by="clerk-1")
    with pytest.raises(InputError, match=r"no business day.*2026-11-23"):
        book.begin(BOOKS, later, date(2026, 11, 22), by="clerk-1")
    book.begin(BOOKS, later, date(2026, 11, 23), by="clerk-1")
    assert book.settings(BOOKS, date(2026, 11, 20)) == LONDON
    assert book.settings(BOOKS, date(2026, 11, 23)) == later
    clock.to("2026-11-25T09:00:00Z")
    for _ in range(3):
        closed(book, book.next_to_close(*BOOKS))
    assert to_rfc3339(book.days(BOOKS)[2].cut_off) == "2026-11-23T23:00:00Z"


def test_without_a_book_nothing_is_closed_and_the_remedy_says_so(
    database: Database, ledger: Ledger, clock: SetClock
) -> None:
    book = DayBook(database, ledger, clock)
    assert not book.is_closed(7, 826, FIRST)
    with pytest.raises(NoDayBook, match="jinku close begin"):
        book.open_day(7, 826)
    book.begin(BOOKS, LONDON, FIRST, by="clerk-1")
    with pytest.raises(NoDayBook, match="jinku close start"):
        book.day(BOOKS, FIRST)
    assert book.books() == [BOOKS]
    assert book.last_closed(*BOOKS) is None


def test_cut_offs_follow_the_local_clock() -> None:
    assert to_rfc3339(LONDON.cut_off_of(date(2026, 7, 1))) == "2026-07-01T16:00:00Z"
    china = CloseSettings("CN", "Asia/Shanghai", "24:00", "CN")
    assert to_rfc3339(china.cut_off_of(date(2026, 11, 20))) == "2026-11-20T16:00:00Z"
    night = CloseSettings("every day", "Europe/London", "01:30", "")
    assert to_rfc3339(night.cut_off_of(date(2026, 3, 29))) == "2026-03-29T01:30:00Z"  # jumped over
    assert to_rfc3339(night.cut_off_of(date(2026, 10, 25))) == "2026-10-25T00:30:00Z"  # twice: the first
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)):
        assert night.day_of(night.cut_off_of(day)) == day
        assert night.day_of(night.cut_off_of(day) + 1) > day
    for bad in (("UK", "Europe/London", "25:00"), ("UK", "Mars/Base", "17:00"), ("?", "UTC", "17:00")):
        with pytest.raises(InputError):
            CloseSettings(*bad, "UK")
