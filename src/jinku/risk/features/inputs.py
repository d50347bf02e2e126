"""From a batch to what the compiled engine reads: identities as words, conditions and values by the language.

Rules:

1. Names are given to the language as its own columns; identities as numbers made for this batch, equal where the
   identities are equal.
2. What `distinct` counts becomes 128 bits: an identity its own, a whole number itself, a word the key of its text.
3. Values are clipped to ±`VALUE_MAX`.
4. A batch of one event goes through the language's form for one row, which has the same results and less to set up.
"""

from collections.abc import Iterable

import numpy as np

from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column, keys
from jinku.risk.events.columns import key_number as number_of
from jinku.risk.events.keyspace import KeySpace, words_of
from jinku.risk.events.schema import FieldType
from jinku.risk.features.definition import VALUE_MAX
from jinku.risk.features.frame import Bools, Floats
from jinku.risk.features.layout import Input, Integers
from jinku.risk.features.planning import Level, Part
from jinku.risk.language import Column as LanguageColumn
from jinku.risk.language import Expression, Program, Type, Value


class Names:
    """The columns that expressions may name: the batch's fields, and features as they come to be known."""

    def __init__(self, batch: EventBatch, rows: dict[str, int], values: Floats, valid: Bools) -> None:
        self._batch, self._rows, self._values, self._valid = batch, rows, values, valid
        self._space = KeySpace() if len(batch) > 1 else None
        self._known: dict[str, LanguageColumn] = {}
        self._row: dict[str, Value] = {}

    def columns(self, names: Iterable[str]) -> dict[str, LanguageColumn]:
        """The language's columns of these names."""
        return {name: self._column(name) for name in names}

    def row(self, names: Iterable[str]) -> dict[str, Value]:
        """The values of these names for the first event."""
        for name in names:
            if name not in self._row:
                at = self._rows.get(name)
                if at is None:
                    self._row[name] = self._first(name)
                else:
                    self._row[name] = self._values[at, 0].item() if self._valid[at, 0] else None
        return self._row

    def identities(self, codes: LanguageColumn) -> Column:
        """The identities behind a KEY result of the language."""
        held = self._codes().identities()
        valid = np.ones(len(codes.values), np.bool_) if codes.valid is None else codes.valid
        if not len(held):
            return Column(np.zeros(len(valid), KEY), np.zeros(len(valid), np.bool_))
        return Column(held[np.where(valid, codes.values, 0)], valid)

    def _first(self, name: str) -> Value:
        column = self._batch.columns[name]
        if not column.valid[0]:
            return None
        value = column.values[0].item()
        if isinstance(value, tuple):
            return int(value[1]) << 64 | int(value[0])
        return column.words[value] if column.words else value  # type: ignore[no-any-return]

    def _codes(self) -> KeySpace:
        if self._space is None:
            self._space = KeySpace()
        return self._space

    def _column(self, name: str) -> LanguageColumn:
        row = self._rows.get(name)
        if row is not None:
            return LanguageColumn(self._values[row], self._valid[row])
        if name not in self._known:
            self._known[name] = self._field(name)
        return self._known[name]

    def _field(self, name: str) -> LanguageColumn:
        column = self._batch.columns[name]
        kind = self._batch.schema.by_name[name].type
        if kind is FieldType.KEY:
            return LanguageColumn(self._codes().numbers(column), column.valid)
        return LanguageColumn(
            column.values, column.valid, column.words if kind is FieldType.VARCHAR else None
        )


class Reading:
    """The programs of one level, made once."""

    def __init__(self, level: Level) -> None:
        self._parts = level.parts
        self._conditions = Program(level.conditions)
        self._values = Program(level.values)
        self._rows = len(level.conditions), len(level.values)
        self._names = {*self._conditions.names, *self._values.names}

    def read(self, batch: EventBatch, names: Names) -> Input:
        """The kernel's input for `batch`."""
        count = len(batch)
        parts = np.zeros((len(self._parts), count, 2), np.uint64)
        there = np.zeros((len(self._parts), count), np.bool_)
        for at, part in enumerate(self._parts):
            column = _part(part, batch, names)
            parts[at], there[at] = _words(column), column.valid
        if count == 1:
            return Input(batch.times, parts, there, *self._one(names))
        conditions = np.empty((self._rows[0], count), np.bool_)
        if self._rows[0]:
            masks = self._conditions.true(names.columns(self._conditions.names), count)
            for at, mask in enumerate(masks):
                conditions[at] = mask
        values = np.empty((self._rows[1], count), np.int64)
        if self._rows[1]:
            found = self._values.columnar(names.columns(self._values.names), count)
            for at, one in enumerate(found):
                values[at] = one.values if one.valid is None else np.where(one.valid, one.values, 0)
            np.clip(values, -VALUE_MAX, VALUE_MAX, out=values)
        return Input(batch.times, parts, there, conditions, values)

    def _one(self, names: Names) -> tuple[Bools, Integers]:
        """Conditions and values of the first event (rule 4)."""
        row = names.row(self._names)
        passed = [value is True for value in self._conditions.scalar(row)] if self._rows[0] else []
        values = [_clipped(value) for value in self._values.scalar(row)] if self._rows[1] else []
        return (
            np.array(passed, np.bool_).reshape(-1, 1),
            np.array(values, np.int64).reshape(-1, 1),
        )


def _clipped(value: Value) -> int:
    return max(-VALUE_MAX, min(VALUE_MAX, value)) if isinstance(value, int) else 0


def _part(part: Part, batch: EventBatch, names: Names) -> Column:
    if part.text in batch.columns:
        return batch.columns[part.text]
    if part.expression is None:
        raise KeyError(part.text)
    return _evaluated(part.expression, names, len(batch))


def _evaluated(expression: Expression, names: Names, count: int) -> Column:
    found = Program([expression]).columnar(names.columns(expression.names), count)[0]
    if expression.type is Type.KEY:
        return names.identities(found)
    valid = np.ones(count, np.bool_) if found.valid is None else found.valid
    return Column(found.values, valid, found.words or ())


def _words(column: Column) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Rule 2."""
    if column.values.dtype == KEY:
        return words_of(column)
    if column.words:
        table = words_of(Column.full(keys([number_of(word) for word in column.words])))
        return table[np.where(column.valid, column.values, 0)]
    made = np.zeros((len(column), 2), np.uint64)
    made[:, 0] = column.values.astype(np.int64).view(np.uint64)
    return made
