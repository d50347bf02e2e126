"""From one row of a feature table to its features, each checked against the schema and the features above it.

Example::

    builder = Builder(PAYMENTS, "mine.toml")
    builder.add({"name": "n_1h", "key": "customer", "window": "1h", "aggregate": "count"}, 1)
    builder.features
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from jinku.risk.events.schema import CALENDAR_FIELDS, LABEL_KIND, OTHER_SIDE, EventSchema, FieldType
from jinku.risk.features.definition import (
    DELAY_SECONDS_MAX,
    FEATURES_MAX,
    MICROSECONDS,
    OTHER,
    PATHS,
    WINDOW_SECONDS_MAX,
    WINDOW_SECONDS_MIN,
    Aggregate,
    Base,
    Derived,
    Feature,
    Stream,
    Window,
)
from jinku.risk.features.errors import BadFeatures
from jinku.risk.language import BadExpression, Expression, Type, parse

KEY_FIELDS_MAX = 3
HOPS_MAX = 4

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_LENGTH = re.compile(r"([1-9][0-9]{0,7})([smhd])", re.ASCII)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_CALENDAR_SECONDS = {"day": 26 * 3_600, "week": 7 * 86_400 + 7_200, "month": 31 * 86_400 + 7_200}
"""Longest of their kind, with the two hours that a change of the clock may add."""
_DERIVED = frozenset({"name", "meaning", "hidden", "expression"})
_COLUMNS = _DERIVED | {
    *("aggregate", "key", "history", "of", "filter", "stream", "window", "windows"),
    *("base", "reset", "hops", "delay", "current"),
}
_A = Aggregate
_VALUED = {_A.SUM, _A.MEAN, _A.STD, _A.MIN, _A.MAX, _A.DISTINCT, _A.FIRST, _A.LAST}
E = TypeVar("E", Aggregate, Stream)


class Builder:
    """Features of one table, in its order."""

    def __init__(self, schema: EventSchema, file: str) -> None:
        self.schema, self._file = schema, file
        self.features: list[Feature] = []
        self._levels: dict[str, int] = {}
        self._namespace: dict[str, str] = dict(schema.namespace)

    def add(self, row: dict[str, Any], number: int) -> None:
        """Check row `number` and append its features. Raises BadFeatures."""
        reader = _Row(row, str(row.get("name") or f"row {number}")[:60], self._file)
        for name in row.keys() - _COLUMNS:
            raise reader.refused(str(name), "", "is no column", "known are " + ", ".join(sorted(_COLUMNS)))
        if reader.text("expression"):
            self._add_derived(reader)
            return
        windows = row.get("windows")
        if windows is None:
            self._add_base(
                reader, reader.text("name"), reader.text("meaning"), reader.text("window", needed=True)
            )
            return
        if not isinstance(windows, list) or not windows or "window" in row:
            raise reader.refused("windows", windows, "is no list of windows beside no window")
        for window in windows:
            name, meaning = (reader.text(one).replace("{window}", str(window)) for one in ("name", "meaning"))
            self._add_base(reader, name, meaning, str(window))

    def keep(self, feature: Feature) -> None:
        """Append a feature that was made from a checked one (`jinku.risk.features.live`). Raises BadFeatures."""
        row = _Row({}, feature.name, self._file)
        if isinstance(feature, Base):
            self._keep(row, self._compiled(row, feature))
            return
        parsed = self._parsed(row, "expression", feature.expression, None)
        level = self._level(parsed.names, none=0)
        self._keep(row, replace(feature, value=parsed, level=level))

    def _add_derived(self, row: "_Row") -> None:
        for name in row.values.keys() - _DERIVED:
            raise row.refused(name, row.values[name], "does not go with an expression")
        text = row.text("expression")
        parsed = self._parsed(row, "expression", text, None)
        if parsed.type not in (Type.BIGINT, Type.DOUBLE, Type.BOOLEAN):
            raise row.refused(
                "expression", text, f"yields {parsed.type.value}", "make it a number or a truth value"
            )
        level = self._level(parsed.names, none=0)
        self._keep(
            row,
            Derived(row.text("name"), row.text("meaning"), row.flag("hidden", False), text, level, parsed),
        )

    def _add_base(self, row: "_Row", name: str, meaning: str, window: str) -> None:
        aggregate = self._aggregate(row)
        key = self._fields(row, "key")
        base = Base(
            name=name,
            meaning=meaning,
            hidden=row.flag("hidden", False),
            aggregate=aggregate,
            key=key,
            history=self._history(row, key),
            window=self._window(row, "window", window),
            delay=self._delay(row),
            current=row.flag("current", aggregate is not Aggregate.NOVEL),
            stream=row.member("stream", Stream, Stream.EVENTS),
            of=row.text("of"),
            filter=row.text("filter"),
            reset=row.text("reset"),
            hops=self._hops(row, aggregate),
        )
        self._check_shape(row, base)
        if row.text("aggregate") == "ratio":
            self._add_ratio(row, base)
        else:
            self._keep(row, self._compiled(row, base))

    def _add_ratio(self, row: "_Row", short: Base) -> None:
        """Two hidden means and their quotient."""
        long = self._window(row, "base", row.text("base", needed=True))
        if long.calendar or short.window.calendar or long.microseconds <= short.window.microseconds:
            raise row.refused("base", long.text, f"is no sliding window longer than {short.window.text}")
        parts = (
            replace(short, name=f"{short.name}__recent", hidden=True),
            replace(short, name=f"{short.name}__usual", hidden=True, window=long),
        )
        for part in parts:
            self._keep(row, self._compiled(row, part))
        text = f"{parts[0].name} / {parts[1].name}"
        parsed = self._parsed(row, "name", text, None)
        level = self._level(parsed.names, none=0)
        self._keep(row, Derived(short.name, short.meaning, short.hidden, text, level, parsed))

    def _keep(self, row: "_Row", feature: Feature) -> None:
        if not _NAME.fullmatch(feature.name):
            raise row.refused(
                "name", feature.name, "is no name", "write a-z, 0-9 and _, a letter first, at most 63"
            )
        if feature.name in self._namespace or feature.name == OTHER:
            raise row.refused("name", feature.name, "is taken already by a field or a feature above")
        if len(self.features) >= FEATURES_MAX:
            raise row.refused("name", feature.name, f"is one more than {FEATURES_MAX} features")
        self.features.append(feature)
        self._levels[feature.name] = feature.level
        self._namespace[feature.name] = Type.DOUBLE.value

    # --- cells ------------------------------------------------------------------------------------------------------

    def _aggregate(self, row: "_Row") -> Aggregate:
        if row.text("aggregate", needed=True) == "ratio":
            if not row.text("of"):
                raise row.refused("of", "", "is needed with ratio")
            return Aggregate.MEAN
        if row.text("base"):
            raise row.refused("base", row.text("base"), "goes with ratio alone")
        return row.member("aggregate", Aggregate, None)

    def _fields(self, row: "_Row", column: str) -> tuple[str, ...]:
        given = row.values.get(column)
        names = [given] if isinstance(given, str) else given
        if (
            not isinstance(names, list)
            or not 1 <= len(names) <= KEY_FIELDS_MAX
            or len({*map(str, names)}) < len(names)
        ):
            raise row.refused(column, given, f"is not one to {KEY_FIELDS_MAX} different fields")
        for name in names:
            if not isinstance(name, str) or name not in self.schema.by_name or name in ("id", "time"):
                raise row.refused(column, name, "is no field to find events by", _known(self.schema.by_name))
            if self.schema.field(name).type is FieldType.BOOLEAN:
                raise row.refused(column, name, "is a truth value", "use a filter")
        return tuple(names)

    def _history(self, row: "_Row", key: tuple[str, ...]) -> tuple[str, ...]:
        if "history" not in row.values:
            return key
        history = self._fields(row, "history")
        if history == key:
            return key
        for name in (*key, *history):
            if len(key) > 1 or self.schema.field(name).type is not FieldType.KEY:
                raise row.refused(
                    "history", "+".join(history), "needs one KEY field as key, and KEY fields itself"
                )
        return history

    def _window(self, row: "_Row", column: str, text: str) -> Window:
        if text in CALENDAR_FIELDS:
            return Window(text, _CALENDAR_SECONDS[text] * MICROSECONDS, CALENDAR_FIELDS[text])
        seconds = self._seconds(row, column, text)
        if not WINDOW_SECONDS_MIN <= seconds <= WINDOW_SECONDS_MAX:
            raise row.refused(
                column, text, f"is not {WINDOW_SECONDS_MIN} s to {WINDOW_SECONDS_MAX // 86_400} days"
            )
        return Window(text, seconds * MICROSECONDS)

    def _delay(self, row: "_Row") -> int:
        text = row.text("delay")
        seconds = self._seconds(row, "delay", text) if text else 0
        if seconds > DELAY_SECONDS_MAX:
            raise row.refused("delay", text, f"is more than {DELAY_SECONDS_MAX // 86_400} days")
        return seconds * MICROSECONDS

    def _seconds(self, row: "_Row", column: str, text: str) -> int:
        found = _LENGTH.fullmatch(text)
        if found is None:
            remedy = "write a number with s, m, h or d" + (
                ", or day, week, month" if column == "window" else ""
            )
            raise row.refused(column, text, "is no length of time", remedy)
        return int(found[1]) * _UNIT_SECONDS[found[2]]

    def _hops(self, row: "_Row", aggregate: Aggregate) -> int:
        hops = row.values.get("hops", 0)
        wanted = aggregate is Aggregate.CYCLE
        if isinstance(hops, bool) or not isinstance(hops, int) or (bool(hops) != wanted):
            raise row.refused("hops", hops, "is a number, with cycle and nothing else")
        if wanted and not 2 <= hops <= HOPS_MAX:
            raise row.refused("hops", hops, f"is not 2 to {HOPS_MAX}")
        return hops

    # --- what must fit together -------------------------------------------------------------------------------------

    def _check_shape(self, row: "_Row", base: Base) -> None:
        if base.aggregate in _VALUED and not base.of:
            raise row.refused("of", "", f"is needed with {base.aggregate.value}")
        if base.of == OTHER and (base.aggregate is not Aggregate.DISTINCT or self._sides(base) is None):
            raise row.refused(
                "of", OTHER, "goes with distinct over one side: payer, payee, customer, counterparty"
            )
        if bool(base.reset) != (base.aggregate is Aggregate.STREAK):
            raise row.refused("reset", base.reset, "goes with streak, and streak with it")
        if base.window.calendar and (base.delay or base.legs):
            raise row.refused(
                "window", base.window.text, "does not go with a delay, nor with history of another side"
            )
        if base.aggregate is Aggregate.NOVEL and (base.current or base.delay or base.of):
            raise row.refused("aggregate", "novel", "goes without of, delay and current")
        if base.delay and not base.current:
            raise row.refused("current", "false", "says nothing beside a delay")
        if base.aggregate in PATHS and (base.legs or base.delay or base.of or base.window.calendar):
            raise row.refused(
                "aggregate", base.aggregate.value, "takes key, filter and a sliding window alone"
            )

    def _sides(self, base: Base) -> list[str] | None:
        sides = base.history if base.legs else base.key
        if not base.legs and len(sides) > 1:
            return None
        return [OTHER_SIDE[side] for side in sides] if all(side in OTHER_SIDE for side in sides) else None

    def _compiled(self, row: "_Row", base: Base) -> Base:
        """`base` with its expressions parsed and its level found."""
        value = self._value(row, base)
        streams = {
            Stream.EVENTS: [f"(kind IS NULL OR kind <> '{LABEL_KIND}')"],
            Stream.LABELS: [f"(kind = '{LABEL_KIND}')"],
            Stream.ALL: [],
        }[base.stream]
        parts, resets = list(streams), list(streams)
        for column, text, into in (("filter", base.filter, parts), ("reset", base.reset, resets)):
            if text:
                self._parsed(row, column, text, Type.BOOLEAN)
                into.append(f"({text})")
        if value is not None:
            parts.append(f"(({base.of}) IS NOT NULL)")
        condition = self._parsed(row, "filter", " AND ".join(parts), Type.BOOLEAN) if parts else None
        reset = self._parsed(row, "reset", " AND ".join(resets), Type.BOOLEAN) if base.reset else None
        names = {name for one in (value, condition, reset) if one for name in one.names}
        return replace(
            base,
            level=self._level(names, none=-1) + 1,
            value=value,
            condition=condition,
            reset_condition=reset,
        )

    def _value(self, row: "_Row", base: Base) -> Expression | None:
        if not base.of or base.of == OTHER:
            return None
        value = self._parsed(row, "of", base.of, None)
        if base.aggregate is Aggregate.DISTINCT:
            allowed: tuple[Type, ...] = (Type.BIGINT, Type.KEY, Type.VARCHAR)
        elif base.aggregate in _VALUED:
            allowed = (Type.BIGINT,)
        else:
            allowed = tuple(Type)
        if value.type not in allowed:
            wanted = " or ".join(one.value for one in allowed)
            raise row.refused("of", base.of, f"is {value.type.value}; {base.aggregate.value} takes {wanted}")
        return value

    def _level(self, names: Iterable[str], none: int) -> int:
        return max((self._levels[name] for name in names if name in self._levels), default=none)

    def _parsed(self, row: "_Row", column: str, text: str, wanted: Type | None) -> Expression:
        try:
            return parse(text, self._namespace, rule=row.name, wanted=wanted)
        except BadExpression as error:
            raise row.refused(column, text, error.message, error.remedy) from None


class _Row:
    """The cells of one row, and how it is named in errors."""

    def __init__(self, values: dict[str, Any], name: str, file: str) -> None:
        self.values, self.name, self._file = values, name, file

    def refused(self, column: str, value: object, problem: str, remedy: str = "") -> BadFeatures:
        """The error that names file, feature, column and value."""
        return BadFeatures(
            problem, file=self._file, field=f"{self.name}.{column}", value=str(value)[:120], remedy=remedy
        )

    def text(self, column: str, *, needed: bool = False) -> str:
        value = self.values.get(column, "")
        if not isinstance(value, str):
            raise self.refused(column, value, "is no text")
        if needed and not value.strip():
            raise self.refused(column, "", "is needed")
        return value.strip()

    def flag(self, column: str, default: bool) -> bool:
        value = self.values.get(column, default)
        if not isinstance(value, bool):
            raise self.refused(column, value, "is neither true nor false")
        return value

    def member(self, column: str, kind: type[E], default: E | None) -> E:
        text = self.text(column)
        if not text and default is not None:
            return default
        try:
            return kind(text)
        except ValueError:
            known = [one.value for one in kind] + (["ratio"] if kind is Aggregate else [])
            raise self.refused(column, text, f"is no {column}", _known(known)) from None


def _known(names: Iterable[str]) -> str:
    return "known are " + ", ".join(names)
