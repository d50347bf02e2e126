"""The kit of the risk desks: of cases, ratings and reports."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.risk.cases.kit import Kit, kit_on


@pytest.fixture(params=["sqlite", "postgres"])
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    """On SQLite and on PostgreSQL."""
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    kit = kit_on(where, tmp_path)
    yield kit
    kit.ledger.close()
    kit.database.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Kit]:
    """On SQLite alone."""
    kit = kit_on(tmp_path / "control.db", tmp_path)
    yield kit
    kit.ledger.close()
    kit.database.close()
