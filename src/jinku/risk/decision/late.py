"""What may be let through unlooked at: little for each customer, not without end for all, nothing for who is listed.

A late answer (and one where an engine failed) is given without features, score or rules. So that nobody can buy it by
making the desk slow, it is bound by what was let through in the same way before.

Rules:

1. An event that was not looked at and would be let through is held where its amount and what its customer got through
   unlooked at within `WITHIN_HOURS` together exceed the amount that the answer holds above. Several small movements
   are one large one.
2. It is held too where all customers together got more through within these hours than ``all_above`` says.
3. Somebody listed is never let through unlooked at: it is held at least, and stronger where a row of the policy that
   asks for ``listed`` alone says so.
4. Whose a movement is says `whose`; as standard the customer where it is one of the two sides, else the payer: what was
   told beforehand cannot spread one payer's movements over many customers.
5. The counts are of whole hours and in memory, built from the journal of decisions when a house is opened. What this
   demanded is in the outcome (``late``), so a replay takes it from there.

Example::

    late = LateBook()
    late.read(journal, late.first(journal, now_us), journal.size)
    late.demanded(events, stages, policy)  # 0, Action.HOLD or stronger, of each event
"""

from collections import deque
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Action, Array, Bits, Stage
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import RecordKind, decode_events, requests_and_outcomes
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY

WITHIN_HOURS = 24
HOUR_US = 3_600_000_000
COUNTED_MAX = 1 << 46
"""An amount counts as no more than this, so that a batch's sums fit; no limit is above it."""
SWEPT_AT = 65_536
"""Customers from which on those whose hours have passed are forgotten."""
EVERYBODY = -1

Words = NDArray[np.uint64]
Whose = Callable[[EventBatch], NDArray[np.void]]
"""``KEY`` rows: under whom each event counts."""


def whose_movement(events: EventBatch) -> NDArray[np.void]:
    """See rule 4."""
    customer, payer, payee = (events.column(name) for name in ("customer", "payer", "payee"))
    side = (payer.valid & (customer.values == payer.values)) | (
        payee.valid & (customer.values == payee.values)
    )
    own = customer.valid & (side | ~payer.valid)
    found: NDArray[np.void] = np.where(
        own, customer.values, np.where(payer.valid, payer.values, payee.values)
    )
    return found


class LateBook:
    """See the module's rules. For one thread at a time, in the order of the journal."""

    def __init__(self, whose: Whose = whose_movement) -> None:
        self._whose = whose
        self._sums: dict[tuple[int, str], _Hours] = {}
        self._swept_at = SWEPT_AT

    def demanded(self, events: EventBatch, stages: Bits, policy: Policy) -> Bits:
        """The action that is due at least for each event that was not looked at, 0 for none."""
        demanded = np.zeros(len(events), np.uint8)
        late = stages == Stage.LATE
        unlooked = stages != Stage.DECIDED
        listed = events.column("listed")
        listed_there = listed.values & listed.valid & unlooked
        demanded[listed_there] = max(Action.HOLD, _of_listed(policy))
        plain = np.where(late, policy.late.actions(events), policy.failed.actions(events))
        rows = np.flatnonzero(unlooked & (np.maximum(plain, demanded) < Action.HOLD))
        if not len(rows):
            return demanded
        words, codes = _currencies(events)
        codes = codes[rows]
        answers = policy.late, policy.failed
        own = [_limits(one.hold_above, words, 0)[codes] for one in answers]
        whole = [_limits(one.all_above, words, COUNTED_MAX)[codes] for one in answers]
        limits, all_limits = (np.where(late[rows], *of) for of in (own, whole))
        amounts, now = _amounts(events, rows), int(events.times[rows[-1]])
        beyond = self._together(self._keyed(events, rows), codes, words, amounts, now) > limits
        passing = np.flatnonzero(~beyond)
        everybody = np.zeros(len(passing), KEY)
        sums = self._together(everybody, codes[passing], words, amounts[passing], now, common=True)
        beyond[passing] = sums > all_limits[passing]
        demanded[rows[beyond]] = Action.HOLD
        return demanded

    def noted(self, events: EventBatch, outcomes: Array) -> None:
        """Hear what became of these events: what went through unlooked at counts."""
        through = (outcomes["stage"] != Stage.DECIDED) & (outcomes["action"] < Action.HOLD)
        if not through.any():
            return
        rows = np.flatnonzero(through)
        words, codes = _currencies(events)
        amounts, keys = _amounts(events, rows), self._keyed(events, rows)
        hours = events.times[rows] // HOUR_US
        _, first, groups = np.unique(
            _grouped(keys, codes[rows], hours), return_index=True, return_inverse=True
        )
        sums = np.zeros(len(first), np.int64)
        np.add.at(sums, groups.ravel(), amounts)
        for at, amount in zip(first.tolist(), sums.tolist(), strict=True):
            word, hour = words[int(codes[rows[at]])], int(hours[at])
            number = int(keys["lo"][at]) | int(keys["hi"][at]) << 64
            for whose in (number, EVERYBODY):
                self._sums.setdefault((whose, word), _Hours()).add(hour, amount)
        self._sweep(int(hours[-1]))

    def first(self, journal: Journal, now: int) -> int:
        """The journal's first record that counts at `now` (us)."""
        return max(0, journal.first_at(now - (WITHIN_HOURS + 1) * HOUR_US) - 1)

    def read(self, journal: Journal, first: int, last: int) -> None:
        """Count what the journal's records from `first` up to `last` let through. Raises JournalAltered."""
        for number in range(first, last):
            if int(journal.place(number)["kind"]) != RecordKind.DECISIONS:
                continue
            payload = journal.read(number)
            _, outcomes, _ = requests_and_outcomes(payload)
            if (outcomes["stage"] != Stage.DECIDED).any():
                self.noted(decode_events(payload), outcomes)

    def _keyed(self, events: EventBatch, rows: NDArray[np.int64]) -> NDArray[np.void]:
        keys: NDArray[np.void] = self._whose(events)[rows]
        return keys

    def _together(
        self,
        keys: NDArray[np.void],
        codes: NDArray[np.int64],
        words: tuple[str, ...],
        amounts: NDArray[np.int64],
        now: int,
        *,
        common: bool = False,
    ) -> NDArray[np.int64]:
        """Of each row: what its customer got through before, and all of this batch up to it, itself included."""
        if not len(keys):
            return np.zeros(0, np.int64)
        order_of = _grouped(keys, codes, np.zeros(len(keys), np.int64))
        _, first, groups = np.unique(order_of, return_index=True, return_inverse=True)
        groups = groups.ravel()
        hour = now // HOUR_US
        before = np.zeros(len(first), np.int64)
        for group, at in enumerate(first.tolist()):
            number = EVERYBODY if common else int(keys["lo"][at]) | int(keys["hi"][at]) << 64
            held = self._sums.get((number, words[int(codes[at])]))
            before[group] = 0 if held is None else held.sum(hour)
        order = np.argsort(groups, kind="stable")
        running = np.cumsum(amounts[order])
        begins = np.flatnonzero(np.diff(groups[order], prepend=-1))
        offset = np.zeros(len(first), np.int64)
        offset[1:] = running[begins[1:] - 1]
        found = np.empty(len(keys), np.int64)
        found[order] = running - offset[groups[order]] + before[groups[order]]
        return found

    def _sweep(self, hour: int) -> None:
        """Forget those whose hours have passed, each time there are twice as many as were left."""
        if len(self._sums) < self._swept_at:
            return
        self._sums = {key: one for key, one in self._sums.items() if one.sum(hour)}
        self._swept_at = max(SWEPT_AT, 2 * len(self._sums))


class _Hours:
    """Sums by the hour, of those that count."""

    __slots__ = ("_hours", "_total")

    def __init__(self) -> None:
        self._hours: deque[list[int]] = deque()
        self._total = 0

    def add(self, hour: int, amount: int) -> None:
        if self._hours and self._hours[-1][0] >= hour:
            self._hours[-1][1] += amount
        else:
            self._hours.append([hour, amount])
        self._total += amount

    def sum(self, hour: int) -> int:
        """What was let through in this hour and the `WITHIN_HOURS` before it."""
        while self._hours and self._hours[0][0] < hour - WITHIN_HOURS:
            self._total -= self._hours.popleft()[1]
        return min(self._total, COUNTED_MAX)


def _of_listed(policy: Policy) -> int:
    """The action of the policy's rows that ask for nothing but that somebody is listed."""
    rows = policy.conditions
    alone = (rows["by_model"] == 0) & (rows["by_points"] == 0) & (rows["listed"] == 1)
    return int(rows["action"][alone].max(initial=0))


def _currencies(events: EventBatch) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The currencies of a batch, and for each event its number among them; the last one is none."""
    column = events.column("currency")
    words = (*column.words, "")
    return words, np.where(column.valid, column.values, len(words) - 1).astype(np.int64)


def _limits(of: Mapping[str, int], words: tuple[str, ...], otherwise: int) -> NDArray[np.int64]:
    return np.array([min(of.get(word, otherwise), COUNTED_MAX) for word in words], np.int64)


def _amounts(events: EventBatch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each of these events counts; one without an amount counts the most."""
    amount = events.column("amount")
    counted = np.where(amount.valid, amount.values, COUNTED_MAX)[rows]
    return np.clip(counted, 0, COUNTED_MAX)


def _grouped(keys: NDArray[np.void], codes: NDArray[np.int64], hours: NDArray[np.int64]) -> NDArray[np.void]:
    made = np.empty(len(keys), [("lo", "<u8"), ("hi", "<u8"), ("code", "<i8"), ("hour", "<i8")])
    made["lo"], made["hi"], made["code"], made["hour"] = keys["lo"], keys["hi"], codes, hours
    return made
