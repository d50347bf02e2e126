"""Connections to PostgreSQL: one that writes and holds the lock, a few that read.

Rules:

1. The writer's session holds an advisory lock for as long as it lives; who cannot take it is refused. Taking
   it also raises the ledger's epoch, so that a writer whose session was lost, or who was paused meanwhile,
   cannot commit any more.
2. The writer never reconnects: what it does not know to be committed must be read back by a new opening.
3. Readers have connections of their own, so a commit under way never blocks them.
4. Messages name neither the URL nor anything in it.
"""

import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

import psycopg

from jinku.ledger.errors import LedgerClosed, LedgerError, LedgerLocked, StoreError
from jinku.ledger.stores import postgres_schema as sql
from jinku.ledger.stores.postgres_wire import register

READERS_MAX: Final = 4
CONNECT_TIMEOUT_S: Final = 10
PREPARE_AFTER: Final = 2

Link = psycopg.Connection[tuple[Any, ...]]


class Readers:
    """Up to ``READERS_MAX`` connections for reading, opened when first needed, lent to one thread at a
    time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._closed = False
        self._idle: queue.LifoQueue[Link | None] = queue.LifoQueue()
        for _ in range(READERS_MAX):
            self._idle.put(None)

    @contextmanager
    def cursor(self, action: str) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        """A cursor with binary results. Raises LedgerClosed, and StoreError naming `action`."""
        link = self._idle.get()
        try:
            if self._closed:
                raise LedgerClosed(f"could not {action}: the ledger is closed", remedy="open it anew")
            with translated(action):
                if link is None:
                    link = connect(self._url, sql.PREPARE_READER)
                with link.cursor(binary=True) as cursor:
                    yield cursor
        finally:
            if link is not None and (link.broken or self._closed):
                link.close()
                link = None
            self._idle.put(link)

    def close(self) -> None:
        """Close every connection that is not in use; one in use is closed when it comes back."""
        self._closed = True
        held: list[Link | None] = []
        with suppress(queue.Empty):
            while True:
                held.append(self._idle.get_nowait())
        for link in held:
            if link is not None:
                link.close()
            self._idle.put(None)


def connect(url: str, prepare: str) -> Link:
    """A connection in autocommit mode on which the statements `prepare` were run."""
    link = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        prepare_threshold=PREPARE_AFTER,
        application_name="jinku",
    )
    register(link)
    link.execute(prepare)
    return link


def open_writer(url: str) -> tuple[Link, int]:
    """The writing connection, its lock taken and its tables there, and the epoch it writes in."""
    with translated("connect to PostgreSQL"):
        link = connect(url, sql.PREPARE_WRITER)
    with ExitStack() as undo:
        undo.callback(link.close)
        with translated("open the ledger on PostgreSQL"):
            _check_server(link)
            _lock(link)
            with link.transaction():
                if not _one(link, sql.EXISTS)[0]:
                    link.execute(sql.CREATE)
                _check_format(link)
                epoch = int(_one(link, sql.TAKE_OVER)[0])
        undo.pop_all()
    return link, epoch


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn what psycopg raises while doing `action` into a StoreError."""
    try:
        yield
    except LedgerError:
        raise
    except psycopg.errors.DiskFull as error:
        raise StoreError(
            f"could not {action}: the server's disk is full", remedy="free space, then open the ledger anew"
        ) from error
    except psycopg.Error as error:
        primary = error.diag.message_primary or type(error).__name__
        raise StoreError(
            f"could not {action}: {primary}", remedy="check the server and the URL, then open the ledger anew"
        ) from error


def _lock(link: Link) -> None:
    try:
        link.execute(sql.LOCK)
    except psycopg.errors.LockNotAvailable as error:
        raise LedgerLocked(
            "another process writes the ledger on this PostgreSQL schema",
            remedy="stop that process, or name another database or schema",
        ) from error


def _check_server(link: Link) -> None:
    """Raises StoreError where the server cannot keep what it confirms."""
    syncs, standby, has_schema = _one(link, sql.SERVER_STATE)
    if not syncs:
        raise StoreError(
            "the PostgreSQL server runs with fsync=off and would lose confirmed commits",
            remedy="set fsync=on and restart the server",
        )
    if standby:
        raise StoreError("the PostgreSQL server is a standby", remedy="name the primary server")
    if not has_schema:
        raise StoreError("the connection's search_path names no schema", remedy="create the schema first")


def _check_format(link: Link) -> None:
    found = int(_one(link, sql.FORMAT)[0])
    if found != sql.FORMAT_VERSION:
        raise StoreError(
            f"the schema holds a ledger of format {found}, not of format {sql.FORMAT_VERSION}",
            remedy="open it with the version of Jinku that wrote it",
        )


def _one(link: Link, statement: str) -> tuple[Any, ...]:
    row = link.execute(statement).fetchone()
    if row is None:
        raise StoreError("the ledger's header row is missing", remedy="restore the database from its backup")
    return row
