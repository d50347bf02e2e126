"""The words of an account structure, as closed tables: roles, whose money, sides, limits, kinds, movements.

Rules:

1. The number of a kind is its ``code`` in the ledger and never changes meaning; a new kind takes a new
   number. Numbers below ``OWN_CODES_FROM`` mean the same in every structure; an institution's own kinds take
   numbers from there on.
2. Every unit of money is a client's or the institution's own (`Money`), and lies in one pool. A control
   account mirrors a place where money lies (a bank account, or on its way to one) and is nobody's money.
3. Which kinds an institution has, in which pools, and what they are called there, is data: see
   `jinku.custody.structure.template`.

Example::

    structure = load_structure("cn-fund-custody")
    structure.kind(Kind.INVESTOR).money  # Money.CLIENT
"""

from enum import Enum, IntEnum, StrEnum

OWN_CODES_FROM = 10_000


class Role(StrEnum):
    """What a party is to the institution (出借人、借款人、商户、担保方、客户、最终用户)."""

    INVESTOR = "investor"
    BORROWER = "borrower"
    MERCHANT = "merchant"
    GUARANTOR = "guarantor"
    CUSTOMER = "customer"
    """A payment service user or electronic money holder (UK, EU)."""
    END_USER = "end_user"
    """A beneficial owner in a for-benefit-of programme, a person (US)."""
    BUSINESS_USER = "business_user"
    """The same, a business (US)."""


class Money(StrEnum):
    """Whose money an account's balance is."""

    CLIENT = "client"
    OWN = "own"
    CONTROL = "control"


class Pool(StrEnum):
    """The pools that every built-in structure has; a structure may have others."""

    CLIENT = "client_pool"
    OWN = "own_account"


class Place(StrEnum):
    """Where the money lies that a control account mirrors."""

    BANK = "bank"
    TRANSIT = "transit"


class Side(StrEnum):
    """The side on which an account's balance is normally found."""

    DEBIT = "debit"
    CREDIT = "credit"


class Limit(Enum):
    """What the ledger refuses on an account."""

    NO_OVERDRAFT = "no_overdraft"
    """Pending and posted debits above posted credits."""
    NO_CREDIT_BALANCE = "no_credit_balance"
    """Pending and posted credits above posted debits."""
    UNLIMITED = "unlimited"
    """Nothing: money in transit that a network may owe us or we it."""


class Kind(IntEnum):
    """Kinds of account with a meaning in every structure; the value is the account's ``code``."""

    BANK_MIRROR = 1001
    OWN_BANK_MIRROR = 1002
    SECOND_BANK_MIRROR = 1003
    ASSETS_MIRROR = 1004
    RESERVE_MIRROR = 1005
    IN_TRANSIT = 1010
    INVESTOR = 2001
    BORROWER = 2002
    MERCHANT = 2003
    GUARANTOR = 2004
    CUSTOMER = 2010
    END_USER = 2020
    BUSINESS_USER = 2021
    SUSPENSE = 2090
    RISK_RESERVE = 3001
    TOP_UP = 3002
    PROGRAMME_RESERVE = 3003
    FEE_INCOME = 4001
    PLATFORM_OWN = 4002


KIND_MONEY = {
    **dict.fromkeys(
        (
            Kind.BANK_MIRROR,
            Kind.OWN_BANK_MIRROR,
            Kind.SECOND_BANK_MIRROR,
            Kind.ASSETS_MIRROR,
            Kind.RESERVE_MIRROR,
            Kind.IN_TRANSIT,
        ),
        Money.CONTROL,
    ),
    **dict.fromkeys((Kind[role.name] for role in Role), Money.CLIENT),
    Kind.SUSPENSE: Money.CLIENT,
    **dict.fromkeys(
        (Kind.RISK_RESERVE, Kind.TOP_UP, Kind.PROGRAMME_RESERVE, Kind.FEE_INCOME, Kind.PLATFORM_OWN),
        Money.OWN,
    ),
}
"""Whose money the kinds of common meaning hold: no structure may say otherwise."""


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
    WRITE_OFF = 161
    """A difference to the bank that is borne by own money or waits in suspense: the break is written off (差错核销)."""
    CLOSURE = 170
    """An account is closed to every movement: its party is frozen or has left (销户、冻结账户). Of amount 0."""
    AUTHORITY_GIVEN = 200
    """A limit is granted or taken back: units of authority, no money (授权额度)."""
    AUTHORITY_USED = 201
    """A limit is reserved or used up by an order."""
    CLAIM = 210
    """A creditor's share of a loan arises, moves or is repaid: units of principal owed, no money (债权份额)."""
