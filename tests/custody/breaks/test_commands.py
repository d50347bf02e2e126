"""`jinku breaks`, `jinku balance` and `jinku drill` from the outside: answers and exit codes."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.custody.breaks.parts import CHART, CUSTOMER, DAY, SUSPENSE, a_break, order

from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.cli.main import main
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.structure.chart import Opening
from jinku.custody.structure.table import Role


@pytest.fixture
def house(tmp_path: Path) -> str:
    """A house with one break of 10.00 that the bank has beyond our books."""
    with open_house(tmp_path / "house") as opened:
        desk = OrderDesk(opened.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(7, Role.INVESTOR, 7)])
        desk.submit([o.Deposit(id=order(1), day=DAY, account=CUSTOMER, amount=60_000, reference=1)])
        with Custody(opened) as custody:
            custody.breaks.take_up(DAY, [a_break("R-1"), a_break("R-2", 30_000_000)], (1, 156))
    return str(tmp_path / "house")


def run(capsys: pytest.CaptureFixture[str], house: str, *words: str, code: int = 0) -> Any:
    assert main([*words, "--data", house, "--json"]) == code
    out, err = capsys.readouterr()
    return json.loads(out or err)


def test_a_break_is_worked_on_and_written_off(capsys: pytest.CaptureFixture[str], house: str) -> None:
    """R10, R18: by commands alone."""
    main(["breaks", "list", "--data", house, "--json", "--day", "2026-11-20"])
    listed = json.loads(capsys.readouterr().out)
    small = next(one for one in listed if one["amount"] == "1000")
    assert [one["age_days"] for one in listed] == [2, 2]
    assert [one["material"] for one in sorted(listed, key=lambda one: int(one["amount"]))] == [False, True]
    number = small["break"]
    error = run(capsys, house, "breaks", "investigate", number, "--by", "clerk", code=1)
    assert error["error"]["code"] == "break_refused"
    run(capsys, house, "breaks", "assign", number[:12], "--owner", "clerk", "--by", "lead")
    run(capsys, house, "breaks", "investigate", number, "--by", "clerk")
    run(capsys, house, "breaks", "note", number, "--text", "问过银行", "--by", "clerk")
    run(capsys, house, "breaks", "link", number, "--kind", "line", "--value", "st/R-1", "--by", "clerk")
    action = ("--text", "call", "--owner", "clerk", "--due", "2026-11-24", "--by", "clerk")
    run(capsys, house, "breaks", "act", number, *action)
    run(capsys, house, "breaks", "done", number, "--action", "1", "--by", "clerk")
    ends = ("--cause", "unknown_payer", "--text", "owner unknown", "--by", "clerk")
    run(capsys, house, "breaks", "propose", number, *ends)
    run(capsys, house, "breaks", "reject", number, "--text", "book it", "--by", "lead")
    run(capsys, house, "breaks", "write-off", number, "--against", "suspense", "--day", "2026-11-20", *ends)
    refused = run(capsys, house, "breaks", "approve", number, "--by", "clerk", code=1)
    assert refused["error"]["code"] == "second_person"
    done = run(capsys, house, "breaks", "approve", number, "--by", "lead", "--day", "2026-11-20")
    assert done["state"] == "written_off"
    shown = run(capsys, house, "breaks", "show", number)
    assert len(shown["correcting_transfers"]) == 1
    assert [one["act"] for one in shown["history"]][-2:] == ["approve", "booked"]
    balance = run(capsys, house, "balance", str(SUSPENSE))
    assert balance["balance"] == "1000"
    run(capsys, house, "breaks", "reopen", number, "--text", "too early", "--by", "lead")
    assert run(capsys, house, "breaks", "verify")["verified"] is True
    assert main(["breaks", "show", number, "--data", house]) == 0
    assert "问过银行" in capsys.readouterr().out


def test_what_cannot_be_is_said_with_what_to_do(capsys: pytest.CaptureFixture[str], house: str) -> None:
    by = ("--cause", "weather", "--text", "x", "--by", "clerk")
    main(["breaks", "list", "--data", house, "--json"])
    number = json.loads(capsys.readouterr().out)[0]["break"]
    for words in (
        ("breaks", "show", "zzzz"),
        ("breaks", "propose", number, *by),
        ("breaks", "write-off", number, "--against", "customer", *by),
        ("balance", "all", "--as-of", "2026-13-01"),
        ("balance", "of", "x"),
    ):
        assert run(capsys, house, *words, code=2)["error"]["remedy"]
    (Path(house) / "approvers.toml").write_text("[levels]\nhead = 'high'\n")
    assert run(capsys, house, "breaks", "verify", code=2)["error"]["code"] == "bad_input"


def test_ageing_escalation_and_levels(capsys: pytest.CaptureFixture[str], house: str, tmp_path: Path) -> None:
    """R10: the report as JSON, table and CSV in both languages; who is told of what."""
    (Path(house) / "approvers.toml").write_text("[levels]\nhead = 2\n")
    file = tmp_path / "ageing.csv"
    report = run(
        capsys, house, "breaks", "ageing", "--day", "2026-11-20", "--csv", str(file), "--language", "zh"
    )
    assert report["rows"] == [
        {"age": "2-5 days", "class": "unknown_at_bank", "currency": "CNY", "count": 2, "amount": "30001000",
         "effect": "30001000"},
    ]  # fmt: skip
    assert "银行多账" in file.read_text(encoding="utf-8")
    assert main(["breaks", "ageing", "--data", house, "--day", "2026-11-20", "--language", "zh"]) == 0
    assert "账龄" in capsys.readouterr().out
    told = run(capsys, house, "breaks", "escalate", "--day", "2026-11-20")
    assert sorted(one["level"] for one in told) == [1, 2]


def test_balances_as_of_and_as_known(capsys: pytest.CaptureFixture[str], house: str) -> None:
    """R12: the deposit bears the 18th and was booked today."""
    at = ("--as-of", "2026-11-18")
    assert run(capsys, house, "balance", str(CUSTOMER), *at)["balance"] == "60000"
    assert run(capsys, house, "balance", str(CUSTOMER), "--as-of", "2026-11-17")["balance"] == "0"
    assert run(capsys, house, "balance", str(CUSTOMER), *at, "--known-at", "2026-11-18")["balance"] == "0"
    accounts = run(capsys, house, "balance", "all", *at)["accounts"]
    assert {one["account"]: one["balance"] for one in accounts}[str(CUSTOMER)] == "60000"
    changed = run(capsys, house, "balance", "changes", *at, "--known-at", "2026-11-18")
    assert {one["account"]: one["change"] for one in changed["accounts"]}[str(CUSTOMER)] == "60000"
    lines = run(capsys, house, "balance", "statement", str(CUSTOMER), "--since", "2026-11-17")
    assert (lines["opening"], lines["closing"], len(lines["lines"])) == ("0", "60000", 1)
    for words in (("of", str(CUSTOMER)), ("all",), ("statement", str(CUSTOMER), "--since", "2026-11-17")):
        assert main(["balance", *words, "--money", "--data", house]) == 0
    assert "600.00 CNY" in capsys.readouterr().out


def test_a_drill_on_the_command_line(capsys: pytest.CaptureFixture[str], house: str, tmp_path: Path) -> None:
    """R21: copied, rebuilt, recorded and sealed; beside a running house it waits for its seal."""
    drill = run(capsys, house, "drill", "restore", "--to", str(tmp_path / "copy"), "--by", "ops-1")
    assert (drill["passed"], drill["lost_entries"]) == (True, 0)
    assert drill["sealed_entry"] is not None
    checked = run(capsys, str(tmp_path / "copy"), "drill", "check")
    assert checked["state_sha256"] == drill["state_sha256"]
    with open_house(Path(house)):
        beside = run(capsys, house, "drill", "restore", "--to", str(tmp_path / "other"))
        assert (beside["passed"], beside["sealed_entry"]) == (True, None)
    listed = run(capsys, house, "drill", "list")
    assert [one["sealed_entry"] is not None for one in listed] == [True, True]
    assert (
        run(capsys, house, "drill", "restore", "--to", str(tmp_path / "copy"), code=3)["error"]["code"]
        == "backup_failed"
    )
    assert date.fromisoformat(listed[0]["began"][:10]) >= DAY
