"""The record of a day's close: what was compared with what, and what came out, as bytes to be sealed in the
log.

Rules:

1. The bytes are canonical JSON (`jinku.base.canonical`), amounts as strings of digits; their SHA-256 is
   sealed under ``SEAL_TOPIC_CLOSE``. So nobody can change afterwards what the close of a day said.
2. It names the input by its SHA-256, the method by its version, and the log's size that our side was read at.

Example::

    record = close_record(reconciliation, position, statement_file=data, ledger_size=ledger.size())
    ledger.seal(hashlib.sha256(record).digest(), SEAL_TOPIC_CLOSE)
"""

import hashlib

from jinku.base.canonical import canonical_json
from jinku.custody.closing.position import Position
from jinku.custody.reconciliation.model import Reconciliation

SEAL_TOPIC_CLOSE = 2
FORMAT = "jinku-close/v1"


def close_record(
    reconciliation: Reconciliation, position: Position, *, statement_file: bytes, ledger_size: int
) -> bytes:
    """The canonical bytes of the record."""
    bank = reconciliation.bank
    return canonical_json(
        {
            "format": FORMAT,
            "account": bank.account,
            "currency": bank.currency.code,
            "day": bank.to_date.isoformat(),
            "statement_sha256": hashlib.sha256(statement_file).hexdigest(),
            "ledger_size": ledger_size,
            "method_version": reconciliation.method_version,
            "bank_sum": str(reconciliation.bank_sum),
            "our_sum": str(reconciliation.our_sum),
            "counts": dict(reconciliation.counts),
            "effects": {kind: str(effect) for kind, effect in reconciliation.effects.items()},
            "breaks": [f"{one.break_id:032x}" for one in reconciliation.breaks],
            "requirement": str(position.requirement),
            "resource": str(position.resource),
            "difference": str(position.difference),
            "outcome": position.outcome.value,
        }
    )
