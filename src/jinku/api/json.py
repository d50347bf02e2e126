"""JSON in and out: orjson writes; pydantic reads, strictly, into one closed family of errors.

Rules:

1. A body is read once, up to its limit in bytes and seconds, and validated in one pass.
2. No object names a field twice: every reader of a body must find the same in it.
3. What is wrong is named by a JSON pointer; at most ``PROBLEM_ERRORS_MAX`` errors are listed, values are cut.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.errors import (
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    FieldError,
    FieldsInvalid,
    MediaTypeUnsupported,
)
from jinku.api.limits import (
    BODY_BYTES_MAX,
    BODY_SECONDS_MAX,
    JSON_NESTING_MAX,
    PROBLEM_ERRORS_MAX,
    VALUE_CHARACTERS_MAX,
)

Value = TypeVar("Value")
_NAMED = re.compile(rb'"\s*:')
"""The end of a field's name; no value that is accepted has a quotation mark inside."""
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


class Json(Response):
    """A JSON answer, written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """`content` as UTF-8 JSON."""
        return orjson.dumps(content)


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The whole body. Raises BodyTooLarge above `bytes_max` and BodyTooSlow after ``BODY_SECONDS_MAX``."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _read_chunks(request, bytes_max)
    except TimeoutError as error:
        raise BodyTooSlow(
            f"the body did not arrive within {BODY_SECONDS_MAX:.0f} s",
            remedy="send it again over a faster link",
        ) from error


async def _read_chunks(request: Request, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise BodyMalformed("the connection was closed inside the body", remedy="send the whole body")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > bytes_max:
            raise _too_large(bytes_max)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(bytes_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {bytes_max} bytes", remedy="split it into several requests")


async def read_json(request: Request, adapter: TypeAdapter[Value], *, personal: bool = False) -> Value:
    """The body, validated by `adapter`. Of a `personal` one no value is ever repeated.

    Raises MediaTypeUnsupported unless it says ``application/json``, BodyMalformed when it is not JSON or
    nested deeper than ``JSON_NESTING_MAX``, FieldsInvalid when the fields are wrong.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeUnsupported(
            f"content-type {media_type[:VALUE_CHARACTERS_MAX]!r} is not read here",
            remedy="send application/json",
        )
    return parse_json(await read_body(request, BODY_BYTES_MAX), adapter, personal=personal)


def parse_json(body: bytes, adapter: TypeAdapter[Value], *, personal: bool = False) -> Value:
    """`body` validated by `adapter`; errors as in `read_json`."""
    try:
        value = adapter.validate_json(body)
    except ValidationError as error:
        problems: Sequence[Mapping[str, Any]] = error.errors(include_url=False, include_context=False)
        if problems[0]["type"] == "json_invalid":
            raise BodyMalformed(
                f"the body is not valid JSON: {problems[0]['msg'].removeprefix('Invalid JSON: ')}",
                remedy="send one JSON object, UTF-8, without comments or trailing commas",
            ) from None
        if _depth(body) > JSON_NESTING_MAX:
            raise BodyMalformed(
                f"the body nests deeper than {JSON_NESTING_MAX} levels", remedy="send the documented shape"
            ) from None
        if personal:
            problems = [{**one, "input": None} for one in problems]
        raise fields_invalid(problems) from None
    if isinstance(value, BaseModel) and _names_twice(body, _fields_given(value)) and _named_again(body):
        raise BodyMalformed("the body names a field twice", remedy="name each field once")
    return value


def _names_twice(body: bytes, fields: int) -> bool:
    """Whether `body`, valid with `fields` different fields, may name one of them again: False is certain.

    Of two equal names the parser takes the last and others the first: what one approves another would book.
    """
    return body.count(b":") != fields and len(_NAMED.findall(body)) != fields


def _named_again(body: bytes) -> bool:
    """The same, looked at name by name: for bodies whose texts have colons, or whose fields have names in them."""
    again = False

    def named(pairs: list[tuple[str, Any]]) -> None:
        nonlocal again
        again = again or len({name for name, _ in pairs}) != len(pairs)

    json.loads(body, object_pairs_hook=named)
    return again


def _fields_given(value: BaseModel) -> int:
    """How many fields the body gave, in the object and in those listed in it."""
    given = len(value.model_fields_set)
    for name in value.model_fields_set:
        items = getattr(value, name)
        if isinstance(items, list) and items and isinstance(items[0], BaseModel):
            given += sum(len(item.model_fields_set) for item in items)
    return given


def _depth(body: bytes) -> int:
    """How deep arrays and objects nest, at most one more than allowed; `body` is known to be valid JSON."""
    depth = deepest = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            escaped, quoted = (byte == 0x5C and not escaped), not (byte == 0x22 and not escaped)
        elif byte == 0x22:
            quoted = True
        elif byte in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
            if deepest > JSON_NESTING_MAX:
                break
        elif byte in _CLOSING:
            depth -= 1
    return deepest


def fields_invalid(problems: Sequence[Mapping[str, Any]]) -> FieldsInvalid:
    """pydantic's `problems` as one FieldsInvalid, bounded in number and in the length of what is quoted."""
    return FieldsInvalid([_field_error(problem) for problem in problems[:PROBLEM_ERRORS_MAX]])


def _field_error(problem: Mapping[str, Any]) -> FieldError:
    pointer = "".join("/" + str(part)[:VALUE_CHARACTERS_MAX] for part in problem["loc"]) or "/"
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = problem.get("input")
    if isinstance(value, (str, int, float)) and problem["type"] != "extra_forbidden":
        text = repr(value if not isinstance(value, str) else value[:VALUE_CHARACTERS_MAX])
        message = f"{text[: VALUE_CHARACTERS_MAX + 2]}: {message}"
    return FieldError(pointer, message)
