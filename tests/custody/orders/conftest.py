"""A platform for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.custody.orders.kit import Platform, open_platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform on SQLite."""
    opened = open_platform(tmp_path)
    yield opened
    opened.database.close()
    opened.ledger.close()
