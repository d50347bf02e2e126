"""Errors as ``application/problem+json`` (RFC 9457).

Rules:

1. ``type`` is ``urn:jinku:problem:CODE``; ``code`` is the same word, for clients that switch on it.
2. ``title`` never changes for a code, ``detail`` names the value, ``remedy`` says what to do.
3. A 500 says nothing about the inside: only the request id under which the log has it.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.errors import FieldsInvalid, InternalError, MethodNotAllowed, NotFound
from jinku.api.json import fields_invalid
from jinku.base.errors import JinkuError

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = "1"


def problem_of(error: JinkuError, request_id: str) -> dict[str, Any]:
    """The problem document of `error`."""
    hidden = error.http_status == HTTPStatus.INTERNAL_SERVER_ERROR
    document: dict[str, Any] = {
        "type": f"urn:jinku:problem:{error.code}",
        "title": title_of(error.code),
        "status": error.http_status,
        "code": error.code,
        "detail": "an internal error; it was logged under request_id" if hidden else error.message,
        "remedy": "retry; if it persists, look up request_id in the log" if hidden else error.remedy,
        "request_id": request_id,
    }
    if isinstance(error, FieldsInvalid):
        document["errors"] = [{"pointer": item.pointer, "detail": item.detail} for item in error.errors]
    return document


def title_of(code: str) -> str:
    """The title of a code: the code as words."""
    return code.replace("_", " ").capitalize()


def problem_response(error: JinkuError, request_id: str) -> Response:
    """The HTTP answer for `error`."""
    headers = {}
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="jinku"'
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = error.allow
    if error.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = RETRY_AFTER_S
    return Response(
        orjson.dumps(problem_of(error, request_id)),
        status_code=error.http_status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def request_id_of(request: Request) -> str:
    """The request id that the guard gave to `request`."""
    return str(request.scope.get("jinku.request_id", ""))


async def answer_jinku_error(request: Request, error: Exception) -> Response:
    """Handler for the closed family of errors."""
    return problem_response(
        error if isinstance(error, JinkuError) else InternalError("unexpected"), request_id_of(request)
    )


async def answer_validation_error(request: Request, error: Exception) -> Response:
    """Handler for path and query parameters that FastAPI refused."""
    problems: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    parameters = [{**problem, "loc": problem["loc"][1:]} for problem in problems]
    return problem_response(fields_invalid(parameters), request_id_of(request))


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Handler for what the router refuses: 404 and 405; everything else is a bug and answered as such."""
    status = error.status_code if isinstance(error, HTTPException) else 0
    request_id = request_id_of(request)
    if status == HTTPStatus.NOT_FOUND:
        return problem_response(
            NotFound("nothing is served at this path", remedy="the paths are listed in /openapi.json"),
            request_id,
        )
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = (getattr(error, "headers", None) or {}).get("Allow", "GET")
        return problem_response(MethodNotAllowed(request.method, allow), request_id)
    return problem_response(InternalError("unexpected"), request_id)
