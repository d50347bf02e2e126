"""The right edge of a growing tree: of each level's last, partial tile the hashes.

Rules:

1. ``levels[l]`` holds the ``size // 256**l % 256`` hashes of level l's partial tile; the root follows from
   them alone.
2. Extending gives back every tile that became full, children before parents, so that whoever writes them in
   this order never writes a hash whose children are not written.

Example::

    edge = RightEdge()
    full_tiles = edge.extend(leaf_hashes(leaves))
    edge.root()
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jinku.log.merkle import join_peaks, peaks, perfect_hash
from jinku.log.tiles import TILE_BITS, TILE_WIDTH, Tile


@dataclass(slots=True)
class RightEdge:
    """See the module's rules."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)

    def extend(self, hashes: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Append leaf hashes; the tiles that became full, each with its bytes."""
        full: list[tuple[Tile, bytes]] = []
        self._extend(0, hashes, full)
        self.size += len(hashes)
        return full

    def _extend(self, level: int, hashes: Sequence[bytes], full: list[tuple[Tile, bytes]]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        pending = [*self.levels[level], *hashes]
        index = self.size >> (TILE_BITS * (level + 1))
        whole = len(pending) - len(pending) % TILE_WIDTH
        self.levels[level] = pending[whole:]
        above = []
        for start in range(0, whole, TILE_WIDTH):
            tile = pending[start : start + TILE_WIDTH]
            full.append((Tile(level, index), b"".join(tile)))
            above.append(perfect_hash(tile))
            index += 1
        if above:
            self._extend(level + 1, above, full)

    def partial_tiles(self) -> list[tuple[Tile, bytes]]:
        """The partial tile of each level that has one, with its bytes."""
        return [
            (Tile(level, self.size >> (TILE_BITS * (level + 1)), len(hashes)), b"".join(hashes))
            for level, hashes in enumerate(self.levels)
            if hashes
        ]

    def root(self) -> bytes:
        """The tree's root hash."""
        return join_peaks([peak for hashes in reversed(self.levels) for peak in peaks(hashes)])

    def copy(self) -> "RightEdge":
        """An independent copy."""
        return RightEdge(self.size, [list(hashes) for hashes in self.levels])
