"""The embedded store: RocksDB in one directory.

Rules:

1. A commit is one write batch over all column families, then one sync of the write-ahead log. The batch is
   one record of that log, hence atomic. The sync runs without Python's interpreter lock, so callers gather
   meanwhile.
2. The journal lies in pages of ``PAGE_ENTRIES``; the last page is written anew until it is full.
3. One process at a time: RocksDB's own lock file says so, and the system frees it when a process dies.
4. After any failed write the store takes no more commits.

Example::

    store = RocksStore(Path("ledger"))
    recovered = store.load()
    store.commit(commit)
    store.entries(0, 10)
"""

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rocksdict import RdictIter, WriteBatch

from jinku.ledger.errors import CorruptJournal, StoreError
from jinku.ledger.keys import bounds, id_keys, id_rows, index_rows, pending_rows, prefix, spans_of
from jinku.ledger.layout import ENTRY, Array
from jinku.ledger.store import Commit, PendingStatus, Recovered, Scan
from jinku.ledger.stores.rocks_files import RocksFiles, translated
from jinku.ledger.stores.rocks_options import (
    BLOCKS,
    IDS,
    INDEX,
    JOURNAL,
    META,
    OPEN,
    PENDING,
)

FORMAT_VERSION: Final = 1
PAGE_ENTRIES: Final = 16
PAGE_BYTES: Final = PAGE_ENTRIES * ENTRY.itemsize

_FORMAT_KEY: Final = b"format"
_HEADER_KEY: Final = b"header"
_SIZE: Final = struct.Struct("<Q")


class RocksStore:
    """See the module's rules; the methods are those of :class:`jinku.ledger.store.Store`."""

    def __init__(self, path: Path) -> None:
        """Open the directory `path`, or make it. Raises LedgerLocked, StoreError or CorruptJournal."""
        self._files = RocksFiles(path)
        self._size = 0
        self._tail = b""
        self._failed = False
        with ExitStack() as undo:
            undo.callback(self._files.close)
            self._check_format()
            undo.pop_all()

    def load(self) -> Recovered:
        """The state after the last durable commit."""
        with translated("read the state of the ledger"):
            record = self._files.family(META).get(_HEADER_KEY)
            blocks = {int.from_bytes(key, "big"): body for key, body in self._files.items(BLOCKS)}
            still_open = list(self._files.items(OPEN))
        header = b""
        if record is not None:
            self._size, header = _SIZE.unpack_from(record)[0], record[_SIZE.size :]
        self._tail = self._read_tail()
        return Recovered(
            size=self._size,
            header=header,
            blocks=blocks,
            open_pending=np.array([int.from_bytes(key, "big") for key, _ in still_open], np.int64),
            open_expires_at=np.array([_SIZE.unpack(body)[0] for _, body in still_open], np.uint64),
        )

    def commit(self, commit: Commit) -> None:
        """Make `commit` durable, all or nothing."""
        if self._failed:
            raise StoreError("an earlier write failed", remedy="close the ledger and open it anew")
        if commit.first != self._size:
            raise StoreError(f"commit starts at {commit.first}, the journal has {self._size} entries")
        size = self._size + len(commit.entries)
        batch = WriteBatch(raw_mode=True)
        tail = self._put_pages(batch, commit)
        self._put_indexes(batch, commit)
        self._put_pending(batch, commit)
        for number, body in commit.blocks.items():
            batch.put(number.to_bytes(8, "big"), body, self._files.handle(BLOCKS))
        batch.put(_HEADER_KEY, _SIZE.pack(size) + commit.header, self._files.handle(META))
        self._failed = True
        with translated("write a commit"):
            self._files.write(batch)
        self._failed = False
        self._tail = tail
        self._size = size

    def entries(self, first: int, count: int) -> Array:
        """Up to `count` consecutive ``ENTRY`` rows from sequence number `first` (read-only)."""
        end = min(first + count, self._size)
        if first < 0 or first >= end:
            return np.empty(0, ENTRY)
        start_page = first // PAGE_ENTRIES
        pages = self._pages(np.arange(start_page, (end - 1) // PAGE_ENTRIES + 1))
        skip = first - start_page * PAGE_ENTRIES
        rows = np.frombuffer(b"".join(pages), ENTRY)[skip : skip + end - first]
        if len(rows) != end - first:
            raise CorruptJournal(f"journal entries {first} to {end - 1} are not all there")
        return rows

    def entries_at(self, sequences: NDArray[np.int64]) -> Array:
        """The ``ENTRY`` row of each sequence number, in the order given."""
        if len(sequences) == 0:
            return np.empty(0, ENTRY)
        size = self._size
        if int(sequences.min()) < 0 or int(sequences.max()) >= size:
            raise StoreError(f"a sequence number lies outside the journal of {size} entries")
        numbers, where = np.unique(sequences // PAGE_ENTRIES, return_inverse=True)
        pages = self._pages(numbers)
        rows = np.frombuffer(b"".join(page.ljust(PAGE_BYTES, b"\0") for page in pages), ENTRY)
        chosen = rows[where * PAGE_ENTRIES + sequences % PAGE_ENTRIES]
        if not chosen["version"].all():
            raise CorruptJournal("a journal page is shorter than the journal's size says")
        return np.asarray(chosen)

    def find_ids(self, ids: Array) -> NDArray[np.int64]:
        """For each transfer id (rows of ``ID``): the sequence number of its entry, or -1."""
        keys = id_keys(ids).tobytes()
        with translated("look up transfer ids"):
            found = self._files.get_many(IDS, [keys[at : at + 16] for at in range(0, len(keys), 16)])
        missing = b"\xff" * 8
        return np.frombuffer(b"".join(body or missing for body in found), "<i8").astype(np.int64)

    def pending_statuses(self, sequences: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The ``PendingStatus`` of each sequence number, NONE where it is not a pending transfer."""
        with translated("look up pending transfers"):
            found = self._files.get_many(PENDING, _sequence_keys(sequences))
        none = bytes([PendingStatus.NONE])
        return np.frombuffer(b"".join(body or none for body in found), np.uint8)

    def scan(self, query: Scan) -> Iterator[NDArray[np.int64]]:
        """Spans found by an index, in chunks of shape (n, 2). No database handle is held between chunks."""
        after = None
        while True:
            with translated("walk an index"):
                spans, after = self._scan_chunk(query, after)
            if len(spans):
                yield spans
            if after is None:
                return

    def items(self, family: str) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value of a column family, in order, for whoever compares them with the journal."""
        yield from self._files.items(family)

    def close(self) -> None:
        """Release the lock and every handle."""
        self._files.close()

    def _scan_chunk(self, query: Scan, after: bytes | None) -> tuple[NDArray[np.int64], bytes | None]:
        """The spans of the keys beyond `after` until they fill a chunk; the last key where there may be
        more."""
        head, (lower, upper) = prefix(query), bounds(query)
        cursor = self._files.family(INDEX).iter()
        _place(cursor, query, after, lower, upper, head)
        chunks: list[NDArray[np.int64]] = []
        gathered = 0
        key = None
        while cursor.valid():
            key = cursor.key()
            if not key.startswith(head) or (not query.reverse and key > upper):
                break
            chunks.append(spans_of(query, cursor.value()))
            gathered += len(chunks[-1])
            if query.reverse and key <= lower:
                break
            if gathered >= query.chunk:
                return np.concatenate(chunks), key
            if query.reverse:
                cursor.prev()
            else:
                cursor.next()
        cursor.status()
        return (np.concatenate(chunks) if chunks else np.empty((0, 2), np.int64)), None

    def _put_pages(self, batch: WriteBatch, commit: Commit) -> bytes:
        """Add the journal pages of `commit`; return the last page where it is not full yet."""
        body = self._tail + commit.entries.tobytes()
        handle = self._files.handle(JOURNAL)
        number = self._size // PAGE_ENTRIES
        for at in range(0, len(body), PAGE_BYTES):
            batch.put(number.to_bytes(8, "big"), body[at : at + PAGE_BYTES], handle)
            number += 1
        return body[len(body) - len(body) % PAGE_BYTES :]

    def _put_indexes(self, batch: WriteBatch, commit: Commit) -> None:
        put, index, by_id = batch.put, self._files.handle(INDEX), self._files.handle(IDS)
        keys, sequences = id_rows(commit)
        names, bodies = keys.tobytes(), sequences.astype("<i8").tobytes()
        for at in range(len(sequences)):
            put(names[at * 16 : at * 16 + 16], bodies[at * 8 : at * 8 + 8], by_id)
        for key, body in index_rows(commit):
            put(key, body, index)

    def _put_pending(self, batch: WriteBatch, commit: Commit) -> None:
        if len(commit.pending_sequence) == 0:
            return
        sequences, statuses, expires = pending_rows(commit)
        pending, still_open = self._files.handle(PENDING), self._files.handle(OPEN)
        for key, status, expiry in zip(
            _sequence_keys(sequences), statuses.tolist(), expires.tolist(), strict=True
        ):
            batch.put(key, bytes([status]), pending)
            if expiry:
                batch.put(key, _SIZE.pack(expiry), still_open)
            elif int.from_bytes(key, "big") < self._size:
                batch.delete(key, still_open)

    def _pages(self, numbers: NDArray[np.int64]) -> list[bytes]:
        with translated("read the journal"):
            pages = self._files.get_many(JOURNAL, _sequence_keys(numbers))
        for number, page in zip(numbers.tolist(), pages, strict=True):
            if page is None:
                raise CorruptJournal(f"journal entries from {number * PAGE_ENTRIES} on are missing")
        return [page for page in pages if page is not None]

    def _read_tail(self) -> bytes:
        """The last page where it is not full. Raises CorruptJournal where it contradicts the journal's
        size."""
        if self._size == 0:
            return b""
        page = self._pages(np.array([(self._size - 1) // PAGE_ENTRIES]))[0]
        if len(page) // ENTRY.itemsize != (self._size - 1) % PAGE_ENTRIES + 1:
            raise CorruptJournal(f"the last page does not end at journal entry {self._size - 1}")
        return page if len(page) < PAGE_BYTES else b""

    def _check_format(self) -> None:
        expected = str(FORMAT_VERSION).encode()
        with translated("read the format of the ledger"):
            found = self._files.family(META).get(_FORMAT_KEY)
            if found is None:
                batch = WriteBatch(raw_mode=True)
                batch.put(_FORMAT_KEY, expected, self._files.handle(META))
                self._files.write(batch)
        if found not in (None, expected):
            raise StoreError(
                f"{self._files.path} holds a ledger of format {found!r}, not of format {expected!r}",
                remedy="open it with the version of Jinku that wrote it",
            )


def _place(
    cursor: RdictIter, query: Scan, after: bytes | None, lower: bytes, upper: bytes, head: bytes
) -> None:
    """Put `cursor` on the scan's first key, or on the first one beyond `after`."""
    if query.reverse:
        cursor.seek_for_prev(after or upper)
        if after is not None and cursor.valid() and cursor.key() == after:
            cursor.prev()
        return
    if after is not None:
        cursor.seek(after + b"\0")
        return
    cursor.seek_for_prev(lower)
    if not cursor.valid() or not cursor.key().startswith(head):
        cursor.seek(lower)


def _sequence_keys(numbers: NDArray[np.int64]) -> list[bytes]:
    keys = numbers.astype(">u8").tobytes()
    return [keys[at : at + 8] for at in range(0, len(keys), 8)]
