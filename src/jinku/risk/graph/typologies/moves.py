"""Movements in columns, for one currency: what the detectors look at, from CSV or given as columns.

Rules:

1. A movement has an id, a time (microseconds since 1970 UTC), a payer and a payee, an amount in minor units, and
   perhaps a device. An empty payer or payee is the outside: another bank, cash, an account of the house itself.
2. A CSV has the columns ``id,time,payer,payee,amount`` and may have ``device`` and ``currency``; `time` is RFC 3339, or
   microseconds as a whole number.
3. The day and the night (before 6) are local; see `Place`.

Example::

    with Moves(read_moves(Path("movements.csv"), "CNY"), Place()) as moves:
        moves.database.execute("SELECT count(*) FROM legs")
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import US_PER_DAY
from jinku.risk.events.local_time import NIGHT_ENDS_HOUR, LocalTime
from jinku.risk.graph.texts import load_texts, refuse

HOUR_US = US_PER_DAY // 24
AMOUNT_MAX = (1 << 53) - 1
MOVES_MAX = 20_000_000
ZONE = "Asia/Shanghai"
_NEEDED = ("id", "time", "payer", "payee", "amount")


class MoveColumns(NamedTuple):
    """Movements of one currency; a text is empty where there is none."""

    id: NDArray[np.object_]
    time: NDArray[np.int64]
    payer: NDArray[np.object_]
    payee: NDArray[np.object_]
    amount: NDArray[np.int64]
    device: NDArray[np.object_]
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Place:
    """Where days begin and nights are."""

    zone: str = ZONE


class Moves:
    """Movements in a DuckDB database of their own: tables `moves` and `legs` (one row a side). A context manager."""

    def __init__(self, columns: MoveColumns, place: Place | None = None) -> None:
        self.columns = columns
        self.currency = columns.currency
        self.has_devices = any(columns.device)
        order = np.argsort(columns.time, kind="stable")
        parts = LocalTime((place or Place()).zone).parts(columns.time[order])
        self.database = duckdb.connect(config={"threads": 2})
        table = {
            "id": columns.id[order],
            "at": columns.time[order],
            "payer": columns.payer[order],
            "payee": columns.payee[order],
            "amount": columns.amount[order],
            "device": columns.device[order],
            "day": parts["day"],
            "night": parts["hour"] < NIGHT_ENDS_HOUR,
        }
        self._create(table)

    def _create(self, table: dict[str, Any]) -> None:
        self.database.register("given", table)
        texts = ", ".join(
            f"nullif(CAST({one} AS VARCHAR), '') AS {one}" for one in ("payer", "payee", "device")
        )
        self.database.execute(
            f'CREATE TABLE moves AS SELECT CAST(id AS VARCHAR) AS id, "at" AS t, amount, day, night, {texts} '  # noqa: S608
            "FROM given"
        )
        self.database.unregister("given")
        self.database.execute(
            "CREATE TABLE legs AS SELECT id, t, payee AS account, payer AS other, 1 AS side, amount, day, night, "
            "device FROM moves WHERE payee IS NOT NULL UNION ALL "
            "SELECT id, t, payer, payee, -1, amount, day, night, device FROM moves WHERE payer IS NOT NULL"
        )

    def __enter__(self) -> "Moves":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()


def read_moves(path: Path, currency: str = "CNY") -> MoveColumns:
    """The movements of `currency` in a CSV file (rule 2); all of them without such a column. Raises InputError."""
    with duckdb.connect() as database:
        load_texts(database, "rows", path, _NEEDED, ("device", "currency"))
        database.execute(
            "CREATE TABLE checked AS SELECT *, coalesce(TRY_CAST(time AS BIGINT), "
            "epoch_us(TRY_CAST(time AS TIMESTAMPTZ))) AS moment, CASE WHEN "
            "regexp_full_match(amount, '-?[0-9]+') THEN TRY_CAST(amount AS BIGINT) END AS units FROM rows"
        )
        faults = (
            ("id", "id = ''", "is empty"),
            ("time", "moment IS NULL OR moment < 0", "is no time"),
            (
                "amount",
                f"units IS NULL OR units <= 0 OR units > {AMOUNT_MAX}",
                "is no whole number of minor units above 0",
            ),
            ("payer", "payer = '' AND payee = ''", "and payee are both empty"),
        )
        for fault in faults:
            refuse(database, "checked", path, fault)
        columns = database.execute(
            "SELECT id, moment, payer, payee, units, device FROM checked WHERE currency IN ('', ?) "
            "ORDER BY moment, line",
            [currency],
        ).fetchnumpy()
    return MoveColumns(
        np.asarray(columns["id"], np.object_),
        np.asarray(columns["moment"], np.int64),
        np.asarray(columns["payer"], np.object_),
        np.asarray(columns["payee"], np.object_),
        np.asarray(columns["units"], np.int64),
        np.asarray(columns["device"], np.object_),
        currency,
    )
