"""Routes without per-request dependency injection, and their documentation.

A POST handler takes the request and returns the response; FastAPI only documents it. That keeps the hot
write paths short, and the body's limits in our own hands (`jinku.api.json`).
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


class DirectRoute(APIRoute):
    """An APIRoute whose endpoint is called with the request and nothing else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See the class."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """The documentation of a JSON request body of `model`; `jinku.api.openapi` adds the schema itself."""
    title = model.model_config.get("title") or model.__name__
    reference = {"$ref": f"#/components/schemas/{title}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


def post(
    router: APIRouter,
    path: str,
    body: Mapping[str, Any],
    answers: Mapping[int, tuple[str, type[BaseModel]]],
) -> Callable[[Handler], Handler]:
    """Register a direct POST handler on `router`: its documented `body`, and for each status what it
    answers."""
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "model": model} for status, (text, model) in answers.items()
    }

    def register(handler: Handler) -> Handler:
        router.add_api_route(
            path,
            handler,
            methods=["POST"],
            operation_id=getattr(handler, "__name__", path),
            response_model=None,
            status_code=min(answers),
            response_description=answers[min(answers)][0],
            responses=responses,
            openapi_extra=dict(body),
            route_class_override=DirectRoute,
        )
        return handler

    return register
