"""The ledger as rooms book to it that give no orders: every transfer passes the guard of business days of its entity.

Rules:

1. A batch is of one legal entity, as its first transfer's debit account says.
2. `create_transfers_array` refuses as a whole what the guard refuses, and says why; `book` tells it.

Example::

    GuardedBooking(ledger, custody.guard).create_transfers_array(rows)
"""

from collections.abc import Callable

from jinku.custody.closing.errors import CloseRefused
from jinku.custody.structure.bitemporal_guard import BackdatingGuard
from jinku.custody.structure.bitemporal_plan import Guarded
from jinku.ledger.layout import Array
from jinku.ledger.model import Account
from jinku.ledger.service import Ledger


class GuardedBooking:
    """See the module's rules."""

    def __init__(self, ledger: Ledger, guard_of: Callable[[int], BackdatingGuard]) -> None:
        """`guard_of` gives a legal entity's guard."""
        self._ledger, self._guard_of = ledger, guard_of

    def book(self, rows: Array) -> Guarded:
        """Book ``TRANSFER`` rows, less what the guard refuses. Raises LedgerError."""
        return self._guard_of(int(rows["debit_account_id_hi"][0]) >> 32).book(rows)

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out. Raises CloseRefused for what the guard refuses."""
        done = self.book(batch)
        if done.refusals:
            raise CloseRefused(done.refusals[0].message, remedy="see which day is open: `jinku close status`")
        return done.results

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, ``RESULT`` rows out."""
        return self._ledger.create_accounts_array(batch)

    def lookup_accounts(self, accounts: list[int]) -> list[Account]:
        """The accounts with these ids that exist."""
        return self._ledger.lookup_accounts(accounts)

    def accounts_array(self) -> Array:
        """Every account at one instant."""
        return self._ledger.accounts_array()
