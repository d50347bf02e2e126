"""The client of Flink's SQL Gateway against one that answers by the book, on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from jinku.cli.main import app
from jinku.risk.features.flink import FlinkFailed, Gateway

REFUSED = "org.apache.flink.X: Failed\n\tat a.b\nCaused by: org.apache.calcite.Y: no such column\n\tat c.d"


class Handler(BaseHTTPRequestHandler):
    """Version 2 of the interface: an operation is pending once, then finished, or failed where its text says BAD."""

    said: ClassVar[list[tuple[str, str]]] = []
    statements: ClassVar[list[str]] = []
    asked: ClassVar[dict[str, int]] = {}

    def _answer(self, body: object, status: int = 200) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self.said.append(("POST", self.path))
        if self.path == "/v2/sessions":
            self._answer({"sessionHandle": "s1"})
        elif self.path == "/v2/sessions/s1/statements":
            self.statements.append(body["statement"])
            self._answer({"operationHandle": str(len(self.statements) - 1)})
        else:
            self._answer({"status": "CANCELED"})

    def do_GET(self) -> None:
        self.said.append(("GET", self.path))
        operation = self.path.split("/operations/")[1].split("/")[0]
        statement = self.statements[int(operation)]
        if self.path.endswith("/status"):
            self.asked[operation] = self.asked.get(operation, 0) + 1
            ended = "ERROR" if "BAD" in statement else "FINISHED"
            slow = "SLOW" in statement or self.asked[operation] == 1
            self._answer({"status": "RUNNING" if slow else ended})
        elif "BAD" in statement:
            self._answer({"errors": ["Internal server error.", REFUSED]}, 500)
        else:
            found = {"resultType": "PAYLOAD", "results": {"data": []}}
            self._answer(found | ({"jobID": "job7"} if statement.startswith("INSERT") else {}))

    def do_DELETE(self) -> None:
        self.said.append(("DELETE", self.path))
        self._answer({"status": "CLOSED"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Handler.said, Handler.statements, Handler.asked = [], [], {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_statements_go_in_order_and_the_session_ends(url: str) -> None:
    with Gateway(url) as gateway:
        assert gateway.submit(["CREATE TABLE a", "INSERT INTO a"], timeout_s=10) == ["job7"]
    assert Handler.statements == ["CREATE TABLE a", "INSERT INTO a"]
    assert Handler.said[-1] == ("DELETE", "/v2/sessions/s1")


def test_to_run_waits_for_jobs(url: str) -> None:
    with Gateway(url) as gateway:
        assert len(gateway.run(["INSERT INTO a"], timeout_s=10)) == 1
    assert Handler.statements[0] == "SET 'table.dml-sync' = 'true'"


def test_a_refusal_gives_the_innermost_cause_and_stops(url: str) -> None:
    with pytest.raises(FlinkFailed, match=r"'BAD one'.*no such column"), Gateway(url) as gateway:
        gateway.submit(["BAD one", "INSERT INTO a"], timeout_s=10)
    assert Handler.statements == ["BAD one"]
    assert Handler.said[-1][0] == "DELETE"


def test_what_takes_too_long_is_cancelled(url: str) -> None:
    with pytest.raises(FlinkFailed, match="in time"), Gateway(url) as gateway:
        gateway.submit(["SLOW"], timeout_s=0.2)
    assert ("POST", "/v2/sessions/s1/operations/0/cancel") in Handler.said


def test_what_is_no_gateway_is_one_error() -> None:
    with pytest.raises(FlinkFailed, match="does not answer"), Gateway("http://127.0.0.1:1"):
        pass


def test_the_command_submits(url: str) -> None:
    arguments = ["risk", "features", "submit", "--gateway", url, "--set", "payments", "--json"]
    connectors = ["--source", "connector=kafka", "--sink", "connector=print"]
    done = CliRunner().invoke(app, arguments + connectors)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["jobs"] == ["job7"]
    assert Handler.statements[-1].startswith("INSERT INTO")
