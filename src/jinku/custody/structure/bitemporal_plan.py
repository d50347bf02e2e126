"""Which transfers of a batch bear an earlier day, which of them need a look at the past, and which are refused at
once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import NS_PER_DAY, to_rfc3339
from jinku.custody.structure.bitemporal_hours import (
    FORWARD_DAYS_MAX,
    INSTANT_MAX,
    BusinessHours,
    date_of,
)
from jinku.custody.structure.bitemporal_line import Effect, Limit, Limits
from jinku.ledger.layout import ID, Array, u128
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import TransferFlags

_LINKED, _PENDING, _IMPORTED = (
    np.uint16(TransferFlags.LINKED),
    int(TransferFlags.PENDING),
    np.uint16(TransferFlags.IMPORTED),
)
_RESOLVES = int(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
_BALANCING = int(TransferFlags.BALANCING_DEBIT | TransferFlags.BALANCING_CREDIT)
_MARGIN_NS = 2 * BATCH_EVENTS_MAX
"""Entries of one write are a nanosecond apart: so far the last of them may lie from the first."""
_ENTITY_SHIFT = 96

Dated = tuple[int, int, date]
"""Legal entity, currency number and business day."""


class Reason(StrEnum):
    """Why a transfer of another day is refused."""

    CLOSED_DAY = "closed_day"
    LATER_DAY = "later_day"
    NO_DAY = "no_day"
    BALANCING = "balancing"
    OVERDRAWN = "overdrawn"


_WORDS = {
    Reason.CLOSED_DAY: ("its business day is closed", "date it on the first day that is open"),
    Reason.LATER_DAY: ("its business day has not begun", "send it on that day"),
    Reason.NO_DAY: ("it bears no business day", "give the day as yyyymmdd"),
    Reason.BALANCING: ("a balancing amount is known only today", "name the amount"),
    Reason.OVERDRAWN: ("a balance between then and now would be illegal", "date it later, or move less"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One chain that is not booked."""

    row: int
    """Its first row in the batch."""
    reason: Reason
    account: int = 0
    """The account whose balance would be illegal."""
    moment: int = 0
    """The effective moment (ns) from which it would be."""
    room: int = 0
    """What would be left there, minor units: below zero."""

    @property
    def message(self) -> str:
        """What is wrong and what to do, a sentence."""
        problem, remedy = _WORDS[self.reason]
        if self.reason is Reason.OVERDRAWN:
            problem += f": account {self.account} would have {self.room} as of {to_rfc3339(self.moment)}"
        return f"row {self.row}: {problem}; {remedy}"


@dataclass(frozen=True, slots=True)
class Guarded:
    """What became of a batch."""

    results: Array
    """One ``RESULT`` row per transfer."""
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Chains that are sent together."""

    first: int
    """The number of the first row in the batch."""
    rows: Array
    opens: int = 0
    closes: int = INSTANT_MAX
    """Between these moments the rows that bear the present day bear it indeed."""
    dated: frozenset[Dated] = frozenset()
    """The earlier days that rows bear."""
    effects: tuple[Effect, ...] = ()
    """Of a chain that lowers a balance in the past: what it does to the accounts that have a limit."""

    @property
    def lowering(self) -> bool:
        """Whether the past must be looked at."""
        return bool(self.effects)


@dataclass(slots=True)
class Plan:
    """The runs of a batch in order, and what is refused."""

    runs: list[Run] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


class ClosedDays(Protocol):
    """Which days are closed."""

    def is_closed(self, entity: int, currency: int, day: date) -> bool:
        """Whether the books of the legal entity in the currency (ISO 4217 number) are closed for `day`."""
        ...


class PlannedLedger(Protocol):
    """What planning reads."""

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ids that exist."""
        ...


@dataclass(frozen=True, slots=True)
class _Days:
    """The business day of each row of a batch, against one moment."""

    numbers: Array
    first: Array
    last: Array
    present: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    """Bears another day than the present one, or none that is a day."""
    holds: dict[int, Array]


class Planner:
    """Plans batches of one ledger."""

    def __init__(
        self, ledger: PlannedLedger, hours: BusinessHours, closed: ClosedDays | None, limits: Limits
    ) -> None:
        self._ledger, self._hours, self._closed, self._limits = ledger, hours, closed, limits

    def plan(self, batch: Array, now: int, first: int = 0) -> Plan:
        """The plan of `batch` at the moment `now`; its first row has the number `first`."""
        days = self._days(batch, now)
        plan = Plan()
        if not len(batch):
            return plan
        if not days.odd.any():
            plan.runs.append(_run(batch, days, 0, len(batch), first, frozenset(), ()))
            return plan
        edges = _edges(batch)
        start, dated = 0, set[Dated]()
        for at, end in pairwise(edges):
            if not days.odd[at:end].any():
                continue
            reason, bears = self._dates(batch, days, at, end, now)
            effects = () if reason else self._effects(batch, days, at, end)
            if reason is None and not effects:
                dated |= bears
                continue
            if at > start:
                plan.runs.append(_run(batch, days, start, at, first, frozenset(dated), ()))
            if reason is not None:
                plan.refusals.append(Refusal(first + at, reason))
            else:
                plan.runs.append(_run(batch, days, at, end, first, frozenset(bears), effects))
            start, dated = end, set()
        if start < len(batch):
            plan.runs.append(_run(batch, days, start, len(batch), first, frozenset(dated), ()))
        return plan

    def _days(self, batch: Array, now: int) -> _Days:
        numbers = batch["user_data_32"].astype(np.int64)
        flags = batch["flags"]
        resolving = flags & np.uint16(_RESOLVES) != 0
        heirs = np.flatnonzero(resolving & (numbers == 0))
        holds: dict[int, Array] = {}
        if len(heirs):  # a post or void without a day of its own has its hold's
            holds = self._holds(batch)
            numbers[heirs] = [
                int(holds[one]["user_data_32"]) if one in holds else 0
                for one in u128(batch[heirs], "pending_id")
            ]
        first, last, dated = self._hours.days(numbers, np.full(len(batch), now, np.int64))
        bears = (numbers != 0) & (flags & _IMPORTED == 0)
        present = bears & dated & (first <= now) & (last >= now)
        odd = bears & ~present
        if odd.any():
            odd[odd] = ~self._booked(batch[odd])
            holds = holds or self._holds(batch)
        return _Days(numbers, first, last, present, odd, holds)

    def _booked(self, rows: Array) -> NDArray[np.bool_]:
        """Which of the rows are in the ledger already."""
        ids = np.zeros(len(rows), ID)
        ids["id_lo"], ids["id_hi"] = rows["id_lo"], rows["id_hi"]
        known = set(u128(self._ledger.lookup_transfers_array(ids), "id"))
        return np.array([one in known for one in u128(rows, "id")], np.bool_)

    def _holds(self, batch: Array) -> dict[int, Array]:
        """The holds that rows post or void, in the ledger or in the batch itself, by id."""
        resolving = batch[batch["flags"] & np.uint16(_RESOLVES) != 0]
        if not len(resolving):
            return {}
        ids = np.zeros(len(resolving), ID)
        ids["id_lo"], ids["id_hi"] = resolving["pending_id_lo"], resolving["pending_id_hi"]
        stored = self._ledger.lookup_transfers_array(ids)
        fresh = batch[batch["flags"] & np.uint16(_PENDING) != 0]
        return {
            number: row
            for rows in (fresh, stored)
            for number, row in zip(u128(rows, "id"), rows, strict=True)
        }

    def _dates(
        self, batch: Array, days: _Days, at: int, end: int, now: int
    ) -> tuple[Reason | None, set[Dated]]:
        """Why the days of a chain are refused, or the earlier days that it bears."""
        bears: set[Dated] = set()
        for row in (np.flatnonzero(days.odd[at:end]) + at).tolist():
            day = date_of(int(days.numbers[row]))
            if day is None or int(days.first[row]) > now + FORWARD_DAYS_MAX * NS_PER_DAY:
                return Reason.NO_DAY, bears
            if int(days.first[row]) > now:
                return Reason.LATER_DAY, bears
            if int(batch["flags"][row]) & _BALANCING:
                return Reason.BALANCING, bears
            source = batch[row]
            if int(source["flags"]) & _RESOLVES:
                source = days.holds.get(_id(source, "pending_id"), source)
            dated = (_id(source, "debit_account_id") >> _ENTITY_SHIFT, int(source["ledger"]), day)
            if self._closed is not None and self._closed.is_closed(*dated):
                return Reason.CLOSED_DAY, bears
            bears.add(dated)
        return None, bears

    def _effects(self, batch: Array, days: _Days, at: int, end: int) -> tuple[Effect, ...]:
        """What a chain does to limited accounts, where it lowers one in the past; else nothing."""
        moving = [row for row in range(at, end) if not int(batch["flags"][row]) & _RESOLVES]
        sides = {
            row: (_id(batch[row], "debit_account_id"), _id(batch[row], "credit_account_id")) for row in moving
        }
        if not any(days.odd[row] for row in moving):
            return ()
        limits = self._limits.of_all({account for pair in sides.values() for account in pair})
        effects: list[Effect] = []
        past = False
        for row in moving:
            amount, held = _id(batch[row], "amount"), bool(int(batch["flags"][row]) & _PENDING)
            instant = int(days.last[row]) if days.odd[row] else INSTANT_MAX
            for account, debited in zip(sides[row], (True, False), strict=True):
                change = _change(limits.get(account), amount, debited=debited, held=held)
                if change:
                    effects.append(Effect(account, instant, change))
                    past |= change < 0 and instant < INSTANT_MAX
        return tuple(effects) if past else ()


def _change(limit: Limit | None, amount: int, *, debited: bool, held: bool) -> int:
    """What a transfer of `amount` does to the room of one of its accounts."""
    if limit is None:
        return 0
    if debited is limit.on_debits:
        return -amount
    return 0 if held else amount


def still_dated(run: Run, now: int) -> frozenset[Dated] | None:
    """The earlier days that a run bears when it is booked from `now` on; None where the present day has ended
    since."""
    if not run.opens <= now or now + _MARGIN_NS > run.closes:
        return None
    return run.dated


def entity_days(hours: BusinessHours, start: int) -> Iterator[date]:
    """The days that something booked by `start` could bear and count only after it."""
    day = hours.day_at(start)
    for ahead in range(1, FORWARD_DAYS_MAX + 3):
        yield day + timedelta(days=ahead)


def _run(
    batch: Array,
    days: _Days,
    at: int,
    end: int,
    first: int,
    dated: frozenset[Dated],
    effects: Sequence[Effect],
) -> Run:
    present = days.present[at:end]
    opens = int(days.first[at:end][present].max()) if present.any() else 0
    closes = int(days.last[at:end][present].min()) if present.any() else INSTANT_MAX
    return Run(first + at, batch[at:end], opens, closes, dated, tuple(effects))


def _edges(batch: Array) -> list[int]:
    """Where each chain starts, and the end."""
    ends = (np.flatnonzero(batch["flags"] & _LINKED == 0) + 1).tolist()
    if not ends or ends[-1] != len(batch):
        ends.append(len(batch))
    return [0, *ends]


def _id(row: Array, name: str) -> int:
    return (int(row[f"{name}_hi"]) << 64) | int(row[f"{name}_lo"])
