"""Stopping a server in order: SIGINT and SIGTERM end the serving, and what was opened is closed behind it."""

import signal
import sys
from collections.abc import Callable
from types import FrameType


def until_stopped(serve: Callable[[], None]) -> None:
    """Run `serve` until SIGINT or SIGTERM; everything acknowledged is durable by then."""
    sys.stdout.flush()
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        serve()
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
