"""What every engine offers: the surface of ``tigerbeetle.ClientSync``, and its columnar twin."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from jinku.ledger.layout import Array
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    ChangeEvent,
    ChangeEventsFilter,
    CreateAccountResult,
    CreateTransferResult,
    QueryFilter,
    Transfer,
)


class LedgerClient(Protocol):
    """A ledger on any engine. What an engine cannot do raises NotSupportedError; nothing is imitated."""

    def create_accounts(self, accounts: list[Account]) -> list[CreateAccountResult]:
        """Create accounts; one result per event, in order, once durable."""
        ...

    def create_transfers(self, transfers: list[Transfer]) -> list[CreateTransferResult]:
        """Create transfers; one result per event, in order, once durable."""
        ...

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """The accounts with these ids that exist, in the order asked."""
        ...

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """The transfers with these ids that exist, in the order asked."""
        ...

    def get_account_transfers(self, filter: AccountFilter) -> list[Transfer]:  # noqa: A002 - the client's name
        """Transfers that debit or credit one account."""
        ...

    def get_account_balances(self, filter: AccountFilter) -> list[AccountBalance]:  # noqa: A002
        """Balances after each transfer of an account created with ``HISTORY``."""
        ...

    def query_accounts(self, query_filter: QueryFilter) -> list[Account]:
        """Accounts that match every non-zero field."""
        ...

    def query_transfers(self, query_filter: QueryFilter) -> list[Transfer]:
        """Transfers that match every non-zero field."""
        ...

    def get_change_events(self, filter: ChangeEventsFilter) -> list[ChangeEvent]:  # noqa: A002
        """Transfers and expiries with both accounts as they stood right after, in order of time."""
        ...

    def balances_as_of(self, accounts: Sequence[int], timestamp: int) -> list[Account | None]:
        """Each account as it stood at `timestamp` (ns, inclusive); None where it did not exist then."""
        ...

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ``ID`` rows that exist."""
        ...

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist."""
        ...

    def close(self) -> None:
        """Release everything. Closing twice does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
