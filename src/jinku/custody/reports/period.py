"""Periods of reports: from the first moment of a day to the last, in the institution's own time zone.

Example::

    month(2026, 11, "Asia/Shanghai").start  # ns; 2026-10-31T16:00:00Z
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jinku.base.errors import InputError

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both days included, in `timezone`."""

    first: date
    last: date
    timezone: str

    @property
    def start(self) -> int:
        """The first moment, ns."""
        return _moment(self.first, self.timezone)

    @property
    def end(self) -> int:
        """The first moment after it, ns."""
        return _moment(self.last + timedelta(days=1), self.timezone)

    def days(self) -> list[tuple[date, int]]:
        """Each day and the first moment after it, ns."""
        count = (self.last - self.first).days + 1
        each = [self.first + timedelta(days=n) for n in range(count)]
        return [(one, _moment(one + timedelta(days=1), self.timezone)) for one in each]

    def __str__(self) -> str:
        return f"{self.first.isoformat()} … {self.last.isoformat()} ({self.timezone})"


def day_period(day: date, timezone: str) -> Period:
    """One day."""
    return Period(day, day, timezone)


def month(text: str, timezone: str) -> Period:
    """The month ``YYYY-MM``. Raises InputError."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InputError("is not a month", field="month", value=text[:20], remedy="write YYYY-MM") from None
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(first, following - timedelta(days=1), timezone)


def year(number: int, timezone: str) -> Period:
    """A calendar year."""
    return Period(date(number, 1, 1), date(number, 12, 31), timezone)


def _moment(day: date, timezone: str) -> int:
    at = datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    return int(at.timestamp()) * _NS
