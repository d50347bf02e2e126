"""The bank's own notices: what became of a request, sent to us when the bank likes.

Rules:

1. A notice is believed when the bank's key signed it for our platform, it is fresh, and its nonce was never used.
2. It is answered 200 only when it is written down; otherwise the bank sends it again, with a new nonce.
3. What it means is decided like any other answer: a notice can repeat, come late or contradict, and changes no final
   state.

Example::

    uvicorn.run(callback_app(Callbacks(bank_key, "P-1", store.use_nonce, desk.take)), port=8443)
"""

import time
from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jinku.base.clock import Clock
from jinku.crypto.signer import Verifier
from jinku.custody.channel.custodian.dialect import NEWS, answer_of
from jinku.custody.channel.custodian.envelope import (
    MESSAGE_BYTES_MAX,
    SIGNATURE_HEADER,
    Purpose,
    UseNonce,
    digest,
    open_message,
    refuse_replay,
)
from jinku.custody.channel.errors import MessageRefused
from jinku.custody.channel.model import REQUEST_BITS, Answer, Source

PATH = "/bank/notice"


class Callbacks:
    """Takes notices in; see the module's rules."""

    def __init__(
        self,
        bank_key: Verifier,
        platform: str,
        use_nonce: UseNonce,
        take: Callable[[Sequence[Answer]], object],
        clock: Clock = time.time_ns,
    ) -> None:
        self._key, self._platform, self._use_nonce = bank_key, platform, use_nonce
        self._take, self._clock = take, clock

    def receive(self, raw: bytes, signature: str) -> Answer:
        """The answer in a notice, written down. Raises MessageRefused."""
        now = self._clock()
        message = open_message(raw, signature, Purpose.NOTICE, self._key, now)
        if message.platform != self._platform:
            raise MessageRefused("a notice is for another platform")
        news, number = NEWS.get(str(message.body.get("status", ""))), message.request_no
        if news is None or not (
            number.isascii() and number.isdigit() and int(number[:20]) >> REQUEST_BITS == 0
        ):
            raise MessageRefused("a notice says nothing about a request")
        answer = answer_of(int(number), message, news, Source.CALLBACK, now, digest(raw))
        if answer is None:
            raise MessageRefused("a notice has fields that are not what they must be")
        refuse_replay(message, self._use_nonce, now)
        self._take([answer])
        return answer


def callback_app(callbacks: Callbacks) -> Starlette:
    """An application that answers the bank's notices."""

    async def notice(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MESSAGE_BYTES_MAX:
                return Response(status_code=413)
        signature = request.headers.get(SIGNATURE_HEADER, "")
        try:
            await run_in_threadpool(callbacks.receive, bytes(body), signature)
        except MessageRefused:
            return Response(status_code=403)
        return Response(status_code=200)

    return Starlette(routes=[Route(PATH, notice, methods=["POST"])])
