"""The ledger as rooms book to it that give no orders: every transfer passes the guard of business days of its entity.

Rules:

1. A batch is of one legal entity, as its first transfer's debit account says.
2. Where the house decides, its gate decides first, and the guard books what may go. What is held is booked as pending,
   and answered so (`jinku.bootstrap.deciding_status`): asked again after its release, it is there.
3. `create_transfers_array` refuses as a whole what the guard refuses, and says why; `book` tells it.

Example::

    GuardedBooking(ledger, guard_of).create_transfers_array(rows)
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from jinku.custody.closing.errors import CloseRefused
from jinku.custody.structure.bitemporal_guard import BackdatingGuard
from jinku.custody.structure.bitemporal_plan import Guarded, Refusal
from jinku.ledger.layout import Array
from jinku.ledger.model import Account
from jinku.ledger.service import Ledger

if TYPE_CHECKING:
    from jinku.bootstrap.deciding import Gate


class GuardedBooking:
    """See the module's rules."""

    def __init__(
        self,
        ledger: Ledger,
        guard_of: Callable[[int], BackdatingGuard],
        gate: "Callable[[], Gate] | None" = None,
    ) -> None:
        """`guard_of` gives a legal entity's guard, `gate` the house's gate where it decides."""
        self._ledger, self._guard_of, self._gate = ledger, guard_of, gate

    def book(self, rows: Array) -> Guarded:
        """Book ``TRANSFER`` rows, less what the guard refuses. Raises LedgerError."""
        guard = self._guard_of(int(rows["debit_account_id_hi"][0]) >> 32)
        if self._gate is None:
            return guard.book(rows)
        refusals: list[Refusal] = []

        def send(going: Array) -> Array:
            done = guard.book(going)
            refusals.extend(done.refusals)
            return done.results

        return Guarded(self._gate().sent_by(rows, send), tuple(refusals))

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
