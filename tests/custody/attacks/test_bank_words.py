"""Thieves who speak for the bank: money that never came, payouts that never failed, one receipt credited twice."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.custody.orders.kit import BANK, CHART, DAY, A, B, Platform, open_platform

from jinku.base.errors import InputError
from jinku.custody.orders import exceptional as x
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.corridor import Corridor
from jinku.custody.orders.files import read_requests
from jinku.custody.orders.policy import CHANNEL, Policy, Row
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Request
from jinku.custody.orders.taking_up import reversal_of


@pytest.fixture(params=["sqlite", "postgres"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    opened = open_platform(tmp_path, where)
    yield opened
    opened.database.close()
    opened.ledger.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(tmp_path)
    yield opened
    opened.database.close()
    opened.ledger.close()


def adopt(platform: Platform, *rows: Row, **roles: str) -> None:
    shelf = platform.corridor.rooms.policies
    shelf.approve(shelf.propose(Policy(rows, roles), by="risk-1").version, by="risk-2")


def words(platform: Platform, withdrawal: o.Withdrawal) -> list[o.Order]:
    """All that a thief would like to say in the bank's name."""
    day, amount = DAY, withdrawal.amount
    return [
        o.Deposit(id=platform.new(), day=day, account=A, amount=10**9, reference=1),
        o.ChannelDeposit(id=platform.new(), day=day, account=A, amount=10**9, reference=2),
        o.ChannelSettled(id=platform.new(), day=day, amount=10**9, reference=3),
        o.Unidentified(id=platform.new(), day=day, amount=10**9, reference=4),
        o.PaidOut(id=withdrawal.id, day=day, amount=amount),
        o.PayoutFailed(id=withdrawal.id, day=day, amount=amount),
        o.PayoutReturned(id=withdrawal.id, day=day, account=A, amount=amount, reference=5),
        x.RollBack(id=withdrawal.id, day=day, account=A, amount=amount, reference=6),
        x.AdvanceRecovered(id=withdrawal.id, day=day, amount=amount),
    ]


def sent(platform: Platform, amount: int = 100) -> o.Withdrawal:
    """A withdrawal on its way to the bank."""
    platform.fund(A, 100)
    asked = o.Withdrawal(id=platform.new(), day=DAY, account=A, amount=amount)
    platform.ok(asked)
    platform.acts.claim(order_key(asked), by=CHANNEL)
    return asked


def test_nobody_but_the_channel_speaks_for_the_bank(local: Platform) -> None:
    """R5: no operator, whatever he calls himself, says that the bank received, paid, failed or gave back."""
    asked = sent(local)
    for word in words(local, asked):
        for thief in ("app", "clerk-1", "channel", "bank", "custodian", "bank-channel2"):
            assert local.give(word, thief).reason in (Reason.NO_RULE, Reason.ORDER_CHANGED)
    assert (local.balance(A), local.held(A)) == (100, 100)


def test_a_rule_for_everything_or_everybody_gives_nobody_the_banks_voice(local: Platform) -> None:
    """R18: the bank's word needs a row that names both type and role."""
    asked = sent(local)
    wide = (
        Row(role="*"),
        Row(role="app"),
        Row(role="*", type="deposit"),
        Row(role="teller", type="paid_out"),
    )
    adopt(local, *wide, app="app", tom="teller")
    for word in words(local, asked):
        assert local.give(word, "app").reason in (Reason.NO_RULE, Reason.ORDER_CHANGED)
    deposit = o.Deposit(id=local.new(), day=DAY, account=A, amount=1, reference=9)
    assert local.give(deposit, "tom").reason is Reason.NO_RULE
    paid = o.PaidOut(id=asked.id, day=DAY, amount=asked.amount)
    assert local.corridor.submit([Request(paid, "Tom")], anew=True)[0].state is State.BOOKED


def test_no_policy_silences_the_channel(local: Platform) -> None:
    """R5: what the bank did is booked whatever a policy says, since refusing it would not undo it."""
    asked = sent(local)
    adopt(local, Row(role="*", type="sweep"), Row(role="x", type="paid_out", per_order=0), **{CHANNEL: "x"})
    local.ok(o.PaidOut(id=asked.id, day=DAY, amount=100), CHANNEL)
    assert local.balance(A) == 0


@pytest.mark.parametrize("name", ["bank-channel", "BANK-channel"])
def test_no_file_names_the_channel_as_its_maker(name: str, tmp_path: Path) -> None:
    """R5: the channel's id is its own, in every spelling, in the line and beside the file."""
    line = {"type": "sweep", "id": str(o.new_order_id(1, 1)), "day": "2026-11-20", "amount": "5"}
    file = tmp_path / "orders.jsonl"
    for told, by in ((line | {"maker": name}, ""), (line, name)):
        file.write_text(json.dumps(told))
        with pytest.raises(InputError, match="bank channel"):
            read_requests(file, CHART, by)


def test_a_refused_lie_does_not_stand_in_the_way_of_the_truth(local: Platform) -> None:
    """R5: who tells a lie under a payout's id does not keep the bank's own word out."""
    asked = sent(local)
    lie = o.PaidOut(id=asked.id, day=DAY, amount=1)
    assert local.give(lie, "app").state is State.REFUSED
    truth = Request(replace(lie, amount=100), CHANNEL)
    assert local.corridor.submit([truth], anew=True)[0].state is State.BOOKED


def test_one_receipt_is_credited_once_whatever_it_is_called(platform: Platform) -> None:
    """R5, R10: a bank reference is one credit, under two ids, to two customers, as deposit or as unidentified."""
    first = o.Deposit(id=platform.new(), day=DAY, account=A, amount=500, reference=5001)
    platform.ok(first, CHANNEL)
    for thief in (
        replace(first, id=platform.new()),
        replace(first, id=platform.new(), account=B),
        o.Unidentified(id=platform.new(), day=DAY, amount=500, reference=5001),
        o.ChannelSettled(id=platform.new(), day=DAY, amount=500, reference=5001),
    ):
        assert platform.give(thief, CHANNEL).reason is Reason.REFERENCE_USED
    pair = [replace(first, id=platform.new(), reference=2**64 - 1) for _ in range(2)]
    answers = platform.corridor.submit([Request(one, CHANNEL) for one in pair])
    assert answers.reasons == [Reason.NONE, Reason.REFERENCE_USED]
    assert platform.balance(BANK) == -1_000
    assert platform.corridor.submit([Request(first, CHANNEL)])[0].state is State.BOOKED


def test_what_came_to_nothing_leaves_its_reference_free(platform: Platform) -> None:
    """R10: a deposit to nobody, or one taken back, may be credited to whom it belongs; then no more."""
    nobody = CHART.account(CHART.kind_of(A).code, 99)
    lost = o.Deposit(id=platform.new(), day=DAY, account=nobody, amount=500, reference=7)
    assert platform.give(lost, CHANNEL).reason is Reason.ACCOUNT_UNKNOWN
    wrong = replace(lost, id=platform.new(), account=B)
    platform.ok(wrong, CHANNEL)
    back = reversal_of(platform.ledger, wrong)
    assert platform.give(back, "clerk").state is State.AWAITING
    platform.acts.confirm(order_key(back), by="head")
    right = replace(lost, id=platform.new(), account=A)
    platform.ok(right, CHANNEL)
    assert platform.give(replace(right, id=platform.new()), CHANNEL).reason is Reason.REFERENCE_USED
    assert (platform.balance(A), platform.balance(B)) == (500, 0)


def test_two_writers_at_once_credit_one_receipt_once(platform: Platform) -> None:
    """R5: the database decides, not who looked first: two corridors, many threads, one reference."""
    corridors = [platform.corridor, Corridor(replace(platform.corridor.rooms))]
    orders = [
        o.Deposit(id=platform.new(), day=DAY, account=A, amount=10, reference=number // 4 + 1)
        for number in range(24)
    ]
    states: list[State] = []
    ready = threading.Barrier(4)

    def give(mine: list[o.Deposit], corridor: Corridor) -> None:
        ready.wait(10)
        states.extend(corridor.submit([Request(one, CHANNEL)])[0].state for one in mine)

    threads = [threading.Thread(target=give, args=(orders[at::4], corridors[at % 2])) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert states.count(State.BOOKED) == 6
    assert platform.balance(A) == 60


def test_a_limit_is_the_days_on_which_orders_are_given(local: Platform) -> None:
    """R18: dating orders back or ahead splits no day's limit, and chooses no older rule."""
    rows = (
        Row(role="*"),
        Row(role="clerk", type="fee", daily=10),
        Row(role="clerk", type="sweep", since=date(2026, 1, 1), checked_from=0, checkers=("head",)),
        Row(role="clerk", type="sweep", since=date(2020, 1, 1)),
    )
    adopt(local, *rows, thief="clerk", boss="head")
    local.fund(A, 100)
    given = [
        local.give(o.Fee(id=local.new(), day=day, payer=A, amount=6), "thief").reason
        for day in (DAY, date(2026, 11, 19), date(2025, 1, 2), date(2027, 1, 4))
    ]
    assert given == [Reason.NONE, *[Reason.OVER_DAILY_LIMIT] * 3]
    old = o.Sweep(id=local.new(), day=date(2021, 1, 4), amount=5)
    assert local.give(old, "thief").state is State.AWAITING
