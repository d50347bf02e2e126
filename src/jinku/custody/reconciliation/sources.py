"""Records from what the house has: statements of the bank, and the ledger's mirror of the account.

Rules:

1. A statement's line is named ``statement/line``, so the same line delivered twice is one id twice, and refused.
2. Information lines are no records; pending ones are evidence only.
3. Of the ledger only what is booked counts: a hold is no movement, and a balance taken over lies in the opening
   balance. The reference is ``user_data_64`` as digits, the day ``user_data_32``; see `jinku.custody.orders.model`.
4. The journal is read in columns, a piece at a time: nothing is looked up record by record.

Example::

    ours = ledger_records(ledger, mirror, "9909…", "CNY", Period(since=yesterday + 1, until=now))
    theirs = statement_records([statement])
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from jinku.custody.reconciliation.errors import AmountTooLarge, MissingDay
from jinku.custody.reconciliation.model import Movement as Expected
from jinku.custody.reconciliation.records import (
    AMOUNT_MAX,
    NO_DAY,
    Balance,
    Ints,
    Longs,
    Records,
    Side,
    day_number,
    joined,
    nothing,
)
from jinku.custody.statements.model import Direction, EntryStatus, Statement
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import Array, EntryKind, u128
from jinku.ledger.model import TransferFlags

ENTRIES_AT_ONCE = 1 << 16
_NOT_BOOKED = TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER
_MASK_64 = (1 << 64) - 1


class Journal(Protocol):
    """What is needed of a ledger: its entries in columns."""

    def size(self) -> int:
        """Journal entries that are durable."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from sequence number `first`, up to `count`."""
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """Which of an account's transfers: booked from `since` to `until` (the ledger's own time, ns, inclusive; 0: no
    bound), and of business days from `first_day` to `last_day` (None: no bound)."""

    since: int = 0
    until: int = 0
    first_day: date | None = None
    last_day: date | None = None


def statement_id(one: Statement) -> str:
    """What names a statement in the ids of its lines."""
    return one.statement_id or f"{one.account}/{one.currency.code}/{one.to_date.isoformat()}/{one.sequence}"


def statement_records(statements: Sequence[Statement], account: str = "") -> Records:
    """The bank's side: the lines of `statements`; `account` names their account where the sides call it otherwise.

    Raises BadRecords for a line that stands twice, AmountTooLarge.
    """
    parts = [_of_statement(one, account) for one in statements]
    return joined(parts) if parts else nothing(Side.BANK)


def _of_statement(one: Statement, account: str) -> Records:
    lines = [
        (line, entry)
        for line, entry in enumerate(one.entries, 1)
        if entry.status is not EntryStatus.INFORMATION
    ]
    entries = [entry for _, entry in lines]
    name = statement_id(one)
    return Records.build(
        Side.BANK,
        {
            "id": [f"{name}/{line}" for line, _ in lines],
            "line": [line for line, _ in lines],
            "reference": [entry.reference for entry in entries],
            "amount": [entry.amount for entry in entries],
            "direction": [1 if entry.direction is Direction.CREDIT else -1 for entry in entries],
            "booked": [entry.booked for entry in entries],
            "value": [entry.value_date for entry in entries],
            "account": [account or one.account] * len(entries),
            "currency": [one.currency.code] * len(entries),
            "end_to_end_id": [entry.end_to_end_id for entry in entries],
            "instruction_id": [entry.instruction_id for entry in entries],
            "transaction_id": [entry.transaction_id for entry in entries],
            "servicer_id": [entry.servicer_reference for entry in entries],
            "return_reason": [entry.return_reason for entry in entries],
            "text": [entry.remittance for entry in entries],
            "reversal": [entry.reversal for entry in entries],
            "pending": [entry.status is EntryStatus.PENDING for entry in entries],
            "batch_count": [entry.batch_count for entry in entries],
        },
    )


def statement_balances(statements: Sequence[Statement], account: str = "") -> tuple[Balance, ...]:
    """What the bank says each account held: the opening of its first statement and the closing of its last."""
    series: dict[tuple[str, str], list[Statement]] = {}
    for one in statements:
        series.setdefault((account or one.account, one.currency.code), []).append(one)
    found = []
    for (name, code), several in sorted(series.items()):
        several.sort(key=lambda one: (one.to_date, one.sequence))
        first, last = several[0], several[-1]
        opening = first.opening if first.opening_given else None
        found.append(Balance(Side.BANK, name, code, opening, last.closing if last.closing_given else None))
    return tuple(found)


def movement_records(ours: Sequence[Expected], account: str, currency: str) -> Records:
    """The ledger's side from movements that are objects already."""
    return Records.build(
        Side.LEDGER,
        {
            "id": [str(one.transfer_id) for one in ours],
            "number": [one.transfer_id for one in ours],
            "reference": [one.reference for one in ours],
            "amount": [one.amount for one in ours],
            "direction": [1 if one.direction is Direction.CREDIT else -1 for one in ours],
            "booked": [one.date for one in ours],
            "account": [account] * len(ours),
            "currency": [currency] * len(ours),
        },
    )


def ledger_records(
    journal: Journal, mirror: int, account: str, currency: str, period: Period | None = None
) -> Records:
    """The ledger's side: what is booked on the account `mirror`, which mirrors the bank's account `account`.

    Raises MissingDay for a transfer whose ``user_data_32`` is no day, and AmountTooLarge.
    """
    period = period or Period()
    rows = [_mine(piece, mirror) for piece in _pieces(journal, period)]
    events = np.concatenate(rows) if rows else journal.entries(0, 0)["event"]
    days = _days(events)
    keep = np.ones(len(events), np.bool_)
    if period.first_day is not None:
        keep &= days >= day_number(period.first_day)
    if period.last_day is not None:
        keep &= days <= day_number(period.last_day)
    events, days = events[keep], days[keep]
    wide = (events["amount_hi"] > 0) | (events["amount_lo"] > AMOUNT_MAX)
    numbers = np.array(u128(events, "id") or [0], np.object_)[: len(events)]
    if wide.any():
        raise AmountTooLarge(
            f"transfer {numbers[int(np.flatnonzero(wide)[0])]} moves more than {AMOUNT_MAX} minor units",
            remedy="split the amount",
        )
    debited = (events["debit_account_id_lo"] == np.uint64(mirror & _MASK_64)) & (
        events["debit_account_id_hi"] == np.uint64(mirror >> 64)
    )
    names = events["user_data_64"].tolist()
    return Records.build(
        Side.LEDGER,
        {
            "id": [str(one) for one in numbers.tolist()],
            "number": numbers,
            "reference": [str(one) if one else "" for one in names],
            "amount": events["amount_lo"].astype(np.int64),
            "direction": np.where(debited, 1, -1).astype(np.int8),
            "booked": days,
            "account": [account] * len(events),
            "currency": [currency] * len(events),
        },
    )


def _pieces(journal: Journal, period: Period) -> Iterator[Array]:
    """Journal entries booked in the period, a piece at a time; the ends are found by halving."""
    size = journal.size()
    first = _position(journal, period.since, size) if period.since else 0
    last = _position(journal, period.until + 1, size) if period.until else size
    for start in range(first, last, ENTRIES_AT_ONCE):
        yield journal.entries(start, min(ENTRIES_AT_ONCE, last - start))


def _position(journal: Journal, moment: int, size: int) -> int:
    """The number of the first entry booked at `moment` or later: booking times rise strictly."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if int(journal.entries(middle, 1)["timestamp"][0]) < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _mine(entries: Array, mirror: int) -> Array:
    event = entries["event"]
    low, high = np.uint64(mirror & _MASK_64), np.uint64(mirror >> 64)
    touched = np.zeros(len(entries), np.bool_)
    for side in ("debit", "credit"):
        touched |= (event[f"{side}_account_id_lo"] == low) & (event[f"{side}_account_id_hi"] == high)
    booked = (event["flags"] & int(_NOT_BOOKED)) == 0
    kept: Array = event[
        (entries["kind"] == EntryKind.TRANSFER) & touched & booked & (event["code"] != Movement.OPENING)
    ]
    return kept


def _days(events: Array) -> Ints:
    """``yyyymmdd`` of each transfer as days since 1970."""
    written, places = np.unique(events["user_data_32"], return_inverse=True)
    days = np.full(max(len(written), 1), NO_DAY, np.int32)
    for place, number in enumerate(written.tolist()):
        try:
            days[place] = day_number(date(number // 10_000, number // 100 % 100, number % 100))
        except ValueError:
            first: Longs = np.flatnonzero(places == place)
            raise MissingDay(
                f"transfer {u128(events[first[:1]], 'id')[0]} names no business day",
                field="user_data_32",
                value=str(number),
                remedy="set user_data_32 of transfers at the bank to yyyymmdd",
            ) from None
    found: Ints = days[places]
    return found
