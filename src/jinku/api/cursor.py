"""Opaque cursors: where the next page of a list begins, signed so that nobody builds or changes one.

Rules:

1. A cursor is ``base64url(payload ‖ tag)``; the payload is the position (8 bytes, big-endian), the tag the
   first 16 bytes of HMAC-SHA-256 over list scope and payload.
2. The scope names the list and all its filters: a cursor of one list does not open another.
"""

import base64
import binascii
import hashlib
import hmac

from jinku.api.errors import CursorRefused
from jinku.api.limits import CURSOR_CHARACTERS_MAX

_POSITION_BYTES, _TAG_BYTES = 8, 16


class Cursors:
    """Makes and reads cursors under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, scope: str, position: int) -> str:
        """A cursor into the list `scope` at `position` (0 to 2^64 - 1)."""
        payload = position.to_bytes(_POSITION_BYTES, "big")
        return base64.urlsafe_b64encode(payload + self._tag(scope, payload)).decode("ascii").rstrip("=")

    def read(self, scope: str, cursor: str) -> int:
        """The position that `make` put in. Raises CursorRefused for anything else."""
        try:
            if len(cursor) > CURSOR_CHARACTERS_MAX:
                raise ValueError
            raw = base64.b64decode(
                cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
            )
        except (ValueError, binascii.Error):
            raw = b""
        payload, tag = raw[:_POSITION_BYTES], raw[_POSITION_BYTES:]
        if len(raw) != _POSITION_BYTES + _TAG_BYTES or not hmac.compare_digest(
            tag, self._tag(scope, payload)
        ):
            raise CursorRefused(
                "the cursor was not made by this server for this list and these filters",
                remedy="send next_cursor unchanged with the same filters, or begin again without a cursor",
            )
        return int.from_bytes(payload, "big")

    def _tag(self, scope: str, payload: bytes) -> bytes:
        bound = hashlib.sha256(scope.encode()).digest() + payload
        return hmac.digest(self._key, bound, "sha256")[:_TAG_BYTES]
