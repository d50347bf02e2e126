"""The store on PostgreSQL.

Rules:

1. A commit is one transaction with ``synchronous_commit = on``. Its first statement advances the header under
   this writer's epoch; if another writer took over meanwhile, nothing happens and LedgerLocked is raised.
2. Rows go in by binary COPY, assembled in bulk.
3. After any failed write the store takes no more commits: whether the last one is there, a new opening finds
   out.

Example::

    store = PostgresStore("postgresql://jinku@db.example/books")
    recovered = store.load()
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from jinku.ledger.errors import CorruptJournal, LedgerClosed, LedgerLocked, StoreError
from jinku.ledger.keys import bounds, id_keys, id_rows, index_rows, pending_rows, prefix, spans_of
from jinku.ledger.layout import ENTRY, Array
from jinku.ledger.store import Commit, Recovered, Scan
from jinku.ledger.stores import postgres_schema as sql
from jinku.ledger.stores.postgres_link import Readers, connect, open_writer, translated
from jinku.ledger.stores.postgres_wire import (
    Int2Array,
    Int8Array,
    UuidArray,
    id_copy,
    index_copy,
    page_copy,
)

SCAN_KEYS_FIRST: Final = 32
SCAN_KEYS_MAX: Final = 1024


class PostgresStore:
    """See the module's rules; the methods are those of :class:`jinku.ledger.store.Store`."""

    def __init__(self, url: str) -> None:
        """Take the ledger over, making its tables where there are none. Raises LedgerLocked or StoreError."""
        self._url = url
        self._writer, self._epoch = open_writer(url)
        self._readers = Readers(url)
        self._size = 0
        self._failed = False
        self._closed = False

    def load(self) -> Recovered:
        """The state after the last durable commit."""
        with self._readers.cursor("read the state of the ledger") as cursor:
            row = cursor.execute(sql.HEADER).fetchone()
            if row is None:
                raise StoreError("the ledger's header row is missing", remedy="restore the database")
            self._size, header = int(row[1]), bytes(row[2])
            blocks = {int(number): bytes(body) for number, body in cursor.execute(sql.BLOCKS)}
            still_open = cursor.execute(sql.OPEN_PENDING).fetchall()
        if self._size:
            self.entries(self._size - 1, 1)
        return Recovered(
            size=self._size,
            header=header,
            blocks=blocks,
            open_pending=np.array([sequence for sequence, _ in still_open], np.int64),
            open_expires_at=np.array([expiry for _, expiry in still_open], np.uint64),
        )

    def commit(self, commit: Commit) -> None:
        """Make `commit` durable, all or nothing."""
        if self._closed:
            raise LedgerClosed("could not write a commit: the ledger is closed", remedy="open it anew")
        if self._failed:
            raise StoreError("an earlier write failed", remedy="close the ledger and open it anew")
        if commit.first != self._size:
            raise StoreError(f"commit starts at {commit.first}, the journal has {self._size} entries")
        size = self._size + len(commit.entries)
        self._failed = True
        try:
            with translated("write a commit"), self._writer.transaction():
                self._advance(commit, size)
                self._copy_rows(commit)
                self._put_pending(commit)
                for number, body in commit.blocks.items():
                    self._writer.execute(sql.PUT_BLOCK, {"number": number, "body": body})
        except StoreError:
            self._raise_if_replaced()
            raise
        self._failed = False
        self._size = size

    def entries(self, first: int, count: int) -> Array:
        """Up to `count` consecutive ``ENTRY`` rows from sequence number `first` (read-only)."""
        end = min(first + count, self._size)
        if first < 0 or first >= end:
            return np.empty(0, ENTRY)
        with self._readers.cursor("read the journal") as cursor:
            pages = cursor.execute(sql.JOURNAL, {"below": first - sql.PAGE_ENTRIES, "end": end}).fetchall()
        expected = pages[0][0] if pages else -1
        for start, body in pages:
            if start != expected:
                break
            expected = start + len(body) // ENTRY.itemsize
        if not pages or pages[0][0] > first or expected < end:
            raise CorruptJournal(f"journal entries {first} to {end - 1} are not all there")
        skip = first - pages[0][0]
        return np.frombuffer(b"".join(body for _, body in pages), ENTRY)[skip : skip + end - first]

    def entries_at(self, sequences: NDArray[np.int64]) -> Array:
        """The ``ENTRY`` row of each sequence number, in the order given."""
        if len(sequences) == 0:
            return np.empty(0, ENTRY)
        size = self._size
        if int(sequences.min()) < 0 or int(sequences.max()) >= size:
            raise StoreError(f"a sequence number lies outside the journal of {size} entries")
        with self._readers.cursor("read the journal") as cursor:
            found = cursor.execute(sql.ENTRIES_AT, {"sequences": Int8Array.of(sequences)}).fetchall()
        if len(found) != len(sequences) or any(len(body) != ENTRY.itemsize for (body,) in found):
            raise CorruptJournal("journal entries that were committed are missing")
        return np.frombuffer(b"".join(body for (body,) in found), ENTRY)

    def find_ids(self, ids: Array) -> NDArray[np.int64]:
        """For each transfer id (rows of ``ID``): the sequence number of its entry, or -1."""
        result = np.full(len(ids), -1, np.int64)
        with self._readers.cursor("look up transfer ids") as cursor:
            for place, sequence in cursor.execute(sql.FIND_IDS, {"ids": UuidArray.of(id_keys(ids))}):
                result[place - 1] = sequence
        return result

    def pending_statuses(self, sequences: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The ``PendingStatus`` of each sequence number, NONE where it is not a pending transfer."""
        result = np.zeros(len(sequences), np.uint8)
        with self._readers.cursor("look up pending transfers") as cursor:
            for place, status in cursor.execute(sql.STATUSES, {"sequences": Int8Array.of(sequences)}):
                result[place - 1] = status
        return result

    def scan(self, query: Scan) -> Iterator[NDArray[np.int64]]:
        """Spans found by an index, in chunks of shape (n, 2). No connection is held between chunks."""
        lower, upper = bounds(query)
        statement = sql.SCAN_REVERSE if query.reverse else sql.SCAN_FORWARD
        after = upper + b"\0" if query.reverse else b""
        keys = SCAN_KEYS_FIRST
        values = {"prefix": prefix(query), "lower": lower, "upper": upper}
        while True:
            with self._readers.cursor("walk an index") as cursor:
                rows = cursor.execute(statement, {**values, "after": after, "keys": keys}).fetchall()
            spans = [spans_of(query, body) for _, body in rows]
            if any(len(span) for span in spans):
                yield np.concatenate(spans)
            if len(rows) < keys:
                return
            after = rows[-1][0]
            keys = min(2 * keys, SCAN_KEYS_MAX)

    def close(self) -> None:
        """Release the lock and every connection."""
        self._closed = True
        self._readers.close()
        self._writer.close()

    def _advance(self, commit: Commit, size: int) -> None:
        """Move the header on; the row stays locked until the end of the transaction."""
        moved = self._writer.execute(
            sql.ADVANCE,
            {"size": size, "header": commit.header, "epoch": self._epoch, "first": commit.first},
        )
        if moved.rowcount != 1:
            raise StoreError("the ledger's header is not where this writer left it")

    def _copy_rows(self, commit: Commit) -> None:
        ids, sequences = id_rows(commit)
        streams = [(sql.COPY_JOURNAL, page_copy(_pages(commit)))]
        if len(ids):
            streams.append((sql.COPY_IDS, id_copy(ids, sequences)))
        rows = index_rows(commit)
        if rows:
            streams.append((sql.COPY_INDEX, index_copy(rows)))
        with self._writer.cursor() as cursor:
            for statement, body in streams:
                with cursor.copy(statement) as copy:
                    copy.write(body)

    def _put_pending(self, commit: Commit) -> None:
        if len(commit.pending_sequence) == 0:
            return
        sequences, statuses, expires = pending_rows(commit)
        self._writer.execute(
            sql.PUT_PENDING,
            {
                "sequences": Int8Array.of(sequences),
                "statuses": Int2Array.of(statuses),
                "expires": Int8Array.of(expires),
            },
        )

    def _raise_if_replaced(self) -> None:
        """After a failed commit: raise LedgerLocked where another writer has taken the ledger over."""
        try:
            with connect(self._url, sql.PREPARE_READER) as link:
                row = link.execute(sql.HEADER).fetchone()
        except psycopg.Error:
            return
        if row is not None and row[0] != self._epoch:
            raise LedgerLocked(
                "another process has taken this ledger over",
                remedy="stop this process; the other one goes on from the last confirmed commit",
            )


def _pages(commit: Commit) -> Iterator[tuple[int, bytes]]:
    """The journal rows of `commit`: first sequence number and bytes."""
    body = commit.entries.tobytes()
    at, end = commit.first, commit.first + len(commit.entries)
    while at < end:
        upto = min(end, at - at % sql.PAGE_ENTRIES + sql.PAGE_ENTRIES)
        yield at, body[(at - commit.first) * ENTRY.itemsize : (upto - commit.first) * ENTRY.itemsize]
        at = upto
