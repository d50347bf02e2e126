"""Large values: two ways that agree, at the threshold and one unit below, in every currency together."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.base.errors import InputError
from jinku.risk.reports.errors import NoRate
from jinku.risk.reports.large import (
    CUSTOMER_KINDS,
    DIRECTIONS,
    WAYS,
    Line,
    Movement,
    Rate,
    large_values,
    large_values_plain,
    read_movements,
    read_rates,
)
from jinku.risk.reports.large_table import THRESHOLDS, Rule, Threshold

DAY = date(2026, 11, 20)
RATES = [
    Rate(date(2026, 11, 1), "EUR", 108_550_001),
    Rate(DAY, "EUR", 110_000_000),
    Rate(date(2026, 1, 1), "JPY", 650_001),
    Rate(date(2026, 1, 1), "KWD", 325_000_000),
]


def moved(amount: int, **more: object) -> Movement:
    values: dict[str, object] = {
        "reference": "m1", "customer": "c1", "customer_kind": "natural", "day": DAY, "direction": "in", "way": "cash",
        "cross_border": False, "currency": "CNY", "amount": amount,
    }  # fmt: skip
    return Movement(**{**values, **more})  # type: ignore[arg-type]


def both(movements: list[Movement], rows: tuple[Threshold, ...] = THRESHOLDS) -> list[Line]:
    found = large_values(movements, RATES, rows)
    assert found == large_values_plain(movements, RATES, rows)
    return found


@pytest.mark.parametrize(
    ("more", "least", "rule"),
    [
        ({}, 5_000_000, Rule.CASH),
        ({"currency": "USD"}, 1_000_000, Rule.CASH),
        ({"customer_kind": "legal"}, 5_000_000, Rule.CASH),
        ({"customer_kind": "legal", "way": "transfer"}, 200_000_000, Rule.LEGAL),
        ({"customer_kind": "legal", "way": "transfer", "currency": "USD"}, 20_000_000, Rule.LEGAL),
        ({"way": "transfer"}, 50_000_000, Rule.NATURAL_DOMESTIC),
        ({"way": "transfer", "currency": "USD"}, 10_000_000, Rule.NATURAL_DOMESTIC),
        ({"way": "transfer", "cross_border": True}, 20_000_000, Rule.NATURAL_CROSS_BORDER),
        ({"way": "transfer", "cross_border": True, "currency": "USD"}, 1_000_000, Rule.NATURAL_CROSS_BORDER),
    ],
)
def test_each_threshold_is_inclusive_single_and_cumulative(
    more: dict[str, object], least: int, rule: Rule
) -> None:
    """K3: PBOC Order [2016] No. 3, art. 5."""
    [line] = both([moved(least, **more)])
    assert (line.rule, line.total, line.single, line.movements) == (rule.value, least, True, 1)
    assert both([moved(least - 1, **more)]) == []
    [line] = both([moved(least - 1, **more), moved(1, reference="m2", **more)])
    assert (line.total, line.single, line.references) == (least, False, ("m1", "m2"))
    for other in (
        {"direction": "out"}, {"day": DAY + timedelta(1)}, {"customer": "c2"},
    ):  # fmt: skip
        assert both([moved(least - 1, **more), moved(1, reference="m2", **{**more, **other})]) == []


def test_equivalents_are_exact_to_the_last_unit() -> None:
    """K3: USD 10,000 in euro of the day's rate, in yen without decimals, in dinars with three."""
    assert both([moved(909_091, currency="EUR")])[0].usd == 1_000_000
    assert both([moved(909_090, currency="EUR")]) == []
    assert both([moved(909_091, currency="EUR", day=DAY - timedelta(1))]) == [], "yesterday's rate"
    assert both([moved(1_538_460, currency="JPY")])[0].usd == 1_000_000
    assert both([moved(1_538_459, currency="JPY")]) == []
    assert both([moved(3_076_924, currency="KWD")])[0].usd == 1_000_000
    assert both([moved(3_076_923, currency="KWD")]) == []


def test_foreign_currencies_are_measured_together_where_none_is_large_alone() -> None:
    """K3."""
    [line] = both([moved(500_000, currency="EUR"), moved(450_000, reference="m2", currency="USD")])
    assert (line.currency, line.total, line.single) == ("***", 1_000_000, False)
    lines = both([moved(500_000, currency="EUR"), moved(1_000_000, reference="m2", currency="USD")])
    assert [one.currency for one in lines] == ["USD"]


def test_rows_change_with_their_day() -> None:
    """K3: effective-dated."""
    later = Threshold(DAY, Rule.CASH, 10_000_000, 2_000_000, "cash", "现金", "a revision")
    rows = (*THRESHOLDS, later)
    assert both([moved(5_000_000)], rows) == []
    assert len(both([moved(5_000_000, day=DAY - timedelta(1))], rows)) == 1
    assert both([moved(5_000_000, day=date(2017, 6, 30))]) == []


def test_a_day_without_a_rate_is_named() -> None:
    for ways in (large_values, large_values_plain):
        with pytest.raises(NoRate, match="EUR on or before 2026-10-31"):
            ways([moved(1, currency="EUR", day=date(2026, 10, 31))], RATES)
    assert large_values([], []) == large_values_plain([], []) == []


_MOVEMENTS = st.lists(
    st.builds(
        Movement,
        st.uuids().map(str),
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(CUSTOMER_KINDS),
        st.sampled_from([DAY, DAY - timedelta(1)]),
        st.sampled_from(DIRECTIONS),
        st.sampled_from(WAYS),
        st.booleans(),
        st.sampled_from(["CNY", "USD", "EUR", "JPY", "KWD"]),
        st.sampled_from([1, 999_999, 1_000_000, 2_500_000, 5_000_000, 20_000_000, 1 << 61]),
    ),
    max_size=30,
    unique_by=lambda one: one.reference,
)


@settings(max_examples=30)
@given(_MOVEMENTS)
def test_two_ways_give_the_same(movements: list[Movement]) -> None:
    """K3: DuckDB and plain Python, line by line."""
    both(movements)


def test_files_are_read_and_bad_ones_named_by_line(tmp_path: Path) -> None:
    head = "reference,customer,customer_kind,day,direction,way,cross_border,currency,amount\n"
    path = tmp_path / "m.csv"
    path.write_text(head + "m1,c1,natural,2026-11-20,in,cash,false,CNY,5000000\n", encoding="utf-8")
    assert read_movements(path) == [moved(5_000_000)]
    for row in (
        "m2,c1,natural,2026-11-20,in,cash,maybe,CNY,1",
        "m2,c1,natural,2026-11-20,in,cash,0,CNY,-1",
        "m2,c1",
    ):
        path.write_text(head + row + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"m\.csv:2"):
            read_movements(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError):
        read_movements(path)
    path.write_text("day,currency,usd\n2026-11-01,EUR,1.08550001\n", encoding="utf-8")
    assert read_rates(path) == RATES[:1]
    for rate in ("0", "-1", "1.123456789", "x"):
        path.write_text(f"day,currency,usd\n2026-11-01,EUR,{rate}\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"m\.csv:2"):
            read_rates(path)
