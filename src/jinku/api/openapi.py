"""The OpenAPI document: FastAPI's own, completed with what it cannot know.

Rules:

1. Every operation under the token says so; every operation lists the problems it can answer.
2. Request bodies that `jinku.api.routing` reads get their schemas from the same pydantic models that
   validate them.
3. POST takes an optional ``Idempotency-Key``, but where it would only read or hand out a secret.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from jinku.api.guard import Openness
from jinku.api.limits import IDEMPOTENCY_KEY_CHARACTERS_MAX
from jinku.api.problem import PROBLEM_JSON
from jinku.api.replay import WITHOUT_KEY

_PROBLEMS_ANYWHERE = {"431": "HeadersTooLarge", "500": "InternalError", "503": "Unavailable"}
_PROBLEM_TEXTS = {
    "BadRequest": "Malformed: the body is not JSON, or the Idempotency-Key is not one",
    "TokenRefused": "No bearer token, or a wrong one",
    "ReadOnly": "A reader's credential, and a request that could change something",
    "NotFound": "No such thing",
    "Conflict": "A request with the same Idempotency-Key is being executed, or the same thing came before",
    "BodyTooSlow": "The body did not arrive in time",
    "BodyTooLarge": "The body is larger than accepted",
    "MediaTypeUnsupported": "The body is of a type that is not read here",
    "Invalid": "Some fields, the cursor, or the use of the Idempotency-Key are not valid",
    "HeadersTooLarge": "Headers are larger than accepted",
    "InternalError": "An internal error; the log has it under request_id",
    "Unavailable": "Busy, halted, or locked by another process",
}
_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. Clients switch on `code`.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "remedy", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:jinku:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request gives the same answer for 24 hours.",
    "schema": {
        "type": "string",
        "pattern": r"^[!-~]+$",
        "maxLength": IDEMPOTENCY_KEY_CHARACTERS_MAX,
        "minLength": 1,
    },
}


def describe(app: FastAPI, bodies: Sequence[type[BaseModel]], openness: Openness) -> dict[str, Any]:
    """The OpenAPI document of `app`; `bodies` are the models of request bodies."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(model, "validation") for model in bodies], ref_template="#/components/schemas/{model}"
    )
    for schema in definitions["$defs"].values():
        schemas[schema["title"]] = _renamed(schema, definitions["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    components["responses"] = {
        name: {
            "description": text,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for name, text in _PROBLEM_TEXTS.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, needs_token=not openness.covers(path))
            if method == "post" and path not in WITHOUT_KEY:
                operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    return document


def _renamed(schema: Any, definitions: dict[str, Any]) -> Any:
    """`schema` with references by a model's title instead of its Python name."""
    if isinstance(schema, dict):
        return {
            key: f"#/components/schemas/{definitions[value.rpartition('/')[2]]['title']}"
            if key == "$ref" and isinstance(value, str)
            else _renamed(value, definitions)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_renamed(item, definitions) for item in schema]
    return schema


def _complete(operation: dict[str, Any], method: str, needs_token: bool) -> None:
    problems = dict(_PROBLEMS_ANYWHERE)
    operation["responses"].pop("422", None)
    if needs_token:
        operation["security"] = [{"token": []}]
        problems |= {"401": "TokenRefused", "403": "ReadOnly"}
    if operation.get("parameters"):
        problems["422"] = "Invalid"
    named = {"custody", "access", "risk"} & set(operation.get("tags", ()))
    if named or any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        problems["404"] = "NotFound"
    if method == "post":
        problems |= {
            "400": "BadRequest",
            "408": "BodyTooSlow",
            "409": "Conflict",
            "413": "BodyTooLarge",
            "415": "MediaTypeUnsupported",
            "422": "Invalid",
        }
    for status, name in problems.items():
        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
