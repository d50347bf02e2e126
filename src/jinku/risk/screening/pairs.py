"""Scoring pairs of names, one by one or from a file.

Rules:

1. A file is CSV in UTF-8 with a header; ``query_name``, ``candidate_name`` and ``schema`` are read, other columns are
   not. Each row has one answer, in the order of the file.
2. A row that is no row (a missing column, a broken quote, bytes that are no UTF-8) ends the reading with one error that
   names file, line and field; names themselves are never in it.
3. An empty name matches nothing.

Example::

    score_pair("Hsi Chin-ping", "习近平", "Person").matched
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinku.base.errors import InputError
from jinku.risk.screening.compare import Comparison, compare
from jinku.risk.screening.names import Kind, ready

COLUMNS = ("query_name", "candidate_name", "schema")
FILE_BYTES_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names of something of a schema."""

    query: str
    candidate: str
    schema: str


def score_pair(query: str, candidate: str, schema: str = "") -> Comparison:
    """How alike two names are, with every reason. Where the schema says nothing the candidate's name does."""
    kind = Kind.of(schema)
    right = ready(candidate, kind)
    return compare(ready(query, right.kind), right)


def read_pairs(path: Path) -> Iterator[Pair]:
    """The pairs of a file. Raises InputError, OSError."""
    if path.stat().st_size > FILE_BYTES_MAX:
        raise InputError(f"is larger than {FILE_BYTES_MAX} bytes", file=path.name, remedy="cut the file")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            places = _places(header, path)
            for row in reader:
                if row:
                    yield _pair(row, places, len(header), path, reader.line_num)
        except csv.Error:
            raise InputError(
                "is no CSV row", file=path.name, line=reader.line_num, remedy="close its quotes"
            ) from None
        except UnicodeDecodeError:
            raise InputError(
                "is not UTF-8", file=path.name, line=reader.line_num + 1, remedy="save it as UTF-8"
            ) from None


def _places(header: list[str], path: Path) -> tuple[int, int, int]:
    for name in COLUMNS:
        if name not in header:
            raise InputError("column is missing", file=path.name, line=1, field=name, remedy="add the column")
        if header.count(name) > 1:
            raise InputError("column is there twice", file=path.name, line=1, field=name, remedy="keep one")
    one, two, three = (header.index(name) for name in COLUMNS)
    return one, two, three


def _pair(row: list[str], places: tuple[int, int, int], width: int, path: Path, line: int) -> Pair:
    if len(row) < width or any(row[width:]):
        missing = next(
            (name for name, place in zip(COLUMNS, places, strict=True) if place >= len(row)), "row"
        )
        raise InputError(
            f"the row has {len(row)} of {width} columns",
            file=path.name,
            line=line,
            field=missing,
            remedy="complete the row",
        )
    return Pair(*(row[place].strip() for place in places))
