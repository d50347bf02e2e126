"""Money: exact, checked, and shared out to the last minor unit."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.currency import TABLE, currency, currency_by_number
from jinku.base.decimals import format_minor, parse_minor
from jinku.base.errors import BadAllotment, BadAmount, CurrencyMismatch, MoneyOverflow, UnknownCurrency
from jinku.base.money import MINOR_MAX, Money, allot

CNY, JPY, KWD = currency("CNY"), currency("JPY"), currency("KWD")
amounts = st.integers(-(10**17), 10**17)


@given(amounts, st.sampled_from(TABLE))
def test_text_of_money_reads_back(minor: int, unit: object) -> None:
    assert isinstance(unit, type(CNY))
    money = Money(minor, unit)
    assert Money.parse(money.decimal(), unit.code) == money
    assert "e" not in money.decimal().lower()


@pytest.mark.parametrize(
    ("text", "exponent", "minor"),
    [
        ("12.5", 2, 1250),
        ("0.05", 2, 5),
        ("-0.05", 2, -5),
        ("0", 0, 0),
        ("007", 0, 7),
        ("1.234", 3, 1234),
        ("5", 3, 5000),
    ],
)
def test_exact_amounts(text: str, exponent: int, minor: int) -> None:
    assert parse_minor(text, exponent) == minor


@pytest.mark.parametrize(
    ("text", "exponent", "problem"),
    [
        ("1.005", 2, "has 3 decimals where the currency has 2"),
        ("1.0", 0, "has 1 decimals where the currency has 0"),
        ("1234567890123456789", 0, "has 19 digits; at most 18"),
        ("99999999999999999.99", 2, "has 19 digits"),
        ("1e3", 2, "not a decimal number"),
        ("1,000.00", 2, "not a decimal number"),
        ("", 2, "not a decimal number"),
        (".5", 2, "not a decimal number"),
        ("1.", 2, "not a decimal number"),
        ("+1", 2, "not a decimal number"),
        ("NaN", 2, "not a decimal number"),
        ("٣", 2, "not a decimal number"),
        ("1 ", 2, "not a decimal number"),
        ("1\n", 2, "not a decimal number"),
    ],
)
def test_inexact_amounts_are_refused_with_their_value(text: str, exponent: int, problem: str) -> None:
    with pytest.raises(BadAmount, match=problem) as refused:
        parse_minor(text, exponent)
    assert refused.value.value == text


def test_amounts_without_decimals_have_no_point() -> None:
    assert format_minor(-7, 0) == "-7"
    assert str(Money(1, KWD)) == "0.001 KWD"


@given(amounts, amounts)
def test_sums_are_exact(left: int, right: int) -> None:
    a, b = Money(left, CNY), Money(right, CNY)
    assert (a + b).minor == left + right
    assert (a - b) + b == a
    assert (-a).minor == -left
    assert (a * 3).minor == 3 * left
    assert (a < b, a <= b, a > b, a >= b) == (left < right, left <= right, left > right, left >= right)
    assert abs(a).minor == abs(left)
    assert bool(a) == (left != 0)


def test_currencies_do_not_mix() -> None:
    yuan, yen = Money(1, CNY), Money(1, JPY)
    acts: list[Callable[[], object]] = [
        lambda: yuan + yen,
        lambda: yuan - yen,
        lambda: yuan < yen,
        lambda: Money.total([yuan, yen], CNY),
    ]
    for act in acts:
        with pytest.raises(CurrencyMismatch, match=r"CNY met JPY|JPY met CNY"):
            act()
    assert yuan != yen


def test_out_of_range_is_refused() -> None:
    assert Money(MINOR_MAX, CNY).minor == MINOR_MAX
    with pytest.raises(MoneyOverflow):
        Money(MINOR_MAX, CNY) + Money(1, CNY)
    with pytest.raises(MoneyOverflow):
        Money(-MINOR_MAX - 1, CNY)
    with pytest.raises(TypeError):
        Money(1, CNY) * 0.5  # type: ignore[operator]


def test_money_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Money(1, CNY).minor = 2  # type: ignore[misc]


def test_total_of_nothing_is_zero() -> None:
    assert Money.total([], JPY) == Money.zero(JPY)
    assert Money.total([Money(2, JPY), Money(3, JPY)], JPY) == Money(5, JPY)


@given(amounts, st.lists(st.integers(0, 10**12), min_size=1, max_size=40).filter(any))
def test_allotment_loses_nothing_and_is_fair(total: int, weights: list[int]) -> None:
    parts = allot(total, weights)
    whole = sum(weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < whole
        if not weight:
            assert part == 0
    assert [-part for part in parts] == allot(-total, weights)


def test_allotment_by_hand() -> None:
    assert allot(100, [1, 1, 1]) == [34, 33, 33]
    assert allot(5, [3, 3, 1]) == [2, 2, 1]
    assert Money(-100, CNY).allot([1, 2]) == [Money(-33, CNY), Money(-67, CNY)]


@pytest.mark.parametrize(
    ("weights", "problem"), [([], "0 weights"), ([1, -1], "-1 is negative"), ([0, 0], "all weights are zero")]
)
def test_impossible_allotments_are_refused(weights: list[int], problem: str) -> None:
    with pytest.raises(BadAllotment, match=problem):
        allot(1, weights)


def test_the_currency_table_is_sound() -> None:
    assert len({row.code for row in TABLE}) == len({row.number for row in TABLE}) == len(TABLE)
    assert [row.code for row in TABLE] == sorted(row.code for row in TABLE)
    for row in TABLE:
        assert currency(row.code) is row
        assert currency_by_number(row.number) is row
        assert row.name
        assert row.name_zh
    wanted = {
        "CNY": (156, 2),
        "USD": (840, 2),
        "EUR": (978, 2),
        "GBP": (826, 2),
        "CZK": (203, 2),
        "JPY": (392, 0),
    }
    wanted |= {"HKD": (344, 2), "KWD": (414, 3)}
    assert {code: (currency(code).number, currency(code).exponent) for code in wanted} == wanted


def test_unknown_currencies_are_named() -> None:
    with pytest.raises(UnknownCurrency, match="XYZ"):
        currency("XYZ")
    with pytest.raises(UnknownCurrency, match="1"):
        currency_by_number(1)
