"""What is agreed with a bank about time, as dated rows.

Rules:

1. A row holds from its date until the next row of the same dialect. A house may have its own rows; these are the ones
   that hold where nothing else was agreed.
2. Approval and sending are bounded from the making of an instruction, acknowledgement and settlement from its sending.
   Settlement is bounded by the end (UTC) of a business day of the row's calendar.

Example::

    terms("custodian", date(2026, 11, 20)).resend_after_s  # 120
"""

from dataclasses import dataclass
from datetime import date

from jinku.base.calendar import CHINA, TARGET, WEEKDAYS, BusinessCalendar
from jinku.base.clock import NS_PER_SECOND, day_of, end_of_day
from jinku.base.errors import CalendarRange, InputError
from jinku.custody.channel.model import Deadlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One row; durations in seconds or business days."""

    dialect: str
    valid_from: date
    source: str
    calendar: BusinessCalendar
    approve_within_s: int
    send_within_s: int
    acknowledge_within_s: int
    settle_within_days: int
    resend_after_s: int
    """How long after a sending the bank's "no such request" is believed."""
    query_every_s: int
    """The least time between two questions about one instruction."""
    watch_days: int = 10
    """Days after a settlement in which the bank is asked now and then whether the money came back."""
    watch_every_s: int = 86_400


TERMS: tuple[Terms, ...] = (
    Terms(
        dialect="custodian",
        valid_from=date(2025, 1, 1),
        source="default: real-time interface, answers within the minute, payouts final by T+1",
        calendar=CHINA,
        approve_within_s=86_400,
        send_within_s=172_800,
        acknowledge_within_s=60,
        settle_within_days=1,
        resend_after_s=120,
        query_every_s=30,
    ),
    Terms(
        dialect="iso20022",
        valid_from=date(2025, 1, 1),
        source="default: file interface, status report the same day, booked by T+2",
        calendar=TARGET,
        approve_within_s=86_400,
        send_within_s=172_800,
        acknowledge_within_s=86_400,
        settle_within_days=2,
        resend_after_s=86_400,
        query_every_s=900,
    ),
)


def terms(dialect: str, day: date) -> Terms:
    """The row of `dialect` that holds on `day`. Raises InputError."""
    rows = [row for row in TERMS if row.dialect == dialect and row.valid_from <= day]
    if not rows:
        raise InputError("no terms hold for this dialect and day", field="dialect", value=dialect)
    return max(rows, key=lambda row: row.valid_from)


def first_deadlines(row: Terms, now: int) -> Deadlines:
    """The deadlines of an instruction made at `now`; the last two as if it were sent at the last moment."""
    send_by = now + row.send_within_s * NS_PER_SECOND
    after = deadlines_sent(row, send_by)
    return Deadlines(now + row.approve_within_s * NS_PER_SECOND, send_by, *after)


def deadlines_sent(row: Terms, now: int) -> tuple[int, int]:
    """``(acknowledge_by, settle_by)`` of an instruction sent at `now`."""
    day = day_of(now)
    for _ in range(row.settle_within_days):
        day = _next_business_day(row.calendar, day)
    return now + row.acknowledge_within_s * NS_PER_SECOND, end_of_day(day)


def _next_business_day(calendar: BusinessCalendar, day: date) -> date:
    """By weekdays where the calendar has no rows yet: next year's notice comes late in the year."""
    try:
        return calendar.next_business_day(day)
    except CalendarRange:
        return WEEKDAYS.next_business_day(day)
