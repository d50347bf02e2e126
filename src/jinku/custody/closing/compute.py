"""The close of a day as a function of its inputs: reconciliation, positions, and what the record says. Pure.

Example::

    computed = compute(inputs, inputs_json, reconcile, previous_record)
    computed.document["outcome"]  # "reconciled"
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jinku.base.canonical import canonical_json
from jinku.base.clock import to_rfc3339
from jinku.custody.closing.extract import late_entries
from jinku.custody.closing.inputs import DayInputs, closing_balances
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.requirement import AsOf, PoolPosition, positions_of
from jinku.custody.closing.table import rule_in_force
from jinku.custody.reconciliation.breaks import Break

LATE_LISTED_MAX = 1_000
"""Late entries that the record lists one by one; the digest covers all."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation gives to a close."""

    document: bytes
    """Everything that it found, in deterministic bytes."""
    carried: bytes
    """What it leaves for the next day."""
    summary: Mapping[str, Any]
    """Canonical values for the record: counts, totals, differences."""
    breaks: Sequence[Break]
    method: Mapping[str, Any]
    """Version of the method and digest of its rules."""
    clean: bool
    """Whether nothing is left to explain."""


class Reconciler(Protocol):
    """A pure function from inputs to findings."""

    def __call__(self, inputs: DayInputs) -> Reconciled:
        """Reconcile the day. Raises InputError for inputs that cannot be compared."""
        ...


@dataclass(frozen=True, slots=True)
class Computed:
    """A computed close."""

    document: Mapping[str, Any]
    """What the record says, but for what persons say."""
    reconciliation: bytes
    carried: bytes
    breaks: Sequence[Break]
    positions: Sequence[PoolPosition]


def compute(
    inputs: DayInputs, stored: Sequence[Mapping[str, Any]], reconcile: Reconciler, previous_record: str
) -> Computed:
    """The close of a day. `stored` lists the inputs with their digests. Raises what `reconcile` raises, InputError."""
    reconciled = reconcile(inputs)
    rule = rule_in_force(inputs.settings.regime, inputs.day)
    what = AsOf(inputs.books.entity, inputs.currency, inputs.day, to_rfc3339(inputs.as_of))
    closing = closing_balances(inputs.statements)
    positions = positions_of(what, inputs.balances, inputs.entries, closing, inputs.structure, rule)
    late = [
        {"transfer": f"{one.transfer_id:032x}", "day": one.day.isoformat(), "amount": str(one.amount)}
        for one in late_entries(inputs.entries, inputs.previous)
    ]
    document = {
        "entity": inputs.books.entity,
        "currency": inputs.currency.code,
        "day": inputs.day.isoformat(),
        "previous": inputs.previous.isoformat() if inputs.previous else "",
        "previous_record": previous_record,
        "as_of": to_rfc3339(inputs.as_of),
        "calendar": inputs.settings.calendar,
        "timezone": inputs.settings.timezone,
        "cut_off": inputs.settings.cut_off,
        "regime": inputs.settings.regime,
        "structure": {"name": inputs.structure.name, "sha256": inputs.structure.digest.hex()},
        "inputs": [dict(one) for one in stored],
        "entries": len(inputs.entries),
        "accounts": len(inputs.balances),
        "late": {
            "count": len(late),
            "amount": str(sum(int(one["amount"]) for one in late)),
            "sha256": hashlib.sha256(canonical_json(late)).hexdigest(),
            "listed": late[:LATE_LISTED_MAX],
        },
        "method": dict(reconciled.method),
        "reconciliation": {
            "sha256": hashlib.sha256(reconciled.document).hexdigest(),
            **reconciled.summary,
        },
        "carried": hashlib.sha256(reconciled.carried).hexdigest(),
        "positions": [one.as_json() for one in positions],
        "outcome": _outcome(positions, reconciled.clean),
    }
    return Computed(document, reconciled.document, reconciled.carried, reconciled.breaks, positions)


def _outcome(positions: Sequence[PoolPosition], clean: bool) -> str:
    """The worst of the positions; ``breaks`` where money agrees and records do not."""
    found = {one.outcome for one in positions}
    for outcome in (Outcome.SHORTFALL, Outcome.EXCESS):
        if outcome in found:
            return outcome.value
    return Outcome.RECONCILED.value if clean else "breaks"
