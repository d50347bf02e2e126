"""Time: UTC nanoseconds since 1970 inside, RFC 3339 text and calendar dates outside.

Rules:

1. A moment is an ``int`` of nanoseconds; converting to text and back loses nothing.
2. Text without an offset is refused: a time that does not say where it is from is not a time.
3. A clock is any callable that returns the moment; it is a parameter, so that time can be set.

Example::

    from_rfc3339("1993-01-01T00:00:00Z")  # 725846400000000000
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

from jinku.base.errors import InputError

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
NS_PER_US = 1_000
US_PER_DAY = NS_PER_DAY // NS_PER_US

Clock = Callable[[], int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))", re.ASCII
)


def to_rfc3339(moment: int) -> str:
    """`moment` (ns) as UTC text; the fraction has no trailing zeros: ``1993-01-01T00:00:00.5Z``."""
    seconds, fraction = divmod(moment, NS_PER_SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{text}Z"


def from_rfc3339(text: str) -> int:
    """The moment (ns) that `text` names. Raises InputError for anything but a full RFC 3339 date-time."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise _bad(text)
    day, time, fraction, _, sign, hours, minutes = found.groups()
    try:
        zone = (
            timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1))
            if sign
            else UTC
        )
        moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=zone)
    except ValueError:
        raise _bad(text) from None
    whole = (moment - _EPOCH) // timedelta(seconds=1)
    return whole * NS_PER_SECOND + int((fraction or "").ljust(9, "0"))


def start_of_day(day: date) -> int:
    """The first moment (ns) of `day` in UTC."""
    return (day.toordinal() - _EPOCH_DAY) * NS_PER_DAY


def end_of_day(day: date) -> int:
    """The last moment (ns) of `day` in UTC."""
    return start_of_day(day) + NS_PER_DAY - 1


def day_of(moment: int) -> date:
    """The UTC day that holds `moment` (ns)."""
    return date.fromordinal(moment // NS_PER_DAY + _EPOCH_DAY)


def _bad(text: str) -> InputError:
    return InputError(
        "is not an RFC 3339 time with an offset",
        field="time",
        value=text[:40],
        remedy="write it like 2026-11-22T10:30:00Z",
    )
