"""From the journal alone to the whole state of a ledger, compared bit for bit with what the store holds.

Rules (R21):

1. Every entry is replayed from an empty machine, balances and flags included; the accounts that come out must be the
   store's, byte for byte.
2. Every index is made anew from the entries: ids, accounts, user data, codes, ledgers, holds and their states and
   expiries. The store must hold exactly that, nothing more and nothing less.
3. The root over the first entries must be the one in the signed checkpoint of the copied log, by the house's own
   keys.
4. Nothing is written and no clock is asked: what is due stays due, and nothing is signed.

Example::

    rebuilt = rebuild(Path("drill"))
    rebuilt.entries, rebuilt.state_sha256, rebuilt.differences
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jinku.crypto.vkey import VerifierKey
from jinku.custody.retention.backup import HOUSE_FILE, LEDGER, LOG, VKEYS
from jinku.custody.retention.errors import BackupFailed
from jinku.custody.retention.indexes import index_differences
from jinku.ledger.core import Core
from jinku.ledger.layout import Array, row_bytes
from jinku.ledger.machine import StateMachine
from jinku.ledger.store import Store
from jinku.ledger.stores.rocks import RocksStore
from jinku.log.merkle import EMPTY_ROOT, join_peaks, leaf_hashes, node_hash
from jinku.log.recovery import CHECKPOINT_NAME
from jinku.log.signature import open_checkpoint

CHUNK_ENTRIES = 1 << 15


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a copy holds, and in what it is not what its journal says."""

    entries: int
    accounts: int
    root: str
    """The log's root over all entries."""
    state_sha256: str
    """Of all accounts, 128 bytes each, as replayed from the journal alone."""
    checkpoint_size: int
    differences: tuple[str, ...]
    """A sentence each; none where the copy is sound."""


def rebuild(directory: Path) -> Rebuilt:
    """Rebuild the state of the house copied to `directory` from its journal, and compare. Raises LedgerError for a
    store that cannot be opened, BackupFailed for what is no copy of a house.
    """
    store = RocksStore(directory / LEDGER)
    try:
        core = Core(store)
        differences = list(_database_differences(directory))
        machine, tree = StateMachine(), _Tree()
        size = core.visible.size
        checkpoint_size, claimed = _checkpoint(directory)
        at_checkpoint = EMPTY_ROOT.hex() if checkpoint_size == 0 else ""
        for first, entries in _chunks(store, size, checkpoint_size):
            machine.replay(entries)
            tree.add(leaf_hashes(row_bytes(entries)))
            if first + len(entries) == checkpoint_size:
                at_checkpoint = tree.root()
        machine.check()
        replayed, held = machine.accounts.tobytes(), core.visible.accounts().tobytes()
        if replayed != held:
            differences.append("the accounts replayed from the journal are not those of the store")
        if checkpoint_size > size:
            differences.append(f"the log covers {checkpoint_size} entries, the journal has {size}")
        elif at_checkpoint != claimed:
            differences.append(
                f"the root over the first {checkpoint_size} entries is not the one that was signed"
            )
        differences += index_differences(store, machine, _all(store, size))
        return Rebuilt(
            size,
            len(machine.accounts),
            tree.root(),
            hashlib.sha256(replayed).hexdigest(),
            checkpoint_size,
            tuple(differences),
        )
    finally:
        store.close()


class _Tree:
    """The root over leaves that come one chunk after another, by the perfect trees on its right edge."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, hashes: list[bytes]) -> None:
        for one in hashes:
            height, node = 0, one
            while self._peaks and self._peaks[-1][0] == height:
                node = node_hash(self._peaks.pop()[1], node)
                height += 1
            self._peaks.append((height, node))

    def root(self) -> str:
        return join_peaks([node for _, node in self._peaks]).hex()


def _chunks(store: Store, size: int, edge: int) -> Iterator[tuple[int, Array]]:
    """The journal in pieces, one of which ends at `edge`."""
    first = 0
    while first < size:
        until = min(size, first + CHUNK_ENTRIES)
        if first < edge < until:
            until = edge
        yield first, store.entries(first, until - first)
        first = until


def _all(store: Store, size: int) -> Array:
    return store.entries(0, size)


def _checkpoint(directory: Path) -> tuple[int, str]:
    """Size and root of the copied checkpoint, once its signatures verified. Raises BackupFailed."""
    try:
        origin = str(json.loads((directory / HOUSE_FILE).read_text(encoding="utf-8"))["origin"])
        keys = [VerifierKey.parse(one) for one in (directory / VKEYS).read_text(encoding="utf-8").split()]
        raw = (directory / LOG / CHECKPOINT_NAME).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupFailed(f"{directory} is no copy of a house", remedy="copy it anew") from error
    signed = open_checkpoint(raw, origin, keys)
    return signed.size, signed.root.hex()


def _database_differences(directory: Path) -> Iterator[str]:
    for path in sorted(directory.rglob("*")):
        if LEDGER in path.relative_to(directory).parts or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                continue
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                [[said], *_] = database.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as error:
            said = type(error).__name__
        if said != "ok":
            yield f"{path.relative_to(directory)}: {str(said)[:200]}"


def journal_bytes_equal(one: Path, other: Path, size: int) -> bool:
    """Whether the first `size` entries of two embedded ledgers at rest are the same bytes."""
    stores = [RocksStore(one / LEDGER), RocksStore(other / LEDGER)]
    try:
        for store in stores:
            store.load()
        return all(
            _same(
                stores[0].entries(first, CHUNK_ENTRIES), stores[1].entries(first, CHUNK_ENTRIES), size - first
            )
            for first in range(0, size, CHUNK_ENTRIES)
        )
    finally:
        for store in stores:
            store.close()


def _same(one: Array, other: Array, count: int) -> bool:
    return one[:count].tobytes() == other[:count].tobytes()
