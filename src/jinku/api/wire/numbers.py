"""Numbers, instants and flags in JSON.

Rules:

1. A field of 64 bits or more is a string of digits; a JSON integer up to 2^53 is also read. A float, a
   boolean, a sign, a leading zero or a blank is refused.
2. A field of 32 bits or less is a JSON integer.
3. An instant is RFC 3339 with an offset, 1970 to 2262, at most nanoseconds.
4. Flags are a list of names without repetition.

Example::

    {"id": "7", "amount": "1250", "ledger": 156, "flags": ["pending"], "timestamp": "2026-11-22T10:30:00Z"}
"""

import re
from collections.abc import Callable
from enum import IntFlag
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from jinku.api.limits import NUMBER_EXACT_MAX
from jinku.base.clock import NS_PER_SECOND, from_rfc3339, to_rfc3339
from jinku.base.errors import InputError
from jinku.ledger.limits import TIMESTAMP_MAX

_DIGITS = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)


def up_to(maximum: int) -> str:
    """A regular expression for exactly the decimal numbers from 0 to `maximum`, without leading zeros."""
    digits = str(maximum)
    options = ["0", f"[1-9][0-9]{{0,{len(digits) - 2}}}"]
    for place, digit in enumerate(digits):
        lowest = 1 if place == 0 else 0
        if int(digit) > lowest:
            below = f"[{lowest}-{int(digit) - 1}]" if int(digit) - 1 > lowest else str(lowest)
            rest = len(digits) - place - 1
            options.append(digits[:place] + below + (f"[0-9]{{{rest}}}" if rest else ""))
    return f"^({'|'.join([*options, digits])})$"


def digits_reader(bits: int) -> Callable[[Any], int]:
    """A validator for an unsigned number of `bits` bits: a string of digits, or a JSON integer up to 2^53."""
    limit = 1 << bits

    def read(value: Any) -> int:
        if type(value) is str:
            if _DIGITS.fullmatch(value) and (number := int(value)) < limit:
                return number
        elif type(value) is int:
            if 0 <= value <= NUMBER_EXACT_MAX and value < limit:
                return value
            raise ValueError("send a JSON number above 2^53, or below 0, as a string of digits")
        raise ValueError(f"must be a string of digits, 0 to 2^{bits} - 1, without sign or leading zeros")

    return read


def _digits_schema(bits: int) -> dict[str, Any]:
    return {
        "anyOf": [
            {"type": "string", "pattern": up_to((1 << bits) - 1), "maxLength": len(str((1 << bits) - 1))},
            {"type": "integer", "minimum": 0, "maximum": NUMBER_EXACT_MAX},
        ],
        "description": f"Unsigned {bits}-bit integer as a string of digits.",
    }


def _digits_out_schema(bits: int) -> dict[str, Any]:
    return {"type": "string", "pattern": up_to((1 << bits) - 1), "examples": ["1250"]}


def _read_uint(bits: int) -> Callable[[Any], int]:
    limit = 1 << bits

    def read(value: Any) -> int:
        if type(value) is not int or not 0 <= value < limit:
            raise ValueError(f"must be a JSON integer from 0 to {limit - 1}")
        return value

    return read


def _uint_schema(bits: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1}


def read_instant(value: Any) -> int:
    """An RFC 3339 text as nanoseconds. Raises ValueError for anything else or outside the model's range."""
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time such as 2026-11-22T10:30:00Z")
    try:
        moment = from_rfc3339(value)
    except InputError:
        raise ValueError("is not an RFC 3339 time with an offset, such as 2026-11-22T10:30:00Z") from None
    if not 0 <= moment <= TIMESTAMP_MAX:
        raise ValueError("lies outside 1970-01-01T00:00:00Z to 2262-04-11T23:47:16.854775807Z")
    return moment


def instant_text(moment: int) -> str:
    """Nanoseconds as RFC 3339; a batch's instants share their seconds, so those are kept."""
    seconds, fraction = divmod(moment, NS_PER_SECOND)
    return (
        f"{_second_text(seconds)}.{fraction:09d}".rstrip("0") + "Z"
        if fraction
        else f"{_second_text(seconds)}Z"
    )


@lru_cache(maxsize=4096)
def _second_text(seconds: int) -> str:
    return to_rfc3339(seconds * NS_PER_SECOND).removesuffix("Z")


def instant_out(moment: int) -> str | None:
    """Nanoseconds as RFC 3339, None for 0 (no time)."""
    return instant_text(moment) if moment else None


U128 = Annotated[int, PlainValidator(digits_reader(128)), WithJsonSchema(_digits_schema(128))]
U64 = Annotated[int, PlainValidator(digits_reader(64)), WithJsonSchema(_digits_schema(64))]
U32 = Annotated[int, PlainValidator(_read_uint(32)), WithJsonSchema(_uint_schema(32))]
U16 = Annotated[int, PlainValidator(_read_uint(16)), WithJsonSchema(_uint_schema(16))]

INSTANT_SCHEMA = {
    "type": "string",
    "pattern": (
        r"^(19[7-9][0-9]|20[0-9][0-9]|21[0-9][0-9]|22[0-5][0-9])-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z$"
    ),
    "description": "RFC 3339, 1970 to 2262, at most nanoseconds; also with an offset, on any day that exists.",
}
Instant = Annotated[int, PlainValidator(read_instant), WithJsonSchema(INSTANT_SCHEMA)]

PathU128 = Annotated[
    int,
    PlainValidator(digits_reader(128)),
    WithJsonSchema({"type": "string", "pattern": up_to((1 << 128) - 1), "examples": ["7"]}),
]
"""A 128-bit id in a path."""

Digits128 = Annotated[str, WithJsonSchema(_digits_out_schema(128))]
Digits64 = Annotated[str, WithJsonSchema(_digits_out_schema(64))]
InstantText = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$")]


def flag_names(flags: type[IntFlag]) -> list[str]:
    """The names of `flags` as JSON has them: lower case, NONE left out, in order of bits."""
    return [str(flag.name).lower() for flag in flags if flag]


def flags_reader(flags: type[IntFlag]) -> Callable[[Any], int]:
    """A validator from a list of names to the bits."""
    bits = {str(flag.name).lower(): int(flag) for flag in flags if flag}

    def read(value: Any) -> int:
        if not isinstance(value, list):
            raise ValueError("must be a list of flag names")
        number = 0
        for name in value:
            bit = bits.get(name) if isinstance(name, str) else None
            if bit is None:
                raise ValueError(f"knows these names only: {', '.join(bits)}")
            if number & bit:
                raise ValueError(f"{name} is there twice")
            number |= bit
        return number

    return read


def flags_schema(flags: type[IntFlag]) -> dict[str, Any]:
    """The JSON schema of a list of names of `flags`."""
    return {
        "type": "array",
        "items": {"type": "string", "enum": flag_names(flags)},
        "uniqueItems": True,
        "default": [],
    }


def flags_out(flags: type[IntFlag]) -> Callable[[int], list[str]]:
    """From bits to the list of names."""
    named = [(int(flag), str(flag.name).lower()) for flag in flags if flag]
    return lambda bits: [name for bit, name in named if bits & bit]
