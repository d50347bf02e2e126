"""What kinds of account and of movement there are, as tables to be read.

Rules:

1. The number of a kind is its ``code`` in the ledger and never changes meaning; a new kind takes a new
   number.
2. Every unit of money is a client's or the platform's own (`Money`), and lies in one of two banks' accounts
   (`Pool`): the client pool or the platform's own account. A control account mirrors the bank and is
   nobody's money.
3. In each pool, what the control accounts hold equals what the other accounts are owed. The ledger keeps
   this true.
4. A client account may not be overdrawn, nor may the bank mirror hold less than nothing: the ledger enforces
   both.

Example::

    KINDS[Kind.INVESTOR].money  # Money.CLIENT
    KINDS[Kind.BANK_MIRROR].side  # Side.DEBIT
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a party is to the platform (出借人、借款人、商户、担保方)."""

    INVESTOR = "investor"
    BORROWER = "borrower"
    MERCHANT = "merchant"
    GUARANTOR = "guarantor"


class Money(StrEnum):
    """Whose money an account's balance is."""

    CLIENT = "client"
    OWN = "own"
    CONTROL = "control"


class Pool(StrEnum):
    """Which bank account the money lies in."""

    CLIENT = "client_pool"
    OWN = "own_account"


class Side(StrEnum):
    """The side on which an account's balance is normally found."""

    DEBIT = "debit"
    CREDIT = "credit"


class Limit(Enum):
    """What the ledger refuses on an account."""

    NO_OVERDRAFT = "debits_must_not_exceed_credits"
    NO_CREDIT_BALANCE = "credits_must_not_exceed_debits"


class Kind(IntEnum):
    """Kinds of account; the value is the account's ``code``."""

    BANK_MIRROR = 1001
    OWN_BANK_MIRROR = 1002
    IN_TRANSIT = 1010
    INVESTOR = 2001
    BORROWER = 2002
    MERCHANT = 2003
    GUARANTOR = 2004
    SUSPENSE = 2090
    RISK_RESERVE = 3001
    FEE_INCOME = 4001
    PLATFORM_OWN = 4002


@dataclass(frozen=True, slots=True)
class AccountKind:
    """One line of the chart of accounts."""

    kind: Kind
    money: Money
    pool: Pool
    side: Side
    limit: Limit
    english: str
    chinese: str


# fmt: off
_CHART = (
    # kind                 whose money    which pool   normal side  what the ledger refuses
    (Kind.BANK_MIRROR,     Money.CONTROL, Pool.CLIENT, Side.DEBIT,  Limit.NO_CREDIT_BALANCE),
    (Kind.OWN_BANK_MIRROR, Money.CONTROL, Pool.OWN,    Side.DEBIT,  Limit.NO_CREDIT_BALANCE),
    (Kind.IN_TRANSIT,      Money.CONTROL, Pool.CLIENT, Side.DEBIT,  Limit.NO_CREDIT_BALANCE),
    (Kind.INVESTOR,        Money.CLIENT,  Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.BORROWER,        Money.CLIENT,  Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.MERCHANT,        Money.CLIENT,  Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.GUARANTOR,       Money.CLIENT,  Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.SUSPENSE,        Money.CLIENT,  Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.RISK_RESERVE,    Money.OWN,     Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.FEE_INCOME,      Money.OWN,     Pool.CLIENT, Side.CREDIT, Limit.NO_OVERDRAFT),
    (Kind.PLATFORM_OWN,    Money.OWN,     Pool.OWN,    Side.CREDIT, Limit.NO_OVERDRAFT),
)
_NAMES = {
    Kind.BANK_MIRROR:     ("Custodian bank, client pool",           "存管银行专户"),
    Kind.OWN_BANK_MIRROR: ("Platform's own bank account",           "平台自有账户"),
    Kind.IN_TRANSIT:      ("Money in transit from a channel",       "在途资金"),
    Kind.INVESTOR:        ("Investor",                              "出借人"),
    Kind.BORROWER:        ("Borrower",                              "借款人"),
    Kind.MERCHANT:        ("Merchant",                              "商户"),
    Kind.GUARANTOR:       ("Guarantor",                             "担保方"),
    Kind.SUSPENSE:        ("Suspense: received, owner not known",   "待查款项"),
    Kind.RISK_RESERVE:    ("Risk reserve",                          "风险备付金"),
    Kind.FEE_INCOME:      ("Fee income not yet swept",              "待划转手续费收入"),
    Kind.PLATFORM_OWN:    ("Platform's own money",                  "平台自有资金"),
}
# fmt: on

KINDS = MappingProxyType({line[0]: AccountKind(*line, *_NAMES[line[0]]) for line in _CHART})
"""The chart of accounts by kind."""

ROLE_KINDS = MappingProxyType({role: Kind[role.name] for role in Role})
"""The account that a party of each role has."""

ENTITY_KINDS = tuple(kind for kind in Kind if kind not in ROLE_KINDS.values())
"""Accounts that a legal entity has once per currency, without a party behind them."""


class Movement(IntEnum):
    """What a transfer is for; the value is the transfer's ``code``."""

    OPENING = 10
    """A balance taken over from the books before."""
    DEPOSIT = 20
    """A customer's money reached the bank (充值)."""
    TRANSIT_SETTLED = 21
    """A payment channel's batch reached the bank."""
    UNIDENTIFIED = 22
    """Money reached the bank and its owner is not known yet."""
    BID = 30
    """An investor's money held for, then paid to, a project (投标)."""
    FEE = 40
    """A customer pays the platform's fee (手续费)."""
    ENTRUSTED_PAYMENT = 50
    """A loan paid on to the merchant it was taken for (受托支付)."""
    PRINCIPAL = 60
    """Principal repaid to an investor (还本)."""
    INTEREST = 61
    """Interest paid to an investor (付息)."""
    WITHDRAWAL = 70
    """Money held for, then paid out to, a customer's bank card (提现)."""
    PAYOUT_RETURNED = 71
    """A paid-out withdrawal came back from the customer's bank (提现退汇)."""
    REFUND = 80
    """An earlier payment given back in full or part (退款)."""
    FEE_SWEEP = 90
    """Fee income leaves the client pool for the platform's own account."""
    SWEEP_RECEIVED = 91
    """The other side of a sweep, in the platform's own account."""
    AGREEMENT = 100
    """Money allocated by an approved agreement (存管合约)."""
    RESERVED = 110
    """A customer's money held for a payment to come (预处理)."""
    DEBT_PRICE = 120
    """The buyer of a creditor's claim pays its seller (债权转让)."""
    ADVANCED_PAYOUT = 130
    """A withdrawal paid at once out of the platform's own account (T+0 垫付提现)."""
    ADVANCE_RECOVERED = 131
    """The customer's money comes to the platform that advanced it."""
    ROLLED_BACK = 132
    """Money that the bank pushed back after a failed payout (资金回退充值)."""
    FROZEN = 140
    """An amount held by order of a court, an authority or the risk desk (冻结)."""
    TOP_UP = 150
    """Own money comes into the client pool (补足缺口)."""
    TOP_UP_PAID = 151
    """The other side of a top-up, in the platform's own account."""
    EXCESS = 152
    """Own money leaves the client pool (提取溢余)."""
    EXCESS_RECEIVED = 153
    """The other side of a withdrawn excess, in the platform's own account."""
    REVERSAL = 160
    """An earlier booking taken back by its mirror image (红冲)."""
    AUTHORITY_GIVEN = 200
    """A limit is granted or taken back: units of authority, no money (授权额度)."""
    AUTHORITY_USED = 201
    """A limit is reserved or used up by an order."""
    CLAIM = 210
    """A creditor's share of a loan arises, moves or is repaid: units of principal owed, no money (债权份额)."""
