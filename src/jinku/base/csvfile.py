"""Reading CSV files that persons give: each row with its line, each fault with its place.

Rules:

1. A file is UTF-8, with or without a byte order mark; its first line names its columns, each once. Columns that
   nobody asked for are read too.
2. Every row has as many cells as the first line; blanks around a cell do not count, empty lines are passed over.
3. An error names file, line and column, never what a cell says: that may be personal.

Example::

    for line, row in read_rows(Path("rates.csv"), ("day", "currency", "usd")):
        row["usd"]
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from jinku.base.errors import InputError

BYTES_MAX = 1 << 30


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file that has at least `columns`: the line each ends on, and its cells by column. Raises
    InputError, also while it is read."""
    line = 0
    try:
        if path.stat().st_size > BYTES_MAX:
            raise InputError(f"is larger than {BYTES_MAX} bytes", file=path.name)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = _names(next(reader, []), columns, path)
            for cells in reader:
                line = reader.line_num
                if cells and len(cells) != len(names):
                    raise InputError(f"has {len(cells)} cells of {len(names)}", file=path.name, line=line)
                if cells:
                    yield line, dict(zip(names, map(str.strip, cells), strict=True))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path.name) from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError("is no CSV in UTF-8", file=path.name, line=line + 1) from None


def _names(first: list[str], columns: Sequence[str], path: Path) -> list[str]:
    names = [name.strip() for name in first]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    for column in (*columns, *twice):
        if names.count(column) != 1:
            problem = "column is there twice" if column in names else "column is missing"
            remedy = f"begin with {','.join(columns)}"
            raise InputError(problem, file=path.name, line=1, field=column, remedy=remedy)
    return names
