"""`jinku risk decide|decisions|release|refuse|replay` on a house with risk switched on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.risk.decision.test_house import batch, opened
from tests.risk.house.kit import Now

from jinku.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    out = capsys.readouterr()
    return json.loads(out.out if out.out else out.err)


def test_from_a_held_transfer_to_its_release_and_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K2: what was decided is shown with all that made it; the day replays to the byte, an altered rule is told."""
    clock = Now()
    with opened(tmp_path, clock) as risk:
        risk.gate.create_transfers_array(batch(np.random.default_rng(4), 1_000, 150))
    data = ("--data", str(tmp_path))
    held = run(capsys, "risk", "decisions", "--waiting", *data)
    assert isinstance(held, list)
    assert {row["state"] for row in held} == {"held"}
    assert all(int(row["amount"]) > 500_000 for row in held)
    number = held[0]["id"]
    assert run(capsys, "risk", "release", number, "--by", "anna", "--note", "known", *data)["state"] == "held"
    refused = run(capsys, "risk", "release", number, "--by", "anna", "--note", "me again", *data, code=1)
    assert refused["error"]["code"] == "same_person"
    assert (
        run(capsys, "risk", "release", number, "--by", "ben", "--note", "agreed", *data)["state"]
        == "released"
    )
    one = run(capsys, "risk", "decisions", "--id", number, *data)
    assert isinstance(one, dict)
    assert (one["action"], one["why"], one["state"]) == ("hold", "large: large", "released")
    assert [rule["name"] for rule in one["rules"]] == ["large"]
    assert one["features"]["customer_count_1h"].isdigit()
    assert [act.split(" by ")[1] for act in one["acts"]] == ["anna: known", "ben: agreed"]
    replayed = run(capsys, "risk", "replay", "--day", "2026-11-20", *data)
    assert (replayed["decisions"], replayed["replay_mismatches"]) == (150, 0)
    [path] = (tmp_path / "risk" / "versions").glob("rules-*")
    path.write_text(path.read_text().replace("500000", "500001"))
    told = run(capsys, "risk", "replay", "--day", "2026-11-20", *data, code=3)
    assert "rules" in told["error"]["message"]


def test_a_dry_run_explains_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path, Now()):
        pass
    event = tmp_path / "event.json"
    event.write_text(
        json.dumps({"customer": "7", "payer": "7", "payee": "8", "amount": "600000", "currency": "CNY"})
    )
    data = ("--data", str(tmp_path))
    value = run(capsys, "risk", "decide", str(event), *data)
    assert isinstance(value, dict)
    assert (value["action"], value["points"], value["features"]["customer_amount_1h"]) == (
        "hold",
        50,
        "600000",
    )
    assert run(capsys, "risk", "decisions", *data) == []
    event.write_text('{"amont": 5}')
    assert "amont" in run(capsys, "risk", "decide", str(event), *data, code=2)["error"]["message"]


def test_a_house_without_risk_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["house", "make", "--data", str(tmp_path)]) == 0
    capsys.readouterr()
    told = run(capsys, "risk", "decisions", "--data", str(tmp_path), code=2)
    assert "risk.toml" in told["error"]["remedy"]
