"""A platform's day over HTTP: parties, mandates, a project, orders of every standing, agreements and breaks."""

import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.api.conftest import LOCAL

from jinku.api.services import Services
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import Request
from jinku.custody.structure.bitemporal_hours import BusinessHours
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind
from jinku.custody.structure.template import load_structure

CHART = Chart(1, 156)
NAME, IDENTIFIER, CARD = "张三丰", "11010519491231002X", "6222020200001234567"


class Api:
    """A client that expects what it says."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.serial = client, 0

    def post(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        """POST, and the answer."""
        answer = self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """GET, and the answer."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def new(self) -> str:
        """A new order id."""
        self.serial += 1
        return str(new_order_id(int(datetime.now(UTC).timestamp() * 1000), self.serial))


def today() -> str:
    """The business day that it is."""
    return BusinessHours.of(load_structure()).day_at(time.time_ns()).isoformat()


def party(api: Api, number: int, role: str, name: str = "Somebody") -> int:
    """A party with open accounts; its number."""
    applied = api.post(
        "/v1/parties",
        {
            "application": f"app-{number}",
            "person": {"name": name, "identifier_kind": "passport", "identifier": f"P{number:08d}"},
            "roles": [role],
            "currencies": ["CNY"],
            "by": "clerk-1",
        },
    )
    api.post("/v1/parties/changes/confirmations", {"change": applied["change"], "by": "clerk-2"})
    return int(applied["number"])


@pytest.fixture(scope="module")
def api(client: TestClient, services: Services) -> Api:
    """The API with an investor 1, a borrower 2, and 1,000 fen of the investor's."""
    api = Api(client)
    assert party(api, 1, "investor") == 1
    assert party(api, 2, "borrower") == 2
    account = CHART.account(Kind.INVESTOR, 1)
    deposit = Deposit(
        id=int(api.new()), day=date.fromisoformat(today()), account=account, amount=1_000, reference=71
    )
    [answer] = services.custody.corridor(1, 156).submit([Request(deposit, CHANNEL)])
    assert answer.state is State.BOOKED, answer
    return api


@pytest.fixture(scope="module")
def reader(app: FastAPI, client: TestClient) -> TestClient:
    """An auditor."""
    body = {"name": "auditor-9", "holder": "auditor", "days": 1, "by": "clerk-1"}
    secret = client.post("/v1/credentials", json=body).json()["secret"]
    return TestClient(
        app, LOCAL, raise_server_exceptions=False, headers={"authorization": f"Bearer {secret}"}
    )


def test_orders_are_answered_one_by_one_with_reasons_in_two_languages(api: Api) -> None:
    good, poor = api.new(), api.new()
    api.post("/v1/projects", {"number": "77", "borrower": str(CHART.account(Kind.BORROWER, 2)), "limit": "500",
                              "by": "clerk-1"})  # fmt: skip
    now = datetime.now(UTC)
    terms = {
        "number": "7",
        "account": str(CHART.account(Kind.INVESTOR, 1)),
        "types": ["bid"],
        "per_order": "400",
        "total": "500",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": f"{now.year + 1}-01-01T00:00:00Z",
        "method": "signature",
        "evidence": "doc-7",
        "given_at": "2026-01-01T00:00:00Z",
    }
    assert api.post("/v1/mandates", terms)["free"] == "500"
    assert api.post("/v1/mandates", terms)["free"] == "500"
    assert api.post("/v1/mandates", {**terms, "total": "600"}, 409)["code"] == "mandate_changed"
    bid = {"type": "bid", "day": today(), "subject": "77", "investor": "investor:1", "borrower": "borrower:2",
           "mandate": "7"}  # fmt: skip
    batch = {
        "maker": "app",
        "orders": [{**bid, "id": good, "amount": "300"}, {**bid, "id": poor, "amount": "401"}],
    }
    first = api.post("/v1/orders", batch)
    assert [one["state"] for one in first["results"]] == ["held", "refused"], first
    assert first["results"][0]["timestamp"]
    assert (first["refused"], first["results"][1]["reason"]) == (1, "mandate_order_limit")
    assert first["results"][1]["meaning"] == {
        "en": "over the mandate's limit for one order",
        "zh": "超过授权单笔限额",
    }
    assert api.post("/v1/orders", batch) == first
    changed = api.post("/v1/orders", {"maker": "app", "orders": [{**bid, "id": good, "amount": "301"}]})
    assert changed["results"][0]["reason"] == "order_changed"
    shown = api.get(f"/v1/orders/{good}")
    assert (shown["asked"]["amount"], shown["mandate"], shown["state"]) == ("300", "7", "held")
    freed = api.post("/v1/orders/cancellations", {"order_id": good, "by": "app", "reason": "not now"})
    assert (freed["state"], freed["history"][-1]["by"]) == ("voided", "app")
    assert api.get("/v1/mandates/7")["free"] == "500"
    assert api.get("/v1/projects/77")["free"] == "500"
    revoked = api.post("/v1/mandates/revocations", {"number": "7", "by": "app", "evidence": "letter-1"})
    assert (revoked["state"], revoked["free"]) == ("revoked", "0")
    assert [one["number"] for one in api.get("/v1/mandates", account=terms["account"])["mandates"]] == ["7"]


def test_orders_are_listed_page_by_page(api: Api) -> None:
    seen, cursor = [], ""
    while True:
        page = api.get("/v1/orders", limit=1, cursor=cursor)
        seen += [one["id"] for one in page["orders"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 3
    assert seen == [one["id"] for one in api.get("/v1/orders", limit=1000)["orders"]]
    refused = api.get("/v1/orders", state="refused")["orders"]
    assert {one["state"] for one in refused} == {"refused"}


def test_a_checker_is_another_person(api: Api) -> None:
    """R4: what needs a second person is confirmed by another, over HTTP too."""
    number = api.new()
    order = {"type": "top_up", "id": number, "day": today(), "account": "risk_reserve", "amount": "10"}
    given = api.post("/v1/orders", {"maker": "clerk-1", "orders": [order]})
    assert given["results"][0]["state"] == "awaiting", given
    refused = api.post("/v1/orders/confirmations", {"order_id": number, "by": "Clerk-1"}, 403)
    assert refused["code"] == "four_eyes"
    ended = api.post("/v1/orders/cancellations", {"order_id": number, "by": "head", "reason": "not needed"})
    assert ended["state"] == "refused"
    assert api.post("/v1/orders/confirmations", {"order_id": number, "by": "head"}, 409)["code"]


def test_a_customer_confirms_exactly_the_withdrawal_that_was_digested(api: Api) -> None:
    number = api.new()
    order = {"type": "withdrawal", "id": number, "day": today(), "account": "investor:1", "amount": "100",
             "mode": "confirmed"}  # fmt: skip
    [told] = api.post("/v1/orders/digests", {"orders": [order]})["digests"]
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    word = {"method": "sms", "evidence": "sms-1", "given_at": moment, "digest": told["digest"]}
    given = api.post("/v1/orders", {"maker": "app", "orders": [{**order, "word": word}]})
    assert given["results"][0]["state"] == "unconfirmed", given
    body = {"order_id": number, "by": "app", **word, "evidence": "sms-2"}
    assert api.post("/v1/orders/authorisations", {**body, "digest": "0" * 64}, 422)["code"] == "bad_order"
    assert api.post("/v1/orders/authorisations", body)["state"] == "held"


def test_a_bad_order_refuses_the_batch_and_says_where(api: Api) -> None:
    good = {"type": "deposit", "id": api.new(), "day": today(), "account": "investor:1", "amount": "5"}
    for wrong, field in (
        ({**good, "maker": CHANNEL}, "maker"),
        ({**good, "amount": 5}, "amount"),
        ({**good, "colour": "red"}, "colour"),
        ({**good, "type": "gift"}, "type"),
        ({**good, "id": "5"}, "id"),
    ):
        problem = api.post("/v1/orders", {"maker": "app", "orders": [good, wrong]}, 422)
        assert problem["code"] == "bad_input"
        assert field in problem["detail"], problem
        assert "2" in problem["detail"], problem
    assert api.get(f"/v1/orders/{good['id']}", 404)["code"] == "order_unknown"


def test_a_field_named_twice_is_found_inside_an_order(api: Api) -> None:
    told = f'"type":"deposit","id":"{api.new()}","day":"{today()}","account":"investor:1","amount":"5","amount":"6"'
    answer = api.client.post(
        "/v1/orders",
        content=f'{{"maker":"app","orders":[{{{told}}}]}}',
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "body_malformed")
    program = """send [CNY/2 1] (source = @world destination = @fee_income)\nset_tx_meta("a", "\\":b")"""
    made = api.post("/v1/agreements", {"name": "quoted", "program": program, "by": "clerk-1"}, 201)
    assert made["version"] == 1


def test_no_books_are_made_up(api: Api) -> None:
    for path in ("/v1/orders", "/v1/mandates", "/v1/orders/1", "/v1/projects/1"):
        assert api.get(path, 404, entity=9)["code"] == "not_found"
        assert api.get(path, 404, currency="XQX")["code"] == "not_found"
    assert api.get("/v1/parties", 404, entity=9)["code"] == "not_found"


def test_what_a_customer_is_called_never_comes_back(
    api: Api, reader: TestClient, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """R14: no answer, message or log line has a name, an identifier or a card's number."""
    caplog.set_level(0)
    application = {
        "application": "app-secret",
        "person": {"name": NAME, "identifier_kind": "resident_id", "identifier": IDENTIFIER},
        "roles": ["investor"],
        "currencies": ["CNY"],
        "by": "clerk-1",
    }
    texts = []

    def post(path: str, body: dict[str, Any], status: int) -> Any:
        answer = api.client.post(path, json=body)
        texts.append(answer.text)
        assert answer.status_code == status, answer.text
        return answer.json()

    applied = post("/v1/parties", application, 200)
    assert post("/v1/parties", application, 200)["number"] == applied["number"]
    post("/v1/parties", {**application, "person": {**application["person"], "name": NAME + "二"}}, 409)  # type: ignore[dict-item]
    post("/v1/parties", {**application, "application": "other"}, 409)
    post("/v1/parties", {**application, "person": {**application["person"], "card": CARD}}, 422)  # type: ignore[dict-item]
    post("/v1/parties", {**application, "person": {"name": NAME * 100, "identifier": IDENTIFIER}}, 422)
    number, change = applied["number"], applied["change"]
    assert (
        post("/v1/parties/changes/confirmations", {"change": change, "by": "clerk-1"}, 403)["code"]
        == "four_eyes"
    )
    assert (
        post("/v1/parties/changes/confirmations", {"change": change, "by": "clerk-2"}, 200)["state"] == "done"
    )
    card = {"party": number, "card": CARD, "bank": "ICBC", "method": "four_elements", "reference": "v-1",
            "verified_at": "2026-11-20T10:00:00Z", "by": "clerk-1"}  # fmt: skip
    assert post("/v1/parties/cards", card, 200)["card"]["last_four"] == CARD[-4:]
    post("/v1/parties/cards", {**card, "party": 1}, 409)
    post("/v1/parties/cards", {**card, "card": CARD * 5}, 422)
    for path in (f"/v1/parties/{number}", "/v1/parties", f"/v1/parties/{number}?colour={NAME}"):
        texts.append(reader.get(path).text)
    texts += [record.getMessage() for record in caplog.records]
    for text in texts[:-1]:
        for secret in (IDENTIFIER, CARD, CARD[:12]):
            assert secret not in text, text
    assert not any(NAME in text for text in texts if "colour" not in text)
    assert services.custody.parties(1).card_number(number) == CARD


def test_an_agreement_is_put_into_force_by_two_and_runs_once(api: Api) -> None:
    program = "vars { monetary $sum }\nsend $sum (source = @investor:1 destination = @fee_income)\n"
    assert api.post("/v1/agreements", {"name": "fee", "program": "send what", "by": "clerk-1"}, 422)
    made = api.post("/v1/agreements", {"name": "fee", "program": program, "by": "clerk-1"}, 201)
    version = {"name": "fee", "version": made["version"]}
    assert (
        api.post("/v1/agreements/approvals", {**version, "by": "clerk-1"}, 403)["code"]
        == "agreement_four_eyes"
    )
    run = {"id": api.new(), "day": today(), "agreement": "fee", "variables": {"sum": "CNY/2 3"}}
    assert api.post("/v1/agreement-runs", run, 404)
    assert api.post("/v1/agreements/rehearsals", {**run, "version": made["version"]})["postings"]
    approved = api.post("/v1/agreements/approvals", {**version, "by": "clerk-2"})
    assert approved["status"] == "approved"
    assert approved["sealed_entry"] is not None
    done = api.post("/v1/agreement-runs", run)
    assert done["status"] == "booked"
    assert api.post("/v1/agreement-runs", run) == done
    other = {**run, "variables": {"sum": "CNY/2 4"}}
    assert api.post("/v1/agreement-runs", other, 409)["code"] == "agreement_run_changed"
    assert api.get(f"/v1/agreement-runs/{run['id']}") == done
    assert api.get(f"/v1/agreements/fee/{made['version']}")["digest"] == approved["digest"]


def test_an_auditor_reads_all_of_it_and_changes_nothing(api: Api, reader: TestClient) -> None:
    """R13: every GET of custody is open to the auditor; every POST is not."""
    document = api.get("/openapi.json")["paths"]
    posts = gets = 0
    for path, methods in document.items():
        if "custody" not in next(iter(methods.values())).get("tags", ()):
            continue
        if "post" in methods:
            posts += 1
            assert reader.post(path, json={}).json()["code"] == "read_only", path
        if "get" in methods and "{" not in path:
            gets += 1
            assert reader.get(path).status_code == 200, (path, reader.get(path).text)
    assert posts >= 30
    assert gets >= 12


def test_an_effective_balance_is_as_it_was_known(api: Api) -> None:
    account = CHART.account(Kind.INVESTOR, 1)
    now = api.get(f"/v1/accounts/{account}/effective")
    stored = api.get(f"/v1/accounts/{account}")
    assert now["balance"] == str(int(stored["credits_posted"]) - int(stored["debits_posted"]))
    before = api.get(f"/v1/accounts/{account}/effective", known_at="2026-01-01T00:00:00Z", as_of="2030-01-01")
    assert (before["balance"], before["known_at"]) == ("0", "2026-01-01T00:00:00Z")
    assert api.get(f"/v1/accounts/{account}/effective", 422, as_of="yesterday")["code"] == "fields_invalid"
    assert api.get("/v1/accounts/12345/effective", 404)["code"] == "not_found"
