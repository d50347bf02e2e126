"""The calls that take and give objects, over those that take and give columns: the same on every engine.

Example::

    class Engine(ObjectCalls):  # has the four columnar calls
        ...

    Engine().create_accounts([Account(id=1, ledger=156, code=10)])
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from jinku.ledger import convert
from jinku.ledger.layout import Array
from jinku.ledger.model import Account, CreateAccountResult, CreateTransferResult, Transfer


class ObjectCalls(ABC):
    """Creating and looking up, as ``tigerbeetle.ClientSync`` has it."""

    __slots__ = ()

    def create_accounts(self, accounts: list[Account]) -> list[CreateAccountResult]:
        """Create accounts; one result per event, in order."""
        return convert.account_results(self.create_accounts_array(convert.accounts_array(accounts)))

    def create_transfers(self, transfers: list[Transfer]) -> list[CreateTransferResult]:
        """Create transfers; one result per event, in order."""
        return convert.transfer_results(self.create_transfers_array(convert.transfers_array(transfers)))

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """The accounts with these ids that exist, in the order asked."""
        return convert.accounts(self.lookup_accounts_array(convert.ids_array(accounts)))

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """The transfers with these ids that exist, in the order asked."""
        return convert.transfers(self.lookup_transfers_array(convert.ids_array(transfers)))

    @abstractmethod
    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, as many ``RESULT`` rows out, once durable."""

    @abstractmethod
    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, as many ``RESULT`` rows out, once durable."""

    @abstractmethod
    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ``ID`` rows that exist."""

    @abstractmethod
    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist."""
