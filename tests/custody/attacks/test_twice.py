"""Thieves who want one sum twice, or another's: reversal and return of one payout, loans paid on to a friend."""

from dataclasses import replace

import numpy as np
import pytest
from tests.custody.orders.conftest import platform
from tests.custody.orders.kit import BORROWER, CHART, DAY, INCOME, PROJECT, SHOP, A, B, Platform

from jinku.custody.orders import exceptional as x
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.movements import transfers
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.taking_up import reversal_of
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import TRANSFER, set_u128

__all__ = ["platform"]


def paid_out(one: Platform, amount: int = 100) -> o.Withdrawal:
    """A withdrawal that the bank paid."""
    one.fund(A, amount)
    asked = o.Withdrawal(id=one.new(), day=DAY, account=A, amount=amount)
    one.ok(asked)
    one.acts.claim(order_key(asked), by=CHANNEL)
    one.ok(o.PaidOut(id=asked.id, day=DAY, amount=amount), CHANNEL)
    return asked


def back(asked: o.Withdrawal) -> list[o.Order]:
    """Both words by which a payout comes back."""
    fields = {"id": asked.id, "day": DAY, "account": A, "amount": asked.amount, "reference": 9}
    return [o.PayoutReturned(**fields), x.RollBack(**fields)]  # type: ignore[arg-type]


@pytest.mark.parametrize("word", [0, 1])
def test_what_was_reversed_does_not_come_back_as_well(platform: Platform, word: int) -> None:
    """R5: two colleagues reverse a payout that the bank made; its return is then a break, not the money again."""
    asked = paid_out(platform)
    reversal = reversal_of(platform.ledger, asked)
    assert platform.give(reversal, "clerk").state is State.AWAITING
    platform.acts.confirm(order_key(reversal), by="head")
    assert platform.balance(A) == 100
    assert platform.give(back(asked)[word], CHANNEL).reason is Reason.NOT_AS_BOOKED
    assert platform.balance(A) == 100


def test_what_was_reversed_around_the_book_does_not_come_back_either(platform: Platform) -> None:
    """R5, R12: a write-off that takes the payout back counts as well, by the ledger's word alone."""
    asked = paid_out(platform)
    row = np.zeros(1, TRANSFER)
    set_u128(row, "id", [o.transfer_id(asked.id, o.Step.REVERSED)])
    set_u128(row, "debit_account_id", [CHART.account(CHART.structure.kinds[1001].code)])
    set_u128(row, "credit_account_id", [A])
    set_u128(row, "amount", [100])
    row["ledger"], row["code"], row["user_data_32"] = CHART.currency, Movement.REVERSAL, 2026_11_20
    assert platform.ledger.create_transfers_array(row)["status"].tolist() == [0xFFFFFFFF]
    for word in back(asked):
        assert platform.give(word, CHANNEL).state is State.REFUSED
    assert platform.balance(A) == 100


def test_what_came_back_is_not_reversed_as_well(platform: Platform) -> None:
    """R5: also where the return was booked around the book (a frozen party's)."""
    asked = paid_out(platform)
    rows = transfers(CHART, [back(asked)[0]])
    platform.ledger.create_transfers_array(rows)
    assert platform.balance(A) == 100
    answer = platform.give(reversal_of(platform.ledger, asked), "clerk")
    assert (answer.state, answer.reason) == (State.REFUSED, Reason.NOT_AS_BOOKED)


def test_a_loan_is_paid_on_to_a_merchant_and_to_nobody_else(platform: Platform) -> None:
    """R3: a clerk who releases a project cannot send what was raised to himself, nor to own income."""
    platform.project()
    platform.fund(A, 100)
    bid = platform.bid(100)
    platform.ok(bid)
    fields = {"day": DAY, "subject": PROJECT, "borrower": BORROWER, "holds": (bid.hold,)}
    for friend in (B, A, INCOME, BORROWER):
        stolen = o.Release(id=platform.new(), merchant=friend, **fields)  # type: ignore[arg-type]
        assert platform.give(stolen, "clerk").reason is Reason.ACCOUNT_OF_OTHERS
    platform.ok(o.Release(id=platform.new(), merchant=SHOP, **fields), "clerk")  # type: ignore[arg-type]
    assert (platform.balance(SHOP), platform.balance(B), platform.balance(BORROWER)) == (100, 0, 0)


def test_a_bad_reversal_stands_in_nobodys_way(platform: Platform) -> None:
    """R3: a reversal that is refused, dropped or lapses does not keep the right one of that order out."""
    wrong = o.Deposit(id=platform.new(), day=DAY, account=B, amount=500, reference=7)
    platform.ok(wrong, CHANNEL)
    right = reversal_of(platform.ledger, wrong)
    assert platform.give(replace(right, legs=(x.Booked(wrong.id, 1),)), "thief").state is State.REFUSED
    assert platform.give(replace(right, subject=1), "thief").state is State.AWAITING
    assert platform.give(right, "clerk").reason is Reason.ORDER_CHANGED  # one at a time waits
    platform.acts.drop(order_key(right), by="head", reason="not as agreed")
    assert platform.give(replace(right, subject=2), "thief").state is State.AWAITING
    platform.clock.turn(90_000)
    platform.acts.lapse()
    assert platform.give(right, "clerk").state is State.AWAITING
    assert platform.give(right, "clerk").state is State.AWAITING
    platform.acts.confirm(order_key(right), by="head")
    assert platform.give(right, "clerk").state is State.BOOKED
    assert platform.balance(B) == 0
    assert [
        one.by for one in platform.acts.show(order_key(right)).history if one.state is State.RECEIVED
    ] == ["head"]
