"""Custody's orders pass the same desk and journal as transfers."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.custody.orders.kit import CHART, DAY, A, B, Platform, open_platform
from tests.risk.decision.kit import SHANGHAI, office_over

from jinku.bootstrap.risk_orders import OrderDecider
from jinku.custody.orders import model as o
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State
from jinku.risk.decision.office import DecisionOffice
from jinku.risk.decision.record import decode
from jinku.risk.decision.transfers import Nobody, Scene


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Platform, DecisionOffice]]:
    platform = open_platform(tmp_path)
    with office_over(tmp_path, platform.ledger) as office:
        platform.decider = OrderDecider(office, Scene(SHANGHAI, Nobody()), platform.ledger.lookup_transfers)
        platform.reopen()
        yield platform, office
    platform.database.close()
    platform.ledger.close()


def test_orders_are_decided_kept_and_sealed(desk: tuple[Platform, DecisionOffice]) -> None:
    """K1: an order is allowed, challenged, held or denied before the ledger; its events say who pays whom."""
    platform, office = desk
    for amount in (4_000, 4_002):
        platform.fund(A, amount)
    withdrawals = [o.Withdrawal(id=platform.new(), day=DAY, account=A, amount=n) for n in (100, 199, 6_000)]
    assert [platform.give(one).state for one in withdrawals] == [
        State.HELD,
        State.CHALLENGED,
        State.RISK_HELD,
    ]
    came = o.Deposit(id=platform.new(), day=DAY, account=B, amount=60_000)
    assert platform.give(came, CHANNEL).state is State.RISK_HELD, (
        "denied, and yet a fact: in the books, for nobody"
    )
    assert (platform.balance(B), office.find(came.id)[1]) == (0, 0)
    kept = decode(office.journal.read(office.journal.size - 2))
    events = kept.asked.events
    assert events.column("kind").to_list() == ["withdrawal"]
    assert events.column("payer").to_list() == [A]
    assert events.column("payee").to_list() == [None]
    assert events.column("amount").to_list() == [6_000]
    assert kept.asked.origin == "orders"
    deposit = decode(office.journal.read(office.journal.size - 1)).asked.events
    assert (deposit.column("payer").to_list(), deposit.column("payee").to_list()) == ([None], [B])
    office.journal.check_seal(office.journal.size - 1)


def test_an_order_again_is_no_second_event_and_its_end_is_not_decided(
    desk: tuple[Platform, DecisionOffice],
) -> None:
    """K2: one decision per order; what takes it up has its decision."""
    platform, office = desk
    platform.fund(A, 5_000)
    order = o.Withdrawal(id=platform.new(), day=DAY, account=A, amount=1_000)
    assert platform.give(order).state is State.HELD
    before = office.journal.size
    decider = platform.decider
    assert decider is not None
    again = OrderColumns.of(CHART, [order])
    assert decider.decide(again, 0).rows["action"].tolist() == [0]
    later = OrderColumns.of(
        CHART, [o.Withdrawal(id=order.id, day=date(2026, 11, 23), account=A, amount=1_000)]
    )
    assert decider.decide(later, 0).rows["action"].tolist() == [0], "another day is the same order"
    other = OrderColumns.of(CHART, [o.Withdrawal(id=order.id, day=DAY, account=A, amount=999)])
    changed = decider.decide(other, 0)
    assert changed.rows["action"].tolist() == [3]
    assert changed.whys[int(changed.rows["why"][0])] == "another order was decided under this id"
    paid = OrderColumns.of(CHART, [o.PaidOut(id=order.id, day=DAY, amount=90_000)])
    assert decider.decide(paid, 0).rows["action"].tolist() == [0]
    assert office.journal.size == before
