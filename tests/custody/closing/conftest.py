"""A control database of each engine, for the tests of closing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jinku.base.database import Database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty control database, on each engine that control data has."""
    if request.param == "sqlite":
        where: Path | str = tmp_path / "control.db"
    else:
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with Database.open(where) as opened:
        yield opened
