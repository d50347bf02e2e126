"""Transfers and orders of a house whose risk is switched on: what the gate answers over HTTP, and what it does not."""

import re
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.api.conftest import LOCAL
from tests.api.risk.conftest import NOBODY_HEARS, Api
from tests.api.test_orders import CHART, party, today
from tests.api.test_orders import Api as OrderApi

from jinku.custody.orders.model import Deposit
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import Request
from jinku.custody.structure.table import Kind
from jinku.risk.decision.record import decode
from jinku.risk.events.columns import key_number

CONTEXT = {
    "kind": "gift-card",
    "counterparty": "payee-3f2a",
    "device": "d-77",
    "terminal": "t:1",
    "address": "9",
}


def silent(text: str) -> None:
    """Fails where an answer tips off."""
    told = re.sub(r'"(id|timestamp|request_id)":"[^"]*"', "", text)
    for word in NOBODY_HEARS:
        assert word not in told, word


def test_the_gate_answers_by_name_and_its_answer_stays(api: Api) -> None:
    """K1, K2: allowed, held, challenged and denied, one by one and in a batch; the same again is the same."""
    wanted = [
        api.transfer(10),
        api.transfer(6_000),
        api.transfer(4_999),
        api.transfer(20, context=CONTEXT),
    ]
    first = api.post("/v1/transfers/batch", {"transfers": wanted})
    named = [one["status"] for one in first["results"]]
    assert named == ["created", "risk_held", "risk_challenged", "risk_denied"]
    assert all(one["meaning"] and one["remedy"] for one in first["results"][1:])
    again = api.post("/v1/transfers/batch", {"transfers": wanted})
    assert [one["status"] for one in again["results"]] == ["exists", *named[1:]]
    for body, status in zip(wanted[1:], named[1:], strict=True):
        assert api.post("/v1/transfers", body)["status"] == status
    other = {**wanted[1], "amount": "6001"}
    assert api.post("/v1/transfers", other)["status"] == "risk_id_decided_otherwise"
    assert api.get(f"/v1/transfers/{wanted[1]['id']}")["flags"] == ["pending"]
    assert api.get(f"/v1/transfers/{wanted[3]['id']}", 404)["code"] == "not_found"


def test_no_answer_to_the_platform_tips_off(api: Api) -> None:
    """K7: neither rule, reason nor score leaves by the paths that serve customers, whatever was decided."""
    bodies = [api.transfer(6_000), api.transfer(4_999), api.transfer(20, context=CONTEXT)]
    for body in bodies:
        silent(
            api.client.post("/v1/transfers", json=body, headers={"idempotency-key": f"k-{body['id']}"}).text
        )
        silent(api.client.get(f"/v1/transfers/{body['id']}").text)
    silent(api.client.post("/v1/transfers/batch", json={"transfers": bodies}).text)
    for evidence in ("sms-1", "sms-2"):  # the second is a conflict, and says as little
        word = {"transfer": bodies[1]["id"], "evidence": evidence, "by": "app"}
        silent(api.client.post("/v1/transfers/answers", json=word).text)


def test_context_is_part_of_the_sealed_decision(api: Api) -> None:
    """K2: what the platform told is in the sealed record; the request that follows knows nothing of it."""
    told, plain = api.transfer(11, context={**CONTEXT, "kind": "payment", "customer": "2"}), api.transfer(12)
    results = api.post("/v1/transfers/batch", {"transfers": [told, plain]})["results"]
    assert [one["status"] for one in results] == ["created", "created"]
    risk = api.services.custody.risk
    assert risk is not None
    record, row = risk.office.find(int(told["id"]))
    risk.journal.check_seal(record)
    events = decode(risk.journal.read(record)).asked.events
    kept = {name: events.column(name).to_list()[row] for name in ("customer", "kind", *CONTEXT)}
    assert kept == {
        "customer": 2,
        "kind": "payment",
        "counterparty": key_number("payee-3f2a"),
        "device": key_number("d-77"),
        "terminal": key_number("t:1"),
        "address": 9,
    }
    assert events.column("device").to_list()[row + 1] is None
    shown = api.get(f"/v1/risk/decisions/{told['id']}", by="look-1")["context"]
    assert shown["device"] == str(key_number("d-77"))


def test_a_retry_s_context_changes_nothing_and_is_not_kept(api: Api) -> None:
    body = api.transfer(13)
    assert api.post("/v1/transfers", body, 201)["status"] == "created"
    assert api.post("/v1/transfers", {**body, "context": CONTEXT})["status"] == "exists"
    risk = api.services.custody.risk
    assert risk is not None
    assert not len(risk.scene.contexts)


@pytest.mark.parametrize(
    "context",
    [{"device": "a b"}, {"device": 7}, {"name": "Zhang"}, {"kind": "Gift"}, {"customer": ""}, "d-77", []],
)
def test_a_context_that_is_none_is_refused_by_its_field(api: Api, context: Any) -> None:
    refused = api.give(14, 422, context=context)
    assert refused["code"] == "fields_invalid"
    assert refused["errors"][0]["pointer"].startswith("/context")


def test_orders_pass_the_same_desk_and_say_as_little(api: Api, app: FastAPI) -> None:
    """K1, K7: an order is held or denied by what its context tells, and neither answer nor history says by what."""
    token = api.client.headers["authorization"]
    client = TestClient(app, LOCAL, headers={"authorization": token})
    orders = OrderApi(client)
    assert party(orders, 1, "investor") == 1
    assert party(orders, 2, "borrower") == 2
    investor, borrower = CHART.account(Kind.INVESTOR, 1), CHART.account(Kind.BORROWER, 2)
    day = date.fromisoformat(today())
    corridor = api.services.custody.corridor(1, 156)
    for reference in (71, 72):
        paid = Deposit(id=int(orders.new()), day=day, account=investor, amount=4_500, reference=reference)
        assert corridor.submit([Request(paid, CHANNEL)])[0].state is State.BOOKED
    orders.post(
        "/v1/projects", {"number": "77", "borrower": str(borrower), "limit": "99999", "by": "clerk-1"}
    )
    terms = {
        "number": "7", "account": str(investor), "types": ["bid"], "per_order": "9000", "total": "99999",
        "valid_from": "2026-01-01T00:00:00Z", "valid_until": f"{day.year + 1}-01-01T00:00:00Z",
        "method": "signature", "evidence": "doc-7", "given_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    orders.post("/v1/mandates", terms)
    bid = {"type": "bid", "day": day.isoformat(), "subject": "77", "investor": "investor:1",
           "borrower": "borrower:2", "mandate": "7"}  # fmt: skip
    batch: list[dict[str, Any]] = [
        {**bid, "id": orders.new(), "amount": "10"},
        {**bid, "id": orders.new(), "amount": "6000"},
        {**bid, "id": orders.new(), "amount": "11", "context": CONTEXT},
    ]
    answer = client.post("/v1/orders", json={"maker": "app", "orders": batch})
    assert answer.status_code == 200, answer.text
    states = [(one["state"], one["reason"]) for one in answer.json()["results"]]
    named = [("held", None), ("risk_held", None), ("refused", "risk_denied")]
    assert states == named, answer.text
    silent(answer.text)
    for one in batch[1:]:
        silent(client.get(f"/v1/orders/{one['id']}").text)
        found = client.get(f"/v1/risk/decisions/{one['id']}", params={"by": "aml-1"}).json()
        assert found["origin"] == "orders"
        assert found["rules"]
    bad = client.post(
        "/v1/orders", json={"maker": "x", "orders": [{**batch[0], "context": {"device": "a b"}}]}
    )
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/orders/0/context/device")
    bare = {name: value for name, value in batch[2].items() if name != "context"}
    told, plain = (
        client.post("/v1/orders/digests", json={"maker": "x", "orders": [one]}).json()["digests"]
        for one in (batch[2], bare)
    )
    assert told == plain, "what the risk desk is told is no part of what a customer authorises"
