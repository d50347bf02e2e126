"""Idempotency keys: the same key and the same request give the same answer, once.

Rules:

1. A key belongs to the fingerprint of its request: method, path, query, media type and body.
2. The first request claims the key, is executed, and its answer is stored durably before it is sent.
3. The same key and fingerprint later: the stored answer, marked ``Idempotency-Replayed: true``. Another
   fingerprint, or the first still being executed: 409.
4. An answer is stored once execution began: every 2xx, 404 and 409 from below. What was refused before (400,
   401, 413, 415, 422 …) and what may pass (5xx) frees the key.
5. Keys are kept ``IDEMPOTENCY_KEPT_SECONDS``. A claim of a process that died is dropped when the file is
   opened again: its request may be executed again, and the ledger's own ids then answer ``exists`` instead
   of booking twice.

The key protects the envelope; ids already make every write idempotent by itself.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinku.api.errors import IdempotencyKeyInUse, IdempotencyKeyReused, IdempotencyKeysFull
from jinku.api.limits import IDEMPOTENCY_KEPT_SECONDS, IDEMPOTENCY_KEYS_MAX
from jinku.base.clock import NS_PER_SECOND
from jinku.base.files import make_private

_KEPT_NS = IDEMPOTENCY_KEPT_SECONDS * NS_PER_SECOND
_SWEEP_ROWS_MAX = 1_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    claimed_at INTEGER NOT NULL,
    status INTEGER,
    media_type TEXT,
    body BLOB
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS answer_claimed_at ON answer (claimed_at);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer."""

    status: int
    media_type: str
    body: bytes


def fingerprint(method: str, target: str, media_type: str, body: bytes) -> bytes:
    """What tells one request from another under the same key."""
    digest = hashlib.sha256()
    for part in (method.encode(), target.encode(), media_type.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


class IdempotencyStore:
    """Claims and answers in one SQLite file; safe to share between threads."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        """`clock` gives ns. Claims left by a process that died are dropped."""
        self._clock = clock
        self._lock = threading.Lock()
        make_private(path)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self._db.execute("DELETE FROM answer WHERE status IS NULL")

    def claim(self, key: str, request: bytes) -> Answer | None:
        """Claim `key` for the request with fingerprint `request`: None, or the answer to replay.

        Raises IdempotencyKeyReused, IdempotencyKeyInUse, IdempotencyKeysFull.
        """
        now = self._clock()
        with self._lock:
            self._sweep(now)
            row = self._db.execute(
                "SELECT fingerprint, status, media_type, body FROM answer WHERE key = ? AND claimed_at > ?",
                (key, now - _KEPT_NS),
            ).fetchone()
            if row is None:
                self._insert(key, request, now)
                return None
        if row[0] != request:
            raise IdempotencyKeyReused(
                "this Idempotency-Key came with another request before",
                remedy="use a new key for a new request",
            )
        if row[1] is None:
            raise IdempotencyKeyInUse(
                "a request with this Idempotency-Key is being executed", remedy="wait for it, then ask again"
            )
        return Answer(*row[1:])

    def _insert(self, key: str, request: bytes, now: int) -> None:
        if self._db.execute("SELECT count(*) FROM answer").fetchone()[0] >= IDEMPOTENCY_KEYS_MAX:
            raise IdempotencyKeysFull(
                f"{IDEMPOTENCY_KEYS_MAX} keys are kept",
                remedy="retry later, or send without a key: ids protect writes",
            )
        self._db.execute(
            "INSERT OR REPLACE INTO answer (key, fingerprint, claimed_at) VALUES (?, ?, ?)",
            (key, request, now),
        )

    def store(self, key: str, answer: Answer) -> None:
        """Make `answer` the one that `key` replays; durable when this returns."""
        with self._lock:
            self._db.execute(
                "UPDATE answer SET status = ?, media_type = ?, body = ? WHERE key = ?",
                (answer.status, answer.media_type, answer.body, key),
            )

    def free(self, key: str) -> None:
        """Give up the claim on `key`; nothing is replayed."""
        with self._lock:
            self._db.execute("DELETE FROM answer WHERE key = ? AND status IS NULL", (key,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _sweep(self, now: int) -> None:
        self._db.execute(
            "DELETE FROM answer WHERE key IN (SELECT key FROM answer WHERE claimed_at <= ? LIMIT ?)",
            (now - _KEPT_NS, _SWEEP_ROWS_MAX),
        )
