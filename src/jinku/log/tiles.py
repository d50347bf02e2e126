"""Where a tile lies, and which tiles a tree has (https://c2sp.org/tlog-tiles).

Rules:

1. A tile holds up to 256 hashes of one level; level 0 are leaf hashes, a hash of level n+1 is the root over
   a full tile of level n. A partial tile has a width of 1 to 255 and is never hashed into the level above.
2. ``tile/LEVEL/INDEX[.p/WIDTH]``; entry bundles ``tile/entries/INDEX[.p/WIDTH]``. The index is written in
   groups of three digits, all but the last with an ``x`` before them: 1234067 is ``x001/x234/067``.
3. A path has exactly one spelling; parsing refuses every other, so a parsed path cannot leave the directory.

Example::

    tile_path(Tile(0, 1234067, 8))  # "tile/0/x001/x234/067.p/8"
"""

import re
from dataclasses import dataclass

TILE_WIDTH = 256
TILE_BITS = 8
LEVEL_MAX = 63
ENTRIES = -1
"""Stands in `Tile.level` for an entry bundle."""

_PATH = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile (or, at level ENTRIES, one entry bundle)."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def partial(self) -> bool:
        """Whether it has fewer than 256 hashes."""
        return self.width < TILE_WIDTH

    @property
    def full(self) -> "Tile":
        """The same tile once it is full."""
        return Tile(self.level, self.index)


def index_path(index: int) -> str:
    """Rule 2's spelling of a tile's index."""
    path = f"{index % 1000:03d}"
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path


def tile_path(tile: Tile) -> str:
    """Where `tile` lies, relative to the log's prefix."""
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    suffix = f".p/{tile.width}" if tile.partial else ""
    return f"tile/{level}/{index_path(tile.index)}{suffix}"


def parse_tile_path(path: str) -> Tile | None:
    """The tile at `path`, or None where it is not the one spelling of a tile's path."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    tile = Tile(level, index, int(match[3]) if match[3] else TILE_WIDTH)
    if level > LEVEL_MAX or (match[3] and not tile.partial) or tile_path(tile) != path:
        return None
    return tile
