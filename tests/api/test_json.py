"""A body means one thing."""

from starlette.testclient import TestClient

FIELDS = '"debit_account_id": "1", "credit_account_id": "2", "ledger": 156, "code": 1'
HEADERS = {"content-type": "application/json"}


def post(client: TestClient, path: str, body: str) -> tuple[int, str]:
    answer = client.post(path, content=body.encode(), headers=HEADERS)
    return answer.status_code, str(answer.json().get("code", answer.json().get("status", "")))


def test_a_field_named_twice_is_refused(client: TestClient) -> None:
    for again in ('"amount": "999"', '"amount" : "999"', '"am\\u006funt"\n:\t"999"', '"amount": "5"'):
        body = f'{{"id": "70", "amount": "5", {FIELDS}, {again}}}'
        assert post(client, "/v1/transfers", body) == (400, "body_malformed")
        batch = f'{{"transfers": [{{"id": "71", "amount": "5", {FIELDS}}}, {body}]}}'
        assert post(client, "/v1/transfers/batch", batch) == (400, "body_malformed")
    event = f'{{"id": "72", "amount": "5", {FIELDS}}}'
    assert (
        post(client, "/v1/transfers/batch", f'{{"transfers": [{event}], "transfers": [{event}]}}')[0] == 400
    )
    assert client.post("/v1/transfers/lookup", json={"ids": ["70", "71", "72"]}).json()["transfers"] == []


def test_colons_and_layout_are_no_second_name(client: TestClient) -> None:
    body = (
        f'{{"id" : "73" ,\n"amount"\t:\r\n"5", {FIELDS}, "flags": [], "timestamp": "1970-01-01T00:00:00Z"}}'
    )
    assert post(client, "/v1/transfers", body) == (201, "created")
    assert (
        client.post("/v1/transfers/query", json={"timestamp_min": "2026-01-01T00:00:00Z"}).status_code == 200
    )
