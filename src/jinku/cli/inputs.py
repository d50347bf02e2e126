"""What commands read from their arguments, and what they cannot find."""

import re
from datetime import date

from jinku.base.errors import InputError, JinkuError

_ID = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)


class Absent(JinkuError):
    """What a command was asked for is not there."""

    code = "not_found"
    http_status = 404


def parse_id(text: str) -> int:
    """A 128-bit id in digits. Raises InputError."""
    if not _ID.fullmatch(text) or int(text) >= 1 << 128:
        raise InputError(
            "is not a 128-bit id", field="id", value=text[:60], remedy="write it in digits, 1 to 2^128 - 2"
        )
    return int(text)


def parse_day(text: str, field: str = "--day") -> date:
    """A date; `field` names where it was written. Raises InputError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("is not a day", field=field, value=text[:20], remedy="write 2026-11-20") from None
