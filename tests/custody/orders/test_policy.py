"""Duties apart: who may give what, how much, and who must confirm; the risk desk's word."""

from pathlib import Path

import numpy as np
import pytest
from tests.custody.orders.kit import DAY, INCOME, PROJECT, SHOP, A, Platform, open_platform

from jinku.custody.errors import BadOrder
from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import PROPOSAL_VALID_S, order_key
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.decider import Action, Decisions
from jinku.custody.orders.errors import BadPolicy, NotAllowed, NotInState, PolicyDecided, SamePerson
from jinku.custody.orders.policy import CHANNEL, Policy, Row, read_policy
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Request
from jinku.risk.acts.two import SecondPerson

ROLES = {"clerk-1": "clerk", "clerk-2": "clerk", "head-1": "head", "app": "app", "channel": "app"}
POLICY = Policy(
    (
        Row(role="app"),
        Row(role="clerk", type="failure"),
        Row(role="clerk", type="sweep", per_order=500, daily=800, checked_from=100, checkers=("head",)),
    ),
    ROLES,
)


def in_force(platform: Platform, policy: Policy = POLICY) -> None:
    shelf = platform.corridor.rooms.policies
    shelf.approve(shelf.propose(policy, by="risk-1").version, by="risk-2")


def sweep(platform: Platform, amount: int) -> o.Sweep:
    return o.Sweep(id=platform.new(), day=DAY, amount=amount)


def income(platform: Platform, amount: int = 2_000) -> None:
    platform.fund(A, amount)
    platform.ok(o.Fee(id=platform.new(), day=DAY, payer=A, amount=amount))


def test_limits_of_a_role_hold_for_one_order_and_for_the_day(platform: Platform) -> None:
    """R18: what a person may give is in the policy: by type, for one order, for the day, however it is split."""
    income(platform)
    in_force(platform)
    assert platform.why(sweep(platform, 501), "clerk-1") is Reason.OVER_ORDER_LIMIT
    assert platform.why(sweep(platform, 10), "app-2") is Reason.NO_RULE
    small = [sweep(platform, 90) for _ in range(10)]
    answers = platform.corridor.submit([Request(one, "clerk-1") for one in small])
    assert [one.reason for one in answers] == [Reason.NONE] * 8 + [Reason.OVER_DAILY_LIMIT] * 2
    assert platform.why(sweep(platform, 81), "CLERK-1") is Reason.OVER_DAILY_LIMIT
    platform.reopen()
    assert platform.why(sweep(platform, 81), "clerk-1") is Reason.OVER_DAILY_LIMIT
    assert platform.ok(sweep(platform, 80), "clerk-1") is State.BOOKED
    assert platform.ok(sweep(platform, 80), "clerk-2") is State.BOOKED


def test_what_came_to_nothing_does_not_count_toward_the_day(platform: Platform) -> None:
    """R18: an order that the ledger refused, or that was dropped, leaves the day's limit as it was."""
    income(platform, 100)
    in_force(platform)
    poor = [sweep(platform, 99) for _ in range(2)]
    answers = platform.corridor.submit([Request(one, "clerk-1") for one in poor])
    assert [one.reason for one in answers] == [Reason.NONE, Reason.INSUFFICIENT_FUNDS]
    waiting = sweep(platform, 500)
    assert platform.give(waiting, "clerk-1").state is State.AWAITING
    assert platform.why(sweep(platform, 202), "clerk-1") is Reason.OVER_DAILY_LIMIT
    platform.acts.drop(order_key(waiting), by="head-1", reason="not today")
    assert platform.give(sweep(platform, 301), "clerk-1").state is State.AWAITING


def test_a_checker_is_another_person_of_a_role_that_may(platform: Platform) -> None:
    """R18: maker and checker are two persons, also when one writes in capitals; the checker's role is in the policy."""
    income(platform)
    in_force(platform)
    order = sweep(platform, 100)
    assert platform.give(order, "clerk-1").state is State.AWAITING
    key = order_key(order)
    for same in ("clerk-1", "CLERK-1", "Clerk-1"):
        with pytest.raises(SamePerson):
            platform.acts.confirm(key, by=same)
    with pytest.raises(NotAllowed):
        platform.acts.confirm(key, by="clerk-2")
    assert platform.balance(INCOME) == 2_000
    assert platform.acts.confirm(key, by="head-1").state is State.BOOKED
    with pytest.raises(NotInState, match="booked"):
        platform.acts.confirm(key, by="head-1")
    assert platform.balance(INCOME) == 1_900
    assert platform.corridor.submit([Request(order, "clerk-1")])[0].state is State.BOOKED
    history = platform.acts.show(key).history
    assert [(one.state, one.by) for one in history] == [(State.RECEIVED, "head-1"), (State.BOOKED, "")]


def test_a_proposal_lapses(platform: Platform) -> None:
    """R18: what nobody confirmed in time is over."""
    income(platform)
    in_force(platform)
    order = sweep(platform, 100)
    platform.give(order, "clerk-1")
    platform.clock.turn(PROPOSAL_VALID_S + 1)
    with pytest.raises(NotInState, match="lapsed"):
        platform.acts.confirm(order_key(order), by="head-1")
    assert platform.acts.lapse() == 1
    assert platform.state(order) is State.EXPIRED
    assert platform.give(sweep(platform, 500), "clerk-1").state is State.AWAITING


def test_the_policy_itself_is_changed_by_two_persons_and_dated(platform: Platform) -> None:
    """R18: a policy version needs another person's approval, is sealed, and rows count from their day on."""
    shelf = platform.corridor.rooms.policies
    proposed = shelf.propose(POLICY, by="risk-1")
    assert shelf.in_force() is not POLICY
    with pytest.raises(SamePerson):
        shelf.approve(proposed.version, by="Risk-1")
    approved = shelf.approve(proposed.version, by="risk-2")
    with pytest.raises(PolicyDecided):
        shelf.approve(proposed.version, by="risk-3")
    assert shelf.in_force() == POLICY
    assert approved.sealed_entry >= 0
    assert read_policy(POLICY.document()) == POLICY
    later = Row(role="app", type="fee", since=DAY.replace(year=2027), per_order=5)
    dated = Policy((*POLICY.rows, later), ROLES)
    in_force(platform, dated)
    income(platform, 10)
    order = o.Fee(id=platform.new(), day=later.since, payer=A, amount=6)
    assert platform.why(order) is Reason.INSUFFICIENT_FUNDS  # dating it ahead makes no rule count
    platform.clock.turn(370 * 86_400)
    order = o.Fee(id=platform.new(), day=DAY, payer=A, amount=6)
    assert platform.why(order) is Reason.OVER_ORDER_LIMIT  # nor does dating it back hide from one
    assert [one.version for one in shelf.list()] == [1, 2]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"rows": []},
        {"rows": [{"role": "clerk", "type": "nothing"}]},
        {"rows": [{"role": "clerk", "per_order": 5}]},
        {"rows": [{"role": "clerk", "per_order": "-5"}]},
        {"rows": [{"role": "clerk", "checked_from": "0"}]},
        {"rows": [{"role": "a b"}]},
        {"rows": [{"role": "clerk", "limits": "9"}]},
        {"rows": [{"role": "clerk", "since": "yesterday"}]},
        {"rows": [{"role": "clerk"}], "roles": {"Ann": "a", "ANN": "b"}},
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_name(document: object) -> None:
    with pytest.raises(BadPolicy):
        read_policy(document)


class Watchful:
    """Denies what is above 900, holds above 700, challenges above 500."""

    def decide(self, batch: OrderColumns, at: int) -> Decisions:
        amounts, found = batch.rows["amount_lo"], Decisions.of(len(batch))
        assert at
        for least, action in ((500, Action.CHALLENGE), (700, Action.HOLD), (900, Action.DENY)):
            found = found.put(np.asarray(amounts > least), action, score=least, why=f"over {least}")
        return found


def test_the_risk_desk_allows_challenges_holds_and_denies(tmp_path: Path) -> None:
    """R3: a denied order is refused with its reason, a held one is pending, a challenged one asks the customer."""
    platform = open_platform(tmp_path, decider=Watchful())
    with platform.ledger, platform.database:
        for _ in range(10):
            platform.fund(A, 500)
        denied, held, asked = (
            o.Fee(id=platform.new(), day=DAY, payer=A, amount=amount) for amount in (901, 701, 501)
        )
        answer = platform.give(denied)
        assert (answer.reason, answer.score, answer.why) == (Reason.RISK_DENIED, 900, "over 900")
        assert platform.give(held).state is State.RISK_HELD
        assert (platform.held(A), platform.balance(INCOME)) == (701, 0)
        with pytest.raises(SamePerson):
            platform.acts.resolve(order_key(held), by="APP", allow=True, reason="me")
        assert (
            platform.acts.resolve(order_key(held), by="risk-1", allow=True, reason="known").state
            is State.RISK_HELD
        )
        with pytest.raises(SecondPerson):
            platform.acts.resolve(order_key(held), by="RISK-1", allow=True, reason="known payer")
        assert (platform.held(A), platform.balance(INCOME)) == (701, 0)
        platform.acts.resolve(order_key(held), by="risk-3", allow=False, reason="unsure")
        assert (
            platform.acts.resolve(order_key(held), by="risk-2", allow=True, reason="x").state
            is State.RISK_HELD
        )
        platform.acts.resolve(order_key(held), by="risk-1", allow=True, reason="known payer")
        assert (platform.held(A), platform.balance(INCOME)) == (0, 701)
        assert platform.give(asked).state is State.CHALLENGED
        other = o.Fee(id=platform.new(), day=DAY, payer=A, amount=502)
        with pytest.raises(BadOrder, match="another order"):
            platform.acts.answer(order_key(asked), platform.word(other), by="app")
        assert platform.acts.answer(order_key(asked), platform.word(asked), by="app").state is State.BOOKED
        assert platform.balance(INCOME) == 1_202


def test_what_was_proposed_before_the_house_decided_is_decided_when_it_is_sent(tmp_path: Path) -> None:
    """R3: an order that waited for its checker since before risk was on is decided before it is sent; none slips by."""
    platform = open_platform(tmp_path)
    with platform.ledger, platform.database:
        income(platform)
        in_force(platform)
        waiting = [sweep(platform, amount) for amount in (450, 301)]
        assert [platform.give(one, "clerk-1").state for one in waiting] == [State.AWAITING] * 2
        platform.decider = Small()
        platform.reopen()
        states = [platform.acts.confirm(order_key(one), by="head-1").state for one in waiting]
        assert states == [State.REFUSED, State.BOOKED]
        assert platform.balance(INCOME) == 2_000 - 301


class Small:
    """Holds what is above 400."""

    def decide(self, batch: OrderColumns, at: int) -> Decisions:
        large = np.asarray(batch.rows["amount_lo"] > 400)
        assert at
        return Decisions.of(len(batch)).put(large, Action.HOLD, score=1, why="over 400")


def test_a_bid_that_risk_holds_is_not_released(tmp_path: Path) -> None:
    """R4: what the risk desk blocks, a release cannot pay; denied, it is free again."""
    platform = open_platform(tmp_path, decider=Watchful())
    with platform.ledger, platform.database:
        for _ in range(10):
            platform.fund(A, 500)
        platform.project()
        held = platform.bid(800)
        assert platform.give(held).state is State.RISK_HELD
        assert platform.why(platform.release([held]), "clerk") is Reason.HOLD_BLOCKED
        for by in ("risk-1", "risk-2"):
            platform.acts.resolve(order_key(held), by=by, allow=False, reason="stolen")
        assert (platform.held(A), platform.state(held)) == (0, State.VOIDED)
        assert platform.corridor.rooms.projects.left(PROJECT).free == 1_000_000
        asked = o.Withdrawal(id=platform.new(), day=DAY, account=A, amount=800)
        platform.give(asked)
        with pytest.raises(NotInState, match="risk_held"):
            platform.acts.claim(order_key(asked), by="channel")
        paid = o.PaidOut(id=asked.id, day=DAY, amount=800)
        assert platform.give(paid, CHANNEL).state is not State.BOOKED
        assert platform.held(A) == 800


def test_a_confirmed_order_needs_its_mandate_still(platform: Platform) -> None:
    """R3: a mandate that was revoked while the order waited for its checker does not carry it."""
    checked = Policy((Row(role="*"), Row(role="*", type="fee", checked_from=0, checkers=("*",))))
    in_force(platform, checked)
    platform.fund(A, 1_000)
    platform.mandate()
    order = o.Fee(id=platform.new(), day=DAY, payer=A, amount=100)
    assert platform.give(order, mandate=7).state is State.AWAITING
    platform.corridor.rooms.mandates.revoke(7, by="app", evidence="cancel-1")
    assert platform.acts.confirm(order_key(order), by="head").state is State.REFUSED
    told = [platform.acts.show(order_key(order)), *platform.acts.newest(1)]
    assert [one.reason for one in told] == [Reason.MANDATE_REVOKED] * 2
    hold = n.Reserve(id=platform.new(), day=DAY, payer=A, payee=SHOP, amount=5)
    assert platform.ok(hold) is State.HELD
    assert platform.balance(A) == 1_000
