"""Sharing out a repayment: exact to the last minor unit, fair to less than one."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.errors import BadAllotment
from jinku.custody.errors import BadOrder
from jinku.custody.orders.distribution import Portion, portions
from jinku.custody.orders.model import Repayment, Share, new_order_id

DAY = date(2026, 11, 20)
amounts = st.integers(0, 10**15)


def repayment(principal: int, interest: int, fee: int, weights: list[int]) -> Repayment:
    shares = tuple(Share(1000 + place, weight) for place, weight in enumerate(weights))
    return Repayment(
        id=new_order_id(1, 1),
        day=DAY,
        payer=1,
        shares=shares,
        principal=principal,
        interest=interest,
        fee=fee,
    )


@given(amounts, amounts, st.data(), st.lists(st.integers(1, 10**12), min_size=1, max_size=60))
def test_portions_and_fee_sum_to_what_was_paid_and_are_fair(
    principal: int, interest: int, data: st.DataObject, weights: list[int]
) -> None:
    fee = data.draw(st.integers(0, interest))
    if not principal + interest:
        return
    got = portions(repayment(principal, interest, fee, weights))
    assert sum(one.principal for one in got) == principal
    assert sum(one.interest for one in got) + fee == interest
    for one, weight in zip(got, weights, strict=True):
        assert abs(one.principal - Fraction(principal * weight, sum(weights))) < 1
        assert abs(one.interest - Fraction((interest - fee) * weight, sum(weights))) < 1


def test_the_documented_example() -> None:
    assert portions(repayment(100, 10, 1, [1, 2])) == [Portion(1000, 33, 3), Portion(1001, 67, 6)]


def test_equal_holders_differ_by_one_fen_and_the_first_gets_it() -> None:
    assert [one.principal for one in portions(repayment(100, 0, 0, [5, 5, 5]))] == [34, 33, 33]


@pytest.mark.parametrize(
    ("principal", "interest", "fee", "field"),
    [
        (0, 0, 0, "principal"),
        (10, 5, 6, "fee"),
        (10, 5, -1, "fee"),
        (-1, 5, 0, "principal"),
        (1, -5, 0, "interest"),
    ],
)
def test_nonsense_is_refused_by_field(principal: int, interest: int, fee: int, field: str) -> None:
    with pytest.raises(BadOrder) as caught:
        portions(repayment(principal, interest, fee, [1]))
    assert caught.value.field == field


def test_a_loan_without_holders_is_refused() -> None:
    with pytest.raises(BadAllotment):
        portions(repayment(10, 0, 0, []))
