"""Commands as processes: the server with its witness, stopping in order, a fast start."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from jinku.bootstrap import HouseError, open_house
from jinku.verify import Trust, verify_log_directory

WAIT_SECONDS = 60.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(log: Path, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """`jinku ARGUMENTS` until the context ends; its standard error goes to `log`."""
    command = [sys.executable, "-m", "jinku.cli.main", *map(str, arguments)]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ})
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(WAIT_SECONDS)


def _said(stream: IO[bytes] | None) -> Any:
    """The JSON object that a process says first."""
    assert stream is not None
    text = ""
    for line in stream:
        text += line.decode()
        if line.rstrip() == b"}":
            return json.loads(text)
    pytest.fail(f"the process ended: {text}")


def _wait(url: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx2.get(url)
            return
        except httpx2.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


def test_a_server_with_a_witness(tmp_path: Path) -> None:
    data, port, witness_port = tmp_path / "data", _free_port(), _free_port()
    name = "ledger.example/test"
    open_house(data, origin=name).close()
    witness = ("witness", "--name", "w.example/1", "--log", f"@{data / 'log.vkey'}", "--data", tmp_path / "w")
    serve = ("serve", "--data", data, "--port", port, "--json")
    with _process(tmp_path / "w.log", *witness, "--port", witness_port, "--json") as witnessing:
        [cosigner] = _said(witnessing.stdout)["say"]
        with _process(tmp_path / "s.log", *serve, "--witness", cosigner) as serving:
            about = _said(serving.stdout)
            assert about["origin"] == name
            url, token = about["url"], Path(about["token_file"]).read_text().strip()
            _wait(f"{url}/readyz")
            with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}) as client:
                account = client.post("/v1/accounts", json={"id": "1", "ledger": 156, "code": 10})
                assert account.status_code == 201
                assert "server" not in account.headers
                deadline = time.monotonic() + WAIT_SECONDS
                answer = client.get("/v1/entries/0/receipt", params={"cosigned": True})
                while answer.status_code != 200 and time.monotonic() < deadline:
                    time.sleep(0.2)
                    answer = client.get("/v1/entries/0/receipt", params={"cosigned": True})
                assert "w.example/1" in answer.text
            os.kill(serving.pid, signal.SIGTERM)
            assert serving.wait(WAIT_SECONDS) == 0
    lines = (tmp_path / "s.log").read_text()
    assert token not in lines
    assert '"route":"/v1/accounts"' in lines


def test_a_new_directory_signs_with_both_keys_when_asked(tmp_path: Path) -> None:
    data, port, name = tmp_path / "data", _free_port(), "ledger.example/both"
    command = ("serve", "--data", data, "--port", port, "--origin", name, "--post-quantum", "--json")
    with _process(tmp_path / "log", *command) as serving:
        about = _said(serving.stdout)
        assert (about["origin"], len(about["vkeys"])) == (name, 2)
    signed_note = (data / "log" / "checkpoint").read_bytes()
    assert signed_note.decode().count(f"\n\N{EM DASH} {name} ") == 2
    report = verify_log_directory(data / "log", Trust.of(about["vkeys"]))  # all keys given must have signed
    assert report.ok
    with pytest.raises(HouseError, match="origin"):
        open_house(data, origin="ledger.example/other")


def test_a_request_head_without_end_is_cut_off(tmp_path: Path) -> None:
    port = _free_port()
    with _process(
        tmp_path / "log", "serve", "--data", tmp_path / "data", "--port", port, "--json"
    ) as serving:
        _said(serving.stdout)
        _wait(f"http://127.0.0.1:{port}/healthz")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
            connection.settimeout(WAIT_SECONDS)
            with pytest.raises(OSError):
                _send_for_ever(connection)
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def _send_for_ever(connection: socket.socket) -> None:
    for _ in range(1_000):
        connection.sendall(b"x" * 65_536)
        time.sleep(0.001)


def test_help_starts_fast() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "jinku.cli.main", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for heavy in ("numpy", "numba", "fastapi", "pydantic", "rocksdict", "cryptography"):
        assert f"| {heavy}\n" not in done.stderr.replace("|   ", "| "), f"{heavy} is imported for --help"
    slowest = min(_seconds([sys.executable, "-m", "jinku.cli.main", "--help"]) for _ in range(3))
    assert slowest < 1.5, "half a second on a machine that is not busy"


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - began
