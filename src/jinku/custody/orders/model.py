"""Orders as frozen values: one instruction to move money each. What each type is and needs: `catalogue`.

Rules:

1. An order's id is 128 bits, made once by whoever gives the order, and ends in 24 zero bits. The transfers it
   becomes are numbered inside those bits: ``order id | step << 16 | leg``. So the same order always becomes
   the same transfers, sending it twice books it once, and a transfer names its order.
2. An amount is a whole number of minor units, at least 1.
3. `day` is the business day the order belongs to; it goes into ``user_data_32`` as yyyymmdd.
4. `reference` is the number the bank knows a movement by; it goes into ``user_data_64``, 0 where no bank is
   asked.
5. `subject` is what the movement is about (a project, a loan, an earlier transfer); it goes into
   ``user_data_128``.

Example::

    bid = Bid(id=new_order_id(moment_ms, 7), day=date(2026, 11, 20), subject=project, investor=a, borrower=b,
              amount=100_000, timeout=86_400)
    release = Release(..., holds=(bid.hold,), fee=1_500)
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from jinku.custody.errors import BadOrder
from jinku.ledger.layout import AMOUNT_MAX
from jinku.ledger.limits import BATCH_EVENTS_MAX

STEP_BITS = 8
LEG_BITS = 16
LEGS_MAX = BATCH_EVENTS_MAX
"""Transfers of one order: they are one linked chain, which must fit one batch of the ledger."""
SERIAL_BITS = 56
TIMEOUT_MAX_S = (1 << 32) - 1
_NUMBERED_BITS = STEP_BITS + LEG_BITS


class Step(IntEnum):
    """Which act in an order's life a transfer belongs to."""

    FIRST = 0
    """The order itself: the movement, or the hold."""
    POSTED = 1
    """What was held is paid."""
    VOIDED = 2
    """What was held is free again."""
    RETURNED = 3
    """What was paid out came back."""
    RECOVERED = 4
    """What the platform advanced came back to it."""
    REVERSED = 5
    """The order's bookings are taken back by their mirror image."""


class Mode(IntEnum):
    """How a withdrawal is paid (提现方式)."""

    NORMAL = 0
    """Out of the client pool, when the bank pays (普通提现)."""
    IMMEDIATE = 1
    """At once out of the platform's own account, which is paid back out of the client pool later (T+0 垫付提现)."""
    CONFIRMED = 2
    """Out of the client pool, once the customer has confirmed it (待确认提现)."""


def new_order_id(moment_ms: int, serial: int) -> int:
    """An order id from the moment (ms since 1970, 48 bits) and a number unique within it (56 bits; random
    will do).

    Raises BadOrder out of range.
    """
    if not 0 < moment_ms < 1 << 48:
        raise BadOrder("not a moment in ms since 1970", field="moment_ms", value=moment_ms)
    if not 0 <= serial < 1 << SERIAL_BITS:
        raise BadOrder("not a 56-bit number", field="serial", value=serial)
    return moment_ms << 80 | serial << _NUMBERED_BITS


def transfer_id(order_id: int, step: Step = Step.FIRST, leg: int = 0) -> int:
    """The id of the transfer that is `leg` of `step` of the order."""
    return order_id | step << LEG_BITS | leg


def order_of(transfer: int) -> int:
    """The order that this transfer id belongs to."""
    return transfer >> _NUMBERED_BITS << _NUMBERED_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every order has; see the module's rules. Raises BadOrder for an id that leaves no room for
    numbers.
    """

    id: int
    day: date
    subject: int = 0
    reference: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.id <= AMOUNT_MAX or order_of(self.id) != self.id:
            raise BadOrder("not an order id", field="id", value=self.id, remedy="make it with new_order_id")
        if not 0 <= self.subject <= AMOUNT_MAX:
            raise BadOrder("not a 128-bit number", field="subject", value=self.subject)
        if not 0 <= self.reference < 1 << 64:
            raise BadOrder("not a 64-bit number", field="reference", value=self.reference)


def checked_amount(amount: int, field: str = "amount", least: int = 1) -> int:
    """`amount` if it is a whole number of minor units from `least` to 2^128 - 1. Raises BadOrder."""
    if not isinstance(amount, int) or isinstance(amount, bool) or not least <= amount <= AMOUNT_MAX:
        raise BadOrder(
            "not an amount in minor units", field=field, value=amount, remedy=f"send at least {least}"
        )
    return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver(Order):
    """A balance taken over from the books before: the bank already holds it for `account`."""

    account: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(Order):
    """Money that reached the bank for `account` under `reference` (充值)."""

    account: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDeposit(Order):
    """Money that a payment channel took for `account` and still has to bring to the bank (快捷充值)."""

    account: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettled(Order):
    """A channel's collected deposits reached the bank as one line under `reference`."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid(Order):
    """An investor's offer to a project (`subject`): held until released, voided or timed out (投标冻结).

    `timeout` is in seconds, 0 for none.
    """

    investor: int
    borrower: int
    amount: int
    timeout: int = 0

    @property
    def hold(self) -> "Hold":
        """What is held by this bid."""
        return Hold(transfer_id(self.id), self.amount)


@dataclass(frozen=True, slots=True)
class Hold:
    """Money held by the pending transfer with this id."""

    transfer: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Order):
    """A fully bid project: every hold is paid to the borrower, and the fee out of it, all or
    nothing (满标放款).

    `merchant` is who the rest is paid on to (受托支付), 0 for nobody; `fee` may be 0.
    """

    borrower: int
    holds: tuple[Hold, ...]
    fee: int = 0
    merchant: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Order):
    """A project that failed: every hold is set free, all or nothing (流标解冻)."""

    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """An investor's part of a loan: the principal still owed to the account."""

    account: int
    principal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repayment(Order):
    """Principal and interest of a loan shared out to its investors in proportion to `shares` (还款分账).

    `fee` is taken from the interest. Everything is shared out to the last minor unit, all or nothing.
    """

    payer: int
    shares: tuple[Share, ...]
    principal: int
    interest: int
    fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee(Order):
    """A customer pays the platform (手续费)."""

    payer: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Order):
    """A customer asks for money on their bank card: held until the bank says what became of it (提现)."""

    account: int
    amount: int
    mode: Mode = Mode.NORMAL

    @property
    def hold(self) -> Hold:
        """What is held by this withdrawal."""
        return Hold(transfer_id(self.id), self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut(Order):
    """The bank paid a withdrawal out. `id` is that of the withdrawal."""

    amount: int
    mode: Mode = Mode.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFailed(Order):
    """The bank did not pay a withdrawal out: the money is free again. `id` is that of the withdrawal."""

    amount: int
    mode: Mode = Mode.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutReturned(Order):
    """A paid-out withdrawal came back (提现退汇). `id` is that of the withdrawal, `reference` that of
    the return. One paid in advance comes back to the platform, and frees the customer's money.
    """

    account: int
    amount: int
    mode: Mode = Mode.NORMAL


@dataclass(frozen=True, slots=True)
class Paid:
    """An earlier payment, as far as a refund needs it: its transfer, who paid whom and what is left to give
    back.
    """

    transfer: int
    payer: int
    payee: int
    refundable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Order):
    """An earlier payment given back in full or part (退款). Raises BadOrder for more than is left of it."""

    paid: Paid
    amount: int

    def __post_init__(self) -> None:
        Order.__post_init__(self)
        if checked_amount(self.amount) > self.paid.refundable:
            raise BadOrder(
                f"only {self.paid.refundable} of the payment is left to refund",
                field="amount",
                value=self.amount,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Order):
    """Fee income leaves the client pool for the platform's own account."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unidentified(Order):
    """Money that reached the bank without a known owner; it waits in suspense."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified(Order):
    """Money that waited in suspense has found its owner (待查款项认领)."""

    account: int
    amount: int
