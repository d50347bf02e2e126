"""Where the layouts of reports come from: dated rows, each with its source.

Rows marked (s) rest on a secondary source and must be compared with the official text before the report is filed as the
law's own form. A report names the row that it follows.

Example::

    layout_of("monthly", date(2026, 11, 30)).source
"""

from dataclasses import dataclass
from datetime import date

from jinku.base.errors import InputError
from jinku.custody.reports.section import Both


@dataclass(frozen=True, slots=True)
class Layout:
    """Which fields a report has, by whose rule, from when."""

    report: str
    since: date
    source: Both
    fields: tuple[str, ...]


LAYOUTS = (
    Layout(
        "custody",
        date(2017, 2, 22),
        Both(
            "Guidelines on the custody of online-lending funds (China, 2017-02-22): custody report (s)",
            "《网络借贷资金存管业务指引》（2017-02-22）资金存管报告（二手来源，报送前须核对原文）",
        ),
        ("transaction_volume", "loan_balance", "custody_balance", "borrowers", "lenders"),
    ),
    Layout(
        "monthly",
        date(2026, 5, 7),
        Both(
            "FCA SUP 16 / CASS 15, monthly safeguarding return, in force "
            "2026-05-07, due within 15 business days of the "
            "month's end (s)",
            "英国 FCA SUP 16 / CASS 15 资金保障月报，2026-05-07 起施行，月末后 15 个工作日内报送（二手来源）",
        ),
        ("relevant_funds_high", "relevant_funds_low", "relevant_funds_average", "relevant_funds_end", "reconciliations",
         "shortfalls", "excesses", "breaks"),
    ),
    Layout(
        "yearly",
        date(2026, 5, 7),
        Both(
            "CASS 15 safeguarding audit, in force 2026-05-07 (s); what an auditor samples from",
            "CASS 15 资金保障审计，2026-05-07 起施行（二手来源）；供审计抽样",
        ),
        ("day_records", "controls", "samples"),
    ),
)  # fmt: skip
RETURN_BUSINESS_DAYS = 15
"""Business days after the month's end within which the monthly return is due (see the row's source)."""


def layout_of(report: str, day: date) -> Layout:
    """The layout in force on `day`, or the first there is for an earlier day. Raises InputError for an unknown
    report."""
    rows = sorted((one for one in LAYOUTS if one.report == report), key=lambda one: one.since)
    if not rows:
        raise InputError("is no report", field="report", value=report[:40], remedy="see jinku report --help")
    return next((one for one in reversed(rows) if one.since <= day), rows[0])
