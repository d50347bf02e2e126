"""Orders that no customer gives: freezing, the bank's late word, money between the pools, and corrections.

Rules:

1. A frozen amount stays the customer's and in the pool; nobody can pay it to anyone, only free it again.
2. What the bank pushes back after a paid withdrawal is booked under that withdrawal's id: once, however it is named.
3. Money between the own account and the client pool is two linked transfers, one in each pool.
4. A booking is corrected by its mirror image (red entry) and never changed. A booking is reversed once.

Example::

    Freeze(id=…, day=…, subject=case_number, account=a, amount=5_000)
"""

from dataclasses import dataclass

from jinku.custody.orders.model import Hold, Order, transfer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack(Order):
    """The bank pushed a paid withdrawal's money back after the card's bank had refused it (资金回退充值). `id` is that
    of the withdrawal, `reference` the bank's number of the roll-back.
    """

    account: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceRecovered(Order):
    """The platform got back from the client pool what it had advanced for an immediate withdrawal (垫付回收). `id` is
    that of the withdrawal.
    """

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze(Order):
    """An amount is held by order of a court, an authority or the risk desk; `subject` is the case number (冻结)."""

    account: int
    amount: int

    @property
    def hold(self) -> Hold:
        """What is frozen."""
        return Hold(transfer_id(self.id), self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfreeze(Order):
    """A frozen amount is free again, whole (解冻)."""

    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp(Order):
    """Own money comes into the client pool, into `account`: the risk reserve, or a customer who is owed it (补足)."""

    account: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess(Order):
    """Own money leaves the client pool, out of `account`, one of the platform's own there (提取溢余)."""

    account: int
    amount: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A transfer as the ledger has it: what its mirror image takes back."""

    transfer: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal(Order):
    """An order's bookings are taken back, all of them (红冲). `id` is that of the order; make it with `reversal_of`."""

    legs: tuple[Booked, ...]
