"""Decisions as the risk desk reads them: page by page, the newest first, and one with all that made it.

Rules:

1. Only what is sealed is told. A decision's place is its record and row; a page ends where its reader goes on.
2. A page looks at no more than about `EVENTS_LOOKED_MAX` decisions: it may be short, or empty, and still have a next.

Example::

    rows, left = decisions(risk, Wanted(action=Action.HOLD), NEWEST, 100)
    decision(risk, transfer)["rules"]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import NS_PER_US, to_rfc3339
from jinku.bootstrap.risk import Risk
from jinku.risk.decision.engines import HouseEngines
from jinku.risk.decision.explaining import explained, told
from jinku.risk.decision.ids import ROW_BITS
from jinku.risk.decision.model import Action
from jinku.risk.decision.office import ROWS_MAX
from jinku.risk.decision.record import Kept, RecordKind, decode
from jinku.risk.events.columns import key_number

EVENTS_LOOKED_MAX = 100_000
NEWEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions: of one action, from and until a moment (UTC ns, inclusive; `last` 0 for none), of one customer
    (a number, or the text that its key was made of)."""

    action: Action | None = None
    first: int = 0
    last: int = 0
    customer: int | str | None = None


def decisions(risk: Risk, wanted: Wanted, below: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Up to `limit` decisions before the place `below`, the newest first, and the place below which the next page
    begins; 0 where there is no more. Raises JournalAltered."""
    journal, found, looked = risk.journal, list[dict[str, Any]](), 0
    size = journal.sealed
    until = min(size, journal.first_at(wanted.last // NS_PER_US + 1)) if wanted.last else size
    since = max(0, journal.first_at(-(-wanted.first // NS_PER_US)) - 1)
    for number in range(min(until - 1, below >> ROW_BITS), since - 1, -1):
        place = journal.place(number)
        if int(place["kind"]) != RecordKind.DECISIONS:
            continue
        if looked >= EVENTS_LOOKED_MAX:
            return found, (number + 1) << ROW_BITS
        looked += int(place["rows"])
        kept = decode(journal.read(number))
        rows = _fitting(kept, wanted)
        if number == below >> ROW_BITS:
            rows = rows[rows < below & ROWS_MAX]
        taken = rows[::-1][: limit - len(found)].tolist()
        found += _lines(risk, kept, taken)
        if len(found) == limit:
            return found, number << ROW_BITS | taken[-1]
    return found, 0


def decision(risk: Risk, number: int) -> dict[str, Any]:
    """One decision: its line, the rules that fired, the features, the versions, where it is sealed, and what persons
    did with it since. Raises DecisionUnknown, VersionUnknown, JournalAltered."""
    record, row = risk.office.find(number)
    kept = decode(risk.journal.read(record))
    running = risk.office.desk.engines
    if isinstance(running, HouseEngines) and kept.decided.versions == running.versions:
        engines = running
    else:
        engines, _ = risk.load(kept.decided.versions)
    [line] = _lines(risk, kept, [row])
    values = explained(kept.decided, row, engines.names, engines.lines)
    acts = list(risk.acts_of(number)) if risk.waiting.among([number]) else []
    return {
        **line,
        **values,
        "record": record,
        "row": row,
        "sealed_entry": int(risk.journal.place(record)["seal"]),
        "context": _context(kept, row),
        "acts": [
            {
                "at": one["at"],
                "by": one["by"],
                "verdict": one["verdict"],
                "done": one["done"],
                "note": one["note"],
            }
            for one in acts
        ],
    }


def _fitting(kept: Kept, wanted: Wanted) -> NDArray[np.int64]:
    """The rows of a record that are wanted, in order."""
    events, outcomes = kept.asked.events, kept.decided.outcomes
    fits = np.ones(len(outcomes), np.bool_)
    if wanted.action is not None:
        fits &= outcomes["action"] == wanted.action
    if wanted.first:
        fits &= events.times * NS_PER_US >= wanted.first
    if wanted.last:
        fits &= events.times * NS_PER_US <= wanted.last
    if wanted.customer is not None:
        key, column = key_number(wanted.customer), events.column("customer")
        low, high = np.uint64(key & (1 << 64) - 1), np.uint64(key >> 64)
        fits &= column.valid & (column.values["lo"] == low) & (column.values["hi"] == high)
    return np.flatnonzero(fits)


def _lines(risk: Risk, kept: Kept, rows: list[int]) -> Iterator[dict[str, Any]]:
    if not rows:
        return
    events = kept.asked.events
    columns = {name: events.column(name).to_list() for name in ("id", "customer", "amount", "currency")}
    states = risk.waiting.among([columns["id"][at] for at in rows])
    for at in rows:
        number, customer = columns["id"][at], columns["customer"][at]
        yield {
            "id": str(number),
            "origin": kept.asked.origin,
            "time": to_rfc3339(int(events.times[at]) * NS_PER_US),
            **told(kept.decided, at),
            "customer": None if customer is None else str(customer),
            "amount": str(columns["amount"][at]),
            "currency": columns["currency"][at],
            "state": str(states[number].state) if number in states else None,
        }


def _context(kept: Kept, row: int) -> dict[str, str | None]:
    """The keys of the event: numbers, or of a text the first 128 bits of its digest."""
    names = ("kind", "payer", "payee", "counterparty", "device", "terminal", "address")
    found = {name: kept.asked.events.column(name).to_list()[row] for name in names}
    return {name: None if value is None else str(value) for name, value in found.items()}
