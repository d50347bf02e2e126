"""The commands about whose money it is, and about parties, as clerks type them."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, PaidOut, new_order_id
from jinku.custody.parties.model import Action
from jinku.custody.parties.service import Ask
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind
from jinku.ledger.model import Transfer

CHART = Chart(1, 156)
PERSON = {"name": "演示甲", "identifier_kind": "resident_id", "identifier": "990100199003070124"}
APPLICATION = {"application": "req-1", "person": PERSON, "roles": ["investor"], "currencies": ["CNY"]}
CARD = {
    "card": "9999990000000000017",
    "bank": "BANK-A",
    "method": "four_elements",
    "reference": "V-1",
    "verified_at": "2026-11-20T10:00:00Z",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with open_house(tmp_path / "data") as house:
        OrderDesk(house.ledger, CHART).open_entity()
    (tmp_path / "person.json").write_text(json.dumps(APPLICATION), encoding="utf-8")
    (tmp_path / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    return tmp_path / "data"


def test_a_party_comes_and_goes(run: Run, data: Path, tmp_path: Path) -> None:
    """R17: open, bind, freeze, unfreeze, close with balance payout, as typed; erasing waits for the law."""
    at = ("--data", data, "--json")
    opened = run("party", "open", tmp_path / "person.json", "--by", "clerk", *at).json
    assert (opened["number"], opened["status"], opened["change"]) == (1, "applied", 1)
    again = run("party", "open", tmp_path / "person.json", "--by", "clerk", *at).json
    assert (again["number"], again["change"]) == (1, 1)
    assert run("party", "confirm", 1, "--by", "clerk", *at).code == 1
    assert run("party", "confirm", 1, "--by", "boss", *at).json["status"] == "open"
    bound = run("party", "bind", 1, tmp_path / "card.json", "--by", "clerk", *at)
    assert bound.json["card"] == "…0017 BANK-A"
    with open_house(data) as house:
        order = Deposit(
            id=new_order_id(1, 1), day=date(2026, 11, 20), account=int(opened["accounts"]), amount=700
        )
        assert not OrderDesk(house.ledger, CHART).submit([order]).refused
    why = ("--by", "clerk", "--reason", "asked", "--authority", "letter")
    for action, status in (("freeze", "frozen"), ("unfreeze", "open"), ("close", "closing")):
        change = run("party", action, 1, *why, *at).json["change"]
        assert run("party", "confirm", change, "--by", "boss", *at).json["status"] == status
    shown = run("party", "show", 1, *at)
    assert PERSON["name"] not in shown.out + bound.out
    payout = next(one for one in shown.json["history"] if one["what"] == "payout_asked")["detail"]
    assert payout["amount"] == "700"
    with open_house(data) as house:
        paid = PaidOut(id=int(payout["order"]), day=date(2026, 11, 20), amount=700)
        assert not OrderDesk(house.ledger, CHART).submit([paid]).refused
    [done] = run("party", "recover", *at).json["changes"]
    assert (done["action"], done["state"]) == ("close", "done")
    [listed] = run("party", "list", "--status", "closed", *at).json["parties"]
    assert listed["kept_until"] > "2031"
    assert run("party", "check", *at).json == {"disagreeing": [], "unexplained_seals": []}
    refused = run("party", "erase", 1, *why, "--data", data)
    assert refused.code == 1
    assert "must be kept until" in refused.err
    hold = run("party", "hold", 1, *why, *at).json["hold"]
    lift = run("party", "hold", 1, *why, "--lift", hold, *at).json
    assert run("party", "confirm", lift["change"], "--by", "boss", *at).json["state"] == "done"
    assert run("party", "list", "--data", data).code == 0


def test_proofs_survive_the_erasure_of_a_person(run: Run, data: Path, tmp_path: Path) -> None:
    """R17: after erasure log, ledger and receipts verify as before, and nothing says who it was."""
    at = ("--data", data, "--json")
    why = ("--by", "clerk", "--reason", "asked", "--authority", "letter")
    run("party", "open", tmp_path / "person.json", "--by", "clerk", *at)
    run("party", "confirm", 1, "--by", "boss", *at)
    change = run("party", "close", 1, *why, *at).json["change"]
    assert run("party", "confirm", change, "--by", "boss", *at).json["status"] == "closed"
    event = run("party", "show", 1, *at).json["history"][0]
    receipt, key = tmp_path / "applied.tlog-proof", f"@{data / 'log.vkey'}"
    assert run("log", "receipt", event["sealed_entry"], "--entry", "--data", data, "--out", receipt).code == 0
    future = int(datetime(2037, 1, 4, tzinfo=UTC).timestamp()) * 1_000_000_000

    def later() -> int:
        return time.time_ns() + future - now

    now = time.time_ns()
    with open_house(data, clock=later) as house, Custody(house, later) as custody:
        office = custody.parties(1)
        erase = office.propose(1, Action.ERASE, Ask("retention over", "policy 3"), by="clerk")
        office.confirm(erase.id, by="boss")
    everything = b"".join(one.read_bytes() for one in data.rglob("*") if one.is_file())
    assert not any(one.encode() in everything for one in (PERSON["name"], PERSON["identifier"]))
    assert run("log", "verify", "--data", data).code == 0
    assert run("ledger", "check", "--data", data).code == 0
    assert run("structure", "check", "--data", data).code == 0
    assert run("party", "check", "--data", data).code == 0
    assert run("verify", "receipt", receipt, "--key", key).code == 0
    shown = run("party", "show", 1, *at).json
    assert shown["erased"] is True
    assert shown["history"][0] == event


def test_whose_money_it_is(run: Run, data: Path) -> None:
    """R1: the division by pool and place, now and before; what crosses pools ends with exit code 1, named."""
    assert run("structure", "check", "--seal", "--data", data, "--json").json["ties"] is True
    money = run("structure", "money", "--data", data, "--json")
    assert money.code == 0
    assert {one["pool"] for one in money.json["lines"]} == {"client_pool", "own_account"}
    with open_house(data) as house:
        theft = Transfer(
            id=7,
            debit_account_id=CHART.account(Kind.BANK_MIRROR),
            credit_account_id=CHART.account(Kind.PLATFORM_OWN),
            amount=5,
            ledger=156,
            code=1,
        )
        house.ledger.create_transfers([theft])
    for command in ("money", "check"):
        bad = run("structure", command, "--data", data)
        assert bad.code == 1
        assert "client_pool" in bad.out
    assert (
        run("structure", "money", "--at", "2020-01-01T00:00:00Z", "--data", data, "--json").json["lines"]
        == []
    )


def test_structures_are_shown_and_adopted(run: Run, data: Path, tmp_path: Path) -> None:
    """R1: a structure is data: shown, copied, changed, checked, and adopted by two persons."""
    assert run("structure", "show", "us-fbo", "--json").json["name"] == "us-fbo"
    assert run("structure", "show").code == 0
    text = run("structure", "show", "uk-safeguarding", "--toml").out
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('cut_off = "17:00"', 'cut_off = "99:00"'), encoding="utf-8")
    bad = run("structure", "show", mine)
    assert bad.code == 2
    assert "mine.toml: entity.cut_off='99:00'" in bad.err
    mine.write_text(text, encoding="utf-8")
    at = ("--data", data, "--json")
    asked = run("structure", "propose", 3, mine, "--by", "clerk", *at).json
    assert run("structure", "confirm", asked["id"], "--by", "clerk", *at).code == 1
    assert run("structure", "confirm", asked["id"], "--by", "boss", *at).json["sealed_entry"] is not None
    [row] = run("structure", "list", *at).json["structures"]
    assert (row["entity"], row["structure"]) == (3, "uk-safeguarding")
