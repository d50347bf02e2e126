"""The simulated bank on the network: the signed interface with its mishaps, the simulator's own handles, a witness.

Rules:

1. A request is read only when a known platform signed it, it is fresh and its nonce is new; else 403, with nothing
   signed.
2. A mishap of the plan strikes around the service, never inside its transaction: what the books say is always whole.
3. The handles under ``/simulator`` (money for a user, the next day, what really left) are no part of the interface.
   They answer on loopback, and only a simulator has them.

Example::

    uvicorn.Server(uvicorn.Config(bank_app(bank, keys, crash), ssl_keyfile=…, ssl_certfile=…)).run()
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from jinku.crypto.signer import Ed25519Signer, Signer
from jinku.custody.channel.custodian.client import PATH
from jinku.custody.channel.custodian.envelope import (
    CONTENT_TYPE,
    MESSAGE_BYTES_MAX,
    PLATFORM_HEADER,
    SIGNATURE_HEADER,
    Message,
    Purpose,
    digest,
    open_message,
    seal,
)
from jinku.custody.channel.custodian.table import Code
from jinku.custody.channel.errors import MessageRefused
from jinku.sim.custodian.bank import Bank
from jinku.sim.custodian.books import OUTSIDE, POOL
from jinku.sim.custodian.faults import Mishap
from jinku.sim.custodian.keys import BankKeys

HANG_S = 3.0
_NONCE_KEEP_NS = 600 * 1_000_000_000
Crash = Callable[[], None]


class Front:
    """What answers requests; see the module's rules."""

    def __init__(self, bank: Bank, keys: BankKeys, crash: Crash, hang_s: float = HANG_S) -> None:
        self._bank, self._keys, self._crash, self._hang_s = bank, keys, crash, hang_s
        self._forger = Ed25519Signer.generate(keys.signer.name)

    async def service(self, request: Request) -> Response:
        """``POST /service``."""
        raw = await request.body()
        try:
            message, replayed = self._believed(raw, request)
        except MessageRefused as error:
            return JSONResponse({"error": error.message}, status_code=403)
        if replayed:
            return self._answer(
                message, raw, (Code.REPLAYED, "this message was taken before", {}), self._keys.signer
            )
        mishap = self._mishap(message)
        return await self._struck(mishap, message, raw)

    def _mishap(self, message: Message) -> Mishap | None:
        plan = self._bank.plan
        if not any(plan.rates.get(kind, 0) for kind in Mishap):
            return None
        about = str(message.body.get("original", message.request_no))
        return plan.mishap(about, self._bank.books.hear(about))

    async def _struck(self, mishap: Mishap | None, message: Message, raw: bytes) -> Response:
        if mishap is Mishap.TIME_OUT_BEFORE:
            await asyncio.sleep(self._hang_s)
            return Response(status_code=504)
        if mishap is Mishap.ERROR_500:
            return Response(status_code=500)
        if mishap is Mishap.CRASH_BEFORE:
            self._crash()
        reply = self._bank.serve(message.service, message.request_no, message.body)
        if mishap is Mishap.CRASH_AFTER:
            self._crash()
        if mishap is Mishap.TIME_OUT_AFTER:
            await asyncio.sleep(self._hang_s)
            return Response(status_code=504)
        if mishap is Mishap.ERROR_500_AFTER:
            return Response(status_code=500)
        if mishap is Mishap.UNKNOWN and "status" in reply[2]:
            reply = (reply[0], reply[1], {**reply[2], "status": "IN_DOUBT"})
        return self._answer(
            message, raw, reply, self._forger if mishap is Mishap.BAD_SIGNATURE else self._keys.signer
        )

    def _believed(self, raw: bytes, request: Request) -> tuple[Message, bool]:
        """The message, and whether it was taken before. Raises MessageRefused."""
        if len(raw) > MESSAGE_BYTES_MAX:
            raise MessageRefused("a message is too long")
        now = time.time_ns()
        platform = request.headers.get(PLATFORM_HEADER, "")
        verifier = self._keys.platform(platform)
        if verifier is None:
            raise MessageRefused("the platform is not known")
        message = open_message(raw, request.headers.get(SIGNATURE_HEADER, ""), Purpose.REQUEST, verifier, now)
        if message.platform != platform:
            raise MessageRefused("a message is of another platform")
        return message, not self._bank.books.use_nonce(message.nonce, now, now - _NONCE_KEEP_NS)

    def _answer(
        self, asked: Message, raw: bytes, reply: tuple[str, str, dict[str, Any]], signer: Signer
    ) -> Response:
        code, text, body = reply
        message = Message(
            service=asked.service,
            platform=asked.platform,
            request_no=asked.request_no,
            time=time.time_ns(),
            body=body,
            code=code,
            message=text,
            answers=digest(raw).hex(),
        )
        sealed, signature = seal(message, Purpose.REPLY, signer)
        return Response(sealed, media_type=CONTENT_TYPE, headers={SIGNATURE_HEADER: signature})

    # --- handles of the simulator --------------------------------------------------------------------------------

    async def fund(self, request: Request) -> Response:
        """``POST /simulator/fund``: ``{"user": "amount"}`` comes in; the user ``POOL`` is the pool account."""
        wanted = await request.json()
        with self._bank.books.writing():
            for user, amount in wanted.items():
                account = POOL if user == POOL else f"USER:{user}"
                self._bank.books.move("fund", OUTSIDE, account, int(amount))
        return JSONResponse({"funded": len(wanted)})

    async def advance(self, _request: Request) -> Response:
        """``POST /simulator/advance``: the next business day."""
        return JSONResponse({"day": self._bank.advance().isoformat()})

    async def state(self, _request: Request) -> Response:
        """``GET /simulator/state``: date, requests by status, whether the books balance."""
        books = self._bank.books
        counts = dict(books.rows("SELECT status, count(*) FROM request GROUP BY status"))
        waiting = (
            "SELECT count(*) FROM request WHERE status IN ('ACCEPTED', 'HELD') "
            "AND service IN ('WITHDRAW', 'FILE', 'RECHARGE')"
        )
        coming = "SELECT count(*) FROM request WHERE status = 'SETTLED' AND fate = 'return'"
        due = books.rows(waiting)[0][0] + books.rows(coming)[0][0]
        return JSONResponse({"day": books.day, "requests": counts, "balanced": books.balanced(), "due": due})

    async def outside(self, _request: Request) -> Response:
        """``GET /simulator/outside``: every movement that really left or came back."""
        rows = self._bank.books.rows("SELECT number, payee, amount, day, kind FROM outside ORDER BY rowid")
        return JSONResponse({"outside": [list(row) for row in rows]})

    def routes(self) -> list[BaseRoute]:
        """Everything that is answered."""
        return [
            Route(PATH, self.service, methods=["POST"]),
            Route("/simulator/fund", self.fund, methods=["POST"]),
            Route("/simulator/advance", self.advance, methods=["POST"]),
            Route("/simulator/state", self.state, methods=["GET"]),
            Route("/simulator/outside", self.outside, methods=["GET"]),
        ]


def bank_app(front: Front, witness: Starlette | None = None) -> Starlette:
    """The application; `witness` answers at ``/witness``."""
    app = Starlette(routes=front.routes())
    if witness is not None:
        app.mount("/witness", witness)
    return app
