"""What the desks go by, as tables to be read: windows, priorities, notices, quiet hours and deadlines.

Rules:

1. Each row begins on a day and says where it is from. The last row that has begun and fits counts. Rows of the house
   are a starting point that Jinku ships; an institution gives its own rows to the desks.
2. Rows marked (s) come from a secondary source: check them against the official text before relying on them.
3. A deadline in working days is counted on the calendar of the house. Where the calendar has no rows yet, every day
   counts: never later than the true deadline.

Example::

    due(DEADLINES, "objection_answer", date(2026, 11, 20), clock)  # 2026-12-05
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from jinku.base.calendar import CHINA, BusinessCalendar
from jinku.base.clock import NS_PER_SECOND
from jinku.base.errors import CalendarRange, InputError

HOUSE = "policy of the house, shipped with Jinku; replace it by your own"
START = date(2025, 1, 1)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The working days and hours of a house."""

    calendar: BusinessCalendar = CHINA
    zone: str = "Asia/Shanghai"

    def day(self, at: int) -> date:
        """The local day that holds the moment `at` (UTC ns)."""
        return self.local(at).date()

    def local(self, at: int) -> datetime:
        """The local time of a moment, to the second."""
        return datetime.fromtimestamp(at // NS_PER_SECOND, UTC).astimezone(ZoneInfo(self.zone))

    def after(self, day: date, days: int) -> date:
        """`days` working days after `day` (rule 3)."""
        left = days
        while left > 0:
            day += timedelta(days=1)
            left -= self.works(day)
        return day

    def age(self, first: date, last: date) -> int:
        """Working days after `first` up to and including `last`."""
        return sum(self.works(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def works(self, day: date) -> bool:
        """Whether the house works on `day`; yes where the calendar does not know."""
        try:
            return self.calendar.is_business_day(day)
        except CalendarRange:
            return True


# --- deadlines ------------------------------------------------------------------------------------------------------


class Unit(StrEnum):
    """How days are counted."""

    WORKING = "working days"
    CALENDAR = "days"


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something is to be done."""

    from_day: date
    what: str
    days: int
    unit: Unit
    source: str


DEADLINES: tuple[Deadline, ...] = (
    Deadline(START, "case_taken_up", 1, Unit.WORKING, HOUSE),
    Deadline(START, "case_proposed", 10, Unit.WORKING, HOUSE),
    Deadline(START, "case_approved", 2, Unit.WORKING, HOUSE),
    Deadline(
        START, "suspicious_report", 1, Unit.WORKING,
        "AML Law of the PRC (2024), art. 35: promptly; one working day is the house's reading of it",
    ),
    Deadline(date(2017, 7, 1), "large_value_report", 5, Unit.WORKING, "PBOC Order [2016] No. 3, art. 8 (s)"),
    Deadline(START, "objection_answer", 15, Unit.CALENDAR, "AML Law of the PRC (2024), art. 39"),
    Deadline(START, "measure_confirmed", 1, Unit.WORKING, HOUSE),
    Deadline(START, "report_acknowledged", 3, Unit.WORKING, HOUSE),
    Deadline(START, "report_corrected", 5, Unit.WORKING, HOUSE),
)  # fmt: skip


def deadline(rows: Sequence[Deadline], what: str, day: date) -> Deadline:
    """The row in force on `day`. Raises InputError."""
    found = [one for one in rows if one.what == what and one.from_day <= day]
    if not found:
        raise InputError("has no deadline on that day", field="deadline", value=what, remedy="add a row")
    return max(found, key=lambda one: one.from_day)


def due(rows: Sequence[Deadline], what: str, day: date, clock: Clockwork) -> date:
    """The last day for `what` that began on `day`. Raises InputError."""
    row = deadline(rows, what, day)
    return day + timedelta(days=row.days) if row.unit is Unit.CALENDAR else clock.after(day, row.days)


OBJECTION_REMINDERS_DAYS = (5, 10, 14)
"""On which days after an objection its owner is reminded."""


# --- alerts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """Alerts of one subject and typology within these days are one."""

    from_day: date
    name: str
    typology: str
    """Beginning of the typology's name; empty for every one."""
    days: int
    source: str = HOUSE


WINDOWS: tuple[Window, ...] = (
    Window(START, "month", "", 30),
    Window(START, "quarter", "list_", 90),
    Window(START, "week", "velocity", 7),
)


def window(rows: Sequence[Window], typology: str, day: date) -> Window:
    """The window in force for a typology: that of the longest fitting name. Raises InputError."""
    found = [one for one in rows if typology.startswith(one.typology) and one.from_day <= day]
    if not found:
        raise InputError("has no window", field="typology", value=typology[:64], remedy="add a row for all")
    return max(found, key=lambda one: (len(one.typology), one.from_day))


@dataclass(frozen=True, slots=True)
class Points:
    """What makes an alert more urgent; of the rows of one measure that fit, the one with the highest `at_least`."""

    from_day: date
    measure: str
    """``score``, ``amount`` (in minor units of `detail`), ``count``, ``grade``, or ``typology`` (begins `detail`)."""
    detail: str
    at_least: int
    points: int
    english: str
    chinese: str


POINTS: tuple[Points, ...] = (
    Points(START, "score", "", 50, 10, "score of 50 or more", "分值不低于 50"),
    Points(START, "score", "", 70, 25, "score of 70 or more", "分值不低于 70"),
    Points(START, "score", "", 90, 40, "score of 90 or more", "分值不低于 90"),
    Points(START, "amount", "CNY", 5_000_000, 10, "CNY 50,000 or more", "金额 5 万元以上"),
    Points(START, "amount", "CNY", 50_000_000, 25, "CNY 500,000 or more", "金额 50 万元以上"),
    Points(START, "amount", "CNY", 200_000_000, 40, "CNY 2,000,000 or more", "金额 200 万元以上"),
    Points(START, "amount", "USD", 1_000_000, 10, "USD 10,000 or more", "金额 1 万美元以上"),
    Points(START, "amount", "USD", 20_000_000, 40, "USD 200,000 or more", "金额 20 万美元以上"),
    Points(START, "count", "", 3, 10, "seen three times or more", "出现 3 次以上"),
    Points(START, "count", "", 10, 20, "seen ten times or more", "出现 10 次以上"),
    Points(START, "grade", "", 3, 10, "customer of grade 3 or above", "客户风险等级 3 级以上"),
    Points(START, "grade", "", 4, 20, "customer of grade 4 or above", "客户风险等级 4 级以上"),
    Points(START, "typology", "list_", 0, 100, "a name on a list", "名单命中"),
    Points(START, "typology", "terror", 0, 100, "financing of terrorism", "涉恐融资"),
)
LEVELS: tuple[tuple[int, int, str, str], ...] = (
    (1, 100, "urgent", "紧急"),
    (2, 50, "high", "高"),
    (3, 20, "medium", "中"),
    (4, 0, "low", "低"),
)
"""Priority, points from which it holds, English, Chinese."""


@dataclass(frozen=True, slots=True)
class Notice:
    """After how many working days without a case, who is told of an alert of a priority."""

    from_day: date
    priority: int
    after_days: int
    level: int
    english: str
    chinese: str
    through_quiet: bool = False
    """Whether it is told in quiet hours too."""


NOTICES: tuple[Notice, ...] = (
    Notice(START, 1, 0, 1, "analyst on duty", "值班分析员", through_quiet=True),
    Notice(START, 1, 1, 2, "head of compliance", "合规负责人", through_quiet=True),
    Notice(START, 2, 0, 1, "analyst on duty", "值班分析员"),
    Notice(START, 2, 2, 2, "head of compliance", "合规负责人"),
    Notice(START, 3, 3, 1, "analyst on duty", "值班分析员"),
    Notice(START, 3, 10, 2, "head of compliance", "合规负责人"),
    Notice(START, 4, 10, 1, "analyst on duty", "值班分析员"),
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which only what cannot wait is told; days off are quiet throughout where `days_off`."""

    from_day: date
    begins: time
    ends: time
    days_off: bool = True


QUIET: tuple[Quiet, ...] = (Quiet(START, time(20, 0), time(8, 30)),)


def is_quiet(rows: Sequence[Quiet], at: int, clock: Clockwork) -> bool:
    """Whether the moment `at` (UTC ns) lies in quiet hours."""
    local = clock.local(at)
    begun = [one for one in rows if one.from_day <= local.date()]
    if not begun:
        return False
    row = max(begun, key=lambda one: one.from_day)
    now = local.time()
    over_midnight = row.begins > row.ends and (now >= row.begins or now < row.ends)
    within = over_midnight or row.begins <= now < row.ends
    return within or (row.days_off and not clock.works(local.date()))
