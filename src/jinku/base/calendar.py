"""Business days: which days a bank works, per calendar.

Rules:

1. A calendar answers only for the years it has rows for (CalendarRange otherwise); it never guesses.
2. Mainland China moves working days onto weekends; those days are business days.
3. Rows carry their source: TARGET by its standing rule (ECB, 1999-12), China by the State Council's yearly
   notice.

Example::

    TARGET.days_between(date(2026, 12, 24), date(2026, 12, 28))  # 1
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from jinku.base.errors import CalendarRange

SPAN_DAYS_MAX = 36_600
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Weekdays less `holidays` plus `working_weekends`, for the years `first_year` … `last_year`."""

    name: str
    holidays: Callable[[int], frozenset[date]]
    """Year → its days off that fall on weekdays (weekend days among them do no harm)."""
    working_weekends: frozenset[date] = frozenset()
    first_year: int = 1
    last_year: int = 9999

    def is_business_day(self, day: date) -> bool:
        """Whether banks of this calendar work on `day`. Raises CalendarRange."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarRange(
                f"calendar {self.name} has no rows for {day.year}",
                remedy=f"ask between {self.first_year} and {self.last_year}, or add the year's notice",
            )
        if day in self.working_weekends:
            return True
        return day.weekday() < 5 and day not in self.holidays(day.year)

    def next_business_day(self, day: date) -> date:
        """The first business day after `day`. Raises CalendarRange."""
        day += _DAY
        while not self.is_business_day(day):
            day += _DAY
        return day

    def days_between(self, start: date, end: date) -> int:
        """Business days after `start` up to and including `end`; 0 where `end` is not later.

        Raises CalendarRange.
        """
        span = (end - start).days
        if span > SPAN_DAYS_MAX:
            raise CalendarRange(
                f"{span} days are too many to count", remedy=f"ask at most {SPAN_DAYS_MAX} days"
            )
        return sum(self.is_business_day(start + n * _DAY) for n in range(1, span + 1))


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876, as in Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _target_holidays(year: int) -> frozenset[date]:
    easter = easter_sunday(year)
    fixed = (date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26))
    return frozenset((*fixed, easter - 2 * _DAY, easter + _DAY))


def _days(*spans: tuple[str, int]) -> frozenset[date]:
    return frozenset(date.fromisoformat(first) + n * _DAY for first, count in spans for n in range(count))


_CN_HOLIDAYS = {
    2025: _days(  # 国办发明电〔2024〕12号
        ("2025-01-01", 1),
        ("2025-01-28", 8),
        ("2025-04-04", 3),
        ("2025-05-01", 5),
        ("2025-05-31", 3),
        ("2025-10-01", 8),
    ),
    2026: _days(  # 国办发明电〔2025〕7号
        ("2026-01-01", 3),
        ("2026-02-15", 9),
        ("2026-04-04", 3),
        ("2026-05-01", 5),
        ("2026-06-19", 3),
        ("2026-09-25", 3),
        ("2026-10-01", 7),
    ),
}
_CN_WORKING_WEEKENDS = _days(
    ("2025-01-26", 1), ("2025-02-08", 1), ("2025-04-27", 1), ("2025-09-28", 1), ("2025-10-11", 1),
    ("2026-01-04", 1), ("2026-02-14", 1), ("2026-02-28", 1), ("2026-05-09", 1), ("2026-09-20", 1),
    ("2026-10-10", 1),
)  # fmt: skip

WEEKDAYS = BusinessCalendar("weekdays", lambda _: frozenset())
TARGET = BusinessCalendar("TARGET", _target_holidays, first_year=2000)
CHINA = BusinessCalendar("CN", lambda year: _CN_HOLIDAYS[year], _CN_WORKING_WEEKENDS, 2025, 2026)
