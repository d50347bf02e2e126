"""The monthly safeguarding return: relevant funds high, low and average, reconciliations, shortfalls, breaks (R16).

Rules:

1. Relevant funds are what clients are owed. High, low and average are over the ends of the month's days on which there
   were books; the highest and lowest moment within the month stand beside them.
2. Reconciliations, shortfalls and excesses are counted from the closed days' records where a day book is kept; a day of
   the month without a record is named, never assumed.
3. The return is due a number of business days after the month's end, by the institution's calendar.

Example::

    monthly_return(house, Scope(1, currency("GBP"), month("2026-06", "Europe/London")), settings, structure)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from jinku.base.calendar import BusinessCalendar
from jinku.base.decimals import format_minor
from jinku.base.errors import CalendarRange
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.journal import seals
from jinku.custody.reports.printed import grouped
from jinku.custody.reports.report import Figure, Report
from jinku.custody.reports.scope import Books, Scope, check_volumes, new_report, read_books
from jinku.custody.reports.section import Both, Row, Section, day, money, number, text
from jinku.custody.reports.settings import Settings
from jinku.custody.reports.sources import RETURN_BUSINESS_DAYS
from jinku.custody.structure.model import Structure

TITLE = Both("Monthly safeguarding return", "资金保障月报")
SEAL_TOPIC_CLOSE = 2


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """What a closed day's record says. Amounts in minor units."""

    day: date
    requirement: int
    resource: int
    breaks: int
    preparer: str
    reviewer: str
    entry: int
    """The log entry that seals the record."""
    reconciliations: int = 1

    @property
    def difference(self) -> int:
        """Resource less requirement."""
        return self.resource - self.requirement


@dataclass(frozen=True, slots=True)
class LivingBreak:
    """One break as it stands at the period's end."""

    break_id: str
    kind: str
    amount: int
    opened: date
    age_days: int
    state: str


class Days(Protocol):
    """Where closed days and breaks come from."""

    def closed(self, entity: int, currency: int, first: date, last: date) -> Sequence[ClosedDay]:
        """The closed days from `first` to `last`, in order."""
        ...

    def living(self, entity: int, currency: int, last: date) -> Sequence[LivingBreak]:
        """The breaks that are open."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the return needs beside the ledger; None where the house keeps no such thing."""

    days: Days | None
    calendar: BusinessCalendar


def monthly_return(
    house: OpenHouse, scope: Scope, settings: Settings, structure: Structure, evidence: Evidence
) -> Report:
    """The return of a month. Raises NotKept, NotTied."""
    books = read_books(house, scope, structure)
    report = new_report("monthly", TITLE, scope, books, settings)
    check_volumes(books, scope.period.start, books.end)
    ends = _day_ends(books, scope)
    report.figures += _funds(books, scope, ends)
    report.sections.append(_funds_section(ends, scope))
    report.charts.append(
        (
            Both("Relevant funds at each day's end", "每日日终客户资金"),
            [
                (one.isoformat(), grouped(format_minor(owed, scope.unit.exponent)), owed, False)
                for one, owed in ends
            ],
        )
    )
    _reconciliations(report, house, scope, books, evidence)
    _due(report, scope, evidence.calendar)
    method = settings.institution.get("safeguarding_method", "")
    if not method:
        report.missing.append(
            Both(
                "the method of safeguarding: give [institution] safeguarding_method",
                "资金保障方式：请填写 [institution] safeguarding_method",
            )
        )
    else:
        report.figures.append(
            Figure(
                "method",
                Both("Method of safeguarding", "资金保障方式"),
                method,
                Both("stated by the institution", "机构填报"),
            )
        )
    if not settings.institution.get("auditor"):
        report.missing.append(
            Both(
                "the safeguarding auditor: give [institution] auditor",
                "审计机构：请填写 [institution] auditor",
            )
        )
    return report


def _day_ends(books: Books, scope: Scope) -> list[tuple[date, int]]:
    booked, owed = books.activity.client_series()
    last = books.activity.standing.at
    began = _began(books)
    found: list[tuple[date, int]] = []
    for one, end in scope.period.days():
        if end <= began:
            continue  # there were no books yet
        if end > last and found and not books.over and end - 86_400 * 10**9 > last:
            break  # days that the ledger has not reached
        place = int(np.searchsorted(booked, np.uint64(end), side="left"))
        found.append((one, owed[place - 1] if place else 0))
    return found


def _began(books: Books) -> int:
    """When the first of the entity's accounts was opened, ns."""
    return int(books.activity.own_rows["timestamp"].min())


def _funds(books: Books, scope: Scope, ends: Sequence[tuple[date, int]]) -> list[Figure]:
    code = scope.unit.code
    values = [owed for _, owed in ends]
    booked, owed = books.activity.client_series()
    inside = [
        after for at, after in zip(booked.tolist(), owed, strict=True) if scope.period.start <= at < books.end
    ]
    before = int(np.searchsorted(booked, np.uint64(scope.period.start), side="left"))
    carried = owed[before - 1] if before else 0
    moments = [carried, *inside]
    at_end = Both("days' ends of the month", "当月各日日终")
    at_once = Both("after every movement of the month, with what was carried in", "当月每笔变动后（含期初）")
    return [
        Figure(
            "relevant_funds_high",
            Both("Relevant funds, highest day", "客户资金：最高日终"),
            max(values),
            at_end,
            code,
        ),
        Figure(
            "relevant_funds_low",
            Both("Relevant funds, lowest day", "客户资金：最低日终"),
            min(values),
            at_end,
            code,
        ),
        Figure(
            "relevant_funds_average",
            Both("Relevant funds, average of the days", "客户资金：日均"),
            sum(values) // len(values),
            Both("rounded down to the minor unit", "向下取整至最小单位"),
            code,
        ),
        Figure(
            "relevant_funds_end",
            Both("Relevant funds at the end", "客户资金：期末"),
            books.requirement.requirement,
            Both("clients' accounts; second: all movements added up", "客户账户；第二口径：变动累计"),
            code,
            values[-1],
        ),
        Figure("highest_moment", Both("Highest moment", "期内最高时点"), max(moments), at_once, code),
        Figure("lowest_moment", Both("Lowest moment", "期内最低时点"), min(moments), at_once, code),
        Figure(
            "customers",
            Both("Clients with an account", "客户账户数"),
            len(books.holdings.clients),
            Both("at the end, suspense among them", "期末，含待查款项"),
        ),
    ]


def _funds_section(ends: Sequence[tuple[date, int]], scope: Scope) -> Section:
    return Section(
        "relevant_funds",
        Both("Relevant funds by day", "每日客户资金"),
        (
            day("day", "Day", "日期"),
            text("currency", "Currency", "币种"),
            money("owed", "Owed to clients at its end", "日终应付客户", wide=2),
        ),
        [(one.isoformat(), scope.unit.code, owed) for one, owed in ends],
    )


def _reconciliations(
    report: Report, house: OpenHouse, scope: Scope, books: Books, evidence: Evidence
) -> None:
    period, unit = scope.period, scope.unit
    sealed = [
        entry
        for entry, at, topic, _ in seals(house.ledger, books.activity.standing.size)
        if topic == SEAL_TOPIC_CLOSE and period.start <= at < books.end
    ]
    if evidence.days is None:
        report.missing.append(
            Both(
                f"a day book: reconciliations, shortfalls and breaks are not counted; "
                f"the log has {len(sealed)} seals of "
                "closes in the period, of all books",
                f"无日终账簿：未统计对账、缺口与差错；期内日志有 {len(sealed)} 条日终封存（全部账簿）",
            )
        )
        return
    closed = list(evidence.days.closed(scope.entity, unit.number, period.first, period.last))
    living = list(evidence.days.living(scope.entity, unit.number, period.last))
    report.figures += _day_figures(closed, living, unit.code)
    report.sections += [_days_section(closed, unit.code), _living_section(living, unit.code)]
    missing = _unclosed(scope, {one.day for one in closed}, evidence.calendar, books)
    if missing:
        report.missing.append(
            Both(
                f"closes of {len(missing)} business days: {', '.join(one.isoformat() for one in missing[:10])}"
                + (" …" if len(missing) > 10 else ""),
                f"{len(missing)} 个工作日未日终：{'、'.join(one.isoformat() for one in missing[:10])}"
                + ("……" if len(missing) > 10 else ""),
            )
        )


def _day_figures(closed: Sequence[ClosedDay], living: Sequence[LivingBreak], code: str) -> list[Figure]:
    short = [one for one in closed if one.difference < 0]
    over = [one for one in closed if one.difference > 0]
    how = Both("records of closed days", "已结日的记录")
    return [
        Figure(
            "reconciliations",
            Both("Reconciliations performed", "已完成对账数"),
            sum(one.reconciliations for one in closed),
            how,
        ),
        Figure("days_closed", Both("Days closed", "已结日数"), len(closed), how),
        Figure("shortfalls", Both("Days with a shortfall", "缺口日数"), len(short), how),
        Figure(
            "shortfall_largest",
            Both("Largest shortfall", "最大缺口"),
            max((-one.difference for one in short), default=0),
            how,
            code,
        ),
        Figure("excesses", Both("Days with an excess", "溢余日数"), len(over), how),
        Figure(
            "excess_largest",
            Both("Largest excess", "最大溢余"),
            max((one.difference for one in over), default=0),
            how,
            code,
        ),
        Figure(
            "breaks",
            Both("Breaks open now", "未了差错数"),
            len(living),
            Both("the desk of breaks", "差错台账"),
        ),
        Figure(
            "breaks_amount",
            Both("Money in open breaks", "未了差错金额"),
            sum(one.amount for one in living),
            Both("the desk of breaks", "差错台账"),
            code,
        ),
    ]


def _unclosed(scope: Scope, closed: set[date], calendar: BusinessCalendar, books: Books) -> list[date]:
    found = []
    for one, end in scope.period.days():
        if end <= _began(books):
            continue
        if end > books.activity.standing.at and not books.over:
            break
        try:
            if calendar.is_business_day(one) and one not in closed:
                found.append(one)
        except CalendarRange:
            return found
    return found


def _days_section(closed: Sequence[ClosedDay], code: str) -> Section:
    rows: list[Row] = [
        (
            one.day.isoformat(),
            code,
            one.requirement,
            one.resource,
            one.difference,
            one.breaks,
            one.preparer,
            one.reviewer,
            one.entry,
        )
        for one in closed
    ]
    return Section(
        "closed_days",
        Both("Closed days", "已结日"),
        (
            day("day", "Day", "日期"),
            text("currency", "Currency", "币种"),
            money("requirement", "Requirement", "应存", wide=2),
            money("resource", "Resource", "实存", wide=2),
            money("difference", "Difference", "差额", wide=2),
            number("breaks", "Breaks", "差错"),
            text("preparer", "Prepared by", "经办"),
            text("reviewer", "Reviewed by", "复核"),
            number("entry", "Log entry", "日志序号"),
        ),
        rows,
        empty=Both("No day of the period is closed.", "期内无已结日。"),
    )


def _living_section(living: Sequence[LivingBreak], code: str) -> Section:
    return Section(
        "open_breaks",
        Both("Open breaks", "未了差错"),
        (
            text("break_id", "Break", "差错编号", wide=3),
            text("kind", "Class", "类别", wide=2),
            text("currency", "Currency", "币种"),
            money("amount", "Amount", "金额", wide=2),
            day("opened", "Since", "发生日"),
            number("age_days", "Age", "账龄"),
            text("state", "State", "状态"),
        ),
        [
            (one.break_id, one.kind, code, one.amount, one.opened.isoformat(), one.age_days, one.state)
            for one in living
        ],
        empty=Both("No break is open.", "无未了差错。"),
    )


def _due(report: Report, scope: Scope, calendar: BusinessCalendar) -> None:
    due = scope.period.last
    try:
        for _ in range(RETURN_BUSINESS_DAYS):
            due = calendar.next_business_day(due)
    except CalendarRange:
        report.missing.append(
            Both(
                f"the day by which it is due: the calendar {calendar.name} ends before",
                f"报送期限：日历 {calendar.name} 未覆盖",
            )
        )
        return
    report.notes.append(
        Both(
            f"Due by {due.isoformat()}: {RETURN_BUSINESS_DAYS} business days after the "
            f"month's end, calendar {calendar.name}.",
            f"报送期限 {due.isoformat()}：月末后 {RETURN_BUSINESS_DAYS} 个工作日（日历 {calendar.name}）。",
        )
    )
