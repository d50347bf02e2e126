"""The sides as numbers: every text a code, every day an index of business days, all records in one row of nodes.

Rules:

1. Two texts have one code if and only if they are equal, character by character: codes come from a dictionary, not
   from a hash. 0 is "no text"; ``NOTPROVIDED`` is none either (ISO 20022).
2. Nodes are numbered platform first, then ledger, then bank, each side in the order of its ids.
3. A day that is no business day counts as the next one: what a customer did on Saturday a bank may book on Monday.

Example::

    book = Book(sides, calendar)
    book.reference[book.span(Side.BANK)]
"""

import unicodedata
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.calendar import BusinessCalendar
from jinku.custody.reconciliation.records import (
    SIDES,
    Bits,
    Ints,
    Longs,
    Records,
    Side,
    Sides,
    Texts,
    day_of,
    nothing,
)

NO_REFERENCE = frozenset({"", "NOTPROVIDED"})
_IDS = {
    Side.BANK: ("end_to_end_id", "instruction_id", "transaction_id", "servicer_id", "reference"),
    Side.PLATFORM: ("reference", "end_to_end_id", "instruction_id", "transaction_id", "servicer_id"),
    Side.LEDGER: ("reference", "end_to_end_id", "instruction_id", "transaction_id", "servicer_id"),
}
ID_COLUMNS = 5


class Codes:
    """Numbers for texts, in order of first sight, from 1."""

    def __init__(self, none: Iterable[str] = ("",)) -> None:
        self._codes = dict.fromkeys(none, 0)
        self.texts = [""]

    def get(self, text: str) -> int:
        """The code of a text; 0 where it was never seen."""
        return self._codes.get(text, 0)

    def of(self, values: Texts) -> Longs:
        """The code of each of `values`, which are known from now on."""
        texts, codes, first = values.tolist(), self._codes, len(self.texts)
        if not texts:
            return np.zeros(0, np.int64)
        if texts.count(texts[0]) == len(texts):
            texts = texts[:1]
        seen = dict.fromkeys(texts)
        fresh = [text for text in seen if text not in codes]
        codes.update(zip(fresh, range(first, first + len(fresh)), strict=True))
        self.texts += fresh
        if len(fresh) == len(texts):
            found = np.arange(first, first + len(texts))
        else:
            found = np.fromiter(map(codes.__getitem__, texts), np.int64, len(texts))
        return found if len(found) == len(values) else np.full(len(values), found[0])

    def known(self, values: Texts) -> Longs:
        """The code of each of `values`; 0 where it was never seen."""
        texts = values.tolist()
        return np.fromiter(map(self._codes.get, texts, repeat(0)), np.int64, len(texts))


class Book:
    """All records of one reconciliation as columns of numbers; see the module."""

    def __init__(self, sides: Sides, calendar: BusinessCalendar) -> None:
        self.sides = sides
        parts = [sides.of(side) for side in SIDES]
        self.parts = [
            part if part is not None else nothing(side) for side, part in zip(SIDES, parts, strict=True)
        ]
        self.present = [part is not None for part in parts]
        self.first = np.cumsum([0, *(len(part) for part in self.parts)])
        self.size = int(self.first[-1])
        self.names, accounts, currencies, parties = Codes(NO_REFERENCE), Codes(()), Codes(()), Codes()
        self.account = self._codes(accounts, "account")
        self.currency = self._codes(currencies, "currency")
        self.counterparty = self._codes(parties, "counterparty")
        self.ids = np.zeros((ID_COLUMNS, self.size), np.int64)
        for side in (Side.LEDGER, Side.PLATFORM):
            part = self.parts[SIDES.index(side)]
            for row, name in enumerate(_IDS[side]):
                self.ids[row, self.span(side)] = self.names.of(getattr(part, name))
        self._bank_ids()
        self.batch = self._codes(self.names, "batch")
        self.reference = self.ids[0].copy()
        self.amount: Longs = self._column("amount")
        self.direction: NDArray[np.int8] = self._column("direction")
        self.signed: Longs = self.amount * self.direction
        self.booked: Ints = self._column("booked")
        self.business = _business_days(self.booked, calendar)
        self.live: Bits = ~self._column("pending")
        self.taken_back: Bits = self._column("reversal") | (self._texts("return_reason") != "")
        _, amounts = np.unique(self.amount, return_inverse=True)
        self.amount_code: Longs = amounts.astype(np.int64)
        self.sideway: Longs = (self.direction > 0).astype(np.int64)
        self.side_of = np.repeat(np.arange(3, dtype=np.int8), [len(part) for part in self.parts])

    def _bank_ids(self) -> None:
        """The bank's ids. A line whose first known id is a reference of the ledger needs no more: by that it goes."""
        ours = np.zeros(len(self.names.texts), np.bool_)
        ours[self.ids[0, self.span(Side.LEDGER)]] = True
        ours[0] = False
        part, span = self.parts[SIDES.index(Side.BANK)], self.span(Side.BANK)
        ids = self.ids[:, span]
        first = self.names.known(part.end_to_end_id)
        settled = ours[first]
        ids[0, settled] = first[settled]
        rest = np.flatnonzero(~settled)
        for row, name in enumerate(_IDS[Side.BANK]):
            ids[row, rest] = self.names.of(getattr(part, name)[rest])

    def span(self, side: Side) -> slice:
        """The nodes of a side."""
        place = SIDES.index(side)
        return slice(int(self.first[place]), int(self.first[place + 1]))

    def nodes(self, side: Side) -> Longs:
        """The numbers of the nodes of a side."""
        span = self.span(side)
        return np.arange(span.start, span.stop, dtype=np.int64)

    def record(self, node: int) -> tuple[Records, int]:
        """The side's records and the place in them of a node."""
        side = int(self.side_of[node])
        return self.parts[side], node - int(self.first[side])

    def named(self, node: int) -> str:
        """``side id`` of a node, for people."""
        part, place = self.record(node)
        return f"{part.side.value} {part.id[place]}"

    def _codes(self, codes: Codes, name: str) -> Longs:
        return np.concatenate([codes.of(getattr(part, name)) for part in self.parts])

    def _column(self, name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in self.parts])

    def _texts(self, name: str) -> Texts:
        return np.concatenate([getattr(part, name) for part in self.parts])


def combined(columns: list[Longs]) -> Longs:
    """One code for each row of non-negative `columns`: two rows have one code if and only if they are equal."""
    key = columns[0].astype(np.int64, copy=True)
    bound = int(key.max(initial=0)) + 1
    for column in columns[1:]:
        width = int(column.max(initial=0)) + 1
        if bound * width >= 1 << 62:
            _, key = np.unique(key, return_inverse=True)
            bound = int(key.max(initial=0)) + 1
        key = key * width + column
        bound *= width
    return key


def normal(text: str) -> str:
    """`text` as people may have typed it: width, case, blanks and punctuation aside; leading zeros of a number too."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())
    return plain.lstrip("0") if plain.isascii() and plain.isdigit() else plain


def _business_days(days: NDArray[np.int32] | Longs, calendar: BusinessCalendar) -> Longs:
    """For each day the number of business days before it, counted from the first day of all."""
    if not len(days):
        return np.zeros(0, np.int64)
    seen = np.unique(days)
    first, last = int(seen[0]), int(seen[-1])
    works = [calendar.is_business_day(day_of(day)) for day in range(first, last + 1)]
    before = np.concatenate(([0], np.cumsum(works)))
    index: Longs = before[days.astype(np.int64) - first]
    return index
