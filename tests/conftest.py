"""What every room's tests may ask for: a real PostgreSQL server with an empty database for each test."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from jinku.bench.postgres import NoServer, PostgresServer, running_server

# Machines are shared: how long one example takes says nothing. Before a change lands (CI is set) every run of a commit
# tries the same examples; whoever runs the suite by hand draws new ones each time.
settings.register_profile("jinku", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("jinku")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that runs for the whole session; tests skip where there are no binaries."""
    try:
        with running_server() as server:
            yield server
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: PostgresServer) -> Callable[[], str]:
    """A function that makes an empty database and returns its URL, for tests that need several."""
    return lambda: postgres_server.url(postgres_server.new_database())


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database of this test's own."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)
