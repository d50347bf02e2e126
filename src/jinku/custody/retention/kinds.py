"""Kinds of record that custody keeps: files in a directory, and what persons wrote about breaks.

Example::

    FileRecords("statement file", directory / "statements", lambda path: day_of_statement(path))
    BreakWords(database)
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from jinku.base.database import Database
from jinku.base.files import sync_directory
from jinku.custody.breaks.model import words_of
from jinku.custody.breaks.store import BREAKS, case_ids, erase_words, read_case, read_events
from jinku.custody.retention.office import Record


class FileRecords:
    """The files of a directory and the directories in it; `ended_on` says from which day a file's term counts."""

    def __init__(self, name: str, directory: Path, ended_on: Callable[[Path], date | None]) -> None:
        self.name, self._directory, self._ended_on = name, directory, ended_on

    def records(self) -> Iterator[Record]:
        """Every file, by its path within the directory."""
        for path in sorted(self._directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield self._record(path)

    def find(self, key: str) -> Record | None:
        """One file; None where it is gone."""
        path = self._path(key)
        return self._record(path) if path.is_file() and not path.is_symlink() else None

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Delete one file, durably."""
        path = self._path(key)
        path.unlink(missing_ok=True)
        sync_directory(path.parent)

    def _path(self, key: str) -> Path:
        path = self._directory / key
        inside = path.parent.resolve().is_relative_to(self._directory.resolve())
        return path if inside and path.name == Path(key).name else self._directory / "none"

    def _record(self, path: Path) -> Record:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Record(str(path.relative_to(self._directory)), self._ended_on(path), digest)


class BreakWords:
    """What persons wrote in the histories of ended breaks; the facts and every digest stay."""

    name = "break"

    def __init__(self, database: Database) -> None:
        database.add(BREAKS)
        self._database = database

    def records(self) -> Iterator[Record]:
        """Every break in whose history something is written."""
        with self._database.reading() as connection:
            ids = case_ids(connection)
        for one in ids:
            record = self.find(one)
            if record is not None:
                yield record

    def find(self, key: str) -> Record | None:
        """One break; None where nothing is written."""
        with self._database.reading() as connection:
            case = read_case(connection, int(key, 16))
            events = read_events(connection, case.id)
        if not any(any(words_of(one.body).values()) for one in events):
            return None
        return Record(f"{case.id:032x}", case.ended, case.head)

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Erase the words of one break."""
        with self._database.writing() as connection:
            erase_words(connection, int(key, 16))
