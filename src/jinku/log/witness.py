"""A witness: cosigns a log's checkpoints as long as it only ever appends (https://c2sp.org/tlog-witness).

Rules, in the order in which a request is checked:

1. The body is an old size line, at most 63 proof lines, an empty line and a checkpoint; else 400.
2. An unknown origin: 404. No signature by a key trusted for it, or a wrong one: 403.
3. An old size above the checkpoint's: 400.
4. An old size that is not that of the latest cosigned checkpoint (0 before the first): 409 with that size.
5. A consistency proof that does not hold, another root at the same size, or a root of an empty tree that
   is not the
   empty tree's: 422.
6. The new checkpoint is durable, by a compare-and-set in the witness's database, before its cosignature
   leaves the
   witness; a lost race is a 409 like any other. So no cosignature can contradict an earlier one.

The core takes bytes and gives a `Response`; `jinku.log.witness_http` puts it on the network.

Example::

    witness = Witness(Path("witness.db"), [signer], {"example.com/log": [log_key]})
    witness.add_checkpoint(body).status  # 200
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.signer import Signer
from jinku.crypto.vkey import VerifierKey
from jinku.log.checkpoint import ORIGIN_BYTES_MAX, Checkpoint
from jinku.log.consistency import ConsistencyProof
from jinku.log.errors import NoteFormatError, ProofInvalidError
from jinku.log.merkle import EMPTY_ROOT
from jinku.log.note import Note
from jinku.log.proof import verify_consistency
from jinku.log.signature import cosignature_type, cosigner_key, sign, verify_note

SIZE_CONTENT_TYPE = "text/x.tlog.size"
TEXT_CONTENT_TYPE = "text/plain; charset=utf-8"
BUSY_TIMEOUT_S = 10.0
_NS_PER_S = 1_000_000_000

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = TEXT_CONTENT_TYPE


class Witness:
    """See the module's rules. Thread-safe; several processes may share one database.

    Raises NoteFormatError for no signer or an origin that no cosignature can hold. `signers` are the
    witness's own keys, `logs` the keys trusted for each origin, `clock` gives nanoseconds.
    """

    def __init__(
        self,
        database: Path,
        signers: Sequence[Signer],
        logs: Mapping[str, Sequence[VerifierKey]],
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        if not signers:
            raise NoteFormatError("a witness needs at least one signer")
        if long := [origin for origin in logs if len(origin.encode()) > ORIGIN_BYTES_MAX]:
            raise NoteFormatError(f"{long[0][:80]!r}… is longer than {ORIGIN_BYTES_MAX} bytes: no origin")
        self.keys = tuple(cosigner_key(signer) for signer in signers)
        """The public keys by which this witness's cosignatures are verified."""
        self._signers = tuple(signers)
        self._logs = {origin: tuple(keys) for origin, keys in logs.items()}
        self._clock = clock
        self._busy = threading.Lock()
        self._database = sqlite3.connect(
            database, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS latest (origin TEXT PRIMARY KEY, origin_hash TEXT NOT NULL UNIQUE,"
            " size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL) STRICT"
        )

    def add_checkpoint(self, body: bytes) -> Response:
        """Answer ``POST /add-checkpoint``."""
        try:
            request = ConsistencyProof.parse(body)  # 1
        except NoteFormatError as error:
            return _refusal(400, error.message)
        new = request.checkpoint.checkpoint
        origin = new.origin
        keys = self._logs.get(origin)
        if keys is None:  # 2
            return _refusal(404, f"unknown origin {origin!r}")
        try:
            trusted = verify_note(request.checkpoint.note, keys)
        except SignatureInvalidError as error:
            return _refusal(403, error.message)
        if not trusted:
            return _refusal(403, f"no signature by a key trusted for {origin!r}")
        if request.old_size > new.size:  # 3
            return _refusal(400, f"old size {request.old_size} is above the checkpoint's {new.size}")
        size, root = self.latest(origin)
        if request.old_size != size:  # 4
            return _conflict(size)
        try:
            if new.size == 0 and new.root != EMPTY_ROOT:  # 5
                raise ProofInvalidError("the root of an empty tree is the hash of nothing")
            verify_consistency(size, new.size, request.path, root, new.root)
        except ProofInvalidError as error:
            _logger.warning("log %r is not consistent at size %d: %s", origin, new.size, error.message)
            return _refusal(422, error.message)
        signed = Note(request.checkpoint.note.text, tuple(verified.line for verified in trusted))
        return self._cosign(new, (size, root), signed)

    def latest(self, origin: str) -> tuple[int, bytes]:
        """Size and root of the latest cosigned checkpoint of `origin`; the empty tree's before the first."""
        with self._busy:
            row = self._database.execute(
                "SELECT size, root FROM latest WHERE origin = ?", (origin,)
            ).fetchone()
        return (int(row[0]), bytes(row[1])) if row else (0, EMPTY_ROOT)

    def checkpoint(self, origin_hash: str) -> Response:
        """Answer ``GET /<origin hash>/checkpoint``: the latest cosigned checkpoint of a log, by SHA-256 of
        its origin."""
        with self._busy:
            row = self._database.execute(
                "SELECT note FROM latest WHERE origin_hash = ?", (origin_hash,)
            ).fetchone()
        return (
            Response(200, bytes(row[0])) if row else _refusal(404, "no checkpoint of this log was cosigned")
        )

    def close(self) -> None:
        """Release the database."""
        with self._busy:
            self._database.close()

    def _cosign(self, new: Checkpoint, old: tuple[int, bytes], signed: Note) -> Response:
        """Step 6."""
        now_s = self._clock() // _NS_PER_S
        text = signed.text
        lines = [sign(signer, cosignature_type(signer.algorithm), text, now_s) for signer in self._signers]
        if not self._advance(new, old, signed.adding(lines).encode()):
            return _conflict(self.latest(new.origin)[0])
        return Response(200, "".join(map(str, lines)).encode())

    def _advance(self, new: Checkpoint, old: tuple[int, bytes], note: bytes) -> bool:
        """Make `new` the latest if `old` still is; whether it was."""
        origin_hash = sha256(new.origin.encode()).hexdigest()
        with self._busy:
            changed = self._database.execute(
                "INSERT INTO latest (origin, origin_hash, size, root, note) SELECT ?, ?, ?, ?, ? WHERE ? = 0"
                " AND NOT EXISTS (SELECT 1 FROM latest WHERE origin = ?)",
                (new.origin, origin_hash, new.size, new.root, note, old[0], new.origin),
            ).rowcount
            if changed != 1:
                changed = self._database.execute(
                    "UPDATE latest SET size = ?, root = ?, note = ?"
                    " WHERE origin = ? AND size = ? AND root = ?",
                    (new.size, new.root, note, new.origin, *old),
                ).rowcount
        return changed == 1


def _refusal(status: int, problem: str) -> Response:
    return Response(status, f"{problem}\n".encode())


def _conflict(size: int) -> Response:
    return Response(409, f"{size}\n".encode(), SIZE_CONTENT_TYPE)
