"""The service log: one JSON object a line, on standard error, without personal data.

Rules:

1. A line of a request has method, route template, status and duration; never a path, query, body, id or
   amount.
2. Lines are written by a thread of their own, ``WRITE_SECONDS`` after the first at the latest: a request
   does not wait for the log. At the end of the process what is left is written.
3. A failure is logged by its type and the places in the code, never by its message: messages may quote input.
"""

import atexit
import logging
import sys
import threading
import time
from collections import deque
from traceback import extract_tb
from typing import Any, TextIO

import orjson

from jinku.api.wire.numbers import instant_text

LOGGER = "jinku.api"
FRAMES_MAX = 12
LINES_QUEUED_MAX = 100_000
WRITE_SECONDS = 0.1


class JsonLines(logging.Formatter):
    """Formats a record as one JSON line; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """See the class."""
        return written(line_of(record))


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a record's line; ``time`` in ns."""
    line: dict[str, Any] = {
        "time": int(record.created * 1_000_000) * 1_000,
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    line.update(getattr(record, "fields", {}))
    if record.exc_info and record.exc_info[1] is not None:
        line.update(failure_fields(record.exc_info[1]))
    return line


def written(line: dict[str, Any]) -> str:
    """`line` as JSON, its ``time`` as RFC 3339."""
    line["time"] = instant_text(line["time"])
    return orjson.dumps(line, default=str).decode()


def failure_fields(error: BaseException) -> dict[str, Any]:
    """The type of `error` and where it was raised, without its message."""
    frames = extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return {
        "failure": type(error).__name__,
        "at": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    }


class LineWriter(logging.Handler):
    """Writes lines to `stream` from a thread (rule 2); one that falls behind drops lines and says how
    many."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._waiting = threading.Event()
        self._thread = threading.Thread(target=self._write, name="log-lines", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of a record."""
        self.put(line_of(record))

    def put(self, line: dict[str, Any]) -> None:
        """Queue one line; its ``time`` is in ns. It is put into words by the thread that writes it."""
        if len(self._lines) >= LINES_QUEUED_MAX:
            self._dropped += 1
            return
        self._lines.append(line)
        if not self._waiting.is_set():
            self._waiting.set()

    def flush(self) -> None:
        """Write what is queued."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._lines.append(
                {"time": time.time_ns(), "level": "warning", "event": "dropped", "lines": dropped}
            )
        lines = [written(self._lines.popleft()) for _ in range(len(self._lines))]
        if lines:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()

    def _write(self) -> None:
        while self._waiting.wait():
            time.sleep(WRITE_SECONDS)
            self._waiting.clear()
            self.flush()


def configure_logs(level: str = "INFO") -> None:
    """Send the service log and uvicorn's own messages to standard error as JSON lines."""
    handler = LineWriter(sys.stderr)
    for name in (LOGGER, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)


class RequestLog:
    """Writes one line per answered request."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER)

    def answered(self, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request; `seconds` it took."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        fields = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1_000, 3),
        }
        for handler in self._logger.handlers:
            if isinstance(handler, LineWriter):
                handler.put({"time": time.time_ns(), "level": "info", "event": "request", **fields})
            else:
                record = logging.LogRecord(LOGGER, logging.INFO, "", 0, "request", None, None)
                record.fields = fields
                handler.handle(record)

    def failed(self, request_id: str, route: str, error: BaseException) -> None:
        """A request that ended in an unforeseen failure."""
        self._logger.error(
            "failure", extra={"fields": {"request_id": request_id, "route": route, **failure_fields(error)}}
        )


def now_s() -> float:
    """A monotonic reading for durations."""
    return time.perf_counter()
