"""A published log over HTTP, for any tlog-tiles client (https://c2sp.org/tlog-tiles).

Rules:

1. Only ``/checkpoint`` and paths that are the one spelling of a tile's path are served; all else is 404, so
   nothing outside the log's files can be reached.
2. Tiles and bundles never change and may be cached for ever; the checkpoint for a few seconds; a 404 not at
   all, since the tile may be there a moment later.
3. Bundles go out gzipped to clients that accept it; hashes do not compress.

4. What is not there is a Starlette ``HTTPException``, so an application that takes the routes in answers it in its own
   form.

Example::

    app.mount("/log", Router(log_routes(directory), redirect_slashes=False))
"""

import gzip
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jinku.log.recovery import CHECKPOINT_NAME
from jinku.log.tiles import ENTRIES, parse_tile_path
from jinku.log.witness import TEXT_CONTENT_TYPE

IMMUTABLE = "public, max-age=31536000, immutable"
FRESH = "public, max-age=1"
GZIP_LEVEL = 6


def log_app(directory: Path) -> Starlette:
    """An ASGI application that serves the log in `directory` for reading."""
    app = Starlette(routes=log_routes(directory))
    app.router.redirect_slashes = False  # a redirect would name whatever Host the client sent
    return app


def log_routes(directory: Path) -> list[Route]:
    """The routes that serve the log in `directory` for reading."""

    async def checkpoint(_request: Request) -> Response:
        content = await run_in_threadpool(_read, directory / CHECKPOINT_NAME)
        if content is None:
            raise _missing()
        return Response(content, headers={"Content-Type": TEXT_CONTENT_TYPE, "Cache-Control": FRESH})

    async def tile(request: Request) -> Response:
        path = f"tile/{request.path_params['path']}"
        wanted = parse_tile_path(path)
        content = await run_in_threadpool(_read, directory / path) if wanted else None
        if wanted is None or content is None:
            raise _missing()
        headers = {"Content-Type": "application/octet-stream", "Cache-Control": IMMUTABLE}
        if wanted.level == ENTRIES:
            headers["Vary"] = "Accept-Encoding"
            if _accepts_gzip(request):
                headers["Content-Encoding"] = "gzip"
                content = await run_in_threadpool(gzip.compress, content, GZIP_LEVEL, mtime=0)
        return Response(content, headers=headers)

    return [Route("/checkpoint", checkpoint), Route("/tile/{path:path}", tile)]


def _accepts_gzip(request: Request) -> bool:
    """Whether the client names gzip without a weight of zero."""
    for item in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = item.replace(" ", "").partition(";")
        if name == "gzip":
            return weight.rstrip("0.") != "q="
    return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _missing() -> HTTPException:
    return HTTPException(404, "not here", headers={"Cache-Control": "no-store"})
