"""The commands about agreements, from a text on disk to money on the ledger."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from jinku.bootstrap import open_house
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id, transfer_id
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role

PROGRAM = """vars { monetary $sum }
send $sum (
  source = @borrower:2
  destination = { 1% to @fee_income remaining to @investor:1 }
)
"""
SPEC = {
    "balances": [{"account": "borrower:2", "asset": "CNY/2", "amount": 100}],
    "variables": {"sum": "CNY/2 100"},
    "testCases": [
        {
            "it": "takes the fee",
            "expect.postings": [
                {"source": "borrower:2", "destination": "fee_income", "asset": "CNY/2", "amount": 1},
                {"source": "borrower:2", "destination": "investor:1", "asset": "CNY/2", "amount": 99},
            ],
        },
        {"it": "says what is missing", "variables": {"sum": "CNY/2 101"}, "expect.error.missingFunds": True},
    ],
}
CHART = Chart(1, 156)
RUN = new_order_id(1_795_000_000_000, 9)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "repay.num").write_text(PROGRAM)
    (tmp_path / "repay.num.specs.json").write_text(json.dumps(SPEC))
    return tmp_path / "repay.num"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    from datetime import date

    with open_house(tmp_path / "data") as house:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 0), Opening(2, Role.BORROWER, 0)])
        borrower = CHART.account(Kind.BORROWER, 2)
        order = Deposit(
            id=new_order_id(1, 1), day=date(2026, 11, 20), reference=1, account=borrower, amount=1000
        )
        desk.submit([order])
    return tmp_path / "data"


def test_specifications_pass_or_say_what_is_wrong(run: Run, program: Path) -> None:
    done = run("agreement", "test", program.parent, "--json")
    assert (done.code, done.json["total"], done.json["passed"]) == (0, 2, 2)
    broken = json.loads(json.dumps(SPEC))
    broken["testCases"][0]["expect.postings"][0]["amount"] = 2
    program.with_name("repay.num.specs.json").write_text(json.dumps(broken))
    done = run("agreement", "test", program.parent, "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    [mismatch] = done.json["files"][0]["cases"][0]["mismatches"]
    assert mismatch["expectation"] == "expect.postings"
    text = run("agreement", "test", program.parent)
    assert "1 of 2 cases passed" in text.out
    assert "takes the fee" in text.out
    assert run("agreement", "test", program.parent / "nowhere").code == 2


def test_a_dry_run_explains_each_posting(run: Run, program: Path, tmp_path: Path) -> None:
    options = ("--vars", "sum=CNY/2 250", "--balances", "borrower:2=CNY/2 300")
    result = run("agreement", "run", program, *options, "--json").json
    assert [(one["destination"], one["amount"]) for one in result["postings"]] == [
        ("fee_income", "3"),
        ("investor:1", "247"),
    ]
    assert result["postings"][0]["why"]["target"][0]["rule"] == "portion"
    assert "rounded down" in " ".join(run("agreement", "run", program, *options).out.split())
    (tmp_path / "in.json").write_text(json.dumps({key: SPEC[key] for key in ("balances", "variables")}))
    from_file = run("agreement", "run", program, "--inputs", tmp_path / "in.json", "--json").json
    assert from_file["postings"][1]["amount"] == "99"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--vars", "sum=CNY/2 5"), 1, "5 of CNY/2 are needed and 0 available"),
        ((), 2, "no value was given for $sum"),
        (("--vars", "sum"), 2, "NAME=VALUE"),
        (("--vars", "sum=CNY/2 1", "--feature", "magic"), 2, "there is no feature 'magic'"),
        (("--vars", "sum=CNY/2 1.5"), 2, "is not a number"),
    ],
)
def test_one_line_says_what_is_wrong(
    options: tuple[str, ...], code: int, said: str, run: Run, program: Path
) -> None:
    done = run("agreement", "run", program, *options)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_program_that_cannot_be_read_is_named_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.num").write_text("send [CNY/2 1] (\n  sauce = @a\n)")
    done = run("agreement", "run", tmp_path / "bad.num")
    assert done.code == 2
    assert done.err.startswith("jinku: bad.num: line 2, column 3: unexpected 'sauce'")
    assert "`source`" in done.err


def test_from_proposal_to_booking(run: Run, program: Path, data: Path) -> None:
    where = ("--data", data, "--json")
    proposed = run("agreement", "propose", "repay", program, "--by", "clerk-1", *where).json
    assert (proposed["version"], proposed["status"]) == (1, "proposed")
    wish = ("agreement", "execute", "repay", "--id", RUN, "--day", "2026-11-20", "--vars", "sum=CNY/2 500")
    assert run(*wish, *where).code == 1
    same = run("agreement", "approve", "repay", 1, "--by", "clerk-1", *where)
    assert (same.code, json.loads(same.err)["error"]["code"]) == (1, "agreement_four_eyes")
    approved = run("agreement", "approve", "repay", 1, "--by", "clerk-2", *where).json
    assert approved["sealed_entry"] > 0
    rehearsed = run(*wish, "--rehearse", *where).json
    first = run(*wish, *where)
    assert (first.code, first.json["status"]) == (0, "booked")
    assert first.json["postings"] == rehearsed["postings"]
    assert run(*wish, *where).json == first.json
    shown = run("ledger", "show", CHART.account(Kind.INVESTOR, 1), *where).json["account"]
    assert shown["credits_posted"] == "495"
    told = run("agreement", "explain", transfer_id(RUN, leg=1), *where).json
    assert (told["id"], told["agreement"], told["postings"]) == (str(RUN), "repay", first.json["postings"])
    assert run("agreement", "explain", 12345, *where).code == 1
    assert run("agreement", "show", "repay", 1, *where).json["program"] == PROGRAM
    other = run(*wish[:-1], "sum=CNY/2 501", *where)
    assert json.loads(other.err)["error"]["code"] == "agreement_run_changed"
    run("agreement", "retire", "repay", 1, "--by", "clerk-2", "--reason", "over", *where)
    listed = run("agreement", "list", *where).json["agreements"]
    assert [(one["version"], one["status"]) for one in listed] == [(1, "retired")]
    assert "retired" in run("agreement", "list", "--data", data).out
