"""The ageing report: how many breaks, and how much money, stand in each band of age, by class and currency.

Example::

    report = ageing(cases, date(2026, 11, 20), calendar)
    report.csv()
    report.table("zh")  # columns and rows to be printed
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinku.base.calendar import BusinessCalendar
from jinku.base.currency import currency_by_number
from jinku.base.decimals import format_minor
from jinku.custody.breaks.model import ENDED, Case
from jinku.custody.breaks.table import BANDS, CLASSES

_COLUMNS = {
    "en": ("age", "class", "currency", "count ", "amount ", "effect "),
    "zh": ("账龄", "类别", "币种", "笔数 ", "金额 ", "影响 "),
}
_TOTAL = {"en": "total", "zh": "合计"}


@dataclass(frozen=True, slots=True)
class AgeRow:
    """One cell of the report; amounts in minor units."""

    band: int
    """Place in ``BANDS``."""
    kind: str
    currency: int
    count: int
    amount: int
    effect: int
    """Sum of what the bank has beyond ours."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """The report as of the end of a day."""

    as_of: date
    rows: tuple[AgeRow, ...]
    """By band, class, currency; only those in which something stands."""

    def document(self) -> dict[str, Any]:
        """As JSON values, amounts as strings of digits."""
        return {
            "as_of": self.as_of.isoformat(),
            "rows": [
                {
                    "age": BANDS[one.band][0],
                    "class": one.kind,
                    "currency": currency_by_number(one.currency).code,
                    "count": one.count,
                    "amount": str(one.amount),
                    "effect": str(one.effect),
                }
                for one in self.rows
            ],
        }

    def table(self, language: str = "en") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Columns and rows for a person, ``en`` or ``zh``, with a total per currency at the end."""
        chinese = language == "zh"
        rows: list[tuple[str, ...]] = []
        for one in self.rows:
            kind = CLASSES.get(one.kind, one.kind) if chinese else one.kind.replace("_", " ")
            rows.append((_band(one.band, chinese=chinese), kind, *_money(one)))
        for number in sorted({one.currency for one in self.rows}):
            own = [one for one in self.rows if one.currency == number]
            sums = [sum(getattr(one, name) for one in own) for name in ("count", "amount", "effect")]
            total = AgeRow(0, "", number, *sums)
            rows.append((_TOTAL[language], "", *_money(total)))
        return _COLUMNS[language], rows

    def csv(self, language: str = "en") -> str:
        """The table as CSV, with a byte order mark for Chinese so that spreadsheets read it."""
        columns, rows = self.table(language)
        text = io.StringIO(newline="")
        out = csv.writer(text, lineterminator="\r\n")
        out.writerow([one.strip() for one in columns])
        out.writerows(rows)
        return ("\ufeff" if language == "zh" else "") + text.getvalue()


def age_of(case: Case, as_of: date, calendar: BusinessCalendar) -> int:
    """Business days that a break has stood, up to `as_of`, or up to its end where that was earlier."""
    return calendar.days_between(case.day, min(as_of, case.ended) if case.ended else as_of)


def ageing(cases: Sequence[Case], as_of: date, calendar_of: Callable[[int], BusinessCalendar]) -> Ageing:
    """The ageing of those cases that stand open at the end of `as_of`; `calendar_of` gives a legal entity's
    calendar."""
    cells: dict[tuple[int, str, int], list[Case]] = {}
    for case in cases:
        if case.first_seen > as_of or (
            case.state in ENDED and case.ended is not None and case.ended <= as_of
        ):
            continue
        age = age_of(case, as_of, calendar_of(case.entity))
        band = next(at for at, (_, _, first, last) in enumerate(BANDS) if first <= age <= last)
        cells.setdefault((band, case.kind, case.currency), []).append(case)
    return Ageing(
        as_of,
        tuple(
            AgeRow(*place, len(own), sum(one.amount for one in own), sum(one.effect for one in own))
            for place, own in sorted(cells.items())
        ),
    )


def _band(band: int, *, chinese: bool) -> str:
    english, other, _, _ = BANDS[band]
    return other if chinese else english


def _money(row: AgeRow) -> tuple[str, str, str, str]:
    unit = currency_by_number(row.currency)
    amount, effect = format_minor(row.amount, unit.exponent), format_minor(row.effect, unit.exponent)
    return unit.code, str(row.count), amount, effect
