"""The runner of the public test format: a case that should fail fails, and a file that is wrong is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from jinku.custody.numscript.errors import BadSpec, LimitExceeded
from jinku.custody.numscript.inputs import BalanceRow, StaticBooks
from jinku.custody.numscript.spec_file import read_inputs
from jinku.custody.numscript.specs import CaseReport, FileReport, check_directory, check_file

PROGRAM = """
vars { monetary $sum }
send $sum ( source = @a destination = { 1/2 to @x 1/4 to @y remaining to @x } )
set_tx_meta("k", "v")
set_account_meta(@a, "k", 1/2)
"""


def row(account: str, amount: int, **more: str) -> dict[str, Any]:
    return {"account": account, "asset": "CNY/2", "amount": amount, **more}


def move(destination: str, amount: int) -> dict[str, Any]:
    return {"source": "a", "destination": destination, "asset": "CNY/2", "amount": amount}


HOLDS: dict[str, Any] = {
    "expect.postings": [move("x", 50), move("y", 25), move("x", 25)],
    "expect.movements": [move("y", 25), move("x", 75)],
    "expect.endBalances": [row("x", 75), row("y", 25), row("a", 10)],
    "expect.endBalances.include": [row("a", 10)],
    "expect.txMetadata": {"k": "v"},
    "expect.metadata": {"a": {"k": "1/2"}},
    "expect.error.missingFunds": False,
}
FAILS: dict[str, Any] = {
    "expect.postings": [move("x", 75), move("y", 25)],
    "expect.movements": [move("x", 75)],
    "expect.endBalances": [row("x", 75), row("y", 25)],
    "expect.endBalances.include": [row("a", 11)],
    "expect.txMetadata": {},
    "expect.metadata": {"a": {"k": "0.5"}},
    "expect.error.missingFunds": True,
    "expect.error.negativeAmount": True,
}


def checked(directory: Path, *cases: dict[str, Any], **common: Any) -> FileReport:
    spec = {
        "balances": [row("a", 110)],
        "variables": {"sum": "CNY/2 100"},
        **common,
        "testCases": list(cases),
    }
    (directory / "p.num").write_text(PROGRAM)
    (directory / "p.num.specs.json").write_text(json.dumps(spec))
    return check_file(directory / "p.num.specs.json")


def only(report: FileReport) -> CaseReport:
    assert report.error == ""
    [case] = report.cases
    return case


@pytest.mark.parametrize("name", HOLDS)
def test_what_holds_passes(name: str, tmp_path: Path) -> None:
    assert only(checked(tmp_path, {"it": "-", name: HOLDS[name]})).passed


@pytest.mark.parametrize("name", FAILS)
def test_what_does_not_hold_fails(name: str, tmp_path: Path) -> None:
    case = only(checked(tmp_path, {"it": "-", name: FAILS[name]}))
    assert not case.passed
    assert [one.expectation for one in case.mismatches] == [name]


def test_an_error_that_was_not_expected_fails(tmp_path: Path) -> None:
    for variables in ({"sum": "CNY/2 111"}, {"sum": "CNY/2 -1"}, {"sum": "money"}):
        case = only(checked(tmp_path, {"it": "-", "variables": variables, "expect.endBalances.include": []}))
        assert not case.passed
        assert case.error
    assert only(
        checked(tmp_path, {"it": "-", "balances": [row("a", 1)], "expect.error.missingFunds": True})
    ).passed


def test_a_case_overrides_what_is_common(tmp_path: Path) -> None:
    case = {"it": "-", "balances": [row("a", 4)], "variables": {"sum": "CNY/2 4"}, "expect.postings": []}
    found = only(checked(tmp_path, case)).mismatches[0].found
    assert [one["amount"] for one in found] == [2, 1, 1]


def test_skip_and_focus_are_told_and_pass_nothing(tmp_path: Path) -> None:
    report = checked(tmp_path, {"it": "a"}, {"it": "b", "skip": True})
    assert [(case.passed, case.skipped) for case in report.cases] == [(True, False), (False, True)]
    report = checked(tmp_path, {"it": "a"}, {"it": "b", "focus": True})
    assert [(case.passed, case.skipped) for case in report.cases] == [(False, True), (True, False)]
    whole = check_directory(tmp_path)
    assert (whole.passed, whole.counts["skipped"]) == (False, 1)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"testCases": [{"it": "-", "expect.posting": []}]},
        {"testCases": [{"expect.postings": []}]},
        {"testCases": [{"it": "-", "balances": [{"account": "a", "asset": "CNY/2"}]}]},
        {"testCases": [{"it": "-", "balances": [row("a", True)]}]},
        {"testCases": [{"it": "-", "balances": [row("a b", 1)]}]},
        {"testCases": [{"it": "-", "balances": [row("a", 1), row("a", 2)]}]},
        {"testCases": [{"it": "-", "variables": {"sum": 1}}]},
        {"testCases": [{"it": "-", "focus": "yes"}]},
        {"testCases": []},
        {"testCases": {}},
        {"cases": []},
        [],
    ],
)
def test_a_file_that_is_not_of_the_format_is_one_failure(spoiled: object, tmp_path: Path) -> None:
    (tmp_path / "p.num").write_text("")
    (tmp_path / "p.num.specs.json").write_text(json.dumps(spoiled))
    report = check_directory(tmp_path)
    assert (report.passed, report.counts["failed"]) == (False, 1)
    assert report.files[0].error


@pytest.mark.parametrize(
    "text", ["{", '{"a": 1.5}', '{"a": NaN}', "[" * 100_000, "\ufeff{}", '{"balances": [], "balances": []}']
)
def test_bytes_that_are_no_exact_json_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(BadSpec):
        read_inputs(tmp_path / "in.json")


def test_amounts_of_any_size_are_exact_up_to_the_limit(tmp_path: Path) -> None:
    great = 10**199
    (tmp_path / "in.json").write_text(json.dumps({"balances": [row("a", great)]}))
    assert read_inputs(tmp_path / "in.json").balances == (BalanceRow("a", "CNY/2", great),)
    (tmp_path / "in.json").write_text(
        '{"balances": [{"account": "a", "asset": "CNY/2", "amount": ' + "9" * 201 + "}]}"
    )
    with pytest.raises(LimitExceeded):
        read_inputs(tmp_path / "in.json")


def test_a_program_that_is_missing_or_broken_fails_its_file(tmp_path: Path) -> None:
    (tmp_path / "p.num.specs.json").write_text(json.dumps({"testCases": [{"it": "-"}]}))
    assert "p.num" in check_file(tmp_path / "p.num.specs.json").error
    (tmp_path / "p.num").write_text("send")
    assert "ends too early" in check_file(tmp_path / "p.num.specs.json").error
    with pytest.raises(BadSpec):
        check_directory(tmp_path / "nowhere")


def test_a_balance_stands_once() -> None:
    with pytest.raises(BadSpec):
        StaticBooks([BalanceRow("a", "CNY/2", 1), BalanceRow("a", "CNY/2", 1)])
