"""A copy of a house, taken while it runs or while it rests.

Rules (R21):

1. Order makes the parts fit: first the log (its checkpoint before its tiles), then control databases, then other
   files, the ledger last. So the copied journal never lags behind the copied log, nor behind a document that names
   one of its entries; a database never names a file that was not there yet.
2. A database file is copied by SQLite's own online backup, as of one moment.
3. The embedded ledger is copied without its help: table and blob files are written once and never changed; the
   write-ahead logs are copied last, from the oldest on; and all of it is copied again until the manifest was the
   same before and after. What was acknowledged before the copy began is in it; a record cut off at the end is one
   that nobody had been told of.
4. Nothing in the source is changed. The copy goes to a new directory, for its owner only, and holds the signing
   keys: it is as secret as the house. It must never be served while the house lives, or two logs would grow under
   one name.
5. A ledger or control database on a server is copied by the server's own means, and is refused here.

Example::

    copied = copy_house(Path("jinku-data"), Path("drill"))
    copied.checkpoint_size, copied.files
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jinku.base.files import sync_directory
from jinku.custody.retention.errors import BackupFailed
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.recovery import CHECKPOINT_NAME

HOUSE_FILE, LEDGER, LOG, VKEYS = "house.json", "ledger", "log", "log.vkey"
ATTEMPTS_MAX = 40
PAUSE_S = 0.05
_SQLITE = b"SQLite format 3\0"
_SIDE_FILES = ("-wal", "-shm", "-journal")
_NOT_COPIED = ("LOCK", "jinku.lock")
_LOCK_FILE = "jinku.lock"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied."""

    source: Path
    directory: Path
    origin: str
    checkpoint_size: int
    """Entries under the source's checkpoint when the copy began: all of them must be in it."""
    checkpoint_root: str
    files: int
    size_bytes: int
    attempts: int
    """How often the ledger's files were copied until they stood still."""


def copy_house(source: Path, to: Path) -> Copied:
    """Copy the data directory `source` to the new directory `to`. Raises BackupFailed."""
    settings = _settings(source)
    if to.exists() and any(to.iterdir()):
        raise BackupFailed(f"{to} is not empty", remedy="name a new directory")
    if to.resolve().is_relative_to(source.resolve()):
        raise BackupFailed(f"{to} lies within the house", remedy="name a directory outside of it")
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    to.chmod(0o700)
    try:
        checkpoint = _copy_log(source / LOG, to / LOG)
        for path in _others(source, databases=True):
            _copy_database(path, to / path.relative_to(source))
        for path in _others(source, databases=False):
            _copy(path, to / path.relative_to(source))
        attempts = _copy_ledger(source / LEDGER, to / LEDGER)
        _sync(to)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(
            f"the house could not be copied: {type(error).__name__}",
            remedy="check space and rights, then again",
        ) from error
    files = [path for path in to.rglob("*") if path.is_file()]
    return Copied(
        source,
        to,
        str(settings["origin"]),
        checkpoint.size,
        checkpoint.root.hex(),
        len(files),
        sum(path.stat().st_size for path in files),
        attempts,
    )


def _settings(source: Path) -> dict[str, object]:
    try:
        settings: dict[str, object] = json.loads((source / HOUSE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupFailed(
            f"{source} is no data directory", remedy="name the directory of a house"
        ) from error
    for name, what in (("ledger", "ledger"), ("control", "control database")):
        if settings.get(name):
            raise BackupFailed(
                f"the {what} is on a server",
                remedy="back it up by the server's own means, restore it elsewhere, then `jinku drill check` there",
            )
    return settings


def _copy_log(source: Path, to: Path) -> SignedCheckpoint:
    """The checkpoint first: the tiles that it needs are there before it, and stay, or become full ones."""
    raw = (source / CHECKPOINT_NAME).read_bytes()
    to.mkdir(parents=True)
    (to / CHECKPOINT_NAME).write_bytes(raw)
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and str(relative) != CHECKPOINT_NAME and not path.name.startswith("."):
            try:
                _copy(path, to / relative)
            except FileNotFoundError:  # a partial tile whose full one was published meanwhile
                continue
    for path in sorted(source.glob("tile/**/*")):  # those full ones
        if path.is_file() and not (to / path.relative_to(source)).exists():
            _copy(path, to / path.relative_to(source))
    return SignedCheckpoint.parse(raw)


def _others(source: Path, *, databases: bool) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        top = path.relative_to(source).parts[0]
        if top in (LEDGER, LOG) or path.is_symlink() or not path.is_file() or path.name.endswith(_SIDE_FILES):
            continue
        if path.name.startswith(".") and path.name.endswith(".new"):  # a draft on its way to its name
            continue
        if _is_database(path) is databases:
            yield path


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _copy_database(source: Path, to: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    to.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(to)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")


def _copy_ledger(source: Path, to: Path) -> int:
    """Rule 3; how many attempts it took."""
    to.mkdir(mode=0o700, parents=True)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            before = _manifest(source)
            names = {path.name for path in source.iterdir() if path.is_file()}
            plain = sorted(name for name in names if not name.endswith(".log") and not _skipped(name))
            for name in plain:
                _copy_grown(source / name, to / name)
            logs = sorted((one.name for one in source.glob("*.log")), key=lambda name: int(name[:-4]))
            for name in logs:
                _copy(source / name, to / name)
            if _manifest(source) == before:
                kept = {*plain, *logs}
                for path in to.iterdir():
                    if path.name not in kept:
                        path.unlink()
                (to / _LOCK_FILE).touch(mode=0o600)
                return attempt
        except FileNotFoundError:  # compacted away meanwhile
            pass
        time.sleep(PAUSE_S)
    raise BackupFailed(
        f"the ledger's files did not stand still for {ATTEMPTS_MAX} copies",
        remedy="try again when it is quieter",
    )


def _manifest(source: Path) -> tuple[str, int]:
    """Which manifest is in force, and how long it is: it grows with every change of the set of files."""
    name = (source / "CURRENT").read_text(encoding="ascii").strip()
    return name, (source / name).stat().st_size


def _skipped(name: str) -> bool:
    return name in _NOT_COPIED or name == "LOG" or name.startswith("LOG.") or name.endswith(".dbtmp")


def _copy_grown(source: Path, to: Path) -> None:
    """Copy a file, or keep what an earlier attempt copied of one that is written once."""
    if to.exists() and source.suffix in (".sst", ".blob") and to.stat().st_size == source.stat().st_size:
        return
    _copy(source, to)


def _copy(source: Path, to: Path) -> None:
    """The bytes that are there when it is read, and its mode."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = source.stat().st_mode & 0o777
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as new, source.open("rb") as old:
        shutil.copyfileobj(old, new, _CHUNK_BYTES)
        new.flush()
        os.fsync(new.fileno())


def _sync(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        if path.is_dir():
            sync_directory(path)
