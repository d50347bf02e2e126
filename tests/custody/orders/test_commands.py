"""Orders, mandates, projects and policies as a person types them, on a data directory."""

import json
from pathlib import Path
from typing import Any

import pytest

from jinku.base.errors import InputError
from jinku.bootstrap import open_house
from jinku.cli.main import main
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.files import order_document, read_requests
from jinku.custody.orders.model import new_order_id
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role

CHART = Chart(1, 156)
DEPOSIT, BID, SWEEP = (str(new_order_id(1_795_000_000_000, serial)) for serial in (1, 2, 3))
INVESTOR = str(CHART.account(Kind.INVESTOR, 1))
BORROWER = str(CHART.account(Kind.BORROWER, 2))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with an investor and a borrower."""
    directory = tmp_path / "house"
    with open_house(directory) as house:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 1), Opening(2, Role.BORROWER, 2)])
    return directory


def lines(path: Path, *orders: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in orders), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any]:
    capsys.readouterr()
    code = main([*(str(word) for word in words), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out or said.err)


def test_a_day_of_orders_on_the_command_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R3, R18: give a mandate, establish a project, submit, look, confirm as another person, revoke."""
    at = ("--data", data)
    terms = {
        "number": "7", "account": INVESTOR, "types": ["bid"], "per_order": "500", "total": "800",
        "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z",
        "method": "signature", "evidence": "doc-7", "given_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    code, given = run(capsys, "mandate", "give", lines(tmp_path / "m.json", terms), *at)
    assert (code, given["state"], given["free"]) == (0, "active", "800")
    found = run(
        capsys, "project", "establish", 77, "--borrower", BORROWER, "--limit", "1000", "--by", "c1", *at
    )
    assert found == (0, {"project": "77", "limit": "1000", "used": "0", "reserved": "0", "free": "1000"})
    day = {"day": "2026-11-20"}
    rows = [
        {"role": "*"},
        {"role": "teller", "type": "deposit"},
        {"role": "*", "type": "top_up", "checked_from": "0", "checkers": ["*"]},
    ]
    policy = lines(tmp_path / "policy.json", {"rows": rows, "roles": {"clerk-1": "teller"}})
    run(capsys, "policy", "propose", policy, "--by", "risk-1", *at)
    assert run(capsys, "policy", "approve", 1, "--by", "risk-2", *at)[1]["state"] == "approved"
    orders = lines(
        tmp_path / "orders.jsonl",
        {"type": "deposit", "id": DEPOSIT, **day, "account": "investor:1", "amount": "1000", "reference": "5"},
        {"type": "bid", "id": BID, **day, "subject": "77", "investor": INVESTOR, "borrower": "borrower:2",
         "amount": "501", "mandate": "7"},
        {"type": "top_up", "id": SWEEP, **day, "account": "risk_reserve", "amount": "10"},
    )  # fmt: skip
    code, answer = run(capsys, "order", "submit", orders, "--by", "clerk-1", *at)
    assert code == 1
    told = [(one["state"], one["reason"]) for one in answer["orders"]]
    assert told == [("booked", ""), ("refused", "mandate_order_limit"), ("awaiting", "needs_checker")]
    assert run(capsys, "order", "submit", orders, "--by", "clerk-1", *at)[1] == answer
    code, shown = run(capsys, "order", "show", BID, *at)
    assert (shown["state"], shown["asked"]["amount"], shown["mandate"]) == ("refused", "501", "7")
    assert run(capsys, "order", "confirm", SWEEP, "--by", "Clerk-1", *at)[0] == 1
    code, ended = run(capsys, "order", "cancel", SWEEP, "--by", "head", "--reason", "not needed", *at)
    assert (code, ended["state"]) == (0, "refused")
    listed = run(capsys, "order", "list", "--state", "booked", *at)[1]["orders"]
    assert [one["order"] for one in listed] == [DEPOSIT]
    assert (
        run(capsys, "mandate", "revoke", 7, "--by", "app", "--evidence", "c-1", *at)[1]["state"] == "revoked"
    )
    assert run(capsys, "mandate", "list", *at)[1]["mandates"][0]["free"] == "0"
    assert run(capsys, "project", "limit", 77, "--limit", "900", "--by", "c1", *at)[1]["free"] == "900"
    assert run(capsys, "project", "show", 77, *at)[1]["shares"] == []


def test_a_policy_takes_two_persons(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R18: a policy version is proposed by one person and approved by another."""
    file = tmp_path / "policy.json"
    file.write_text(
        '{"rows": [{"role": "clerk", "type": "sweep", "per_order": "5"}], "roles": {"ann": "clerk"}}'
    )
    at = ("--data", data)
    assert run(capsys, "policy", "propose", file, "--by", "ann", *at)[1]["state"] == "proposed"
    code, error = run(capsys, "policy", "approve", 1, "--by", "ANN", *at)
    assert (code, error["error"]["code"]) == (1, "four_eyes")
    assert run(capsys, "policy", "approve", 1, "--by", "bob", *at)[1]["state"] == "approved"
    told = run(capsys, "policy", "list", *at)[1]
    assert told["in_force"]["rows"][0]["per_order"] == "5"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("nonsense", "line"),
        ("[]", "line"),
        ('{"type": "gift"}', "type"),
        ('{"type": "deposit", "id": 5}', "id"),
        ('{"type": "deposit", "id": "5", "day": "2026-11-20", "account": "1", "amount": "1"}', "id"),
        ('{"type": "deposit", "id": "ID", "day": "today"}', "day"),
        ('{"type": "deposit", "id": "ID", "day": "2026-11-20", "account": "alien:1"}', "account"),
        ('{"type": "deposit", "id": "ID", "day": "2026-11-20", "account": "1"}', "amount"),
        ('{"type": "deposit", "id": "ID", "day": "2026-11-20", "account": "1", "amount": "1.5"}', "amount"),
        ('{"type": "deposit", "id": "ID", "day": "2026-11-20", "account": "1", "amount": "0"}', "amount"),
        ('{"type": "deposit", "id": "ID", "day": "2026-11-20", "colour": "red"}', "colour"),
        ('{"type": "settle", "id": "ID", "day": "2026-11-20", "hold": {}}', "hold[0]"),
        ('{"type": "fee", "id": "ID", "day": "2026-11-20", "payer": "1", "amount": "1", "word": {}}', "word"),
    ],
)  # fmt: skip
def test_a_bad_line_names_file_line_field_and_value(tmp_path: Path, line: str, field: str) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("\n" + line.replace("ID", DEPOSIT) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_requests(file, CHART, "clerk")
    assert (caught.value.file, caught.value.line, caught.value.field) == ("orders.jsonl", 2, field)
    lines(file, {"type": "sweep", "id": DEPOSIT, "day": "2026-11-20", "amount": "1"})
    with pytest.raises(InputError, match="maker"):
        read_requests(file, CHART)


def test_what_is_read_is_written_the_same_way(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = [
        {"type": "release", "id": DEPOSIT, "day": "2026-11-20", "subject": "77", "reference": "0", "borrower": BORROWER,
         "holds": [{"transfer": BID, "amount": "5"}], "fee": "1", "merchant": "0"},
        {"type": "withdrawal", "id": BID, "day": "2026-11-20", "subject": "0", "reference": "9", "account": INVESTOR,
         "amount": "12", "mode": "confirmed"},
    ]  # fmt: skip
    file = lines(tmp_path / "orders.jsonl", *told)
    assert [order_document(one.order) for one in read_requests(file, CHART, "clerk")] == told
