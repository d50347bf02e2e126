"""The desk where statement files are taken in and reconciled, and where both are kept beside the ledger.

Rules:

1. A statement file is kept by the SHA-256 of its bytes under ``statements/`` before the register names it, so that
   whatever the register names is there; a refused file leaves nothing.
2. A reconciliation is kept under ``reconciliations/`` by an id that follows from statement and account, so asking
   again gives the same one, newly computed from the ledger as it stands.
3. Statements of one account are reconciled in their order: what the one before left open, on our side and on the
   bank's, is kept beside it and expected again (`jinku.custody.reconciliation.carried`). A report within the day
   leaves nothing.
4. One file is taken in at a time.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from jinku.base.clock import Clock
from jinku.base.errors import InputError
from jinku.base.files import replace_durably
from jinku.base.ids import derived_id
from jinku.custody.errors import NotKept
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.model import Reconciliation
from jinku.custody.reconciliation.sources import Period, ledger_records
from jinku.custody.statements.formats import ReadOptions, read_statement
from jinku.custody.statements.formats.csv import mappings_in
from jinku.custody.statements.intake import Accepted, AcceptedFile, Intake
from jinku.custody.statements.model import Statement, StatementKind
from jinku.ledger.service import Ledger

REGISTER_FILE = "statements.db"
MAPPINGS_DIRECTORY = "mappings"
"""Where a data directory has the mappings of its banks' CSV files, one TOML file each."""
_SUFFIX = ".statement"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciliation and the id that it is kept by."""

    number: int
    statement_sha256: str
    account_id: int
    result: Reconciliation


Screen = Callable[[Sequence[Statement], str], None]
"""Statements of a file and its name → raises where they must not be taken in."""


def _nothing_closed(_statements: Sequence[Statement], _name: str) -> None:
    """The screen of a house that closes no days."""


class StatementDesk:
    """See the module's rules. Safe to share between threads."""

    def __init__(self, directory: Path, clock: Clock, screen: Screen = _nothing_closed) -> None:
        """`screen` refuses statements that must not be taken in, before anything of their file is kept."""
        self._register = directory / REGISTER_FILE
        self._files = directory / "statements"
        self._mappings = directory / MAPPINGS_DIRECTORY
        self._kept = directory / "reconciliations"
        self._clock, self._screen = clock, screen
        self._lock = threading.Lock()

    def accept(self, data: bytes, name: str) -> Accepted:
        """Read, check, keep and register one file of any format.

        Raises InputError, DuplicateFile, IntakeUnavailable, and what the desk's `screen` raises.
        """
        path = self._files / f"{hashlib.sha256(data).hexdigest()}{_SUFFIX}"
        with self._lock, Intake(self._register, self._clock) as intake:
            known = path.exists()
            options = self._options()
            statements = read_statement(data, name, options)  # nothing is kept of a file that cannot be read
            if not known:
                self._screen(statements, name)
            self._files.mkdir(mode=0o700, exist_ok=True)
            replace_durably(path, data, 0o600)
            try:
                return intake.accept(data, name, options=options)
            except InputError:
                if not known:
                    path.unlink()
                raise

    def _options(self) -> ReadOptions:
        return ReadOptions().with_mappings(mappings_in(self._mappings))

    def files(self) -> list[AcceptedFile]:
        """Every accepted file, in order of acceptance. Raises IntakeUnavailable."""
        with self._lock, Intake(self._register, self._clock) as intake:
            return intake.files()

    def statements(self, digest: str) -> list[Statement]:
        """The statements of the accepted file with this SHA-256. Raises NotKept."""
        path = self._files / f"{digest}{_SUFFIX}"
        if not _DIGEST.fullmatch(digest) or not path.exists():
            raise NotKept(
                "there is no statement file with this SHA-256", remedy="ask for the list of accepted files"
            )
        return read_statement(path.read_bytes(), digest[:12], self._options())

    @property
    def directory(self) -> Path:
        """Where accepted files lie, each by its SHA-256."""
        return self._files

    def ended_on(self, path: Path) -> date | None:
        """The last day that an accepted file speaks of; None where it cannot be read any more."""
        try:
            return max((one.to_date for one in self.statements(path.name.partition(".")[0])), default=None)
        except (NotKept, InputError):
            return None

    def reconcile(self, ledger: Ledger, digest: str, place: int, account_id: int) -> Reconciled:
        """Reconcile statement number `place` (from 0) of a file with the account that mirrors it; keep the result.

        Raises NotKept for an unknown file, place or account, InputError for an account whose transfers name no day.
        """
        statements = self.statements(digest)
        if place >= len(statements):
            raise NotKept(f"the file has {len(statements)} statements", remedy="count from 0")
        if not ledger.lookup_accounts([account_id]):
            raise NotKept(
                f"there is no account {account_id}", remedy="name the account that mirrors the bank's"
            )
        one = statements[place]
        until, left = _newest(ledger), self._left_before(one, account_id)
        period = Period(since=left.until + 1, until=until)
        ours = ledger_records(ledger, account_id, one.account, one.currency.code, period)
        result = reconcile(one, ours, carried=left)
        if one.kind is StatementKind.STATEMENT:
            self._leave(one, account_id, result.carried.read_until(until))
        number = derived_id("api/reconciliation", digest, str(place), str(account_id))
        return Reconciled(number, digest, account_id, result)

    def _left_before(self, one: Statement, account_id: int) -> Carried:
        """What the newest statement before this one left open; nothing where it is the first."""
        series, own = _series(one, account_id), _order(one)
        earlier = [path for path in self._kept.glob(f"{series}.*.carried") if path.name.split(".")[1] < own]
        if not earlier:
            return Carried()
        return Carried.from_bytes(max(earlier, key=lambda path: path.name).read_bytes())

    def _leave(self, one: Statement, account_id: int, left: Carried) -> None:
        with self._lock:
            self._kept.mkdir(mode=0o700, exist_ok=True)
            path = self._kept / f"{_series(one, account_id)}.{_order(one)}.carried"
            replace_durably(path, left.to_bytes(), 0o600)

    def keep(self, number: int, document: dict[str, Any]) -> None:
        """Keep the rendered reconciliation under its id."""
        with self._lock:
            self._kept.mkdir(mode=0o700, exist_ok=True)
            replace_durably(self._kept / f"{number:032x}.json", orjson.dumps(document), 0o600)

    def kept(self, number: int) -> bytes:
        """The rendered reconciliation with this id. Raises NotKept."""
        path = self._kept / f"{number:032x}.json"
        if not path.exists():
            raise NotKept(f"there is no reconciliation {number}", remedy="reconcile first")
        return path.read_bytes()


def _series(one: Statement, account_id: int) -> str:
    """A name for the statements of one account at the bank, reconciled with one of ours."""
    return f"{derived_id('api/series', one.account, one.currency.code, str(account_id)):032x}"


def _order(one: Statement) -> str:
    """A text that sorts as the statements of an account follow one another."""
    return f"{one.to_date.isoformat()}-{one.sequence:012d}"


def _newest(ledger: Ledger) -> int:
    """The moment of the newest durable entry, in ns; 0 for an empty ledger."""
    size = ledger.size()
    return int(ledger.entries(size - 1, 1)["timestamp"][0]) if size else 0
