"""Opening a log directory again: what was published must still follow from the journal.

Steps, numbered as in the code:

1. Read the published checkpoint (the cosigned one too, should it be newer); it must carry this log's origin
   and a right signature by one of its keys. None at all: the log starts at entry 0.
2. The journal must not be shorter than the checkpoint.
3. Load the tree's right edge, some entries before the checkpoint's size, from the tiles; replay the journal
   from there; the root must be the checkpoint's.
4. If it is not, or a tile was missing: replay the whole journal. If the root still differs, the journal is
   not the one this log was published from: refuse, touching nothing.
5. Compare every file of the replayed range with what it must hold; write again those that are torn or
   missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.vkey import VerifierKey
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.edge import RightEdge
from jinku.log.errors import (
    JournalChangedError,
    LogForeignError,
    LogForkError,
    NoteFormatError,
    NoteUnsignedError,
)
from jinku.log.files import LogFiles
from jinku.log.merkle import HASH_BYTES
from jinku.log.replay import replay
from jinku.log.signature import open_checkpoint
from jinku.log.source import EntrySource
from jinku.log.tiles import TILE_BITS, TILE_WIDTH, Tile, tile_path

CHECKPOINT_NAME = "checkpoint"
COSIGNED_NAME = "checkpoint.cosigned"


@dataclass(frozen=True, slots=True)
class RecoveredLog:
    """Where publishing goes on."""

    edge: RightEdge
    checkpoint: SignedCheckpoint | None
    repaired: tuple[str, ...]
    """Paths of the files that had to be written again."""


def recover(
    files: LogFiles, source: EntrySource, origin: str, keys: Sequence[VerifierKey], recheck_entries: int
) -> RecoveredLog:
    """Make directory and journal agree, or refuse; see the module's steps.

    `recheck_entries` before the checkpoint are compared file by file. Raises LogForeignError, LogForkError.
    """
    checkpoint = _published(files, origin, keys)  # 1
    if checkpoint is None:
        return RecoveredLog(RightEdge(), None, ())
    where = str(files.directory)
    if checkpoint.size > source.size():  # 2
        raise LogForkError(
            where, f"the journal has {source.size()} entries, the published log {checkpoint.size}"
        )
    start = max(0, checkpoint.size - recheck_entries) // TILE_WIDTH * TILE_WIDTH
    start_edge = _edge_at(files, start, checkpoint.size)  # 3
    if start_edge is None or not _leads_to(checkpoint, source, start_edge.copy()):
        start_edge = RightEdge()  # 4
        if not _leads_to(checkpoint, source, start_edge.copy()):
            raise LogForkError(
                where, f"the journal's first {checkpoint.size} entries are not those published"
            )
    repaired = []
    edge = start_edge
    for tile, content in replay(source, edge, checkpoint.size):  # 5
        path = tile_path(tile)
        if files.read(path) != content and (not tile.partial or files.read(tile_path(tile.full)) is None):
            files.write(path, content)
            repaired.append(path)
    if repaired:
        files.sync()
    return RecoveredLog(edge, checkpoint, tuple(repaired))


def _published(files: LogFiles, origin: str, keys: Sequence[VerifierKey]) -> SignedCheckpoint | None:
    found = []
    for name in (COSIGNED_NAME, CHECKPOINT_NAME):
        raw = files.read(name)
        if raw is None:
            continue
        try:
            found.append(open_checkpoint(raw, origin, keys))
        except (NoteFormatError, NoteUnsignedError, SignatureInvalidError) as error:
            raise LogForeignError(str(files.directory), f"{name}: {error.message}") from error
    return max(found, key=lambda checkpoint: checkpoint.size, default=None)


def _leads_to(checkpoint: SignedCheckpoint, source: EntrySource, edge: RightEdge) -> bool:
    try:
        for _ in replay(source, edge, checkpoint.size):
            pass
    except JournalChangedError:
        return False
    return edge.root() == checkpoint.root


def _edge_at(files: LogFiles, start: int, size: int) -> RightEdge | None:
    """The edge of the tree of `start` leaves from the tiles of the tree of `size`; None where a tile is
    missing."""
    edge = RightEdge(start)
    level = 0
    while count := start >> (TILE_BITS * level):
        index, width = divmod(count, TILE_WIDTH)
        hashes: list[bytes] = []
        if width:
            there = min(TILE_WIDTH, (size >> (TILE_BITS * level)) - index * TILE_WIDTH)
            tile = files.read(tile_path(Tile(level, index, there)))
            if tile is None and there < TILE_WIDTH:
                tile = files.read(tile_path(Tile(level, index)))
            if tile is None or len(tile) < width * HASH_BYTES:
                return None
            hashes = [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(width)]
        edge.levels.append(hashes)
        level += 1
    return edge
