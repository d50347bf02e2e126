"""What one reconciliation leaves for the next, of every side: timing differences, unknown lines, and differences in
amount.

Rules:

1. A record that found no partner on a side is expected again, whichever side has it: our movement that the bank has not
   shown, and the bank's line that our books do not know yet. It keeps its own day, so its age goes on counting.
2. Of records that were linked and differ, the difference is left as a record of its own (``rest/…``), with the
   reference of the payment: an entry that corrects it later meets it. `standing` says which break it stands for.
3. So what is carried of one side less what is carried of another is exactly the difference between the two sides.
4. `until` is the last moment of the ledger that was read (its own booking time, ns); the next reading begins after it.

Example::

    result = reconcile_sides(sides, rules, Carried())
    tomorrow = reconcile_sides(next_sides, rules, result.carried)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

import numpy as np
import orjson

from jinku.base.canonical import canonical_json
from jinku.base.errors import InputError
from jinku.custody.reconciliation.breaks import Break, BreakClass, Outcome
from jinku.custody.reconciliation.records import SIDES, Records, Side, nothing

FORMAT = "jinku-carried/v1"


@dataclass(frozen=True)
class Carried:
    """See the module."""

    platform: Records = field(default_factory=lambda: nothing(Side.PLATFORM))
    ledger: Records = field(default_factory=lambda: nothing(Side.LEDGER))
    bank: Records = field(default_factory=lambda: nothing(Side.BANK))
    standing: Mapping[str, Break] = field(default_factory=dict)
    """The break that each ``rest/…`` record is what is left of."""
    until: int = 0

    def of(self, side: Side) -> Records:
        """What is carried of `side`."""
        return {Side.PLATFORM: self.platform, Side.LEDGER: self.ledger, Side.BANK: self.bank}[side]

    def read_until(self, moment: int) -> "Carried":
        """The same, with the ledger read up to `moment` (ns, inclusive)."""
        return replace(self, until=moment)

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal contents give equal bytes."""
        document = {
            "format": FORMAT,
            "until": str(self.until),
            **{side.value: _rows(self.of(side)) for side in SIDES},
            "standing": {name: _break_out(one) for name, one in sorted(self.standing.items())},
        }
        return canonical_json(document)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Carried":
        """What `to_bytes` wrote. Raises InputError for anything else."""
        try:
            given = orjson.loads(data)
            if given["format"] != FORMAT:
                raise ValueError(given["format"])
            sides = {side.value: _records(side, given[side.value]) for side in SIDES}
            standing = {name: _break_in(one) for name, one in given["standing"].items()}
            return cls(**sides, standing=standing, until=int(given["until"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is not what a reconciliation left open: {error}", field="carried") from None


_NAMES = tuple(one.name for one in fields(Records)[1:])
_WIDE = frozenset({"amount", "number", "line"})


def _rows(records: Records) -> dict[str, Any]:
    return {
        name: [str(one) if name in _WIDE else one for one in getattr(records, name).tolist()]
        for name in _NAMES
    }


def _records(side: Side, given: Mapping[str, Any]) -> Records:
    columns = {name: [int(one) for one in given[name]] if name in _WIDE else given[name] for name in _NAMES}
    columns["booked"] = np.array(columns["booked"], np.int32)
    columns["value"] = np.array(columns["value"], np.int32)
    return Records.build(side, columns)


def _break_out(one: Break) -> dict[str, Any]:
    values = {each.name: getattr(one, each.name) for each in fields(one)}
    values |= {name: str(values[name]) for name in ("amount", "effect", "books_effect")}
    values |= {"kind": one.kind.value, "outcome": one.outcome.value, "day": one.day.isoformat()}
    values |= {"number": str(one.break_id), "transfer_ids": list(map(str, one.transfer_ids))}
    return values


def _break_in(given: Mapping[str, Any]) -> Break:
    values = dict(given)
    values |= {name: int(values[name]) for name in ("amount", "effect", "books_effect", "number")}
    values |= {"kind": BreakClass(values["kind"]), "outcome": Outcome(values["outcome"])}
    values |= {
        "day": date.fromisoformat(values["day"]),
        "transfer_ids": tuple(map(int, values["transfer_ids"])),
    }
    tuples = ("bank_lines", "evidence", "bank_ids", "platform_ids", "candidates")
    return Break(**{**values, **{name: tuple(values[name]) for name in tuples}})
