"""The RocksDB directory itself: opening it under its lock, writing durably, closing it for good.

Rules:

1. One process, one opening: a lock on the file ``jinku.lock`` is held from before the first look until after
   the last. The system frees it when the process dies. RocksDB's own lock stands behind it.
2. A write-ahead log that a crash left torn is set right before RocksDB reads it (`rocks_wal`).
3. Every error of RocksDB leaves here as one of the ledger's own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from rocksdict import DbClosedError, DBRecoveryMode, Rdict, WriteBatch

from jinku.ledger.errors import CorruptJournal, LedgerClosed, LedgerError, LedgerLocked, StoreError
from jinku.ledger.stores.rocks_options import FAMILIES, META, database_options, family_options, unsynced
from jinku.ledger.stores.rocks_wal import cut_torn_tail

_LOCK_SIGNS: Final = ("lock hold by current process", "While lock file")
_CORRUPTION_SIGN: Final = "Corruption"
_LOCK_FILE: Final = "jinku.lock"


class RocksFiles:
    """One open RocksDB directory."""

    def __init__(self, path: Path) -> None:
        """Open `path`, or make it. Raises LedgerLocked, StoreError or CorruptJournal."""
        self.path = path
        _make_directory(path)
        self._lock = _take_lock(path)
        with ExitStack() as undo:
            undo.callback(os.close, self._lock)
            self._open(path)
            undo.pop_all()

    def _open(self, path: Path) -> None:
        with translated(f"open {path}"):
            cut_torn_tail(path)
            self._database = Rdict(
                str(path),
                database_options(DBRecoveryMode.tolerate_corrupted_tail_records()),
                family_options(),
            )
            names = (META, *FAMILIES)
            self._families = {name: self._database.get_column_family(name) for name in names}
            self._handles = {name: self._database.get_column_family_handle(name) for name in names}
        self._write_options = unsynced()

    def family(self, name: str) -> Rdict:
        """The column family `name`, for reading."""
        try:
            return self._families[name]
        except KeyError:
            raise LedgerClosed("the ledger is closed", remedy="open it anew") from None

    def handle(self, name: str) -> Any:
        """The column family `name`, for write batches."""
        try:
            return self._handles[name]
        except KeyError:
            raise LedgerClosed("the ledger is closed", remedy="open it anew") from None

    def get_many(self, name: str, keys: list[bytes]) -> list[bytes | None]:
        """The value of each key in the column family `name`, None where there is none."""
        family: Any = self.family(name)
        found: list[bytes | None] = family.get(keys)
        return found

    def items(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value of the column family `name`, in order."""
        yield from self.family(name).items()

    def write(self, batch: WriteBatch) -> None:
        """Write `batch` atomically and return once it is durable."""
        self._database.write(batch, self._write_options)
        self._database.flush_wal(sync=True)

    def close(self) -> None:
        """Close the database and let go of everything that holds its lock. Closing twice does nothing."""
        if not self._families:
            return
        for family in self._families.values():
            family.close()
        self._families.clear()
        self._handles.clear()
        self._database.close()
        os.close(self._lock)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn whatever RocksDB raises while doing `action` into an error of the ledger."""
    try:
        yield
    except LedgerError:
        raise
    except DbClosedError as error:
        raise LedgerClosed(f"could not {action}: the ledger is closed", remedy="open it anew") from error
    except Exception as error:  # rocksdict raises plain Exception for every status of RocksDB
        raise _ledger_error(action, str(error)) from error


def _ledger_error(action: str, message: str) -> LedgerError:
    if any(sign in message for sign in _LOCK_SIGNS):
        return _locked(action)
    if message.startswith(_CORRUPTION_SIGN):
        return CorruptJournal(
            f"could not {action}: {message}", remedy="restore the directory from its newest backup"
        )
    return StoreError(
        f"could not {action}: {message}", remedy="check the disk's space and health, then open anew"
    )


def _take_lock(path: Path) -> int:
    """An open, locked file descriptor. Raises LedgerLocked where another opening has it."""
    descriptor = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise _locked(f"open {path}") from None
    return descriptor


def _locked(action: str) -> LedgerLocked:
    return LedgerLocked(
        f"could not {action}: another process writes this ledger",
        remedy="stop that process, or open another directory",
    )


def _make_directory(path: Path) -> None:
    """Make `path` and make its name durable in the directory above. Raises StoreError where it holds other
    things."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (path / _LOCK_FILE).exists() and any(path.iterdir()):
            raise StoreError(
                f"{path} holds files that are not a ledger's", remedy="name an empty or a new directory"
            )
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    except OSError as error:
        raise StoreError(
            f"could not make the directory {path}: {error.strerror}",
            remedy="name a directory that can be written",
        ) from error
