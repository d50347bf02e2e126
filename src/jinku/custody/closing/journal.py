"""What closing needs of the ledger's journal: where a moment lies in it, and whether a digest is sealed.

Example::

    end_at(ledger, cut_off)  # the number of entries booked up to the cut-off
"""

import hashlib
from datetime import date
from typing import Protocol

import numpy as np

from jinku.base.canonical import canonical_json
from jinku.ledger.layout import SEAL, Array, EntryKind

PAGE_ENTRIES = 8_192


class Journal(Protocol):
    """What is needed of a ledger."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; the entry's number and moment."""
        ...

    def size(self) -> int:
        """How many entries there are."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`, up to `count`."""
        ...


def end_at(journal: Journal, moment: int) -> int:
    """How many entries were booked at or before `moment` (ns): booking time rises from entry to entry."""
    low, high = 0, journal.size()
    while low < high:
        middle = (low + high) // 2
        if int(journal.entries(middle, 1)["timestamp"][0]) <= moment:
            low = middle + 1
        else:
            high = middle
    return low


def find_seal(journal: Journal, digest: bytes, topic: int, first: int) -> tuple[int, int] | None:
    """Number and moment of the first entry from `first` on that seals `digest` under `topic`; None where none does."""
    wanted = np.frombuffer(digest, np.uint8)
    while True:
        page = journal.entries(first, PAGE_ENTRIES)
        seals = np.flatnonzero(page["kind"] == EntryKind.SEAL)
        records = np.ascontiguousarray(page["event"][seals]).view(SEAL)
        hits = np.flatnonzero((records["digest"] == wanted).all(axis=1) & (records["topic"] == topic))
        if len(hits):
            place = int(seals[hits[0]])
            return first + place, int(page["timestamp"][place])
        if len(page) < PAGE_ENTRIES:
            return None
        first += len(page)


def start_mark(entity: int, currency: int, day: date, cut_off: int, by: str) -> bytes:
    """The digest that says in the log that a day's close was started."""
    said = {
        "format": "jinku-close-start/v1",
        "entity": entity,
        "currency": currency,
        "day": day.isoformat(),
        "cut_off": str(cut_off),
        "by": by,
    }
    return hashlib.sha256(canonical_json(said)).digest()
