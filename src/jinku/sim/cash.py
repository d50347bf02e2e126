"""Money that comes in and goes out: balances taken over, deposits, withdrawals and what becomes of them."""

from dataclasses import dataclass, field
from datetime import date

from jinku.custody.orders.model import (
    ChannelDeposit,
    ChannelSettled,
    Deposit,
    Fee,
    Order,
    Paid,
    PaidOut,
    PayoutFailed,
    PayoutReturned,
    Refund,
    Sweep,
    TakeOver,
    Unidentified,
    Withdrawal,
    transfer_id,
)
from jinku.custody.structure.table import Kind, Role
from jinku.sim.scale import HUNDRED_YUAN, WITHDRAWAL_FEE
from jinku.sim.world import World

_CHANNEL_SHARE = 0.35
"""Of the deposits, those that come through a payment channel."""
_SOME_YUAN = (1, 2, 3, 5, 5, 8, 10, 10, 20, 20, 30, 50, 100)
"""Deposits are mostly round: these hundreds of yuan."""


@dataclass(slots=True)
class Cash:
    """Withdrawals under way, and the channel's takings not yet brought to the bank."""

    in_channel: int = 0
    asked: list[Withdrawal] = field(default_factory=list)
    paid: list[Withdrawal] = field(default_factory=list)
    fees: dict[int, Fee] = field(default_factory=dict)
    """The fee paid for a withdrawal, by the withdrawal's id."""


def taken_over(world: World, moment: int) -> list[Order]:
    """The balances that clients bring into the day."""
    orders: list[Order] = []
    rng = world.rng
    means = {
        Role.INVESTOR: (9.6, 0.9),
        Role.BORROWER: (9.0, 0.6),
        Role.MERCHANT: (11.0, 0.5),
        Role.GUARANTOR: (15.0, 0.3),
    }
    for role, (mean, spread) in means.items():
        for account in world.accounts(role):
            orders.append(_take_over(world, moment, account, int(100 * rng.lognormvariate(mean, spread))))
    orders.append(_take_over(world, moment, world.own(Kind.RISK_RESERVE), 200_000_000))
    return orders


def _take_over(world: World, moment: int, account: int, amount: int) -> Order:
    world.books.receive(world.own(Kind.BANK_MIRROR), amount)
    world.books.receive(account, amount)
    return TakeOver(id=world.order_id(moment), day=world.day_before, account=account, amount=amount)


def deposit(world: World, moment: int, account: int, amount: int, day: date | None = None) -> Deposit:
    """`amount` arrives at the bank for `account`."""
    world.books.receive(account, amount)
    world.books.receive(world.own(Kind.BANK_MIRROR), amount)
    return Deposit(
        id=world.order_id(moment),
        day=day or world.day,
        reference=world.reference(),
        account=account,
        amount=amount,
    )


def deposit_again(world: World, moment: int, first: Deposit) -> Deposit:
    """The mistake of booking the bank's notice of `first` a second time under another order."""
    world.books.receive(first.account, first.amount)
    world.books.receive(world.own(Kind.BANK_MIRROR), first.amount)
    again = world.order_id(moment)
    return Deposit(
        id=again, day=first.day, reference=first.reference, account=first.account, amount=first.amount
    )


def some_amount(world: World) -> int:
    """An amount that a customer would deposit, in fen."""
    hundreds = world.rng.choice(_SOME_YUAN) * HUNDRED_YUAN
    return hundreds if world.rng.random() < 0.8 else hundreds + world.rng.randrange(HUNDRED_YUAN)


def deposits(world: World, cash: Cash, moment: int, number: int) -> list[Order]:
    """Deposits of `number` customers, by bank transfer or through the channel."""
    investors, orders = world.accounts(Role.INVESTOR), list[Order]()
    for _ in range(number):
        account, amount = world.rng.choice(investors), some_amount(world)
        if world.rng.random() >= _CHANNEL_SHARE:
            orders.append(deposit(world, moment, account, amount))
            continue
        world.books.receive(account, amount)
        world.books.receive(world.own(Kind.IN_TRANSIT), amount)
        cash.in_channel += amount
        orders.append(
            ChannelDeposit(id=world.order_id(moment), day=world.day, account=account, amount=amount)
        )
    return orders


def channel_settled(world: World, cash: Cash, moment: int) -> list[Order]:
    """The channel brings what it took since the last time to the bank."""
    amount, cash.in_channel = cash.in_channel, 0
    if not amount:
        return []
    world.books.move(world.own(Kind.IN_TRANSIT), world.own(Kind.BANK_MIRROR), amount)
    order = world.order_id(moment)
    return [ChannelSettled(id=order, day=world.day, reference=world.reference(), amount=amount)]


def withdrawals(world: World, cash: Cash, moment: int, number: int) -> list[Order]:
    """Customers ask for part of what they have; every third pays a fee for it."""
    clients, orders = world.accounts(Role.INVESTOR) + world.accounts(Role.MERCHANT), list[Order]()
    for _ in range(number):
        account = world.rng.choice(clients)
        most = world.books.available(account) - WITHDRAWAL_FEE
        amount = most * world.rng.randrange(5, 60) // 100
        if amount < HUNDRED_YUAN:
            continue
        asked = Withdrawal(
            id=world.order_id(moment),
            day=world.day,
            reference=world.reference(),
            account=account,
            amount=amount,
        )
        world.books.hold(account, amount)
        cash.asked.append(asked)
        orders.append(asked)
        if world.rng.randrange(3) == 0:
            number, what_for = world.order_id(moment), asked.id
            fee = Fee(id=number, day=world.day, subject=what_for, payer=account, amount=WITHDRAWAL_FEE)
            world.books.move(account, world.own(Kind.FEE_INCOME), WITHDRAWAL_FEE)
            cash.fees[asked.id] = fee
            orders.append(fee)
    return orders


def payouts(world: World, cash: Cash, moment: int) -> list[Order]:
    """The bank's word on what was asked for before: most are paid, some are not, some paid ones come back."""
    orders: list[Order] = []
    returned = [one for one in cash.paid if world.rng.random() < 0.02]
    cash.paid = []
    for asked in returned:
        world.books.receive(world.own(Kind.BANK_MIRROR), asked.amount)
        world.books.receive(asked.account, asked.amount)
        orders.append(
            PayoutReturned(
                id=asked.id,
                day=world.day,
                reference=world.reference(),
                account=asked.account,
                amount=asked.amount,
            )
        )
        orders += _fee_back(world, cash, moment, asked)
    for asked in cash.asked:
        world.books.free(asked.account, asked.amount)
        if world.rng.random() < 0.03:
            orders.append(PayoutFailed(id=asked.id, day=world.day, amount=asked.amount))
            orders += _fee_back(world, cash, moment, asked)
            continue
        world.books.pay(asked.account, asked.amount)
        world.books.pay(world.own(Kind.BANK_MIRROR), asked.amount)
        orders.append(PaidOut(id=asked.id, day=world.day, reference=asked.reference, amount=asked.amount))
        cash.paid.append(asked)
    cash.asked = []
    return orders


def _fee_back(world: World, cash: Cash, moment: int, asked: Withdrawal) -> list[Order]:
    fee = cash.fees.pop(asked.id, None)
    income = world.own(Kind.FEE_INCOME)
    if fee is None or world.books.available(income) < fee.amount:
        return []
    world.books.move(income, fee.payer, fee.amount)
    paid = Paid(transfer_id(fee.id), fee.payer, income, fee.amount)
    return [Refund(id=world.order_id(moment), day=world.day, paid=paid, amount=fee.amount)]


def unidentified(world: World, moment: int) -> list[Order]:
    """A receipt whose owner nobody knows yet."""
    amount = some_amount(world)
    world.books.receive(world.own(Kind.BANK_MIRROR), amount)
    world.books.receive(world.own(Kind.SUSPENSE), amount)
    return [
        Unidentified(id=world.order_id(moment), day=world.day, reference=world.reference(), amount=amount)
    ]


def sweep(world: World, moment: int) -> list[Order]:
    """All fee income leaves the client pool."""
    amount = world.books.available(world.own(Kind.FEE_INCOME))
    if not amount:
        return []
    world.books.pay(world.own(Kind.FEE_INCOME), amount)
    world.books.pay(world.own(Kind.BANK_MIRROR), amount)
    world.books.receive(world.own(Kind.OWN_BANK_MIRROR), amount)
    world.books.receive(world.own(Kind.PLATFORM_OWN), amount)
    return [Sweep(id=world.order_id(moment), day=world.day, reference=world.reference(), amount=amount)]
