"""Accounts and transfers over HTTP: results, strictness, history, balances as of a time, cursors, events."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from jinku.api.wire.numbers import instant_text, read_instant, up_to
from jinku.api.wire.transfers import TransferIn, rows_of
from jinku.ledger.layout import u128
from jinku.ledger.limits import TIMESTAMP_MAX


def transfer(number: int, **fields: Any) -> dict[str, Any]:
    """A transfer of 100 from account 1 to account 2."""
    plain = {
        "id": str(number),
        "debit_account_id": "1",
        "credit_account_id": "2",
        "amount": "100",
        "ledger": 156,
    }
    return {**plain, "code": 1, **fields}


def test_one_transfer_is_created_once(client: TestClient) -> None:
    first = client.post("/v1/transfers", json=transfer(10))
    again = client.post("/v1/transfers", json=transfer(10))
    other = client.post("/v1/transfers", json=transfer(10, amount="101"))
    assert (first.status_code, first.json()["status"]) == (201, "created")
    assert (again.status_code, again.json()["status"]) == (200, "exists")
    assert again.json()["timestamp"] == first.json()["timestamp"]
    assert (other.status_code, other.json()["status"]) == (200, "exists_with_different_amount")
    assert other.json()["meaning"]
    assert other.json()["remedy"]


def test_a_batch_answers_each_event_in_order(client: TestClient) -> None:
    events = [transfer(20), transfer(21, credit_account_id="1"), transfer(22, flags=["linked"]), transfer(0)]
    answer = client.post("/v1/transfers/batch", json={"transfers": events}).json()
    statuses = [result["status"] for result in answer["results"]]
    assert statuses == ["created", "accounts_must_be_different", "linked_event_failed", "id_must_not_be_zero"]
    assert [result["id"] for result in answer["results"]] == ["20", "21", "22", "0"]
    assert answer["created"] == 1


def test_two_phase_by_names_of_flags(client: TestClient) -> None:
    assert (
        client.post("/v1/transfers", json=transfer(30, flags=["pending"], timeout=60)).json()["status"]
        == "created"
    )
    post = {"id": "31", "amount": str(2**128 - 1), "pending_id": "30", "flags": ["post_pending_transfer"]}
    assert client.post("/v1/transfers", json=post).json()["status"] == "created"
    stored = client.get("/v1/transfers/31").json()
    assert (stored["amount"], stored["flags"], stored["pending_id"]) == (
        "100",
        ["post_pending_transfer"],
        "30",
    )


def test_lookups_leave_out_what_is_not_there(client: TestClient) -> None:
    client.post("/v1/transfers", json=transfer(40))
    found = client.post("/v1/transfers/lookup", json={"ids": ["40", "41999"]}).json()["transfers"]
    assert [one["id"] for one in found] == ["40"]
    assert [
        one["id"] for one in client.post("/v1/accounts/lookup", json={"ids": [2, "1"]}).json()["accounts"]
    ] == [
        "2",
        "1",
    ]
    assert client.get("/v1/accounts/3").status_code == 404
    assert client.get("/v1/transfers/41999").json()["code"] == "not_found"


@pytest.mark.parametrize(
    "amount", [1.0, 1.5, True, -1, 2**53 + 1, "1.0", "-1", "+1", " 1", "01", "1e3", "", None, str(2**128)]
)
def test_an_amount_that_is_not_a_whole_number_is_refused(client: TestClient, amount: Any) -> None:
    answer = client.post("/v1/transfers", json=transfer(50, amount=amount))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "fields_invalid"
    assert [item["pointer"] for item in problem["errors"]] == ["/amount"]


@pytest.mark.parametrize("amount", [2**53, "0", str(2**128 - 1)])
def test_exact_amounts_are_read(client: TestClient, amount: Any) -> None:
    event = transfer(0, amount=amount)
    assert client.post("/v1/transfers", json=event).json()["status"] == "id_must_not_be_zero"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flags", ["pending", "pending"]),
        ("flags", ["nonsense"]),
        ("flags", "pending"),
        ("ledger", "156"),
        ("ledger", True),
        ("code", 65_536),
        ("timestamp", "2026-11-22"),
        ("timestamp", 1),
        ("surplus", 1),
        ("timeout", 1.5),
    ],
)
def test_other_fields_are_strict_too(client: TestClient, field: str, value: Any) -> None:
    problem = client.post("/v1/transfers", json=transfer(51, **{field: value})).json()
    assert [item["pointer"].partition("/")[2].partition("/")[0] for item in problem["errors"]] == [field]


def test_a_batch_is_bounded_and_errors_name_the_event(client: TestClient) -> None:
    events = [transfer(60), transfer(61, amount=1.5)]
    problem = client.post("/v1/transfers/batch", json={"transfers": events}).json()
    assert problem["errors"][0]["pointer"] == "/transfers/1/amount"
    assert client.get("/v1/transfers/60").status_code == 404
    many = {"transfers": [{"id": "0", "amount": "0"}] * 8190}
    assert client.post("/v1/transfers/batch", json=many).status_code == 422
    assert client.post("/v1/transfers/batch", json={"transfers": []}).status_code == 422


def test_history_pages_follow_one_another_both_ways(client: TestClient) -> None:
    accounts = [{"id": str(number), "ledger": 156, "code": 10, "flags": ["history"]} for number in (101, 102)]
    client.post("/v1/accounts/batch", json={"accounts": accounts})
    events = [
        transfer(1000 + n, debit_account_id="101", credit_account_id="102", amount="1") for n in range(7)
    ]
    client.post("/v1/transfers/batch", json={"transfers": events})
    wanted: list[tuple[list[str | int | float | bool | None], int]] = [([], 1), (["reversed"], -1)]
    for flags, order in wanted:
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            parameters: dict[str, int | str | list[str | int | float | bool | None]] = {
                "limit": 3,
                "cursor": cursor,
            }
            parameters["flags"] = flags
            page = client.get("/v1/accounts/101/transfers", params=parameters).json()
            seen += [one["id"] for one in page["transfers"]]
            cursor = page["next_cursor"]
        assert seen == [str(1000 + n) for n in range(7)][::order]
    balances = client.get("/v1/accounts/102/balances").json()["balances"]
    assert [one["credits_posted"] for one in balances] == [str(n) for n in range(1, 8)]
    middle = client.get("/v1/transfers/1003").json()["timestamp"]
    then = client.get("/v1/accounts/102/balance", params={"at": middle}).json()
    assert then["credits_posted"] == "4"
    assert client.get("/v1/accounts/102/balance", params={"at": "1990-01-01T00:00:00Z"}).status_code == 404


def test_queries_find_by_fields_and_page(client: TestClient) -> None:
    events = [transfer(2000 + n, user_data_64="77", code=9) for n in range(5)]
    client.post("/v1/transfers/batch", json={"transfers": events})
    query = {"user_data_64": "77", "code": 9, "limit": 3}
    first = client.post("/v1/transfers/query", json=query).json()
    rest = client.post("/v1/transfers/query", json={**query, "cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["transfers"] + rest["transfers"]] == [str(2000 + n) for n in range(5)]
    assert rest["next_cursor"] is None


def test_a_cursor_that_was_changed_or_moved_is_refused(client: TestClient) -> None:
    client.post("/v1/transfers/batch", json={"transfers": [transfer(2100), transfer(2101)]})
    cursor = client.post("/v1/transfers/query", json={"limit": 1}).json()["next_cursor"]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for body in ({"limit": 1, "cursor": changed}, {"limit": 1, "code": 1, "cursor": cursor}, {"cursor": "x"}):
        answer = client.post("/v1/transfers/query", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_refused")
    elsewhere = client.get("/v1/events", params={"cursor": cursor})
    assert elsewhere.json()["code"] == "cursor_refused"


def test_events_are_followed_without_gaps(client: TestClient) -> None:
    cursor = None
    while True:  # to the end of what other tests did
        page = client.get("/v1/events", params={"cursor": cursor} if cursor else {}).json()
        cursor = page["next_cursor"] or cursor
        if len(page["events"]) < 100:
            break
    client.post(
        "/v1/transfers/batch", json={"transfers": [transfer(3000), transfer(3001, flags=["pending"])]}
    )
    page = client.get("/v1/events", params={"cursor": cursor} if cursor else {}).json()
    assert [one["transfer"]["id"] for one in page["events"]] == ["3000", "3001"]
    assert [one["type"] for one in page["events"]] == ["single_phase", "two_phase_pending"]
    assert client.get("/v1/events", params={"cursor": page["next_cursor"]}).json()["events"] == []


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
@settings(max_examples=200, deadline=None)
def test_the_pattern_of_a_number_is_exact(maximum: int, number: int) -> None:
    import re

    assert bool(re.fullmatch(up_to(max(maximum, 10)), str(number))) == (number <= max(maximum, 10))


@given(st.integers(0, TIMESTAMP_MAX))
@settings(max_examples=200, deadline=None)
def test_instants_survive_the_way_out_and_back(moment: int) -> None:
    assert read_instant(instant_text(moment)) == moment


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_rows_hold_what_was_sent(wide: int, middle: int, narrow: int) -> None:
    sent = TransferIn.model_validate(
        {
            "id": str(wide),
            "amount": str(wide ^ 1),
            "user_data_64": str(middle),
            "user_data_32": narrow,
            "flags": ["imported"],
        }
    )
    row = rows_of([sent])
    assert (u128(row, "id"), u128(row, "amount")) == ([wide], [wide ^ 1])
    assert (int(row["user_data_64"][0]), int(row["user_data_32"][0]), int(row["flags"][0])) == (
        middle,
        narrow,
        256,
    )
