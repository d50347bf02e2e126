"""How long records are kept, by jurisdiction: dated rows with their source.

Rules:

1. The longest row in force that fits a record counts. A record of a kind without a row of its own follows the rows
   of every kind. Where no row fits, the record is kept for ever.
2. The term counts from the day that the record itself names: the end of the contract, of the case, of the day.
3. Rows marked (s) come from a secondary source and are to be checked against the official text before they are
   relied on.

Example::

    keep_until(ROWS, ("UK", "day record"), date(2026, 11, 20), as_of)  # 2031-11-20
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from jinku.custody.parties.table import RETENTION


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """For how many years records of a kind are kept in a jurisdiction."""

    from_day: date
    jurisdiction: str
    kind: str
    """Kind of record; empty for every kind."""
    years: int
    source: str


ROWS: tuple[RetentionRow, ...] = tuple(
    RetentionRow(one.from_date, one.jurisdiction, "", one.years, one.source) for one in RETENTION
)
"""What holds for parties (`jinku.custody.parties.table`) holds for the records of what they did."""


def longest_of(
    rows: Sequence[RetentionRow], jurisdictions: Sequence[str], together: str
) -> tuple[RetentionRow, ...]:
    """The rows of several jurisdictions as those of one, `together`, whose longest counts; none where one of them has
    no row: then everything is kept."""
    fitting = [one for one in rows if one.jurisdiction in jurisdictions]
    if {one.jurisdiction for one in fitting} != set(jurisdictions):
        return ()
    return tuple(replace(one, jurisdiction=together) for one in fitting)


def keep_until(rows: Sequence[RetentionRow], about: tuple[str, str], ended: date, as_of: date) -> date:
    """The last day on which a record that ended on `ended` must be kept, by the rows in force on `as_of`.

    `about` is jurisdiction and kind. It is the last day there is where no row fits.
    """
    jurisdiction, kind = about
    years = [
        one.years
        for one in rows
        if one.jurisdiction == jurisdiction and one.kind in ("", kind) and one.from_day <= as_of
    ]
    if not years or ended.year + max(years) > date.max.year:
        return date.max
    year = ended.year + max(years)
    leap = ended.month == 2 and ended.day == 29
    return date(year, 3, 1) if leap else ended.replace(year=year)
