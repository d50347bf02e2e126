"""Reading a log from its files: tiles, entries, and the tree that they make up.

Rules:

1. A partial tile that is gone is read from its full tile, as https://c2sp.org/tlog-tiles tells clients to.
2. A tree's hashes come from tiles alone; entries are read only for themselves. Nothing is verified here:
   a proof
   made from a damaged tile fails where it is checked.
3. A `Tree` belongs to one size and keeps the tiles that it has read, so many proofs of one tree are cheap.

Example::

    log = LogDirectory(directory)
    signed = log.checkpoint()
    Tree(log, signed.size).inclusion_proof(7)
"""

from pathlib import Path
from typing import Protocol

from jinku.log.bundle import decode_bundle
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.errors import RangeError, TileMissingError
from jinku.log.merkle import EMPTY_ROOT, HASH_BYTES, node_hash, node_hashes
from jinku.log.recovery import CHECKPOINT_NAME, COSIGNED_NAME
from jinku.log.tiles import ENTRIES, TILE_BITS, TILE_WIDTH, Tile, tile_path

CACHED_TILES_MAX = 4096


class TileReader(Protocol):
    """Whatever gives a log's tiles."""

    def tile(self, tile: Tile) -> bytes:
        """The content of `tile`, exactly as long as its width says. Raises TileMissingError."""
        ...


class LogDirectory:
    """A published log on disk, for reading only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def checkpoint(self, *, cosigned: bool = False) -> SignedCheckpoint:
        """The newest checkpoint, or the newest that witnesses cosigned; no signature is verified.

        Raises TileMissingError where there is none, NoteFormatError where it is damaged.
        """
        return SignedCheckpoint.parse(self._read(COSIGNED_NAME if cosigned else CHECKPOINT_NAME))

    def tile(self, tile: Tile) -> bytes:
        """The hashes of `tile`. Raises TileMissingError."""
        content = self._read_tile(tile)
        length = tile.width * HASH_BYTES
        if len(content) < length:
            raise TileMissingError(tile_path(tile), f"{len(content)} bytes instead of {length}")
        return content[:length]

    def bundle(self, tile: Tile) -> list[bytes]:
        """The entries of the bundle `tile` (of level ENTRIES). Raises TileMissingError."""
        entries = decode_bundle(self._read_tile(tile), tile_path(tile))
        if len(entries) < tile.width:
            raise TileMissingError(tile_path(tile), f"{len(entries)} entries instead of {tile.width}")
        return entries[: tile.width]

    def entry(self, index: int, size: int) -> bytes:
        """Entry number `index` of the tree of `size` entries. Raises RangeError, TileMissingError."""
        if not 0 <= index < size:
            raise RangeError("entry", index, size)
        number, offset = divmod(index, TILE_WIDTH)
        return self.bundle(Tile(ENTRIES, number, min(TILE_WIDTH, size - number * TILE_WIDTH)))[offset]

    def _read_tile(self, tile: Tile) -> bytes:
        try:
            return self._read(tile_path(tile))
        except TileMissingError:
            if not tile.partial:
                raise
            return self._read(tile_path(tile.full))

    def _read(self, path: str) -> bytes:
        try:
            return (self.directory / path).read_bytes()
        except FileNotFoundError:
            raise TileMissingError(path, "no such file") from None


class Tree:
    """The Merkle tree of one size; see the module's rules."""

    def __init__(self, tiles: TileReader, size: int) -> None:
        self.size = size
        self._tiles = tiles
        self._cache: dict[tuple[int, int], list[list[bytes]]] = {}

    def root(self) -> bytes:
        """The tree's root hash."""
        return self.subtree(0, self.size) if self.size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`. Raises RangeError."""
        if not 0 <= index < self.size:
            raise RangeError("entry", index, self.size)
        return self._node(0, index)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """RFC 6962's audit path of leaf `index`, from the leaf up. Raises RangeError."""
        if not 0 <= index < self.size:
            raise RangeError("entry", index, self.size)
        path, begin, end = [], 0, self.size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(begin, middle))
                begin = middle
        return path[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """RFC 6962's proof that the tree of `old_size` leaves is a prefix of this one; empty from 0 or all.

        Raises RangeError.
        """
        if not 0 <= old_size <= self.size:
            raise RangeError("tree size", old_size, self.size)
        if old_size in (0, self.size):
            return []
        path, begin, end = [], 0, self.size
        while old_size != end:
            middle = begin + _split(end - begin)
            if old_size <= middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(begin, middle))
                begin = middle
        if begin:
            path.append(self.subtree(begin, end))
        return path[::-1]

    def subtree(self, begin: int, end: int) -> bytes:
        """The root over leaves `begin` to `end`; `begin` is a multiple of the power of two at or above their
        number."""
        count = end - begin
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._node(height, begin >> height)
        middle = begin + _split(count)
        return node_hash(self.subtree(begin, middle), self.subtree(middle, end))

    def _node(self, height: int, index: int) -> bytes:
        """The root of the perfect subtree over leaves ``index << height`` to ``(index + 1) << height``."""
        level, row = divmod(height, TILE_BITS)
        shift = TILE_BITS - row
        return self._rows(level, index >> shift)[row][index & ((1 << shift) - 1)]

    def _rows(self, level: int, index: int) -> list[list[bytes]]:
        """A tile's hashes and every row of nodes that lie within it."""
        rows = self._cache.get((level, index))
        if rows is None:
            width = min(TILE_WIDTH, (self.size >> (TILE_BITS * level)) - index * TILE_WIDTH)
            content = self._tiles.tile(Tile(level, index, width))
            rows = [[content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]]
            while len(rows[-1]) > 1:
                rows.append(node_hashes(rows[-1][: len(rows[-1]) & ~1]))
            if len(self._cache) >= CACHED_TILES_MAX:
                self._cache.clear()
            self._cache[level, index] = rows
        return rows


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
