"""The OpenAPI document, held against the application by Schemathesis with all its checks.

Valid requests are accepted, invalid ones refused, every answer has a documented status, type and form, the token is
asked for, undocumented methods are refused, nothing answers 5xx.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies
from schemathesis.engine import events, from_schema
from starlette.testclient import TestClient

from jinku.api.token import read_or_make_secret
from jinku.api.wire.filters import CURSOR_FORMAT
from jinku.base.currency import currency
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Statement

EXAMPLES_MAX = 4
RISK_PATHS = "^/v1/(risk/|transfers/answers)"
SEED = 20261122


@pytest.fixture(scope="module")
def token(data: Path) -> str:
    """The Authorization header's value."""
    return f"Bearer {read_or_make_secret(data)}"


def _statement(number: int) -> bytes:
    day = date(2026, 11, 20)
    one = Statement(
        "CN00TEST0001", currency("CNY"), number, f"M-{number}", 0, 0, (), day, day, statement_id=f"S-{number}"
    )
    return camt.write([one])


def _mt940(number: int) -> bytes:
    body = (
        f":25:CN00TEST0001\r\n:28C:{number % 99_999 + 1}\r\n:60F:C261120CNY0,\r\n:62F:C261120CNY0,\r\n-\r\n"
    )
    return f":20:M{number}\r\n{body}".encode()


def _csv(number: int) -> bytes:
    header = "account,currency,booked,value_date,amount,balance,reference,end_to_end_id,text"
    return f"{header}\nCN00TEST{number},CNY,2026-11-20,,0.01,0.01,R1,,\n".encode()


def _bai2(number: int) -> bytes:
    account = f"02,US,BANK,1,261119,,USD,2/\n03,{number},,010,0,,,015,0,,/\n49,0,2/\n98,0,1,4/\n"
    return f"01,BANK,US,261120,0600,{number},,,2/\n{account}99,0,1,6/\n".encode()


def whole(value: Any) -> Any:
    """1.0 is an integer to JSON Schema; to us it is a float, and floats are refused."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


def _run(app: FastAPI, token: str) -> Iterator[events.EngineEvent]:
    schemathesis.openapi.format(CURSOR_FORMAT, strategies.just(""))
    for media_type, make in (
        ("application/xml", _statement),
        ("text/plain", _mt940),
        ("text/csv", _csv),
        ("application/octet-stream", _bai2),
    ):
        schemathesis.openapi.media_type(media_type, strategies.integers(1, 10**6).map(make))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.config.update(headers={"Authorization": token}, request_timeout=60)
    schema.config.seed = SEED
    schema.config.generation.update(max_examples=EXAMPLES_MAX)
    schema.config.phases.stateful.enabled = False
    schema.hooks.hook("map_body")(lambda _context, body: whole(body))
    # digest_orders reads the same body as give_orders, whose twenty-nine types of order are most of all the cases; the
    # paths of the risk desk are tried on a house that has risk switched on, by a person who is admitted there
    others = schema.exclude(operation_id="digest_orders").exclude(path_regex=RISK_PATHS)
    yield from from_schema(others).execute()


def _meant_otherwise(recorder: Any, case: str) -> bool:
    """What is well-formed and cannot mean what it says (an order, a program, a person) is refused under a code of its
    own; no schema could tell it."""
    response = recorder.interactions[case].response
    of_form = {"fields_invalid", "cursor_refused"}
    return response is not None and response.status_code == 422 and response.json()["code"] not in of_form


@pytest.mark.slow
def test_every_operation_does_what_the_document_says(app: FastAPI, client: TestClient, token: str) -> None:
    """All checks of Schemathesis, over examples, coverage of the schemas' edges, and random requests."""
    failures: dict[str, str] = {}
    operations: set[str] = set()
    cases = 0
    for event in _run(app, token):
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures[str(event)] = str(getattr(event, "info", event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        cases += len(event.recorder.cases)
        operations.add(str(event.label))
        for case, checks in event.recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    if check.name == "positive_data_acceptance" and _meant_otherwise(event.recorder, case):
                        continue
                    node = event.recorder.cases[case].value
                    failures[f"{event.label} {check.name}"] = (
                        f"{check.failure_info.failure}\n{node.as_curl_command()}"
                    )
    assert not failures, "\n\n".join(f"{name}: {problem}" for name, problem in failures.items())
    assert len(operations) >= 80, operations
    assert cases > 500, cases
