"""The corridor from end to end on a real ledger: words, limits, the book, and what a thief would try."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.custody.orders.kit import (
    BANK,
    BORROWER,
    CHART,
    DAY,
    INCOME,
    OWN,
    OWN_BANK,
    PROJECT,
    RESERVE,
    SHOP,
    SURETY,
    SUSPENSE,
    A,
    B,
    Platform,
    open_platform,
)

from jinku.custody.orders import exceptional as x
from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import OneTime, Request, digest_of
from jinku.custody.orders.taking_up import reversal_of
from jinku.ledger.layout import SEAL, EntryKind


def fee(platform: Platform, amount: int = 100, payer: int = A) -> o.Fee:
    return o.Fee(id=platform.new(), day=DAY, payer=payer, amount=amount)


def withdrawal(platform: Platform, amount: int, mode: o.Mode = o.Mode.NORMAL) -> o.Withdrawal:
    return o.Withdrawal(id=platform.new(), day=DAY, account=A, amount=amount, mode=mode)


def test_money_moves_only_on_a_stored_authorisation(platform: Platform) -> None:
    """R3: an order without the customer's word is refused; the word is of exactly this order, fresh, and used once."""
    platform.fund(A, 1_000)
    order = fee(platform)
    assert platform.why(order, word=False) is Reason.UNAUTHORISED
    order = fee(platform)
    other = replace(order, amount=101)
    stolen = platform.word(order)
    [answer] = list(platform.corridor.submit([Request(other, "app", word=stolen)]))
    assert answer.reason is Reason.AUTHORISATION_OTHER_ORDER
    late = platform.word(order := fee(platform))
    platform.clock.turn(901)
    assert (
        platform.corridor.submit([Request(order, "app", word=late)])[0].reason is Reason.AUTHORISATION_TOO_OLD
    )
    first, second = fee(platform), fee(platform)
    word = platform.word(first, "sms-once")
    assert platform.corridor.submit([Request(first, "app", word=word)])[0].state is State.BOOKED
    again = OneTime(word.method, "sms-once", platform.clock.now, digest_of(CHART, second))
    assert (
        platform.corridor.submit([Request(second, "app", word=again)])[0].reason is Reason.AUTHORISATION_USED
    )
    kept = platform.acts.show(order_key(first))
    assert (kept.evidence, kept.digest, kept.maker) == ("sms-once", digest_of(CHART, first), "app")
    assert platform.balance(A) == 900


def test_one_evidence_is_used_once_within_a_batch_too(platform: Platform) -> None:
    """R3: two orders of one batch cannot share an evidence."""
    platform.fund(A, 1_000)
    one, two = fee(platform), fee(platform)
    answers = platform.corridor.submit(
        [Request(order, "app", word=platform.word(order, "sms-twin")) for order in (one, two)]
    )
    assert [answer.reason for answer in answers] == [Reason.NONE, Reason.AUTHORISATION_USED]


def test_a_mandate_carries_orders_up_to_its_limits(platform: Platform) -> None:
    """R3: purpose, per-order and total limit, expiry and revocation of a mandate, each refused by name."""
    platform.fund(A, 5_000)
    platform.fund(B, 5_000)
    platform.project()
    platform.mandate()
    assert platform.why(fee(platform, 501), mandate=7) is Reason.MANDATE_ORDER_LIMIT
    assert platform.why(fee(platform, payer=B), mandate=7) is Reason.MANDATE_OTHER_ACCOUNT
    assert platform.why(withdrawal(platform, 10), mandate=7) is Reason.MANDATE_OTHER_PURPOSE
    assert platform.why(fee(platform), mandate=8) is Reason.MANDATE_UNKNOWN
    held = platform.bid(500)
    assert platform.ok(held, mandate=7) is State.HELD
    assert platform.ok(fee(platform, 400), mandate=7) is State.BOOKED
    assert platform.why(platform.bid(101), mandate=7) is Reason.MANDATE_EXHAUSTED
    left = platform.corridor.rooms.mandates.show(7).left
    assert (left.used, left.reserved, left.free) == (400, 500, 100)
    failed = o.Failure(id=platform.new(), day=DAY, subject=PROJECT, holds=(held.hold,))
    platform.ok(failed, "clerk")
    assert platform.corridor.rooms.mandates.show(7).left.free == 600
    platform.corridor.rooms.mandates.revoke(7, by="app", evidence="cancel-1")
    assert platform.why(fee(platform), mandate=7) is Reason.MANDATE_REVOKED
    assert platform.corridor.rooms.mandates.show(7).left.free == 0
    platform.mandate(9, project=PROJECT, payee=BORROWER)
    elsewhere = replace(platform.bid(5), borrower=B)
    assert platform.why(elsewhere, mandate=9) is Reason.MANDATE_OTHER_PURPOSE
    assert platform.why(fee(platform), mandate=9) is Reason.MANDATE_OTHER_PURPOSE
    platform.ok(platform.bid(5), mandate=9)
    platform.clock.turn(86_401)
    assert platform.why(platform.bid(5), mandate=9) is Reason.MANDATE_EXPIRED


def test_what_was_held_under_a_mandate_settles_after_its_revocation(platform: Platform) -> None:
    """R3: revoking ends what is free, not what was permitted before."""
    platform.fund(A, 1_000)
    platform.project()
    platform.mandate()
    held = platform.bid(300)
    platform.ok(held, mandate=7)
    platform.corridor.rooms.mandates.revoke(7, by="app", evidence="cancel-1")
    platform.ok(platform.release([held]), "clerk")
    left = platform.corridor.rooms.mandates.show(7).left
    assert (left.used, left.free) == (300, 0)
    assert platform.balance(BORROWER) == 300


def test_a_hold_that_times_out_gives_back_money_mandate_and_project(platform: Platform) -> None:
    """R4: an expired hold reserves nothing any more, anywhere."""
    platform.fund(A, 1_000)
    platform.project(600)
    platform.mandate()
    held = platform.bid(500, timeout=60)
    platform.ok(held, mandate=7)
    assert platform.corridor.rooms.projects.left(PROJECT).free == 100
    platform.clock.turn(61)
    assert platform.held(A) == 0
    assert platform.corridor.rooms.mandates.show(7).left.free == 1_000
    assert platform.corridor.rooms.projects.left(PROJECT).free == 600
    platform.acts.expire()
    assert platform.state(held) is State.EXPIRED
    assert platform.why(platform.release([held]), "clerk") is Reason.HOLD_RESOLVED


def test_a_project_raises_no_more_than_its_limit(platform: Platform) -> None:
    """R4: the project limit holds across bids; it can be raised, and lowered by what is free."""
    platform.fund(A, 5_000)
    assert platform.why(platform.bid(5)) is Reason.PROJECT_UNKNOWN
    platform.project(1_000)
    platform.ok(platform.bid(700))
    assert platform.why(platform.bid(301)) is Reason.PROJECT_LIMIT
    platform.corridor.rooms.projects.modify(PROJECT, 1_001, by="clerk")
    platform.ok(platform.bid(301))
    with pytest.raises(Exception, match="EXCEEDS_CREDITS"):
        platform.corridor.rooms.projects.modify(PROJECT, 1_000, by="clerk")
    assert platform.why(replace(platform.bid(1), borrower=B)) is Reason.HOLD_OTHER_PARTIES


def test_holds_are_settled_in_part_and_reduced(platform: Platform) -> None:
    """R4: a hold is settled in part, cancelled in part, and a batch of holds is settled at once."""
    platform.fund(A, 1_000)
    platform.mandate()
    platform.project()
    one, two = (n.Reserve(id=platform.new(), day=DAY, payer=A, payee=SHOP, amount=300) for _ in range(2))
    platform.ok(one, mandate=7)
    platform.ok(two, mandate=7)
    reduced = n.PartialCancel(id=platform.new(), day=DAY, hold=two.hold, payer=A, payee=SHOP, keep=100)
    assert platform.why(replace(reduced, id=platform.new(), payee=B), "clerk") is Reason.HOLD_OTHER_PARTIES
    platform.ok(reduced, "clerk")
    assert platform.held(A) == 400
    assert platform.corridor.rooms.mandates.show(7).left.reserved == 400
    part = n.Settle(id=platform.new(), day=DAY, hold=o.Hold(one.hold.transfer, 250))
    rest = n.Settle(id=platform.new(), day=DAY, hold=reduced.rest)
    answers = platform.corridor.submit([Request(part, "clerk"), Request(rest, "clerk")])
    assert answers.count(State.BOOKED) == 2
    assert (platform.balance(SHOP), platform.held(A)) == (350, 0)
    left = platform.corridor.rooms.mandates.show(7).left
    assert (left.used, left.free) == (350, 650)
    assert (platform.state(one), platform.state(two), platform.state(reduced)) == (
        State.SETTLED,
        State.VOIDED,
        State.SETTLED,
    )
    assert platform.why(replace(rest, id=platform.new()), "clerk") is Reason.HOLD_RESOLVED


def test_a_hold_is_paid_to_nobody_else(platform: Platform) -> None:
    """R4: a release names its own borrower and project; frozen money and withdrawals are no bids."""
    platform.fund(A, 1_000)
    platform.project()
    held = platform.bid(300)
    platform.ok(held)
    thief = replace(platform.release([held]), borrower=B)
    assert platform.why(thief, "clerk") is Reason.HOLD_OTHER_PARTIES
    assert platform.why(replace(thief, id=platform.new(), subject=5), "clerk") is Reason.HOLD_OTHER_PARTIES
    asked = withdrawal(platform, 100)
    platform.ok(asked)
    settle = n.Settle(id=platform.new(), day=DAY, hold=asked.hold)
    assert platform.why(settle, "clerk") is Reason.HOLD_NOT_OF_THIS_KIND
    more = replace(platform.release([held]), holds=(o.Hold(held.hold.transfer, 301),))
    assert platform.why(more, "clerk") is Reason.NOT_AS_BOOKED
    around = n.Settle(id=platform.new(), day=DAY, hold=held.hold)
    assert platform.why(around, "clerk") is Reason.HOLD_NOT_OF_THIS_KIND
    reserved = n.Reserve(id=platform.new(), day=DAY, subject=PROJECT, payer=A, payee=BORROWER, amount=9)
    platform.ok(reserved)
    past_the_limit = replace(platform.release([held]), holds=(reserved.hold,))
    assert platform.why(past_the_limit, "clerk") is Reason.HOLD_NOT_OF_THIS_KIND


def test_the_same_id_is_one_order(platform: Platform) -> None:
    """R20: the same request gets the same answer; a changed one is a named error, whatever is changed."""
    platform.fund(A, 1_000)
    order = fee(platform)
    request = Request(order, "app", word=platform.word(order))
    size = platform.corridor.submit([request, request]).count(State.BOOKED)
    assert size == 2
    assert platform.corridor.submit([request])[0].state is State.BOOKED
    assert platform.balance(INCOME) == 100
    changed = (
        Request(replace(order, amount=99), "app", word=platform.word(order)),
        Request(replace(order, payer=B), "app", word=platform.word(order)),
        Request(order, "mallory", word=request.word),
        Request(order, "app", word=platform.word(order)),
        Request(o.Deposit(id=order.id, day=DAY, account=A, amount=100), "app"),
    )
    for one in changed:
        assert platform.corridor.submit([one])[0].reason is Reason.ORDER_CHANGED
    refused = fee(platform, 5_000)
    assert platform.why(refused) is Reason.INSUFFICIENT_FUNDS
    platform.fund(A, 9_000)
    kept = Request(refused, "app", word=None)
    assert platform.corridor.submit([kept])[0].reason is Reason.ORDER_CHANGED


def test_a_chain_that_is_there_in_part_is_another_order(platform: Platform) -> None:
    """R20: an order that reached the ledger around the book is found again only if every leg of it is the same."""
    from jinku.custody.orders.desk import OrderDesk

    platform.fund(A, 1_000)
    shares = (o.Share(A, 1), o.Share(B, 1))
    order = o.Repayment(
        id=platform.new(), day=DAY, payer=A, shares=(o.Share(B, 1),), principal=50, interest=0
    )
    OrderDesk(platform.ledger, CHART).submit([order])
    assert order.id in platform.acts.strays()
    assert platform.why(replace(order, shares=shares, principal=100)) is Reason.ORDER_CHANGED
    fresh = replace(order, id=platform.new())
    OrderDesk(platform.ledger, CHART).submit([fresh])
    assert platform.ok(fresh) is State.BOOKED
    assert platform.balance(B) == 100
    assert fresh.id not in platform.acts.strays()


@pytest.mark.parametrize("mode", [o.Mode.NORMAL, o.Mode.IMMEDIATE, o.Mode.CONFIRMED])
def test_withdrawals_are_paid_in_three_modes(platform: Platform, mode: o.Mode) -> None:
    """R4: hold, claim by the channel, pay out; an immediate one out of the own account until it is recovered."""
    platform.fund(A, 1_000)
    platform.ok(o.TakeOver(id=platform.new(), day=DAY, account=RESERVE, amount=500), "clerk")
    asked = withdrawal(platform, 400, mode)
    if mode is o.Mode.IMMEDIATE:
        _own_money(platform, 400)
    state = platform.ok(asked)
    paid = o.PaidOut(id=asked.id, day=DAY, reference=9, amount=400, mode=mode)
    if mode is o.Mode.CONFIRMED:
        assert state is State.UNCONFIRMED
        assert platform.give(paid, CHANNEL).reason is Reason.WITHDRAWAL_NOT_SENT
        with pytest.raises(Exception, match="unconfirmed"):
            platform.acts.claim(order_key(asked), by="channel")
        platform.acts.confirm_withdrawal(order_key(asked), platform.word(asked), by="app")
        asked = withdrawal(platform, 400, mode)
        platform.ok(asked)
        platform.acts.confirm_withdrawal(order_key(asked), platform.word(asked), by="app")
        paid = replace(paid, id=asked.id)
    platform.acts.claim(order_key(asked), by="channel")
    platform.acts.claim(order_key(asked), by="channel")
    with pytest.raises(Exception, match="sent"):
        platform.acts.cancel(order_key(asked), by="app", reason="too late")
    platform.ok(paid, CHANNEL)
    assert platform.state(asked) is State.SETTLED
    if mode is o.Mode.IMMEDIATE:
        assert (platform.balance(OWN), platform.balance(A), platform.held(A)) == (0, 1_000, 400)
        platform.ok(x.AdvanceRecovered(id=asked.id, day=DAY, amount=400), CHANNEL)
        assert (platform.balance(OWN), platform.balance(A), platform.held(A)) == (400, 600, 0)
        assert platform.balance(OWN_BANK) == -400
    else:
        assert platform.balance(A) == 600
        rolled = x.RollBack(id=asked.id, day=DAY, reference=10, account=A, amount=400)
        assert platform.why(replace(rolled, account=B), CHANNEL) is Reason.NOT_AS_BOOKED
        platform.corridor.submit([Request(rolled, CHANNEL)])


def _own_money(platform: Platform, amount: int) -> None:
    """Bring own money into the own account: income that is swept."""
    platform.fund(B, amount)
    platform.ok(fee(platform, amount, B))
    platform.ok(o.Sweep(id=platform.new(), day=DAY, amount=amount), "clerk")


def test_money_pushed_back_is_booked_once_however_it_is_named(platform: Platform) -> None:
    """R20: a roll-back and a return of the same withdrawal are one."""
    platform.fund(A, 1_000)
    asked = withdrawal(platform, 400)
    platform.ok(asked)
    rolled = x.RollBack(id=asked.id, day=DAY, reference=10, account=A, amount=400)
    assert platform.why(rolled, CHANNEL) is Reason.WITHDRAWAL_NOT_SENT
    asked = withdrawal(platform, 400)
    platform.ok(asked)
    platform.ok(o.PaidOut(id=asked.id, day=DAY, amount=400), CHANNEL)
    platform.ok(replace(rolled, id=asked.id), CHANNEL)
    assert platform.state(asked) is State.RETURNED
    returned = o.PayoutReturned(id=asked.id, day=DAY, reference=11, account=A, amount=400)
    assert platform.why(returned, CHANNEL) is Reason.ORDER_CHANGED
    assert platform.balance(A) == 1_000


def test_a_cancelled_withdrawal_is_never_sent(platform: Platform) -> None:
    """R4: intercept before sending frees the money; the bank channel cannot claim it any more."""
    platform.fund(A, 1_000)
    asked = withdrawal(platform, 400)
    platform.ok(asked)
    assert platform.acts.cancel(order_key(asked), by="risk", reason="stolen phone").state is State.VOIDED
    assert platform.held(A) == 0
    with pytest.raises(Exception, match="voided"):
        platform.acts.claim(order_key(asked), by="channel")
    assert platform.give(o.PaidOut(id=asked.id, day=DAY, amount=400), CHANNEL).reason is Reason.HOLD_RESOLVED


def test_a_loan_lives_from_bid_to_compensation(platform: Platform) -> None:
    """R4: release, debt transfer, repayment and compensation move money and claims together."""
    platform.lend((A, 600), (B, 400))
    assert platform.shares() == {A: 600, B: 400}
    platform.fund(B, 1_000)
    sale = n.DebtTransfer(
        id=platform.new(), day=DAY, subject=PROJECT, buyer=B, seller=A, principal=200, price=190, fee=3
    )
    assert (
        platform.corridor.submit([Request(sale, "app", word=platform.word(sale))])[0].reason
        is Reason.UNAUTHORISED
    )
    sale = replace(sale, id=platform.new())
    platform.ok(sale)
    assert platform.shares() == {A: 400, B: 600}
    assert (platform.balance(A), platform.balance(INCOME)) == (187, 3)
    platform.mandate(5, types=frozenset({OrderType.DEBT_TRANSFER}))
    robbed = replace(sale, id=platform.new(), price=1, fee=0)
    request = Request(robbed, "app", word=platform.word(robbed), second_mandate=5)
    assert platform.corridor.submit([request])[0].reason is Reason.MANDATE_NOT_FOR_TYPE
    greedy = replace(sale, id=platform.new(), principal=401, price=1, fee=0)
    assert platform.why(greedy) is Reason.CLAIM_TOO_SMALL
    stale = o.Repayment(
        id=platform.new(),
        day=DAY,
        subject=PROJECT,
        payer=BORROWER,
        principal=100,
        interest=10,
        shares=(o.Share(A, 600), o.Share(B, 400)),
    )
    assert platform.why(stale) is Reason.SHARES_DIFFER
    only_me = replace(stale, id=platform.new(), shares=(o.Share(A, 400),))
    assert platform.why(only_me) is Reason.SHARES_DIFFER
    platform.ok(replace(stale, id=platform.new(), shares=(o.Share(A, 400), o.Share(B, 600))))
    assert platform.shares() == {A: 360, B: 540}
    platform.fund(SURETY, 900)
    platform.ok(
        n.Compensation(
            id=platform.new(),
            day=DAY,
            subject=PROJECT,
            guarantor=SURETY,
            principal=900,
            interest=0,
            shares=(o.Share(A, 360), o.Share(B, 540)),
        )
    )
    assert platform.shares() == {SURETY: 900}


def test_a_refund_is_found_in_the_ledger_and_never_more_than_is_left(platform: Platform) -> None:
    """R20: refunds of one payment together never exceed it, whatever the callers claim to be left."""
    platform.fund(A, 1_000)
    paid = fee(platform, 200)
    platform.ok(paid)
    platform.ok(fee(platform, 500))
    claim = o.Paid(o.transfer_id(paid.id), A, INCOME, 10_000)

    def refund(amount: int, what: o.Paid = claim) -> o.Refund:
        return o.Refund(id=platform.new(), day=DAY, paid=what, amount=amount)

    first = refund(150)
    platform.ok(first, "clerk")
    assert platform.why(refund(51), "clerk") is Reason.REFUND_TOO_LARGE
    both = platform.corridor.submit([Request(refund(30), "clerk"), Request(refund(30), "clerk")])
    assert [one.reason for one in both] == [Reason.NONE, Reason.REFUND_TOO_LARGE]
    assert platform.balance(INCOME) == 520
    elsewhere = replace(claim, payer=B)
    assert platform.why(refund(1, elsewhere), "clerk") is Reason.NOT_AS_BOOKED
    nowhere = replace(claim, transfer=claim.transfer + 1)
    assert platform.why(refund(1, nowhere), "clerk") is Reason.PAYMENT_UNKNOWN


def test_a_booking_is_reversed_once_and_not_after_a_refund(platform: Platform) -> None:
    """R12: a red entry takes back every leg, once, by two persons."""
    platform.fund(A, 1_000)
    platform.mandate()
    wrong, refunded = fee(platform, 200), fee(platform, 100)
    platform.ok(wrong, mandate=7)
    platform.ok(refunded)
    back = reversal_of(platform.ledger, wrong)
    assert platform.give(back, "clerk").state is State.AWAITING
    assert platform.acts.confirm(order_key(back), by="head").state is State.BOOKED
    assert platform.state(wrong) is State.REVERSED
    assert (platform.balance(A), platform.balance(INCOME)) == (900, 100)
    assert platform.corridor.rooms.mandates.show(7).left.used == 0
    paid = o.Paid(o.transfer_id(refunded.id), A, INCOME, 100)
    platform.ok(o.Refund(id=platform.new(), day=DAY, paid=paid, amount=1), "clerk")
    late = reversal_of(platform.ledger, refunded)
    platform.give(late, "clerk")
    assert platform.acts.confirm(order_key(late), by="head").state is State.REFUSED
    gone = o.Refund(
        id=platform.new(), day=DAY, paid=o.Paid(o.transfer_id(wrong.id), A, INCOME, 200), amount=1
    )
    assert platform.why(gone, "clerk") in (Reason.NOT_AS_BOOKED, Reason.REFUND_TOO_LARGE)


def test_an_amount_is_frozen_and_freed_by_two_persons(platform: Platform) -> None:
    """R18: freeze and unfreeze need four eyes; what is frozen is nobody's to settle."""
    platform.fund(A, 1_000)
    freeze = x.Freeze(id=platform.new(), day=DAY, subject=2_026_001, account=A, amount=800)
    assert platform.give(freeze, "clerk").state is State.AWAITING
    assert platform.acts.confirm(order_key(freeze), by="head").state is State.HELD
    assert platform.why(fee(platform, 201)) is Reason.INSUFFICIENT_FUNDS
    grab = n.Settle(id=platform.new(), day=DAY, hold=freeze.hold)
    assert platform.why(grab, "clerk") is Reason.HOLD_NOT_OF_THIS_KIND
    smaller = n.PartialCancel(id=platform.new(), day=DAY, hold=freeze.hold, payer=A, payee=SUSPENSE, keep=1)
    assert platform.why(smaller, "clerk") is Reason.HOLD_NOT_OF_THIS_KIND
    free = x.Unfreeze(id=platform.new(), day=DAY, hold=freeze.hold)
    platform.give(free, "clerk")
    platform.acts.confirm(order_key(free), by="head")
    assert (platform.held(A), platform.state(freeze)) == (0, State.VOIDED)


def test_own_money_tops_the_pool_up_and_its_excess_leaves(platform: Platform) -> None:
    """R9: a top-up and an excess are two linked transfers, one in each pool, by two persons."""
    _own_money(platform, 300)
    top = x.TopUp(id=platform.new(), day=DAY, account=RESERVE, amount=200)
    platform.give(top, "clerk")
    platform.acts.confirm(order_key(top), by="head")
    assert (platform.balance(OWN), platform.balance(RESERVE), platform.balance(BANK)) == (100, 200, -200)
    out = x.Excess(id=platform.new(), day=DAY, account=RESERVE, amount=50)
    platform.give(out, "clerk")
    platform.acts.confirm(order_key(out), by="head")
    assert (platform.balance(OWN), platform.balance(RESERVE)) == (150, 150)
    theft = x.Excess(id=platform.new(), day=DAY, account=A, amount=50)
    assert platform.why(theft, "clerk") is Reason.ACCOUNT_OF_OTHERS


def test_nobody_pays_out_of_suspense_or_into_other_books(platform: Platform) -> None:
    """R3: money whose owner is not known has nobody who could authorise it."""
    platform.ok(o.Unidentified(id=platform.new(), day=DAY, reference=5, amount=70), CHANNEL)
    assert platform.why(fee(platform, 10, SUSPENSE)) is Reason.UNAUTHORISED
    foreign = fee(platform, 10, A + (1 << 96))
    assert platform.why(foreign) is Reason.ACCOUNT_OF_OTHERS
    found = o.Identified(id=platform.new(), day=DAY, account=A, amount=70)
    assert platform.give(found, "clerk").state is State.AWAITING
    platform.acts.confirm(order_key(found), by="head")
    assert platform.balance(A) == 70
    huge = o.Deposit(id=platform.new(), day=DAY, account=A, amount=1 << 48)
    assert platform.why(huge, CHANNEL) is Reason.AMOUNT_TOO_LARGE


def test_an_order_that_contradicts_itself_stops_no_other(platform: Platform) -> None:
    """R4: orders of a batch are independent; one that cannot be is refused alone."""
    platform.fund(A, 1_000)
    bad = o.Repayment(
        id=platform.new(), day=DAY, payer=A, shares=(o.Share(B, 1),), principal=1, interest=1, fee=2
    )
    good = fee(platform)
    answers = platform.corridor.submit([Request(one, "app", word=platform.word(one)) for one in (bad, good)])
    assert [one.reason for one in answers] == [Reason.CANNOT_BE, Reason.NONE]
    assert platform.balance(INCOME) == 100


def test_every_batch_is_sealed_with_its_words(platform: Platform) -> None:
    """R3: the log holds a seal over the orders of a batch, the words they were given on and what became of them."""
    from jinku.custody.orders.corridor import batch_digest

    platform.fund(A, 1_000)
    order = fee(platform)
    platform.ok(order)
    kept = platform.acts.show(order_key(order))
    entry = platform.ledger.entries(kept.sealed_entry, 1)
    assert entry["kind"][0] == EntryKind.SEAL
    seal = entry["event"].copy().view(SEAL)
    digest = batch_digest(kept.batch.requests, kept.batch.outcomes, kept.batch.whys)
    assert (seal["digest"][0].tobytes(), seal["topic"][0]) == (digest, 4)


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Each engine that control data has."""
    if request.param == "sqlite":
        return tmp_path / "control.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return new()


def test_book_mandates_and_policy_live_on_each_engine(tmp_path: Path, where: Path | str) -> None:
    """R20: orders, evidences, mandates and projects are found again after a restart, on SQLite and PostgreSQL."""
    platform = open_platform(tmp_path, where)
    with platform.ledger, platform.database:
        platform.fund(A, 1_000)
        platform.project()
        platform.mandate()
        held, order = platform.bid(300), fee(platform)
        platform.ok(held, mandate=7)
        request = Request(order, "app", word=platform.word(order, "sms-x"))
        platform.corridor.submit([request])
        platform.reopen()
        assert platform.corridor.submit([request])[0].state is State.BOOKED
        twin = fee(platform)
        again = Request(twin, "app", word=platform.word(twin, "sms-x"))
        assert platform.corridor.submit([again])[0].reason is Reason.AUTHORISATION_USED
        assert platform.why(platform.bid(701), mandate=7) is Reason.MANDATE_ORDER_LIMIT
        platform.ok(platform.release([held]), "clerk")
        assert platform.state(held) is State.SETTLED
        assert [one.mandate.number for one in platform.corridor.rooms.mandates.list(A)] == [7]
        kept = platform.acts.show(order_key(held))
        assert [one.state for one in kept.history] == [State.SETTLED]
        assert kept.type is OrderType.BID
