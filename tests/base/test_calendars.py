"""Business calendars against the lists that governments and central banks publish."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.calendar import CALENDARS, CHINA, EVERY_DAY, TARGET, UK, US, BusinessCalendar, calendar_named
from jinku.base.errors import CalendarRange, InputError

PUBLISHED = {
    # gov.uk: bank holidays, England and Wales
    ("UK", 2011): "01-03 04-22 04-25 04-29 05-02 05-30 08-29 12-26 12-27",
    ("UK", 2012): "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26",
    ("UK", 2020): "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    ("UK", 2022): "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    ("UK", 2023): "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    ("UK", 2025): "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    ("UK", 2026): "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    ("UK", 2027): "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
    # Federal Reserve: holidays observed by the Reserve Banks
    ("US", 2021): "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",
    ("US", 2022): "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    ("US", 2025): "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    ("US", 2026): "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",
    # ECB: TARGET closing days on weekdays
    ("TARGET", 2001): "01-01 04-13 04-16 05-01 12-25 12-26 12-31",
    ("TARGET", 2026): "01-01 04-03 04-06 05-01 12-25",
    ("TARGET", 2027): "01-01 03-26 03-29",
    # the State Council's notices, weekdays off
    ("CN", 2025): "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 "
    "10-01 10-02 10-03 10-06 10-07 10-08",
    ("CN", 2026): "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
    "10-01 10-02 10-05 10-06 10-07",
}


@pytest.mark.parametrize(("name", "year"), PUBLISHED, ids=lambda one: str(one))
def test_each_weekday_off_is_a_published_one_and_none_is_missing(name: str, year: int) -> None:
    """R6: the days that a close counts are those that the authorities published."""
    calendar = calendar_named(name)
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    off = [
        f"{day:%m-%d}"
        for day in days
        if day.year == year and day.weekday() < 5 and not calendar.is_business_day(day)
    ]
    assert off == PUBLISHED[name, year].split()


def test_working_weekends_are_the_notices_and_no_others() -> None:
    weekends = [
        day.isoformat()
        for day in CHINA.business_days(date(2025, 1, 1), date(2026, 12, 31))
        if day.weekday() >= 5
    ]
    assert weekends == [
        "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14",
        "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
    ]  # fmt: skip


@pytest.mark.parametrize("calendar", [UK, US, TARGET, EVERY_DAY], ids=lambda one: one.name)
@given(start=st.dates(date(2001, 1, 1), date(2026, 12, 31)), steps=st.integers(1, 30))
def test_arithmetic_agrees_with_itself(calendar: BusinessCalendar, start: date, steps: int) -> None:
    there = calendar.after(start, steps)
    assert calendar.is_business_day(there)
    assert calendar.days_between(start, there) == steps
    assert len(list(calendar.business_days(start + timedelta(days=1), there))) == steps
    assert calendar.previous_business_day(calendar.next_business_day(there)) == there
    assert calendar.after(there, -steps) <= calendar.on_or_after(start)
    assert calendar.after(start, 0) == calendar.on_or_after(start)


def test_a_day_beyond_the_rows_is_refused_with_a_remedy() -> None:
    for calendar, day in ((UK, date(2029, 1, 2)), (CHINA, date(2027, 1, 4)), (US, date(1985, 1, 2))):
        with pytest.raises(CalendarRange, match="ask between"):
            calendar.is_business_day(day)
    with pytest.raises(CalendarRange, match=r"no rows for 2027.*add the year's notice"):
        CHINA.next_business_day(date(2026, 12, 31))
    with pytest.raises(CalendarRange, match="ends"):
        EVERY_DAY.next_business_day(date.max)
    with pytest.raises(CalendarRange, match="too many"):
        TARGET.after(date(2026, 1, 1), 40_000)
    assert list(EVERY_DAY.business_days(date.max, date.max)) == [date.max]


def test_calendars_are_found_by_name() -> None:
    assert [calendar_named(name).name for name in CALENDARS] == list(CALENDARS)
    with pytest.raises(InputError, match=r"calendar='Mars'.*UK"):
        calendar_named("Mars")
