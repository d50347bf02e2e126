"""A reader's credential: everything can be read with it, nothing changed."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.api.conftest import LOCAL

from jinku.api.access import READING_POSTS


def _grant(client: TestClient, name: str) -> str:
    body = {"name": name, "holder": "auditor", "days": 1, "by": "clerk-1"}
    answer = client.post("/v1/credentials", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


def _reader(app: FastAPI, secret: str) -> TestClient:
    return TestClient(
        app, LOCAL, raise_server_exceptions=False, headers={"authorization": f"Bearer {secret}"}
    )


def test_an_auditor_reads_everything_and_changes_nothing(app: FastAPI, client: TestClient) -> None:
    """R13: the independent auditor's access is read-only, whatever method or path is tried."""
    reader = _reader(app, _grant(client, "reads"))
    assert reader.get("/v1/accounts/1").status_code == 200
    assert reader.post("/v1/accounts/lookup", json={"ids": ["1"]}).status_code == 200
    paths = [path for path in client.get("/openapi.json").json()["paths"] if path.startswith("/v1/")]
    assert len(paths) > 20
    for path in paths:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            if method == "POST" and path in READING_POSTS:
                continue
            answer = reader.request(method, path.replace("{", "1").replace("}", ""), json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "read_only"), (method, path)


@pytest.mark.parametrize(
    "path",
    ["/v1/transfers/lookup/", "/v1//transfers/lookup", "/v1/accounts/lookup/../batch", "/V1/accounts/lookup"],
)
def test_no_other_spelling_of_a_reading_path_is_let_through(
    app: FastAPI, client: TestClient, path: str
) -> None:
    reader = _reader(app, _grant(client, f"spells-{abs(hash(path)) % 10**6}"))
    assert reader.post(path, json={}).status_code in (403, 404)


def test_who_has_access_is_told_to_the_owner_alone(app: FastAPI, client: TestClient) -> None:
    secret = _grant(client, "curious")
    reader = _reader(app, secret)
    assert reader.get("/v1/credentials").status_code == 403
    listed = client.get("/v1/credentials").json()["credentials"]
    assert "curious" in {one["name"] for one in listed}
    assert secret not in client.get("/v1/credentials").text


def test_a_revoked_credential_is_refused_at_once(app: FastAPI, client: TestClient) -> None:
    reader = _reader(app, _grant(client, "leaves"))
    assert reader.get("/v1/accounts/1").status_code == 200
    ended = client.post("/v1/credentials/revocations", json={"name": "leaves", "by": "clerk-2"})
    assert ended.json()["revoked_by"] == "clerk-2"
    assert reader.get("/v1/accounts/1").status_code == 401


def test_no_secret_is_kept_for_replay(client: TestClient, data: Path) -> None:
    body = {"name": "once", "holder": "bank", "days": 1, "by": "clerk-1"}
    headers = {"idempotency-key": "again"}
    secret = client.post("/v1/credentials", json=body, headers=headers).json()["secret"]
    assert client.post("/v1/credentials", json=body, headers=headers).status_code == 409
    for file in data.glob("idempotency.db*"):
        assert secret.encode() not in file.read_bytes()
