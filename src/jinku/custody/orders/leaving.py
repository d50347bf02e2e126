"""How a leaving party is paid out: as a withdrawal through the corridor, on the word of its closing."""

import hashlib
from collections.abc import Callable

from jinku.base.clock import day_of
from jinku.custody.orders.corridor import Corridor
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.model import Withdrawal, new_order_id
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import OneTime, Request, digest_of
from jinku.custody.parties.carrying import Payout
from jinku.custody.parties.errors import LedgerRefused

_SERIAL_BYTES = 7


class CorridorPayouts:
    """See `jinku.custody.parties.carrying.Payouts`."""

    def __init__(self, corridor_of: Callable[[int, int], Corridor]) -> None:
        """`corridor_of` gives the corridor of a legal entity's books in a currency (ISO 4217 number)."""
        self._corridor_of = corridor_of

    def order_id(self, key: str, at: int) -> int:
        """An order id from the moment and a digest of the key."""
        serial = int.from_bytes(hashlib.sha256(key.encode()).digest()[:_SERIAL_BYTES], "big")
        return new_order_id(at // 1_000_000, serial)

    def pay_out(self, payout: Payout) -> None:
        """Ask the corridor for the withdrawal. Raises LedgerRefused where it is refused."""
        corridor = self._corridor_of(payout.account >> 96, payout.account >> 16 & 0xFFFF)
        order = Withdrawal(
            id=payout.order_id, day=day_of(payout.at), account=payout.account, amount=payout.amount
        )
        evidence = f"closing-{payout.party}-{payout.order_id & 0xFFFFFFFFFF:x}"
        word = OneTime(Method.SIGNATURE, evidence, payout.at, digest_of(corridor.rooms.chart, order))
        answer = corridor.submit([Request(order, maker=payout.by, word=word)])[0]
        if answer.state is State.REFUSED:
            raise LedgerRefused(
                f"the payout of party {payout.party} was refused: {answer.reason.name.lower()}",
                remedy="look at the order, then carry on with `jinku party recover`",
            )
