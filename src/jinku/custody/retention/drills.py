"""Restore drills: copy the house, rebuild it elsewhere from its journal, and keep a dated, sealed record of what
came out.

Rules (R21):

1. A drill copies (`backup`), restores and compares (`rebuild`). It passes if nothing differs and no committed entry
   is lost: neither of those under the checkpoint from before the copy, nor, where the source is at rest, of those in
   its journal.
2. The record is canonical JSON with both roots and the digest of the state; its SHA-256 is sealed in the log (topic
   11). A drill beside a running house is recorded at once and sealed by the next `seal_waiting`.

Example::

    drill = run_drill(Path("jinku-data"), Path("drill"), by="ops-1", clock=time.time_ns)
    DrillBook(database).keep(drill)
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.custody.retention.backup import Copied, copy_house
from jinku.custody.retention.rebuild import Rebuilt, journal_bytes_equal, rebuild
from jinku.ledger.errors import LedgerLocked
from jinku.ledger.stores.rocks import RocksStore

SEAL_TOPIC_DRILL = 11
FORMAT = "jinku-restore-drill/v1"
DRILLS = MetaData()
DRILL = Table(
    "restore_drill",
    DRILLS,
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("entry", BigInteger, nullable=False),
)


class SealLedger(Protocol):
    """What is needed of a ledger's log."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill: its record, and whether it passed."""

    document: Mapping[str, Any]
    number: int = 0
    entry: int = -1
    """The log's entry that seals it; -1 before."""

    @property
    def passed(self) -> bool:
        """Whether nothing differed and nothing was lost."""
        return bool(self.document["passed"])


def run_drill(source: Path, to: Path, by: str, clock: Clock) -> Drill:
    """Copy the house at `source` to the new directory `to`, rebuild it there and compare. Raises BackupFailed,
    LedgerError."""
    began = clock()
    copied = copy_house(source, to)
    rebuilt = rebuild(to)
    resting = _entries_at_rest(source)
    differences = list(rebuilt.differences)
    acknowledged = copied.checkpoint_size
    if resting is not None:
        acknowledged = max(acknowledged, resting)
        if resting >= rebuilt.entries and not journal_bytes_equal(source, to, rebuilt.entries):
            differences.append("the restored journal is not the source's")
    return Drill(
        _document(copied, rebuilt, (began, clock()), by, acknowledged, differences, resting is not None)
    )


def check_copy(directory: Path) -> Rebuilt:
    """Rebuild and compare a copy that was made by other means. Raises BackupFailed, LedgerError."""
    return rebuild(directory)


def _entries_at_rest(source: Path) -> int | None:
    """How many entries the source's journal has, where no process writes it; None where one does."""
    try:
        store = RocksStore(source / "ledger")
    except LedgerLocked:
        return None
    try:
        return store.load().size
    finally:
        store.close()


def _document(
    copied: Copied,
    rebuilt: Rebuilt,
    times: tuple[int, int],
    by: str,
    acknowledged: int,
    differences: list[str],
    rests: bool,
) -> dict[str, Any]:
    lost = max(0, acknowledged - rebuilt.entries)
    return {
        "format": FORMAT,
        "began": to_rfc3339(times[0]),
        "ended": to_rfc3339(times[1]),
        "by": by,
        "origin": copied.origin,
        "source_at_rest": rests,
        "files": copied.files,
        "bytes": str(copied.size_bytes),
        "copies_of_ledger": copied.attempts,
        "checkpoint_size": copied.checkpoint_size,
        "checkpoint_root": copied.checkpoint_root,
        "entries": rebuilt.entries,
        "root": rebuilt.root,
        "accounts": rebuilt.accounts,
        "state_sha256": rebuilt.state_sha256,
        "lost_entries": lost,
        "differences": differences,
        "passed": not lost and not differences,
    }


class DrillBook:
    """The drills of one house, in its control database."""

    def __init__(self, database: Database) -> None:
        database.add(DRILLS)
        self._database = database

    def keep(self, drill: Drill) -> Drill:
        """Write a drill down; it waits for its seal."""
        data = canonical_json(drill.document)
        row = {"document": data.decode(), "digest": hashlib.sha256(data).hexdigest(), "entry": -1}
        with self._database.writing() as connection:
            key = connection.execute(insert(DRILL).values(row)).inserted_primary_key
        return Drill(drill.document, int(key[0]) if key else 0)

    def seal_waiting(self, ledger: SealLedger) -> int:
        """Seal every drill that waits; how many."""
        query = select(DRILL.c.number, DRILL.c.digest).where(DRILL.c.entry < 0).order_by(DRILL.c.number)
        with self._database.reading() as connection:
            waiting = connection.execute(query).all()
        for number, digest in waiting:
            entry, _ = ledger.seal(bytes.fromhex(digest), SEAL_TOPIC_DRILL)
            with self._database.writing() as connection:
                connection.execute(update(DRILL).where(DRILL.c.number == number).values(entry=entry))
        return len(waiting)

    def drills(self) -> list[Drill]:
        """Every drill, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(select(DRILL).order_by(DRILL.c.number)).all()
        return [Drill(json.loads(row.document), row.number, row.entry) for row in rows]
