"""The room that an account's limit leaves, from a past moment to now, in order of effective time.

Rules:

1. Room is what may still be taken: credits posted less debits posted and pending, where debits are limited; the
   mirror image where credits are. Legal is a room that is not below the floor (0, or the overdraft that the account
   has).
2. What is entered at an instant comes after everything that counts at that instant already.
3. A fault is a point at which what is entered has lowered the room, and the room is below the floor. A point that
   was illegal before and is not made worse is nobody's fault here.
4. Amounts are whole minor units of up to 128 bits; columns of them are 64-bit words only where nothing can overflow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.custody.structure.bitemporal import account_side, effective_of_account
from jinku.custody.structure.bitemporal_hours import BusinessHours, Instants
from jinku.ledger.layout import ID, Array, EntryKind, set_u128, u128
from jinku.ledger.model import Account, AccountFlags

_WORD_SAFE = 1 << 60
_DEBITS, _CREDITS = (
    int(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
    int(AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS),
)


class AccountRows(Protocol):
    """Where accounts are looked up."""

    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ids that exist."""
        ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What one transfer does to the room of one account, at its effective instant."""

    account: int
    instant: int
    change: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What limits an account."""

    on_debits: bool
    floor: int = 0
    """The least room that is legal; minus the overdraft."""

    def room(self, account: Account | None) -> int:
        """The room that an account's sums leave; 0 for an account that is not there yet."""
        if account is None:
            return 0
        out, into = account.debits_posted, account.credits_posted
        return into - out - account.debits_pending if self.on_debits else out - into - account.credits_pending

    def rooms(self, balances: Array) -> list[int]:
        """The room that each of these ``BALANCES`` rows leaves."""
        posted = zip(u128(balances, "credits_posted"), u128(balances, "debits_posted"), strict=True)
        held = u128(balances, "debits_pending" if self.on_debits else "credits_pending")
        sign = 1 if self.on_debits else -1
        return [sign * (into - out) - waiting for (into, out), waiting in zip(posted, held, strict=True)]


class Limits:
    """The limits of accounts: those that the ledger keeps, and overdrafts that it does not know."""

    def __init__(self, ledger: AccountRows, overdrafts: Callable[[int], int | None]) -> None:
        self._ledger, self._overdrafts = ledger, overdrafts

    def of(self, account: int) -> "Limit":
        """The limit of one account that has one. Raises KeyError."""
        return self.of_all({account})[account]

    def of_all(self, accounts: set[int]) -> dict[int, Limit]:
        """The limit of each account that exists and has one."""
        wanted = sorted(accounts)
        ids = np.zeros(len(wanted), ID)
        set_u128(ids, "id", wanted)
        rows = self._ledger.lookup_accounts_array(ids)
        found: dict[int, Limit] = {}
        for number, flags in zip(u128(rows, "id"), rows["flags"].tolist(), strict=True):
            overdraft = self._overdrafts(number)
            if flags & (_DEBITS | _CREDITS):
                found[number] = Limit(bool(flags & _DEBITS))
            elif overdraft is not None:
                found[number] = Limit(True, -overdraft)
        return found


class AccountPast:
    """One account's entries from a moment on; see the module's rules."""

    def __init__(self, account: int, limit: Limit, hours: BusinessHours) -> None:
        self.account, self.limit, self._hours = account, limit, hours
        self._start = self._before = self._last = self._booked = 0
        self._holds: dict[int, int] = {}
        self._instants: list[Instants] = []
        self._changes: list[int] = []

    def begin(self, room: int, start: int) -> None:
        """The room that everything booked by `start` (ns) leaves."""
        self._before = self._last = room
        self._start = start

    def settle(self, start: int) -> None:
        """Look from `start` on only, after the whole history was read."""
        self._start = start

    def extend(self, entries: Array) -> None:
        """Add those of `entries` (``ENTRY`` rows in the order booked) that move the account and are new."""
        rows = self._ours(entries)
        if not len(rows):
            return
        rooms = self.limit.rooms(account_side(rows, self.account)[0])
        before = self._last
        for room in rooms:
            self._changes.append(room - before)
            before = room
        self._instants.append(effective_of_account(rows, self._hours, self._holds))
        self._last, self._booked = before, int(rows["timestamp"][-1])

    def fault(self, effects: Sequence[Effect]) -> tuple[int, int] | None:
        """The first illegal point that these effects make: its effective moment and the room there; None where
        none."""
        own = sorted((one for one in effects if one.account == self.account), key=lambda one: one.instant)
        instants: Instants = np.concatenate([np.zeros(0, np.int64), *self._instants])
        changes = _column(self._changes)
        settled = instants <= self._start
        base = self._before + int(changes[settled].sum())
        instants, changes = instants[~settled], changes[~settled]
        order = np.argsort(instants, kind="stable")
        instants, changes = instants[order], changes[order]
        # the points of our own effects stand behind what counts at their instant
        places = np.searchsorted(instants, [one.instant for one in own], side="right")
        added = _column([one.change for one in own])
        points = np.insert(instants, places, [one.instant for one in own])
        old = np.cumsum(np.insert(changes, places, 0)) + base
        mine = np.cumsum(np.insert(np.zeros_like(changes), places, added))
        wrong = np.flatnonzero((mine < 0) & (old + mine < self.limit.floor))
        if not len(wrong):
            return None
        at = int(wrong[0])
        return int(points[at]), int(old[at] + mine[at])

    def _ours(self, entries: Array) -> Array:
        event = entries["event"]
        low, high = np.uint64(self.account & ((1 << 64) - 1)), np.uint64(self.account >> 64)
        mine = np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY))
        touched = np.zeros(len(entries), np.bool_)
        for side in ("debit", "credit"):
            touched |= (event[f"{side}_account_id_lo"] == low) & (event[f"{side}_account_id_hi"] == high)
        ours: Array = entries[mine & touched & (entries["timestamp"] > np.uint64(self._booked))]
        return ours


def lines_of(effects: Sequence[Effect]) -> list[tuple[int, int]]:
    """The accounts that these effects lower somewhere in the past, each with the first instant that they change it
    at."""
    lowered = {one.account for one in effects if one.change < 0}
    return [
        (account, min(one.instant for one in effects if one.account == account))
        for account in sorted(lowered)
    ]


def _column(values: Sequence[int]) -> NDArray[Any]:
    """Words where their sum is safe, Python's integers otherwise."""
    biggest = max((abs(one) for one in values), default=0)
    return np.array(values, np.int64 if biggest * (len(values) + 1) < _WORD_SAFE else object)
