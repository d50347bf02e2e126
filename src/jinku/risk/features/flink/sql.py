"""A feature set as Flink SQL: exact integer aggregates by `OVER (… RANGE …)`, then one floating step, as everywhere.

Rules:

1. The text needs nothing but the cluster: tables, one view a step, one INSERT. It runs in streaming mode, where each
   step answers an event as soon as the watermark has passed it.
2. Names that begin with `_` are ours: `_time` (Flink's event time), `_row` (0 the event, else a copy, see `plan`),
   `_key_0`… (what a window is partitioned by).
3. Each window is a view of its own over as few columns as it needs, since Flink keeps those for as long as the window;
   the views of a level are put together by the event's id within one tick of the clock.
4. A row without an identity passes a window alone, in a partition of its own id: there is no partition of all NULLs.
5. A filter that names features is decided at the event and carried to its copies by a window over the event's id.

Example::

    script = to_sql(load("payments"), Tables(source={...}, sink={...}))
    script.text          # for a person, or Flink's SQL client
    script.statements    # for the SQL Gateway
"""

# Names are letters, digits and _ by the definition; texts are quoted by `text`.
# ruff: noqa: S608

from collections.abc import Iterable
from dataclasses import dataclass

from jinku.risk.events.schema import OTHER_SIDE, FieldType
from jinku.risk.features.definition import OTHER, Aggregate, Base, Derived, FeatureSet
from jinku.risk.features.flink.aggregates import Aggregates, Rows, finished
from jinku.risk.features.flink.clock import in_one_tick, interval
from jinku.risk.features.flink.paths import write_paths
from jinku.risk.features.flink.plan import EVENT, Level, Plan, Stage, plan_of
from jinku.risk.features.flink.tables import Tables, options, text
from jinku.risk.language import Expression, Type

EVENTS, FEATURES = "jinku_events", "jinku_features"


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
    """Writes one script. `_relation` is the view or table that has each event with all that is known of it so far."""

    def __init__(self, features: FeatureSet, tables: Tables) -> None:
        self._features, self._tables = features, tables
        self._plan: Plan = plan_of(features)
        self._statements: list[str] = []
        self._relation, self._columns = EVENTS, dict.fromkeys(self._plan.fields)
        self._views = 0

    def script(self) -> Script:
        """The whole."""
        name = text(f"features {self._features.name} {self._features.version}")
        self._statements += [
            "SET 'execution.runtime-mode' = 'streaming'",
            "SET 'table.local-time-zone' = 'UTC'",
            f"SET 'pipeline.name' = {name}",
            # The parts of one event meet once: to put some of them together before that saves nothing.
            "SET 'table.optimizer.agg-phase-strategy' = 'ONE_PHASE'",
            "SET 'pipeline.object-reuse' = 'true'",
        ]
        for near in sorted({0} | {copy.near for copy in self._plan.copies}):
            self._statements.append(self._source(near))
        self._statements.append(self._sink())
        for at, level in enumerate(self._plan.levels):
            self._level(level, self._plan.levels[at + 1 :])
        columns = _list("id", "time", *self._features.names)
        self._statements.append(f"INSERT INTO {FEATURES}\nSELECT {columns}\nFROM {self._relation}")
        return Script(tuple(self._statements), self._plan.fields, self._features.names)

    # --- tables ---------------------------------------------------------------------------------------------------

    def _source(self, near: int) -> str:
        columns = [f"  {_q(name)} {self._type(name)}" for name in self._plan.fields]
        shift = near - self._tables.origin
        moved = f"{_q('time')} {'-' if shift < 0 else '+'} {abs(shift)}"
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

    def _type(self, name: str) -> str:
        """Of a column that holds an event field or a feature."""
        field = self._features.schema.by_name.get(name)
        if field is None:
            return "DOUBLE"
        if field.type is FieldType.KEY:
            return self._tables.key_type
        return "STRING" if field.type is FieldType.VARCHAR else field.type.value

    def _view(self, name: str, select: str) -> str:
        self._views += 1
        view = f"`jinku_{self._views}_{name}`"
        self._statements.append(f"CREATE TEMPORARY VIEW {view} AS\n{select}")
        return view

    # --- levels ---------------------------------------------------------------------------------------------------

    def _level(self, level: Level, later: tuple[Level, ...]) -> None:
        carried = self._carried(level)
        views = [
            (self._stage(stage, carried), [base.name for base in stage.features]) for stage in level.stages
        ]
        for paths in level.paths:
            view = write_paths(paths, EVENTS, self._relation, self._view)
            views.append((view, [base.name for base in paths.features]))
        if views:
            self._together(views, _fields_after(level, later, self._features))
        for derived in level.derived:
            self._derive(derived)

    def _together(self, views: list[tuple[str, list[str]]], fields: set[str]) -> None:
        """The events with the features of these views: rows of one id and one tick, each with its part, made one."""
        known = [name for name in self._columns if name not in self._plan.fields or name in fields]
        added = [name for _, names in views for name in names]
        selects = []
        for view, has in [(self._relation, known), *views]:
            columns = [
                _q(name) if name in has else f"CAST(NULL AS {self._type(name)}) AS {_q(name)}"
                for name in (*known, *added)
                if name != "id"
            ]
            selects.append(f"SELECT `id`, `_time`, {', '.join(columns)} FROM {view}")
        union = self._view("parts", "\nUNION ALL\n".join(selects))
        merged = ", ".join(f"MAX({_q(name)}) AS {_q(name)}" for name in (*known, *added) if name != "id")
        self._relation = self._view(
            "events",
            in_one_tick(f"`id`, `window_time` AS `_time`, {merged}", union),
        )
        self._columns = dict.fromkeys((*known, *added))

    def _derive(self, derived: Derived) -> None:
        """A feature by an expression over what is there."""
        if derived.value is None:
            return
        body = derived.value.flink()
        if derived.value.type is Type.BOOLEAN:
            body = f"CASE WHEN {body} THEN 1E0 WHEN NOT {body} THEN 0E0 END"
        self._relation = self._view(
            derived.name,
            f"SELECT {_list(*self._columns, '_time')}, CAST({body} AS DOUBLE) AS {_q(derived.name)}\n"
            f"FROM {self._relation}",
        )
        self._columns[derived.name] = None

    def _carried(self, level: Level) -> "_Carried":
        """What the level's windows say of features below, decided at the event and carried to its copies."""
        wanted: dict[str, Type] = {}
        copies: set[int] = set()
        for stage in level.stages:
            for base in stage.features:
                if base.level and stage.rows != {EVENT}:
                    copies |= stage.rows - {EVENT}
                    wanted |= {one.flink(): one.type for one in _expressions(base)}
        if not wanted:
            return _Carried("", {})
        columns = {body: f"_carried_{at}" for at, body in enumerate(wanted)}
        fields = _list(*self._plan.fields)
        decided = ", ".join(
            f"{_carriable(body, wanted[body])} AS {_q(name)}" for body, name in columns.items()
        )
        known = self._view("decided", f"SELECT `id`, `_time`, {decided} FROM {self._relation}")
        nothing = ", ".join(
            f"CAST(NULL AS {self._carried_type(wanted[body])}) AS {_q(name)}"
            for body, name in columns.items()
        )
        absent = ", ".join(
            f"CAST(NULL AS {self._type(name)}) AS {_q(name)}" for name in self._plan.fields if name != "id"
        )
        given = ", ".join(_q(name) for name in self._plan.fields if name != "id")
        names = _list(*columns.values())
        selects = [f"SELECT `id`, `_time`, {EVENT} AS `_row`, {absent}, {names} FROM {known}"]
        far = 1
        for row in sorted(copies):
            near = self._plan.copies[row - 1].near
            far = max(far, near)
            selects.append(
                f"SELECT `id`, `_time`, {row} AS `_row`, {given}, {nothing} FROM {_source_name(near)}"
            )
        union = self._view("copies", "\nUNION ALL\n".join(selects))
        moved = ", ".join(f"MAX({_q(name)}) OVER `_event` AS {_q(name)}" for name in columns.values())
        view = self._view(
            "carried",
            f"SELECT {fields}, `_time`, `_row`, {moved}\nFROM {union}\n"
            "WINDOW `_event` AS (PARTITION BY `id` ORDER BY `_time` "
            f"RANGE BETWEEN {interval(far)} PRECEDING AND CURRENT ROW)",
        )
        return _Carried(view, columns)

    def _carried_type(self, kind: Type) -> str:
        if kind is Type.BOOLEAN:
            return "INT"
        return self._tables.key_type if kind is Type.KEY else "STRING" if kind is Type.VARCHAR else kind.value

    # --- one window -----------------------------------------------------------------------------------------------

    def _stage(self, stage: Stage, carried: "_Carried") -> str:
        """The view with the features of one window: rows, aggregates over them, each feature's last step."""
        rows = self._view("rows", self._rows(stage, carried))
        streaks = [base for base in stage.features if base.aggregate is Aggregate.STREAK]
        if streaks:
            rows = self._ranked(rows, stage, streaks)
        aggregates = Aggregates()
        values = [
            f"CASE WHEN `_alone` IS NULL THEN {done} END AS {_q(name)}"
            for name, done in (
                (base.name, finished(base, _history(base, stage), aggregates)) for base in stage.features
            )
        ]
        return self._view(
            "window",
            f"SELECT `id`, `_time`,\n  {(',' + chr(10) + '  ').join(values)}\nFROM (\n"
            f"  SELECT *,\n    {aggregates.select('_window')}\n  FROM {rows}\n"
            f"  WINDOW `_window` AS ({_partition(stage)} "
            f"RANGE BETWEEN {interval(stage.preceding)} PRECEDING AND CURRENT ROW)\n)\nWHERE `_row` = {EVENT}",
        )

    def _ranked(self, rows: str, stage: Stage, streaks: list[Base]) -> str:
        """For streaks: how many rows ever passed the filter, up to and including each row."""
        ranks = []
        for base in streaks:
            history = _history(base, stage)
            ranks.append(
                f"COUNT({history.when(history.condition, '1')}) OVER `_window` AS {_q('_rank_' + base.name)}"
            )
        return self._view(
            "ranked",
            f"SELECT *, {', '.join(ranks)}\nFROM {rows}\n"
            f"WINDOW `_window` AS ({_partition(stage)} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
        )

    def _rows(self, stage: Stage, carried: "_Carried") -> str:
        """The rows of a window: events, and the copies that it reads, with only what its features need.

        Of each feature, `_when_`, `_of_` and `_reset_` with its name are its condition, its value and its reset.
        """
        found = dict(stage.found)
        selects = []
        for row in sorted({EVENT, *stage.rows}):
            keys = stage.key if row == EVENT else found[row]
            columns = [f"{_q(name)} AS `_key_{at}`" for at, name in enumerate(keys)]
            for base in stage.features:
                columns += self._taken(base, row, found, carried)
            known = " AND ".join(f"{_q(name)} IS NOT NULL" for name in keys)
            alone = (
                f"CASE WHEN {known} THEN CAST(NULL AS {self._tables.key_type}) ELSE {self._lone(stage)} END"
            )
            view, where = self._relation, ""
            if row != EVENT:
                view = _source_name(self._plan.copies[row - 1].near)
                if any(base.level for base in stage.features):
                    view, where = carried.view, f" WHERE `_row` = {row}"
            selects.append(
                f"SELECT `id`, `time`, `_time`, {row} AS `_row`, {', '.join(columns)}, {alone} AS `_alone`"
                f" FROM {view}{where}"
            )
        return "\nUNION ALL\n".join(selects)

    def _lone(self, stage: Stage) -> str:
        """A partition for one event alone, written differently for each length of window.

        Flink 2.3 takes two windows over equal rows for one where their lengths alone differ: its planner compares
        them by the places of their bounds among the constants, not by the constants.
        """
        if self._tables.key_type == "BIGINT":
            return f"(`id` + {stage.preceding})"
        return f"(`id` || '_{stage.preceding}')"

    def _taken(
        self, base: Base, row: int, found: dict[int, tuple[str, ...]], carried: "_Carried"
    ) -> list[str]:
        """What a row gives for one feature, as columns; NULL of a row that is no history of it."""

        def body(expression: Expression) -> str:
            written = expression.flink()
            if row == EVENT or not base.level:
                return written
            column = _q(carried.columns[written])
            return f"({column} = 1)" if expression.type is Type.BOOLEAN else column

        parts: list[tuple[str, str, str]] = []
        if base.condition:
            parts.append(("_when_", body(base.condition), "BOOLEAN"))
        if base.value:
            parts.append(("_of_", body(base.value), self._value_type(base.value.type)))
        elif base.of == OTHER:
            other = _q(OTHER_SIDE[found[row][0]]) if row in found else ""
            parts.append(("_of_", other, self._tables.key_type))
        if base.reset_condition:
            parts.append(("_reset_", body(base.reset_condition), "BOOLEAN"))
        return [
            f"{value if row in found else f'CAST(NULL AS {kind})'} AS {_q(part + base.name)}"
            for part, value, kind in parts
        ]

    def _value_type(self, kind: Type) -> str:
        return self._tables.key_type if kind is Type.KEY else "STRING" if kind is Type.VARCHAR else kind.value


@dataclass(frozen=True, slots=True)
class _Carried:
    """The view of copies with what was decided at their events, and its column for each expression's text."""

    view: str
    columns: dict[str, str]


def _history(base: Base, stage: Stage) -> Rows:
    """The columns by which a window's view tells the rows that `base` aggregates."""
    numbers = ", ".join(str(row) for row in sorted(stage.rows))
    among = "" if EVENT in stage.rows else f"`_row` IN ({numbers})"
    return Rows(
        among,
        _q(f"_when_{base.name}") if base.condition else "",
        _q(f"_of_{base.name}") if base.of else "",
        _q(f"_reset_{base.name}") if base.reset_condition else "",
    )


def _fields_after(level: Level, later: tuple[Level, ...], features: FeatureSet) -> set[str]:
    """The event fields that somebody reads after the windows of `level`."""
    used = {"id", "time"}
    for derived in (*level.derived, *(one for next_ in later for one in next_.derived)):
        used.update(derived.value.names if derived.value else ())
    for base in (base for next_ in later for stage in next_.stages for base in stage.features):
        used.update(base.identity, base.history)
        used.update(OTHER_SIDE[side] for side in base.history if base.of == OTHER)
        used.update(name for one in _expressions(base) for name in one.names)
    for paths in (paths for next_ in later for paths in next_.paths):
        used.update((*paths.key, *(paths.condition.names if paths.condition else ())))
    return used & features.schema.by_name.keys()


def _list(*names: str) -> str:
    return ", ".join(_q(name) for name in names)


def _expressions(base: Base) -> Iterable[Expression]:
    return [one for one in (base.value, base.condition, base.reset_condition) if one is not None]


def _carriable(body: str, kind: Type) -> str:
    return f"CASE WHEN {body} THEN 1 ELSE 0 END" if kind is Type.BOOLEAN else body


def _partition(stage: Stage) -> str:
    keys = ", ".join(f"`_key_{at}`" for at in range(len(stage.key)))
    return f"PARTITION BY {keys}, `_alone` ORDER BY `_time`"


def _source_name(near: int) -> str:
    return f"{EVENTS}_{near}" if near else EVENTS


def _q(name: str) -> str:
    return f"`{name}`"
