"""Clock, calendar and ids."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.calendar import CHINA, TARGET, WEEKDAYS, easter_sunday
from jinku.base.clock import NS_PER_DAY, day_of, end_of_day, from_rfc3339, start_of_day, to_rfc3339
from jinku.base.errors import CalendarRange, InputError
from jinku.base.ids import ID_MAX, IdMaker, derived_id

NS = 10**9


@given(st.integers(0, 9 * 10**18))
def test_moments_read_back_to_the_nanosecond(moment: int) -> None:
    assert from_rfc3339(to_rfc3339(moment)) == moment
    assert start_of_day(day_of(moment)) <= moment <= end_of_day(day_of(moment))


@given(st.datetimes(timezones=st.just(UTC)))
def test_text_agrees_with_the_standard_library(moment: datetime) -> None:
    ns = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    assert datetime.fromisoformat(to_rfc3339(ns)) == moment


def test_known_moments() -> None:
    assert to_rfc3339(0) == "1970-01-01T00:00:00Z"
    assert to_rfc3339(1) == "1970-01-01T00:00:00.000000001Z"
    assert to_rfc3339(-NS // 2) == "1969-12-31T23:59:59.5Z"
    assert from_rfc3339("2026-11-22T18:30:00.25+08:00") == from_rfc3339("2026-11-22T10:30:00.25Z")
    assert from_rfc3339("2026-11-22t02:30:00-08:00") == from_rfc3339("2026-11-22T10:30:00z")
    assert end_of_day(date(1993, 1, 1)) - start_of_day(date(1993, 1, 1)) == NS_PER_DAY - 1


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-22", "2026-11-22T10:30:00", "2026-13-01T00:00:00Z", "2026-11-22T10:30:00+99:00", "now"],
)
def test_incomplete_moments_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="RFC 3339"):
        from_rfc3339(text)


def test_easter() -> None:
    days = [date(2000, 4, 23), date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2038, 4, 25)]
    assert [easter_sunday(day.year) for day in days] == days


def test_target_days() -> None:
    assert not TARGET.is_business_day(date(2026, 4, 3))
    assert not TARGET.is_business_day(date(2026, 4, 6))
    assert TARGET.is_business_day(date(2026, 4, 7))
    assert TARGET.next_business_day(date(2026, 12, 24)) == date(2026, 12, 28)
    assert TARGET.days_between(date(2026, 12, 24), date(2026, 12, 28)) == 1
    with pytest.raises(CalendarRange, match="1999"):
        TARGET.is_business_day(date(1999, 6, 1))


def test_china_works_on_moved_weekends() -> None:
    assert CHINA.is_business_day(date(2026, 2, 14))
    assert not CHINA.is_business_day(date(2026, 2, 16))
    assert CHINA.next_business_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CHINA.is_business_day(date(2025, 9, 28))
    with pytest.raises(CalendarRange, match="2027"):
        CHINA.is_business_day(date(2027, 1, 1))


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_days_between_counts_business_days(start: date, span: int) -> None:
    end = start + timedelta(days=span)
    days = [start + timedelta(days=n) for n in range(1, span + 1)]
    assert WEEKDAYS.days_between(start, end) == sum(day.weekday() < 5 for day in days)
    assert WEEKDAYS.days_between(end, start) == 0
    assert TARGET.days_between(start, TARGET.next_business_day(start)) == 1


def test_days_between_is_bounded() -> None:
    with pytest.raises(CalendarRange, match="too many"):
        WEEKDAYS.days_between(date(1, 1, 1), date(9999, 1, 1))


def test_new_ids_rise_with_time_and_within_a_millisecond() -> None:
    now = 5_000_000
    maker = IdMaker(lambda: now, lambda bits: (1 << bits) - 1)
    first, second = maker(), maker()
    assert first < second <= ID_MAX
    now = 4_000_000
    assert maker() > second
    now = 900_000_000_000
    assert maker() >> 80 == 900_000


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_derived_ids_are_names(parts: list[str]) -> None:
    made = derived_id("a", *parts)
    assert 1 <= made <= ID_MAX
    assert made == derived_id("a", *parts)
    assert made != derived_id("b", *parts)
    assert made != derived_id("a", *parts, "")


def test_derived_ids_do_not_run_together() -> None:
    assert derived_id("a", "b", "c") != derived_id("a", "bc")
    assert derived_id("czech-bank/transaction", "695247") == 340092566086892031410834080279855554124
