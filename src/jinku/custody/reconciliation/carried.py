"""What one statement leaves for the next: movements of ours that the bank has not shown yet.

Rules:

1. A movement is expected on the first statement after it and on each one until the bank shows it. What a statement has
   matched, or has shown with another amount or direction, is not expected again.
2. Everything up to a moment of the ledger is either done or in `open`; the next reading begins right after it. Imported
   transfers bear moments of the past, so import before the first statement.

Example::

    ours = expected_movements(ledger, mirror, carried, until)
    carried = carry(ours, reconcile(statement, ours), until)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.mirror import TransferHistory, bank_movements, movements_of
from jinku.custody.reconciliation.model import Movement, Reconciliation

_SHOWN = frozenset({BreakClass.AMOUNT_DIFFERS, BreakClass.WRONG_DIRECTION})
"""Breaks of movements that the bank has, though otherwise."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What stands open after a statement."""

    until: int = 0
    """The ledger was read up to this moment (ns, inclusive)."""
    open: tuple[int, ...] = ()
    """Transfers that the bank has not shown, in rising order."""


def expected_movements(ledger: TransferHistory, account: int, carried: Carried, until: int) -> list[Movement]:
    """What the bank should show on the account that `account` mirrors, booked by us up to `until` (ns)."""
    fresh = bank_movements(ledger, account, carried.until + 1, until)
    return [*movements_of(ledger, account, carried.open), *fresh]


def carry(ours: Sequence[Movement], result: Reconciliation, until: int) -> Carried:
    """What stands open once `ours`, read up to `until`, met the statement of `result`."""
    done = {match.movement.transfer_id for match in result.matches}
    done.update(number for one in result.breaks if one.kind in _SHOWN for number in one.transfer_ids)
    return Carried(until, tuple(sorted({one.transfer_id for one in ours} - done)))
