"""What measures allow of a customer now, as columns for the decisions.

Rules:

1. One row for each customer with a measure in force: the highest rung and the closed methods of all of them together.
   Each limit of amount or frequency is a row of its own in `limits`, since those of two currencies or periods cannot
   be compared; a movement must keep all of them.
2. `Restrictions.of` answers for a batch of customers in columns of the batch's length; one without a row is free.
3. `own_money` are the customers whose movements are refused, and who may yet get their own money back to their own
   verified account: the relation ends, the money is theirs. Not where a measure holds each movement besides, and not
   where one was taken for a name on a list, which freezes.
4. `version` and `digest` name what was in force, for the decision's record. A snapshot never changes; take a new one
   when `MeasureDesk.version` has moved, and at midnight, since measures end with their last day.

Example::

    now = desk.restrictions(date(2026, 11, 22))
    found = now.of(customers)
    found["rung"] >= Rung.REFUSE
    now.limits[found["first"][3] : found["first"][3] + found["limits"][3]]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import currency
from jinku.risk.acts.model import digest_of
from jinku.risk.cases.ladder import METHODS, Rung
from jinku.risk.cases.measures import Measure

RESTRICTION = np.dtype([("rung", "u1"), ("methods", "u2"), ("first", "<u4"), ("limits", "<u4")])
"""Highest rung in force (0: none); bits of closed `METHODS`; where the customer's limits begin, and their number."""
LIMIT = np.dtype([("rung", "u1"), ("currency", "<u2"), ("days", "<u2"), ("most", "<i8")])
"""`Rung.LIMIT_AMOUNT`: most minor units of a currency (ISO 4217 number) within days; `Rung.LIMIT_FREQUENCY`: most
movements within days (currency 0)."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """A snapshot; see the module's rules."""

    day: date
    version: int
    rows: NDArray[Any]
    """``RESTRICTION`` rows; the first is that of a free customer."""
    limits: NDArray[Any]
    """``LIMIT`` rows."""
    places: Mapping[int, int]
    """Customer → row."""
    own_money: frozenset[int] = frozenset()
    """Rule 3."""

    def of(self, customers: Sequence[int]) -> NDArray[Any]:
        """``RESTRICTION`` rows for a batch of customers, in its order."""
        places = self.places
        found = np.fromiter((places.get(one, 0) for one in customers), np.int64, len(customers))
        return self.rows[found]

    def digest(self) -> str:
        """SHA-256 of what is in force, hexadecimal."""
        rows = [[str(one), self.rows[place].tobytes().hex()] for one, place in sorted(self.places.items())]
        return digest_of(
            {
                "day": self.day.isoformat(),
                "rows": rows,
                "limits": self.limits.tobytes().hex(),
                "own_money": sorted(str(one) for one in self.own_money),
            }
        )


def restrictions_of(measures: Sequence[Measure], day: date, version: int) -> Restrictions:
    """The snapshot of those of `measures` that bind on `day`."""
    binding: dict[int, list[Measure]] = {}
    for one in measures:
        if one.binds(day):
            binding.setdefault(one.customer, []).append(one)
    rows = np.zeros(len(binding) + 1, RESTRICTION)
    limits: list[tuple[int, int, int, int]] = []
    for row, (_, own) in zip(rows[1:], sorted(binding.items()), strict=True):
        row["rung"], row["first"] = max(one.rung for one in own), len(limits)
        row["methods"] = sum({1 << METHODS.index(name) for one in own for name in one.limits.methods})
        limits += sorted({held for one in own if (held := _limit(one))})
        row["limits"] = len(limits) - int(row["first"])
    found = np.array(limits, LIMIT)
    rows.flags.writeable = found.flags.writeable = False
    places = {one: at for at, one in enumerate(sorted(binding), 1)}
    own_money = frozenset(customer for customer, own in binding.items() if _may_leave(own))
    return Restrictions(day, version, rows, found, places, own_money)


def _may_leave(own: Sequence[Measure]) -> bool:
    """Whether a customer under these measures may get the own money back (rule 3)."""
    refused = any(one.rung >= Rung.REFUSE for one in own)
    return refused and not any(one.rung is Rung.HOLD or (one.listed and one.rung >= Rung.HOLD) for one in own)


def _limit(measure: Measure) -> tuple[int, int, int, int] | None:
    limits = measure.limits
    if measure.rung is Rung.LIMIT_AMOUNT:
        return measure.rung, currency(limits.currency).number, limits.period_days, limits.amount
    if measure.rung is Rung.LIMIT_FREQUENCY:
        return measure.rung, 0, limits.period_days, limits.count
    return None
