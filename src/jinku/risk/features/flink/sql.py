"""A feature set as Flink SQL: exact integer aggregates by `OVER (… RANGE …)`, then one floating step, as everywhere.

Rules:

1. The text needs nothing but the cluster: tables, one view a step, one INSERT. It runs in streaming mode, where each
   step answers an event as soon as the watermark has passed it.
2. A view's columns are the event fields that are read, the features so far by name, and names that begin with `_`:
   `_time` (Flink's event time), `_row` (0 the event, else a copy, see `plan`).
3. A row without an identity passes a window alone, in a partition of its own id: there is no partition of all NULLs.
4. A filter that names features is decided at the event and carried to its copies by a window over the event's id.

Example::

    script = to_sql(load("payments"), Tables(source={...}, sink={...}))
    script.text          # for a person, or Flink's SQL client
    script.statements    # for the SQL Gateway
"""

# Names are letters, digits and _ by the definition; texts are quoted by `text`.
# ruff: noqa: S608

from collections.abc import Iterable
from dataclasses import dataclass

from jinku.risk.events.schema import OTHER_SIDE, EventSchema, FieldType
from jinku.risk.features.definition import (
    MICROSECONDS,
    OTHER,
    Aggregate,
    Base,
    Derived,
    FeatureSet,
)
from jinku.risk.features.flink.aggregates import Aggregates, Rows, finished
from jinku.risk.features.flink.plan import EVENT, Copy, Level, Plan, Stage, plan_of
from jinku.risk.features.flink.tables import Tables, options, text
from jinku.risk.language import Expression, Type

EVENTS, FEATURES = "jinku_events", "jinku_features"
DAY_SECONDS = 86_400
INTERVAL_DAYS_MAX = 999
"""Flink reads an interval's first number to three digits, but computes with constants of any size."""


@dataclass(frozen=True, slots=True)
class Script:
    """The statements, in order; the event fields that the source must have, in this order; the features put out."""

    statements: tuple[str, ...]
    fields: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def text(self) -> str:
        """One script, each statement ended by a semicolon."""
        return "".join(f"{statement};\n\n" for statement in self.statements)


def to_sql(features: FeatureSet, tables: Tables) -> Script:
    """The script that computes `features` on a cluster. Raises NotForFlink."""
    return _Writer(features, tables).script()


class _Writer:
    """Writes one script; each view reads the one before it."""

    def __init__(self, features: FeatureSet, tables: Tables) -> None:
        self._features, self._tables = features, tables
        self._plan: Plan = plan_of(features)
        self._statements: list[str] = []
        self._view = ""
        self._columns: list[str] = []
        self._number = 0

    def script(self) -> Script:
        """The whole."""
        name = text(f"features {self._features.name} {self._features.version}")
        self._statements += [
            "SET 'execution.runtime-mode' = 'streaming'",
            "SET 'table.local-time-zone' = 'UTC'",
            f"SET 'pipeline.name' = {name}",
        ]
        for near in sorted({0} | {copy.near for copy in self._plan.copies}):
            self._statements.append(self._source(near))
        self._statements.append(self._sink())
        self._rows()
        for at, level in enumerate(self._plan.levels):
            self._level(level, self._plan.levels[at + 1 :])
        self._statements.append(self._insert())
        return Script(tuple(self._statements), self._plan.fields, self._features.names)

    # --- tables ---------------------------------------------------------------------------------------------------

    def _source(self, near: int) -> str:
        columns = [
            f"  {_q(name)} {_sql_type(self._features.schema, name, self._tables)}"
            for name in self._plan.fields
        ]
        shifted = near - self._tables.origin
        moved = f"{_q('time')} {'-' if shifted < 0 else '+'} {abs(shifted)}"
        columns.append(f"  `_time` AS TO_TIMESTAMP_LTZ({moved}, 3)")
        columns.append(f"  WATERMARK FOR `_time` AS `_time` - {interval(self._tables.lateness)}")
        body = ",\n".join(columns)
        return (
            f"CREATE TEMPORARY TABLE {_source_name(near)} (\n{body}\n) WITH ({options(self._tables.source)})"
        )

    def _sink(self) -> str:
        columns = [f"  `id` {self._tables.key_type}", "  `time` BIGINT"]
        columns += [f"  {_q(name)} DOUBLE" for name in self._features.names]
        body = ",\n".join(columns)
        return f"CREATE TEMPORARY TABLE {FEATURES} (\n{body}\n) WITH ({options(self._tables.sink)})"

    def _insert(self) -> str:
        columns = ", ".join(_q(name) for name in ("id", "time", *self._features.names))
        return f"INSERT INTO {FEATURES}\nSELECT {columns}\nFROM {self._view}\nWHERE `_row` = {EVENT}"

    # --- views ----------------------------------------------------------------------------------------------------

    def _make(self, select: str) -> None:
        self._number += 1
        self._view = f"`jinku_step_{self._number}`"
        self._statements.append(f"CREATE TEMPORARY VIEW {self._view} AS\n{select}")

    def _rows(self) -> None:
        """The first view: events and their copies."""
        fields = ", ".join(_q(name) for name in self._plan.fields)
        selects = [
            f"SELECT {fields}, `_time`, {number} AS `_row` FROM {_source_name(copy.near)}"
            for number, copy in enumerate((Copy(0), *self._plan.copies), EVENT)
        ]
        self._columns = [*self._plan.fields, "_time", "_row"]
        self._make("\nUNION ALL\n".join(selects))

    def _level(self, level: Level, later: tuple[Level, ...]) -> None:
        carried = self._carried(level)
        for at, stage in enumerate(level.stages):
            following = [*level.stages[at:], *(one for next_ in later for one in next_.stages)]
            self._stage(stage, carried, {EVENT, *(row for one in following for row in one.rows)})
        for name in carried.values():
            self._columns.remove(name)
        for derived in level.derived:
            self._derive(derived)

    def _carried(self, level: Level) -> dict[str, str]:
        """What the level's windows say of features below, decided at the event and carried to its copies.

        Expression text to column. A truth value is carried as 1 or 0.
        """
        wanted: dict[str, Type] = {}
        far = 0
        for stage in level.stages:
            copied = [self._plan.copies[row - 1].near for row in stage.rows if row != EVENT]
            for base in stage.features:
                if base.level and copied:
                    far = max(far, *copied)
                    wanted |= {one.flink(): one.type for one in _expressions(base)}
        if not wanted:
            return {}
        columns = {body: f"_carried_{self._number}_{at}" for at, body in enumerate(wanted)}
        kept = ", ".join(_q(name) for name in self._columns)
        at_event = [
            f"CASE WHEN `_row` = {EVENT} THEN {_carriable(body, kind)} END AS {_q(columns[body])}"
            for body, kind in wanted.items()
        ]
        moved = [f"MAX({_q(column)}) OVER `_event` AS {_q(column + '_')}" for column in columns.values()]
        self._make(
            f"SELECT {kept}, {', '.join(moved)}\n"
            f"FROM (SELECT {kept}, {', '.join(at_event)} FROM {self._view})\n"
            f"WINDOW `_event` AS (PARTITION BY `id` ORDER BY `_time` "
            f"RANGE BETWEEN {interval(max(far, 1))} PRECEDING AND CURRENT ROW)"
        )
        self._columns += [column + "_" for column in columns.values()]
        return {body: column + "_" for body, column in columns.items()}

    def _stage(self, stage: Stage, carried: dict[str, str], needed: set[int]) -> None:
        """One window: partition columns first, then the aggregates, then each feature's last step."""
        if any(base.aggregate is Aggregate.STREAK for base in stage.features):
            self._ranks(stage, carried)
        aggregates = Aggregates()
        values = []
        for base in stage.features:
            done = finished(base, self._history(base, stage, carried), aggregates)
            values.append(
                f"CASE WHEN `_row` = {EVENT} AND `_alone` IS NULL THEN {done} END AS {_q(base.name)}"
            )
        kept = [name for name in self._columns if not name.startswith("_rank_")]
        select = ",\n  ".join([", ".join(_q(name) for name in kept), *values])
        self._make(
            f"SELECT {select}\nFROM (\n  SELECT *,\n    {aggregates.select('_window')}\n"
            f"  FROM {self._partitioned(stage, needed)}\n"
            f"  WINDOW `_window` AS ({_partition(stage)} "
            f"RANGE BETWEEN {interval(stage.preceding)} PRECEDING AND CURRENT ROW)\n)"
        )
        self._columns = kept + [base.name for base in stage.features]

    def _ranks(self, stage: Stage, carried: dict[str, str]) -> None:
        """For streaks: how many rows ever passed the filter, up to and including each row."""
        ranks = []
        for base in stage.features:
            if base.aggregate is Aggregate.STREAK:
                history = self._history(base, stage, carried)
                ranks.append(
                    f"COUNT({history.when(history.condition, '1')}) OVER `_window` AS {_q('_rank_' + base.name)}"
                )
        kept = ", ".join(_q(name) for name in self._columns)
        self._make(
            f"SELECT {kept}, {', '.join(ranks)}\nFROM {self._partitioned(stage, None)}\n"
            f"WINDOW `_window` AS ({_partition(stage)} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
        )
        self._columns += [
            f"_rank_{base.name}" for base in stage.features if base.aggregate is Aggregate.STREAK
        ]

    def _partitioned(self, stage: Stage, needed: set[int] | None) -> str:
        """The last view with what it is partitioned by; of the rows, only those that somebody will read."""
        found = dict(stage.found)
        columns = []
        for at, field in enumerate(stage.key):
            cases = {EVENT: field} | {row: fields[at] for row, fields in found.items()}
            whens = " ".join(f"WHEN {row} THEN {_q(name)}" for row, name in sorted(cases.items()))
            columns.append(f"CASE `_row` {whens} END AS `_key_{at}`")
        known = " AND ".join(f"`_key_{at}` IS NOT NULL" for at in range(len(stage.key)))
        body = f"SELECT *, CASE WHEN {known} THEN CAST(NULL AS {self._tables.key_type}) ELSE `id` END AS `_alone`"
        where = ""
        if needed is not None and len(needed) <= len(self._plan.copies):
            where = f" WHERE `_row` IN ({', '.join(map(str, sorted(needed)))})"
        return f"(\n    {body}\n    FROM (SELECT *, {', '.join(columns)} FROM {self._view}{where})\n  )"

    def _history(self, base: Base, stage: Stage, carried: dict[str, str]) -> Rows:
        """How the rows that `base` aggregates are told from others, and what is taken from them."""
        rows = ", ".join(str(row) for row in sorted(stage.rows))
        among = "" if len(stage.rows) == len(self._plan.copies) + 1 else f"`_row` IN ({rows})"

        def body(expression: Expression) -> str:
            written = expression.flink()
            column = carried.get(written) if base.level else None
            if column is None:
                return written
            return f"({_q(column)} = 1)" if expression.type is Type.BOOLEAN else _q(column)

        value = body(base.value) if base.value else ""
        if base.of == OTHER:
            cases = " ".join(f"WHEN {row} THEN {_q(OTHER_SIDE[fields[0]])}" for row, fields in stage.found)
            value = f"CASE `_row` {cases} END"
        condition = body(base.condition) if base.condition else ""
        reset = body(base.reset_condition) if base.reset_condition else ""
        return Rows(among, condition, value, reset)

    def _derive(self, derived: Derived) -> None:
        """A feature by an expression over what is there."""
        if derived.value is None:
            return
        body = derived.value.flink()
        if derived.value.type is Type.BOOLEAN:
            body = f"CASE WHEN {body} THEN 1E0 WHEN NOT {body} THEN 0E0 END"
        kept = ", ".join(_q(name) for name in self._columns)
        self._make(f"SELECT {kept}, CAST({body} AS DOUBLE) AS {_q(derived.name)}\nFROM {self._view}")
        self._columns.append(derived.name)


def interval(microseconds: int) -> str:
    """So many of our microseconds, each a millisecond of Flink's, as a constant that Flink folds.

    Flink refuses a literal's first number beyond three digits; a product of one has no such limit.
    """
    seconds, rest = divmod(microseconds, MICROSECONDS)
    days, seconds = divmod(seconds, DAY_SECONDS)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = []
    if days:
        parts.append(f"1000 * INTERVAL '{days}' DAY(3)")
    if hours or minutes or seconds:
        parts.append(f"1000 * INTERVAL '{hours}:{minutes:02d}:{seconds:02d}' HOUR TO SECOND")
    if rest:
        parts.append(
            f"INTERVAL '{rest // 1000 // 60}:{rest // 1000 % 60:02d}.{rest % 1000:03d}' MINUTE TO SECOND(3)"
        )
    return " + ".join(parts) if parts else "INTERVAL '0' SECOND"


def _expressions(base: Base) -> Iterable[Expression]:
    return [one for one in (base.value, base.condition, base.reset_condition) if one is not None]


def _carriable(body: str, kind: Type) -> str:
    return f"CASE WHEN {body} THEN 1 ELSE 0 END" if kind is Type.BOOLEAN else body


def _partition(stage: Stage) -> str:
    keys = ", ".join(f"`_key_{at}`" for at in range(len(stage.key)))
    return f"PARTITION BY {keys}, `_alone` ORDER BY `_time`"


def _source_name(near: int) -> str:
    return f"{EVENTS}_{near}" if near else EVENTS


def _sql_type(schema: EventSchema, name: str, tables: Tables) -> str:
    kind = schema.field(name).type
    if kind is FieldType.KEY:
        return tables.key_type
    return "STRING" if kind is FieldType.VARCHAR else kind.value


def _q(name: str) -> str:
    return f"`{name}`"
