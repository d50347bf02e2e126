"""The paths of the risk desk, held against the document by Schemathesis: a person who is admitted asks."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies
from schemathesis.engine import events, from_schema
from tests.api.risk.conftest import Api
from tests.api.test_schema import RISK_PATHS, whole

from jinku.api.wire.filters import CURSOR_FORMAT

EXAMPLES_MAX = 4
SEED = 20261122


def _admitted(said: Any) -> Any:
    """What is said, by a person who is admitted wherever somebody is named; 1.0 is no integer to us."""
    said = whole(said)
    if isinstance(said, dict) and isinstance(said.get("by"), str):
        return {**said, "by": "head-1"}
    return said


@pytest.mark.slow
def test_every_path_of_the_desk_does_what_the_document_says(app: FastAPI, api: Api) -> None:
    """Valid requests are accepted, invalid ones refused, every answer has a documented status and form; no 5xx."""
    api.give(6_000)
    schemathesis.openapi.format(CURSOR_FORMAT, strategies.just(""))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.config.update(headers={"Authorization": api.client.headers["authorization"]}, request_timeout=60)
    schema.config.seed = SEED
    schema.config.generation.update(max_examples=EXAMPLES_MAX)
    schema.config.phases.stateful.enabled = False
    schema.hooks.hook("map_query")(lambda _context, query: _admitted(query))
    schema.hooks.hook("map_body")(lambda _context, body: _admitted(body))
    failures: dict[str, str] = {}
    operations: set[str] = set()
    succeeded = 0
    for event in from_schema(schema.include(path_regex=RISK_PATHS)).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures[str(event)] = str(getattr(event, "info", event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        operations.add(str(event.label))
        answers = [one.response for one in event.recorder.interactions.values()]
        succeeded += sum(one is not None and one.status_code == 200 for one in answers)
        for case, checks in event.recorder.checks.items():
            response = event.recorder.interactions[case].response
            own = (
                response is not None and response.status_code == 422 and response.json()["code"] == "bad_act"
            )
            for check in checks:
                if check.failure_info is not None and not (own and check.name == "positive_data_acceptance"):
                    failures[f"{event.label} {check.name}"] = (
                        f"{check.failure_info.failure}\n{event.recorder.cases[case].value.as_curl_command()}"
                    )
    assert not failures, "\n\n".join(f"{name}: {problem}" for name, problem in failures.items())
    assert len(operations) >= 28, operations
    assert succeeded > 15, succeeded
