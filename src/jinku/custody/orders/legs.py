"""The transfers of orders that are more than one plain movement: one function a type, from numbers to legs.

Rules:

1. A leg's number lies in its id: step and place, and beside which money leg it counts (`authority.Beside`).
2. Taking up a hold names the whole amount or the part that is paid, and takes accounts, ledger and code from it.
   Whatever was reserved beside it (a mandate's limit, a project's) is taken up with it, by the same part.
3. Where a part comes to nothing (a portion of 0), there is no leg for it.
4. Claims move in the same chain as the money that they belong to.

`facts` are the transfers that an order takes up, as the ledger has them; without them (a caller that books on its own
account) nothing is known to lie beside a hold.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from jinku.custody.errors import BadOrder
from jinku.custody.orders.authority import AuthorityBooks, Beside
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.columns import Line
from jinku.custody.orders.distribution import shared_out
from jinku.custody.orders.model import Mode, Share, Step, transfer_id
from jinku.custody.structure.chart import Chart, party_of
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.model import TransferFlags

INHERIT = 0
"""In a post or void: take it from the pending transfer."""
POST, VOID = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
PENDING = TransferFlags.PENDING


class Fact(NamedTuple):
    """A transfer as the ledger has it."""

    debit: int
    credit: int
    amount: int
    subject: int
    code: int
    flags: int
    timeout: int
    ledger: int
    timestamp: int


class Leg(NamedTuple):
    """One transfer of an order, before it becomes a row. `ledger` 0 takes the pending transfer's."""

    id: int
    debit: int
    credit: int
    amount: int
    ledger: int
    code: int
    flags: int = 0
    pending_id: int = 0
    timeout: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What a maker needs beside the order: the books, what the ledger says, and whether claims are kept."""

    chart: Chart
    facts: Mapping[int, Fact] = field(default_factory=dict)
    claims: bool = False

    @property
    def authority(self) -> AuthorityBooks:
        """The accounts of authority and claims."""
        return AuthorityBooks(self.chart)


Maker = Callable[[Around, Line], list[Leg]]


def _moves(around: Around, line: Line, moves: Iterable[tuple[int, int, int, Movement]]) -> list[Leg]:
    kept = (move for move in moves if move[2])
    ledger = around.chart.currency
    return [
        Leg(line.id | leg, debit, credit, amount, ledger, code)
        for leg, (debit, credit, amount, code) in enumerate(kept)
    ]


def taken_up(around: Around, first: int, hold: tuple[int, int], flag: TransferFlags) -> Iterator[Leg]:
    """The leg `first` that posts or voids `hold`, and the legs beside it for what was reserved beside the hold."""
    transfer, amount = hold
    yield Leg(first, INHERIT, INHERIT, amount, INHERIT, INHERIT, flag, transfer)
    for beside in Beside:
        held = around.facts.get(transfer | beside)
        if held is not None and held.flags & PENDING:
            yield Leg(first | beside, INHERIT, INHERIT, amount, INHERIT, INHERIT, flag, transfer | beside)


def _all_taken_up(around: Around, line: Line, step: Step, flag: TransferFlags) -> list[Leg]:
    if not line.parts:
        raise BadOrder("takes up no hold", field="holds", value=())
    return [
        leg
        for place, hold in enumerate(line.parts)
        for leg in taken_up(around, transfer_id(line.id, step, place), hold, flag)
    ]


def _settle(around: Around, line: Line) -> list[Leg]:
    return _all_taken_up(around, line, Step.POSTED, POST)


def _freed(around: Around, line: Line) -> list[Leg]:
    return _all_taken_up(around, line, Step.VOIDED, VOID)


def _release(around: Around, line: Line) -> list[Leg]:
    total = sum(amount for _, amount in line.parts)
    if line.parts and line.fee > total:
        raise BadOrder(f"the fee comes out of the {total} raised", field="fee", value=line.fee)
    paid_on = total - line.fee if line.third else 0
    legs = _all_taken_up(around, line, Step.POSTED, POST) + _moves(
        around,
        line,
        [
            (line.first, around.chart.account(Kind.FEE_INCOME), line.fee, Movement.FEE),
            (line.first, line.third, paid_on, Movement.ENTRUSTED_PAYMENT),
        ],
    )
    if around.claims:
        books = around.authority
        for place, (transfer, amount) in enumerate(line.parts):
            creditor = books.claim(line.subject, around.facts[transfer].debit)
            number = transfer_id(line.id, Step.POSTED, place | Beside.CLAIM)
            legs.append(_claim(around, number, books.owed(line.subject), creditor, amount))
    return legs


def _claim(around: Around, number: int, debit: int, credit: int, amount: int) -> Leg:
    return Leg(number, debit, credit, amount, around.authority.claim_ledger, Movement.CLAIM)


def _partial_cancel(around: Around, line: Line) -> list[Leg]:
    [(transfer, held)] = line.parts
    if line.amount >= held:
        raise BadOrder(f"the hold has {held}: keep less, or cancel it whole", field="keep", value=line.amount)
    legs = list(taken_up(around, transfer_id(line.id, Step.VOIDED), (transfer, held), VOID))
    rest = transfer_id(line.id, leg=1)
    old = around.facts.get(transfer)
    code = Movement(old.code) if old else Movement.BID
    ledger = around.chart.currency
    legs.append(Leg(rest, line.first, line.second, line.amount, ledger, code, PENDING, timeout=line.timeout))
    for beside in Beside:
        fact = around.facts.get(transfer | beside)
        if fact is not None and fact.flags & PENDING:
            legs.append(
                Leg(
                    rest | beside,
                    fact.debit,
                    fact.credit,
                    line.amount,
                    fact.ledger,
                    fact.code,
                    PENDING,
                    timeout=line.timeout,
                )
            )
    return legs


def _repayment(around: Around, line: Line) -> list[Leg]:
    shares = [Share(*part) for part in line.parts]
    moves = [(line.first, around.chart.account(Kind.FEE_INCOME), line.fee, Movement.FEE)]
    portions = shared_out(line.amount, line.extra, line.fee, shares)
    for portion in portions:
        moves.append((line.first, portion.account, portion.principal, Movement.PRINCIPAL))
        moves.append((line.first, portion.account, portion.interest, Movement.INTEREST))
    legs = _moves(around, line, moves)
    if around.claims:
        books = around.authority
        to = books.owed(line.subject)
        if line.type is OrderType.COMPENSATION:
            to = books.claim(line.subject, line.first)
        for place, portion in enumerate(portions):
            if portion.principal:
                number = line.id | place | Beside.CLAIM
                claim = books.claim(line.subject, portion.account)
                legs.append(_claim(around, number, claim, to, portion.principal))
    return legs


def _debt_transfer(around: Around, line: Line) -> list[Leg]:
    if line.extra < 1:
        raise BadOrder("sells nothing", field="principal", value=line.extra)
    if line.fee > line.amount:
        raise BadOrder(f"the fee comes out of the price of {line.amount}", field="fee", value=line.fee)
    legs = _moves(
        around,
        line,
        [
            (line.first, line.second, line.amount, Movement.DEBT_PRICE),
            (line.second, around.chart.account(Kind.FEE_INCOME), line.fee, Movement.FEE),
        ],
    )
    if around.claims:
        books = around.authority
        sold, bought = books.claim(line.subject, line.second), books.claim(line.subject, line.first)
        legs.append(_claim(around, line.id | Beside.CLAIM, sold, bought, line.extra))
    return legs


def _refund(around: Around, line: Line) -> list[Leg]:
    [(paid, _)] = line.parts
    legs = [Leg(line.id, line.first, line.second, line.amount, around.chart.currency, Movement.REFUND)]
    if paid in around.facts:
        books = around.authority
        left = books.refundable(paid)
        number = line.id | Beside.REFUNDABLE
        legs.append(Leg(number, left, books.used, line.amount, books.ledger, Movement.AUTHORITY_USED))
    return legs


def _paid_out(around: Around, line: Line) -> list[Leg]:
    held = line.id | (line.mode == Mode.IMMEDIATE)
    return list(taken_up(around, transfer_id(line.id, Step.POSTED), (held, line.amount), POST))


def _payout_failed(around: Around, line: Line) -> list[Leg]:
    legs = list(taken_up(around, transfer_id(line.id, Step.VOIDED), (line.id, line.amount), VOID))
    if line.mode == Mode.IMMEDIATE:
        freed = transfer_id(line.id, Step.VOIDED, 1)
        legs += taken_up(around, freed, (line.id | 1, line.amount), VOID)
    return legs


def _payout_returned(around: Around, line: Line) -> list[Leg]:
    chart, number = around.chart, transfer_id(line.id, Step.RETURNED)
    code = Movement.PAYOUT_RETURNED
    if line.mode != Mode.IMMEDIATE:
        bank = chart.account(Kind.BANK_MIRROR)
        return [Leg(number, bank, line.first, line.amount, chart.currency, code)]
    own, own_bank = chart.account(Kind.PLATFORM_OWN), chart.account(Kind.OWN_BANK_MIRROR)
    legs = [Leg(number, own_bank, own, line.amount, chart.currency, code)]
    legs += taken_up(around, transfer_id(line.id, Step.VOIDED), (line.id, line.amount), VOID)
    return legs


def _advance_recovered(around: Around, line: Line) -> list[Leg]:
    chart = around.chart
    legs = list(taken_up(around, transfer_id(line.id, Step.RECOVERED), (line.id, line.amount), POST))
    own, own_bank = chart.account(Kind.PLATFORM_OWN), chart.account(Kind.OWN_BANK_MIRROR)
    code, number = Movement.ADVANCE_RECOVERED, transfer_id(line.id, Step.RECOVERED, 1)
    legs.append(Leg(number, own_bank, own, line.amount, chart.currency, code))
    return legs


def _between_pools(around: Around, line: Line) -> list[Leg]:
    chart = around.chart
    bank, own_bank = chart.account(Kind.BANK_MIRROR), chart.account(Kind.OWN_BANK_MIRROR)
    own = chart.account(Kind.PLATFORM_OWN)
    if line.type is OrderType.TOP_UP:
        moves = [
            (own, own_bank, line.amount, Movement.TOP_UP_PAID),
            (bank, line.first, line.amount, Movement.TOP_UP),
        ]
    elif line.type is OrderType.EXCESS:
        moves = [
            (line.first, bank, line.amount, Movement.EXCESS),
            (own_bank, own, line.amount, Movement.EXCESS_RECEIVED),
        ]
    else:
        moves = [
            (chart.account(Kind.FEE_INCOME), bank, line.amount, Movement.FEE_SWEEP),
            (own_bank, own, line.amount, Movement.SWEEP_RECEIVED),
        ]
    return _moves(around, line, moves)


def can_be_refunded(fact: Fact, chart: Chart) -> bool:
    """Whether the transfer is a customer's payment that was made and may be given back."""
    if fact.flags & (PENDING | VOID) or fact.ledger != chart.currency:
        return False
    return fact.code not in (Movement.REFUND, Movement.REVERSAL) and party_of(fact.debit) != 0


def _reversal(around: Around, line: Line) -> list[Leg]:
    legs, books = [], around.authority
    for place, (transfer, amount) in enumerate(line.parts):
        fact = around.facts.get(transfer)
        if fact is None or fact.amount != amount or fact.flags & (PENDING | VOID):
            raise BadOrder("is no booking that can be reversed", field="legs", value=transfer)
        number = transfer_id(line.id, Step.REVERSED, place)
        legs.append(Leg(number, fact.credit, fact.debit, amount, fact.ledger, Movement.REVERSAL))
        if can_be_refunded(fact, around.chart):  # refunded or reversed, never both
            left, used = books.refundable(transfer), Movement.AUTHORITY_USED
            legs.append(Leg(number | Beside.REFUNDABLE, left, books.used, amount, books.ledger, used))
    return legs


MAKERS: Mapping[OrderType, Maker] = MappingProxyType(
    {
        OrderType.SETTLE: _settle,
        OrderType.RELEASE: _release,
        OrderType.FAILURE: _freed,
        OrderType.PARTIAL_CANCEL: _partial_cancel,
        OrderType.REPAYMENT: _repayment,
        OrderType.COMPENSATION: _repayment,
        OrderType.DEBT_TRANSFER: _debt_transfer,
        OrderType.REFUND: _refund,
        OrderType.PAID_OUT: _paid_out,
        OrderType.PAYOUT_FAILED: _payout_failed,
        OrderType.PAYOUT_RETURNED: _payout_returned,
        OrderType.ADVANCE_RECOVERED: _advance_recovered,
        OrderType.UNFREEZE: _freed,
        OrderType.SWEEP: _between_pools,
        OrderType.TOP_UP: _between_pools,
        OrderType.EXCESS: _between_pools,
        OrderType.REVERSAL: _reversal,
    }
)
"""The maker of each type that is no plain movement."""
