"""The ASGI layer that honours ``Idempotency-Key`` on POST; without the header it costs one look at the
headers.

What only reads needs no key, and neither a secret nor a name is kept for 24 hours: on
``WITHOUT_KEY`` the header is passed over.
"""

import re
from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jinku.api.access import READING_POSTS
from jinku.api.errors import ApiError, IdempotencyKeyMalformed
from jinku.api.idempotency import Answer, IdempotencyStore, fingerprint
from jinku.api.json import read_body
from jinku.api.limits import IDEMPOTENCY_ANSWER_BYTES_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX, STATEMENT_BYTES_MAX
from jinku.api.problem import problem_response, request_id_of

WITHOUT_KEY = READING_POSTS | {"/v1/credentials", "/v1/risk/screening/names"}
_KEY = re.compile(rb"[\x21-\x7e]{1,%d}" % IDEMPOTENCY_KEY_CHARACTERS_MAX)
_KEPT_REFUSALS = frozenset({404, 409})
_REPLAYED = (b"idempotency-replayed", b"true")


class Replay:
    """See `jinku.api.idempotency` for the rules."""

    def __init__(self, app: ASGIApp, store: IdempotencyStore) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key_of(scope["headers"]) if _takes_key(scope) else None
        if key is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(key, request)
        except ApiError as error:
            response = problem_response(error, request_id_of(request))
        await response(scope, receive, send)

    async def _answer(self, key: bytes, request: Request) -> Response:
        if not _KEY.fullmatch(key):
            raise IdempotencyKeyMalformed(
                "an Idempotency-Key is 1 to "
                f"{IDEMPOTENCY_KEY_CHARACTERS_MAX} printable ASCII characters without blanks",
                remedy="use a random UUID",
            )
        body = await read_body(request, STATEMENT_BYTES_MAX)
        target = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
        name = key.decode("ascii")
        seen = fingerprint(request.method, target, request.headers.get("content-type", ""), body)
        stored = await run_in_threadpool(self._store.claim, name, seen)
        if stored is not None:
            return _response(stored, [_REPLAYED])
        captured = _Captured(body)
        answered = False
        try:
            await self._app(request.scope, captured.receive, captured.send)
            answered = True
        finally:
            if not answered:
                await run_in_threadpool(self._store.free, name)
        await run_in_threadpool(self._keep, name, captured)
        return _response(captured.answer(), captured.headers)

    def _keep(self, key: str, captured: "_Captured") -> None:
        began = 200 <= captured.status < 300 or captured.status in _KEPT_REFUSALS
        if began and len(captured.body) <= IDEMPOTENCY_ANSWER_BYTES_MAX:
            self._store.store(key, captured.answer())
        else:
            self._store.free(key)


class _Captured:
    """Gives the application the body that was read, and takes its answer."""

    def __init__(self, body: bytes) -> None:
        self._sent = body
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.media_type = ""
        self.body = b""

    async def receive(self) -> Message:
        """The whole body as one message."""
        return {"type": "http.request", "body": self._sent, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for name, value in message["headers"]:
                if name == b"content-type":
                    self.media_type = value.decode("latin-1")
                elif name != b"content-length":
                    self.headers.append((name, value))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def answer(self) -> Answer:
        """The answer as it is stored."""
        return Answer(self.status, self.media_type, self.body)


def _takes_key(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "POST" and scope["path"] not in WITHOUT_KEY


def _key_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    for name, value in headers:
        if name == b"idempotency-key":
            return value
    return None


def _response(answer: Answer, extra: Iterable[tuple[bytes, bytes]]) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers.append((b"content-type", answer.media_type.encode("latin-1")))
    response.raw_headers.extend(extra)
    return response
