"""A run of events as columns, and its canonical bytes: what is decided about, journalled and sealed.

Rules:

1. A batch has every column of its schema, all of one length, in the schema's order; `id` and `time` are never NULL;
   `time` rises strictly.
2. The bytes depend on the events alone: not on how the columns were made, nor on the machine.
3. Form, little-endian: 8 bytes magic, 32 bytes schema digest, u64 rows; then for each field its validity as bits
   (8 rows a byte, lowest bit first), then, of VARCHAR, u32 length and the words as canonical JSON, then the values.

Example::

    batch = EventBatch.build(PAYMENTS, {"id": ids, "time": times, "amount": amounts})
    EventBatch.from_bytes(PAYMENTS, batch.to_bytes()).column("amount").values
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.canonical import canonical_json
from jinku.risk.events.columns import DTYPES, Column
from jinku.risk.events.errors import BadEvents, NotEventBytes
from jinku.risk.events.schema import EventSchema, FieldType

EVENTS_MAX = 1 << 24
"""Events in one batch."""
TIME_MAX = 1 << 53
"""Microseconds; the year 2255, and exact as a double."""

_MAGIC = b"jkevent1"


@dataclass(frozen=True, eq=False)
class EventBatch:
    """See the module's rules. Make one with `build`; what it holds is never changed."""

    schema: EventSchema
    columns: Mapping[str, Column]

    @classmethod
    def build(cls, schema: EventSchema, columns: Mapping[str, Column]) -> "EventBatch":
        """A batch of these columns; those that are missing are NULL. Raises BadEvents by rule 1."""
        for name in columns:
            schema.field(name)
        if "id" not in columns or "time" not in columns:
            raise BadEvents("events need id and time", field="columns", value=", ".join(columns))
        count = len(columns["time"])
        whole = {
            field.name: _checked(field.name, columns[field.name], field.type, count)
            if field.name in columns
            else Column.null(field.type, count)
            for field in schema.fields
        }
        batch = cls(schema, whole)
        batch._check_order()
        return batch

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, rows: slice | NDArray[Any]) -> "EventBatch":
        """Some of the events, in their order."""
        return EventBatch(self.schema, {name: column[rows] for name, column in self.columns.items()})

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """Microseconds since 1970-01-01 UTC."""
        return np.ascontiguousarray(self.columns["time"].values, np.int64)

    def column(self, name: str) -> Column:
        """The column of this field. Raises BadEvents."""
        self.schema.field(name)
        return self.columns[name]

    @classmethod
    def concatenate(cls, batches: Sequence["EventBatch"]) -> "EventBatch":
        """Batches of one schema, one after the other. Raises BadEvents where times do not rise."""
        if not batches:
            raise BadEvents("no batch to put together", field="batches", value="0")
        schema = batches[0].schema
        return cls.build(
            schema, {name: _concatenated([one.columns[name] for one in batches]) for name in schema.by_name}
        )

    def to_bytes(self) -> bytes:
        """The canonical bytes (rule 3)."""
        parts = [_MAGIC, self.schema.digest, len(self).to_bytes(8, "little")]
        for field in self.schema.fields:
            column = self.columns[field.name].settled()
            parts.append(np.packbits(column.valid, bitorder="little").tobytes())
            if field.type is FieldType.VARCHAR:
                words = canonical_json(list(column.words))
                parts += [len(words).to_bytes(4, "little"), words]
            parts.append(np.ascontiguousarray(column.values, DTYPES[field.type]).tobytes())
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, schema: EventSchema, raw: bytes) -> "EventBatch":
        """The batch whose canonical bytes these are. Raises NotEventBytes."""
        if raw[:8] != _MAGIC or raw[8:40] != schema.digest:
            raise NotEventBytes(f"these are no events of the schema {schema.name}")
        count = int.from_bytes(raw[40:48], "little")
        if count > EVENTS_MAX:
            raise NotEventBytes(f"{count} events in one batch, at most {EVENTS_MAX}")
        reader = _Reader(raw, 48)
        try:
            columns = {field.name: reader.column(field.type, count) for field in schema.fields}
            batch = cls.build(schema, columns)
        except (ValueError, TypeError, IndexError, BadEvents) as error:
            raise NotEventBytes(f"event bytes do not read: {str(error)[:120]}") from None
        if reader.at != len(raw) or batch.to_bytes() != raw:
            raise NotEventBytes("event bytes are not in canonical form")
        return batch

    def _check_order(self) -> None:
        for name in ("id", "time"):
            if not self.columns[name].valid.all():
                raise BadEvents("is NULL", field=name, value=f"row {int(self.columns[name].valid.argmin())}")
        times = self.times
        if len(times) > EVENTS_MAX:
            raise BadEvents(f"more than {EVENTS_MAX} in one batch", field="events", value=str(len(times)))
        if len(times) and not 0 <= int(times.min()) <= int(times.max()) < TIME_MAX:
            raise BadEvents("is not in 1970 to 2255 in microseconds", field="time", value=str(times[0]))
        late = np.flatnonzero(times[1:] <= times[:-1])
        if len(late):
            raise BadEvents(
                f"of row {int(late[0]) + 1} is not after that of the row before",
                field="time",
                value=str(times[late[0] + 1]),
                remedy="sort by time and make times unique with jinku.risk.events.stamp",
            )


class _Reader:
    def __init__(self, raw: bytes, at: int) -> None:
        self._raw, self.at = raw, at

    def column(self, kind: FieldType, count: int) -> Column:
        bits = np.frombuffer(self._take((count + 7) // 8), np.uint8)
        valid = np.unpackbits(bits, count=count, bitorder="little").astype(np.bool_)
        words: tuple[str, ...] = ()
        if kind is FieldType.VARCHAR:
            words = tuple(json.loads(self._take(int.from_bytes(self._take(4), "little"))))
        dtype = DTYPES[kind]
        return Column(np.frombuffer(self._take(count * dtype.itemsize), dtype), valid, words)

    def _take(self, count: int) -> bytes:
        part = self._raw[self.at : self.at + count]
        if len(part) != count:
            raise ValueError(f"they end at byte {len(self._raw)}")
        self.at += count
        return part


def _checked(name: str, column: Column, kind: FieldType, count: int) -> Column:
    if len(column.values) != count or len(column.valid) != count:
        raise BadEvents(f"has {len(column.values)} rows of {count}", field="column", value=name)
    if column.values.dtype != DTYPES[kind]:
        raise BadEvents(f"is {column.values.dtype}, not {kind.value}", field="column", value=name)
    if kind is FieldType.VARCHAR and column.valid.any():
        codes = column.values[column.valid]
        if int(codes.min()) < 0 or int(codes.max()) >= len(column.words):
            raise BadEvents("has a number without a word", field="column", value=name)
    return column.settled()


def _concatenated(columns: list[Column]) -> Column:
    valid = np.concatenate([column.valid for column in columns])
    if not any(column.words for column in columns):
        return Column(np.concatenate([column.values for column in columns]), valid)
    words = tuple(sorted({word for column in columns for word in column.words}))
    number = {word: code for code, word in enumerate(words)}
    values = [
        np.array([number[word] for word in column.words] or [0], np.int32)[column.values]
        for column in columns
    ]
    return Column(np.concatenate(values), valid, words)
