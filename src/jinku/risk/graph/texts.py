"""CSV files in DuckDB: every cell a text with its line, so that what is wrong is named by its place.

Example::

    load_texts(database, "rows", Path("transfers.csv"), ("payer", "amount"), ("device",))
    refuse(database, "rows", Path("transfers.csv"), ("amount", "TRY_CAST(amount AS BIGINT) IS NULL", "is no number"))
"""

import csv
from pathlib import Path

import duckdb

from jinku.base.errors import InputError


def load_texts(
    database: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    columns: tuple[str, ...],
    others: tuple[str, ...] = (),
) -> None:
    """Make `table` of a file's `columns`, and of `others` that may be absent: texts without blanks around them, empty
    where there is none, and ``line``. Raises InputError."""
    try:
        found = database.read_csv(str(path), header=True, all_varchar=True, delimiter=",", quotechar='"')
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = [one.strip() for one in next(csv.reader(file), [])]
        for one in (*columns, *others):
            if head.count(one) > 1:
                raise InputError(
                    "column is there twice", file=path.name, line=1, field=one, remedy="keep one"
                )
        missing = [one for one in columns if one not in found.columns]
        if missing:
            raise InputError(
                f"has no column {missing[0]}", file=path.name, line=1, remedy=f"give {','.join(columns)}"
            )
        texts = ", ".join(
            f"coalesce(trim(\"{one}\"), '') AS {one}" if one in found.columns else f"'' AS {one}"
            for one in (*columns, *others)
        )
        found.create_view("outside")
        database.execute(
            f"CREATE TABLE {table} AS SELECT {texts}, row_number() OVER () + 1 AS line FROM outside"  # noqa: S608
        )
        database.execute("DROP VIEW outside")
    except (duckdb.Error, OSError, UnicodeDecodeError, csv.Error) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"cannot be read as CSV: {first}", file=path.name, remedy="look at the file"
        ) from error


def refuse(
    database: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    fault: tuple[str, str, str],
    remedy: str = "correct the file",
) -> None:
    """Raises InputError for the first row of `table` with a `fault`: its field, the condition in SQL, the problem."""
    field, when, problem = fault
    bad = database.execute(
        f"SELECT line, {field} FROM {table} WHERE {when} ORDER BY line LIMIT 1"  # noqa: S608 - texts of our own
    ).fetchone()
    if bad is not None:
        raise InputError(problem, file=path.name, line=bad[0], field=field, value=bad[1][:60], remedy=remedy)
