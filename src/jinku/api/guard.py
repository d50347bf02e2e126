"""The guard: the one ASGI layer around every request.

Rules, in this order:

1. Every request gets a request id (its own X-Request-Id where that is well-formed) and every answer carries
   it.
2. More than ``REQUESTS_IN_FLIGHT_MAX`` at a time: 503. Headers above ``HEADER_BYTES_MAX``: 431.
3. Deny by default: a path is open only where :class:`Openness` says so; any other asks for the bearer token or a
   reader's credential (`jinku.api.access`), also where nothing is served. The log is open only to a client that
   calls this machine by a loopback name: a web page whose own name was made to point here (DNS rebinding) is a
   stranger.
4. Every answer has the security headers; only what ``/log`` has may be stored by a cache, and by no shared one where it
   took the token.
5. Whatever escapes from below is logged without its message and answered with a 500 that says nothing.
6. Every answer is counted and logged by its route template.
"""

import itertools
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jinku.api.access import Access
from jinku.api.errors import HeadersTooLarge, InternalError, TooBusy
from jinku.api.limits import HEADER_BYTES_MAX, REQUEST_ID_CHARACTERS_MAX, REQUESTS_IN_FLIGHT_MAX
from jinku.api.logs import RequestLog, now_s
from jinku.api.metrics import Metrics
from jinku.api.problem import problem_response
from jinku.base.errors import JinkuError

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,%d}" % REQUEST_ID_CHARACTERS_MAX)
_LOOPBACK = re.compile(rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE = (b"cache-control", b"no-store")
UNROUTED = "(none)"


@dataclass(frozen=True, slots=True)
class Openness:
    """Which paths are served without a token."""

    exact: frozenset[str]
    local_prefixes: tuple[str, ...] = ()
    """Open where the Host header is a loopback name."""

    def covers(self, path: str, host: bytes = b"localhost") -> bool:
        """Whether `path`, asked for under the Host header `host`, needs no token."""
        if path in self.exact:
            return True
        return path.startswith(self.local_prefixes) and _LOOPBACK.fullmatch(host) is not None


class Guard:
    """See the module's rules."""

    def __init__(self, app: ASGIApp, access: Access, openness: Openness, metrics: Metrics) -> None:
        self._app, self._access, self._open, self._metrics = app, access, openness, metrics
        self._log = RequestLog()
        self._in_flight = 0
        self._ids = _request_ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope (lifespan) pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = now_s()
        exchange = _Exchange(scope, send, self._ids)
        self._in_flight += 1
        try:
            refusal = self._refuse(scope, exchange)
            if refusal is None:
                await self._app(scope, receive, exchange.send)
            else:
                await exchange.answer(refusal, receive)
        # The outermost boundary: nothing may reach the client or the log with its message.
        except Exception as error:  # noqa: BLE001
            self._log.failed(exchange.request_id, exchange.route(), error)
            if not exchange.status:
                await exchange.answer(InternalError("unexpected"), receive)
        finally:
            self._in_flight -= 1
            taken = now_s() - began
            self._metrics.answered(scope["method"], exchange.route(), exchange.status, taken)
            self._log.answered(exchange.request_id, scope["method"], exchange.route(), exchange.status, taken)

    def _refuse(self, scope: Scope, exchange: "_Exchange") -> JinkuError | None:
        if self._in_flight > REQUESTS_IN_FLIGHT_MAX:
            return TooBusy(
                f"{REQUESTS_IN_FLIGHT_MAX} requests are being answered",
                remedy="retry after a moment, or send batches",
            )
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > HEADER_BYTES_MAX:
            return HeadersTooLarge(
                f"request target and headers exceed {HEADER_BYTES_MAX} bytes",
                remedy="send fewer or shorter headers",
            )
        if self._open.covers(scope["path"], exchange.host):
            return None
        exchange.closed = True
        try:
            return self._access.refusal(exchange.authorization, scope["method"], scope["path"])
        except JinkuError as error:  # the credentials cannot be read now
            return error


def _request_ids() -> Iterator[str]:
    """Ids that no other process makes: a random prefix and a count."""
    prefix = secrets.token_hex(6)
    return (f"{prefix}-{number:x}" for number in itertools.count(1))


class _Exchange:
    """One request and its answer: the request id, the status sent, and the headers that every answer has."""

    __slots__ = ("_scope", "_send", "authorization", "closed", "host", "request_id", "status")

    def __init__(self, scope: Scope, send: Send, ids: Iterator[str]) -> None:
        self._scope, self._send = scope, send
        self.status = 0
        self.closed = False  # said of a path that is not open: no shared cache may keep its answer
        self.authorization = self.host = wanted = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                self.authorization = value
            elif name == b"host":
                self.host = value
            elif name == b"x-request-id":
                wanted = value
        self.request_id = wanted.decode() if _REQUEST_ID.fullmatch(wanted) else next(ids)
        scope["jinku.request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Pass `message` on, with our headers added to its start."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[Any] = message["headers"]
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(_SECURITY_HEADERS)
            if self.status >= 400 or not self._scope["path"].startswith("/log/"):
                headers.append(_NO_STORE)
            elif self.closed:
                headers[:] = [(name, value.replace(b"public", b"private")) for name, value in headers]
        await self._send(message)

    async def answer(self, error: JinkuError, receive: Receive) -> None:
        """Answer with `error` as a problem document."""
        await problem_response(error, self.request_id)(self._scope, receive, self.send)

    def route(self) -> str:
        """The template of the route that matched."""
        route = self._scope.get("route")
        if route is None and self._scope["path"].startswith("/log/"):
            return "/log"
        return str(getattr(route, "path", UNROUTED))
