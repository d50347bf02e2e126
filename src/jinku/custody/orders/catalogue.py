"""Every order type in one table: what it moves, on whose word, under which limits.

Rules:

1. A type's number is written into the order book and into what customers authorise; it never changes meaning.
2. `fields` says which column of `jinku.custody.orders.columns` holds which field of the order.
3. `legs` names the two accounts of a plain movement or hold; None where `jinku.custody.orders.legs` has a function.
4. `word` is on whose word the order may be given: the customer whose account is `first` (and, where `both`, the one
   whose account is `second`), the bank, or an operator. An account that is no customer's needs no customer's word.
5. `mandate` says whether a customer's standing permission will do; then the order uses up its total by `value`.
6. `project` says that the order uses up the project's limit; `claims` that it moves shares of the loan.

Example::

    CATALOGUE[OrderType.BID].mandate  # True
    type_of(bid)  # OrderType.BID
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from types import MappingProxyType

from jinku.custody.orders import exceptional as x
from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.model import Order, Step
from jinku.custody.structure.table import Kind, Movement


class OrderType(IntEnum):
    """What an order asks for."""

    TAKE_OVER = 1
    DEPOSIT = 2
    CHANNEL_DEPOSIT = 3
    CHANNEL_SETTLED = 4
    UNIDENTIFIED = 5
    IDENTIFIED = 6
    BID = 10
    RESERVE = 11
    SETTLE = 12
    RELEASE = 13
    FAILURE = 14
    PARTIAL_CANCEL = 15
    REPAYMENT = 20
    COMPENSATION = 21
    DEBT_TRANSFER = 22
    FEE = 30
    REFUND = 31
    WITHDRAWAL = 40
    PAID_OUT = 41
    PAYOUT_FAILED = 42
    PAYOUT_RETURNED = 43
    ROLL_BACK = 44
    ADVANCE_RECOVERED = 45
    FREEZE = 50
    UNFREEZE = 51
    SWEEP = 60
    TOP_UP = 61
    EXCESS = 62
    REVERSAL = 70


class Word(Enum):
    """On whose word money moves."""

    CUSTOMER = "customer"
    BANK = "bank"
    OPERATOR = "operator"


FIRST, SECOND = "first", "second"


@dataclass(frozen=True, slots=True)
class Legs:
    """A plain movement or hold: where it is debited and credited (a column or a kind of account), and its code."""

    debit: str | Kind
    credit: str | Kind
    code: Movement
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Which field of the order each column holds; empty for none. `parts` are pairs of an id and an amount."""

    first: str = ""
    second: str = ""
    third: str = ""
    amount: str = ""
    extra: str = ""
    fee: str = ""
    parts: str = ""


OrderClass = type[Order]


@dataclass(frozen=True, slots=True)
class OrderKind:
    """One line of the catalogue."""

    type: OrderType
    order: OrderClass
    word: Word
    fields: Fields
    english: str
    chinese: str
    legs: Legs | None = None
    step: Step = Step.FIRST
    """Other than FIRST where the order takes up another's life and bears its id."""
    both: bool = False
    mandate: bool = False
    project: bool = False
    claims: bool = False
    value: tuple[str, ...] = ("amount",)

    @property
    def holds(self) -> bool:
        """Whether the order reserves money instead of moving it."""
        return self.legs is not None and self.legs.pending


_AMOUNT = Fields(first="account", amount="amount")
_PARTS = ("parts",)
_SHARED = ("amount", "extra")
C, B, P = Word.CUSTOMER, Word.BANK, Word.OPERATOR
_BANK, _TRANSIT, _WAITING, _INCOME = Kind.BANK_MIRROR, Kind.IN_TRANSIT, Kind.SUSPENSE, Kind.FEE_INCOME

# fmt: off
_LINES = (
    OrderKind(OrderType.TAKE_OVER, o.TakeOver, P, _AMOUNT, "Balance taken over", "期初转入",
              Legs(_BANK, FIRST, Movement.OPENING)),
    OrderKind(OrderType.DEPOSIT, o.Deposit, B, _AMOUNT, "Deposit", "充值", Legs(_BANK, FIRST, Movement.DEPOSIT)),
    OrderKind(OrderType.CHANNEL_DEPOSIT, o.ChannelDeposit, B, _AMOUNT, "Deposit through a channel", "快捷充值",
              Legs(_TRANSIT, FIRST, Movement.DEPOSIT)),
    OrderKind(OrderType.CHANNEL_SETTLED, o.ChannelSettled, B, Fields(amount="amount"), "Channel's batch arrived",
              "渠道清算", Legs(_BANK, _TRANSIT, Movement.TRANSIT_SETTLED)),
    OrderKind(OrderType.UNIDENTIFIED, o.Unidentified, B, Fields(amount="amount"), "Unidentified receipt", "待查入账",
              Legs(_BANK, _WAITING, Movement.UNIDENTIFIED)),
    OrderKind(OrderType.IDENTIFIED, o.Identified, P, _AMOUNT, "Owner of a receipt found", "待查认领",
              Legs(_WAITING, FIRST, Movement.UNIDENTIFIED)),
    OrderKind(OrderType.BID, o.Bid, C, Fields(first="investor", second="borrower", amount="amount"), "Bid", "投标冻结",
              Legs(FIRST, SECOND, Movement.BID, pending=True), mandate=True, project=True),
    OrderKind(OrderType.RESERVE, n.Reserve, C, Fields(first="payer", second="payee", amount="amount"),
              "Pre-transaction", "预处理", Legs(FIRST, SECOND, Movement.RESERVED, pending=True), mandate=True),
    OrderKind(OrderType.SETTLE, n.Settle, P, Fields(parts="hold"), "Settlement of a hold", "单笔交易",
              value=_PARTS),
    OrderKind(OrderType.RELEASE, o.Release, P, Fields(first="borrower", third="merchant", fee="fee", parts="holds"),
              "Full-bid release", "满标放款", claims=True, value=_PARTS),
    OrderKind(OrderType.FAILURE, o.Failure, P, Fields(parts="holds"), "Failed-bid release", "流标解冻",
              value=_PARTS),
    OrderKind(OrderType.PARTIAL_CANCEL, n.PartialCancel, P,
              Fields(first="payer", second="payee", amount="keep", parts="hold"), "Partial cancel", "取消预处理",
              value=_PARTS),
    OrderKind(OrderType.REPAYMENT, o.Repayment, C,
              Fields(first="payer", amount="principal", extra="interest", fee="fee", parts="shares"),
              "Repayment", "还款", mandate=True, claims=True, value=_SHARED),
    OrderKind(OrderType.COMPENSATION, n.Compensation, C,
              Fields(first="guarantor", amount="principal", extra="interest", fee="fee", parts="shares"),
              "Compensation by the guarantor", "代偿", mandate=True, claims=True, value=_SHARED),
    OrderKind(OrderType.DEBT_TRANSFER, n.DebtTransfer, C,
              Fields(first="buyer", second="seller", amount="price", extra="principal", fee="fee"), "Debt transfer",
              "债权转让", both=True, mandate=True, claims=True),
    OrderKind(OrderType.FEE, o.Fee, C, Fields(first="payer", amount="amount"), "Fee", "手续费",
              Legs(FIRST, _INCOME, Movement.FEE), mandate=True),
    OrderKind(OrderType.REFUND, o.Refund, C, Fields(first="payee", second="payer", amount="amount", parts="paid"),
              "Refund", "退款", mandate=True),
    OrderKind(OrderType.WITHDRAWAL, o.Withdrawal, C, _AMOUNT, "Withdrawal", "提现",
              Legs(FIRST, _BANK, Movement.WITHDRAWAL, pending=True), mandate=True),
    OrderKind(OrderType.PAID_OUT, o.PaidOut, B, Fields(amount="amount"), "Withdrawal paid", "提现成功",
              step=Step.POSTED),
    OrderKind(OrderType.PAYOUT_FAILED, o.PayoutFailed, B, Fields(amount="amount"), "Withdrawal failed", "提现失败",
              step=Step.VOIDED),
    OrderKind(OrderType.PAYOUT_RETURNED, o.PayoutReturned, B, _AMOUNT, "Withdrawal returned", "提现退汇",
              step=Step.RETURNED),
    OrderKind(OrderType.ROLL_BACK, x.RollBack, B, _AMOUNT, "Roll-back recharge", "资金回退充值",
              Legs(_BANK, FIRST, Movement.ROLLED_BACK), step=Step.RETURNED),
    OrderKind(OrderType.ADVANCE_RECOVERED, x.AdvanceRecovered, B, Fields(amount="amount"), "Advance recovered",
              "垫付回收",
              step=Step.RECOVERED),
    OrderKind(OrderType.FREEZE, x.Freeze, P, _AMOUNT, "Freeze of an amount", "资金冻结",
              Legs(FIRST, _WAITING, Movement.FROZEN, pending=True)),
    OrderKind(OrderType.UNFREEZE, x.Unfreeze, P, Fields(parts="hold"), "Unfreeze", "资金解冻",
              value=_PARTS),
    OrderKind(OrderType.SWEEP, o.Sweep, P, Fields(amount="amount"), "Sweep of fee income", "手续费划转"),
    OrderKind(OrderType.TOP_UP, x.TopUp, P, _AMOUNT, "Top-up of the client pool", "补足缺口"),
    OrderKind(OrderType.EXCESS, x.Excess, P, _AMOUNT, "Withdrawal of an excess", "提取溢余"),
    OrderKind(OrderType.REVERSAL, x.Reversal, P, Fields(parts="legs"), "Reversal", "红冲", step=Step.REVERSED,
              value=_PARTS),
)
# fmt: on

CATALOGUE = MappingProxyType({line.type: line for line in _LINES})
"""The catalogue by type."""
_TYPES = MappingProxyType({line.order: line.type for line in _LINES})


def type_of(order: Order) -> OrderType | None:
    """The type of `order`; None for one that is in no line of the catalogue."""
    return _TYPES.get(type(order))
