"""Transfers between accounts in columns, as AMLSim writes them, and labels of accounts.

Rules:

1. A file of transfers has the columns ``sourceNodeId,targetNodeId,value,time``; one of labels ``nodeid,isFraud`` (0,
   1, true, false). Other columns are left alone, so nothing that was known only afterwards gets in.
2. A value is a finite number that is not negative, a time a finite number; the unit of time is a *step* (AMLSim: a
   day). Values are only measured here, never booked: they are floating.
3. Accounts are opaque texts; they are numbered in order, numbers before texts. An account of the labels that makes no
   transfer is an account too.
4. Transfers are in the order of time, those of one time in the order of the file. A transfer to oneself links nobody:
   it is left out and counted.

Example::

    transfers = read_transfers(Path("transactions.csv"), Path("nodes.csv"))
    transfers.accounts[transfers.source[0]], transfers.labels
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from jinku.risk.graph.errors import GraphRefused
from jinku.risk.graph.texts import load_texts, refuse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRANSFERS_MAX = 50_000_000
_TRANSFER_COLUMNS = ("sourceNodeId", "targetNodeId", "value", "time")
_LABEL_COLUMNS = ("nodeid", "isFraud")


@dataclass(frozen=True, slots=True)
class Transfers:
    """Transfers in columns; `labels` is None where none were given, else one of 0, 1 and -1 (not labelled)."""

    accounts: NDArray[np.object_]
    source: Ints
    target: Ints
    value: Floats
    time: Floats
    labels: Ints | None = None
    to_oneself: int = 0

    @property
    def count(self) -> int:
        """How many accounts there are."""
        return len(self.accounts)

    def __len__(self) -> int:
        return len(self.source)


def read_transfers(transfers: Path, labels: Path | None = None) -> Transfers:
    """Read both files. Raises InputError naming file, line, field and value; GraphRefused for what makes no graph."""
    with duckdb.connect() as database:
        load_texts(database, "transfers", transfers, _TRANSFER_COLUMNS)
        _check_numbers(database, transfers)
        names = "SELECT sourceNodeId AS name FROM transfers UNION SELECT targetNodeId FROM transfers"
        if labels is not None:
            load_texts(database, "labels", labels, _LABEL_COLUMNS)
            _check_labels(database, labels)
            names += " UNION SELECT nodeid FROM labels"
        database.execute(
            f"CREATE TABLE accounts AS SELECT name, row_number() OVER "  # noqa: S608 - no text from outside
            f"(ORDER BY TRY_CAST(name AS HUGEINT) NULLS LAST, name) - 1 AS code FROM ({names})"
        )
        accounts = database.execute("SELECT name FROM accounts ORDER BY code").fetchnumpy()["name"]
        columns = database.execute(
            "SELECT s.code AS source, t.code AS target, CAST(value AS DOUBLE) AS value, "
            "CAST(time AS DOUBLE) AS time FROM transfers JOIN accounts s ON s.name = sourceNodeId "
            "JOIN accounts t ON t.name = targetNodeId ORDER BY CAST(time AS DOUBLE), line"
        ).fetchnumpy()
        flags = None if labels is None else _labels(database, len(accounts))
    return of_columns(np.asarray(accounts, np.object_), columns, flags)


def of_columns(
    accounts: NDArray[np.object_], columns: dict[str, Any], labels: Ints | None = None
) -> Transfers:
    """Transfers of columns `source`, `target` (numbers of accounts), `value` and `time`, in order of time. Raises
    GraphRefused where no transfer is left."""
    source, target = np.asarray(columns["source"], np.int64), np.asarray(columns["target"], np.int64)
    value, time = np.asarray(columns["value"], np.float64), np.asarray(columns["time"], np.float64)
    between = source != target
    if not between.any():
        raise GraphRefused("there is no transfer between two accounts", remedy="give a file with transfers")
    if len(source) > TRANSFERS_MAX:
        raise GraphRefused(
            f"{len(source):,} transfers are more than {TRANSFERS_MAX:,}", remedy="take a shorter period"
        )
    return Transfers(
        accounts,
        np.ascontiguousarray(source[between]),
        np.ascontiguousarray(target[between]),
        np.ascontiguousarray(value[between]),
        np.ascontiguousarray(time[between]),
        labels,
        int((~between).sum()),
    )


def _check_numbers(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raises InputError for what is empty, or no finite number, or a value below 0."""
    for one in _TRANSFER_COLUMNS:
        refuse(database, "transfers", path, (one, f"{one} = ''", "is empty"), "fill it in")
    wrong = "NOT coalesce(isfinite(TRY_CAST({0} AS DOUBLE)), FALSE)"
    below = f"{wrong.format('value')} OR TRY_CAST(value AS DOUBLE) < 0"
    refuse(database, "transfers", path, ("value", below, "is not a number from 0 up"))
    refuse(database, "transfers", path, ("time", wrong.format("time"), "is not a number"))


def _check_labels(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raises InputError for what is empty, or no label, or a second one of its account."""
    for one in _LABEL_COLUMNS:
        refuse(database, "labels", path, (one, f"{one} = ''", "is empty"), "fill it in")
    unknown = "lower(isFraud) NOT IN ('0', '1', 'true', 'false')"
    refuse(database, "labels", path, ("isFraud", unknown, "is not 0 or 1"))
    again = "line IN (SELECT max(line) FROM labels GROUP BY nodeid HAVING count(*) > 1)"
    refuse(database, "labels", path, ("nodeid", again, "is labelled twice"), "label it once")


def _labels(database: duckdb.DuckDBPyConnection, count: int) -> Ints:
    rows = database.execute(
        "SELECT code, lower(isFraud) IN ('1', 'true') AS flag FROM labels JOIN accounts ON name = nodeid"
    ).fetchnumpy()
    labels = np.full(count, -1, np.int64)
    labels[np.asarray(rows["code"], np.int64)] = np.asarray(rows["flag"], np.int64)
    return labels
