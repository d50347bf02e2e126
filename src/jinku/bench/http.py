"""How many transfers a second the HTTP API books: one a request on 64 connections, and 1,000 a request.

Rules:

1. The server is `jinku serve` itself, in a process of its own on a fresh data directory: durable, log on,
   token on.
2. The load comes from this process over raw keep-alive connections: requests are built beforehand, answers
   are read by their content length and every one is checked.
3. A figure counts only transfers that were answered ``created``.

Example::

    run(HttpLoad(seconds=8.0), Path("data"))["single_rps"]
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from jinku.api.token import read_or_make_secret
from jinku.base.errors import JinkuError
from jinku.bench.report import Figure

ACCOUNTS = 1_000
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
_LEDGER, _CODE = 156, 1
_CREATED = b'"status":"created"'


class LoadFailed(JinkuError):
    """The server did not start, or answered what it should not."""

    code = "load_failed"


@dataclass(frozen=True, slots=True)
class HttpLoad:
    """How much load to make."""

    connections: int = 64
    seconds: float = 10.0
    """Of measuring single transfers."""
    warm_seconds: float = 2.0
    batch_connections: int = 4
    batches: int = 200
    batch_events: int = 1_000


def run(load: HttpLoad, directory: Path, port: int = 0) -> dict[str, Figure]:
    """Measure against a server on a fresh data directory in `directory`; `port` 0 finds a free one."""
    port = port or _free_port()
    with _server(directory, port):
        client = _Client(port, read_or_make_secret(directory))
        return asyncio.run(_measure(client, load))


async def _measure(client: "_Client", load: HttpLoad) -> dict[str, Figure]:
    await client.until_ready()
    await client.create_accounts(ACCOUNTS)
    await client.single(load.connections, load.warm_seconds)
    rate, p99_ms = await client.single(load.connections, load.seconds)
    await client.batches(load.batch_connections, load.batch_connections, load.batch_events)
    batch_rate = await client.batches(load.batch_connections, load.batches, load.batch_events)
    return {
        "single_rps": Figure(rate, "requests/s", 2_000),
        "single_p99_ms": Figure(p99_ms, "ms"),
        "batch_tps": Figure(batch_rate, "transfers/s", 20_000),
    }


class _Client:
    """A load generator on raw sockets."""

    def __init__(self, port: int, secret: str) -> None:
        self._port, self._secret = port, secret
        self._next_id = time.time_ns() << 60

    async def until_ready(self) -> None:
        """Wait for the server. Raises LoadFailed after ``START_SECONDS_MAX``."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.write(b"GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n")
            status, _ = await _read_answer(reader)
            writer.close()
            if status == 200:
                return
        raise LoadFailed(
            f"the server was not ready after {START_SECONDS_MAX:.0f} s", remedy="look at its log"
        )

    async def create_accounts(self, count: int) -> None:
        """Open accounts 1 to `count`."""
        accounts = [{"id": str(number), "ledger": _LEDGER, "code": 10} for number in range(1, count + 1)]
        request = self._request("/v1/accounts/batch", orjson.dumps({"accounts": accounts}))
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        status, body = await _read_answer(reader)
        writer.close()
        if status != 200 or orjson.loads(body)["created"] != count:
            raise LoadFailed(f"creating accounts was answered {status}", remedy="use a fresh data directory")

    async def single(self, connections: int, seconds: float) -> tuple[float, float]:
        """Transfers per second and p99 latency in ms, one transfer a request."""
        deadline = time.perf_counter() + seconds
        latencies: list[float] = []
        began = time.perf_counter()
        await asyncio.gather(*(self._single_loop(deadline, latencies) for _ in range(connections)))
        taken = time.perf_counter() - began
        latencies.sort()
        return len(latencies) / taken, latencies[len(latencies) * 99 // 100] * 1_000

    async def _single_loop(self, deadline: float, latencies: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (began := time.perf_counter()) < deadline:
            writer.write(self._request("/v1/transfers", self._transfer()))
            status, body = await _read_answer(reader)
            if status != 201 or _CREATED not in body:
                raise LoadFailed(
                    f"a transfer was answered {status}: {body[:200]!r}", remedy="look at the log"
                )
            latencies.append(time.perf_counter() - began)
        writer.close()

    async def batches(self, connections: int, count: int, events: int) -> float:
        """Transfers per second, `events` a request, `count` requests in all; requests are built
        beforehand."""
        requests = [self._batch(events) for _ in range(count)]
        began = time.perf_counter()
        await asyncio.gather(
            *(self._batch_loop(requests[start::connections], events) for start in range(connections))
        )
        return count * events / (time.perf_counter() - began)

    async def _batch_loop(self, requests: list[bytes], events: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        expected = b'{"created":%d,' % events
        for request in requests:
            writer.write(request)
            await writer.drain()
            status, body = await _read_answer(reader)
            if status != 200 or not body.startswith(expected):
                raise LoadFailed(f"a batch was answered {status}: {body[:200]!r}", remedy="look at the log")
        writer.close()

    def _batch(self, events: int) -> bytes:
        return self._request(
            "/v1/transfers/batch", b'{"transfers":[%s]}' % b",".join(self._transfers(events))
        )

    def _transfers(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield self._transfer()

    def _transfer(self) -> bytes:
        self._next_id += 1
        number = self._next_id
        debit = number % ACCOUNTS
        credit = (debit + 1 + number // ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS
        return (
            b'{"id":"%d","debit_account_id":"%d","credit_account_id":"%d","amount":"%d","ledger":%d,"code":%d}'
            % (number, debit + 1, credit + 1, number % 9_973 + 1, _LEDGER, _CODE)
        )

    def _request(self, path: str, body: bytes) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {self._secret}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().index(b"content-length:") + 15
    length = int(head[at : head.index(b"\r", at)])
    return int(head[9:12]), await reader.readexactly(length)


@contextmanager
def _server(directory: Path, port: int) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jinku.cli.main", "serve", "--data", str(directory), "--port", str(port)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    import socket  # only here

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
