"""How each record of a custodian's daily check file ends.

Rule: compared with our movements, each record that is done and each movement is exactly one of equal, mismatch, bank
only, ours only, by the reconciliation that statements go through.

Example::

    [file] = read_statement(data, "recharge.txt")
    outcomes(reconcile(file, ours))  # (RecordOutcome(Outcome.EQUAL, "R-1", bank_line=1, transfer_id=17), …)
"""

from dataclasses import dataclass

from jinku.custody.reconciliation.breaks import Outcome
from jinku.custody.reconciliation.model import Reconciliation


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """How one record ended. `bank_line` is 0 where only we have it, `transfer_id` 0 where only the bank has it."""

    outcome: Outcome
    reference: str
    bank_line: int = 0
    transfer_id: int = 0


def outcomes(result: Reconciliation) -> tuple[RecordOutcome, ...]:
    """How every record ended: those of the bank in its order, then those that only we have."""
    found = [
        RecordOutcome(Outcome.EQUAL, one.movement.reference, one.bank_line, one.movement.transfer_id)
        for one in result.matches
    ]
    for one in result.breaks:
        if one.outcome is Outcome.EQUAL:
            continue  # late, and among the matches
        line = 0 if one.outcome is Outcome.OURS_ONLY else one.bank_lines[-1]
        transfer = 0 if one.outcome is Outcome.BANK_ONLY else one.transfer_ids[-1]
        found.append(RecordOutcome(one.outcome, one.reference, line, transfer))
    return tuple(sorted(found, key=lambda one: (one.bank_line == 0, one.bank_line)))
