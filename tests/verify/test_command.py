"""The command line: exit codes, JSON, plain words, and never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.verify.kit import (
    LOG_KEY,
    PQ_KEY,
    WITNESSES,
    checkpoint,
    day_of,
    path_of,
    receipt,
    write_log,
)
from tests.verify.test_receipt import proof_file

from jinku.verify.command import main

LEAVES = day_of(0).leaves
KEY = ["--key", LOG_KEY.vkey]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A directory with one good file of each kind."""
    write_log(tmp_path / "log", LEAVES)
    (tmp_path / "receipt").write_bytes(receipt(LEAVES, 11, extra=True))
    (tmp_path / "bare").write_bytes(receipt(LEAVES, 11))
    (tmp_path / "leaf").write_bytes(LEAVES[11])
    (tmp_path / "earlier").write_bytes(checkpoint(LEAVES[:9]))
    (tmp_path / "proof").write_bytes(proof_file(9, 20))
    (tmp_path / "keys").write_text(f"# the log's keys\n{LOG_KEY.vkey}\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().out


def test_what_holds_exits_0_and_says_so(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["receipt", shelf / "receipt"],
        ["receipt", shelf / "bare", "--leaf", shelf / "leaf"],
        ["consistency", shelf / "earlier", shelf / "proof"],
        ["log", shelf / "log"],
        ["log", shelf / "log", "--earlier", shelf / "earlier", "--no-replay", "--live"],
    ):
        code, out = run(capsys, *arguments, *KEY)
        assert code == 0
        assert "VERIFIED" in out
        assert out.splitlines()[-1].startswith("结论：通过验证")
        code, out = run(capsys, *arguments, *KEY, "--json")
        assert (code, json.loads(out)["ok"]) == (0, True)


def test_keys_come_from_files_too(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "log", shelf / "log", "--key", f"@{shelf / 'keys'}")[0] == 0
    two = [*KEY, "--key", PQ_KEY.vkey]
    assert run(capsys, "log", shelf / "log", *two)[0] == 1
    assert run(capsys, "log", shelf / "log", *two, "--any-key")[0] == 0
    assert run(capsys, "log", shelf / "log", *KEY, "--witness", WITNESSES[1].vkey)[0] == 1
    assert run(capsys, "log", shelf / "log", *KEY, "--witness", WITNESSES[1].vkey, "--quorum", "0")[0] == 0


def test_what_does_not_hold_exits_1_and_names_the_place(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "receipt", shelf / "bare", "--leaf", shelf / "earlier", *KEY)[0] == 1
    (shelf / "earlier").write_bytes(checkpoint([b"forked"] * 9))
    assert run(capsys, "consistency", shelf / "earlier", shelf / "proof", *KEY)[0] == 1
    bundle = shelf / "log" / path_of("entries", 0, len(LEAVES))
    bundle.write_bytes(bundle.read_bytes()[:-1])
    code, out = run(capsys, "log", shelf / "log", *KEY)
    assert code == 1
    assert f"FAULT {path_of('entries', 0, len(LEAVES))}:" in out
    assert out.splitlines()[-1].startswith("结论：未通过验证")
    code, out = run(capsys, "log", shelf / "log", *KEY, "--json")
    assert json.loads(out)["findings"][0]["file"] == path_of("entries", 0, len(LEAVES))


def test_what_cannot_be_read_exits_2(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(shelf / "pipe")
    for arguments in (
        ["receipt", shelf / "none", *KEY],
        ["receipt", shelf / "leaf", *KEY],
        ["receipt", shelf / "bare", *KEY],
        ["receipt", shelf / "pipe", *KEY],
        ["receipt", shelf, *KEY],
        ["consistency", shelf / "leaf", shelf / "proof", *KEY],
        ["log", shelf / "none", *KEY],
        ["log", shelf, *KEY],
        ["balance", shelf / "leaf", *KEY],
        ["log", shelf / "log", "--key", "nonsense"],
        ["log", shelf / "log", "--key", f"@{shelf / 'none'}"],
        ["log", shelf / "log", *KEY, "--quorum", "3"],
    ):
        code, out = run(capsys, *arguments)
        assert code == 2, arguments
        assert "UNREADABLE" in out
    for bad in ([], ["log"], ["log", "x"], ["other"]):
        with pytest.raises(SystemExit) as ended:
            main(bad)
        assert ended.value.code == 2


def test_names_cannot_steer_the_terminal(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shelf / "log" / "\x1b[2J\nVERIFIED").write_bytes(b"")
    code, out = run(capsys, "log", shelf / "log", *KEY)
    assert code == 1
    assert "\x1b" not in out
    assert r"\x1b[2J\nVERIFIED" in out


def test_it_runs_as_a_module(shelf: Path) -> None:
    command = [sys.executable, "-m", "jinku.verify", "log", str(shelf / "log"), *KEY, "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["ok"], done.stderr) == (0, True, b"")
