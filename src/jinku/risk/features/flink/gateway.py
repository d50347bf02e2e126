"""SQL submitted to a Flink cluster by the REST interface of its SQL Gateway.

Rules:

1. Version 2 of the interface (Flink 1.17 and later): open a session, one operation a statement, watch its status,
   read its result, close the session. A job that a statement started runs on after the session.
2. A gateway that does not answer, refuses or fails is one `FlinkFailed` with the statement's beginning and the
   innermost cause.

Example::

    with Gateway("http://127.0.0.1:8083") as gateway:
        jobs = gateway.submit(script.statements, timeout_s=60)  # ["a1b2…"]
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import httpx2

from jinku.risk.features.flink.errors import FlinkFailed

REQUEST_TIMEOUT_S = 30
POLL_FIRST_S, POLL_MOST_S = 0.05, 1.0
ERROR_CHARACTERS_MAX = 600
_VERSION = "v2"
_ENDED_BADLY = ("ERROR", "CANCELED", "CLOSED", "TIMEOUT")


class Gateway:
    """A session at the gateway `url`; a context manager. Raises FlinkFailed."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(timeout=REQUEST_TIMEOUT_S)
        self._url = url.rstrip("/")
        self._session = ""

    def __enter__(self) -> "Gateway":
        try:
            opened = self._ask("POST", "/sessions", json={"sessionName": "jinku"})
            self._session = str(opened.get("sessionHandle", ""))
            if not self._session:
                raise FlinkFailed(f"{self._url} is no SQL Gateway: it opened no session")
        except FlinkFailed:
            self._client.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._ask("DELETE", f"/sessions/{self._session}")
        except FlinkFailed:
            pass  # the gateway forgets idle sessions by itself, and what went wrong before matters more
        finally:
            self._client.close()

    def run(self, statements: Sequence[str], *, timeout_s: float) -> list[float]:
        """Run each statement to the end of the job it starts; the seconds of each."""
        self._statement("SET 'table.dml-sync' = 'true'", time.monotonic() + timeout_s)
        deadline, seconds = time.monotonic() + timeout_s, []
        for statement in statements:
            started = time.monotonic()
            self._statement(statement, deadline)
            seconds.append(time.monotonic() - started)
        return seconds

    def submit(self, statements: Sequence[str], *, timeout_s: float) -> list[str]:
        """Submit the statements and leave their jobs running; the jobs' ids."""
        deadline, jobs = time.monotonic() + timeout_s, []
        for statement in statements:
            result = self._statement(statement, deadline)
            if result.get("jobID"):
                jobs.append(str(result["jobID"]))
        return jobs

    def _statement(self, statement: str, deadline: float) -> dict[str, Any]:
        begins = " ".join(statement.split())[:80]
        base = f"/sessions/{self._session}"
        operation = self._ask("POST", f"{base}/statements", json={"statement": statement}).get(
            "operationHandle"
        )
        pause = POLL_FIRST_S
        while True:
            status = self._ask("GET", f"{base}/operations/{operation}/status").get("status")
            if status == "FINISHED":
                return self._ask(
                    "GET", f"{base}/operations/{operation}/result/0", params={"rowFormat": "JSON"}
                )
            if status in _ENDED_BADLY:
                raise FlinkFailed(f"Flink refused {begins!r}: {self._cause(base, operation, str(status))}")
            if time.monotonic() > deadline:
                self._ask("POST", f"{base}/operations/{operation}/cancel")
                raise FlinkFailed(f"Flink did not finish {begins!r} in time")
            time.sleep(pause)
            pause = min(2 * pause, POLL_MOST_S)

    def _cause(self, base: str, operation: object, status: str) -> str:
        """Why an operation failed: its result cannot be read, and says why."""
        try:
            self._ask("GET", f"{base}/operations/{operation}/result/0", params={"rowFormat": "JSON"})
        except FlinkFailed as error:
            return error.message
        return status

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, f"{self._url}/{_VERSION}{path}", **more)
            body = answer.json() if answer.content else {}
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise FlinkFailed(
                f"{self._url} does not answer as a SQL Gateway: {type(error).__name__}",
                remedy="start it with bin/sql-gateway.sh of Flink's distribution",
            ) from error
        if not isinstance(body, dict):
            raise FlinkFailed(f"{self._url} does not answer as a SQL Gateway")
        if answer.is_error:
            raise FlinkFailed(
                _innermost("\n".join(str(one) for one in body.get("errors", [answer.status_code])))
            )
        return body


def _innermost(text: str) -> str:
    """The last cause in a Java stack trace."""
    causes = [line.strip() for line in text.splitlines() if line.strip().startswith("Caused by:")]
    found = causes[-1].removeprefix("Caused by:") if causes else text.splitlines()[0] if text else "no reason"
    return found.strip()[:ERROR_CHARACTERS_MAX]
