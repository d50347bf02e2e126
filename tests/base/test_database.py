"""Control data on SQLite and PostgreSQL: all or nothing, durable, private, one error."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from jinku.base.database import Database, DatabaseUnavailable

TABLES = MetaData()
NOTE = Table("note", TABLES, Column("id", Integer, primary_key=True), Column("text", String, nullable=False))


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Each engine that control data has."""
    if request.param == "sqlite":
        return tmp_path / "control.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return new()


def _write(database: Database, *rows: dict[str, object]) -> None:
    with database.writing() as connection:
        for row in rows:
            connection.execute(insert(NOTE), [row])


def test_a_block_is_written_whole_or_not_at_all(where: Path | str) -> None:
    with Database.open(where, TABLES) as database:
        with pytest.raises(IntegrityError):
            _write(database, {"id": 1, "text": "a"}, {"id": 1, "text": "b"})
        with database.writing() as connection:
            connection.execute(insert(NOTE), [{"id": 2, "text": "c"}])
    with Database.open(where, TABLES) as database, database.reading() as connection:
        assert connection.execute(select(NOTE.c.id)).scalars().all() == [2]


def test_what_a_writer_has_read_is_still_true_when_it_writes(tmp_path: Path) -> None:
    def count_up(database: Database) -> None:
        for _ in range(50):
            with database.writing() as connection:
                [text] = connection.execute(select(NOTE.c.text)).scalars()
                connection.execute(update(NOTE).values(text=str(int(text) + 1)))

    path = tmp_path / "control.db"
    with Database.open(path, TABLES) as one, Database.open(path) as other:
        with one.writing() as connection:
            connection.execute(insert(NOTE), [{"id": 1, "text": "0"}])
        threads = [threading.Thread(target=count_up, args=(base,)) for base in (one, one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with one.reading() as connection:
            assert connection.execute(select(NOTE.c.text)).scalar_one() == "150"


def test_the_file_is_its_owners_alone_and_a_fault_names_no_secret(tmp_path: Path) -> None:
    with Database.open(tmp_path / "control.db", TABLES):
        assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    (tmp_path / "torn.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        Database.open(tmp_path / "torn.db", TABLES)
    with pytest.raises(DatabaseUnavailable) as caught:
        Database.open("postgresql://clerk:hunter2@127.0.0.1:9/none", TABLES)
    assert "hunter2" not in str(caught.value)
