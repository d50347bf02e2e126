"""Events: canonical bytes, dense numbers, unique microseconds, local days, labels as events of their own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.risk.events import (
    KEY,
    PAYMENTS,
    Column,
    EventBatch,
    KeySpace,
    LocalTime,
    Stamper,
    payments,
    spread,
)
from jinku.risk.events.errors import BadEvents, NotEventBytes
from jinku.risk.events.payments import numbered, with_labels

TIMES = [1_767_225_599_999_999, 1_767_225_600_000_000, 1_767_225_600_000_005]


def batch() -> EventBatch:
    return payments(
        {
            "id": numbered(3),
            "time": Column.of_integers(TIMES),
            "kind": Column.of_texts(["payment", "payout", None]),
            "customer": Column.of_keys(["a", None, 7]),
            "counterparty": Column.of_keys(["b", "b", "b"]),
            "amount": Column.of_integers([100, None, 0]),
            "currency": Column.of_texts(["USD", "CNY", "CNY"]),
            "label": Column.of_booleans([True, False, None]),
        },
        LocalTime("Asia/Shanghai"),
    )


def test_the_bytes_give_the_events_back_and_depend_on_the_events_alone() -> None:
    """K2: what is decided about is journalled byte for byte."""
    whole = batch()
    raw = whole.to_bytes()
    assert EventBatch.from_bytes(PAYMENTS, raw).to_bytes() == raw
    again = EventBatch.concatenate([whole[:1], whole[1:]])
    assert again.to_bytes() == raw
    words = Column(np.array([2, 0, 0], np.int32), np.ones(3, np.bool_), ("CNY", "EUR", "USD"))
    assert EventBatch.build(PAYMENTS, dict(whole.columns) | {"currency": words}).to_bytes() == raw


@pytest.mark.parametrize("at", [0, 9, 45, 60, -1])
def test_bytes_that_were_changed_or_cut_are_refused(at: int) -> None:
    raw = bytearray(batch().to_bytes())
    with pytest.raises(NotEventBytes):
        EventBatch.from_bytes(PAYMENTS, bytes(raw[:-1]))
    with pytest.raises(NotEventBytes):
        EventBatch.from_bytes(PAYMENTS, bytes(raw) + b"\0")
    raw[at] ^= 0xFF
    try:
        changed = EventBatch.from_bytes(PAYMENTS, bytes(raw))
    except NotEventBytes:
        return
    assert changed.to_bytes() != batch().to_bytes()


def test_times_that_stand_still_are_refused_by_row() -> None:
    columns = {"id": numbered(2), "time": Column.of_integers([5, 5])}
    with pytest.raises(BadEvents, match="row 1 is not after"):
        EventBatch.build(PAYMENTS, columns)
    with pytest.raises(BadEvents, match="currency"):
        EventBatch.build(PAYMENTS, columns | {"time": Column.of_integers([5, 6]), "currency": numbered(2)})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=40), st.integers(-1, 40), st.integers(0, 40))
def test_equal_times_move_on_by_a_microsecond_each_however_the_file_is_cut(
    given_times: list[int], after: int, cut: int
) -> None:
    times = np.array(sorted(given_times), np.int64)
    whole = spread(times, after)
    slow, last = [], after
    for time in times.tolist():
        last = max(time, last + 1)
        slow.append(last)
    assert whole.tolist() == slow
    first = spread(times[:cut], after)
    rest = spread(times[cut:], int(first[-1]) if len(first) else after)
    assert [*first, *rest] == slow


def test_a_live_stream_rises_even_when_the_clock_steps_back() -> None:
    clock = iter([5_000_000, 5_000_000, 1_000_000, 90_000_000])
    stamper = Stamper(lambda: next(clock), last=4_000)
    stamped = [*stamper.stamp(3), *stamper.stamp(2), *stamper.stamp(1), *stamper.stamp(1)]
    assert stamped == [5_000, 5_001, 5_002, 5_003, 5_004, 5_005, 90_000]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.integers(0, 40), st.integers((1 << 128) - 5, (1 << 128) - 1)), max_size=300
    )
)
def test_identities_are_numbered_in_order_of_appearance(identities: list[int | None]) -> None:
    space = KeySpace()
    known: dict[int, int] = {}
    for part in (identities[:100], identities[100:]):
        numbers = space.numbers(Column.of_keys(part)).tolist()
        assert numbers == [-1 if one is None else known.setdefault(one, len(known)) for one in part]
    assert len(space) == len(known)
    held = space.identities()
    assert held.dtype == KEY
    assert Column.full(held).to_list() == list(known)


def test_local_days_follow_the_place_and_its_changes_of_clock() -> None:
    parts = batch().columns
    assert parts["hour"].to_list() == [7, 8, 8]
    assert parts["weekday"].to_list() == [4, 4, 4]
    new_york = LocalTime("America/New_York").parts(np.array([1_772_953_200_000_000, 1_772_953_199_999_999]))
    assert new_york["hour"].tolist() == [3, 1]
    assert parts["month"].to_list() == [672, 672, 672]
    assert parts["log_amount"].to_list() == [4_605_170, None, None]
    assert parts["pair"].valid.tolist() == [True, False, True]
    with pytest.raises(BadEvents, match="Mars"):
        LocalTime("Mars/Olympus")


def test_a_label_becomes_known_by_an_event_of_its_own() -> None:
    """K11: no feature sees a label before its delay is over."""
    known = with_labels(batch(), 5, LocalTime("Asia/Shanghai"))
    assert known.column("kind").to_list() == ["payment", "payout", "label", None]
    assert known.times.tolist() == [TIMES[0], TIMES[1], TIMES[0] + 5, TIMES[2]]
    assert known.column("label").to_list() == [None, None, True, None]
    assert known.column("customer").to_list()[2] == known.column("customer").to_list()[0]
    assert known.column("hour").to_list() == [7, 8, 8, 8]
    assert len(set(known.column("id").to_list())) == 4
