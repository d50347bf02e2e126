"""The body of a checkpoint (C2SP tlog-checkpoint): which log, how many entries, and the root over them.

1. Line one is the log's origin, line two the size in decimal, line three the root in base64.
2. Further lines are extensions; none is empty. The body ends in a newline.

Example::

    body = parse_body("example.com/log\n3\nAAAA…=\n")
    body.size  # 3
"""

from dataclasses import dataclass

from jinku.verify.errors import Unreadable
from jinku.verify.text import decimal, unbase64

SIZE_MAX = (1 << 63) - 1
"""The greatest number of entries that a log can have."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a checkpoint states, before any signature is looked at."""

    origin: str
    """Name of the log."""
    size: int
    """Number of entries."""
    root: bytes
    """RFC 6962 root hash over them, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines, which only some signature types cover."""


def parse_body(text: str) -> Body:
    """Read the signed text of a checkpoint. Raises Unreadable."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or "" in lines[:-1]:
        raise Unreadable(
            "bad_checkpoint", "a checkpoint is three or more non-empty lines, each ended by a newline"
        )
    origin, size, root, *extensions = lines[:-1]
    return Body(
        origin,
        decimal(size, "checkpoint size", SIZE_MAX),
        unbase64(root, "checkpoint root", 32),
        tuple(extensions),
    )
