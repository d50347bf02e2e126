"""How a repayment is shared out to the investors of a loan.

Rules:

1. Principal and interest are each shared out in proportion to the principal still owed, by the largest
   remainder (`jinku.base.money.allot`); the earlier investor comes first among equals.
2. The platform's fee comes out of the interest, before it is shared out.
3. Nothing is lost or made: all portions and the fee sum to principal plus interest, to the last minor unit.
   No portion differs from its true share by a whole unit or more.

Example::

    portions(Repayment(..., shares=(Share(a, 1), Share(b, 2)), principal=100, interest=10, fee=1))
    # [Portion(a, 33, 3), Portion(b, 67, 6)]
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.base.money import allot
from jinku.custody.errors import BadOrder
from jinku.custody.orders.model import Repayment, Share, checked_amount


@dataclass(frozen=True, slots=True)
class Portion:
    """What one investor gets, in minor units; either part may be 0."""

    account: int
    principal: int
    interest: int


def portions(order: Repayment) -> list[Portion]:
    """What each of the order's shares gets, in their order. Raises BadOrder, BadAllotment."""
    checked_amount(order.principal, "principal", least=0)
    checked_amount(order.interest, "interest", least=0)
    return shared_out(order.principal, order.interest, order.fee, order.shares)


def shared_out(principal: int, interest: int, fee: int, shares: Sequence[Share]) -> list[Portion]:
    """`principal` and `interest` less `fee` shared out to `shares`, in their order. Raises BadOrder, BadAllotment."""
    if principal + interest == 0:
        raise BadOrder("repays nothing", field="principal", value=0)
    if not 0 <= fee <= interest:
        raise BadOrder(f"the fee comes out of the interest of {interest}", field="fee", value=fee)
    weights = [share.principal for share in shares]
    return [
        Portion(share.account, owed, earned)
        for share, owed, earned in zip(
            shares, allot(principal, weights), allot(interest - fee, weights), strict=True
        )
    ]
