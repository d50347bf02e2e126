"""What a write-off means for the next reconciliation: the break does not come back, and neither do its correcting
entries.

Rules:

1. The bank will never show a correcting entry, nor what it makes up for. So once the correcting transfers of a case
   are among the ledger's records, each of them, and each of our records of the case that is still carried, gets a
   counterpart on the bank's side, and the bank's own records of the case are carried no longer.
2. What is added and what is removed sum to nothing: the difference between the sides stays what it was. A case for
   which they do not is left as it is, and its break shows again.
3. This takes part in the computation of a close, so it is kept with the day's other inputs: `settlement_bytes`.

Example::

    carried = settle(carried, sides.ledger, read_settlements(kept))
    reconcile_sides(sides, rules, carried)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jinku.base.canonical import canonical_json
from jinku.custody.breaks.model import Case, State
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.records import Records, Side, joined

FORMAT = "jinku-settlements/v1"
_REST = "rest/"


@dataclass(frozen=True, slots=True)
class Settlement:
    """One written-off case: its correcting transfers, and the records that it was about."""

    break_id: int
    corrections: tuple[int, ...]
    ours: tuple[int, ...]
    bank_ids: tuple[str, ...]


def settlements_of(cases: Sequence[Case]) -> list[Settlement]:
    """The settlements of those of `cases` that were written off, by break."""
    done = [one for one in cases if one.state is State.WRITTEN_OFF and one.transfers]
    return [
        Settlement(one.id, one.transfers, one.transfer_ids, one.bank_ids)
        for one in sorted(done, key=lambda one: one.id)
    ]


def settlement_bytes(settlements: Sequence[Settlement]) -> bytes:
    """Canonical JSON."""
    rows = [
        {
            "break": f"{one.break_id:032x}",
            "corrections": list(map(str, one.corrections)),
            "ours": list(map(str, one.ours)),
            "bank": list(one.bank_ids),
        }
        for one in settlements
    ]
    return canonical_json({"format": FORMAT, "settlements": rows})


def read_settlements(data: bytes) -> list[Settlement]:
    """What `settlement_bytes` wrote."""
    return [
        Settlement(
            int(one["break"], 16),
            tuple(map(int, one["corrections"])),
            tuple(map(int, one["ours"])),
            tuple(one["bank"]),
        )
        for one in json.loads(data)["settlements"]
    ]


def settle(carried: Carried, ledger: Records, settlements: Sequence[Settlement]) -> Carried:
    """What is carried, with the settled cases whose corrections are in `ledger` evened out; see the module."""
    rows = {int(number): row for row, number in enumerate(ledger.number.tolist())}
    for one in settlements:
        if one.corrections and all(number in rows for number in one.corrections):
            carried = _settled(carried, ledger, rows, one)
    return carried


def _settled(carried: Carried, ledger: Records, rows: dict[int, int], one: Settlement) -> Carried:
    bank, ours = carried.bank, carried.ledger
    rest = f"{_REST}{one.break_id:032x}/bank"
    gone = np.array([name in one.bank_ids or name == rest for name in bank.id.tolist()], np.bool_)
    left = [row for row, number in enumerate(ours.number.tolist()) if int(number) in one.ours]
    named = {row: ours.reference[row] or f"settled/{ours.id[row]}" for row in left}
    shown = [_counterpart(one, ours, row, named[row]) for row in left]
    shown += [_counterpart(one, ledger, rows[number], "") for number in one.corrections]
    added = sum(int(part["amount"][0]) * int(part["direction"][0]) for part in shown)
    if added != int(bank.signed[gone].sum()):
        return carried
    references = ours.reference.copy()
    for row, name in named.items():
        references[row] = name
    pieces = [bank.take(~gone), *(Records.build(Side.BANK, part) for part in shown)]
    standing = {name: each for name, each in carried.standing.items() if name != rest}
    return replace(
        carried, bank=joined(pieces), ledger=replace(ours, reference=references), standing=standing
    )


def _counterpart(one: Settlement, records: Records, row: int, reference: str) -> dict[str, Any]:
    """The bank's record that one of ours would have met."""
    name = reference or str(records.reference[row])
    return {
        "id": [f"settled/{one.break_id:032x}/{records.id[row]}"],
        "reference": [name],
        "end_to_end_id": [name],
        "amount": [int(records.amount[row])],
        "direction": [int(records.direction[row])],
        "booked": records.booked[row : row + 1],
        "account": [records.account[row]],
        "currency": [records.currency[row]],
    }
