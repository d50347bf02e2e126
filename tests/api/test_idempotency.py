"""Idempotency keys: replay, reuse, concurrency, expiry, crashes."""

import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from jinku.api.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from jinku.api.idempotency import Answer, IdempotencyStore, fingerprint
from jinku.api.limits import IDEMPOTENCY_KEPT_SECONDS

ONE = fingerprint("POST", "/v1/transfers?", "application/json", b"{}")
OTHER = fingerprint("POST", "/v1/transfers?", "application/json", b"{ }")


def _transfer(number: int) -> dict[str, object]:
    return {
        "id": str(number),
        "debit_account_id": "1",
        "credit_account_id": "2",
        "amount": "5",
        "ledger": 156,
        "code": 1,
    }


def test_the_same_request_replays_the_same_answer(client: TestClient) -> None:
    key = {"idempotency-key": "order-1"}
    first = client.post("/v1/transfers", json=_transfer(1), headers=key)
    again = client.post("/v1/transfers", json=_transfer(1), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert client.post("/v1/transfers", json=_transfer(1)).json()["status"] == "exists"


def test_another_request_with_the_key_is_refused(client: TestClient) -> None:
    key = {"idempotency-key": "order-2"}
    client.post("/v1/transfers", json=_transfer(2), headers=key)
    for answer in (
        client.post("/v1/transfers", json=_transfer(3), headers=key),
        client.post("/v1/transfers/batch", json={"transfers": [_transfer(2)]}, headers=key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert client.get("/v1/transfers/3").status_code == 404


def test_a_refused_request_frees_its_key(client: TestClient) -> None:
    key = {"idempotency-key": "order-3"}
    assert client.post("/v1/transfers", json={"id": "x"}, headers=key).status_code == 422
    assert client.post("/v1/transfers", json=_transfer(4), headers=key).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_malformed_key_is_refused(client: TestClient, key: str) -> None:
    answer = client.post("/v1/transfers", json=_transfer(5), headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")


def test_a_key_does_not_open_the_door(stranger: TestClient) -> None:
    answer = stranger.post("/v1/transfers", json=_transfer(1), headers={"idempotency-key": "order-1"})
    assert answer.status_code == 401


def test_one_of_many_callers_claims_a_key(tmp_path: Path) -> None:
    store = IdempotencyStore(tmp_path / "keys.db", lambda: 1)
    claimed: list[bool] = []

    def claim() -> None:
        try:
            claimed.append(store.claim("k", ONE) is None)
        except IdempotencyKeyInUse:
            claimed.append(False)

    threads = [threading.Thread(target=claim) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 15 + [True]
    with pytest.raises(IdempotencyKeyReused):
        store.claim("k", OTHER)
    store.close()


def test_answers_survive_a_restart_and_claims_do_not(tmp_path: Path) -> None:
    store = IdempotencyStore(tmp_path / "keys.db", lambda: 1)
    store.claim("answered", ONE)
    store.store("answered", Answer(201, "application/json", b"{}"))
    store.claim("claimed", ONE)
    store.close()
    again = IdempotencyStore(tmp_path / "keys.db", lambda: 1)
    assert again.claim("answered", ONE) == Answer(201, "application/json", b"{}")
    assert again.claim("claimed", ONE) is None
    again.close()


def test_keys_expire_after_a_day(tmp_path: Path) -> None:
    now = [10**18]
    store = IdempotencyStore(tmp_path / "keys.db", lambda: now[0])
    store.claim("k", ONE)
    store.store("k", Answer(200, "application/json", b"1"))
    now[0] += IDEMPOTENCY_KEPT_SECONDS * 10**9 - 1
    assert store.claim("k", ONE) is not None
    now[0] += 2
    assert store.claim("k", OTHER) is None
    store.close()
