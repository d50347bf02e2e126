"""One pass over a log's bundles and tiles, from the first to the last.

1. Every entry is hashed; every tile of every level is computed from those hashes and compared byte for byte.
2. The root computed from the entries must be the signed root.
3. Where an entry and its stored hash differ, the signed root decides which of the two files is damaged.
4. Partial files of earlier checkpoints may remain; each is compared with the beginning of its full form.
5. Each earlier checkpoint must be the root over the log's beginning.

Example::

    check = LogPass(directory, report, live=False, replay=Replay())
    check.run(progress=None)
"""

from collections.abc import Callable
from pathlib import Path

from jinku.verify.checkpoint import Body
from jinku.verify.entries import bundle_is_uniform, uniform_spans
from jinku.verify.errors import Unreadable
from jinku.verify.merkle import EMPTY_ROOT, leaf_hash, perfect_root
from jinku.verify.replay import Replay
from jinku.verify.report import LogReport
from jinku.verify.tiles import (
    BUNDLE_BYTES_MAX,
    ENTRIES,
    WIDTH,
    entry_spans,
    partial_widths,
    read_file,
    tile_name,
)
from jinku.verify.tower import Tower

CHECKPOINT = "checkpoint"
PROGRESS_BUNDLES = 32
FAULTS_MAX = 2_000
"""After so many faults the rest is not read: a checkpoint may claim any size."""
Progress = Callable[[int, int], None]
Spans = list[tuple[int, int]]


class LogPass:
    """One pass over the log in `directory`; see the module's rules. Faults go to `report`."""

    def __init__(self, directory: Path, report: LogReport, *, live: bool, replay: Replay | None) -> None:
        self._directory, self._report, self._live, self._replay = directory, report, live, replay
        self._size, self._signed_root = report.size, bytes.fromhex(report.root)
        self._by_entries = Tower()
        self._by_tiles = Tower()
        self._differing: list[tuple[int, int, int]] = []
        """Entries whose hash is not the stored one: entry number, offset in its bundle and in its tile."""
        self._differing_total = 0
        self._substituted = False
        self._earlier: list[tuple[int, bytes]] = []
        """Size and root of the earlier checkpoints still to be met, the next one last."""

    def expect(self, earlier: Body) -> None:
        """The log must continue this earlier checkpoint, which is of at most its size."""
        self._earlier.append((earlier.size, earlier.root))
        self._earlier.sort(reverse=True)

    def run(self, progress: Progress | None) -> None:
        """Hash every entry, compare every tile, replay."""
        self._check_earlier(0, b"")
        bundles = -(-self._size // WIDTH)
        for index in range(bundles):
            if self._report.findings_total > FAULTS_MAX:
                message = f"more than {FAULTS_MAX} faults; not read from entry {index * WIDTH} on"
                self._report.add("gave_up", CHECKPOINT, None, message)
                self._substituted, self._replay = True, None
                break
            self._bundle(index, min(WIDTH, self._size - index * WIDTH))
            if progress and (index % PROGRESS_BUNDLES == 0 or index == bundles - 1):
                progress(min(self._size, (index + 1) * WIDTH), self._size)
        for (level, number, tile), (_, _, other) in zip(
            self._by_entries.partials(), self._by_tiles.partials(), strict=True
        ):
            self._compare(level, number, tile, other)
        self._conclude()
        if self._replay:
            self._replay.finish(self._report)

    def _bundle(self, index: int, count: int) -> None:
        bundle, spans = self._read_bundle(index, count)
        stored = self._read(0, index, count)
        if stored is not None and len(stored) != count * 32:
            self._wrong_length(tile_name(0, index, count), stored, count * 32)
            stored = None
        if len(spans) == count:
            hashes = b"".join([leaf_hash(bundle[start:end]) for start, end in spans])
        else:
            self._substituted, hashes = True, stored or bytes(count * 32)
        root = perfect_root(hashes) if count == WIDTH else None
        if stored is not None and stored != hashes:
            self._note_differing(index, hashes, stored, spans)
        same = stored is None or stored == hashes
        self._check_earlier(index * WIDTH, hashes)
        above = self._by_entries.add(hashes, root)
        others = self._by_tiles.add(hashes if same or stored is None else stored, root if same else None)
        for (level, number, tile), (_, _, other) in zip(above, others, strict=True):
            self._compare(level, number, tile, other)
        self._compare_earlier_partials(0, index, hashes, count)
        self._compare_partial_bundles(index, bundle, spans, count)
        if self._replay:
            self._replay.bundle(index, bundle, spans, count)

    def _read_bundle(self, index: int, count: int) -> tuple[bytes, Spans]:
        name = tile_name(ENTRIES, index, count)
        bundle = self._read(ENTRIES, index, count)
        if bundle is None:
            return b"", []
        if bundle_is_uniform(bundle, count):
            return bundle, uniform_spans(count)
        spans, trouble, at = entry_spans(bundle, count)
        if trouble:
            self._report.add("bundle_damaged", name, at, trouble)
        return bundle, spans

    def _read(self, level: str | int, index: int, width: int) -> bytes | None:
        """A tile or bundle that must exist; the beginning of the full one where a live log has only that."""
        name = tile_name(level, index, width)
        try:
            data = read_file(self._directory, name, BUNDLE_BYTES_MAX)
            if data is None and width < WIDTH and self._live:
                data = read_file(self._directory, tile_name(level, index), BUNDLE_BYTES_MAX)
                if data is not None:
                    return data[: entry_spans(data, width)[2] if level == ENTRIES else width * 32]
        except Unreadable as error:
            self._report.add(error.code, name, None, str(error))
            return None
        if data is None:
            self._report.add("missing", name, None, f"{name} is missing; the checkpoint needs it")
        elif level == ENTRIES:
            self._report.bundles += 1
        else:
            self._report.tiles += 1
        return data

    def _wrong_length(self, name: str, data: bytes, expected: int) -> None:
        code = "extra_bytes" if len(data) > expected else "short"
        self._report.add(
            code, name, min(len(data), expected), f"{name} has {len(data)} bytes, expected {expected}"
        )

    def _note_differing(self, index: int, hashes: bytes, stored: bytes, spans: Spans) -> None:
        for at in range(0, len(hashes), 32):
            if hashes[at : at + 32] != stored[at : at + 32]:
                self._differing_total += 1
                if len(self._differing) < WIDTH:
                    byte = next(i for i in range(at, at + 32) if hashes[i] != stored[i])
                    self._differing.append((index * WIDTH + at // 32, spans[at // 32][0], byte))

    def _compare(self, level: int, index: int, tile: bytes, other: bytes) -> None:
        """Compare a stored tile above level 0 with the computed one (`other`: from stored hashes)."""
        width = len(tile) // 32
        stored = self._read(level, index, width)
        self._compare_earlier_partials(level, index, tile, width)
        if stored is None or stored in (tile, other):
            return
        self._differs(tile_name(level, index, width), stored, tile)

    def _differs(self, name: str, stored: bytes, expected: bytes) -> None:
        if len(stored) != len(expected):
            self._wrong_length(name, stored, len(expected))
        at = next((at for at, (a, b) in enumerate(zip(stored, expected, strict=False)) if a != b), None)
        if at is not None:
            self._report.add("tile_differs", name, at, f"{name} differs from what the log's entries give")

    def _compare_earlier_partials(self, level: int, index: int, tile: bytes, width: int) -> None:
        for partial in partial_widths(self._directory, level, index):
            if partial < width:
                self._report.earlier_partials += 1
                self._compare_partial(tile_name(level, index, partial), tile[: partial * 32])

    def _compare_partial_bundles(self, index: int, bundle: bytes, spans: Spans, count: int) -> None:
        for partial in partial_widths(self._directory, ENTRIES, index):
            if partial < count and partial <= len(spans):
                self._report.earlier_partials += 1
                self._compare_partial(tile_name(ENTRIES, index, partial), bundle[: spans[partial - 1][1]])

    def _compare_partial(self, name: str, expected: bytes) -> None:
        try:
            stored = read_file(self._directory, name, BUNDLE_BYTES_MAX)
        except Unreadable as error:
            self._report.add(error.code, name, None, str(error))
            return
        if stored is not None and stored != expected:
            self._differs(name, stored, expected)

    def _check_earlier(self, first: int, hashes: bytes) -> None:
        """Compare the earlier checkpoints that end within the leaves `hashes`, from entry `first` on."""
        while self._earlier and self._earlier[-1][0] <= first + len(hashes) // 32:
            size, claimed = self._earlier.pop()
            root = self._by_entries.root(hashes[: (size - first) * 32]) if size else EMPTY_ROOT
            if claimed == root:
                self._report.earlier_checkpoints += 1
                continue
            self._report.add(
                "inconsistent",
                f"earlier checkpoint of {size} entries",
                None,
                f"the log does not begin with the {size} entries that were signed then",
            )

    def _conclude(self) -> None:
        """Compare the root, and say which side of each entry that differs from its stored hash is damaged."""
        report = self._report
        from_entries, from_tiles = self._by_entries.root(), self._by_tiles.root()
        report.root_matches = from_entries == self._signed_root and not self._substituted
        blame_tiles = report.root_matches or from_tiles != self._signed_root
        blame_entries = not report.root_matches
        for entry, at, tile_at in self._differing:
            width = min(WIDTH, self._size - entry // WIDTH * WIDTH)
            if blame_entries:
                name = tile_name(ENTRIES, entry // WIDTH, width)
                report.add(
                    "entry_differs", name, at, f"entry {entry} does not have the hash that its tile holds"
                )
            if blame_tiles:
                name = tile_name(0, entry // WIDTH, width)
                report.add("tile_differs", name, tile_at, f"the stored hash of entry {entry} is not its hash")
        if self._differing_total > len(self._differing):
            report.findings_total += self._differing_total - len(self._differing)
        if self._substituted:
            message = f"the root over the {self._size} entries cannot be computed from the entries alone"
            report.add("root_unknown", CHECKPOINT, None, message)
        elif not report.root_matches:
            message = f"the root over the {self._size} entries is {from_entries.hex()}, not the signed one"
            report.add("root_differs", CHECKPOINT, None, message)
