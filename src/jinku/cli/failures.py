"""From an error to one line and an exit code."""

import json
import sys
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; scripts may rely on them."""

    OK = 0
    REFUSED = 1
    """Refused, not verified, or differences found."""
    USAGE = 2
    """Usage or bad input."""
    UNAVAILABLE = 3
    """Locked, halted, unreachable, or not readable now."""
    INTERRUPTED = 130


_UNAVAILABLE_STATUS = frozenset({502, 503, 504})
_INPUT_STATUS = frozenset({400, 413, 415, 422})


def exit_code_of(http_status: int) -> Exit:
    """The exit code of an error by the HTTP status of its class."""
    if http_status in _UNAVAILABLE_STATUS:
        return Exit.UNAVAILABLE
    return Exit.USAGE if http_status in _INPUT_STATUS else Exit.REFUSED


def report(code: str, message: str, remedy: str, *, as_json: bool) -> None:
    """Write one failure to standard error."""
    if as_json:
        line = json.dumps({"error": {"code": code, "message": message, "remedy": remedy}}, ensure_ascii=False)
    else:
        line = f"jinku: {message}" + (f"; {remedy}" if remedy else "")
    sys.stderr.write("".join(one if one.isprintable() else " " for one in line) + "\n")
