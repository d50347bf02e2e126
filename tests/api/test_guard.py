"""The guard and its neighbours: token, headers, bounds, problems, metrics, logs."""

import io
import json
import logging
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from jinku.api.app import create_app
from jinku.api.limits import BODY_BYTES_MAX, HEADER_BYTES_MAX
from jinku.api.logs import LOGGER, JsonLines, LineWriter
from jinku.api.server import Binding
from jinku.api.services import Services
from jinku.api.token import load_or_make_token, read_or_make_secret, token_file
from jinku.base.errors import InputError


@pytest.mark.parametrize(
    "path", ["/v1/accounts/1", "/v1/nothing", "/v1", "/metrics", "/console", "/v1/transfers/batch"]
)
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic eA==", "Bearer jinku_" + "A" * 43]
)
def test_everything_is_closed_without_the_token(
    stranger: TestClient, path: str, authorization: str | None
) -> None:
    answer = stranger.get(path, headers={} if authorization is None else {"authorization": authorization})
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_refused"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_is_open_says_little(stranger: TestClient) -> None:
    assert stranger.get("/healthz").json() == {"status": "ok"}
    assert stranger.get("/readyz").json() == {"status": "ready"}
    assert stranger.get("/openapi.json").status_code == 200
    assert stranger.get("/log/checkpoint").status_code == 200


@pytest.mark.parametrize("host", ["localhost:8686", "127.0.0.1", "[::1]:8686", "LOCALHOST"])
def test_the_log_is_open_under_a_loopback_name(stranger: TestClient, host: str) -> None:
    assert stranger.get("/log/checkpoint", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["rebound.example", "127.0.0.1.rebound.example", "localhost.example", "a@localhost", "", "[::1].x"],
)
def test_a_rebound_name_reads_nothing_of_the_log(stranger: TestClient, client: TestClient, host: str) -> None:
    assert stranger.get("/log/checkpoint", headers={"host": host}).status_code == 401
    assert client.get("/log/checkpoint", headers={"host": host}).status_code == 200
    assert stranger.get("/healthz", headers={"host": host}).status_code == 200


def test_no_shared_cache_keeps_a_log_that_took_a_token(client: TestClient, stranger: TestClient) -> None:
    """A proxy's cache would hand it to the next, who has none."""
    assert client.get("/v1/entries/1/receipt").status_code == 200  # it is published
    for path in ("/log/checkpoint", "/log/tile/entries/000.p/2"):
        assert stranger.get(path).headers["cache-control"].startswith("public")
        answer = client.get(path, headers={"host": "ledger.example"})
        assert (answer.status_code, answer.headers["cache-control"][:8]) == (200, "private,")


def test_no_redirect_is_built_from_the_host(stranger: TestClient, client: TestClient) -> None:
    for path in ("/log/checkpoint/", "/v1/accounts/"):
        answer = client.get(path, headers={"host": "evil.example"}, follow_redirects=False)
        assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_a_closed_log_asks_for_the_token(services: Services) -> None:
    from dataclasses import replace

    with TestClient(create_app(replace(services, open_log=False))) as client:
        assert client.get("/log/checkpoint").status_code == 401


def test_every_answer_has_the_security_headers(client: TestClient, stranger: TestClient) -> None:
    for answer in (
        client.get("/v1/accounts/1"),
        stranger.get("/v1/x"),
        client.get("/v1/x"),
        stranger.get("/healthz"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        assert answer.headers["x-request-id"]


def test_a_request_id_is_taken_over_where_it_is_well_formed(client: TestClient) -> None:
    assert (
        client.get("/healthz", headers={"x-request-id": "order-7.a"}).headers["x-request-id"] == "order-7.a"
    )
    for bad in ("a b", "x" * 65, "<script>"):
        assert client.get("/healthz", headers={"x-request-id": bad}).headers["x-request-id"] != bad
    assert client.get("/v1/x", headers={"x-request-id": "abc"}).json()["request_id"] == "abc"


def test_what_is_refused_says_how_and_why(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    cases = [
        (client.post("/v1/transfers", content=b"{", headers=json_type), 400, "body_malformed"),
        (client.post("/v1/transfers", content=b"\xff{}", headers=json_type), 400, "body_malformed"),
        (client.post("/v1/transfers", content=b"[" * 100_000, headers=json_type), 400, "body_malformed"),
        (
            client.post("/v1/transfers", content=b'{"id":' + b"[" * 20 + b"]" * 20 + b"}", headers=json_type),
            400,
            None,
        ),
        (client.post("/v1/transfers", content=b"{}"), 415, "media_type_unsupported"),
        (
            client.post("/v1/transfers", content=b" " * (BODY_BYTES_MAX + 1), headers=json_type),
            413,
            "body_too_large",
        ),
        (client.get("/v1/x", headers={"x-long": "x" * HEADER_BYTES_MAX}), 431, "headers_too_large"),
        (client.get("/v1/nothing"), 404, "not_found"),
        (client.get("/log/tile/0/999"), 404, "not_found"),
        (client.get("/log/secret"), 404, "not_found"),
        (client.post("/log/checkpoint"), 405, "method_not_allowed"),
        (client.delete("/v1/transfers/1"), 405, "method_not_allowed"),
        (client.get("/v1/transfers/batch"), 405, "method_not_allowed"),
        (client.get("/v1/accounts/abc"), 422, "fields_invalid"),
    ]
    for answer, status, code in cases:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == (code or "body_malformed")
        assert problem["type"] == f"urn:jinku:problem:{problem['code']}"
        assert problem["status"] == status
        assert answer.headers["cache-control"] == "no-store"
        assert problem["detail"]
        assert problem["remedy"]


def test_a_body_without_a_length_is_bounded_too(client: TestClient) -> None:
    answer = client.post(
        "/v1/transfers",
        content=(b" " * 1_000_000 for _ in range(10)),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_fault_of_ours_tells_nothing(
    app: FastAPI, client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "account 123456 of Zhang San"

    def broken(*_: object) -> object:
        raise RuntimeError(secret)

    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines())
    logging.getLogger(LOGGER).addHandler(handler)
    monkeypatch.setattr(type(services.ledger), "lookup_accounts", broken)
    answer = client.get("/v1/accounts/1")
    logging.getLogger(LOGGER).removeHandler(handler)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert secret not in answer.text
    logged = lines.getvalue()
    assert "RuntimeError" in logged
    assert answer.headers["x-request-id"] in logged
    assert secret not in logged


def test_a_halted_ledger_is_not_ready(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.ledger._core, "halted", "disk full at /secret/path")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "ledger_halted")
    assert "secret" not in ready.text
    write = client.post("/v1/transfers", json={"id": "9", "amount": "1"})
    assert (write.status_code, write.json()["code"]) == (503, "ledger_halted")
    assert client.get("/healthz").status_code == 200


def test_metrics_count_by_template_and_never_by_id(client: TestClient) -> None:
    client.get("/v1/accounts/1234567890")
    client.post(
        "/v1/transfers",
        json={
            "id": "5000123456",
            "debit_account_id": "1",
            "credit_account_id": "2",
            "amount": "1",
            "ledger": 156,
            "code": 1,
        },
    )
    page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert (
        'jinku_http_requests_total{method="GET",route="/v1/accounts/{account_id}",status="404"}' in page.text
    )
    assert 'jinku_events_total{kind="transfer",status="created"}' in page.text
    assert "jinku_ledger_entries" in page.text
    assert "1234567890" not in page.text
    assert "5000123456" not in page.text


def test_log_lines_are_json_without_paths(client: TestClient) -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    logger = logging.getLogger(LOGGER)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(writer)
    client.get("/v1/accounts/99887766")
    logger.removeHandler(writer)
    logger.setLevel(before)
    writer.flush()
    [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["event"], line["route"], line["status"]) == ("request", "/v1/accounts/{account_id}", 404)
    assert "99887766" not in stream.getvalue()


def test_the_token_is_made_once_and_kept_private(tmp_path: Path) -> None:
    secret = read_or_make_secret(tmp_path)
    assert token_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert read_or_make_secret(tmp_path) == secret
    assert load_or_make_token(tmp_path).matches(b"bearer " + secret.encode())
    assert not load_or_make_token(tmp_path).matches(b"Bearer " + secret.encode() + b"x")
    token_file(tmp_path).chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        load_or_make_token(tmp_path)
    token_file(tmp_path).chmod(0o600)
    token_file(tmp_path).write_text("short\n")
    with pytest.raises(InputError, match="not a token"):
        load_or_make_token(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])
def test_other_addresses_than_loopback_must_be_meant(host: str) -> None:
    with pytest.raises(InputError, match="other machines"):
        Binding(host)
    assert not Binding(host, exposed=True).loopback
    assert Binding("127.0.0.1").loopback
    assert Binding("::1").loopback
