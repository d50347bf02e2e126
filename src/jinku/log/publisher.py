"""Publishes the journal as a C2SP tlog-tiles log: static files in a directory, a signed checkpoint last.

Rules:

1. Everything is derived from the journal. A published checkpoint never runs ahead of the durable journal,
   and all tiles and bundles that it needs are durable before it appears.
2. Opening makes directory and journal agree (`jinku.log.recovery`) or refuses; it never forks the log.
3. One publisher per directory. A failed publish leaves the last checkpoint in force; the next one writes
   every file since then anew.
4. A partial tile stays until its full tile has been published.
5. A journal that is written through `pace` is held up while the log is too far behind, so a checkpoint follows each
   commit within a second under any load that the machine can bear.
6. What is published is at most `STEP_ENTRIES_MAX` entries ahead of the checkpoint before it, so a backlog
   shows up in steps.

Example::

    with Publisher(directory, "example.com/log", [signer], source) as publisher:
        publisher.start()
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from jinku.base.closing import Closing
from jinku.base.errors import JinkuError
from jinku.crypto.signer import Signer
from jinku.log.checkpoint import ORIGIN_BYTES_MAX, Checkpoint, SignedCheckpoint
from jinku.log.errors import JournalChangedError, LogForkError, NoteFormatError, RangeError
from jinku.log.files import LogFiles
from jinku.log.recovery import CHECKPOINT_NAME, COSIGNED_NAME, recover
from jinku.log.replay import replay
from jinku.log.signature import log_key, open_checkpoint, sign_checkpoint
from jinku.log.source import EntrySource
from jinku.log.tiles import TILE_WIDTH, Tile, tile_path

STEP_ENTRIES_MAX = 1024 * TILE_WIDTH
RECHECK_ENTRIES = 64 * TILE_WIDTH
INTERVAL_S = 0.5
LAG_ENTRIES_WAKE = 32 * TILE_WIDTH
"""How far the journal may run ahead before the publisher is woken before its time."""
LAG_ENTRIES_MAX = 384 * TILE_WIDTH
"""How far the journal may run ahead of the published log before `pace` holds it up: less than a second's work."""
PACE_S_MAX = 1.0
"""How long `pace` holds a writer up at most: a log that cannot be written must not stop payments."""
_NS_PER_S = 1_000_000_000

_logger = logging.getLogger(__name__)


class Publisher(Closing):
    """See the module's rules. Thread-safe.

    `signers` sign each checkpoint in order: the first Ed25519, further ones (ML-DSA-44) as wanted; `clock`
    gives nanoseconds. On opening, the files of the last `recheck_entries` entries are compared with the
    journal. Raises LogLockedError, LogForeignError, LogForkError, NoteFormatError (no signer, bad origin).
    """

    def __init__(
        self,
        directory: Path,
        origin: str,
        signers: Sequence[Signer],
        source: EntrySource,
        *,
        clock: Callable[[], int] = time.time_ns,
        recheck_entries: int = RECHECK_ENTRIES,
    ) -> None:
        if not signers:
            raise NoteFormatError("a log needs at least one signer")
        if not 1 <= len(origin.encode()) <= ORIGIN_BYTES_MAX or not origin.isprintable():
            raise NoteFormatError(f"{origin!r} is no origin: one line of 1 to {ORIGIN_BYTES_MAX} bytes")
        self.directory = directory
        self.origin = origin
        self.keys = tuple(log_key(signer) for signer in signers)
        """The public keys by which this log's checkpoints are verified."""
        self.failure: JinkuError | OSError | None = None
        """Why the last publish of the background thread failed; None after one that succeeded."""
        self._signers = tuple(signers)
        self._source = source
        self._clock = clock
        self._busy = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._progress = threading.Condition()
        self._thread: threading.Thread | None = None
        self._files = LogFiles(directory)
        with ExitStack() as undo:
            undo.callback(self._files.close)
            recovered = recover(self._files, source, origin, self.keys, recheck_entries)
            undo.pop_all()
        self.repaired = recovered.repaired
        """Files that opening had to write again."""
        self._edge = recovered.edge
        self._current = recovered.checkpoint

    @property
    def checkpoint(self) -> SignedCheckpoint | None:
        """The newest published checkpoint; None before the first."""
        return self._current

    def publish(self) -> SignedCheckpoint:
        """Bring the directory up to the journal's size; the newest checkpoint.

        Raises LogForkError where the journal contradicts what was published, OSError where writing fails.
        """
        with self._busy:
            size = self._source.size()
            if size < self._edge.size:
                raise self._fork(f"the journal has {size} entries, the published log {self._edge.size}")
            while self._current is None or self._edge.size < size or not self._fully_signed(self._current):
                self._current = self._step(min(size, self._edge.size + STEP_ENTRIES_MAX))
            return self._current

    def attach(self, cosigned: SignedCheckpoint) -> None:
        """Keep a checkpoint of this log with the cosignatures that it gained.

        It becomes ``checkpoint.cosigned``; where it is still the newest, its signatures join ``checkpoint``
        too. The caller has verified the cosignatures. Raises NoteFormatError, NoteUnsignedError,
        SignatureInvalidError for one that this log did not sign, RangeError for one from beyond the log.
        """
        open_checkpoint(cosigned.encode(), self.origin, self.keys)
        with self._busy:
            if cosigned.size > self._edge.size:
                raise RangeError("tree size", cosigned.size, self._edge.size)
            kept = self._files.read(COSIGNED_NAME)
            before = SignedCheckpoint.parse(kept) if kept is not None else None
            self._files.replace(COSIGNED_NAME, _merged(cosigned, before).encode())
            if self._current is not None and self._current.note.text == cosigned.note.text:
                self._current = _merged(self._current, cosigned)
                self._files.replace(CHECKPOINT_NAME, self._current.encode())

    def pace(self, size: int) -> None:
        """Wait while the published log is more than `LAG_ENTRIES_MAX` behind a journal of `size` entries.

        Returns at once where no thread publishes, and after `PACE_S_MAX` in any case.
        """
        behind = size - self._edge.size
        if self._thread is None or behind <= LAG_ENTRIES_WAKE:
            return
        self._wake.set()
        if behind <= LAG_ENTRIES_MAX:
            return
        until = time.monotonic() + PACE_S_MAX
        with self._progress:
            while size - self._edge.size > LAG_ENTRIES_MAX:
                self._wake.set()
                left = until - time.monotonic()
                if left <= 0 or not self._progress.wait(left):
                    return

    def start(self, interval_s: float = INTERVAL_S) -> None:
        """Publish in a thread every `interval_s` seconds while the journal grows, until `stop`.

        A publish that fails is logged once and tried again.
        """
        self.stop()
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(interval_s,), name="log-publisher", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread after a last publish. Idempotent."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Stop, and let another publisher in. Idempotent."""
        self.stop()
        self._files.close()

    def _run(self, interval_s: float) -> None:
        last = False
        while not last:
            started = time.monotonic()
            last = self._stopping.is_set()
            try:
                self.publish()
                self.failure = None
            except (JinkuError, OSError) as error:
                self.failure = error
                _logger.error("publishing the log failed: %s", error)
            if not last:
                self._wake.wait(max(0.0, interval_s - (time.monotonic() - started)))
                self._wake.clear()

    def _step(self, until: int) -> SignedCheckpoint:
        """Publish the tree of `until` entries."""
        edge = self._edge.copy()
        before = {tile for tile, _ in edge.partial_tiles()}
        full: list[Tile] = []
        try:
            for tile, content in replay(self._source, edge, until):
                if tile not in before:
                    self._files.write(tile_path(tile), content)
                if not tile.partial:
                    full.append(tile)
        except JournalChangedError as error:
            raise self._fork(error.message) from error
        self._files.sync()
        checkpoint = Checkpoint(self.origin, until, edge.root())
        signed = sign_checkpoint(checkpoint, self._signers, self._clock() // _NS_PER_S)
        self._files.replace(CHECKPOINT_NAME, signed.encode())
        with self._progress:
            self._edge = edge
            self._progress.notify_all()
        for tile in full:
            self._files.drop_folder(f"{tile_path(tile)}.p")
        return signed

    def _fully_signed(self, current: SignedCheckpoint) -> bool:
        there = {(line.name, line.key_id) for line in current.note.signatures}
        return all((key.name, key.id) in there for key in self.keys)

    def _fork(self, problem: str) -> LogForkError:
        return LogForkError(str(self.directory), problem)


def _merged(checkpoint: SignedCheckpoint, other: SignedCheckpoint | None) -> SignedCheckpoint:
    """`checkpoint` with the signatures of `other` too, where both are of one text."""
    if other is None or other.note.text != checkpoint.note.text:
        return checkpoint
    return SignedCheckpoint(checkpoint.checkpoint, checkpoint.note.adding(other.note.signatures))
