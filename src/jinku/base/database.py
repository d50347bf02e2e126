"""Control data (parties, mandates, orders, breaks …) in SQLite or PostgreSQL, through SQLAlchemy Core.

Rules:

1. A store names its tables in a ``MetaData`` of its own and is handed an open `Database`; several stores share one.
2. What is written in one ``with database.writing()`` block is one durable transaction: all of it or none of it. On
   SQLite writers wait for one another before they read, so what a block has read is still true when it writes; on
   PostgreSQL a block that decides by what it has read asks for those rows `with_for_update()` (SQLite ignores that).
3. A file is made for its owner only. A fault of the database is `DatabaseUnavailable`, which names no row, value or
   password; `sqlalchemy.exc.IntegrityError` passes through, for a store to say what it means.

Example::

    with Database.open(Path("control.db"), ORDERS) as database, database.writing() as connection:
        connection.execute(insert(order_table), [{"id": "…", "amount": 100}])
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from jinku.base.closing import Closing
from jinku.base.errors import JinkuError
from jinku.base.files import make_private

BUSY_WAIT_S = 10
_WRITING = "jinku_writing"


class DatabaseUnavailable(JinkuError):
    """The control database does not answer, or is not what it must be."""

    code: ClassVar[str] = "database_unavailable"
    http_status: ClassVar[int] = 503


class Database(Closing):
    """An open control database; may be used by many threads. See the module's rules."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._one_writer = threading.RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @classmethod
    def open(cls, where: Path | str, *tables: MetaData) -> "Database":
        """Open the SQLite file or ``postgresql://…`` database at `where`, with `tables` made where they are absent.

        Raises DatabaseUnavailable.
        """
        with _faults():
            database = cls(_engine(where))
            database.add(*tables)
            return database

    def add(self, *tables: MetaData) -> None:
        """Make `tables` where they are absent. Raises DatabaseUnavailable."""
        with self.writing() as connection:
            for metadata in tables:
                metadata.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state throughout."""
        with _faults(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed, durably, when the block ends well."""
        with (
            _faults(),
            self._one_writer,
            self.engine.connect().execution_options(**{_WRITING: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()


def _engine(where: Path | str) -> Engine:
    if isinstance(where, str) and where.startswith(("postgresql://", "postgres://")):
        return create_engine("postgresql+psycopg://" + where.split("://", 1)[1])
    try:
        make_private(Path(where))
    except OSError as error:
        raise _unavailable(error) from error
    engine = create_engine(
        f"sqlite:///{where}", connect_args={"timeout": BUSY_WAIT_S, "check_same_thread": False}
    )
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _begin)
    return engine


def _settle(connection: Any, _record: object) -> None:
    """The driver begins no transaction of its own; the file is durable at each commit."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the control database does not answer: {type(error).__name__}",
        remedy="check the file and its directory, or the server",
    )
