"""The bank's own books: double entry in SQLite, and the oracle of what really left.

Rules:

1. An entry moves an amount from one account to another; the sum of all accounts is zero at every instant. An account is
   ``USER:n`` (a customer's money), ``HELD:n`` (held for a request), ``POOL`` (the pool account of the file interface),
   ``FEE`` or ``OUTSIDE`` (everybody else's banks).
2. A request has one number and one content. What left for it and what came back are rows of their own: `outside`.
3. Everything that one request changes is one transaction. What is written survives the death of the process.

Example::

    with books.writing():
        books.move("17", "USER:9", "OUTSIDE", 100)
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.base.closing import Closing
from jinku.sim.custodian.errors import NotEnough

OUTSIDE, POOL, FEE = "OUTSIDE", "POOL", "FEE"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY, request TEXT NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), day TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS entry_debit ON entry (debit);
CREATE INDEX IF NOT EXISTS entry_credit ON entry (credit);
CREATE TABLE IF NOT EXISTS request (
    number TEXT PRIMARY KEY, service TEXT NOT NULL, digest BLOB NOT NULL, status TEXT NOT NULL, user TEXT NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, bank_no TEXT NOT NULL UNIQUE, day TEXT NOT NULL,
    due TEXT NOT NULL, fate TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    told TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS request_due ON request (status, due);
CREATE INDEX IF NOT EXISTS request_told ON request (told) WHERE told <> status;
CREATE TABLE IF NOT EXISTS outside (
    number TEXT NOT NULL, payee TEXT NOT NULL, amount INTEGER NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS heard (number TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nonce (nonce TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS thing (kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind,
name)) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the bank keeps it."""

    number: str
    service: str
    digest: bytes
    status: str
    user: str
    amount: int
    currency: str
    bank_no: str
    day: str
    due: str
    fate: str
    reason: str
    detail: str
    told: str


class Books(Closing):
    """See the module's rules. One thread at a time is let in."""

    def __init__(self, path: Path) -> None:
        """Open the books at `path`, and make them where there are none."""
        self._lock = threading.RLock()
        self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(
            "PRAGMA synchronous = NORMAL"
        )  # survives the process, not the machine: a simulator
        self.database.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; may be entered again inside itself."""
        with self._lock:
            if self.database.in_transaction:
                yield self.database
                return
            self.database.execute("BEGIN IMMEDIATE")
            end = "ROLLBACK"
            try:
                yield self.database
                end = "COMMIT"
            finally:
                self.database.execute(end)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        with self._lock:
            return self.database.execute(query, values).fetchall()

    # --- money ---------------------------------------------------------------------------------------------------

    def move(self, request: str, source: str, target: str, amount: int) -> None:
        """An entry from one account to another. Raises NotEnough where a customer's account would be overdrawn."""
        with self.writing() as database:
            if source != OUTSIDE and self.balance(source) < amount:
                raise NotEnough(source, amount)
            for name, change in ((source, -amount), (target, amount)):
                database.execute(
                    "INSERT INTO account VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET balance = balance + excluded.balance",
                    (name, change),
                )
            row = (request, source, target, amount, self.day)
            database.execute(
                "INSERT INTO entry (request, debit, credit, amount, day) VALUES (?, ?, ?, ?, ?)", row
            )

    def outside(self, number: str, payee: str, amount: int, kind: str) -> None:
        """Write down what left for a request (`amount` > 0) or came back (< 0)."""
        with self.writing() as database:
            database.execute(
                "INSERT INTO outside VALUES (?, ?, ?, ?, ?)", (number, payee, amount, self.day, kind)
            )

    def balance(self, account: str) -> int:
        """What an account has."""
        found = self.rows("SELECT balance FROM account WHERE name = ?", account)
        return int(found[0][0]) if found else 0

    def balanced(self) -> bool:
        """Whether all accounts sum to zero and each is the sum of its entries."""
        sums = self.rows("SELECT coalesce(sum(balance), 0) FROM account")[0][0] == 0
        query = (
            "SELECT count(*) FROM account a WHERE a.balance <> "
            "(SELECT coalesce(sum(e.amount), 0) FROM entry e WHERE e.credit = a.name) - "
            "(SELECT coalesce(sum(e.amount), 0) FROM entry e WHERE e.debit = a.name)"
        )
        return bool(sums) and self.rows(query)[0][0] == 0

    # --- requests ------------------------------------------------------------------------------------------------

    def request(self, number: str) -> Asked | None:
        """A request by its number."""
        found = self.rows("SELECT * FROM request WHERE number = ?", number)
        return Asked(*found[0]) if found else None

    def requests(self, condition: str, *values: Any) -> list[Asked]:
        """Requests by an SQL condition of the simulator's own."""
        return [Asked(*row) for row in self.rows(f"SELECT * FROM request WHERE {condition}", *values)]  # noqa: S608

    def keep(self, asked: Asked) -> None:
        """A new request."""
        row = tuple(getattr(asked, name) for name in Asked.__dataclass_fields__)
        with self.writing() as database:
            database.execute(f"INSERT INTO request VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608

    def change(self, number: str, **values: str) -> None:
        """Another status, due day, reason …"""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.writing() as database:
            database.execute(f"UPDATE request SET {names} WHERE number = ?", (*values.values(), number))  # noqa: S608

    def next_number(self) -> str:
        """A bank reference."""
        [[last]] = self.rows("SELECT max(rowid) FROM request")
        return f"B{(last or 0) + 1:012d}"

    def hear(self, number: str) -> int:
        """How often a number was heard before; now once more."""
        with self.writing() as database:
            query = (
                "INSERT INTO heard VALUES (?, 1) "
                "ON CONFLICT (number) DO UPDATE SET times = times + 1 RETURNING times"
            )
            return int(database.execute(query, (number,)).fetchone()[0]) - 1

    def use_nonce(self, nonce: str, at: int, forget_before: int) -> bool:
        """Whether a nonce is new."""
        with self.writing() as database:
            database.execute("DELETE FROM nonce WHERE at < ?", (forget_before,))
            return database.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?)", (nonce, at)).rowcount == 1

    # --- the rest ------------------------------------------------------------------------------------------------

    @property
    def day(self) -> str:
        """The bank's date."""
        return self.meta("day")

    def meta(self, key: str) -> str:
        """A setting; empty where there is none."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(found[0][0]) if found else ""

    def set_meta(self, key: str, value: str) -> None:
        """Keep a setting."""
        with self.writing() as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def thing(self, kind: str, name: str) -> str | None:
        """A user's card, a project …, as JSON text."""
        found = self.rows("SELECT value FROM thing WHERE kind = ? AND name = ?", kind, name)
        return str(found[0][0]) if found else None

    def set_thing(self, kind: str, name: str, value: str) -> None:
        """Keep one."""
        with self.writing() as database:
            database.execute("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", (kind, name, value))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self.database.close()
