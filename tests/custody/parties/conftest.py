"""A scene on each engine that control data has."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.custody.parties.office import Scene, Time

from jinku.base.database import Database
from jinku.custody.parties.people import PeopleStore
from jinku.ledger.opening import open_journal


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Each engine that control data has."""
    if request.param == "sqlite":
        return tmp_path / "control.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return new()


def _scene(where: Path | str, tmp_path: Path) -> Iterator[Scene]:
    clock = Time()
    with (
        open_journal(tmp_path / "ledger", clock=clock) as ledger,
        Database.open(where) as database,
        PeopleStore.open(tmp_path / "people.db") as people,
    ):
        made = Scene(ledger, database, people, clock)
        made.desk.open_entity()
        yield made


@pytest.fixture
def scene(where: Path | str, tmp_path: Path) -> Iterator[Scene]:
    """On both engines."""
    yield from _scene(where, tmp_path)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Scene]:
    """On SQLite alone, for what does not depend on the engine."""
    yield from _scene(tmp_path / "control.db", tmp_path)
