"""Canonical JSON: one value, one sequence of bytes, so that a digest of a document means something.

Rules (RFC 8785, narrowed):

1. Keys are text, sorted by their UTF-16 code units; no blanks; UTF-8; only what must be escaped is escaped.
2. There are no floats. Integers stay within ±(2^53 - 1), which every JSON reader holds exactly; a larger
   number, and every amount of money, is a string of digits.
3. A value is None, bool, int, str, a list or tuple of values, or a mapping from str to values; anything else
   is refused, since its text form would be a guess.

Example::

    canonical_json({"b": 1, "a": ["x", None]})  # b'{"a":["x",null],"b":1}'
"""

import json
from collections.abc import Mapping

from jinku.base.errors import NotCanonical

INTEGER_MAX = (1 << 53) - 1
DEPTH_MAX = 64


def canonical_json(value: object) -> bytes:
    """The canonical bytes of `value`. Raises NotCanonical with the path of what does not fit."""
    text = json.dumps(
        _ordered(value, "$", DEPTH_MAX), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _refused("$", "holds half of a surrogate pair") from None


def _ordered(value: object, path: str, depth: int) -> object:
    if depth == 0:
        raise _refused(path, f"is nested deeper than {DEPTH_MAX}")
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise _refused(path, "is an integer beyond 2^53 - 1")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{path}[{index}]", depth - 1) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _refused(path, f"has a key of type {type(key).__name__}")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key], f"{path}.{key}", depth - 1) for key in keys}
    raise _refused(path, f"is a {type(value).__name__}")


def _refused(path: str, problem: str) -> NotCanonical:
    return NotCanonical(
        f"{path} {problem}", remedy="send text, whole numbers, lists and maps; amounts as strings of digits"
    )
