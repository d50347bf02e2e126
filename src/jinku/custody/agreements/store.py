"""The book of agreements: versions, decisions, runs and account metadata in one SQLite file.

Rules:

1. Every write is one durable transaction. A version's text and a run's plan are written once and never changed.
2. A version is decided on once; only an approved one can be retired.
3. What a run sets in account metadata becomes visible in the same transaction that marks it booked.
4. May be used by several threads: one at a time.

Example::

    with AgreementStore(Path("agreements.sqlite")) as store:
        store.add("repayment", text, author="clerk-1", at=clock())  # Agreement(version=1, …)
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jinku.base.files import make_private
from jinku.custody.agreements.errors import (
    AgreementsUnavailable,
    AgreementUnknown,
    AlreadyDecided,
    NotApproved,
)
from jinku.custody.agreements.model import Agreement, AgreementStatus, Plan, Run, RunStatus
from jinku.risk.decision.statuses import status_of

BUSY_WAIT_S = 10

_SCHEMA = """
CREATE TABLE IF NOT EXISTS agreement (
    name TEXT NOT NULL, version INTEGER NOT NULL, program TEXT NOT NULL, author TEXT NOT NULL,
    proposed_at INTEGER NOT NULL, status TEXT NOT NULL, decided_by TEXT NOT NULL, decided_at INTEGER NOT NULL,
    reason TEXT NOT NULL, digest BLOB NOT NULL, sealed_entry INTEGER NOT NULL,
    retired_by TEXT NOT NULL, retired_at INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;
CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, request TEXT NOT NULL, plan TEXT NOT NULL, status TEXT NOT NULL,
    ledger_status INTEGER, planned_at INTEGER NOT NULL, ended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS run_planned ON run (id) WHERE status = 'planned';
CREATE TABLE IF NOT EXISTS account_metadata (
    account TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (account, key)
) STRICT;
"""


class AgreementStore:
    """The book in one file; see the module's rules. Raises AgreementsUnavailable where SQLite fails."""

    def __init__(self, path: Path) -> None:
        """Open the book at `path`, and create it, for its owner only, where there is none."""
        self._lock = threading.RLock()
        try:
            make_private(path)
            self._database = sqlite3.connect(
                path, timeout=BUSY_WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise _unavailable(error) from error

    # --- agreements ----------------------------------------------------------------------------------------------

    def add(self, name: str, program: str, author: str, at: int) -> Agreement:
        """Keep `program` as the next version of `name`, proposed by `author`."""
        with self._writing() as database:
            [(last,)] = database.execute(
                "SELECT max(version) FROM agreement WHERE name = ?", (name,)
            ).fetchall()
            made = Agreement(name, (last or 0) + 1, program, author, at)
            row = (made.name, made.version, program, author, at, made.status.value)
            database.execute(
                "INSERT INTO agreement VALUES (?, ?, ?, ?, ?, ?, '', 0, '', x'', -1, '', 0)", row
            )
        return made

    def agreement(self, name: str, version: int) -> Agreement:
        """One version. Raises AgreementUnknown."""
        with self._reading() as database:
            query = "SELECT * FROM agreement WHERE name = ? AND version = ?"
            row = database.execute(query, (name, version)).fetchone()
        if row is None:
            raise AgreementUnknown(f"there is no {name} version {version}", remedy="propose it first")
        return _agreement(row)

    def newest_approved(self, name: str) -> Agreement:
        """The version in force. Raises AgreementUnknown."""
        with self._reading() as database:
            query = "SELECT * FROM agreement WHERE name = ? AND status = ? ORDER BY version DESC LIMIT 1"
            row = database.execute(query, (name, AgreementStatus.APPROVED.value)).fetchone()
        if row is None:
            raise AgreementUnknown(f"no version of {name} is approved", remedy="have one approved")
        return _agreement(row)

    def agreements(self) -> list[Agreement]:
        """Every version of every agreement, by name and number."""
        with self._reading() as database:
            rows = database.execute("SELECT * FROM agreement ORDER BY name, version").fetchall()
        return [_agreement(row) for row in rows]

    def decide(self, decided: Agreement) -> None:
        """Write down the decision on a proposed version. Raises AlreadyDecided."""
        self._change(decided, AgreementStatus.PROPOSED)

    def retire(self, retired: Agreement) -> None:
        """Put an approved version out of force. Raises NotApproved."""
        try:
            self._change(retired, AgreementStatus.APPROVED)
        except AlreadyDecided as error:
            found = self.agreement(retired.name, retired.version)
            raise NotApproved(found.name, found.version, found.status.value) from error

    def _change(self, to: Agreement, before: AgreementStatus) -> None:
        decision = (to.status.value, to.decided_by, to.decided_at, to.reason, to.digest, to.sealed_entry)
        with self._writing() as database:
            changed = database.execute(
                "UPDATE agreement SET status = ?, decided_by = ?, decided_at = ?, reason = ?, digest = ?, "
                "sealed_entry = ?, retired_by = ?, retired_at = ? WHERE name = ? AND version = ? AND status = ?",
                (*decision, to.retired_by, to.retired_at, to.name, to.version, before.value),
            ).rowcount
        if not changed:
            found = self.agreement(to.name, to.version)
            raise AlreadyDecided(found.name, found.version, found.status.value)

    # --- runs ----------------------------------------------------------------------------------------------------

    def plan(self, run_id: int, request: str, plan: Plan, at: int) -> None:
        """Fix what the run `run_id` will book, before anything is sent."""
        with self._writing() as database:
            row = (str(run_id), request, plan.text(), RunStatus.PLANNED.value, at)
            database.execute("INSERT INTO run VALUES (?, ?, ?, ?, NULL, ?, 0)", row)

    def end(self, run: Run, at: int) -> None:
        """Write down what became of a planned run, and the account metadata of a booked one."""
        status = None if run.ledger_status is None else int(run.ledger_status)
        with self._writing() as database:
            database.execute(
                "UPDATE run SET status = ?, ledger_status = ?, ended_at = ? WHERE id = ? AND status = ?",
                (run.status.value, status, at, str(run.id), RunStatus.PLANNED.value),
            )
            if run.status is RunStatus.BOOKED:
                for account, pairs in run.account_metadata.items():
                    for key, value in pairs.items():
                        _put_metadata(database, account, key, value)

    def run(self, run_id: int) -> tuple[Run, str] | None:
        """A run and the request that it was asked for with; None where there is none."""
        with self._reading() as database:
            query = "SELECT id, plan, status, ledger_status, request FROM run WHERE id = ?"
            row = database.execute(query, (str(run_id),)).fetchone()
        return None if row is None else (_run(row), row[4])

    def planned_runs(self) -> list[Run]:
        """Runs whose end is not written down: what a crash left."""
        with self._reading() as database:
            query = "SELECT id, plan, status, ledger_status FROM run WHERE status = 'planned' ORDER BY planned_at, id"
            rows = database.execute(query).fetchall()
        return [_run(row) for row in rows]

    # --- metadata ------------------------------------------------------------------------------------------------

    def metadata(self, account: str, key: str) -> str | None:
        """The text kept for an account under `key`."""
        with self._reading() as database:
            query = "SELECT value FROM account_metadata WHERE account = ? AND key = ?"
            row = database.execute(query, (account, key)).fetchone()
        return None if row is None else str(row[0])

    def put_metadata(self, account: str, key: str, value: str) -> None:
        """Keep a text for an account under `key`, in place of what was there."""
        with self._writing() as database:
            _put_metadata(database, account, key, value)

    # --- life ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise _unavailable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                raise _unavailable(error) from error
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")


def _agreement(row: tuple[Any, ...]) -> Agreement:
    name, version, program, author, proposed_at, status, *decision = row
    return Agreement(name, version, program, author, proposed_at, AgreementStatus(status), *decision)


def _run(row: tuple[Any, ...]) -> Run:
    status = None if row[3] is None else status_of(row[3])
    return Run(int(row[0]), Plan.of(row[1]), RunStatus(row[2]), status)


def _put_metadata(database: sqlite3.Connection, account: str, key: str, value: str) -> None:
    database.execute("INSERT OR REPLACE INTO account_metadata VALUES (?, ?, ?)", (account, key, value))


def _unavailable(error: Exception) -> AgreementsUnavailable:
    return AgreementsUnavailable(
        f"the book of agreements does not answer: {type(error).__name__}",
        remedy="check the file and its directory",
    )
