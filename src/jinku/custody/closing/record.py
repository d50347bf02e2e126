"""The record of a day's close: what was compared with what, and what came out, as bytes to be sealed in the log.

Rules:

1. The bytes are canonical JSON (`jinku.base.canonical`), amounts as strings of digits; their SHA-256 is
   sealed under ``SEAL_TOPIC_CLOSE``. So nobody can change afterwards what the close of a day said.
2. It names each input by its SHA-256, the method by its version, and the part of the log that our side was read from.
3. A day's record (R11) names the record of the day before, so that the records of a book are a chain. Everything in it
   but `SAID` follows from the inputs: whoever has these can compute it again, to the same bytes.

Example::

    data = day_record(Prepared(...), computed)
    ledger.seal(hashlib.sha256(data).digest(), SEAL_TOPIC_CLOSE)
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.clock import to_rfc3339
from jinku.custody.closing.position import Position
from jinku.custody.reconciliation.model import Reconciliation

SEAL_TOPIC_CLOSE = 2
FORMAT = "jinku-close/v1"
DAY_FORMAT = "jinku-close-day/v2"
SAID = ("preparer", "prepared_at", "reviewer", "reviewed_at", "comment", "actions")
"""What persons said and did: not computed, so taken over when a record is computed again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Who prepared a record, when (ns UTC), and what was done on the way."""

    by: str
    at: int
    actions: Sequence[Mapping[str, str]] = ()


def day_record(prepared: Prepared, computed: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a prepared record: what was computed, and who says so."""
    said = {
        "format": DAY_FORMAT,
        "preparer": prepared.by,
        "prepared_at": to_rfc3339(prepared.at),
        "reviewer": "",
        "reviewed_at": "",
        "comment": "",
        "actions": [dict(one) for one in prepared.actions],
    }
    return canonical_json({**computed, **said})


def reviewed_record(draft: bytes, by: str, at: int, comment: str) -> bytes:
    """The prepared record with its review in it: the bytes that are sealed."""
    document = record_document(draft)
    return canonical_json({**document, "reviewer": by, "reviewed_at": to_rfc3339(at), "comment": comment})


def record_document(data: bytes) -> dict[str, Any]:
    """The values of a record's bytes."""
    document: dict[str, Any] = json.loads(data)
    return document


def close_record(
    reconciliation: Reconciliation, position: Position, *, statement_file: bytes, ledger_size: int
) -> bytes:
    """The canonical bytes of the record of one statement's reconciliation, outside a day book."""
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
