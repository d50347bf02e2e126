"""Sections as files: CSV that a spreadsheet opens safely, and Parquet that a program reads with types.

Rules:

1. CSV is UTF-8 with a byte order mark (spreadsheets take it for the local code page otherwise), CRLF, one heading line
   of column names, and every cell made harmless by `jinku.custody.inert`.
2. Parquet holds the same rows with types: money as DECIMAL(38, 4), numbers as DECIMAL(38, 0), moments and days as text
   in RFC 3339. Its text has no apostrophe in front, since nothing runs it.
3. Rows are read once; both files come from one reading, so they hold the same.

Example::

    written = write_section(section, Path("tables"))
    written.rows, written.sums[("balance", "CNY")]
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from jinku.base.clock import to_rfc3339
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.inert import spreadsheet_cell, visible
from jinku.custody.reports.section import Cell, Column, Holds, Row, Section

CSV_ENCODING = "utf-8-sig"
LINE_END = "\r\n"
MONEY_DECIMALS = 4
"""No currency of ISO 4217 has more."""
_SQL_TYPES = {
    Holds.TEXT: "VARCHAR",
    Holds.DAY: "VARCHAR",
    Holds.MOMENT: "VARCHAR",
    Holds.NUMBER: "DECIMAL(38, 0)",
    Holds.MONEY: f"DECIMAL(38, {MONEY_DECIMALS})",
}


@dataclass(slots=True)
class Written:
    """What became of a section: how many rows, and the sum of each money column by currency, in minor units."""

    section: Section
    rows: int = 0
    sums: dict[tuple[str, str], int] = field(default_factory=dict)
    head: list[list[str]] = field(default_factory=list)
    """The first rows as text, for printed pages."""


def formatter(columns: Sequence[Column]) -> Callable[[Row], list[str]]:
    """How to write a row of `columns` as text: amounts as decimals of their currency, moments in RFC 3339, None as
    nothing, and no character that steers a terminal or the direction of writing."""
    places = {column.name: place for place, column in enumerate(columns)}
    money = [
        (place, places[column.currency])
        for place, column in enumerate(columns)
        if column.holds is Holds.MONEY
    ]
    moments = [place for place, column in enumerate(columns) if column.holds is Holds.MOMENT]

    def written(row: Row) -> list[str]:
        cells: list[Cell] = list(row)
        for place, unit in money:
            amount = cells[place]
            if isinstance(amount, int):
                cells[place] = format_minor(amount, currency(str(row[unit])).exponent)
        for place in moments:
            at = cells[place]
            cells[place] = to_rfc3339(at) if isinstance(at, int) and at else ""
        return ["" if one is None else _harmless(str(one)) for one in cells]

    return written


def _harmless(cell: str) -> str:
    return cell if cell.isprintable() else visible(cell)


def write_section(
    section: Section,
    directory: Path,
    *,
    parquet: bool = True,
    head_max: int = 0,
    each: Callable[[list[str]], None] | None = None,
) -> Written:
    """Write ``NAME.csv`` and ``NAME.parquet`` of `section` to `directory`; the first `head_max` rows are kept as text.

    `each` is told of every row as text. Raises OSError.
    """
    written = Written(section)
    names = [column.name for column in section.columns]
    with tempfile.TemporaryDirectory(prefix="jinku-table-") as scratch:
        plain = Path(scratch) / "plain.csv"
        with (
            (directory / f"{section.name}.csv").open("w", encoding=CSV_ENCODING, newline="") as out,
            plain.open("w", encoding="utf-8", newline="") as raw,
        ):
            safe, typed = csv.writer(out, lineterminator=LINE_END), csv.writer(raw, lineterminator="\n")
            safe.writerow(names)
            for cells in _rows(section, written):
                safe.writerow(map(spreadsheet_cell, cells))
                if parquet:
                    typed.writerow(cells)
                if len(written.head) < head_max:
                    written.head.append(cells)
                if each is not None:
                    each(cells)
        if parquet:
            _to_parquet(section.columns, plain, directory / f"{section.name}.parquet")
    return written


def _rows(section: Section, written: Written) -> Iterator[list[str]]:
    columns = section.columns
    places = {column.name: place for place, column in enumerate(columns)}
    money = [
        (place, column.name, places[column.currency])
        for place, column in enumerate(columns)
        if column.holds is Holds.MONEY
    ]
    as_text = formatter(columns)
    for row in section.rows:
        written.rows += 1
        for place, name, unit in money:
            amount, code = row[place], row[unit]
            if isinstance(amount, int) and isinstance(code, str):
                written.sums[name, code] = written.sums.get((name, code), 0) + amount
        yield as_text(row)


def _to_parquet(columns: Iterable[Column], plain: Path, target: Path) -> None:
    types = ", ".join(f"'{column.name}': '{_SQL_TYPES[column.holds]}'" for column in columns)
    source = (
        f"read_csv('{_quoted(plain)}', columns={{{types}}}, header=false, delim=',', quote='\"', escape='\"', "
        "auto_detect=false, parallel=false)"
    )
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT * FROM {source}) TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608
        )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
