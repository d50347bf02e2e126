"""A CSV file as rows with their lines, and which mapping it is written by."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinku.base.errors import InputError
from jinku.custody.statements.formats.csv.mapping import CsvMapping
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.source import FETCH_AGAIN, Source

HEADING_ROWS_MAX = 40
"""Rows before the header of the table."""


class Row(NamedTuple):
    """The cells of one row, stripped, and the line that it starts on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that fits `mapping`: the rows before its header, the header, and what follows."""

    source: Source
    mapping: CsvMapping
    heading: tuple[Row, ...]
    header: Row
    rest: Iterator[Row]


def table_of(source: Source, mapping: CsvMapping) -> Table | None:
    """`source` as a table of `mapping`; None where its header or marks are not there."""
    rows = _rows(source, mapping)
    wanted = set(mapping.columns.values())
    heading: list[Row] = []
    try:
        for row in rows:
            if wanted <= set(row.cells):
                marks = {one.cells[0]: one.cells[1] for one in heading if len(one.cells) > 1}
                fits = all(marks.get(label) == value for label, value in mapping.marks.items())
                return Table(source, mapping, tuple(heading), row, rows) if fits else None
            heading.append(row)
            if len(heading) > HEADING_ROWS_MAX:
                return None
    except InputError:
        return None
    return None


def fitting(data: bytes, name: str, limits: ReadLimits, mappings: Sequence[CsvMapping]) -> Table | None:
    """The table of the one mapping that fits, None where none does. Raises InputError where several do."""
    sources: dict[tuple[str, ...], Source | None] = {}
    found: list[Table] = []
    for mapping in mappings:
        if mapping.encodings not in sources:
            sources[mapping.encodings] = _source(data, name, limits, mapping.encodings)
        source = sources[mapping.encodings]
        table = table_of(source, mapping) if source is not None else None
        found += [table] if table is not None else []
    if len(found) > 1:
        names = ", ".join(one.mapping.name for one in found)
        raise InputError(
            "fits several mappings",
            file=name,
            line=found[0].header.line,
            field="mapping",
            value=names,
            remedy="name more of the columns in the mapping, or marks",
        )
    return found[0] if found else None


def _source(data: bytes, name: str, limits: ReadLimits, encodings: tuple[str, ...]) -> Source | None:
    """`data` as text, None where it is of another encoding. Raises InputError: too large, or not text."""
    try:
        return Source.of(data, name, encodings, limits)
    except InputError as error:
        if error.field == "encoding":
            return None
        raise


def _rows(source: Source, mapping: CsvMapping) -> Iterator[Row]:
    """The rows that hold anything."""
    reader = csv.reader(
        io.StringIO("\n".join(source.lines)),
        delimiter=mapping.delimiter,
        quotechar=mapping.quote,
        strict=True,
    )
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cut = "end of data" in str(error)
            problem = "the file ends in the middle of a quote" if cut else f"is not CSV: {error}"
            raise source.bad(problem, line, "row", "", FETCH_AGAIN) from None
        if any(cell.strip() for cell in cells):
            yield Row(line, tuple(cell.strip() for cell in cells))
        line = reader.line_num + 1
