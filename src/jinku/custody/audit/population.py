"""Every booked movement of a log, read from its files and held against its signed checkpoint.

Rules:

1. The checkpoint's signature is checked under the keys given, and the tree over all entries read must have its root:
   so the population is complete, and a sample of it is a sample of everything that was signed.
2. A movement is a transfer that moved posted balances: a direct one, or one that posts a hold. Holds, their release and
   their expiry move nothing.

Example::

    everything = read_population(LogDirectory(directory), keys)
    everything.movements["amount_lo"].sum()
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jinku.crypto.vkey import VerifierKey
from jinku.ledger.layout import ENTRY, Array, EntryKind
from jinku.ledger.model import TransferFlags
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.errors import ProofInvalidError
from jinku.log.merkle import leaf_hashes, tree_hash
from jinku.log.reader import LogDirectory
from jinku.log.signature import open_checkpoint
from jinku.log.tiles import ENTRIES, TILE_WIDTH, Tile

_NOTHING_MOVED = TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER


@dataclass(frozen=True, slots=True)
class Population:
    """All movements under one checkpoint."""

    checkpoint: SignedCheckpoint
    numbers: Array
    """Entry number of each movement, rising."""
    movements: Array
    """``TRANSFER`` rows, as they were booked."""
    booked: Array
    """Booking time of each, UTC ns."""


def read_population(
    log: LogDirectory, keys: Sequence[VerifierKey], advance: Callable[[int], None] = lambda _entries: None
) -> Population:
    """Read all entries of `log` and check them against its newest checkpoint, signed by one of `keys`.

    `advance` is told of entries read. Raises ProofInvalidError, NoteUnsignedError, SignatureInvalidError,
    TileMissingError.
    """
    found = log.checkpoint()
    signed = open_checkpoint(found.encode(), keys[0].name, keys)
    leaves: list[bytes] = []
    hashes: list[bytes] = []
    for first in range(0, signed.size, TILE_WIDTH):
        width = min(TILE_WIDTH, signed.size - first)
        bundle = log.bundle(Tile(ENTRIES, first // TILE_WIDTH, width))
        leaves += bundle
        hashes += leaf_hashes(bundle)
        advance(width)
    if tree_hash(hashes) != signed.root:
        raise ProofInvalidError("the entries are not those that the checkpoint was signed for")
    if any(len(leaf) != ENTRY.itemsize for leaf in leaves):
        raise ProofInvalidError(f"an entry is not {ENTRY.itemsize} bytes long")
    entries = np.frombuffer(b"".join(leaves), ENTRY)
    events = entries["event"]
    moved = (entries["kind"] == EntryKind.TRANSFER) & (events["flags"] & np.uint16(_NOTHING_MOVED) == 0)
    return Population(found, np.flatnonzero(moved), events[moved], entries["timestamp"][moved])
