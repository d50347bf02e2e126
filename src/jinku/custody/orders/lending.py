"""Orders of a loan's life beyond bid, release and repayment: holds for any payment, settling them, claims that move.

Rules:

1. A hold is posted or freed once. Leaving less in it (`PartialCancel`) frees it whole and holds the rest anew, in one
   chain: from then on the new hold is the one to settle.
2. Who pays whom out of a hold was said when it was made; settling it cannot change that.
3. A loan's claims (who is owed how much of its principal) follow the money: they arise at the release, move with a
   debt transfer and with a compensation, and end with the repayment.

Example::

    part = PartialCancel(id=…, day=…, hold=bid.hold, payer=a, payee=b, keep=40_000)
    Settle(id=…, day=…, hold=part.rest)
"""

from dataclasses import dataclass

from jinku.custody.orders.model import Hold, Order, Share, transfer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Order):
    """Money held for a payment to come: a repayment, a purchase of debt, a fee (预处理冻结).

    `timeout` is in seconds, 0 for none.
    """

    payer: int
    payee: int
    amount: int
    timeout: int = 0

    @property
    def hold(self) -> Hold:
        """What is held."""
        return Hold(transfer_id(self.id), self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Order):
    """One hold is paid, in full or in part; the rest of it is free again (单笔交易). Batches of these settle a batch
    of holds (批量交易), each by itself.
    """

    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialCancel(Order):
    """A hold is reduced to `keep`; the difference is free again (取消预处理). `timeout` is the new hold's, in seconds:
    never longer than what the old one has left.
    """

    hold: Hold
    payer: int
    payee: int
    keep: int
    timeout: int = 0

    @property
    def rest(self) -> Hold:
        """What stays held."""
        return Hold(transfer_id(self.id, leg=1), self.keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation(Order):
    """A guarantor pays a loan's investors what the borrower owes them, and takes over their claims (代偿)."""

    guarantor: int
    shares: tuple[Share, ...]
    principal: int
    interest: int
    fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTransfer(Order):
    """A creditor sells `principal` of a loan (`subject`) for `price`; the platform's `fee` comes out of it (债权转让).

    The discount is principal less price; a price above the principal is a premium.
    """

    buyer: int
    seller: int
    principal: int
    price: int
    fee: int = 0
