"""Events out to a cluster and features back, as CSV files.

Rules:

1. Identities are numbered, all fields in one numbering, so that one side can be compared with another.
2. Doubles come back by their shortest or longest decimal form that is read back as the same bits.
3. Features are put in order by the event's time, which is unique; an event without an answer, or with two, is an error.

Example::

    write_events(batch, script.fields, path)
    frame = read_features(directory, script.features, batch.times)
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from jinku.risk.events import KEY, Column, EventBatch, FieldType, KeySpace
from jinku.risk.features.flink.errors import FlinkFailed, NotForFlink
from jinku.risk.features.flink.tables import NULL_LITERAL
from jinku.risk.features.frame import FeatureFrame

ROWS_AT_ONCE = 65_536


def write_events(batch: EventBatch, fields: Sequence[str], path: Path) -> int:
    """Write the `fields` of all events to one file without header; its bytes. Raises NotForFlink."""
    space = KeySpace()
    with path.open("w", encoding="utf-8", newline="") as file:
        for first in range(0, len(batch), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            texts = [_texts(batch, name, rows, space) for name in fields]
            file.writelines(",".join(cells) + "\n" for cells in zip(*texts, strict=True))
    return path.stat().st_size


def _texts(batch: EventBatch, name: str, rows: slice, space: KeySpace) -> list[str]:
    column = batch.column(name)
    values, valid = column.values[rows], column.valid[rows]
    kind = batch.schema.field(name).type
    if kind is FieldType.VARCHAR:
        words = [_word(name, word) for word in column.words]
        texts = [words[code] if words else "" for code in values.tolist()]
    elif kind is FieldType.BOOLEAN:
        texts = ["true" if value else "false" for value in values.tolist()]
    elif values.dtype == KEY:
        texts = [str(number) for number in space.numbers(Column(values, valid)).tolist()]
    else:
        texts = [str(value) for value in values.tolist()]
    if valid.all():
        return texts
    return [cell if there else NULL_LITERAL for cell, there in zip(texts, valid.tolist(), strict=True)]


def _word(field: str, word: str) -> str:
    if word == NULL_LITERAL or not word:
        raise NotForFlink(f"field {field}: the word {word!r} cannot be told from NULL in a CSV file")
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([word])
    return cell.getvalue()


def read_features(directory: Path, features: Sequence[str], times: NDArray[np.int64]) -> FeatureFrame:
    """The features that a cluster wrote into `directory`, for the events of these times. Raises FlinkFailed."""
    files = sorted(str(path) for path in directory.rglob("part-*") if path.is_file())
    if not files:
        raise FlinkFailed("the cluster wrote no features")
    types = {"id": "BIGINT", "time": "BIGINT"} | dict.fromkeys(features, "DOUBLE")
    with duckdb.connect() as link:
        found = link.execute(
            "SELECT * EXCLUDE (id) FROM read_csv($files, header = false, auto_detect = false, delim = ',',"
            " quote = '\"', columns = $types, nullstr = $null) ORDER BY time",
            {"files": files, "types": types, "null": NULL_LITERAL},
        ).fetchnumpy()
    seen = np.asarray(found["time"], np.int64)
    if len(seen) != len(times) or not np.array_equal(seen, times):
        raise FlinkFailed(f"the cluster answered {len(seen)} events of {len(times)}, or others")
    values = np.full((len(features), len(times)), np.nan)
    valid = np.zeros(values.shape, np.bool_)
    for at, name in enumerate(features):
        column = np.ma.asarray(found[name])
        valid[at] = ~np.ma.getmaskarray(column)
        values[at] = np.where(valid[at], column.filled(np.nan), np.nan)
    return FeatureFrame(tuple(features), values, valid)
