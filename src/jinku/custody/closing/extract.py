"""A day's part of the journal and the balances at its end, as bytes that a close is computed from, again and again.

Rules:

1. An entry belongs to the books whose account it moves or makes; the extract holds it whole (280 bytes), in order.
2. Balances at the day's end are those at the end of the day before, with what the day's entries say that each account
   had after them. No clock is asked, so the same entries give the same balances for ever.
3. An entry is *late* where it names a business day (``user_data_32``, yyyymmdd) that was closed before; it counts for
   the day that it was booked on, and is listed.

Example::

    extract = extract_of(ledger, Books(1, 156), 0, 1_000, balances=NO_BALANCES)
    extract.balances  # BALANCE_ROW rows, by account
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from jinku.custody.closing.journal import PAGE_ENTRIES, Journal
from jinku.ledger.layout import ACCOUNT, ENTRY, Array, EntryKind, u128

ENTITY_SHIFT = 32
"""Of the upper half of an account's id (`jinku.custody.structure.chart`)."""
_SUMS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
_WORDS = tuple(f"{name}_{half}" for name in _SUMS for half in ("lo", "hi"))
BALANCE_ROW = np.dtype([("id_hi", "<u8"), ("id_lo", "<u8"), *((name, "<u8") for name in _WORDS)])
"""One account at the end of a day: 80 bytes."""
NO_BALANCES = np.zeros(0, BALANCE_ROW)

Chosen = Callable[[Array], Array]
"""From ``ENTRY`` rows to which of them belong to some books."""


@dataclass(frozen=True, slots=True)
class Late:
    """An entry booked on a day after the one that it names."""

    transfer_id: int
    day: date
    amount: int


@dataclass(frozen=True, eq=False, slots=True)
class Extract:
    """See the module's rules."""

    entries: Array
    balances: Array

    @property
    def entry_bytes(self) -> bytes:
        """The entries as they lie in the journal."""
        return self.entries.tobytes()

    @property
    def balance_bytes(self) -> bytes:
        """The balances, ordered by account."""
        return self.balances.tobytes()


def of_books(entity: int, currency: int) -> Chosen:
    """Chooses the entries of a chart's accounts of one legal entity and currency."""

    def chosen(entries: Array) -> Array:
        event = entries["event"]
        is_account = entries["kind"] == EntryKind.ACCOUNT
        is_transfer = (entries["kind"] == EntryKind.TRANSFER) | (entries["kind"] == EntryKind.EXPIRY)
        wanted = np.uint64(entity)
        shift = np.uint64(ENTITY_SHIFT)
        moved = (event["debit_account_id_hi"] >> shift == wanted) | (
            event["credit_account_id_hi"] >> shift == wanted
        )
        made = np.ascontiguousarray(event).view(ACCOUNT)
        opened = (made["id_hi"] >> shift == wanted) & (made["ledger"] == currency)
        mask: Array = (is_transfer & moved & (event["ledger"] == currency)) | (is_account & opened)
        return mask

    return chosen


def of_ledger(currency: int) -> Chosen:
    """Chooses every entry of one ledger number, whatever its accounts are called."""

    def chosen(entries: Array) -> Array:
        event = entries["event"]
        made = np.ascontiguousarray(event).view(ACCOUNT)
        is_account = entries["kind"] == EntryKind.ACCOUNT
        is_transfer = (entries["kind"] == EntryKind.TRANSFER) | (entries["kind"] == EntryKind.EXPIRY)
        mask: Array = (is_transfer & (event["ledger"] == currency)) | (
            is_account & (made["ledger"] == currency)
        )
        return mask

    return chosen


def extract_of(
    journal: Journal, chosen: Chosen, first: int, end: int, balances: Array = NO_BALANCES
) -> Extract:
    """The chosen entries from `first` to `end` (exclusive), and the balances after them, from those before."""
    parts = [page[chosen(page)] for page in _pages(journal, first, end)]
    entries = np.concatenate(parts) if parts else np.zeros(0, ENTRY)
    return Extract(entries, balances_after(balances, entries))


def read_entries(data: bytes) -> Array:
    """The entries in the bytes of an extract."""
    return np.frombuffer(data, ENTRY)


def read_balances(data: bytes) -> Array:
    """The balances in the bytes of an extract."""
    return np.frombuffer(data, BALANCE_ROW)


def balances_after(before: Array, entries: Array) -> Array:
    """`before` brought up to date by what `entries` say; by account."""
    opened = _opened(entries)
    moving = entries[entries["kind"] != EntryKind.ACCOUNT]
    rows = np.concatenate([before, opened, _side(moving, "debit"), _side(moving, "credit")])
    # the same account stands several times: before, opened, then once for each entry, which are told apart by order
    order = np.concatenate(
        [
            np.zeros(len(before), np.int64),
            np.zeros(len(opened), np.int64),
            np.arange(1, len(moving) + 1),
            np.arange(1, len(moving) + 1),
        ]
    )
    ranked = np.lexsort((order, rows["id_lo"], rows["id_hi"]))
    rows = rows[ranked]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = (rows["id_hi"][1:] != rows["id_hi"][:-1]) | (rows["id_lo"][1:] != rows["id_lo"][:-1])
    return rows[last]


def late_entries(entries: Array, previous: date | None) -> list[Late]:
    """The transfers that name a day up to `previous`, the business day closed before; none on a book's first day."""
    if previous is None:
        return []
    event = entries["event"]
    limit = previous.year * 10_000 + previous.month * 100 + previous.day
    named = (
        (entries["kind"] == EntryKind.TRANSFER)
        & (event["user_data_32"] > 0)
        & (event["user_data_32"] <= limit)
    )
    found = []
    rows = event[named]
    for number, amount, day in zip(
        u128(rows, "id"), u128(rows, "amount"), rows["user_data_32"].tolist(), strict=True
    ):
        try:
            when = date(day // 10_000, day // 100 % 100, day % 100)
        except ValueError:  # not a day: nobody said when it should count
            continue
        found.append(Late(number, when, amount))
    return found


def _opened(entries: Array) -> Array:
    made = np.ascontiguousarray(entries["event"][entries["kind"] == EntryKind.ACCOUNT]).view(ACCOUNT)
    rows = np.zeros(len(made), BALANCE_ROW)
    rows["id_hi"], rows["id_lo"] = made["id_hi"], made["id_lo"]
    return rows


def _side(entries: Array, side: str) -> Array:
    rows = np.zeros(len(entries), BALANCE_ROW)
    event, after = entries["event"], entries[side]
    rows["id_hi"], rows["id_lo"] = event[f"{side}_account_id_hi"], event[f"{side}_account_id_lo"]
    for word in _WORDS:
        rows[word] = after[word]
    return rows


def _pages(journal: Journal, first: int, end: int) -> Iterator[Array]:
    while first < end:
        page = journal.entries(first, min(PAGE_ENTRIES, end - first))
        if not len(page):
            return
        yield page
        first += len(page)
