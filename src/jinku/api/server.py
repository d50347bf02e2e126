"""Serving the application: uvicorn with the bounds that it does not have by itself."""

import asyncio
import gc
import ipaddress
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jinku.api.limits import (
    ANSWER_STALL_SECONDS_MAX,
    CONNECTION_IDLE_SECONDS_MAX,
    CONNECTIONS_MAX,
    HEAD_SECONDS_MAX,
    HEADER_BYTES_MAX,
)
from jinku.base.errors import InputError

LOOPBACK = "127.0.0.1"
PORT_DEFAULT = 8686
BACKLOG_MAX = 1_024
GC_YOUNG_OBJECTS = 20_000
"""New objects before the garbage collector looks: a full batch makes more than Python's default of 700 at once."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen. Raises InputError for a host other than loopback unless `exposed` says that it is
    meant."""

    host: str = LOOPBACK
    port: int = PORT_DEFAULT
    exposed: bool = False

    def __post_init__(self) -> None:
        if not self.loopback and not self.exposed:
            raise InputError(
                "this address can be reached from other machines",
                field="host",
                value=self.host,
                remedy="keep 127.0.0.1 and put a proxy with TLS in front, or say --expose if that is meant",
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with bounds on what a stranger can make it hold.

    1. A head, and what frames a body (chunk lines, trailers), is at most ``HEADER_BYTES_MAX`` bytes; trailers are
       dropped. A body's framing may besides be as long as the body.
    2. A head is complete, and what follows an answered request is read, within `head_seconds`.
    3. A client that stops taking its answer is cut off after `stall_seconds`.
    """

    head_seconds = HEAD_SECONDS_MAX
    stall_seconds = ANSWER_STALL_SECONDS_MAX
    _head_bytes = _framing_bytes = _body_bytes = 0
    _in_head = True
    _begun = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there and has `head_seconds` for its first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_seconds, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._cancel_head_timer()
        self._cancel_stall_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes = self._framing_bytes = self._body_bytes = 0
        self._in_head = self._begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; one after the body is a trailer, which nothing here reads."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._in_head = False
        self._cancel_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._body_bytes += len(body)
        self._framing_bytes -= len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; those of an unfinished head and those that only frame a body are counted."""
        self._begun = False
        super().data_received(data)
        if self.parser is None or self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        elif self._begun:
            self._framing_bytes = 0  # the bytes of the head came with those of the body
        else:
            self._framing_bytes += len(data)
        if self._head_bytes > HEADER_BYTES_MAX:
            self.send_400_response("The request head is too large.")
        elif self._framing_bytes > HEADER_BYTES_MAX + self._body_bytes:
            self.send_400_response("The body is framed in too many bytes.")
        elif self._head_timer is None and (self._in_head or self.cycle.response_complete):
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """The client is slower than its answer."""
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has caught up."""
        self._cancel_stall_timer()
        super().resume_writing()

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def serve(app: ASGIApp, binding: Binding) -> None:
    """Serve `app` until the process is told to stop (SIGINT, SIGTERM); requests under way are finished first.

    What was loaded until now lives as long as the process, so the garbage collector need not look at it again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS)
    config = uvicorn.Config(
        app,
        host=binding.host,
        port=binding.port,
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=BACKLOG_MAX,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=CONNECTION_IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=int(CONNECTION_IDLE_SECONDS_MAX),
    )
    uvicorn.Server(config).run()
