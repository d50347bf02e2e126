# ruff: noqa: S608 - every name and text comes from a checked table, quoted
"""A feature set as DuckDB SQL, and its values for a whole history: the same bits as the online engine, event by event.

Rules:

1. The query reads one relation with the schema's columns (KEY of any type that compares; NULL is NULL) and gives `time`
   and the outputs in definition order, DOUBLE or NULL, ordered by `time`.
2. Each value is point-in-time: it reads rows at or before its event's time alone, a label only after its delay.
3. Windows are frames ``RANGE BETWEEN far - 1 PRECEDING AND near PRECEDING`` over the microseconds. History under other
   identities than the event's own (`history`) is a union of history rows and of the events that ask.
4. Aggregates are exact (BIGINT, HUGEINT); the last step repeats the engine's, operation by operation.

Example::

    to_sql(features)              # WITH … SELECT time, customer_count_1h, … FROM level_1 ORDER BY time
    backtest(features, batch)     # FeatureFrame, equal to Engine(features).step(batch)
"""

from collections.abc import Iterator

import duckdb
import numpy as np

from jinku.risk.events.batch import EventBatch
from jinku.risk.events.keyspace import KeySpace
from jinku.risk.events.schema import OTHER_SIDE, FieldType
from jinku.risk.features.definition import (
    MICROSECONDS,
    OTHER,
    PATHS,
    STD_VALUE_MAX,
    VALUE_MAX,
    Aggregate,
    Base,
    Derived,
    Feature,
    FeatureSet,
)
from jinku.risk.features.frame import FeatureFrame
from jinku.risk.features.paths_sql import duckdb_paths
from jinku.risk.features.std import CUT_BITS
from jinku.risk.language import Expression, Type
from jinku.risk.language.sql import Dialect, quoted

_A = Aggregate


def to_sql(features: FeatureSet, relation: str = "events") -> str:
    """The query over `relation`, a name or a subselect with an alias (rule 1)."""
    parts = [f"level_in AS (SELECT * FROM {relation})"]
    held = "level_in"
    for number, level in enumerate(features.levels):
        for name, text in _Level(number, held, level).queries():
            parts.append(f"{name} AS (\n{text}\n)")
            held = name
    columns = ", ".join(["time", *(_name(name) for name in features.names)])
    return "WITH " + ",\n".join(parts) + f"\nSELECT {columns} FROM {held} ORDER BY time"


def backtest(features: FeatureSet, batch: EventBatch, connection: object = None) -> FeatureFrame:
    """The features of every event of `batch`, its beginning being the beginning of history.

    `connection` is an open DuckDB connection (else one in memory is made)."""
    if connection is None:
        with duckdb.connect() as own:
            return backtest(features, batch, own)
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        raise TypeError("connection is no DuckDB connection")
    load_events(connection, batch)
    found = connection.execute(to_sql(features)).fetchnumpy()
    values = np.full((len(features.names), len(batch)), np.nan)
    valid = np.zeros(values.shape, np.bool_)
    for row, name in enumerate(features.names):
        column = np.ma.asarray(found[name])
        there = ~np.ma.getmaskarray(column)
        valid[row] = there
        values[row, there] = column.data[there]
    return FeatureFrame(features.names, values, valid)


def load_events(connection: "duckdb.DuckDBPyConnection", batch: EventBatch, table: str = "events") -> None:
    """Make `table` of a batch; identities become whole numbers, equal where the identities are."""
    space = KeySpace()
    arrays = {}
    columns = []
    for field in batch.schema.fields:
        column, name = batch.columns[field.name], field.name
        values = space.numbers(column) if field.type is FieldType.KEY else column.values
        arrays[f"v_{name}"], arrays[f"t_{name}"] = np.ascontiguousarray(values), column.valid
        kind = "BIGINT" if field.type is FieldType.KEY else field.type.value
        text = f"v_{name}"
        if field.type is FieldType.VARCHAR:
            words = ", ".join("'" + word.replace("'", "''") + "'" for word in column.words)
            text = f"([{words}])[v_{name} + 1]" if words else "NULL"
        columns.append(f"CASE WHEN t_{name} THEN CAST({text} AS {kind}) END AS {_name(name)}")
    view = f"{table}_arrays"
    connection.register(view, arrays)
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {', '.join(columns)} FROM {view}")
    connection.unregister(view)


class _Level:
    """The queries of one level, each reading the one before."""

    def __init__(self, number: int, held: str, features: tuple[Feature, ...]) -> None:
        self._prefix, self._held = f"level_{number}", held
        self._bases = [one for one in features if isinstance(one, Base)]
        self._derived = [one for one in features if isinstance(one, Derived)]
        self._windows: dict[str, str] = {}

    def queries(self) -> Iterator[tuple[str, str]]:
        """Names and texts: what streaks need, own windows, windows of other sides, paths, derived features."""
        plain = [one for one in self._bases if not one.legs and one.aggregate not in PATHS]
        streaks = [one for one in plain if one.aggregate is _A.STREAK]
        if streaks:
            columns = [_running(one, _partition(one.identity)) for one in streaks]
            yield self._next("streaks", f"SELECT *, {', '.join(columns)} FROM {self._held}")
        if plain:
            columns = [f"{self._own(one)} AS {_name(one.name)}" for one in plain]
            text = f"SELECT *,\n  {_lines(columns)}\nFROM {self._held}"
            if self._windows:
                text += "\nWINDOW " + ",\n  ".join(
                    f"{name} AS ({body})" for body, name in self._windows.items()
                )
            yield self._next("own", text)
        for at, base in enumerate(one for one in self._bases if one.legs):
            yield self._next(f"side_{at}", _sided(base, self._held))
        for at, base in enumerate(one for one in self._bases if one.aggregate in PATHS):
            found = duckdb_paths(base, self._held, _condition(base.condition))
            joined = f"{self._held} h JOIN (\n{found}\n) p ON h.time = p.moment"
            text = f"SELECT h.*, CAST(p.value AS DOUBLE) AS {_name(base.name)} FROM {joined}"
            yield self._next(f"paths_{at}", text)
        for at, one in enumerate(self._derived):
            if one.value is not None:
                value = f"CAST({one.value.duckdb()} AS DOUBLE) AS {_name(one.name)}"
                yield self._next(f"derived_{at}", f"SELECT *, {value} FROM {self._held}")

    def _next(self, name: str, text: str) -> tuple[str, str]:
        self._held = f"{self._prefix}_{name}"
        return self._held, text

    def _own(self, base: Base) -> str:
        """A feature over the event's own identities."""
        body = f"{_partition(base.identity)} ORDER BY time {_frame(base)}"
        window = self._windows.setdefault(body, f"{self._prefix}_w{len(self._windows)}")
        value = _name(OTHER_SIDE[base.key[0]]) if base.of == OTHER else "NULL"
        if base.value is not None:
            value = _value(base.value, base.aggregate)
        finished = _finished(base, _condition(base.condition), value, window)
        there = " AND ".join(f"{_name(one)} IS NOT NULL" for one in base.key)
        return f"CASE WHEN {there} THEN {finished} END"


def _sided(base: Base, held: str) -> str:
    """A feature over other sides' rows (rule 3): history rows and askers in one stream, askers picked out."""
    value = "NULL::BIGINT"
    if base.value is not None:
        value = _value(base.value, base.aggregate)
    condition = _condition(base.condition)
    reset = _condition(base.reset_condition)
    rows = []
    for side in base.history:
        counted = _name(OTHER_SIDE[side]) if base.of == OTHER else value
        passes = f"({condition}) AND {counted} IS NOT NULL" if base.of == OTHER else condition
        rows.append(
            f"SELECT {_name(side)} AS k, time, FALSE AS asks, ({passes}) AS passes, ({reset}) AS resets,"
            f" {counted} AS v FROM {held} WHERE {_name(side)} IS NOT NULL"
        )
    key = _name(base.key[0])
    rows.append(f"SELECT {key}, time, TRUE, FALSE, FALSE, NULL FROM {held} WHERE {key} IS NOT NULL")
    source = "\n  UNION ALL ".join(rows)
    if base.aggregate is _A.STREAK:
        source = (
            f"SELECT *, count(*) FILTER (WHERE passes) OVER (PARTITION BY k ORDER BY time"
            f" RANGE UNBOUNDED PRECEDING) AS {_name(_total(base))} FROM (\n  {source}\n)"
        )
    finished = _finished(base, "passes", "v", "w", "resets")
    return (
        f"SELECT h.*, s.found AS {_name(base.name)} FROM {held} h LEFT JOIN (\n"
        f"SELECT time, asks, {finished} AS found FROM (\n  {source}\n)\n"
        f"WINDOW w AS (PARTITION BY k ORDER BY time {_frame(base)})\n) s ON s.asks AND s.time = h.time"
    )


def _finished(base: Base, condition: str, value: str, window: str, reset: str = "") -> str:
    """The aggregate over `window` of the rows that pass, and the last step."""

    def over(call: str, where: str = condition) -> str:
        return f"{call} FILTER (WHERE {where}) OVER {window}"

    kind = base.aggregate
    count = over("count(*)")
    if kind is _A.COUNT:
        return f"CAST({count} AS DOUBLE)"
    if kind is _A.NOVEL:
        return f"CASE WHEN {count} = 0 THEN 1e0 ELSE 0e0 END"
    if kind is _A.DISTINCT:
        return f"CAST({over(f'count(DISTINCT {value})')} AS DOUBLE)"
    if kind is _A.STREAK:
        total = _name(_total(base))
        newest = over(f"max({total})", reset or _condition(base.reset_condition))
        return f"CAST(CASE WHEN {newest} IS NULL THEN {count} ELSE max({total}) OVER {window} - {newest} END AS DOUBLE)"
    if kind in (_A.SINCE_FIRST, _A.SINCE_LAST):
        moment = over("min(time)" if kind is _A.SINCE_FIRST else "max(time)")
        return f"(CAST(time - {moment} AS DOUBLE) / {MICROSECONDS}e0)"
    if kind in (_A.FIRST, _A.LAST):
        return f"CAST({over(f'arg_min({value}, time)' if kind is _A.FIRST else f'arg_max({value}, time)')} AS DOUBLE)"
    if kind in (_A.MIN, _A.MAX):
        return f"CAST({over(f'{kind.value}({value})')} AS DOUBLE)"
    total = over(f"sum({value})")
    if kind is _A.STD:
        return _deviation(count, total, over(f"sum(CAST({value} AS HUGEINT) * {value})"))
    total = f"CAST(CAST({total} AS BIGINT) AS DOUBLE)"
    return total if kind is _A.SUM else f"({total} / CAST({count} AS DOUBLE))"


def _deviation(count: str, total: str, squares: str) -> str:
    """As in `jinku.risk.features.std`."""
    cut = 1 << CUT_BITS
    numerator = f"(CAST({count} AS HUGEINT) * {squares} - CAST({total} AS HUGEINT) * {total})"
    double = (
        f"(CAST(CAST({numerator} // {cut} AS BIGINT) AS DOUBLE) * {cut}e0"
        f" + CAST(CAST({numerator} % {cut} AS BIGINT) AS DOUBLE))"
    )
    pairs = f"(CAST({count} AS DOUBLE) * CAST({count} - 1 AS DOUBLE))"
    return f"CASE WHEN {count} > 1 THEN sqrt({double} / {pairs}) END"


def _value(value: Expression, aggregate: Aggregate) -> str:
    """What is aggregated, clipped."""
    text = value.duckdb()
    if value.type is not Type.BIGINT or aggregate is Aggregate.DISTINCT:
        return text
    most = STD_VALUE_MAX if aggregate is Aggregate.STD else VALUE_MAX
    return f"CASE WHEN {text} > {most} THEN {most} WHEN {text} < -{most} THEN -{most} ELSE {text} END"


def _condition(condition: Expression | None) -> str:
    return "TRUE" if condition is None else condition.duckdb()


def _running(base: Base, partition: str) -> str:
    """How many rows have passed since history began: what a streak subtracts."""
    passed = f"count(*) FILTER (WHERE {_condition(base.condition)})"
    return f"{passed} OVER ({partition} ORDER BY time RANGE UNBOUNDED PRECEDING) AS {_name(_total(base))}"


def _total(base: Base) -> str:
    return f"{base.name}__total"


def _frame(base: Base) -> str:
    newest = f"{base.near} PRECEDING" if base.near else "CURRENT ROW"
    return f"RANGE BETWEEN {base.far - 1} PRECEDING AND {newest}"


def _partition(identity: tuple[str, ...]) -> str:
    return "PARTITION BY " + ", ".join(_name(one) for one in identity)


def _name(name: str) -> str:
    return quoted(name, Dialect.DUCKDB)


def _lines(columns: list[str]) -> str:
    return ",\n  ".join(columns)
