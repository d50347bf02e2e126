"""Orders: what transfers they become, and what a real ledger makes of them."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.custody.errors import AccountsRefused, BadOrder, OrderTooLarge
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.movements import batches, chains, transfers
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Movement, Role
from jinku.ledger import CreateTransferStatus, Ledger, TransferFlags
from jinku.ledger.layout import AMOUNT_MAX, u128
from jinku.ledger.model import Account
from jinku.ledger.opening import open_journal

CHART = Chart(1, 156)
DAY = date(2026, 11, 20)
A, B, BORROWER, SHOP, SURETY = (
    CHART.account(kind, party)
    for kind, party in (
        (Kind.INVESTOR, 1),
        (Kind.INVESTOR, 2),
        (Kind.BORROWER, 3),
        (Kind.MERCHANT, 4),
        (Kind.GUARANTOR, 5),
    )
)
BANK, INCOME, OWN, OWN_BANK, TRANSIT, SUSPENSE = (
    CHART.account(kind)
    for kind in (
        Kind.BANK_MIRROR,
        Kind.FEE_INCOME,
        Kind.PLATFORM_OWN,
        Kind.OWN_BANK_MIRROR,
        Kind.IN_TRANSIT,
        Kind.SUSPENSE,
    )
)
START = 1_795_000_000 * 10**9


def number(serial: int) -> int:
    return o.new_order_id(1_795_000_000_000, serial)


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger", clock=clock) as opened:
        yield opened


@pytest.fixture
def desk(ledger: Ledger) -> OrderDesk:
    made = OrderDesk(ledger, CHART)
    made.open_entity()
    roles = (Role.INVESTOR, Role.INVESTOR, Role.BORROWER, Role.MERCHANT, Role.GUARANTOR)
    made.open_parties([Opening(party, role, 90 + party) for party, role in enumerate(roles, 1)])
    return made


def account(ledger: Ledger, number: int) -> Account:
    [found] = ledger.lookup_accounts([number])
    return found


def balance(ledger: Ledger, number: int) -> int:
    found = account(ledger, number)
    return found.credits_posted - found.debits_posted


def deposit(serial: int, to: int, amount: int) -> o.Deposit:
    return o.Deposit(id=number(serial), day=DAY, reference=serial, account=to, amount=amount)


def bid(serial: int, investor: int, amount: int, timeout: int = 0) -> o.Bid:
    return o.Bid(
        id=number(serial),
        day=DAY,
        subject=77,
        investor=investor,
        borrower=BORROWER,
        amount=amount,
        timeout=timeout,
    )


def test_a_deposit_carries_day_reference_and_ledger() -> None:
    [row] = transfers(CHART, [deposit(5, A, 100)])
    assert row["user_data_32"] == 20261120
    assert row["user_data_64"] == 5
    assert (row["ledger"], row["code"], row["flags"]) == (156, Movement.DEPOSIT, 0)


@given(
    st.integers(1, (1 << 48) - 1),
    st.integers(0, (1 << 56) - 1),
    st.sampled_from(o.Step),
    st.integers(0, 8188),
)
def test_a_transfer_names_its_order(moment: int, serial: int, step: o.Step, leg: int) -> None:
    order = o.new_order_id(moment, serial)
    assert o.order_of(o.transfer_id(order, step, leg)) == order


def test_ids_of_all_acts_of_an_order_differ() -> None:
    ids = {o.transfer_id(number(1), step, leg) for step in o.Step for leg in range(50)}
    assert len(ids) == len(o.Step) * 50


def test_bid_release_with_fee_and_merchant_moves_all_or_nothing(ledger: Ledger, desk: OrderDesk) -> None:
    held = [bid(10, A, 6_000), bid(11, B, 4_000)]
    desk.submit([deposit(1, A, 10_000), deposit(2, B, 4_000), *held])
    assert account(ledger, A).debits_pending == 6_000
    release = o.Release(
        id=number(20),
        day=DAY,
        subject=77,
        borrower=BORROWER,
        holds=tuple(one.hold for one in held),
        fee=150,
        merchant=SHOP,
    )
    outcome = desk.submit([release])
    assert not outcome.refused
    assert outcome.booked == 4
    assert [balance(ledger, one) for one in (A, B, BORROWER, SHOP, INCOME)] == [4_000, 0, 0, 9_850, 150]
    assert account(ledger, A).debits_pending == 0


def test_one_bad_hold_stops_the_whole_release(ledger: Ledger, desk: OrderDesk) -> None:
    held = bid(10, A, 6_000)
    desk.submit([deposit(1, A, 10_000), held])
    wrong = o.Release(
        id=number(20),
        day=DAY,
        borrower=BORROWER,
        holds=(held.hold, o.Hold(o.transfer_id(number(99)), 5)),
        fee=9,
    )
    outcome = desk.submit([wrong])
    [refusal] = outcome.refused
    assert (refusal.order, refusal.status) == (wrong.id, CreateTransferStatus.PENDING_TRANSFER_NOT_FOUND)
    assert outcome.booked == 0
    assert account(ledger, A).debits_pending == 6_000
    assert balance(ledger, BORROWER) == 0


def test_a_failed_project_frees_every_hold(ledger: Ledger, desk: OrderDesk) -> None:
    held = [bid(10, A, 6_000), bid(11, A, 4_000)]
    desk.submit([deposit(1, A, 10_000), *held])
    desk.submit([o.Failure(id=number(21), day=DAY, holds=tuple(one.hold for one in held))])
    assert account(ledger, A).debits_pending == 0
    assert balance(ledger, A) == 10_000


def test_a_bid_times_out_by_itself(ledger: Ledger, desk: OrderDesk, clock: Clock) -> None:
    desk.submit([deposit(1, A, 10_000), bid(10, A, 6_000, timeout=60)])
    clock.now += 61 * 10**9
    assert not desk.submit([bid(11, A, 10_000)]).refused


def test_money_that_is_held_cannot_be_bid_again(ledger: Ledger, desk: OrderDesk) -> None:
    outcome = desk.submit([deposit(1, A, 100), bid(10, A, 80), bid(11, A, 30)])
    [refusal] = outcome.refused
    assert (refusal.order, refusal.status.name) == (number(11), "EXCEEDS_CREDITS")


def test_a_repayment_is_shared_out_exactly(ledger: Ledger, desk: OrderDesk) -> None:
    order = o.Repayment(
        id=number(30),
        day=DAY,
        subject=9,
        payer=SURETY,
        shares=(o.Share(A, 1), o.Share(B, 2)),
        principal=100,
        interest=10,
        fee=1,
    )
    desk.submit([deposit(1, SURETY, 110), order])
    assert [balance(ledger, one) for one in (A, B, INCOME, SURETY)] == [36, 73, 1, 0]


def test_a_repayment_without_cover_moves_nothing(ledger: Ledger, desk: OrderDesk) -> None:
    shares = (o.Share(A, 1), o.Share(B, 1))
    order = o.Repayment(id=number(30), day=DAY, payer=BORROWER, shares=shares, principal=100, interest=0)
    [refusal] = desk.submit([deposit(1, BORROWER, 60), order]).refused
    assert refusal.status is CreateTransferStatus.EXCEEDS_CREDITS
    assert balance(ledger, A) == balance(ledger, B) == 0


def test_withdrawals_wait_for_the_banks_word(ledger: Ledger, desk: OrderDesk) -> None:
    ask = [o.Withdrawal(id=number(n), day=DAY, reference=n, account=A, amount=100) for n in (40, 41, 42)]
    desk.submit([deposit(1, A, 1_000), *ask])
    assert account(ledger, A).debits_pending == 300
    desk.submit(
        [
            o.PaidOut(id=number(40), day=DAY, reference=40, amount=100),
            o.PayoutFailed(id=number(41), day=DAY, amount=100),
            o.PaidOut(id=number(42), day=DAY, reference=42, amount=100),
            o.PayoutReturned(id=number(42), day=DAY, reference=43, account=A, amount=100),
        ]
    )
    assert (balance(ledger, A), account(ledger, A).debits_pending) == (900, 0)
    assert balance(ledger, BANK) == -900
    again = desk.submit([o.PayoutFailed(id=number(40), day=DAY, amount=100)])
    assert [one.status.name for one in again.refused] == ["PENDING_TRANSFER_ALREADY_POSTED"]


def test_refund_gives_back_at_most_what_is_left(ledger: Ledger, desk: OrderDesk) -> None:
    fee = o.Fee(id=number(50), day=DAY, payer=A, amount=200)
    desk.submit([deposit(1, A, 1_000), fee])
    paid = o.Paid(o.transfer_id(fee.id), A, INCOME, 200)
    refund = o.Refund(id=number(51), day=DAY, paid=paid, amount=150)
    first = desk.submit([refund])
    assert u128(first.rows, "user_data_128") == [o.transfer_id(fee.id)]
    assert (balance(ledger, A), balance(ledger, INCOME)) == (950, 50)
    desk.submit([refund])
    assert balance(ledger, A) == 950
    with pytest.raises(BadOrder, match="only 50"):
        o.Refund(id=number(52), day=DAY, paid=o.Paid(paid.transfer, A, INCOME, 50), amount=51)


def test_channel_suspense_and_sweep_keep_the_pools_in_balance(ledger: Ledger, desk: OrderDesk) -> None:
    desk.submit(
        [
            o.ChannelDeposit(id=number(60), day=DAY, account=A, amount=500),
            o.ChannelSettled(id=number(61), day=DAY, reference=61, amount=500),
            o.Unidentified(id=number(62), day=DAY, reference=62, amount=70),
            o.TakeOver(id=number(63), day=DAY, account=B, amount=30),
            o.Fee(id=number(64), day=DAY, payer=A, amount=40),
            o.Sweep(id=number(65), day=DAY, reference=65, amount=40),
        ]
    )
    held = [balance(ledger, one) for one in (TRANSIT, BANK, SUSPENSE, A, B, INCOME, OWN, OWN_BANK)]
    assert held == [0, -560, 70, 460, 30, 0, 40, -40]


def test_sending_again_changes_nothing(ledger: Ledger, desk: OrderDesk) -> None:
    orders = [deposit(1, A, 1_000), bid(10, A, 400)]
    desk.submit(orders)
    size = ledger.size()
    outcome = desk.submit(orders)
    assert outcome.counts == {CreateTransferStatus.EXISTS: 2}
    assert not outcome.refused
    assert ledger.size() == size


def test_a_bad_order_stops_the_call_before_anything_moves(ledger: Ledger, desk: OrderDesk) -> None:
    with pytest.raises(BadOrder, match="amount=0"):
        desk.submit([deposit(1, A, 1_000), deposit(2, A, 0)])
    assert balance(ledger, A) == 0


def test_opening_twice_is_harmless_and_a_taken_id_is_named(desk: OrderDesk) -> None:
    desk.open_entity()
    with pytest.raises(AccountsRefused, match="EXISTS_WITH_DIFFERENT_USER_DATA_128"):
        desk.open_parties([Opening(1, Role.INVESTOR, 12345)])


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, True, 1.5])
def test_amounts_must_be_whole_and_positive(amount: int) -> None:
    with pytest.raises(BadOrder, match="amount="):
        transfers(CHART, [deposit(1, A, amount)])


def test_ids_references_and_timeouts_are_checked() -> None:
    with pytest.raises(BadOrder, match="id="):
        o.Deposit(id=number(1) + 1, day=DAY, account=A, amount=1)
    with pytest.raises(BadOrder, match="reference="):
        o.Deposit(id=number(1), day=DAY, reference=1 << 64, account=A, amount=1)
    with pytest.raises(BadOrder, match="subject="):
        o.Deposit(id=number(1), day=DAY, subject=-1, account=A, amount=1)
    with pytest.raises(BadOrder, match="timeout="):
        transfers(CHART, [bid(1, A, 1, timeout=-1)])
    with pytest.raises(BadOrder, match="serial="):
        o.new_order_id(1, 1 << 56)
    with pytest.raises(BadOrder, match="moment_ms="):
        o.new_order_id(0, 1)


def test_an_empty_release_failure_or_unknown_order_is_refused() -> None:
    for order in (
        o.Release(id=number(1), day=DAY, borrower=BORROWER, holds=()),
        o.Failure(id=number(1), day=DAY, holds=()),
        o.Order(id=number(1), day=DAY),
    ):
        with pytest.raises(BadOrder):
            transfers(CHART, [order])
    with pytest.raises(BadOrder, match="fee="):
        transfers(CHART, [o.Release(id=number(1), day=DAY, borrower=BORROWER, holds=(o.Hold(1, 5),), fee=6)])


def test_an_order_of_more_than_a_batch_is_refused() -> None:
    holds = tuple(o.Hold(1, 1) for _ in range(o.LEGS_MAX))
    transfers(CHART, [o.Release(id=number(1), day=DAY, borrower=BORROWER, holds=holds)])
    with pytest.raises(OrderTooLarge, match="8190"):
        transfers(CHART, [o.Release(id=number(1), day=DAY, borrower=BORROWER, holds=holds, fee=1)])


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(9, 30))
def test_batches_never_cut_a_chain(lengths: list[int], rows_max: int) -> None:
    made = [
        o.Failure(id=number(serial), day=DAY, holds=tuple(o.Hold(one, 1) for one in range(1, length + 1)))
        for serial, length in enumerate(lengths, 1)
    ]
    rows = transfers(CHART, made)
    assert np.diff(chains(rows)).tolist() == lengths
    cut = batches(rows, rows_max)
    assert sum(len(batch) for batch in cut) == len(rows)
    assert all(0 < len(batch) <= rows_max for batch in cut)
    assert not any(int(batch[-1]["flags"]) & TransferFlags.LINKED for batch in cut)
    assert len(cut) <= 1 or all(len(a) + len(b) > rows_max - 9 for a, b in pairwise(cut))


def test_own_money_comes_into_its_own_bank_account(desk: OrderDesk, ledger: Ledger) -> None:
    """R1: no transfer crosses pools, also where the platform's own balance is taken over or paid in."""
    orders = [
        o.TakeOver(id=number(901), day=DAY, account=OWN, amount=70),
        o.Deposit(id=number(902), day=DAY, account=OWN, amount=5, reference=1),
        o.Deposit(id=number(903), day=DAY, account=A, amount=9, reference=2),
    ]
    desk.submit(orders)
    held = {one: -balance(ledger, one) for one in (OWN_BANK, BANK)}
    assert held == {OWN_BANK: 75, BANK: 9}
