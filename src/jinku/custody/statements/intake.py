"""The register of accepted statement files: each file and each statement once, durable, all or nothing.

Rules:

1. A file is known by the SHA-256 of its bytes. The same bytes under any name are refused, naming the day and the name
   under which they were accepted.
2. A statement is known by account, currency, kind and its id, and, where it is one of a closed period and has a
   sequence number, by that in its year. A new file with a known statement, or with a known message id, is refused.
3. A file is accepted in one durable transaction with all its statements, after it was read and checked whole; a
   refused file leaves no trace.
4. Gaps to the statements accepted before (a missing sequence number, a closing balance that the next does not open
   with) do not refuse a file: they are findings for a person.

Example::

    with Intake(Path("intake.sqlite")) as intake:
        accepted = intake.accept(Path("2026-11-20.xml"))
"""

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinku.base.clock import Clock, to_rfc3339
from jinku.base.closing import Closing
from jinku.base.errors import InputError
from jinku.base.files import make_private
from jinku.custody.errors import DuplicateFile, IntakeUnavailable
from jinku.custody.statements.formats import ReadOptions, read_statement
from jinku.custody.statements.model import (
    Finding,
    Statement,
    check_duplicate_lines,
    check_follows,
    check_sequence,
)

BUSY_WAIT_S = 10

_SCHEMA = """
CREATE TABLE IF NOT EXISTS file (
    sha256 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS statement (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    from_date TEXT NOT NULL,
    to_date TEXT NOT NULL,
    opening INTEGER NOT NULL,
    closing INTEGER NOT NULL,
    closing_given INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES file,
    PRIMARY KEY (account, currency, kind, statement_id)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS statement_sequence ON statement (account, currency, substr(to_date, 1, 4), sequence)
    WHERE sequence > 0 AND kind = 'statement';
"""


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """One row of the register."""

    sha256: str
    name: str
    message_id: str
    size: int
    accepted_at: int
    """UTC ns."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of accepting a file."""

    file: AcceptedFile
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]
    """What a person should look at; see rule 4."""


class Intake(Closing):
    """The register in one SQLite file; see the module's rules. Use from one thread."""

    def __init__(self, path: Path, clock: Clock = time.time_ns) -> None:
        """Open the register at `path`, and create it where there is none. Raises IntakeUnavailable."""
        self._clock = clock
        try:
            make_private(path)
            self._database = sqlite3.connect(path, timeout=BUSY_WAIT_S, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("PRAGMA foreign_keys = ON")
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise _unavailable(error) from error

    def accept(self, source: Path | bytes, name: str = "", *, options: ReadOptions | None = None) -> Accepted:
        """Read, check and register one file of any format. Raises InputError, DuplicateFile, IntakeUnavailable."""
        options = options or ReadOptions()
        name = name or (source.name if isinstance(source, Path) else "")
        data = _bytes(source, name, options.limits.file_bytes_max)
        digest = hashlib.sha256(data).hexdigest()
        self._refuse("sha256", digest, name, "these bytes")
        statements = read_statement(data, name, options)
        file = AcceptedFile(digest, name, statements[0].message_id, len(data), self._clock())
        self._refuse("message_id", file.message_id, name, f"message {file.message_id}")
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                findings = self._findings(statements)
                self._insert(file, statements)
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
        except sqlite3.IntegrityError:
            raise self._duplicate_statement(statements, name) from None
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        return Accepted(file, tuple(statements), findings)

    def files(self) -> list[AcceptedFile]:
        """Every accepted file, in order of acceptance."""
        rows = self._database.execute(
            "SELECT sha256, name, message_id, bytes, accepted_at FROM file ORDER BY accepted_at, rowid"
        )
        return [AcceptedFile(*row) for row in rows]

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def _refuse(self, column: str, value: str, name: str, what: str) -> None:
        """Raise DuplicateFile where a file with this digest or message id is there."""
        query = {
            "sha256": "SELECT name, accepted_at FROM file WHERE sha256 = ?",
            "message_id": "SELECT name, accepted_at FROM file WHERE message_id = ?",
        }[column]
        row = self._database.execute(query, (value,)).fetchone()
        if row is not None:
            raise _duplicate(name, what, column, value, row)

    def _insert(self, file: AcceptedFile, statements: Sequence[Statement]) -> None:
        self._database.execute(
            "INSERT INTO file VALUES (?, ?, ?, ?, ?)",
            (file.sha256, file.name, file.message_id, file.size, file.accepted_at),
        )
        self._database.executemany(
            "INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.account,
                    one.currency.code,
                    one.kind.value,
                    one.statement_id,
                    one.sequence,
                    one.from_date.isoformat(),
                    one.to_date.isoformat(),
                    one.opening,
                    one.closing,
                    one.closing_given,
                    len(one.entries),
                    file.sha256,
                )
                for one in statements
            ],
        )

    def _findings(self, statements: Sequence[Statement]) -> tuple[Finding, ...]:
        """Lines that stand twice, and gaps among `statements` and to the one accepted before the first of them."""
        found = [finding for one in statements for finding in check_duplicate_lines(one)]
        found += check_sequence(statements)
        firsts: dict[tuple[str, str, str], Statement] = {}
        for one in statements:
            key = (one.account, one.currency.code, one.kind.value)
            if key not in firsts or _place(one) < _place(firsts[key]):
                firsts[key] = one
        for key, one in firsts.items():
            year = f"{one.to_date.year:04d}"
            row = self._database.execute(
                "SELECT sequence, to_date, closing, closing_given FROM statement"
                " WHERE account = ? AND currency = ? AND kind = ? AND (substr(to_date, 1, 4) < ?"
                " OR (substr(to_date, 1, 4) = ? AND sequence < ?) OR (sequence = 0 AND to_date < ?))"
                " ORDER BY substr(to_date, 1, 4) DESC, sequence DESC, to_date DESC LIMIT 1",
                (*key, year, year, one.sequence, one.from_date.isoformat()),
            ).fetchone()
            if row is not None:
                sequence, to_date, closing, given = row
                found += check_follows(sequence, date.fromisoformat(to_date), closing, one, bool(given))
        return tuple(found)

    def _duplicate_statement(self, statements: Sequence[Statement], name: str) -> InputError:
        for one in statements:
            row = self._database.execute(
                "SELECT file.name, accepted_at FROM statement JOIN file USING (sha256) WHERE account = ?"
                " AND currency = ? AND kind = ? AND (statement_id = ?"
                " OR (sequence > 0 AND sequence = ? AND substr(to_date, 1, 4) = ?))",
                (
                    one.account,
                    one.currency.code,
                    one.kind.value,
                    one.statement_id,
                    one.sequence,
                    f"{one.to_date.year:04d}",
                ),
            ).fetchone()
            if row is not None:
                what = f"statement {one.statement_id} (no. {one.sequence}) of this account"
                return _duplicate(name, what, "Stmt/Id", one.statement_id, row)
        return InputError(
            "was accepted meanwhile", file=name, field="GrpHdr/MsgId", value=statements[0].message_id
        )


def _bytes(source: Path | bytes, name: str, bytes_max: int) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with source.open("rb") as file:
            return file.read(bytes_max + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=name, remedy="check the path") from None


def _place(one: Statement) -> tuple[int, int]:
    return one.to_date.year, one.sequence


def _duplicate(name: str, what: str, field: str, value: str, row: tuple[str, int]) -> DuplicateFile:
    earlier, accepted_at = row
    return DuplicateFile(
        f"{what} came before, in {earlier or 'a file without a name'}, accepted {to_rfc3339(accepted_at)}",
        file=name,
        field=field,
        value=value,
        remedy="nothing was changed; ask the bank if it meant to send something new",
    )


def _unavailable(error: sqlite3.Error | OSError) -> IntakeUnavailable:
    return IntakeUnavailable(
        f"the register of files failed: {error}", remedy="check the disk and who else has it open"
    )
