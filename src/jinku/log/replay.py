"""From the journal to the log's files: one pass over the entries, every file in the order it becomes
complete.

Rules:

1. The files of a tree depend on its entries alone, so replaying gives the same bytes each time.
2. A replay starts at the last full tile's end: entries of a partial tile are read again, and must hash as
   before.
3. A file comes after the files below it; partial tiles and the partial bundle come last.

Example::

    edge = RightEdge()
    for tile, content in replay(source, edge, source.size()):
        ...
"""

from collections.abc import Iterator

from jinku.log.bundle import encode_bundle
from jinku.log.edge import RightEdge
from jinku.log.errors import JournalChangedError
from jinku.log.merkle import leaf_hashes
from jinku.log.source import EntrySource
from jinku.log.tiles import ENTRIES, TILE_WIDTH, Tile

CHUNK_ENTRIES = 64 * TILE_WIDTH
"""Entries held in memory at once."""


def replay(source: EntrySource, edge: RightEdge, until: int) -> Iterator[tuple[Tile, bytes]]:
    """Extend `edge` to `until` entries of `source`; every file that is new or different, with its content.

    Raises JournalChangedError (rule 2, or a journal that ends before `until`). `edge` is then of no further
    use."""
    first = edge.size - edge.size % TILE_WIDTH
    while first < until:
        count = min(CHUNK_ENTRIES, until - first)
        entries = source.read(first, count)
        if len(entries) != count:
            raise JournalChangedError(f"the journal ends at entry {first + len(entries)}, not at {until}")
        hashes = leaf_hashes(entries)
        known = edge.levels[0] if edge.levels and first < edge.size else []
        if hashes[: len(known)] != known:
            raise JournalChangedError(f"an entry from number {first} to {edge.size - 1} is not what it was")
        for start in range(0, count, TILE_WIDTH):
            part = entries[start : start + TILE_WIDTH]
            yield Tile(ENTRIES, (first + start) // TILE_WIDTH, len(part)), encode_bundle(part)
        yield from edge.extend(hashes[len(known) :])
        first += count
    yield from edge.partial_tiles()
