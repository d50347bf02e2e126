"""One event, one microsecond: how events come by times that no other event has.

Rules:

1. A live stream stamps ``max(clock, last + 1)``: times rise strictly even when the clock stands still or steps back.
2. Historical events keep their times, in the order of their file; of equal (or falling, within a sorted file: equal)
   times each next one gets a microsecond more. A file is sorted by time first, stably.

Example::

    stamper = Stamper(clock)  # a clock in ns
    times = stamper.stamp(8_000)
    spread(np.array([5, 5, 5, 6]))  # [5, 6, 7, 8]
"""

import threading

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import Clock
from jinku.risk.events.errors import BadEvents

Times = NDArray[np.int64]
_NS = 1_000


class Stamper:
    """Gives times to live events; safe to share between threads."""

    def __init__(self, clock: Clock, last: int = 0) -> None:
        """`clock` gives ns; `last` is the time of the stream's last event, in microseconds."""
        self._clock, self._last = clock, last
        self._lock = threading.Lock()

    def stamp(self, count: int) -> Times:
        """The times of the next `count` events, in microseconds (rule 1)."""
        with self._lock:
            first = max(self._clock() // _NS, self._last + 1)
            self._last = max(self._last, first + count - 1)
        return np.arange(first, first + count, dtype=np.int64)

    def reach(self, first: int, last: int) -> bool:
        """Let the stream hold events from `first` to `last` that have times of their own; False, and nothing, where
        `first` is not after all events there are."""
        with self._lock:
            if first <= self._last or last < first:
                return False
            self._last = last
            return True


def spread(times: Times, after: int = -1) -> Times:
    """Unique times for sorted `times` (microseconds), all above `after`: each is moved as little as possible.

    Raises BadEvents where they are not sorted."""
    if (times[1:] < times[:-1]).any():
        at = int(np.argmax(times[1:] < times[:-1])) + 1
        raise BadEvents(f"of row {at} is before that of the row before", field="time", value=str(times[at]))
    steps = np.arange(len(times), dtype=np.int64)
    base = np.maximum(times, after + 1) - steps
    made: Times = np.maximum.accumulate(base) + steps
    return made
