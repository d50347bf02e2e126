"""A log's tiles computed from its leaf hashes, level upon level, in memory that does not grow with the log.

1. Hashes of level l are gathered until 256 make a full tile; its root is the next hash of level l + 1.
2. What is gathered and not yet full is the partial tile of that level, and is hashed into no level above.
3. The log's root follows from the partial tiles alone.

Example::

    tower = Tower()
    for level, index, tile in tower.add(hashes_of_256_leaves):
        compare(level, index, tile)
"""

from jinku.verify.merkle import HASH_BYTES, Frontier, perfect_root
from jinku.verify.tiles import LEVEL_MAX, TILE_BYTES


class Tower:
    """See the module's rules. Leaves come a full tile at a time; only the last may be partial."""

    def __init__(self) -> None:
        self._pending = [b""] * (LEVEL_MAX + 1)
        self._full = [0] * (LEVEL_MAX + 1)

    def add(self, hashes: bytes, known_root: bytes | None = None) -> list[tuple[int, int, bytes]]:
        """Append the hashes of one level-0 tile; the tiles above that became full, as (level, index, bytes).

        `known_root` saves hashing a full tile twice.
        """
        if len(hashes) < TILE_BYTES:
            self._pending[0] = hashes
            return []
        self._full[0] += 1
        full: list[tuple[int, int, bytes]] = []
        root, level = known_root or perfect_root(hashes), 1
        while level <= LEVEL_MAX:
            self._pending[level] += root
            if len(self._pending[level]) < TILE_BYTES:
                break
            full.append((level, self._full[level], self._pending[level]))
            root = perfect_root(self._pending[level])
            self._pending[level] = b""
            self._full[level] += 1
            level += 1
        return full

    def partials(self) -> list[tuple[int, int, bytes]]:
        """The partial tiles above level 0, as (level, index, bytes)."""
        return [
            (level, self._full[level], hashes)
            for level, hashes in enumerate(self._pending)
            if level and hashes
        ]

    def root(self, leaves: bytes = b"") -> bytes:
        """The root over all leaves so far, with `leaves` in place of the partial level-0 tile if given."""
        frontier = Frontier()
        for level in range(LEVEL_MAX, -1, -1):
            hashes = self._pending[level] if level or not leaves else leaves
            for at in range(0, len(hashes), HASH_BYTES):
                frontier.add(hashes[at : at + HASH_BYTES], 8 * level)
        return frontier.root()
