"""Business days: which days a bank works, per calendar.

Rules:

1. A calendar answers only for the years it has rows for (CalendarRange otherwise); it never guesses.
2. Mainland China moves working days onto weekends; those days are business days.
3. What is a rule is computed, what is a decree stands in a table with its source
   (`jinku.base.calendar_rules`).

Example::

    calendar_named("UK").after(date(2026, 12, 24), 1)  # 2026-12-29: 26 December falls on a Saturday
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from jinku.base import calendar_rules as rules
from jinku.base.calendar_rules import easter_sunday
from jinku.base.errors import CalendarRange, InputError

__all__ = [
    "CALENDARS",
    "CHINA",
    "EVERY_DAY",
    "SPAN_DAYS_MAX",
    "TARGET",
    "UK",
    "US",
    "WEEKDAYS",
    "BusinessCalendar",
    "calendar_named",
    "easter_sunday",
]

SPAN_DAYS_MAX = 36_600
_DAY = timedelta(days=1)
_WEEKEND = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Days of the week but the `weekend`, less `holidays`, plus `working_weekends`, for `first_year` … `last_year`."""

    name: str
    holidays: Callable[[int], frozenset[date]]
    """Year → its days off that fall on weekdays (weekend days among them do no harm)."""
    working_weekends: frozenset[date] = frozenset()
    first_year: int = 1
    last_year: int = 9999
    weekend: frozenset[int] = _WEEKEND
    """Days of the week that are free, Monday being 0."""

    def is_business_day(self, day: date) -> bool:
        """Whether banks of this calendar work on `day`. Raises CalendarRange."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarRange(
                f"calendar {self.name} has no rows for {day.year}",
                remedy=f"ask between {self.first_year} and {self.last_year}, or add the year's notice",
            )
        if day in self.working_weekends:
            return True
        return day.weekday() not in self.weekend and day not in self.holidays(day.year)

    def next_business_day(self, day: date) -> date:
        """The first business day after `day`. Raises CalendarRange."""
        return self._walk(day, _DAY)

    def previous_business_day(self, day: date) -> date:
        """The last business day before `day`. Raises CalendarRange."""
        return self._walk(day, -_DAY)

    def on_or_after(self, day: date) -> date:
        """`day` itself where it is a business day, else the next one. Raises CalendarRange."""
        return day if self.is_business_day(day) else self.next_business_day(day)

    def after(self, day: date, days: int) -> date:
        """The business day that lies `days` business days after `day` (before it where negative).

        With 0 it is `day` or, where that is no business day, the next one. Raises CalendarRange.
        """
        if abs(days) > SPAN_DAYS_MAX:
            raise self._too_many(days)
        if days == 0:
            return self.on_or_after(day)
        for _ in range(abs(days)):
            day = self._walk(day, _DAY if days > 0 else -_DAY)
        return day

    def days_between(self, start: date, end: date) -> int:
        """Business days after `start` up to and including `end`; 0 where `end` is not later.

        Raises CalendarRange.
        """
        span = (end - start).days
        if span > SPAN_DAYS_MAX:
            raise self._too_many(span)
        return sum(self.is_business_day(start + n * _DAY) for n in range(1, span + 1))

    def business_days(self, first: date, last: date) -> Iterator[date]:
        """Each business day from `first` to `last`, both included. Raises CalendarRange."""
        if (last - first).days > SPAN_DAYS_MAX:
            raise self._too_many((last - first).days)
        day = first
        while day <= last:
            if self.is_business_day(day):
                yield day
            if day == date.max:
                return
            day += _DAY

    def _walk(self, day: date, step: timedelta) -> date:
        try:
            day += step
            while not self.is_business_day(day):
                day += step
        except OverflowError:
            raise CalendarRange(
                f"calendar {self.name} ends", remedy="ask for a day within the years 1 to 9999"
            ) from None
        return day

    def _too_many(self, days: int) -> CalendarRange:
        return CalendarRange(f"{days} days are too many to count", remedy=f"ask at most {SPAN_DAYS_MAX} days")


WEEKDAYS = BusinessCalendar("weekdays", lambda _: frozenset())
EVERY_DAY = BusinessCalendar("every day", lambda _: frozenset(), weekend=frozenset())
TARGET = BusinessCalendar("TARGET", rules.target_holidays, first_year=2000)
UK = BusinessCalendar("UK", rules.uk_holidays, first_year=1978, last_year=2028)
"""England and Wales; as far as the government has published its days."""
US = BusinessCalendar("US", rules.us_holidays, first_year=1986)
"""The Federal Reserve Banks."""
CHINA = BusinessCalendar(
    "CN",
    lambda year: rules.CHINA_HOLIDAYS[year],
    rules.CHINA_WORKING_WEEKENDS,
    min(rules.CHINA_HOLIDAYS),
    max(rules.CHINA_HOLIDAYS),
)

CALENDARS = MappingProxyType({one.name: one for one in (CHINA, UK, US, TARGET, WEEKDAYS, EVERY_DAY)})
"""The calendars by name."""


def calendar_named(name: str) -> BusinessCalendar:
    """The calendar called `name`. Raises InputError."""
    try:
        return CALENDARS[name]
    except KeyError:
        raise InputError(
            "is not a calendar",
            field="calendar",
            value=name[:32],
            remedy=f"use one of {', '.join(CALENDARS)}",
        ) from None
