"""The witness on the network: ``POST /add-checkpoint`` and ``GET /HASH/checkpoint``
(https://c2sp.org/tlog-witness).

Example::

    uvicorn.run(witness_app(witness), host="127.0.0.1", port=8001)
"""

import asyncio

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from jinku.log.consistency import CONSISTENCY_BYTES_MAX
from jinku.log.witness import Response, Witness

BODY_SECONDS_MAX = 30.0
"""A log that sends its request more slowly is answered 408."""


def witness_app(witness: Witness) -> Starlette:
    """An ASGI application that puts `witness` on the network."""

    async def add_checkpoint(request: Request) -> HttpResponse:
        body = await _read(request)
        if isinstance(body, Response):
            return _answer(body)
        return _answer(await run_in_threadpool(witness.add_checkpoint, body))

    async def checkpoint(request: Request) -> HttpResponse:
        return _answer(await run_in_threadpool(witness.checkpoint, request.path_params["origin_hash"]))

    app = Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin_hash}/checkpoint", checkpoint, methods=["GET"]),
        ]
    )
    app.router.redirect_slashes = False  # a redirect would name whatever Host the client sent
    return app


async def _read(request: Request) -> Response | bytes:
    """The request's body, or the refusal of one that is too long or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                body += part
                if len(body) > CONSISTENCY_BYTES_MAX:
                    return Response(413, f"more than {CONSISTENCY_BYTES_MAX} bytes\n".encode())
    except TimeoutError:
        return Response(408, f"the body took more than {BODY_SECONDS_MAX:.0f} s\n".encode())
    return bytes(body)


def _answer(response: Response) -> HttpResponse:
    headers = {"Content-Type": response.content_type, "Cache-Control": "no-store"}
    return HttpResponse(response.body, response.status, headers)
