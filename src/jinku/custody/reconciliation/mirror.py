"""From the ledger's bank mirror to what a reconciliation takes: the movements our books expect at the bank.

Rules:

1. Only what is booked counts: a hold is no movement yet, and a hold set free never becomes one.
2. A balance taken over (`Movement.OPENING`) lies in the statement's opening balance and is no movement of
   the day.
3. The reference is ``user_data_64`` as digits, the day ``user_data_32``; see `jinku.custody.orders.model`.

Example::

    ours = bank_movements(ledger, Chart(entity=1, currency=156).account(Kind.BANK_MIRROR))
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from jinku.custody.reconciliation.model import Movement as Expected
from jinku.custody.statements.model import Direction
from jinku.custody.structure.table import Movement
from jinku.ledger.limits import RESULTS_MAX
from jinku.ledger.model import AccountFilter, AccountFilterFlags, Transfer, TransferFlags

_NOT_BOOKED = TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER


class TransferHistory(Protocol):
    """What is needed of a ledger: an account's transfers, page by page."""

    def get_account_transfers(self, filter: AccountFilter) -> list[Transfer]:  # noqa: A002 - the client's name
        """The transfers of one account in order of time."""
        ...

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """The transfers with these ids that exist, in the order asked."""
        ...


def bank_movements(ledger: TransferHistory, account: int, since: int = 0, until: int = 0) -> list[Expected]:
    """What the bank should have booked on the account that `account` mirrors, from `since` to `until` (ns, inclusive;
    0: no bound)."""
    return [
        _expected(one, account)
        for one in _history(ledger, account, since, until)
        if not one.flags & _NOT_BOOKED and one.code != Movement.OPENING
    ]


def movements_of(ledger: TransferHistory, account: int, transfers: Sequence[int]) -> list[Expected]:
    """The movements that these `transfers` are at the bank, in the order given."""
    return [
        _expected(one, account)
        for first in range(0, len(transfers), RESULTS_MAX)
        for one in ledger.lookup_transfers(transfers[first : first + RESULTS_MAX])
    ]


def _history(ledger: TransferHistory, account: int, since: int, until: int) -> Iterator[Transfer]:
    both = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    while True:
        page: Sequence[Transfer] = ledger.get_account_transfers(
            AccountFilter(account, 0, 0, 0, 0, since, until, RESULTS_MAX, both)
        )
        yield from page
        if len(page) < RESULTS_MAX:
            return
        since = page[-1].timestamp + 1


def _expected(transfer: Transfer, account: int) -> Expected:
    day = transfer.user_data_32
    return Expected(
        reference=str(transfer.user_data_64) if transfer.user_data_64 else "",
        amount=transfer.amount,
        direction=Direction.CREDIT if transfer.debit_account_id == account else Direction.DEBIT,
        date=date(day // 10_000, day // 100 % 100, day % 100),
        transfer_id=transfer.id,
    )
