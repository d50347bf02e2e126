# ruff: noqa: S608 - every name comes from a checked table, quoted
"""A whole history's features as a Parquet file: what a model is trained on and a rule is tried on.

Columns: `time` (microseconds since 1970 UTC), `id` (digits), `label` (BOOLEAN), then the features in definition order,
DOUBLE or NULL; a row an event in order of time. Label events have worked on the features and have no row of their own.
The file appears whole or not at all.

Example::

    backtest_to_file(load("payments"), with_labels(batch, delay, place), Path("features.parquet"), truth=batch)
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from jinku.risk.events.batch import EventBatch
from jinku.risk.events.errors import BadEvents
from jinku.risk.events.schema import LABEL_KIND
from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.duck import load_events, to_sql


def backtest_to_file(
    features: FeatureSet, batch: EventBatch, out: Path, truth: EventBatch | None = None
) -> int:
    """Write the file; how many rows it has. `truth` has the labels for the column `label` (else `batch` has), by id.

    Raises BadEvents where the file cannot be written."""
    if out.suffix.lower() != ".parquet":
        raise BadEvents("is no .parquet file", field="out", value=out.name)
    columns = ", ".join(f'f."{name}"' for name in features.names)
    query = (
        f"SELECT e.time, CAST(CAST(i.hi AS UHUGEINT) * {1 << 64} + i.lo AS VARCHAR) AS id,"
        f" CASE WHEN t.valid THEN t.label END AS label, {columns} FROM ({to_sql(features)}) f"
        " JOIN events e ON e.time = f.time JOIN ids i ON i.moment = e.time"
        " LEFT JOIN truth t ON t.lo = i.lo AND t.hi = i.hi"
        f" WHERE e.kind IS NULL OR e.kind <> '{LABEL_KIND}' ORDER BY e.time"
    )
    try:
        with (
            TemporaryDirectory(prefix=".jinku-", dir=out.parent) as directory,
            duckdb.connect() as connection,
        ):
            made = Path(directory) / "features.parquet"
            load_events(connection, batch)
            ids, known = batch.column("id").values, batch if truth is None else truth
            connection.register(
                "ids", {"moment": batch.times, "lo": ids["lo"].copy(), "hi": ids["hi"].copy()}
            )
            ids, label = known.column("id").values, known.column("label")
            connection.register(
                "truth",
                {
                    "lo": ids["lo"].copy(),
                    "hi": ids["hi"].copy(),
                    "label": label.values,
                    "valid": label.valid,
                },
            )
            connection.execute(f"COPY ({query}) TO ? (FORMAT parquet, COMPRESSION zstd)", [str(made)])
            counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(made)]).fetchall()
            made.replace(out)
    except OSError as error:
        raise BadEvents(f"cannot be written: {error.strerror}", field="out", value=out.name) from None
    return int(counted[0][0])
