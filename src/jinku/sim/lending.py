"""Loans given before, and their instalments that fall due today."""

from dataclasses import dataclass

from jinku.custody.orders.model import Order, Repayment, Share
from jinku.custody.structure.table import Kind, Role
from jinku.sim.cash import deposit
from jinku.sim.scale import HUNDRED_YUAN, INTEREST_FEE_BP, REPAYMENT_SLOTS
from jinku.sim.world import World


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan with an instalment due today. Money in fen; `rate_bp` is a year's interest in 1/100 %."""

    number: int
    borrower: int
    payer: int
    """The borrower or, where the borrower cannot, the guarantor or the risk reserve."""
    shares: tuple[Share, ...]
    rate_bp: int
    months_left: int
    slot: int

    @property
    def principal(self) -> int:
        """This month's part of what is still owed."""
        return sum(share.principal for share in self.shares) // self.months_left

    @property
    def interest(self) -> int:
        """A month's interest on what is still owed, rounded half up to the fen."""
        owed = sum(share.principal for share in self.shares)
        return (2 * owed * self.rate_bp + 120_000) // 240_000


def loans(world: World) -> list[Loan]:
    """The loans with an instalment due today, in the order in which they will be collected."""
    rng, scale = world.rng, world.scale
    investors, borrowers = world.accounts(Role.INVESTOR), world.accounts(Role.BORROWER)
    guarantors = world.accounts(Role.GUARANTOR)
    made = []
    for index in range(scale.loans_due):
        borrower = borrowers[index % len(borrowers)]
        payer = borrower
        if index % 40 == 13:
            payer = guarantors[index % len(guarantors)]
        elif index == 2:
            payer = world.own(Kind.RISK_RESERVE)
        holders = rng.sample(investors, rng.randint(*scale.investors_per_loan))
        made.append(
            Loan(
                number=world.order_id(world.moment(0)),
                borrower=borrower,
                payer=payer,
                shares=tuple(Share(one, rng.randint(1, 80) * HUNDRED_YUAN) for one in holders),
                rate_bp=rng.choice((600, 720, 850, 960, 1080, 1200)),
                months_left=rng.randint(1, 24),
                slot=rng.choice(REPAYMENT_SLOTS),
            )
        )
    return sorted(made, key=lambda loan: (loan.slot, loan.number))


def topping_up(world: World, due: list[Loan], moment: int) -> list[Order]:
    """Borrowers bring what they lack for the instalments `due` next."""
    orders: list[Order] = []
    needed: dict[int, int] = {}
    for loan in due:
        needed[loan.payer] = needed.get(loan.payer, 0) + loan.principal + loan.interest
    for payer, amount in needed.items():
        lacking = amount - world.books.available(payer)
        if lacking > 0 and payer != world.own(Kind.RISK_RESERVE):
            orders.append(deposit(world, moment, payer, -(-lacking // HUNDRED_YUAN) * HUNDRED_YUAN))
    return orders


def repayments(world: World, due: list[Loan], moment: int) -> list[Order]:
    """The instalments `due` now, each shared out to the loan's investors."""
    return [_repay(world, loan, moment) for loan in due]


def _repay(world: World, loan: Loan, moment: int) -> Repayment:
    order = Repayment(
        id=world.order_id(moment),
        day=world.day,
        subject=loan.number,
        payer=loan.payer,
        shares=loan.shares,
        principal=loan.principal,
        interest=loan.interest,
        fee=loan.interest * INTEREST_FEE_BP // 10_000,
    )
    world.books.move(loan.payer, world.own(Kind.FEE_INCOME), order.fee)
    for account, amount in _shared_out(order):
        world.books.move(loan.payer, account, amount)
    return order


def _shared_out(order: Repayment) -> list[tuple[int, int]]:
    """What each investor should get, worked out by another method than the order desk's.

    Exact fractions are cut to whole fen; what is left goes out one fen each by the size of the part cut off.
    """
    whole = sum(share.principal for share in order.shares)
    got = [0] * len(order.shares)
    for total in (order.principal, order.interest - order.fee):
        cut = [divmod(total * share.principal, whole) for share in order.shares]
        left = total - sum(part for part, _ in cut)
        ranked = sorted(range(len(cut)), key=lambda index: cut[index][1], reverse=True)
        for place, index in enumerate(ranked):
            got[index] += cut[index][0] + (place < left)
    return [(share.account, amount) for share, amount in zip(order.shares, got, strict=True)]
