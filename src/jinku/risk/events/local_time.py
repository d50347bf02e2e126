"""Hours, days, weeks and months of a place, for whole columns of times.

The offset of a zone is looked up once per quarter of an hour that occurs (every change of a zone's offset since 1970
falls on one) and kept.

Example::

    LocalTime("Asia/Shanghai").parts(times)["hour"]
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import US_PER_DAY
from jinku.risk.events.errors import BadEvents

MICROSECONDS = 1_000_000
NIGHT_ENDS_HOUR = 6
_QUARTER = 900 * MICROSECONDS

Integers = NDArray[np.int64]


class LocalTime:
    """The clock and calendar of one time zone."""

    def __init__(self, zone: str = "UTC") -> None:
        """`zone` is a name of the IANA database. Raises BadEvents."""
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise BadEvents(
                "is no time zone", field="zone", value=zone[:60], remedy="write one like Asia/Shanghai"
            ) from None
        self.name = zone
        self._offsets: dict[int, int] = {}

    def local(self, times: Integers) -> Integers:
        """`times` (microseconds UTC) as the place's own clock shows them, in microseconds."""
        quarters, places = np.unique(times // _QUARTER, return_inverse=True)
        offsets = np.array([self._offset(quarter) for quarter in quarters.tolist()], np.int64)
        return np.asarray(times + offsets[places]) if len(quarters) else times

    def parts(self, times: Integers) -> dict[str, Integers]:
        """hour, weekday (1 Monday), day, week and month, counted as the schema says."""
        local = self.local(times)
        day = local // US_PER_DAY
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return {
            "hour": local % US_PER_DAY // (3_600 * MICROSECONDS),
            "weekday": (day + 3) % 7 + 1,
            "day": day,
            "week": (day + 3) // 7,
            "month": month,
        }

    def _offset(self, quarter: int) -> int:
        known = self._offsets.get(quarter)
        if known is None:
            moment = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self._zone)
            offset = moment.utcoffset()
            known = round(offset.total_seconds()) * MICROSECONDS if offset else 0
            self._offsets[quarter] = known
        return known
