"""`jinku attest …` as it is typed: run, list, receipt, verify, page, with the bank's witness on the network."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.cli.conftest import Run
from tests.custody.proof.test_desk import account, fill

from jinku.bootstrap import open_house
from jinku.cli.witnessing import open_witness
from jinku.log.witness_http import witness_app


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "house"
    with open_house(directory, origin="ledger.example/jinku") as house:
        fill(house)
    return directory


@pytest.fixture
def witness(tmp_path: Path, data: Path) -> Iterator[str]:
    """VKEY@URL of a witness that listens on loopback."""
    opened = open_witness(tmp_path / "bank", "bank.example/w", [(data / "log.vkey").read_text().split()[0]])
    server = uvicorn.Server(uvicorn.Config(witness_app(opened), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"{opened.keys[0]}@http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    opened.close()


def test_a_day_from_the_run_to_the_customers_check(
    run: Run, data: Path, witness: str, tmp_path: Path
) -> None:
    """R13: run, cosigned by the bank, receipt, verified; run again, nothing new."""
    done = run("attest", "run", "--data", data, "--day", "2026-11-20", "--witness", witness, "--json")
    assert done.code == 0, done.err
    made = done.json["attestations"]
    assert [(one["currency"], one["liabilities"], one["day"]) for one in made] == [
        ("CNY", "1257", "2026-11-20"),
        ("USD", "1257", "2026-11-20"),
    ]
    again = run("attest", "run", "--data", data, "--day", "2026-11-20", "--json").json
    assert again["attestations"] == made
    assert run("attest", "list", "--data", data, "--json").json["attestations"] == made
    receipts = tmp_path / "receipts"
    names = [str(account(party)) for party in (1, 2)]
    assert run("attest", "receipt", *names, "--data", data, "--out", receipts).code == 0
    files = [receipts / f"{name}.json" for name in names]
    bank, vkeys = witness.partition("@http")[0], f"@{data / 'log.vkey'}"
    assert run("attest", "verify", *files, "--data", data, "--witness", bank, "--quorum", 1).code == 0
    listed = data / "log" / "attestations.json"
    checked = run(
        "verify", "balance", files[0], "--key", vkeys, "--witness", bank, "--list", listed,
        "--day", "2026-11-20", "--customer", names[0], "--json",
    )  # fmt: skip
    assert (checked.code, checked.json["balance"], checked.json["listed"]) == (0, "1250", True)
    assert list(checked.json["witnesses"]) == ["bank.example/w"]
    stale = run("verify", "balance", files[0], "--key", vkeys, "--day", "2026-11-21", "--json")
    assert (stale.code, stale.json["code"]) == (1, "other_day")
    assert run("verify", "attestations", data / "log", "--key", vkeys).code == 0
    assert "不证明" in run("verify", "balance", files[0], "--key", vkeys).out
    assert json.loads(run("attest", "receipt", names[0], "--data", data).out) == json.loads(
        files[0].read_bytes()
    )


def test_what_is_refused(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("attest", "receipt", account(1), "--data", data).code == 1
    away = "bank.example/w+" + "0" * 8
    assert run("attest", "run", "--data", data, "--day", "20-11-2026").code == 2
    assert run("attest", "run", "--data", data, "--witness", f"{away}@http://127.0.0.1:9").code != 0
    assert run("attest", "run", "--data", data, "--entity", 7, "--currency", "CNY").code == 1
    assert run("attest", "run", "--data", data).code == 0
    assert run("attest", "receipt", 1, 2, "--data", data).code == 2
    assert run("attest", "receipt", 1, "--data", data).code == 1
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert run("attest", "verify", bad, "--data", data).code == 2


def test_the_page_is_written_with_its_keys_and_its_digest_said(run: Run, data: Path, tmp_path: Path) -> None:
    vkey = (data / "log.vkey").read_text().split()[0]
    file = tmp_path / "check.html"
    done = run("attest", "page", "--out", file, "--vkey", vkey, "--json")
    assert done.json["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert vkey in file.read_text()
    assert run("attest", "page", "--out", file, "--vkey", "nonsense").code == 2
