"""Running commands as the shell does, in this process: arguments in, exit code and output out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jinku.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs one command."""

    def run_command(*arguments: object) -> Done:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def house(tmp_path: Path, run: Run) -> Path:
    """A data directory with accounts 1 and 2 and transfers 11 (12.50) and 12 (0.01)."""
    data = tmp_path / "data"
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(
        "id,ledger,code,flags\n1,156,10,history\n2,156,20,debits_must_not_exceed_credits history\n"
    )
    transfers = tmp_path / "transfers.json"
    plain = {"debit_account_id": "1", "credit_account_id": "2", "ledger": 156, "code": 1}
    transfers.write_text(
        json.dumps(
            {"transfers": [{"id": "11", "amount": "1250", **plain}, {"id": "12", "amount": 1, **plain}]}
        )
    )
    assert run("ledger", "create", accounts, "--data", data).code == 0
    assert run("ledger", "create", transfers, "--data", data, "--json").json["created"] == 2
    return data
