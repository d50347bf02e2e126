"""What each aggregate means, in plain Python over lists: slow, and without a thing in common with the engines.

For each event every row of history is looked at again; sums are Python's own integers.
"""

import math
from typing import Any

from jinku.risk.events import EventBatch
from jinku.risk.events.schema import OTHER_SIDE
from jinku.risk.features.definition import STD_VALUE_MAX, VALUE_MAX, Aggregate, Base, FeatureSet

Row = dict[str, Any]
A = Aggregate


def slow_values(features: FeatureSet, batch: EventBatch) -> dict[str, list[float | None]]:
    """Every output of every event, None where NULL."""
    columns = {name: column.to_list() for name, column in batch.columns.items()}
    rows: list[Row] = [
        dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
    ]
    for feature in features.features:
        if isinstance(feature, Base):
            found = [_base(feature, row, history) for row, history in _with_histories(feature, rows)]
        else:
            assert feature.value is not None
            scalar = feature.value.scalar()
            found = [_number(scalar(row)) for row in rows]
        for row, value in zip(rows, found, strict=True):
            row[feature.name] = value
    return {name: [row[name] for row in rows] for name in features.names}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _with_histories(base: Base, rows: list[Row]) -> list[tuple[Row, list[Row]]]:
    """Each event with all rows of the past and itself, one a side, noted: identity, value, passes, resets."""
    noted = []
    for row in rows:
        sides = [(side,) for side in base.history] if base.legs else [base.key]
        for side in sides:
            value = base.value.scalar()(row) if base.value else None
            passes = base.condition.scalar()(row) is True if base.condition else True
            if base.of == "other":
                value = row[OTHER_SIDE[side[0]]]
                passes = passes and value is not None
            noted.append(
                {
                    "event": row,
                    "identity": tuple(row[name] for name in side),
                    "value": value,
                    "passes": passes,
                    "resets": base.reset_condition is not None and base.reset_condition.scalar()(row) is True,
                }
            )
    return [(row, noted) for row in rows]


def _base(base: Base, event: Row, noted: list[Row]) -> float | None:
    identity = tuple(event[name] for name in base.key)
    if None in identity:
        return None
    read = []
    for one in noted:
        back = event["time"] - one["event"]["time"]
        if back < 0 or (back == 0 and not base.current) or back < base.delay:
            continue
        if base.window.calendar:
            inside = one["event"][base.window.calendar] == event[base.window.calendar]
        else:
            inside = back < base.delay + base.window.microseconds
        if inside and one["identity"] == identity:
            read.append(one)
    if base.aggregate is A.STREAK:
        resets = [place for place, one in enumerate(read) if one["resets"]]
        return float(sum(one["passes"] for one in (read[resets[-1] + 1 :] if resets else read)))
    return _aggregate(base, event, [one for one in read if one["passes"]])


def _aggregate(base: Base, event: Row, read: list[Row]) -> float | None:
    kind = base.aggregate
    if kind is A.COUNT:
        return float(len(read))
    if kind is A.NOVEL:
        return 0.0 if read else 1.0
    if kind is A.DISTINCT:
        return float(len({one["value"] for one in read}))
    if not read:
        return None
    if kind in (A.SINCE_FIRST, A.SINCE_LAST):
        row = read[0 if kind is A.SINCE_FIRST else -1]
        return float(event["time"] - row["event"]["time"]) / 1e6
    most = STD_VALUE_MAX if kind is A.STD else VALUE_MAX
    values = [max(-most, min(most, one["value"])) for one in read]
    if kind is A.STD:
        count = len(values)
        if count < 2:
            return None
        numerator = count * sum(value * value for value in values) - sum(values) ** 2
        return math.sqrt(float(numerator) / (float(count) * float(count - 1)))
    plain: dict[Aggregate, float] = {
        A.SUM: float(sum(values)),
        A.MEAN: float(sum(values)) / float(len(values)),
        A.MIN: float(min(values)),
        A.MAX: float(max(values)),
        A.FIRST: float(values[0]),
        A.LAST: float(values[-1]),
    }
    return plain[kind]
