"""Strict readers of the small text forms: each value has exactly one spelling, so no byte can change unseen.

1. A decimal number has no sign, no leading zero and at most `DIGITS_MAX` digits.
2. Base64 is the standard alphabet with padding, and encodes back to the very same text.
3. Hex is lower case.
"""

import base64
import binascii

from jinku.verify.errors import Unreadable

DIGITS_MAX = 39
"""Digits of the greatest 128-bit number."""


def decimal(text: str, what: str, maximum: int) -> int:
    """The number that `text` spells.

    Raises Unreadable when it is not the canonical spelling or exceeds `maximum`.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX) or (
        text[0] == "0" and text != "0"
    ):
        raise Unreadable("bad_number", f"{what} is not a plain decimal number: {text[:60]!r}")
    number = int(text)
    if number > maximum:
        raise Unreadable("bad_number", f"{what} is {number}, more than {maximum}")
    return number


def unbase64(text: str, what: str, size: int | None = None) -> bytes:
    """The bytes behind `text`; `size` is their exact number where known. Raises Unreadable."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("bad_base64", f"{what} is not base64: {text[:60]!r}") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise Unreadable("bad_base64", f"{what} is not canonical base64: {text[:60]!r}")
    if size is not None and len(data) != size:
        raise Unreadable("bad_base64", f"{what} has {len(data)} bytes, expected {size}")
    return data


def unhex(text: str, what: str, size: int) -> bytes:
    """The `size` bytes behind lower-case hex `text`. Raises Unreadable."""
    if len(text) != 2 * size or not set(text) <= set("0123456789abcdef"):
        raise Unreadable("bad_hex", f"{what} is not {2 * size} lower-case hex digits: {text[:80]!r}")
    return bytes.fromhex(text)
