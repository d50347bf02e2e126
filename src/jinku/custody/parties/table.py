"""How long records of a party must be kept after its contract ended: dated rows, each with its source.

Rules:

1. A row counts from its date on, for every party whose records are still kept then. Of several that count, the
   longest decides.
2. Years are counted from the day the contract ended to the same day of the later year; 29 February becomes 1 March.
3. Rows marked (s) come from a secondary source: check the official text before printing them as law.

Example::

    keep_until("CN", date(2026, 11, 22), today=date(2026, 11, 22))  # date(2036, 11, 22)
"""

from dataclasses import dataclass
from datetime import date

from jinku.base.errors import InputError


@dataclass(frozen=True, slots=True)
class Retention:
    """One rule: whose law, how many years after the end of the contract, since when, and where it stands."""

    jurisdiction: str
    years: int
    from_date: date
    source: str


RETENTION = (
    Retention("CN", 5, date(2017, 2, 22), "网络借贷资金存管业务指引 (2017): 合同到期后五年 (s)"),
    Retention("CN", 10, date(2025, 1, 1), "反洗钱法 (2024 修订) 第三十四条: 业务关系结束后十年 (s)"),
    Retention("UK", 5, date(2017, 6, 26), "Money Laundering Regulations 2017, reg. 40(3) (s)"),
    Retention("UK", 5, date(2026, 5, 7), "FCA CASS 15: records of safeguarding (s)"),
    Retention("EU", 5, date(2017, 6, 26), "Directive (EU) 2015/849, art. 40(1) (s)"),
    Retention("EU", 5, date(2027, 7, 10), "Regulation (EU) 2024/1624, art. 77 (s)"),
    Retention("US", 5, date(2011, 3, 1), "31 CFR 1010.430(d) (s)"),
)


def keep_until(jurisdiction: str, ended: date, today: date) -> date:
    """The day from which the personal data of a party whose contract ended on `ended` may be erased, by the rules that
    count on `today`. Raises InputError for a jurisdiction without rules.
    """
    years = [row.years for row in RETENTION if row.jurisdiction == jurisdiction and row.from_date <= today]
    if not years:
        raise InputError(
            "has no rule on how long to keep records",
            field="jurisdiction",
            value=jurisdiction,
            remedy="add a row",
        )
    year = ended.year + max(years)
    try:
        return ended.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
