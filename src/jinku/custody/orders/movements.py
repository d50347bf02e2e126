"""Orders into transfers: pure functions from frozen orders to one columnar batch.

Rules:

1. An order becomes one or more transfers in fixed order, with the ids that `jinku.custody.orders.model` lays down.
   More than one are a linked chain: all or none is booked.
2. A hold that must wait for the bank's word (a withdrawal) never times out by itself; a bid's may.
3. A payment or release of a hold names the whole amount held, and takes account, ledger and code from it.
4. Where a part comes to nothing (a portion of 0), there is no transfer for it.

Example::

    batch = transfers(Chart(entity=1, currency=156), [deposit, bid, release])  # TRANSFER rows
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from jinku.custody.errors import BadOrder, OrderTooLarge
from jinku.custody.orders.distribution import portions
from jinku.custody.orders.model import (
    LEGS_MAX,
    TIMEOUT_MAX_S,
    Bid,
    ChannelDeposit,
    ChannelSettled,
    Deposit,
    Failure,
    Fee,
    Hold,
    Order,
    PaidOut,
    PayoutFailed,
    PayoutReturned,
    Refund,
    Release,
    Repayment,
    Step,
    Sweep,
    TakeOver,
    Unidentified,
    Withdrawal,
    checked_amount,
    transfer_id,
)
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.ledger.model import TransferFlags

_INHERIT = 0
"""In a post or void: take it from the pending transfer."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer of an order, before it becomes a row."""

    id: int
    debit: int
    credit: int
    amount: int
    code: int
    flags: int = 0
    pending_id: int = 0
    timeout: int = 0


def transfers(chart: Chart, orders: Sequence[Order]) -> Array:
    """``TRANSFER`` rows of `orders`, in order; each order's rows are one chain.

    Raises BadOrder for an order that cannot be, OrderTooLarge for one of more than ``LEGS_MAX`` transfers.
    """
    legs: list[Leg] = []
    days: list[int] = []
    subjects: list[int] = []
    references: list[int] = []
    links: list[bool] = []
    for order in orders:
        own = _legs(chart, order)
        legs += own
        days += [_day(order)] * len(own)
        subjects += [_subject(order)] * len(own)
        references += [order.reference] * len(own)
        links += [True] * (len(own) - 1) + [False]
    rows = np.zeros(len(legs), TRANSFER)
    set_u128(rows, "id", (leg.id for leg in legs))
    set_u128(rows, "debit_account_id", (leg.debit for leg in legs))
    set_u128(rows, "credit_account_id", (leg.credit for leg in legs))
    set_u128(rows, "amount", (checked_amount(leg.amount) for leg in legs))
    set_u128(rows, "pending_id", (leg.pending_id for leg in legs))
    set_u128(rows, "user_data_128", subjects)
    rows["user_data_64"], rows["user_data_32"] = references, days
    rows["timeout"] = [leg.timeout for leg in legs]
    rows["ledger"] = [chart.currency if leg.code else _INHERIT for leg in legs]
    rows["code"] = [leg.code for leg in legs]
    rows["flags"] = [
        leg.flags | (TransferFlags.LINKED if linked else 0) for leg, linked in zip(legs, links, strict=True)
    ]
    return rows


def chains(rows: Array) -> Array:
    """Where each chain of `rows` starts, and the end: ``int64`` of shape (chains + 1,). A single row is a
    chain.
    """
    ends = np.flatnonzero((rows["flags"] & np.uint16(TransferFlags.LINKED)) == 0) + 1
    return np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])


def batches(rows: Array, rows_max: int = LEGS_MAX) -> list[Array]:
    """`rows` cut into batches of at most `rows_max`, never inside a chain."""
    edges, cut, cuts = chains(rows).tolist(), 0, [0]
    for start, end in pairwise(edges):
        if end - cut > rows_max:
            cut = start
            cuts.append(cut)
    return [rows[first:last] for first, last in pairwise([*cuts, len(rows)]) if last > first]


def _legs(chart: Chart, order: Order) -> list[Leg]:
    try:
        make = _MAKERS[type(order)]
    except KeyError:
        raise BadOrder("no such order", field="order", value=type(order).__name__) from None
    legs: list[Leg] = make(chart, order)
    if not legs:
        raise BadOrder("moves nothing", field="order", value=type(order).__name__)
    if len(legs) > LEGS_MAX:
        raise OrderTooLarge(order.id, len(legs), LEGS_MAX)
    return legs


def _day(order: Order) -> int:
    return order.day.year * 10_000 + order.day.month * 100 + order.day.day


def _subject(order: Order) -> int:
    return order.subject or (order.paid.transfer if isinstance(order, Refund) else 0)


def _one(order: Order, debit: int, credit: int, amount: int, code: Movement) -> list[Leg]:
    return [Leg(transfer_id(order.id), debit, credit, amount, code)]


def _numbered(order: Order, moves: Iterable[tuple[int, int, int, Movement]]) -> list[Leg]:
    kept = (move for move in moves if move[2])
    return [
        Leg(transfer_id(order.id, leg=leg), debit, credit, amount, code)
        for leg, (debit, credit, amount, code) in enumerate(kept)
    ]


def _take_over(chart: Chart, order: TakeOver) -> list[Leg]:
    return _one(order, chart.account(Kind.BANK_MIRROR), order.account, order.amount, Movement.OPENING)


def _deposit(chart: Chart, order: Deposit) -> list[Leg]:
    return _one(order, chart.account(Kind.BANK_MIRROR), order.account, order.amount, Movement.DEPOSIT)


def _channel_deposit(chart: Chart, order: ChannelDeposit) -> list[Leg]:
    return _one(order, chart.account(Kind.IN_TRANSIT), order.account, order.amount, Movement.DEPOSIT)


def _channel_settled(chart: Chart, order: ChannelSettled) -> list[Leg]:
    bank, transit = chart.account(Kind.BANK_MIRROR), chart.account(Kind.IN_TRANSIT)
    return _one(order, bank, transit, order.amount, Movement.TRANSIT_SETTLED)


def _unidentified(chart: Chart, order: Unidentified) -> list[Leg]:
    bank, suspense = chart.account(Kind.BANK_MIRROR), chart.account(Kind.SUSPENSE)
    return _one(order, bank, suspense, order.amount, Movement.UNIDENTIFIED)


def _bid(_chart: Chart, order: Bid) -> list[Leg]:
    if not 0 <= order.timeout <= TIMEOUT_MAX_S:
        raise BadOrder("not a number of seconds", field="timeout", value=order.timeout)
    return [
        Leg(
            transfer_id(order.id),
            order.investor,
            order.borrower,
            order.amount,
            Movement.BID,
            TransferFlags.PENDING,
            timeout=order.timeout,
        )
    ]


def _settle(order: Order, step: Step, holds: Sequence[Hold], flag: TransferFlags) -> list[Leg]:
    return [
        Leg(transfer_id(order.id, step, leg), _INHERIT, _INHERIT, hold.amount, _INHERIT, flag, hold.transfer)
        for leg, hold in enumerate(holds)
    ]


def _release(chart: Chart, order: Release) -> list[Leg]:
    if not order.holds:
        raise BadOrder("releases nothing", field="holds", value=())
    total = sum(hold.amount for hold in order.holds)
    if not 0 <= order.fee <= total:
        raise BadOrder(f"the fee comes out of the {total} raised", field="fee", value=order.fee)
    paid_on = total - order.fee if order.merchant else 0
    return _settle(order, Step.POSTED, order.holds, TransferFlags.POST_PENDING_TRANSFER) + _numbered(
        order,
        [
            (order.borrower, chart.account(Kind.FEE_INCOME), order.fee, Movement.FEE),
            (order.borrower, order.merchant, paid_on, Movement.ENTRUSTED_PAYMENT),
        ],
    )


def _failure(_chart: Chart, order: Failure) -> list[Leg]:
    return _settle(order, Step.VOIDED, order.holds, TransferFlags.VOID_PENDING_TRANSFER)


def _repayment(chart: Chart, order: Repayment) -> list[Leg]:
    moves = [(order.payer, chart.account(Kind.FEE_INCOME), order.fee, Movement.FEE)]
    for portion in portions(order):
        moves.append((order.payer, portion.account, portion.principal, Movement.PRINCIPAL))
        moves.append((order.payer, portion.account, portion.interest, Movement.INTEREST))
    return _numbered(order, moves)


def _fee(chart: Chart, order: Fee) -> list[Leg]:
    return _one(order, order.payer, chart.account(Kind.FEE_INCOME), order.amount, Movement.FEE)


def _withdrawal(chart: Chart, order: Withdrawal) -> list[Leg]:
    bank = chart.account(Kind.BANK_MIRROR)
    return [
        Leg(
            transfer_id(order.id),
            order.account,
            bank,
            order.amount,
            Movement.WITHDRAWAL,
            TransferFlags.PENDING,
        )
    ]


def _paid_out(_chart: Chart, order: PaidOut) -> list[Leg]:
    hold = Hold(transfer_id(order.id), order.amount)
    return _settle(order, Step.POSTED, [hold], TransferFlags.POST_PENDING_TRANSFER)


def _payout_failed(_chart: Chart, order: PayoutFailed) -> list[Leg]:
    hold = Hold(transfer_id(order.id), order.amount)
    return _settle(order, Step.VOIDED, [hold], TransferFlags.VOID_PENDING_TRANSFER)


def _payout_returned(chart: Chart, order: PayoutReturned) -> list[Leg]:
    bank, code = chart.account(Kind.BANK_MIRROR), Movement.PAYOUT_RETURNED
    return [Leg(transfer_id(order.id, Step.RETURNED), bank, order.account, order.amount, code)]


def _refund(_chart: Chart, order: Refund) -> list[Leg]:
    return _one(order, order.paid.payee, order.paid.payer, order.amount, Movement.REFUND)


def _sweep(chart: Chart, order: Sweep) -> list[Leg]:
    income, bank = chart.account(Kind.FEE_INCOME), chart.account(Kind.BANK_MIRROR)
    own_bank, own = chart.account(Kind.OWN_BANK_MIRROR), chart.account(Kind.PLATFORM_OWN)
    return _numbered(
        order,
        [
            (income, bank, order.amount, Movement.FEE_SWEEP),
            (own_bank, own, order.amount, Movement.SWEEP_RECEIVED),
        ],
    )


_MAKERS: Mapping[type[Order], Callable[[Chart, Any], list[Leg]]] = MappingProxyType(
    {
        TakeOver: _take_over,
        Deposit: _deposit,
        ChannelDeposit: _channel_deposit,
        ChannelSettled: _channel_settled,
        Unidentified: _unidentified,
        Bid: _bid,
        Release: _release,
        Failure: _failure,
        Repayment: _repayment,
        Fee: _fee,
        Withdrawal: _withdrawal,
        PaidOut: _paid_out,
        PayoutFailed: _payout_failed,
        PayoutReturned: _payout_returned,
        Refund: _refund,
        Sweep: _sweep,
    }
)
"""Each order's own maker; the key is the order's exact type, so the second parameter fits."""
