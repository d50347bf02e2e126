"""The day book under any order of events: what is closed never changes, days never skip, nothing is in two days."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.custody.closing.scene import FIRST, LONDON, SetClock

from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.custody.closing.days import Books, Day, DayBook, DayState
from jinku.custody.closing.settings import CloseSettings
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

BOOKS = Books(1, 826)
PEOPLE = st.sampled_from(["clerk-1", "Clerk-1", "clerk-2", "clerk-3"])
DIGESTS = st.sampled_from([f"{number:064x}" for number in range(1, 6)])
HOUR = 3_600


class DayBookMachine(RuleBasedStateMachine):
    """Entries, clocks, persons and crashes in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.clock = SetClock()
        self.ledger: Ledger = open_journal(self.directory / "ledger", clock=self.clock)
        self.database = Database.open(self.directory / "control.db")
        self.book = DayBook(self.database, self.ledger, self.clock)
        self.closed: dict[date, Day] = {}
        self.booked: dict[int, date] = {}

    @initialize()
    def begin(self) -> None:
        self.book.begin(BOOKS, LONDON, FIRST, "clerk-1")

    @rule(hours=st.integers(1, 60))
    def time_goes_on(self, hours: int) -> None:
        self.clock.forward(hours * HOUR)

    @rule(hours=st.integers(1, 30))
    def the_clock_goes_back(self, hours: int) -> None:
        self.clock.forward(-hours * HOUR)

    @rule()
    def an_entry_is_booked(self) -> None:
        expected = self.book.open_day(*BOOKS)
        number, _ = self.ledger.seal(bytes(32), 99)
        self.booked[number] = expected

    @rule(by=PEOPLE)
    def start(self, by: str) -> None:
        self._try(lambda: self.book.start(BOOKS, by))

    @rule(by=PEOPLE, digest=DIGESTS)
    def prepare(self, by: str, digest: str) -> None:
        self._try(lambda: self.book.prepared(BOOKS, self._last(), by, digest))

    @rule(by=PEOPLE, draft=DIGESTS, digest=DIGESTS)
    def approve(self, by: str, draft: str, digest: str) -> None:
        self._try(lambda: self.book.approve(BOOKS, self._last(), by, draft, digest))

    @rule(by=PEOPLE)
    def send_back(self, by: str) -> None:
        self._try(lambda: self.book.send_back(BOOKS, self._last(), by, "why"))

    @rule()
    def seal(self) -> None:
        self._try(lambda: self.book.seal(BOOKS, self._last()))

    @rule(by=PEOPLE)
    def close_the_next_day_properly(self, by: str) -> None:
        self._try(lambda: self.book.start(BOOKS, by))
        self._try(lambda: self.book.prepared(BOOKS, self._last(), "clerk-2", f"{7:064x}"))
        self._try(lambda: self.book.approve(BOOKS, self._last(), "clerk-3", f"{7:064x}", f"{8:064x}"))
        self._try(lambda: self.book.seal(BOOKS, self._last()))

    @rule(cut_off=st.sampled_from(["09:00", "17:00", "24:00"]), ahead=st.integers(0, 9))
    def change_settings(self, cut_off: str, ahead: int) -> None:
        day = LONDON.days.after(self.book.open_day(*BOOKS), ahead)
        changed = CloseSettings("UK", "Europe/London", cut_off, "UK")
        self._try(lambda: self.book.begin(BOOKS, changed, day, "clerk-1"))

    @precondition(lambda self: self.ledger.size() < 400)
    @rule()
    def crash_and_come_back(self) -> None:
        self.ledger.close()
        self.database.close()
        self.ledger = open_journal(self.directory / "ledger", clock=self.clock)
        self.database = Database.open(self.directory / "control.db")
        self.book = DayBook(self.database, self.ledger, self.clock)

    @invariant()
    def closed_days_stay_and_days_follow_each_other(self) -> None:
        days = self.book.days(BOOKS)
        for before, after in pairwise(days):
            assert before.state is DayState.CLOSED
            assert after.day == LONDON.days.next_business_day(before.day)
            assert after.first_entry == before.end_entry
            assert after.cut_off > before.cut_off
        for day in days:
            if day.state is DayState.CLOSED:
                assert self.closed.setdefault(day.day, day) == day
                assert day.prepared_by.lower() != day.reviewed_by.lower()
                assert self.ledger.size() > day.sealed_entry >= day.end_entry
        assert [one.day for one in days if one.state is DayState.CLOSED] == sorted(self.closed)

    @invariant()
    def each_entry_is_in_the_day_that_was_open_when_it_was_booked(self) -> None:
        for day in self.book.days(BOOKS):
            for number, expected in self.booked.items():
                if day.first_entry <= number < day.end_entry:
                    assert expected <= day.day
                elif number >= day.end_entry:
                    assert expected > day.day or self._went_back(number)

    def _went_back(self, number: int) -> bool:
        """With the clock set back, the ledger's own time goes on: what it books counts by that."""
        day = self.book.days(BOOKS)[-1]
        return int(self.ledger.entries(number, 1)["timestamp"][0]) > day.cut_off

    def _last(self) -> date:
        days = self.book.days(BOOKS)
        return days[-1].day if days else FIRST

    def _try(self, act: Callable[[], object]) -> None:
        with contextlib.suppress(JinkuError):
            act()

    def teardown(self) -> None:
        self.ledger.close()
        self.database.close()
        shutil.rmtree(self.directory)


TestDayBook = DayBookMachine.TestCase
TestDayBook.settings = settings(
    max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
