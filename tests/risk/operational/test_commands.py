"""K12: market and operational risk as a person types them, on a house of their own."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.risk.market.test_measures import history
from typer.testing import CliRunner

from jinku.cli.main import app


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Prices of 400 days and positions."""
    prices = history(400)
    lines = ["date,factor,price"]
    for day, row in zip(prices.days, prices.prices, strict=True):
        lines += [f"{day},{name},{price!r}" for name, price in zip(prices.factors, row.tolist(), strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "positions.csv").write_text("factor,value\nf0,50000000\nf1,-20000000\n", encoding="utf-8")
    return str(tmp_path / "prices.csv"), str(tmp_path / "positions.csv")


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["risk", *words])
    assert result.exit_code == code, result.output
    return result.stdout


def said(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code))


def test_what_could_be_lost(files: tuple[str, str]) -> None:
    """K12: three methods of one order of size, and a back-test whose tests agree with its exceptions."""
    given = ("--prices", files[0], "--positions", files[1])
    found = {
        one["method"]: int(one["value_at_risk"]) for one in said("market", "var", *given, "--level", "0.95")
    }
    assert set(found) == {"historical", "parametric", "monte_carlo"}
    assert max(found.values()) < 1.3 * min(found.values())
    tested = said(
        "market", "backtest", *given, "--level", "0.95", "--window", "120", "--method", "historical"
    )
    assert tested["historical"]["days"] == 279
    assert tested["historical"]["holds"]
    assert "historical" in run("market", "var", *given)


def test_a_day_with_limits_losses_indicators_and_duties(files: tuple[str, str], tmp_path: Path) -> None:
    """K12: the whole day on one house; a breach, a red indicator and an overdue duty have exit code 1."""
    house = ("--data", str(tmp_path / "house"))
    assert CliRunner().invoke(app, ["house", "make", *house]).exit_code == 0
    terms = ("--warn", "1", "--stop", "2", "--day", "2026-11-20")
    key = run("market", "propose", "value_at_risk", *terms, "--by", "risk-1", *house).strip()
    run("market", "approve", key, "--by", "board-2", *house)
    [limit] = said("market", "limits", *house)
    assert (limit["state"], limit["stop"]) == ("approved", "2")
    given = ("--prices", files[0], "--positions", files[1], "--day", "2026-11-20", "--by", "jinku", *house)
    kept = said("market", "day", *given, code=1)
    assert {one["use"] for one in kept["limits"]} == {"breach"}
    run("market", "outcome", "--loss", "5", "--day", "2026-11-20", "--by", "jinku", *house)
    told = (
        "--gross",
        "900",
        "--occurred",
        "2026-11-01",
        "--found",
        "2026-11-02",
        "--text",
        "x",
        "--by",
        "ops-1",
    )
    number = run("loss", "report", "external_fraud", *told, *house).strip()
    run("loss", "revise", number, "--gross", "1000", "--text", "more", "--by", "ops-1", *house)
    run("loss", "recover", number, "--amount", "400", "--by", "ops-1", *house)
    run("loss", "close", number, "--text", "done", "--by", "head-3", *house)
    [loss] = said("loss", "list", *house)
    assert (loss["state"], loss["gross"], loss["net"]) == ("closed", "1000", "600")
    [total] = said("loss", "sum", "--from", "2000-01-01", "--to", "2100-01-01", *house)
    assert (total["events"], total["net"]) == (1, "600")
    assert said("kri", "observe", "breaks_open=99", "--by", "jinku", *house, code=1) == {"breaks_open": "red"}
    assert said("kri", "show", *house)[0]["colour"] == "red"
    run("duty", "arise", "large_value_report", "77", "--started", "2026-11-02", "--by", "jinku", *house)
    listed = said("duty", "list", "--day", "2026-11-20", *house, code=1)
    assert (listed[0]["urgency"], listed[0]["due"]) == ("overdue", "2026-11-09")
    run("duty", "done", "large_value_report", "77", "--evidence", files[0], "--by", "aml-1", *house)
    assert said("duty", "list", "--day", "2026-11-20", *house) == []
