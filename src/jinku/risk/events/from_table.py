"""Events from a table in a file, Parquet or CSV, by a mapping of its columns.

Rules:

1. Rows are taken in order of time, then of the file; equal times get a microsecond more each (`stamp.spread`). Any
   dates will do.
2. A time without a zone is UTC. Whole numbers as time are microseconds since 1970.
3. Identities that are whole numbers stay so; others are texts (`columns.key_number`).
4. An amount is multiplied by 10^`exponent` and rounded to minor units: 12.34 with exponent 2 is 1234.
5. Fields that the mapping leaves out are NULL, or worked out (`payments`); without `id`, rows are numbered from 1.
6. A file that does not fit is one `BadEvents` with file and column; no row is skipped.

Example::

    events = read_table(Path("cards.parquet"), CARD_FRAUD)
    events = read_table(Path("mine.csv"), TableShape({"time": "when", "customer": "who", "amount": "cents"}))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from jinku.risk.events.batch import EVENTS_MAX, EventBatch
from jinku.risk.events.columns import KEY, Column, key_number, keys
from jinku.risk.events.errors import BadEvents
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import numbered, payments
from jinku.risk.events.schema import PAYMENTS, FieldType
from jinku.risk.events.stamp import spread

EXPONENT_MAX = 6
_READERS = {".parquet": "read_parquet(?)", ".csv": "read_csv(?, header = true)"}
_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)


@dataclass(frozen=True)
class TableShape:
    """Which column of a file holds which event field."""

    columns: Mapping[str, str]
    exponent: int = 0
    """Decimals of the amount's column (rule 4)."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """VARCHAR fields that are the same in every row, such as currency."""


CARD_FRAUD = TableShape(
    {
        "id": "TRANSACTION_ID",
        "time": "TX_DATETIME",
        "customer": "CUSTOMER_ID",
        "terminal": "TERMINAL_ID",
        "amount": "TX_AMOUNT",
        "label": "TX_FRAUD",
    },
    exponent=2,
    constants={"kind": "payment"},
)
"""The form of the Fraud Detection Handbook's card payments."""
PLAIN = TableShape({name: name for name in PAYMENTS.by_name})
"""Columns named like the fields, amounts in minor units; columns that are absent are left out."""
SHAPES = {"card-fraud": CARD_FRAUD, "payments": PLAIN}


def read_table(path: Path, shape: TableShape, place: LocalTime | None = None) -> EventBatch:
    """The file's rows as payment events. Raises BadEvents."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise BadEvents("is neither .parquet nor .csv", field="file", value=path.name)
    if not 0 <= shape.exponent <= EXPONENT_MAX:
        raise BadEvents(f"is not 0 to {EXPONENT_MAX}", field="exponent", value=str(shape.exponent))
    if not path.is_file():
        raise BadEvents("cannot be read", file=path.name, remedy="name a file that is there")
    try:
        with duckdb.connect() as connection:
            kinds = _kinds(connection, reader, path)
            wanted = _wanted(shape, kinds, path.name)
            found = _rows(
                connection,
                reader,
                path,
                {name: (column, kinds[column]) for name, column in wanted.items()},
                shape,
            )
    except duckdb.Error as error:
        raise BadEvents(f"cannot be read: {_first_line(error)}", file=path.name) from None
    return _batch(found, shape, place or LocalTime(), path.name)


def _kinds(connection: duckdb.DuckDBPyConnection, reader: str, path: Path) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {reader}", [str(path)])  # noqa: S608 - one of _READERS
    return {str(row[0]): str(row[1]) for row in described.fetchall()}


def _wanted(shape: TableShape, kinds: Mapping[str, str], file: str) -> dict[str, str]:
    """Field to column. Raises BadEvents where a column or a field does not exist."""
    for name in (*shape.columns, *shape.constants):
        PAYMENTS.field(name)
    wanted = dict(shape.columns)
    if shape is PLAIN:
        wanted = {name: column for name, column in wanted.items() if column in kinds}
    for name, column in wanted.items():
        if column not in kinds:
            raise BadEvents(
                f"is not there, for {name}",
                file=file,
                field="column",
                value=column,
                remedy="the file has " + ", ".join(kinds)[:300],
            )
    if "time" not in wanted:
        raise BadEvents("is not there", file=file, field="column", value="time")
    return wanted


def _rows(
    connection: duckdb.DuckDBPyConnection,
    reader: str,
    path: Path,
    wanted: Mapping[str, tuple[str, str]],
    shape: TableShape,
) -> dict[str, Any]:
    columns = ", ".join(
        f"{_text(name, column, kind, shape.exponent)} AS {name}" for name, (column, kind) in wanted.items()
    )
    rows = f"SELECT {columns}, row_number() OVER () AS file_row FROM {reader}"  # noqa: S608 - quoted names
    query = f"SELECT * FROM ({rows}) ORDER BY time, file_row LIMIT {EVENTS_MAX + 1}"  # noqa: S608
    return connection.execute(query, [str(path)]).fetchnumpy()


def _text(name: str, column: str, kind: str, exponent: int) -> str:
    """The column as its field's type in SQL."""
    quoted = '"' + column.replace('"', '""') + '"'
    if name == "time":
        return f"CAST({quoted} AS BIGINT)" if kind in _INTEGERS else f"epoch_us(CAST({quoted} AS TIMESTAMP))"
    if name == "amount":
        return (
            f"CAST(round(CAST({quoted} AS DOUBLE) * {10**exponent}) AS BIGINT)"
            if exponent
            else f"CAST({quoted} AS BIGINT)"
        )
    wanted = PAYMENTS.field(name).type
    if wanted is FieldType.KEY:
        return f"CAST({quoted} AS BIGINT)" if kind in _INTEGERS else f"CAST({quoted} AS VARCHAR)"
    return f"CAST({quoted} AS {wanted.value})"


def _batch(found: Mapping[str, Any], shape: TableShape, place: LocalTime, file: str) -> EventBatch:
    times = np.ma.asarray(found["time"])
    count = len(times)
    if not count:
        raise BadEvents("has no rows", file=file)
    if count > EVENTS_MAX:
        raise BadEvents(f"has more than {EVENTS_MAX} rows", file=file)
    if np.ma.getmaskarray(times).any():
        raise BadEvents("is missing in a row", file=file, field="column", value=shape.columns["time"])
    columns: dict[str, Column] = {"id": numbered(count)}
    for name, values in found.items():
        if name not in ("time", "file_row"):
            columns[name] = _column(PAYMENTS.field(name).type, values, file, name)
    for name, word in shape.constants.items():
        columns.setdefault(name, Column.of_texts([word] * count))
    columns["time"] = Column.full(spread(times.data.astype(np.int64)))
    return payments(columns, place)


def _column(kind: FieldType, values: Any, file: str, name: str) -> Column:
    masked = np.ma.asarray(values)
    valid = ~np.ma.getmaskarray(masked)
    data = masked.data
    if data.dtype == object:
        valid &= np.array([value is not None for value in data], np.bool_)
    if kind is FieldType.KEY:
        return _keys(data, valid, file, name)
    if kind is FieldType.VARCHAR:
        return Column.of_texts(
            [str(value) if there else None for value, there in zip(data, valid, strict=True)]
        )
    wanted = np.bool_ if kind is FieldType.BOOLEAN else np.int64
    return Column(np.where(valid, data, 0).astype(wanted), valid).settled()


def _keys(data: Any, valid: Any, file: str, name: str) -> Column:
    made = np.zeros(len(data), KEY)
    if data.dtype == object:
        texts, places = np.unique(np.where(valid, data, "").astype(str), return_inverse=True)
        made = keys([key_number(text) for text in texts.tolist()])[places]
    else:
        if len(data) and int(np.where(valid, data, 0).min()) < 0:
            raise BadEvents("is below 0", file=file, field=name, value=str(data.min()))
        made["lo"] = np.where(valid, data, 0).astype(np.uint64)
    return Column(made, valid).settled()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
