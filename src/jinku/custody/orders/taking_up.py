"""Orders that take up what is in the ledger already: holds, payments, withdrawals, shares. What they claim is compared
with what the ledger has; nobody's word is taken for it.

Rules:

1. A hold is paid to whom it was made for, about the project that it was made for, and never more than it has.
2. A refund goes from who was paid to who paid; what is left of the payment is a limit in the ledger.
3. The bank's word about a withdrawal names its amount, mode and account. What came back is not taken back as well, nor
   the other way round: the customer would have it twice.
4. A loan is repaid to the shares that the ledger's claims show, all of them.
5. A reversal takes back every leg of a booking, once, and not after a refund.

Example::

    facts = gather_facts(ledger, columns)
    check_taking_up(exam, facts, Taken(…))
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jinku.base.clock import NS_PER_SECOND
from jinku.custody.orders.authority import AuthorityBooks, Beside
from jinku.custody.orders.catalogue import CATALOGUE, OrderType
from jinku.custody.orders.columns import Line, OrderColumns
from jinku.custody.orders.examining import Exam
from jinku.custody.orders.exceptional import Booked, Reversal
from jinku.custody.orders.granting import LimitLedger
from jinku.custody.orders.legs import PENDING, VOID, Fact, can_be_refunded
from jinku.custody.orders.model import LEGS_MAX, Mode, Order, Step, order_of, transfer_id
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.structure.chart import party_of
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import ID, Array, set_u128, u128
from jinku.ledger.limits import RESULTS_MAX

_STEPS_TAKEN = (Step.FIRST, Step.POSTED)
_BESIDE_HOLDS = (0, Beside.MANDATE, Beside.SECOND_MANDATE, Beside.PROJECT)
_REVERSED_AT_ONCE = 64
"""Legs asked for in one step while all of an order's are looked up."""

Facts = Mapping[int, Fact]

_OF_HOLDS = (
    OrderType.SETTLE,
    OrderType.RELEASE,
    OrderType.FAILURE,
    OrderType.PARTIAL_CANCEL,
    OrderType.UNFREEZE,
)
_OF_WITHDRAWALS = (
    OrderType.PAID_OUT,
    OrderType.PAYOUT_FAILED,
    OrderType.PAYOUT_RETURNED,
    OrderType.ROLL_BACK,
    OrderType.ADVANCE_RECOVERED,
)
_OF_PAYMENTS = (OrderType.REFUND, OrderType.REVERSAL)
_OF_SHARES = (OrderType.REPAYMENT, OrderType.COMPENSATION)
TAKING_UP = (*_OF_HOLDS, *_OF_WITHDRAWALS, *_OF_PAYMENTS, *_OF_SHARES)


@dataclass(frozen=True, slots=True)
class Around:
    """What the checks look at beside the order."""

    facts: Facts
    states: Mapping[int, State]
    """Later states of the orders whose holds, payments or withdrawals are taken up, by their id."""
    claims: Mapping[int, int]
    """What each claim account (and the other side of each project's claims) has."""
    exam: Exam

    @property
    def books(self) -> AuthorityBooks:
        """The accounts of authority and claims."""
        return AuthorityBooks(self.exam.chart)


def lines_taking_up(columns: OrderColumns) -> tuple[Array, list[Line]]:
    """The places of orders that take something up, and their lines."""
    places = np.flatnonzero(np.isin(columns.rows["type"], TAKING_UP))
    return places, columns.lines(places) if len(places) else []


def wanted_transfers(lines: Iterable[Line]) -> list[int]:
    """The ids of the transfers that `lines` take up, and of what may lie beside them."""
    wanted: list[int] = []
    for line in lines:
        if line.type in _OF_HOLDS:
            wanted += [key | beside for key, _ in line.parts for beside in _BESIDE_HOLDS]
        elif line.type in _OF_WITHDRAWALS:
            posted = transfer_id(line.id, Step.POSTED)
            wanted += [*(line.id | beside for beside in _BESIDE_HOLDS), line.id | 1, posted]
            wanted.append(transfer_id(line.id, Step.REVERSED))
        elif line.type in _OF_PAYMENTS:
            wanted += [key for key, _ in line.parts]
            if line.type is OrderType.REVERSAL:
                wanted.append(transfer_id(line.id, Step.RETURNED))
    return wanted


def wanted_claims(lines: Iterable[Line], books: AuthorityBooks) -> list[int]:
    """The claim accounts that `lines` share out to."""
    return [
        account
        for line in lines
        if line.type in _OF_SHARES
        for account in (
            books.owed(line.subject) if line.subject < 1 << 64 else 0,
            *(books.claim(line.subject, key) for key, _ in line.parts),
        )
    ]


def look_up(ledger: LimitLedger, wanted: Iterable[int]) -> dict[int, Fact]:
    """Those of the transfers `wanted` that the ledger has."""
    ids = sorted(set(wanted))
    found: dict[int, Fact] = {}
    for at in range(0, len(ids), RESULTS_MAX):
        chunk = ids[at : at + RESULTS_MAX]
        asked = np.zeros(len(chunk), ID)
        set_u128(asked, "id", chunk)
        found |= _facts(ledger.lookup_transfers_array(asked))
    return found


def _facts(rows: Array) -> dict[int, Fact]:
    wide = (
        u128(rows, name)
        for name in ("id", "debit_account_id", "credit_account_id", "amount", "user_data_128")
    )
    narrow = (rows[name].tolist() for name in ("code", "flags", "timeout", "ledger", "timestamp"))
    return {one[0]: Fact(*one[1:]) for one in zip(*wide, *narrow, strict=True)}


def taken_orders(lines: Iterable[Line]) -> set[int]:
    """The ids of the orders that `lines` take up."""
    found: set[int] = set()
    for line in lines:
        if line.type in _OF_HOLDS or line.type is OrderType.REFUND:
            found |= {order_of(key) for key, _ in line.parts}
        elif CATALOGUE[line.type].step is not Step.FIRST:
            found.add(line.id)
    return found


def check_taking_up(around: Around, places: Array, lines: list[Line]) -> None:
    """Refuse orders that claim other than what the ledger has; bring others' marks into `around.exam`."""
    exam = around.exam
    still = exam.open
    for place, line in zip(places.tolist(), lines, strict=True):
        if still[place]:
            reason = _CHECKS[line.type](around, line)
            if reason is not Reason.NONE:
                exam.outcomes["state"][place] = State.REFUSED
                exam.outcomes["reason"][place] = reason


_BIDS, _RESERVED = (Movement.BID,), (Movement.RESERVED,)
"""A bid is paid by a release alone, which makes its claim; a reserve by a settlement, since no project counts it."""
_MAY_BE_FREED = (*_BIDS, *_RESERVED)


def _hold(around: Around, hold: tuple[int, int], codes: tuple[Movement, ...], exact: bool) -> Reason:
    transfer, amount = hold
    fact = around.facts.get(transfer)
    if fact is None or not fact.flags & PENDING:
        return Reason.HOLD_UNKNOWN
    if fact.code not in codes or fact.ledger != around.exam.chart.currency:
        return Reason.HOLD_NOT_OF_THIS_KIND
    if amount > fact.amount or (exact and amount != fact.amount):
        return Reason.NOT_AS_BOOKED
    if around.states.get(order_of(transfer)) is State.RISK_HELD:
        return Reason.HOLD_BLOCKED
    return Reason.NONE


def _first_reason(reasons: Iterable[Reason]) -> Reason:
    return next((one for one in reasons if one is not Reason.NONE), Reason.NONE)


def _settle(around: Around, line: Line) -> Reason:
    return _first_reason(_hold(around, part, _RESERVED, False) for part in line.parts)


def _release(around: Around, line: Line) -> Reason:
    def one(part: tuple[int, int]) -> Reason:
        reason = _hold(around, part, _BIDS, False)
        if reason is Reason.NONE:
            fact = around.facts[part[0]]
            if fact.credit != line.first or fact.subject != line.subject:
                return Reason.HOLD_OTHER_PARTIES
        return reason

    return _first_reason(one(part) for part in line.parts)


def _failure(around: Around, line: Line) -> Reason:
    def one(part: tuple[int, int]) -> Reason:
        reason = _hold(around, part, _MAY_BE_FREED, True)
        if reason is Reason.NONE and around.facts[part[0]].subject != line.subject:
            return Reason.HOLD_OTHER_PARTIES
        return reason

    return _first_reason(one(part) for part in line.parts)


def _partial(around: Around, line: Line) -> Reason:
    [part] = line.parts
    reason = _hold(around, part, _MAY_BE_FREED, True)
    if reason is not Reason.NONE:
        return reason
    fact = around.facts[part[0]]
    if (fact.debit, fact.credit, fact.subject) != (line.first, line.second, line.subject):
        return Reason.HOLD_OTHER_PARTIES
    if line.amount >= fact.amount:
        return Reason.NOT_AS_BOOKED
    left = (fact.timestamp + fact.timeout * NS_PER_SECOND - around.exam.now) // NS_PER_SECOND
    if fact.timeout and not 0 < line.timeout <= left:
        return Reason.NOT_AS_BOOKED
    return Reason.NONE


def _unfreeze(around: Around, line: Line) -> Reason:
    return _first_reason(_hold(around, part, (Movement.FROZEN,), True) for part in line.parts)


def _refund(around: Around, line: Line) -> Reason:
    [(paid, _)] = line.parts
    fact = around.facts.get(paid)
    if fact is None or not can_be_refunded(fact, around.exam.chart):
        return Reason.PAYMENT_UNKNOWN
    if (fact.credit, fact.debit) != (line.first, line.second):
        return Reason.NOT_AS_BOOKED
    if around.states.get(order_of(paid)) is State.REVERSED:
        return Reason.NOT_AS_BOOKED
    return Reason.REFUND_TOO_LARGE if line.amount > fact.amount else Reason.NONE


_STOPPED = MappingProxyType(
    {State.UNCONFIRMED: Reason.WITHDRAWAL_NOT_SENT, State.RISK_HELD: Reason.HOLD_BLOCKED}
)


def _bank_word(around: Around, line: Line) -> Reason:
    held, advance = around.facts.get(line.id), around.facts.get(line.id | 1)
    posted = around.facts.get(transfer_id(line.id, Step.POSTED))
    if held is None or held.code != Movement.WITHDRAWAL or not held.flags & PENDING:
        return Reason.HOLD_UNKNOWN
    mode = Mode.IMMEDIATE if advance is not None else Mode.NORMAL
    has_mode = line.type not in (OrderType.ROLL_BACK, OrderType.ADVANCE_RECOVERED)
    if held.amount != line.amount:
        return Reason.NOT_AS_BOOKED
    if has_mode and (line.mode == Mode.IMMEDIATE) != (mode is Mode.IMMEDIATE):
        return Reason.NOT_AS_BOOKED
    if line.type in (OrderType.PAID_OUT, OrderType.PAYOUT_FAILED):
        stopped = _STOPPED.get(around.states.get(line.id, State.RECEIVED))
        return stopped or Reason.NONE
    if posted is None:
        return Reason.WITHDRAWAL_NOT_SENT
    if transfer_id(line.id, Step.REVERSED) in around.facts:
        return Reason.NOT_AS_BOOKED
    if line.type is OrderType.ADVANCE_RECOVERED:
        return Reason.NONE if mode is Mode.IMMEDIATE else Reason.NOT_AS_BOOKED
    if line.first != held.debit or (line.type is OrderType.ROLL_BACK and mode is Mode.IMMEDIATE):
        return Reason.NOT_AS_BOOKED
    return Reason.NONE


def _shares(around: Around, line: Line) -> Reason:
    exam, books = around.exam, around.books
    entity, currency = exam.chart.entity, exam.chart.currency
    accounts = [key for key, _ in line.parts]
    if len(set(accounts)) != len(accounts):
        return Reason.SHARES_DIFFER
    for key in accounts:
        if key >> 96 != entity or key >> 16 & 0xFFFF != currency or not party_of(key):
            return Reason.ACCOUNT_OF_OTHERS
    owed = around.claims.get(books.owed(line.subject)) if line.subject < 1 << 64 else None
    if owed is None:
        return Reason.NONE
    for key, principal in line.parts:
        if around.claims.get(books.claim(line.subject, key)) != principal:
            return Reason.SHARES_DIFFER
    return Reason.NONE if sum(amount for _, amount in line.parts) == owed else Reason.SHARES_DIFFER


def _reversal(around: Around, line: Line) -> Reason:
    if around.states.get(line.id) not in (None, State.BOOKED, State.SETTLED):
        return Reason.NOT_AS_BOOKED
    if transfer_id(line.id, Step.RETURNED) in around.facts:
        return Reason.NOT_AS_BOOKED
    for key, amount in line.parts:
        fact = around.facts.get(key)
        if order_of(key) != line.id or fact is None or fact.amount != amount or fact.flags & (PENDING | VOID):
            return Reason.NOT_AS_BOOKED
    return Reason.NONE


_CHECKS: Mapping[OrderType, Callable[[Around, Line], Reason]] = MappingProxyType(
    {
        OrderType.SETTLE: _settle,
        OrderType.RELEASE: _release,
        OrderType.FAILURE: _failure,
        OrderType.PARTIAL_CANCEL: _partial,
        OrderType.UNFREEZE: _unfreeze,
        OrderType.REFUND: _refund,
        OrderType.REVERSAL: _reversal,
        **dict.fromkeys(_OF_WITHDRAWALS, _bank_word),
        **dict.fromkeys(_OF_SHARES, _shares),
    }
)


def booked_legs(ledger: LimitLedger, order: int) -> dict[int, Fact]:
    """Every transfer that the order booked when it was given or posted, by id; also those beside the money."""
    found: dict[int, Fact] = {}
    for step in _STEPS_TAKEN:
        for beside in (0, *Beside):
            for at in range(0, LEGS_MAX, _REVERSED_AT_ONCE):
                wanted = [
                    transfer_id(order, step, beside | leg)
                    for leg in range(at, min(at + _REVERSED_AT_ONCE, LEGS_MAX))
                ]
                facts = look_up(ledger, wanted)
                found |= facts
                if len(facts) < len(wanted):
                    break
    return found


def reversal_of(ledger: LimitLedger, order: Order) -> Reversal:
    """The reversal of `order` as the ledger has it booked; its day, subject and reference are `order`'s."""
    legs = tuple(
        Booked(transfer, fact.amount)
        for transfer, fact in sorted(booked_legs(ledger, order.id).items())
        if not fact.flags & (PENDING | VOID)
    )
    return Reversal(id=order.id, day=order.day, subject=order.subject, reference=order.reference, legs=legs)
