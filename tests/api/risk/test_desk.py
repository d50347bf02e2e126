"""The risk desk over HTTP: decisions, what waits, alerts and cases, lists, rules; and who hears nothing of them."""

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.api.conftest import LOCAL
from tests.api.risk.conftest import Api

from jinku.api.app import create_app
from jinku.api.routes.risk_cases import CASE_PATHS
from jinku.api.services import open_services
from jinku.api.token import read_or_make_secret
from jinku.bootstrap import open_house
from jinku.bootstrap.risk_desks import open_desks
from jinku.risk.cases.alerts import Alert
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Entry, Facts, ListedName
from jinku.risk.screening.names import Kind

READING = ("decisions", "waiting", "alerts", "cases", "screening/lists", "rules", "indicators", "duties")
ONE_OF = ("decisions/1", "cases/000001", "alerts/1")
VERDICT = {"transfer": "1", "note": "n", "by": "stranger"}
Asked = tuple[str, str, dict[str, Any]]
NAME = {"name": "Zhang Wei", "by": "stranger"}


def test_two_persons_release_what_is_held(api: Api) -> None:
    """K1: one proposes, the same person cannot confirm, another one does, and it posts; once."""
    held = api.give(6_000)["id"]
    before = int(api.get("/v1/accounts/1")["debits_posted"])
    said = {"transfer": held, "note": "called", "by": "aml-1"}
    assert api.post("/v1/risk/releases", said) == {"id": held, "state": "held"}
    again = api.post("/v1/risk/releases", said, 409)
    assert (again["code"], bool(again["remedy"])) == ("same_person", True)
    assert int(api.get("/v1/accounts/1")["debits_posted"]) == before
    [waits] = [one for one in api.get("/v1/risk/waiting", by="aml-1")["waiting"] if one["id"] == held]
    assert (waits["state"], waits["proposed"], waits["proposed_by"]) == ("held", "release", "aml-1")
    assert api.post("/v1/risk/releases", {**said, "by": "head-1"})["state"] == "released"
    assert int(api.get("/v1/accounts/1")["debits_posted"]) == before + 6_000
    assert api.post("/v1/risk/releases", {**said, "by": "head-2"}, 409)["code"] == "transfer_not_waiting"
    one = api.get(f"/v1/risk/decisions/{held}", by="look-1")
    assert (one["action"], one["state"]) == ("hold", "released")
    assert [(act["by"], act["done"]) for act in one["acts"]] == [("aml-1", False), ("head-1", True)]
    assert [rule["name"] for rule in one["rules"]] == ["secret_large_rule"]
    assert one["features"]
    assert one["sealed_entry"] > 0


def test_two_persons_refuse_and_the_money_is_free_again(api: Api) -> None:
    held = api.transfer(6_000)
    assert api.post("/v1/transfers", held)["status"] == "risk_held"
    for by, state in (("aml-1", "held"), ("head-2", "refused")):
        said = {"transfer": held["id"], "note": "no", "by": by}
        assert api.post("/v1/risk/refusals", said)["state"] == state
    assert api.post("/v1/transfers", held)["status"] == "risk_refused"
    refused = api.get("/v1/risk/waiting", by="aml-1", state="refused")["waiting"]
    assert held["id"] in {one["id"] for one in refused}


def test_the_customer_s_word_lets_a_challenged_transfer_post(api: Api) -> None:
    asked = api.transfer(4_999)
    assert api.post("/v1/transfers", asked)["status"] == "risk_challenged"
    word = {"transfer": asked["id"], "evidence": "sms-9", "by": "app"}
    assert api.post("/v1/transfers/answers", word) == {"id": asked["id"], "state": "released"}
    assert api.post("/v1/transfers/answers", word, 409)["code"] == "transfer_not_waiting"
    assert api.post("/v1/transfers/answers", {**word, "transfer": "7"}, 404)["code"] == "decision_unknown"
    held = api.give(6_000)["id"]
    assert (
        api.post("/v1/transfers/answers", {**word, "transfer": held}, 409)["code"] == "transfer_not_waiting"
    )


def test_decisions_are_found_by_action_time_and_customer_page_by_page(api: Api) -> None:
    """K12: every decision is found again, the newest first, whatever the page's length."""
    since = api.get("/v1/risk/decisions", by="look-1", limit=1)["decisions"]
    ids = [api.give(amount, 201 if amount < 100 else 200)["id"] for amount in (21, 6_000, 22, 6_001, 23)]
    assert api.give(24, 201, context={"customer": "c-4711"})["status"] == "created"
    seen, cursor = [], ""
    while True:
        page = api.get("/v1/risk/decisions", by="look-1", limit=2, cursor=cursor, customer="1")
        seen += [one["id"] for one in page["decisions"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen[:5] == ids[::-1]
    assert len(seen) == len(set(seen))
    held = api.get("/v1/risk/decisions", by="look-1", action="hold")["decisions"]
    assert [one["id"] for one in held[:2]] == [ids[3], ids[1]]
    assert {one["action"] for one in held} == {"hold"}
    [one] = api.get("/v1/risk/decisions", by="look-1", customer="c-4711")["decisions"]
    moment = held[0]["time"]
    exact = api.get("/v1/risk/decisions", by="look-1", since=moment, until=moment)["decisions"]
    assert [row["id"] for row in exact] == [ids[3]]
    later = api.get("/v1/risk/decisions", by="look-1", since=one["time"])["decisions"]
    assert [row["id"] for row in later] == [one["id"]]
    if since:
        earlier = api.get("/v1/risk/decisions", by="look-1", until=since[0]["time"])["decisions"]
        assert earlier[0]["id"] == since[0]["id"]
    page = api.get("/v1/risk/decisions", by="look-1", limit=2)
    other = api.get("/v1/risk/decisions", 422, by="look-1", action="hold", cursor=page["next_cursor"])
    assert other["code"] == "cursor_refused"


def test_a_case_goes_from_alert_to_end_over_http(api: Api) -> None:
    """K7: assigned, investigated, proposed by one and approved by another; who had a hand in it cannot."""
    desks = open_desks(api.services.house, time.time_ns)
    alert = Alert("http/1", 77, "structuring", 80, time.time_ns(), 4_900_000, "CNY", ("a" * 64,))
    [number] = desks.alerts.raise_([alert]).new
    assert [one["id"] for one in api.get("/v1/risk/alerts", by="aml-1", subject="77")["alerts"]] == [number]
    shown = api.get(f"/v1/risk/alerts/{number}", by="look-1")
    assert (shown["hits"][0]["key"], shown["case"]) == ("http/1", None)
    case = api.post("/v1/risk/cases", {"alerts": [number], "text": "three deposits", "by": "aml-1"})["case"]
    me = {"case": case, "by": "aml-1"}

    def act(path: str, body: dict[str, Any], status: int = 200) -> Any:
        return api.post(f"/v1/risk/cases/{path}", body, status)

    assert act("assignments", {**me, "owner": "aml-1"})["state"] == "assigned"
    assert act("investigations", me)["state"] == "investigating"
    act("notes", {**me, "text": "looked at the papers"})
    evidence = {**me, "kind": "record", "reference": "d-1", "sha256": "b" * 64}
    act("evidence", evidence)
    other = api.post("/v1/risk/cases", {"subject": "77", "text": "the same again", "by": "aml-1"})["case"]
    act("links", {**me, "other": other, "why": "same_subject"})
    assert act("proposals", {**me, "outcome": "dismiss", "text": "salary"})["state"] == "proposed"
    assert act("approvals", me, 403)["code"] == "not_your_part"
    assert act("rejections", {"case": case, "by": "head-1", "text": "say more"})["state"] == "investigating"
    act("proposals", {**me, "outcome": "dismiss", "text": "salary, as the contract says"})
    assert act("approvals", {"case": case, "by": "head-2"})["state"] == "closed"
    assert act("notes", {**me, "case": "999999", "text": "x"}, 404)["code"] == "not_found"
    assert act("investigations", {**me, "case": case}, 409)["code"] == "not_now"
    whole = api.get(f"/v1/risk/cases/{case}", by="look-1")
    assert (whole["outcome"], whole["approved_by"], whole["evidence"][0]["sha256"]) == (
        "dismiss",
        "head-2",
        "b" * 64,
    )
    assert [one["what"] for one in whole["history"]][:3] == ["open", "assign", "investigate"]
    assert case not in {one["case"] for one in api.get("/v1/risk/cases", by="head-1")["cases"]}
    assert case in {one["case"] for one in api.get("/v1/risk/cases", by="head-1", everything=True)["cases"]}
    assert act("reopenings", {"case": case, "by": "head-1", "text": "new facts"})["state"] == "assigned"
    desks.audit()


def test_a_name_is_held_against_the_lists_and_kept_nowhere(api: Api, data: Path) -> None:
    """K5: hits with reasons; a name that is wrong in form is not repeated, and no stored answer has it."""
    nobody = api.post("/v1/risk/screening/names", {**NAME, "by": "aml-1"}, 404)
    assert (nobody["code"], bool(nobody["remedy"])) == ("no_list", True)
    house = api.services.house
    entry = Entry("un", "QDi.1", Kind.PERSON, (ListedName("Usama bin Ladin"),), Facts(("1957",)), "al-qaida")
    ListDesk(house.control, house.ledger, time.time_ns).load(
        Loaded((entry,), "c" * 64, "2026-11-01", "un-xml"), "un", by="aml-1"
    )
    asked = {"name": "Usama Bin Laden", "kind": "person", "birth_date": "1957", "by": "aml-1"}
    found = api.post("/v1/risk/screening/names", asked, idempotency_key="k-name")
    assert (found["versions"], found["hits"][0]["entry"]) == ("un.1", "un:QDi.1")
    assert found["hits"][0]["match"]
    assert found["hits"][0]["reasons"]
    kept = b"".join(path.read_bytes() for path in data.glob("idempotency.db*"))
    assert b"Usama" not in kept
    wrong = api.client.post("/v1/risk/screening/names", json={**asked, "kind": "Usama"})
    assert wrong.status_code == 422
    assert "Usama" not in wrong.text
    [one] = api.get("/v1/risk/screening/lists", by="look-1")["lists"]
    assert (one["list"], one["version"], one["entries"]) == ("un", 1, 1)


def test_rules_indicators_and_duties_are_told(api: Api) -> None:
    rules = api.get("/v1/risk/rules", by="aml-1")
    assert [one["name"] for one in rules["rules"]] == [
        "secret_large_rule",
        "secret_odd_rule",
        "secret_device_rule",
    ]
    assert (len(rules["digest"]), rules["versions"]) == (64, [])
    names = {one["name"]: one for one in api.get("/v1/risk/indicators", by="aml-1")["indicators"]}
    assert names["alerts_waiting"]["meaning"]["zh"]
    assert api.get("/v1/risk/duties", by="aml-1", day="2030-03-01")["duties"]


def _asks() -> list[Asked]:
    case: dict[str, Any] = {"case": "000001", "by": "stranger", "text": "t", "owner": "aml-1", "alerts": [1],
            "other": "000002", "why": "follows", "kind": "file", "reference": "r", "sha256": "a" * 64,
            "person": "aml-1", "outcome": "report", "made": ["000001"], "subject": "1"}  # fmt: skip
    posts: list[Asked] = [
        ("POST", f"/v1/risk/cases{one.path}", {name: case[name] for name in one.model.model_fields})
        for one in CASE_PATHS
    ]
    verdicts: list[Asked] = [("POST", f"/v1/risk/{one}", VERDICT) for one in ("releases", "refusals")]
    reads: list[Asked] = [("GET", f"/v1/risk/{one}", {"by": "stranger"}) for one in (*READING, *ONE_OF)]
    return [*posts, *verdicts, ("POST", "/v1/risk/screening/names", NAME), *reads]


@pytest.mark.parametrize(
    ("method", "path", "said"), _asks(), ids=lambda one: one if isinstance(one, str) else ""
)
def test_who_is_not_admitted_hears_what_is_heard_of_nothing(
    api: Api, method: str, path: str, said: dict[str, Any]
) -> None:
    """K7: each path of the desk answers a stranger as it answers about a number that nobody has."""
    ask: dict[str, Any] = {"params": said} if method == "GET" else {"json": said}
    answer = api.client.request(method, path, **ask)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
    assert answer.json()["detail"] == "there is nothing under that number"


def test_an_auditor_of_the_desk_only_reads(api: Api) -> None:
    held = api.give(6_000)["id"]
    refused = api.post("/v1/risk/releases", {"transfer": held, "note": "n", "by": "look-1"}, 403)
    assert refused["code"] == "not_your_part"
    assert (
        api.post("/v1/risk/cases", {"subject": "1", "text": "t", "by": "look-1"}, 403)["code"]
        == "not_your_part"
    )


def test_a_reader_s_credential_opens_nothing_of_the_desk(api: Api) -> None:
    """K7: an auditor's or bank's credential reads the house, and nothing of suspicion, whomever it names."""
    granted = {"name": "bank-1", "holder": "bank", "days": 1, "by": "clerk-1"}
    secret = api.post("/v1/credentials", granted, 201)["secret"]
    headers = {"authorization": f"Bearer {secret}"}
    assert api.client.get("/v1/accounts/1", headers=headers).status_code == 200
    for path in (*READING, *ONE_OF):
        answer = api.client.get(f"/v1/risk/{path}", params={"by": "head-1"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only"), path
    assert (
        api.client.get("/v1/risk/cases", params={"by": "head-1"}, headers={"authorization": ""}).status_code
        == 401
    )


def test_a_house_without_risk_has_one_answer(tmp_path: Path) -> None:
    """Each path says that risk is not switched on, and how it is; a context is read and changes nothing."""
    with open_house(tmp_path) as house:
        services = open_services(house)
        app: FastAPI = create_app(services)
        with TestClient(app, LOCAL) as client:
            client.headers["authorization"] = f"Bearer {read_or_make_secret(tmp_path)}"
            for method, path, said in [
                *_asks(),
                ("POST", "/v1/transfers/answers", {"transfer": "1", "evidence": "e", "by": "b"}),
            ]:
                ask: dict[str, Any] = {"params": said} if method == "GET" else {"json": said}
                answer = client.request(method, path, **ask)
                assert (answer.status_code, answer.json()["code"]) == (404, "risk_off"), path
                assert "risk.toml" in answer.json()["remedy"]
            accounts = [{"id": str(number), "ledger": 156, "code": 10} for number in (1, 2)]
            client.post("/v1/accounts/batch", json={"accounts": accounts})
            body = {
                "id": "9",
                "debit_account_id": "1",
                "credit_account_id": "2",
                "amount": "5",
                "ledger": 156,
                "code": 1,
            }
            booked = client.post("/v1/transfers", json={**body, "context": {"device": "d-1"}})
            assert (booked.status_code, booked.json()["status"]) == (201, "created")
            assert client.post("/v1/transfers", json=body).json()["status"] == "exists"
        services.close()
