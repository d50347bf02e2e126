"""When an entry counts: the moment at which it was booked, moved into the business day that it bears.

Rules:

1. A transfer bears its business day in ``user_data_32`` as yyyymmdd. The day D reaches from right after the cut-off
   of the business day before it up to and including its own cut-off.
2. The **effective instant** is the booked moment, where that lies in D; the cut-off of D, where it was booked later
   (back-dated: after everything of that day); the first instant of D, where it was booked earlier (forward-dated).
3. What bears no day counts when it was booked: 0, what is no date, a day more than ``FORWARD_DAYS_MAX`` after the
   booking. An imported transfer counts at its own timestamp, an expiry when it was booked.
4. A post or void never counts before its hold.
5. At one instant, entries count in the order in which they were booked.
6. Outside the years that the calendar knows, each day follows the one before it.

Example::

    hours = BusinessHours("CN", "Asia/Shanghai", "17:00")
    hours.effective_one(booked, date(2026, 11, 20))
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from jinku.base.calendar import BusinessCalendar, calendar_named
from jinku.base.clock import NS_PER_DAY, NS_PER_SECOND
from jinku.custody.structure.template import Structure
from jinku.ledger.layout import Array, EntryKind
from jinku.ledger.model import TransferFlags

FORWARD_DAYS_MAX = 366
"""Further ahead of its booking a day is no day."""
INSTANT_MAX = (1 << 63) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_IMPORTED = np.uint16(TransferFlags.IMPORTED)

Instants = NDArray[np.int64]


@dataclass(frozen=True)
class BusinessHours:
    """Calendar, time zone and cut-off of a legal entity. Raises InputError for an unknown calendar."""

    calendar: str
    timezone: str
    cut_off: str
    """``HH:MM`` or ``HH:MM:SS``, local; ``24:00`` is the end of the calendar day."""

    def __post_init__(self) -> None:
        calendar_named(self.calendar)

    @classmethod
    def of(cls, structure: Structure) -> "BusinessHours":
        """The hours that an account structure carries."""
        return cls(structure.calendar, structure.timezone, structure.cut_off.isoformat("seconds"))

    def closing(self, day: date) -> int:
        """The last moment (ns UTC) of `day`, business day or not."""
        local = self.cut_off
        if local == "24:00":
            day, local = day + _DAY, "00:00"
        there = datetime.combine(day, time.fromisoformat(local)).replace(tzinfo=self._zone, fold=0)
        return (there.astimezone(UTC) - _EPOCH) // timedelta(seconds=1) * NS_PER_SECOND

    def opening(self, day: date) -> int:
        """The first moment (ns UTC) of `day`."""
        before = day - _DAY
        known = self._days
        while known.first_year <= before.year <= known.last_year and not known.is_business_day(before):
            before -= _DAY
        return self.closing(before) + 1

    def day_at(self, moment: int) -> date:
        """The business day that something booked at `moment` (ns UTC) belongs to."""
        local = (_EPOCH + timedelta(seconds=moment // NS_PER_SECOND)).astimezone(self._zone).date()
        day, known = local - _DAY, self._days
        while self.closing(day) < moment or (
            known.first_year <= day.year <= known.last_year and not known.is_business_day(day)
        ):
            day += _DAY
        return day

    def bounds(self, number: int) -> tuple[int, int]:
        """First and last moment of the day that the `number` yyyymmdd names; (0, 0) for no date."""
        if number not in self._bounds:
            day = date_of(number)
            self._bounds[number] = (0, 0) if day is None else (self.opening(day), self.closing(day))
        return self._bounds[number]

    def effective_one(self, booked: int, day: date) -> int:
        """The effective instant of what was booked at `booked` and bears `day`."""
        first, last = self.opening(day), self.closing(day)
        return booked if first > booked + FORWARD_DAYS_MAX * NS_PER_DAY else min(max(booked, first), last)

    def effective(self, entries: Array) -> Instants:
        """The effective instant of each of these ``ENTRY`` rows that move money, before rule 4."""
        booked = entries["timestamp"].astype(np.int64)
        event = entries["event"]
        first, last, dated = self.days(event["user_data_32"], booked)
        moved = np.where(dated, np.minimum(np.maximum(booked, first), last), booked)
        moved = np.where(entries["kind"] == EntryKind.EXPIRY, booked, moved)
        imported = (event["flags"] & _IMPORTED != 0) & (entries["kind"] == EntryKind.TRANSFER)
        chosen: Instants = np.where(imported, event["timestamp"].astype(np.int64), moved)
        return chosen

    def days(self, numbers: Array, booked: Instants) -> tuple[Instants, Instants, NDArray[np.bool_]]:
        """First and last moment of the day that each number names, and whether it is one for a booking at
        `booked`."""
        unique, inverse = np.unique(numbers, return_inverse=True)
        table: NDArray[Any] = np.array([self.bounds(one) for one in unique.tolist()], np.int64).reshape(-1, 2)
        first, last = table[inverse, 0], table[inverse, 1]
        return first, last, (last != 0) & (first <= booked + FORWARD_DAYS_MAX * NS_PER_DAY)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _days(self) -> BusinessCalendar:
        return calendar_named(self.calendar)

    @cached_property
    def _bounds(self) -> dict[int, tuple[int, int]]:
        return {}


def date_of(number: int) -> date | None:
    """The date that yyyymmdd names; None for what is no date between 1970 and 2200."""
    if not 1970_01_02 <= number <= 2200_12_31:
        return None
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        return None


def day_number(day: date) -> int:
    """`day` as yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day
