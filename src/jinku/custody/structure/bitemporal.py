"""Any balance as of one moment, as known at another: booked time and effective time beside each other.

Rules (R12):

1. What was known at K is what was booked by K. What counts as of T is what is effective by T
   (`jinku.custody.structure.bitemporal_hours`). Both are inclusive.
2. So whatever is booked after K changes no answer "as known at K": a day's reports, asked for as known at its close,
   stay byte for byte what they were.
3. `accounts_at` gives rows like ``ledger.accounts_array()``: every report that takes those can be made as of T,
   known at K.
4. One account's history is taken from the balances that the journal states after each entry, all accounts at once
   from the entries' own amounts: two ways to the same balance, compared in tests with each other and with the
   ledger's own.

Example::

    books = EffectiveBooks(ledger, BusinessHours.of(structure))
    books.balance_at(account, effective=books.hours.closing(day), known=closed_at).credit_balance
    books.changes(books.hours.closing(day), closed_at, now)   # what was booked into the past since
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.custody.structure.bitemporal_fold import Journal, fold, known_entries
from jinku.custody.structure.bitemporal_hours import INSTANT_MAX, BusinessHours, Instants
from jinku.ledger.layout import BALANCES, Array, EntryKind, u128
from jinku.ledger.model import TransferFlags

_PENDING = int(TransferFlags.PENDING)
_RESOLVES = int(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
_COLUMNS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")

Sums = tuple[int, int, int, int]
"""Debits pending and posted, credits pending and posted; minor units."""


class EffectiveJournal(Journal, Protocol):
    """A journal that finds an account's entries."""

    def account_entries(self, account: int, timestamp_min: int, timestamp_max: int) -> Array:
        """Every ``ENTRY`` row that moved the account, by the event's time."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """One account's four sums, minor units."""

    account: int
    effective: int
    known: int
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    @property
    def credit_balance(self) -> int:
        """Credits less debits posted: what is owed, where the account is a customer's."""
        return self.credits_posted - self.debits_posted

    @property
    def sums(self) -> Sums:
        """The four sums in order."""
        return self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an account, and the account right after it in order of effective time."""

    transfer: int
    kind: EntryKind
    code: int
    day: int
    """The business day that the transfer bears, yyyymmdd; 0 for none."""
    booked: int
    effective: int
    other: int
    """The account on the other side."""
    change: Sums
    after: Sums

    @property
    def amount(self) -> int:
        """What it adds to credits less debits posted."""
        return self.change[3] - self.change[1]

    @property
    def is_back_dated(self) -> bool:
        """Whether it counts before it was booked."""
        return self.effective < self.booked


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """An account after `start` up to and including `end`, as known at `known`."""

    opening: Standing
    lines: tuple[Line, ...]
    closing: Standing


@dataclass(frozen=True, slots=True)
class Change:
    """What later knowledge changed of one account's sums as of a past moment."""

    account: int
    before: Sums
    after: Sums

    @property
    def amount(self) -> int:
        """What it changes of credits less debits posted."""
        return self.after[3] - self.after[1] - self.before[3] + self.before[1]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was booked after `first` up to `second` that counts as of `effective`."""

    effective: int
    first: int
    second: int
    accounts: tuple[Change, ...]
    transfers: tuple[tuple[int, int, int], ...]
    """Id, booked moment and business day of each entry that made the difference, in the order booked."""


class EffectiveBooks:
    """The books of one ledger by effective and booked time; see the module's rules."""

    def __init__(self, ledger: EffectiveJournal, hours: BusinessHours) -> None:
        self._ledger, self.hours = ledger, hours

    def accounts_at(self, effective: int, known: int = INSTANT_MAX) -> Array:
        """``ACCOUNT`` rows of every account as of `effective`, as known at `known` (ns). Raises MoneyOverflow."""
        return fold(self._ledger, self.hours, effective, known)

    def balance_at(self, account: int, effective: int, known: int = INSTANT_MAX) -> Standing:
        """One account as of `effective`, as known at `known` (ns); zeros where nothing counts."""
        counting = [one for one in self._lines(account, known) if one.effective <= effective]
        return Standing(account, effective, known, *(counting[-1].after if counting else (0, 0, 0, 0)))

    def statement(self, account: int, start: int, end: int, known: int = INSTANT_MAX) -> AccountStatement:
        """What counted on the account after `start` (ns) up to and including `end`, in order of effective time."""
        lines = self._lines(account, known)
        before = [one for one in lines if one.effective <= start]
        within = tuple(one for one in lines if start < one.effective <= end)
        opening = before[-1].after if before else (0, 0, 0, 0)
        closing = within[-1].after if within else opening
        return AccountStatement(
            Standing(account, start, known, *opening), within, Standing(account, end, known, *closing)
        )

    def changes(self, effective: int, first: int, second: int) -> Changes:
        """How the balances as of `effective` differ as known at `second` from what was known at `first` (ns)."""
        before, after = self.accounts_at(effective, first), self.accounts_at(effective, second)
        old = dict(zip(u128(before, "id"), _sums(before), strict=True))
        found = [
            Change(number, old.get(number, (0, 0, 0, 0)), sums)
            for number, sums in zip(u128(after, "id"), _sums(after), strict=True)
        ]
        return Changes(
            effective,
            first,
            second,
            tuple(one for one in found if one.before != one.after),
            tuple(self._booked_between(effective, first, second)),
        )

    def _booked_between(self, effective: int, first: int, second: int) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        for chunk in known_entries(self._ledger, second):
            moved = np.isin(chunk["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY))
            rows = chunk[moved & (chunk["timestamp"] > np.uint64(max(first, 0)))]
            rows = rows[self.hours.effective(rows) <= effective] if len(rows) else rows
            event = rows["event"]
            found += zip(
                u128(event, "id"), rows["timestamp"].tolist(), event["user_data_32"].tolist(), strict=True
            )
        return found

    def _lines(self, account: int, known: int) -> list[Line]:
        """Every entry of the account booked by `known`, in order of effective time."""
        rows = self._ledger.account_entries(account, 0, INSTANT_MAX)
        rows = rows[rows["timestamp"].astype(np.int64) <= known]
        if not len(rows):
            return []
        after, other = account_side(rows, account)
        stated = _sums(after)
        steps = [_less(now, then) for now, then in zip(stated, [(0, 0, 0, 0), *stated[:-1]], strict=True)]
        instants = effective_of_account(rows, self.hours, {})
        order = np.argsort(instants, kind="stable").tolist()
        event = rows["event"]
        columns = list(
            zip(
                u128(event, "id"),
                rows["kind"].tolist(),
                event["code"].tolist(),
                event["user_data_32"].tolist(),
                rows["timestamp"].tolist(),
                instants.tolist(),
                other,
                strict=True,
            )
        )
        lines: list[Line] = []
        now: Sums = (0, 0, 0, 0)
        for at in order:
            transfer, kind, code, day, booked, instant, counterpart = columns[at]
            now = _plus(now, steps[at])
            lines.append(
                Line(transfer, EntryKind(kind), code, day, booked, instant, counterpart, steps[at], now)
            )
        return lines


def account_side(rows: Array, account: int) -> tuple[Array, list[int]]:
    """The ``BALANCES`` of `account` right after each of its entries, and the account on the other side."""
    event = rows["event"]
    debited: NDArray[np.bool_] = (event["debit_account_id_lo"] == np.uint64(account & ((1 << 64) - 1))) & (
        event["debit_account_id_hi"] == np.uint64(account >> 64)
    )
    after = np.zeros(len(rows), BALANCES)
    after[debited], after[~debited] = rows["debit"][debited], rows["credit"][~debited]
    debits, credits_ = u128(event, "debit_account_id"), u128(event, "credit_account_id")
    return after, [c if mine else d for mine, d, c in zip(debited.tolist(), debits, credits_, strict=True)]


def effective_of_account(rows: Array, hours: BusinessHours, holds: dict[int, int]) -> Instants:
    """The effective instant of each entry of one account, a hold's end never before the hold.

    `holds` has the effective instants of holds by id, and gains those among `rows`.
    """
    instants = hours.effective(rows)
    flags = rows["event"]["flags"].astype(np.int64)
    expired = rows["kind"] == EntryKind.EXPIRY
    special = np.flatnonzero(expired | (flags & (_PENDING | _RESOLVES) != 0))
    chosen = rows["event"][special]
    for at, number, pending, flag, over in zip(
        special.tolist(),
        u128(chosen, "id"),
        u128(chosen, "pending_id"),
        flags[special].tolist(),
        expired[special].tolist(),
        strict=True,
    ):
        if over or flag & _RESOLVES:
            instants[at] = max(int(instants[at]), holds.get(number if over else pending, 0))
        else:
            holds[number] = int(instants[at])
    return instants


def _sums(rows: Array) -> Sequence[Sums]:
    return list(zip(*(u128(rows, name) for name in _COLUMNS), strict=True))


def _less(one: Sums, other: Sums) -> Sums:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2], one[3] - other[3]


def _plus(one: Sums, other: Sums) -> Sums:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]
