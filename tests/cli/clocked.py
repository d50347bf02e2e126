"""Runs commands of `jinku` under a clock that another process sets: the shift against the true time is in a file.

Rules:

1. The first argument names a file of eight bytes: nanoseconds, signed, little-endian; it is looked at at each call.
2. With more arguments they are one command, run as `jinku` runs it. Without, each line of standard input is a JSON
   list of words, answered by one line: exit code, standard output, standard error.

Example::

    python tests/cli/clocked.py SHIFT close status --data house
"""

import contextlib
import io
import json
import mmap
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path


def set_clocks(shift: Path) -> None:
    """From now on the clocks of this process show the true time moved by what the file says."""
    with shift.open("rb") as file:
        moved = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    true_ns: Callable[[], int] = time.time_ns

    def shifted_ns() -> int:
        return true_ns() + int(struct.unpack("<q", moved[:8])[0])

    time.time_ns = shifted_ns
    time.time = lambda: shifted_ns() / 1_000_000_000


def serve() -> None:
    """Answer the commands on standard input, one at a time."""
    from jinku.cli.main import main

    for line in sys.stdin:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(json.loads(line))
        sys.stdout.write(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    set_clocks(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        from jinku.cli.main import main

        sys.exit(main(sys.argv[2:]))
    serve()
