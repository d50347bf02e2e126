"""Which weekdays banks are closed, by country: rules where they are rules, tables where they are decrees.

Rules:

1. A function takes a year and gives its days off; weekend days among them do no harm.
2. What a proclamation or a notice set for one year stands in a table with its source, never in the rule.

Example::

    uk_holidays(2026)  # eight days, Boxing Day's substitute 28 December among them
"""

from datetime import date, timedelta

_DAY = timedelta(days=1)
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876, as in Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The `nth` (1 …) `weekday` (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + (weekday - first.weekday()) % 7 * _DAY + 7 * (nth - 1) * _DAY


def last_monday(year: int, month: int) -> date:
    """The last Monday of a month of 31 days."""
    last = date(year, month, 31)
    return last - last.weekday() * _DAY


# --- TARGET ---------------------------------------------------------------------------------------------------------

_TARGET_ONCE = {2001: (date(2001, 12, 31),)}
"""Closed for the change to euro cash (ECB, 2000-12-14)."""


def target_holidays(year: int) -> frozenset[date]:
    """TARGET closing days (ECB, standing calendar of 1999-12 and 2000-12)."""
    easter = easter_sunday(year)
    fixed = (date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26))
    return frozenset((*fixed, easter - 2 * _DAY, easter + _DAY, *_TARGET_ONCE.get(year, ())))


# --- England and Wales ----------------------------------------------------------------------------------------------

_UK_MOVED = {
    ("early May", 1995): date(1995, 5, 8),  # 50 years of VE Day
    ("early May", 2020): date(2020, 5, 8),  # 75 years of VE Day
    ("spring", 2002): date(2002, 6, 4),  # Golden Jubilee
    ("spring", 2012): date(2012, 6, 4),  # Diamond Jubilee
    ("spring", 2022): date(2022, 6, 2),  # Platinum Jubilee
}
_UK_ONCE = {
    1981: (date(1981, 7, 29),),  # wedding of the Prince of Wales
    1999: (date(1999, 12, 31),),  # the millennium
    2002: (date(2002, 6, 3),),  # Golden Jubilee
    2011: (date(2011, 4, 29),),  # wedding of Prince William
    2012: (date(2012, 6, 5),),  # Diamond Jubilee
    2022: (date(2022, 6, 3), date(2022, 9, 19)),  # Platinum Jubilee; State Funeral of Queen Elizabeth II
    2023: (date(2023, 5, 8),),  # Coronation of King Charles III
}
"""Proclamations under section 1 (3) of the Banking and Financial Dealings Act 1971."""


def uk_holidays(year: int) -> frozenset[date]:
    """Bank holidays of England and Wales (Banking and Financial Dealings Act 1971, Schedule 1, with proclamations).

    A fixed day on a weekend is given on the next weekday that is not one itself.
    """
    easter = easter_sunday(year)
    days = {
        easter - 2 * _DAY,
        easter + _DAY,
        _UK_MOVED.get(("early May", year), nth_weekday(year, 5, _MONDAY, 1)),
        _UK_MOVED.get(("spring", year), last_monday(year, 5)),
        last_monday(year, 8),
        *_UK_ONCE.get(year, ()),
    }
    fixed = (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26))
    days.update(day for day in fixed if day.weekday() < _SATURDAY)
    for day in fixed:
        if day.weekday() >= _SATURDAY:
            while day in days or day.weekday() >= _SATURDAY:
                day += _DAY
            days.add(day)
    return frozenset(days)


# --- Federal Reserve ------------------------------------------------------------------------------------------------

_JUNETEENTH_SINCE = 2022
"""The first one that the Reserve Banks kept; the law of 2021-06-17 came two days before that year's."""


def us_holidays(year: int) -> frozenset[date]:
    """Holidays of the Federal Reserve Banks (5 U.S.C. 6103; Federal Reserve Banks' holiday schedule).

    One on a Sunday is kept on Monday; one on a Saturday is not kept on Friday, unlike in federal offices.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    kept = [day + _DAY if day.weekday() == _SUNDAY else day for day in fixed]
    moving = (
        nth_weekday(year, 1, _MONDAY, 3),
        nth_weekday(year, 2, _MONDAY, 3),
        last_monday(year, 5),
        nth_weekday(year, 9, _MONDAY, 1),
        nth_weekday(year, 10, _MONDAY, 2),
        nth_weekday(year, 11, _THURSDAY, 4),
    )
    return frozenset((*kept, *moving))


# --- mainland China -------------------------------------------------------------------------------------------------


def _days(*spans: tuple[str, int]) -> frozenset[date]:
    return frozenset(date.fromisoformat(first) + n * _DAY for first, count in spans for n in range(count))


CHINA_HOLIDAYS = {
    2025: _days(  # 国办发明电〔2024〕12号, 2024-11-12
        ("2025-01-01", 1),
        ("2025-01-28", 8),
        ("2025-04-04", 3),
        ("2025-05-01", 5),
        ("2025-05-31", 3),
        ("2025-10-01", 8),
    ),
    2026: _days(  # 国办发明电〔2025〕7号, 2025-11-04
        ("2026-01-01", 3),
        ("2026-02-15", 9),
        ("2026-04-04", 3),
        ("2026-05-01", 5),
        ("2026-06-19", 3),
        ("2026-09-25", 3),
        ("2026-10-01", 7),
    ),
}
"""The State Council's yearly notice: first day and number of days of each holiday."""

CHINA_WORKING_WEEKENDS = _days(
    ("2025-01-26", 1), ("2025-02-08", 1), ("2025-04-27", 1), ("2025-09-28", 1), ("2025-10-11", 1),
    ("2026-01-04", 1), ("2026-02-14", 1), ("2026-02-28", 1), ("2026-05-09", 1), ("2026-09-20", 1),
    ("2026-10-10", 1),
)  # fmt: skip
"""Weekend days on which the same notices have people work."""
