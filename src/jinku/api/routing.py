"""Routes without per-request dependency injection, and their documentation.

Rules:

1. A POST handler takes the request and returns the response. FastAPI documents it; `DirectLane` calls it,
   by exact path, before the router is asked: a third less work on the hot write paths.
2. The body's limits are in our own hands (`jinku.api.json`).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jinku.api.errors import MethodNotAllowed
from jinku.api.problem import problem_response, request_id_of
from jinku.base.errors import JinkuError

Handler = Callable[[Request], Awaitable[Response]]


class DirectLane:
    """The ASGI layer that calls direct handlers by method and exact path; anything else goes on to the application.

    What a handler raises on purpose becomes its problem document here; anything else is the guard's. Methods that
    nobody serves at such a path get 405 here, before a path with a parameter takes it for its own.
    """

    def __init__(self, app: ASGIApp, routers: Iterable[APIRouter]) -> None:
        routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
        self._app = app
        self._routes = {route.path: route for route in routes if isinstance(route, DirectRoute)}
        self._methods: dict[str, set[str]] = {path: set() for path in self._routes}
        for route in routes:
            self._methods.get(route.path, set()).update(route.methods or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if route is None or (scope["method"] != "POST" and scope["method"] in self._methods[route.path]):
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            if scope["method"] != "POST":
                raise MethodNotAllowed(scope["method"], ", ".join(sorted(self._methods[route.path])))
            response: Response = await route.endpoint(request)
        except JinkuError as error:
            response = problem_response(error, request_id_of(request))
        await response(scope, receive, send)


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
