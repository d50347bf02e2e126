"""A real house, its application and a client of it, one for a module of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from jinku.api.app import create_app
from jinku.api.services import Services, open_services
from jinku.api.token import read_or_make_secret
from jinku.bootstrap import open_house

LOCAL = "http://127.0.0.1:8686"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory."""
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def services(data: Path) -> Iterator[Services]:
    """The services over a fresh house."""
    with open_house(data) as house:
        opened = open_services(house)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def app(services: Services) -> FastAPI:
    """The application."""
    return create_app(services)


@pytest.fixture(scope="module")
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(app, LOCAL, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(app: FastAPI, data: Path) -> Iterator[TestClient]:
    """A client with the token, and two accounts: 1 and 2 of ledger 156."""
    with TestClient(app, LOCAL, raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {read_or_make_secret(data)}"
        accounts = [{"id": str(number), "ledger": 156, "code": 10} for number in (1, 2)]
        assert client.post("/v1/accounts/batch", json={"accounts": accounts}).json()["created"] == 2
        yield client
