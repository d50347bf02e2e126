"""Card payments from a Parquet file, as events with their outcome.

Rules:

1. Columns: TX_DATETIME (a timestamp, or text that reads as one), CUSTOMER_ID and TERMINAL_ID (whole numbers or text),
   TX_AMOUNT (a number in units of the currency), TX_FRAUD (0 or 1). Others are ignored. Any order of rows, any dates.
2. Times are local and kept as they are. Payments of one instant keep the file's order and move on by a microsecond.
3. What does not fit is one error that names file, column and value; nothing is guessed or left out.

Example::

    cards = read_cards(Path("transactions.parquet"))
    cards.batch, cards.fraud, cards.day
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import US_PER_DAY
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column, key_number, keys
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import numbered, payments
from jinku.risk.events.stamp import spread
from jinku.risk.models.errors import BadTrainingData

COLUMNS = ("TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD")
PAYMENTS_MAX = 16_000_000
AMOUNT_MAX = 1e12
"""Units of the currency."""

_MINOR_UNITS = 100
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
)
_TIMES = (
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP WITH TIME ZONE",
    "VARCHAR",
    "DATE",
)
_KINDS: dict[str, tuple[str, ...]] = {
    "TX_DATETIME": _TIMES,
    "CUSTOMER_ID": (*_WHOLE, "VARCHAR"),
    "TERMINAL_ID": (*_WHOLE, "VARCHAR"),
    "TX_AMOUNT": (*_WHOLE, "DOUBLE", "FLOAT", "DECIMAL"),
    "TX_FRAUD": (*_WHOLE, "BOOLEAN"),
}
_QUERY = """
SELECT epoch_us(try_cast(TX_DATETIME AS TIMESTAMP)) AS time, CUSTOMER_ID AS customer, TERMINAL_ID AS terminal,
       try_cast(TX_AMOUNT AS DOUBLE) AS amount, try_cast(TX_FRAUD AS BIGINT) AS fraud
FROM read_parquet(?, file_row_number = true) ORDER BY time NULLS FIRST, file_row_number
"""

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cards:
    """Payments in order of time."""

    batch: EventBatch
    customer: Integers
    """A number for each customer, dense from 0."""
    fraud: NDArray[np.bool_]
    day: Integers
    """Local day, counted from 1970-01-01."""
    digest: bytes
    """SHA-256 of the file."""

    def __len__(self) -> int:
        return len(self.day)


def read_cards(path: Path) -> Cards:
    """The payments of the file. Raises BadTrainingData."""
    digest = _digest(path)
    try:
        with duckdb.connect(config={"threads": 2}) as connection:
            _check_columns(connection, path)
            raw = connection.execute(_QUERY, [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        raise BadTrainingData(
            f"is no Parquet file that can be read: {type(error).__name__}", file=path.name
        ) from None
    return _cards(raw, path.name, digest)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise BadTrainingData(f"cannot be read: {error.strerror}", file=path.name) from None


def _check_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    rows = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    kinds = {str(row[0]): str(row[1]) for row in rows}
    for name in COLUMNS:
        kind = kinds.get(name)
        if kind is None:
            raise BadTrainingData(
                "has no such column",
                file=path.name,
                field="column",
                value=name,
                remedy="needed are " + ", ".join(COLUMNS),
            )
        if kind.split("(")[0] not in _KINDS[name]:
            raise BadTrainingData("is of a type that does not fit", file=path.name, field=name, value=kind)
    [count] = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()[0]
    if not 0 < count <= PAYMENTS_MAX:
        raise BadTrainingData(f"has {count} payments, not 1 to {PAYMENTS_MAX}", file=path.name)


def _cards(raw: dict[str, Any], file: str, digest: bytes) -> Cards:
    amount, fraud = (
        _there(raw["amount"], "TX_AMOUNT", file),
        _there(raw["fraud"], "TX_FRAUD", file),
    )
    if not (np.isfinite(amount) & (amount >= 0) & (amount <= AMOUNT_MAX)).all():
        raise BadTrainingData(f"is not 0 to {AMOUNT_MAX:.0f}", file=file, field="TX_AMOUNT")
    if not np.isin(fraud, (0, 1)).all():
        raise BadTrainingData("is neither 0 nor 1", file=file, field="TX_FRAUD", value=str(fraud.max()))
    times = _there(raw["time"], "TX_DATETIME", file).astype(np.int64)
    if times[0] < 0:
        raise BadTrainingData("is before 1970", file=file, field="TX_DATETIME")
    customer, customer_key = _identities(raw["customer"], "CUSTOMER_ID", file)
    _, terminal_key = _identities(raw["terminal"], "TERMINAL_ID", file)
    times = spread(times)
    labels = fraud.astype(np.bool_)
    batch = payments(
        {
            "id": numbered(len(times)),
            "time": Column.full(times),
            "customer": Column.full(customer_key),
            "terminal": Column.full(terminal_key),
            "amount": Column.full(np.rint(amount * _MINOR_UNITS).astype(np.int64)),
            "label": Column.full(labels),
        },
        LocalTime("UTC"),
    )
    return Cards(batch, customer, labels, times // US_PER_DAY, digest)


def _there(values: Any, name: str, file: str) -> Any:
    """`values` without a NULL among them."""
    if np.ma.isMaskedArray(values):
        if np.ma.getmaskarray(values).any():
            at = int(np.ma.getmaskarray(values).argmax())
            raise BadTrainingData(
                "is empty or does not read", file=file, field=name, value=f"payment {at} in order of time"
            )
        values = values.data
    return values


def _identities(values: Any, name: str, file: str) -> tuple[Integers, NDArray[Any]]:
    """Each row's identity as a dense number, and as a key."""
    whole = _there(values, name, file)
    distinct, places = np.unique(whole.astype(str) if whole.dtype == object else whole, return_inverse=True)
    if distinct.dtype.kind in "iu":
        if int(distinct[0]) < 0:
            raise BadTrainingData("is negative", file=file, field=name, value=str(distinct[0]))
        made = np.zeros(len(distinct), KEY)
        made["lo"] = distinct
    elif distinct.dtype.kind == "f":
        raise BadTrainingData("is beyond 64 bits", file=file, field=name)
    else:
        made = keys([key_number(str(one)) for one in distinct.tolist()])
    return places.astype(np.int64), made[places]
