"""A stranger cannot make the server hold connections, memory or tasks: raw sockets against a running server."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from jinku.api.limits import HEADER_BYTES_MAX
from jinku.api.server import BoundedHttp

PATIENCE_S = 20.0
BIG = b"x" * (64 << 20)


class QuickHttp(BoundedHttp):
    """The same bounds, sooner."""

    head_seconds = 1.0
    stall_seconds = 0.5


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how many bytes and headers came; ``/early`` answers without reading, ``/big`` sends more than fits."""
    size, more = 0, scope["path"] == "/count"
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = BIG if scope["path"] == "/big" else f"{size} {len(scope['headers'])}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(application, port=0, http=QuickHttp, ws="none", lifespan="off", log_config=None)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield running
    running.should_exit = True
    thread.join(PATIENCE_S)


@pytest.fixture
def peer(server: uvicorn.Server) -> Iterator[socket.socket]:
    address = server.servers[0].sockets[0].getsockname()
    with socket.create_connection(address, timeout=PATIENCE_S) as opened:
        yield opened


def closed_by_server(peer: socket.socket, drip: bytes = b"") -> bool:
    """Whether the server ends the connection while `drip` is sent again and again."""
    until = time.monotonic() + PATIENCE_S
    peer.settimeout(0.02)
    while time.monotonic() < until:
        try:
            if drip:
                peer.sendall(drip)
            if not peer.recv(65536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"GET / HTTP/1.1\r\nhost: x\r\n", b"a"),
        (b"POST /early HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n", b"x"),
        (b"GET /early HTTP/1.1\r\nhost: x\r\n\r\n", b"\r\n"),
    ],
)
def test_who_only_trickles_is_cut_off(peer: socket.socket, begin: bytes, drip: bytes) -> None:
    peer.sendall(begin)
    assert closed_by_server(peer, drip)


def test_trailers_without_end_are_cut_off(peer: socket.socket) -> None:
    peer.sendall(b"POST /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n")
    assert closed_by_server(peer, b"t: " + b"x" * HEADER_BYTES_MAX)


def test_chunk_lines_without_end_are_cut_off(peer: socket.socket) -> None:
    peer.sendall(b"POST /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    assert closed_by_server(peer, (b"1;" + b"e" * 1_000 + b"\r\nx\r\n") * 8)


def test_a_body_in_small_chunks_is_read_and_trailers_are_dropped(peer: socket.socket) -> None:
    for _ in range(2):  # the connection stays usable
        head = b"POST /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        peer.sendall(head)
        for _ in range(100):
            peer.sendall(b"40\r\n" + b"x" * 64 + b"\r\n")
        peer.sendall(b"0\r\nauthorization: Bearer x\r\n\r\n")
        assert peer.recv(65536).endswith(b"\r\n\r\n6400 2")


def test_who_takes_no_answer_is_cut_off(server: uvicorn.Server, peer: socket.socket) -> None:
    peer.sendall(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n")
    assert peer.recv(16).startswith(b"HTTP/1.1 200")
    until = time.monotonic() + PATIENCE_S
    while server.server_state.connections and time.monotonic() < until:
        time.sleep(0.05)
    assert not server.server_state.connections


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 5\r\ntransfer-encoding: chunked",
        b"content-length: 5\r\ncontent-length: 6",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity",
        b"transfer-encoding: xchunked",
        b"content-length: +5",
        b"content-length : 5",
        b"a: b\x00c",
        b"content-length: 0x5",
    ],
)
def test_a_request_with_two_meanings_is_refused(peer: socket.socket, head: bytes) -> None:
    peer.sendall(b"POST /count HTTP/1.1\r\nhost: x\r\n" + head + b"\r\n\r\n0\r\n\r\n")
    assert peer.recv(65536).startswith(b"HTTP/1.1 400")
