"""Doors beside the gate: commands that reach the ledger of a house with risk switched on."""

import json
from pathlib import Path

import pytest
from tests.risk.decision.test_house import opened
from tests.risk.house.kit import Now

from jinku.cli.main import main


def test_a_file_of_transfers_is_decided_about_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """K1: `jinku ledger create` on the house's own disk is no way around the gate."""
    with opened(tmp_path, Now()) as risk:
        held_above = 500_000
        [payer, payee] = risk.house.ledger.accounts_array()["id_lo"][:2].tolist()
    file = tmp_path / "transfers.csv"
    file.write_text(
        "id,debit_account_id,credit_account_id,amount,ledger,code\n"
        f"77,{payer},{payee},{held_above * 2},156,1\n"
    )
    assert main(["ledger", "create", str(file), "--data", str(tmp_path), "--json"]) == 1
    [refused] = json.loads(capsys.readouterr().out)["refused"]
    assert refused["status"] == "risk_held"
    main(["ledger", "show", "77", "--data", str(tmp_path), "--json"])
    assert json.loads(capsys.readouterr().out)["transfer"]["flags"] == ["pending"]
