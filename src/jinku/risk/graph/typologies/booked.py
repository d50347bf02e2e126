"""Movements from a ledger's journal: what was booked, from the account debited to the account credited.

Rules:

1. Single-phase transfers and posts of pending ones count, in the journal's order and time; what is only reserved,
   or was voided, moved nothing.
2. Accounts of the house itself (the bank's mirror, transit, fees) are the outside: the caller says which they are.
3. The journal knows no devices.

Example::

    columns = booked_moves(house.ledger, "CNY", Period(first, end), lambda account: party_of(account) == 0)
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from jinku.base.currency import currency as unit_of
from jinku.ledger.layout import Array, EntryKind, u128
from jinku.ledger.model import TransferFlags
from jinku.risk.graph.errors import GraphRefused
from jinku.risk.graph.typologies.moves import AMOUNT_MAX, MOVES_MAX, MoveColumns
from jinku.risk.graph.typologies.queries import Period

ENTRIES_AT_ONCE = 1 << 16
_NS = 1_000
_NOT_BOOKED = int(TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER)


class Journal(Protocol):
    """What of a ledger is read."""

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from sequence number `first`, up to `count`."""
        ...


def booked_moves(
    ledger: Journal, currency: str, period: Period, is_outside: Callable[[int], bool]
) -> MoveColumns:
    """The movements of `currency` (ISO 4217 code) within `period`. Raises UnknownCurrency, GraphRefused."""
    number = unit_of(currency).number
    pieces, first, total = [], 0, 0
    while len(entries := ledger.entries(first, ENTRIES_AT_ONCE)):
        first += len(entries)
        times = (entries["timestamp"] // _NS).astype(np.int64)
        event = entries["event"]
        kept = (entries["kind"] == EntryKind.TRANSFER) & ((event["flags"] & _NOT_BOOKED) == 0)
        kept &= (event["ledger"] == number) & (times >= period.first) & (times < period.end)
        pieces.append((times[kept], event[kept]))
        total += int(kept.sum())
        if total > MOVES_MAX:
            raise GraphRefused(f"more than {MOVES_MAX:,} movements", remedy="take a shorter period")
    events = np.concatenate([one for _, one in pieces]) if pieces else ledger.entries(0, 0)["event"]
    times = np.concatenate([one for one, _ in pieces]) if pieces else np.zeros(0, np.int64)
    wide = (events["amount_hi"] > 0) | (events["amount_lo"] > AMOUNT_MAX)
    if wide.any():
        raise GraphRefused(f"{int(wide.sum())} transfers move more than {AMOUNT_MAX} minor units")
    names: dict[int, str] = {}

    def named(side: str) -> list[str]:
        accounts = u128(events, f"{side}_account_id")
        for one in set(accounts) - names.keys():
            names[one] = "" if is_outside(one) else str(one)
        return [names[one] for one in accounts]

    payers, payees = named("debit"), named("credit")
    between = np.array([bool(one or other) for one, other in zip(payers, payees, strict=True)], np.bool_)
    texts = [
        np.array(one, np.object_)[between]
        for one in ([str(one) for one in u128(events, "id")], payers, payees)
    ]
    return MoveColumns(
        texts[0],
        times[between],
        texts[1],
        texts[2],
        events["amount_lo"].astype(np.int64)[between],
        np.full(int(between.sum()), "", np.object_),
        currency,
    )
