"""The deadline clock of a shortfall or an excess: by when, how long still, overdue or not.

Rules (R9):

1. The clock starts when a close finds it. It ends at the rule's local time, so many business days after the business
   day on which it was found (`jinku.custody.closing.table`).
2. The regulator is told so many hours after that end, where it was missed; where the row says at once, from the
   moment that the shortfall is known to stay.
3. Business time counts the hours of business days only; wall time counts all. Both are shown.

Example::

    deadline(settings, rule, found_at, Outcome.SHORTFALL).remaining(now)  # ns; negative once overdue
"""

from dataclasses import dataclass
from datetime import date, timedelta

from jinku.base.clock import NS_PER_SECOND
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.table import SafeguardingRule

_HOUR_NS = 3_600 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something must be done. Moments in ns UTC."""

    found_at: int
    due_at: int
    """0 where the rules set no time."""
    notify_by: int
    """By when the regulator must have been told if it was not done; 0 where nobody need be."""

    def remaining(self, now: int) -> int:
        """Ns of wall time left; negative once overdue, 0 where no time is set."""
        return self.due_at - now if self.due_at else 0

    def is_overdue(self, now: int) -> bool:
        """Whether the time is over."""
        return bool(self.due_at) and now > self.due_at


def deadline(settings: CloseSettings, rule: SafeguardingRule, found_at: int, outcome: Outcome) -> Deadline:
    """The clock of what was found at `found_at` (ns UTC). Raises CalendarRange."""
    days = rule.top_up_days if outcome is Outcome.SHORTFALL else rule.withdraw_days
    if outcome is Outcome.RECONCILED or days is None:
        return Deadline(found_at, 0, 0)
    found_day = settings.days.on_or_after(settings.local_day(found_at))
    due = settings.moment(settings.days.after(found_day, days), rule.top_up_by)
    told = outcome is Outcome.SHORTFALL and rule.notify_hours is not None
    return Deadline(found_at, due, due + (rule.notify_hours or 0) * _HOUR_NS if told else 0)


def business_time(settings: CloseSettings, start: int, end: int) -> int:
    """Ns of `start` … `end` that lie on business days, from local midnight to midnight; 0 where `end` is not later."""
    day, last = settings.local_day(start), settings.local_day(end)
    total = 0
    while day <= last:
        if settings.days.is_business_day(day):
            total += max(0, min(end, _midnight(settings, day, 1)) - max(start, _midnight(settings, day, 0)))
        day += timedelta(days=1)
    return total


def _midnight(settings: CloseSettings, day: date, after: int) -> int:
    return settings.moment(day + timedelta(days=after), "00:00")


def time_text(ns: int) -> str:
    """A length of time in words that fit a table: ``5 h 03 min``; overdue ones begin with a minus."""
    minutes, sign = abs(ns) // (60 * NS_PER_SECOND), "-" if ns < 0 else ""
    days, minutes = divmod(minutes, 1_440)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{days} d {hours} h {minutes:02d} min" if days else f"{sign}{hours} h {minutes:02d} min"
