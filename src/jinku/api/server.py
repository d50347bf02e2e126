"""Serving the application: uvicorn with the bounds that it does not have by itself."""

import gc
import ipaddress
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jinku.api.limits import CONNECTION_IDLE_SECONDS_MAX, CONNECTIONS_MAX, HEADER_BYTES_MAX
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
    """uvicorn's protocol, closing a connection whose request head grows beyond ``HEADER_BYTES_MAX``."""

    _head_bytes = 0
    _in_head = True

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; those of an unfinished head are counted."""
        super().data_received(data)
        if self._in_head and self.parser is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES_MAX:
                self.send_400_response("The request head is too large.")


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
