"""A real house whose risk is switched on, served on loopback, and persons of its risk desk."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from jinku.api.app import create_app
from jinku.api.services import Services, open_services
from jinku.api.token import read_or_make_secret
from jinku.bootstrap import open_house
from jinku.bootstrap.risk_desks import open_desks
from jinku.risk.cases.access import Role

RULES = """
name = "house"
[[rule]]
name = "secret_large_rule"
when = "amount > 5000"
outcome = "hold"
score = 77
reason = "suspiciously large"
reason_zh = "可疑大额"
typology = "structuring"
[[rule]]
name = "secret_odd_rule"
when = "amount = 4999"
outcome = "challenge"
score = 31
reason = "an odd amount"
reason_zh = "异常金额"
[[rule]]
name = "secret_device_rule"
when = "kind = 'gift-card' and device is not null"
outcome = "deny"
score = 93
reason = "mule device"
reason_zh = "可疑设备"
"""
NOBODY_HEARS = (
    "secret_",
    "suspicious",
    "可疑",
    "异常",
    "odd amount",
    "mule",
    "structuring",
    "score",
    "points",
)
"""What no answer to the platform's own channels may hold."""
PEOPLE = {"aml-1": Role.ANALYST, "head-1": Role.APPROVER, "head-2": Role.APPROVER, "look-1": Role.AUDITOR}


@dataclass
class Api:
    """A client of the served house that expects what it says."""

    client: httpx2.Client
    services: Services
    serial: int = field(default=100)

    def new(self) -> str:
        """An id that nothing had before."""
        self.serial += 1
        return str(self.serial)

    def post(self, path: str, body: dict[str, Any], status: int = 200, **headers: str) -> Any:
        """POST, and the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(path, json=body, headers=named)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """GET, and the answer."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def transfer(self, amount: int, **more: Any) -> dict[str, Any]:
        """A transfer's body, with a new id where none is given."""
        body = {"id": more.pop("id", None) or self.new(), "debit_account_id": "1", "credit_account_id": "2"}
        return {**body, "amount": str(amount), "ledger": 156, "code": 1, **more}

    def give(self, amount: int, status: int = 200, **more: Any) -> Any:
        """Book a transfer; its answer."""
        return self.post("/v1/transfers", self.transfer(amount, **more), status)


def switched_on(directory: Path) -> None:
    """Write what switches risk on."""
    (directory / "risk").mkdir(parents=True, exist_ok=True)
    told = 'features = "payments"\nrules = "rules.toml"\npolicy = "decision.toml"\n'
    (directory / "risk.toml").write_text(told)
    patient = files("jinku.risk.decision").joinpath("standard.toml").read_text()
    (directory / "risk" / "decision.toml").write_text(
        re.sub(r"deadline_ms = \d+", "deadline_ms = 60000", patient)  # a busy machine decides nothing else
    )
    (directory / "risk" / "rules.toml").write_text(RULES)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with risk switched on."""
    made = tmp_path_factory.mktemp("risk-house")
    switched_on(made)
    return made


@pytest.fixture(scope="module")
def services(data: Path) -> Iterator[Services]:
    """The services over a fresh house, with persons admitted to its risk desk."""
    with open_house(data) as house:
        access = open_desks(house, time.time_ns).access
        for who, role in PEOPLE.items():
            access.admit(who, role, by="head-1" if who != "head-1" else "head-2", text="joined")
        opened = open_services(house)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def app(services: Services) -> FastAPI:
    """The application."""
    return create_app(services)


@pytest.fixture(scope="module")
def api(app: FastAPI, services: Services, data: Path) -> Iterator[Api]:
    """A client over a socket, and accounts 1 and 2."""
    config = uvicorn.Config(app, port=0, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"authorization": f"Bearer {read_or_make_secret(data)}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
        made = Api(client, services)
        accounts = [{"id": str(number), "ledger": 156, "code": 10} for number in (1, 2)]
        assert made.post("/v1/accounts/batch", {"accounts": accounts})["created"] == 2
        yield made
    server.should_exit = True
    thread.join(30)
