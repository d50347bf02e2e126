"""Whether three engines give the same features: online, DuckDB and Flink, every event, every feature, every bit.

Rules:

1. The online engine takes the events in batches of uneven sizes, as a stream would; DuckDB and Flink take them whole.
2. Two values are equal when both are NULL or both have the same 64 bits.
3. A difference names the event (by its place and time), the feature and the value of each engine.
4. Many made events are compared in runs, each a platform of its own from the next seed, so that every engine's state
   fits a small machine: a cluster on one keeps all rows of its longest window on the heap.
5. A set that counts paths gets made movements with laundering among them; another gets made payments.

Example::

    found = compare_made(load("payments"), 1_000_000, seed=1, flink=cluster.session())
    found.mismatches  # 0
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jinku.risk.events import EventBatch
from jinku.risk.features.definition import PATHS, Base, FeatureSet
from jinku.risk.features.duck import backtest
from jinku.risk.features.engine import Engine
from jinku.risk.features.flink import file_tables, to_sql
from jinku.risk.features.flink.exchange import read_features, write_events
from jinku.risk.features.frame import FeatureFrame
from jinku.risk.features.sample import sample
from jinku.risk.features.sample_laundering import sample_laundering

BATCHES = (8_000, 1, 997, 8_191)
"""Events that the online engine takes at once, in turn."""
SHOWN_MAX = 20
"""Differences that are named; all are counted."""
FLINK_TIMEOUT_S = 3_600.0
RUN_EVENTS = 100_000
"""Made events that are compared at once (rule 4)."""

Tell = Callable[[str], None]


class Session(Protocol):
    """Runs SQL on a cluster that reads and writes this machine's files."""

    def run(self, statements: Sequence[str], *, timeout_s: float) -> list[float]:
        """Each statement to its end."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value on which the engines differ; None is NULL. Values are exact: Python writes a double's shortest form."""

    event: int
    time: int
    feature: str
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Parity:
    """What a comparison found."""

    events: int
    seconds: dict[str, float]
    """Of each engine, reading and writing of files included."""
    present: dict[str, int]
    """For each feature, how many events have a value that is not NULL."""
    mismatched: dict[str, int]
    """For each feature, on how many events the engines differ."""
    differences: tuple[Difference, ...]

    @property
    def mismatches(self) -> int:
        """Values on which not all engines agree."""
        return sum(self.mismatched.values())

    def as_json(self) -> dict[str, Any]:
        """The whole as JSON values."""
        return {
            "events": self.events,
            "features": len(self.present),
            "engines": list(self.seconds),
            "values": self.events * len(self.present),
            "mismatches": self.mismatches,
            "seconds": {name: round(one, 2) for name, one in self.seconds.items()},
            "by_feature": {
                name: {"present": self.present[name], "mismatches": self.mismatched[name]}
                for name in self.present
            },
            "differences": [
                {"event": one.event, "time": str(one.time), "feature": one.feature, "values": one.values}
                for one in self.differences
            ],
        }


def compare(
    features: FeatureSet, batch: EventBatch, flink: Session | None = None, tell: Tell = lambda _: None
) -> Parity:
    """Compute all features of all events in each engine and compare. Raises what the engines raise."""
    engines: dict[str, Callable[[FeatureSet, EventBatch], FeatureFrame]] = {
        "online": online,
        "duckdb": backtest,
    }
    if flink is not None:
        session = flink
        engines["flink"] = lambda table, events: on_cluster(table, events, session)
    frames: dict[str, FeatureFrame] = {}
    seconds = {}
    for name, engine in engines.items():
        started = time.monotonic()
        frames[name] = engine(features, batch)
        seconds[name] = time.monotonic() - started
        tell(f"{name}: {seconds[name]:.1f} s")
    return compared(batch, frames, seconds)


def compare_made(
    features: FeatureSet, events: int, seed: int, flink: Session | None = None, tell: Tell = lambda _: None
) -> Parity:
    """Compare on so many made events, in runs (rule 4); a difference's event is counted over all runs."""
    found: list[Parity] = []
    for turn, first in enumerate(range(0, events, RUN_EVENTS)):
        batch = made(features, min(RUN_EVENTS, events - first), seed + turn)
        found.append(compare(features, batch, flink, tell))
        tell(f"{first + len(batch)} of {events} events, {sum(one.mismatches for one in found)} mismatches")
    return together(found)


def made(features: FeatureSet, events: int, seed: int) -> EventBatch:
    """So many made events of the kind that suits the features (rule 5)."""
    paths = any(isinstance(one, Base) and one.aggregate in PATHS for one in features.features)
    return sample_laundering(events, seed) if paths else sample(events, seed)


def together(runs: Sequence[Parity]) -> Parity:
    """Several runs with the same features and engines as one."""
    names, engines = list(runs[0].present), list(runs[0].seconds)
    differences, before = [], 0
    for run in runs:
        differences += [replace(one, event=one.event + before) for one in run.differences]
        before += run.events
    return Parity(
        before,
        {engine: sum(run.seconds[engine] for run in runs) for engine in engines},
        {name: sum(run.present[name] for run in runs) for name in names},
        {name: sum(run.mismatched[name] for run in runs) for name in names},
        tuple(differences[:SHOWN_MAX]),
    )


def online(features: FeatureSet, batch: EventBatch) -> FeatureFrame:
    """By the online engine, in batches of uneven sizes."""
    engine = Engine(features)
    frames = []
    first, turn = 0, 0
    while first < len(batch):
        size = BATCHES[turn % len(BATCHES)]
        frames.append(engine.step(batch[first : first + size]))
        first, turn = first + size, turn + 1
    values = np.concatenate([frame.values for frame in frames], axis=1)
    return FeatureFrame(features.names, values, np.concatenate([frame.valid for frame in frames], axis=1))


def on_cluster(features: FeatureSet, batch: EventBatch, session: Session) -> FeatureFrame:
    """By a Flink cluster that shares this machine's files."""
    with tempfile.TemporaryDirectory(prefix="jinku-flink-files-") as name:
        source, sink = Path(name) / "events.csv", Path(name) / "features"
        script = to_sql(features, file_tables(source, sink, origin=int(batch.times[0]) - 1))
        write_events(batch, script.fields, source)
        session.run(script.statements, timeout_s=FLINK_TIMEOUT_S)
        return read_features(sink, script.features, batch.times)


def compared(batch: EventBatch, frames: dict[str, FeatureFrame], seconds: dict[str, float]) -> Parity:
    """What the engines' frames have in common, bit for bit."""
    first = next(iter(frames.values()))
    present, mismatched = {}, {}
    differences: list[Difference] = []
    for at, name in enumerate(first.names):
        bits = first.values[at].view(np.int64)
        differs = np.zeros(len(batch), np.bool_)
        for other in frames.values():
            same = (other.values[at].view(np.int64) == bits) | ~first.valid[at]
            differs |= (other.valid[at] != first.valid[at]) | ~same
        present[name], mismatched[name] = int(first.valid[at].sum()), int(differs.sum())
        for event in np.flatnonzero(differs)[: SHOWN_MAX - len(differences)].tolist():
            values = {
                engine: float(frame.values[at, event]) if frame.valid[at, event] else None
                for engine, frame in frames.items()
            }
            differences.append(Difference(event, int(batch.times[event]), name, values))
    return Parity(len(batch), seconds, present, mismatched, tuple(differences))
