"""The online engine: events in, features out, exact for every event.

Rules:

1. The result is a function of the stream alone: how it is cut into batches changes nothing, to the last bit.
2. Within a batch, each event sees those before it.
3. Only what a window can still reach is kept: rows older than the longest window plus delay are dropped and their
   storage is used again; so are identities without rows.
4. A snapshot carries the digest of its feature set; another set's engine refuses it.
5. One engine belongs to one thread. An engine that raised FeatureLimit while it took in a batch is of no further use:
   restore it.

Example::

    engine = Engine(load("payments"))
    frame = engine.step(batch)   # FeatureFrame, a row of values per feature
    raw = engine.snapshot()      # and after a restart: Engine(features).restore(raw)
"""

import hashlib
from collections.abc import Iterable

import numpy as np

from jinku.risk.events.batch import EventBatch
from jinku.risk.features import memory as room
from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.errors import FeatureLimit, NotASnapshot, OutOfOrder
from jinku.risk.features.frame import Bools, FeatureFrame, Floats
from jinku.risk.features.inputs import Names, Reading
from jinku.risk.features.kernel import step
from jinku.risk.features.layout import BROKEN, NONE, Input, Memory, Output
from jinku.risk.features.paths import Chain, Paths
from jinku.risk.features.planning import Level, PathGroup, plan, rows_of
from jinku.risk.language import Program, Value

SNAPSHOT_VERSION = 1
_MAGIC = b"jkfstate"
_HEAD = len(_MAGIC) + 4 + 32 + 8
_DIGEST = 32


class Engine:
    """See the module's rules."""

    def __init__(self, features: FeatureSet) -> None:
        """An engine without history. Raises FeatureLimit."""
        self.features = features
        self._levels = [_Running(level, rows_of(features)) for level in plan(features)]
        self._rows = rows_of(features)
        self._time = -1

    @property
    def time(self) -> int:
        """The time of the last event seen, in microseconds; -1 before the first."""
        return self._time

    def step(self, batch: EventBatch) -> FeatureFrame:
        """The features of each event, which then is history. Raises OutOfOrder, FeatureLimit."""
        values, valid = self._stepped(batch)
        count = len(self.features.names)
        return FeatureFrame(self.features.names, values[:count], valid[:count])

    def rebuild(self, batches: Iterable[EventBatch]) -> int:
        """Take in history (a journal's batches, a ledger's log) and give nothing back; how many events it was.

        Raises OutOfOrder, FeatureLimit."""
        total = 0
        for batch in batches:
            self._stepped(batch)
            total += len(batch)
        return total

    def _stepped(self, batch: EventBatch) -> tuple[Floats, Bools]:
        if batch.schema.digest != self.features.schema.digest:
            raise OutOfOrder(f"events of {batch.schema.name} for features of {self.features.schema.name}")
        shape = (len(self._rows), len(batch))
        values, valid = np.empty(shape, np.float64), np.empty(shape, np.bool_)
        if not len(batch):
            return values, valid
        if int(batch.times[0]) <= self._time:
            raise OutOfOrder(
                f"an event at {int(batch.times[0])} is not after the last one, at {self._time}",
                remedy="stamp events with jinku.risk.events.stamp, beginning after the engine's time",
            )
        names = Names(batch, self._rows, values, valid)
        for level in self._levels:
            level.step(batch, names, Output(values, valid))
        self._time = int(batch.times[-1])
        return values, valid

    def make_room(self) -> bool:
        """Do a little of what makes room for half as much again as is history; whether there was anything to do. What
        is held does not change, so whoever has time calls this, and no batch has to wait for all at once."""
        return any(level.make_room() for level in self._levels)

    def snapshot(self) -> bytes:
        """The whole state, deterministic; its last 32 bytes are the SHA-256 of the rest."""
        parts = [
            *(_MAGIC, SNAPSHOT_VERSION.to_bytes(4, "little"), self.features.digest),
            self._time.to_bytes(8, "little", signed=True),
        ]
        for level in self._levels:
            for raw in level.to_bytes():
                parts += [len(raw).to_bytes(8, "little"), raw]
        whole = b"".join(parts)
        return whole + hashlib.sha256(whole).digest()

    def restore(self, raw: bytes) -> None:
        """Become what `snapshot` was. Raises NotASnapshot; then the engine is as before."""
        whole = raw[:-_DIGEST]
        if hashlib.sha256(whole).digest() != raw[-_DIGEST:] or whole[: len(_MAGIC)] != _MAGIC:
            raise NotASnapshot("these are no whole snapshot", remedy="rebuild from the log")
        at = len(_MAGIC)
        if int.from_bytes(whole[at : at + 4], "little") != SNAPSHOT_VERSION:
            raise NotASnapshot("the snapshot is of another version", remedy="rebuild from the log")
        if whole[at + 4 : at + 36] != self.features.digest:
            raise NotASnapshot("the snapshot is of another feature set", remedy="rebuild from the log")
        at = _HEAD
        pieces: list[bytes] = []
        while at < len(whole):
            length = int.from_bytes(whole[at : at + 8], "little")
            pieces.append(whole[at + 8 : at + 8 + length])
            at += 8 + length
        if len(pieces) != sum(level.pieces for level in self._levels):
            raise NotASnapshot("the snapshot has another number of groups than the set")
        fresh = [_Running(level, self._rows) for level in plan(self.features)]
        for running in fresh:
            running.read(pieces[: running.pieces])
            pieces = pieces[running.pieces :]
        self._levels = fresh
        self._time = int.from_bytes(whole[_HEAD - 8 : _HEAD], "little", signed=True)


class _Running:
    """One level with its memory."""

    def __init__(self, level: Level, rows: dict[str, int]) -> None:
        self._level, self._rows = level, rows
        self._reading = Reading(level)
        self.memories: list[Memory] = [room.empty(one) for one in level.groups]
        self._ahead = [room.Ahead(one) for one in level.groups]
        self._paths = [Paths([Chain.of(one) for one in group.features]) for group in level.paths]
        self._rounds = [
            (Program([one.value for one in part if one.value]), [rows[one.name] for one in part])
            for part in level.derived
        ]

    @property
    def pieces(self) -> int:
        """Pieces of state in a snapshot."""
        return len(self.memories) + len(self._paths)

    def make_room(self) -> bool:
        for at, one in enumerate(self._ahead):
            self.memories[at], stepped = one.step(self.memories[at])
            if stepped:
                return True
        return False

    def step(self, batch: EventBatch, names: Names, out: Output) -> None:
        given = self._reading.read(batch, names)
        for at, one in enumerate(self._level.groups):
            memory = self.memories[at] = room.reserve(one, self.memories[at], len(batch))
            step(one, memory, given, out)
            if memory.state[BROKEN]:
                raise FeatureLimit("a sum left 62 bits", remedy="restore the engine, and shorten the window")
        for group, paths in zip(self._level.paths, self._paths, strict=True):
            self._count_paths(group, paths, batch, given, out)
        for program, rows in self._rounds:
            if len(batch) == 1:
                _put_one(program.scalar(names.row(program.names)), rows, out)
                continue
            found = program.columnar(names.columns(program.names), len(batch))
            for row, column in zip(rows, found, strict=True):
                there = True if column.valid is None else column.valid
                out.valid[row] = there
                out.values[row] = np.where(there, column.values, np.nan)

    def _count_paths(
        self, group: PathGroup, paths: Paths, batch: EventBatch, given: Input, out: Output
    ) -> None:
        is_row = (
            np.ones(len(batch), np.bool_) if group.condition == NONE else given.conditions[group.condition]
        )
        source, target = (batch.column(name) for name in group.key)
        counts = paths.step(batch.times, source, target, is_row)
        for at, feature in enumerate(group.features):
            row, there = self._rows[feature.name], counts[:, at] >= 0
            out.valid[row] = there
            out.values[row] = np.where(there, counts[:, at], np.nan)

    def to_bytes(self) -> list[bytes]:
        return [room.to_bytes(memory) for memory in self.memories] + [one.snapshot() for one in self._paths]

    def read(self, pieces: list[bytes]) -> None:
        """Become what gave these pieces."""
        count = len(self.memories)
        self.memories = [
            room.from_bytes(one, raw) for one, raw in zip(self._level.groups, pieces[:count], strict=True)
        ]
        for paths, raw in zip(self._paths, pieces[count:], strict=True):
            paths.restore(raw)


def _put_one(found: tuple[Value, ...], rows: list[int], out: Output) -> None:
    """The derived features of a single event."""
    for row, value in zip(rows, found, strict=True):
        out.valid[row, 0] = value is not None
        out.values[row, 0] = np.nan if value is None else value
