"""When a business day ends: calendar, time zone and cut-off of a legal entity's books.

Rules:

1. Days are the business days of the calendar. The day D holds what was booked after the cut-off of the business day
   before it, up to and including the nanosecond of D's own cut-off, weekends and holidays in between among it.
2. The cut-off is a local time. Where clocks are put forward over it, it is counted as if they had not been; where
   they are put back over it, the first of both counts.
3. ``24:00`` is the end of the calendar day.

Example::

    CloseSettings("UK", "Europe/London", "17:00", "UK").cut_off_of(date(2026, 7, 1))  # 16:00 UTC, in ns
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinku.base.calendar import BusinessCalendar, calendar_named
from jinku.base.clock import NS_PER_SECOND
from jinku.base.errors import InputError
from jinku.custody.structure.model import Structure

_CUT_OFF = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REGIMES = ("CN", "UK", "EU", "US")
"""Whose rules there are rows of."""


@dataclass(frozen=True, slots=True)
class CloseSettings:
    """How a day book counts. Raises InputError for an unknown calendar, zone, regime or a malformed cut-off."""

    calendar: str
    timezone: str
    cut_off: str
    """``HH:MM`` or ``HH:MM:SS``, local."""
    regime: str
    """Whose rules the deadlines are (`jinku.custody.closing.table`): ``CN``, ``UK``, ``EU``, ``US`` or empty."""
    structure: str = ""
    """Name of the account structure, or path of its file; empty for the default."""

    def __post_init__(self) -> None:
        calendar_named(self.calendar)
        if not _CUT_OFF.fullmatch(self.cut_off):
            raise InputError(
                "is not a time of day", field="cut_off", value=self.cut_off[:16], remedy="say 17:00"
            )
        if self.regime not in ("", *REGIMES):
            known = ", ".join(REGIMES)
            raise InputError(
                "is not a regime", field="regime", value=self.regime[:16], remedy=f"use one of {known}"
            )
        _zone(self.timezone)

    @classmethod
    def of_structure(cls, structure: Structure) -> "CloseSettings":
        """The settings that an account structure carries."""
        cut_off = structure.cut_off.isoformat("seconds").removesuffix(":00")
        regime = structure.jurisdiction if structure.jurisdiction in REGIMES else ""
        return cls(structure.calendar, structure.timezone, cut_off, regime, structure.name)

    @property
    def days(self) -> BusinessCalendar:
        """The calendar itself."""
        return calendar_named(self.calendar)

    def cut_off_of(self, day: date) -> int:
        """The last moment (ns UTC) that belongs to `day`."""
        return self.moment(day, self.cut_off)

    def moment(self, day: date, local: str) -> int:
        """The moment (ns UTC) of the local time `local` on `day` (rule 2)."""
        if local == "24:00":
            day, local = day + timedelta(days=1), "00:00"
        naive = datetime.combine(day, time.fromisoformat(local))
        there = naive.replace(tzinfo=_zone(self.timezone), fold=0).astimezone(UTC)
        return (there - _EPOCH) // timedelta(seconds=1) * NS_PER_SECOND

    def day_of(self, moment: int) -> date:
        """The business day that something booked at `moment` (ns UTC) belongs to. Raises CalendarRange."""
        local = (_EPOCH + timedelta(seconds=moment // NS_PER_SECOND)).astimezone(_zone(self.timezone)).date()
        day = self.days.on_or_after(local - timedelta(days=1))
        while self.cut_off_of(day) < moment:
            day = self.days.next_business_day(day)
        return day

    def local_day(self, moment: int) -> date:
        """The calendar day in the time zone at `moment` (ns UTC)."""
        return (_EPOCH + timedelta(seconds=moment // NS_PER_SECOND)).astimezone(_zone(self.timezone)).date()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            "is not a time zone",
            field="timezone",
            value=name[:40],
            remedy="use an IANA name like Europe/London",
        ) from None
