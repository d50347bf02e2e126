"""Own money between the own account and the client pool, as orders on the ledger.

Example::

    RemedyDesk(database, book, ledger, OrderPayer(ledger, structures), clock)
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jinku.base.currency import currency_by_number
from jinku.custody.closing.days import Books
from jinku.custody.closing.errors import CloseRefused
from jinku.custody.closing.remedies import Payment, RemedyKind
from jinku.custody.closing.requirement import PRUDENT_KEYS, AsOf, position_now
from jinku.custody.closing.table import rule_in_force
from jinku.custody.orders.desk import ColumnarLedger, OrderDesk
from jinku.custody.orders.exceptional import Excess, TopUp
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Kind, Money, Side
from jinku.ledger.layout import Array
from jinku.ledger.model import Account
from jinku.risk.decision.statuses import WAITS


class PayingLedger(ColumnarLedger, Protocol):
    """A ledger that books and answers."""

    def lookup_accounts(self, accounts: list[int]) -> list[Account]:
        """The accounts with these ids that exist."""
        ...

    def accounts_array(self) -> Array:
        """Every account at one instant, as ``ACCOUNT`` rows."""
        ...


class OrderPayer:
    """Pays by `TopUp` and `Excess` orders (`jinku.custody.orders.exceptional`)."""

    def __init__(self, ledger: PayingLedger, structure_of: Callable[[int], Structure]) -> None:
        """`structure_of` gives a legal entity's account structure by its number."""
        self._ledger, self._structure_of = ledger, structure_of

    def removable(self, books: Books, pool: str) -> int:
        """Own money in the pool, as the ledger has it now."""
        return sum(amount for _, amount in self._own(books, pool))

    def pay(self, payment: Payment) -> Mapping[str, Any]:
        """Book the payment as one order. Raises CloseRefused with what the ledger said."""
        chart = self._chart(payment.books)
        if payment.kind is RemedyKind.TOP_UP:
            account = chart.account(Kind.TOP_UP)
            order: TopUp | Excess = TopUp(
                id=payment.order_id, day=payment.day, account=account, amount=payment.amount
            )
        else:
            account = self._source(payment)
            order = Excess(id=payment.order_id, day=payment.day, account=account, amount=payment.amount)
        outcome = OrderDesk(self._ledger, chart).submit([order])
        if outcome.refused and outcome.refused[0].status in WAITS:
            raise CloseRefused(
                f"the {payment.kind.value} is held for review",
                remedy="have it released (`jinku risk waiting`), then execute it again",
            )
        if outcome.refused:
            raise CloseRefused(
                f"the ledger refused the {payment.kind.value}: {outcome.refused[0].status.name}",
                remedy="see that the own account holds enough money",
            )
        return {
            "account": f"{account:032x}",
            "transfers": outcome.booked,
            "day": payment.day.isoformat(),
            "position_now": self._position_now(payment, chart),
        }

    def _position_now(self, payment: Payment, chart: Chart) -> Mapping[str, Any]:
        """The pool's position by our books with the payment in it; the bank's word comes with its next statement."""
        unit = currency_by_number(payment.books.currency)
        what = AsOf(payment.books.entity, unit, payment.day, f"order {payment.order_id:032x}")
        rule = rule_in_force(chart.structure.jurisdiction, payment.day)
        found = position_now(what, self._ledger.accounts_array(), chart.structure, rule)
        return next(one.as_json() for one in found if one.pool == payment.pool)

    def _source(self, payment: Payment) -> int:
        """The one account of own money in the pool that holds enough: earlier top-ups before fees, and what lies there
        on purpose last: the requirement would fall with it, and the excess would stay.
        """
        held = self._own(payment.books, payment.pool)
        for number, amount in held:
            if amount >= payment.amount:
                return number
        raise CloseRefused(
            f"no account of own money in {payment.pool} holds {payment.amount} minor units",
            remedy="withdraw in parts, one account at a time",
        )

    def _own(self, books: Books, pool: str) -> list[tuple[int, int]]:
        chart = self._chart(books)
        kinds = [
            one
            for one in chart.structure.kinds.values()
            if one.pool == pool and one.money is Money.OWN and one.code in chart.structure.entity_codes
        ]
        kinds.sort(key=lambda one: (one.key in PRUDENT_KEYS, one.code != Kind.TOP_UP))
        numbers = {chart.account(one.code): one for one in kinds}
        found = []
        for account in self._ledger.lookup_accounts(list(numbers)):
            balance = account.credits_posted - account.debits_posted - account.debits_pending
            found.append((account.id, balance if numbers[account.id].side is Side.CREDIT else -balance))
        return found

    def _chart(self, books: Books) -> Chart:
        return Chart(books.entity, books.currency, self._structure_of(books.entity))
