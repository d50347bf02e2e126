"""Payment events from raw columns: what depends on a zone or a logarithm is worked out here, once.

Example::

    batch = payments({"id": ids, "time": times, "customer": customers, "amount": amounts}, LocalTime("Asia/Shanghai"))
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column, joined, keys
from jinku.risk.events.local_time import NIGHT_ENDS_HOUR, LocalTime
from jinku.risk.events.schema import LABEL_KIND, PAYMENTS
from jinku.risk.events.stamp import spread

LOG_SCALE = 1_000_000


def payments(columns: Mapping[str, Column], place: LocalTime) -> EventBatch:
    """A batch of the schema `payments`; derived fields that `columns` does not hold are worked out.

    `time` is unique already (see `stamp`). Raises BadEvents."""
    if "time" not in columns:
        return EventBatch.build(PAYMENTS, columns)
    whole = dict(columns)
    parts = place.parts(columns["time"].values)
    for name, values in parts.items():
        whole.setdefault(name, Column.full(values))
    whole.setdefault("night", Column.full(parts["hour"] < NIGHT_ENDS_HOUR))
    if "amount" in columns:
        whole.setdefault("log_amount", log_amount(columns["amount"]))
    if "customer" in columns and "counterparty" in columns:
        whole.setdefault("pair", joined(columns["customer"], columns["counterparty"]))
    return EventBatch.build(PAYMENTS, whole)


def log_amount(amount: Column) -> Column:
    """round(1,000,000 * ln(amount)); NULL below 1."""
    valid = amount.valid & (amount.values > 0)
    logs = np.log(np.where(valid, amount.values, 1).astype(np.float64))
    return Column(np.rint(logs * LOG_SCALE).astype(np.int64), valid).settled()


def with_labels(batch: EventBatch, delay: int, place: LocalTime, *, fraud_only: bool = True) -> EventBatch:
    """History as a live stream would have seen it: each labelled event of `batch` loses its label and is followed,
    `delay` microseconds later, by a label event (kind ``label``) with the same identities, amount and the label.

    Of an event and a label at one microsecond the event comes first; what would share a microsecond then moves on
    by one. A label event's id is its event's with the lowest bit of the high word turned. `fraud_only` makes label
    events of confirmed frauds alone.
    """
    label = batch.column("label")
    chosen = np.flatnonzero(label.valid & (label.values if fraud_only else True))
    plain = dict(batch.columns) | {"label": Column.null(PAYMENTS.field("label").type, len(batch))}
    known = {name: column[chosen] for name, column in batch.columns.items()}
    known["time"] = Column.full(batch.times[chosen] + delay)
    known["kind"] = Column.of_texts([LABEL_KIND] * len(chosen))
    ids = known["id"].values.copy()
    ids["hi"] ^= np.uint64(1)
    known["id"] = Column.full(ids)
    for name in ("hour", "weekday", "night", "day", "week", "month"):
        known.pop(name)
    return _merged(plain, payments(known | {"time": Column.full(spread(known["time"].values))}, place))


def _merged(plain: dict[str, Any], labels: EventBatch) -> EventBatch:
    """Both streams in one order of time, events first where times meet."""
    times = np.concatenate([plain["time"].values, labels.times])
    order = np.lexsort((np.arange(len(times)), times))
    columns: dict[str, Column] = {}
    for name in PAYMENTS.by_name:
        first, second = plain[name], labels.columns[name]
        words = tuple(sorted({*first.words, *second.words}))
        both = [_recoded(first, words), _recoded(second, words)]
        values = np.concatenate([one.values for one in both])[order]
        columns[name] = Column(values, np.concatenate([one.valid for one in both])[order], words)
    columns["time"] = Column.full(spread(times[order]))
    return EventBatch.build(PAYMENTS, columns)


def _recoded(column: Column, words: tuple[str, ...]) -> Column:
    if not column.words:
        return column
    number = {word: code for code, word in enumerate(words)}
    table = np.array([number[word] for word in column.words], np.int32)
    return Column(table[column.values], column.valid, words)


def numbered(count: int, first: int = 1) -> Column:
    """Ids for events that have none: `first`, `first` + 1…"""
    return Column.full(keys(range(first, first + count)))
