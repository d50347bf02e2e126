"""The legal calendar: duties that fall due, what was done of them, and what is late.

Rules:

1. Which duties there are is a table of dated rows; of several rows of a name the latest in force at the start counts.
2. A duty of a month or year arises by itself; one of an event when it is told of, once for each event.
3. Due days are business days of the row's calendar. Where the calendar has no rows for a year yet, every day counts: a
   deadline is then early rather than late, and marked as provisional.
4. A duty is done by naming the digest of the evidence (a report, an acknowledgement), once; who and when is kept.

Example::

    office = DutyOffice(book, DUTIES, since=date(2026, 1, 1), today=lambda: day_of(clock()))
    office.arise("large_value_report", "2026-11-20/77", date(2026, 11, 20), by="jinku")
    office.agenda(date(2026, 11, 27))  # overdue first
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from jinku.base.calendar import EVERY_DAY, calendar_named
from jinku.base.errors import CalendarRange
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, Standing
from jinku.risk.operational.errors import DutyRefused
from jinku.risk.operational.table import DutyRow, Start

DUTY = "duty"
ARISEN, DONE = "arisen", "done"
LOOK_BACK_MONTHS = 24
REFERENCE_CHARACTERS_MAX = 40
_DIGEST = frozenset("0123456789abcdef")


class Urgency(StrEnum):
    """How a duty stands on a day."""

    OVERDUE = "overdue"
    SOON = "soon"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that has arisen and is not done."""

    row: DutyRow
    reference: str
    """What it is about: an event's opaque reference, or the month or year."""
    started: date
    due: date
    provisional: bool
    urgency: Urgency


class DutyOffice:
    """See the module's rules."""

    def __init__(
        self, book: ActBook, table: Sequence[DutyRow], since: date, today: Callable[[], date]
    ) -> None:
        """`since` is the day from which duties of months and years arise."""
        self._book, self._table, self._since, self._today = book, table, since, today

    def arise(self, name: str, reference: str, started: date, *, by: str) -> None:
        """An event starts a duty; the same event again changes nothing. Raises DutyRefused, BadAct."""
        row = self._row(name, started)
        if row.start != Start.EVENT:
            raise DutyRefused(f"{name} arises by itself every {row.start}")
        if not 0 < len(reference) <= REFERENCE_CHARACTERS_MAX or "#" in reference:
            raise DutyRefused(
                "the reference is no name", remedy=f"1 to {REFERENCE_CHARACTERS_MAX} characters, no #"
            )
        key = f"{name}#{reference}"
        with self._book.writing() as page:
            acts = page.history(DUTY, key)
            if acts and acts[0].body["started"] != started.isoformat():
                raise DutyRefused(f"{key} started on {acts[0].body['started']}, not on {started}")
            if not acts:
                page.add((DUTY, key), by, ("arise", {"started": started.isoformat()}), Standing(ARISEN, name))

    def done(self, name: str, reference: str, evidence: str, *, by: str) -> None:
        """Say that a duty is done, with the SHA-256 of the evidence (hexadecimal). Raises DutyRefused."""
        if len(evidence) != 64 or not set(evidence) <= _DIGEST:
            raise DutyRefused("the evidence is not named by its SHA-256", remedy="64 hexadecimal digits")
        key = f"{name}#{reference}"
        with self._book.writing() as page:
            acts = page.history(DUTY, key)
            if acts and acts[-1].what == DONE:
                raise DutyRefused(f"{key} is done already")
            if not acts and reference not in {
                one for one, _ in self._recurring(self._named(name), self._today())
            }:
                raise DutyRefused(f"{key} has not arisen", remedy="see `jinku risk duty list`")
            page.add((DUTY, key), by, (DONE, {"evidence": evidence}), Standing(DONE, name))

    def agenda(self, day: date | None = None) -> list[Duty]:
        """What is to be done on `day` (today where left out), overdue first, then by due day."""
        day = day or self._today()
        done = set(self._book.keys(DUTY, states=(DONE,)))
        open_keys = self._book.keys(DUTY, states=(ARISEN,))
        found = []
        for acts in self._book.histories(DUTY, open_keys):
            name, _, reference = acts[0].key.partition("#")
            started = date.fromisoformat(acts[0].body["started"])
            found.append(_duty(self._row(name, started), reference, started, day))
        for name in {row.name for row in self._table}:
            for reference, started in self._recurring(self._named(name), day):
                if f"{name}#{reference}" not in done:
                    found.append(_duty(self._row(name, started), reference, started, day))
        order = list(Urgency)
        return sorted(found, key=lambda one: (order.index(one.urgency), one.due, one.row.name, one.reference))

    def _named(self, name: str) -> list[DutyRow]:
        rows = [row for row in self._table if row.name == name]
        if not rows:
            raise DutyRefused(f"there is no duty {name[:40]!r}", remedy="see `jinku risk duty list`")
        return rows

    def _row(self, name: str, started: date) -> DutyRow:
        fitting = [row for row in self._named(name) if row.from_day <= started]
        if not fitting:
            raise DutyRefused(f"{name} was no duty on {started}")
        return max(fitting, key=lambda row: row.from_day)

    def _recurring(self, rows: list[DutyRow], until: date) -> Iterator[tuple[str, date]]:
        """(reference, last day) of months or years that ended since the office began, in force and before `until`."""
        starts = {row.start for row in rows}
        first = max(self._since, min(row.from_day for row in rows))
        if Start.MONTH in starts:
            ends = _month_ends(max(first, until - timedelta(31 * LOOK_BACK_MONTHS)), until)
            yield from ((f"{end:%Y-%m}", end) for end in ends)
        if Start.YEAR in starts:
            for year in range(first.year, until.year + 1):
                end = date(year, 12, 31)
                if first <= end < until:
                    yield f"{year:04d}", end


def due_day(row: DutyRow, started: date) -> tuple[date, bool]:
    """When a duty that started on `started` is due, and whether that is provisional (rule 3)."""
    try:
        return calendar_named(row.calendar).after(started, row.days), False
    except CalendarRange:
        return EVERY_DAY.after(started, row.days), True


def fold_duty(acts: Sequence[Act]) -> Standing:
    """Where a duty stands by its acts, for the audit."""
    return Standing(DONE if acts[-1].what == DONE else ARISEN, acts[0].key.partition("#")[0])


def _duty(row: DutyRow, reference: str, started: date, day: date) -> Duty:
    due, provisional = due_day(row, started)
    soon = due - timedelta(row.remind_days)
    urgency = Urgency.OVERDUE if day > due else Urgency.SOON if day >= soon else Urgency.AHEAD
    return Duty(row, reference, started, due, provisional, urgency)


def _month_ends(first: date, until: date) -> Iterator[date]:
    year, month = first.year, first.month
    while True:
        end = date(year, month, monthrange(year, month)[1])
        if end >= until:
            return
        if end >= first:
            yield end
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


__all__ = ["Duty", "DutyOffice", "Urgency", "due_day", "fold_duty"]
