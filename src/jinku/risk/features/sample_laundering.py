"""Movements between accounts with laundering among them, from a seed: what the engines are compared on for paths.

What is in them, on purpose: customs between friends, shops that more accounts pay than a path may come through, money
scattered over mules and gathered, rings of two to four movements, some within a day and some not, movements exactly a
day and exactly seven days apart, the same edge again, accounts that pay themselves, accounts that are missing, and
labels a week late as events of their own.

Example::

    sample_laundering(100_000, seed=1)   # an EventBatch of exactly so many rows, labels among them
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.events import KEY, Column, EventBatch, LocalTime, payments, spread, with_labels
from jinku.risk.features.sample import LABEL_DELAY_DAYS, START, ZONE

DAYS = 40
EVENTS_PER_ACCOUNT = 25
PLANTED_SHARE = 0.3
_SECOND = 1_000_000
_DAY = 86_400
_ACCOUNT, _EVENT = 2, 6
_MISSING = -1
Row = tuple[int, int, int, int]
"""Second, payer, payee, amount."""


def sample_laundering(count: int, seed: int) -> EventBatch:
    """`count` events from `seed`; the same seed gives the same bytes. It raises BadEvents for no events."""
    random = np.random.default_rng(seed)
    accounts = max(30, count // EVENTS_PER_ACCOUNT)
    planted: list[Row] = []
    schemes = _Schemes(random, accounts)
    while len(planted) < PLANTED_SHARE * count:
        planted += schemes.one()
    planted = planted[:count]
    rows = np.concatenate((np.array(planted, np.int64).reshape(-1, 4), _customs(random, count, accounts)))
    fraud = np.arange(len(rows)) < len(planted)
    rows, fraud = rows[:count], fraud[:count]
    order = np.argsort(rows[:, 0], kind="stable")
    rows, fraud = rows[order], fraud[order]
    columns = {
        "id": Column.full(_keys(_EVENT, np.arange(count))),
        "time": Column.full(spread(START + rows[:, 0] * _SECOND)),
        "payer": Column(_keys(_ACCOUNT, rows[:, 1]), rows[:, 1] != _MISSING),
        "payee": Column(_keys(_ACCOUNT, rows[:, 2]), rows[:, 2] != _MISSING),
        "amount": Column.full(rows[:, 3]),
        "kind": Column.of_texts(["transfer"] * count),
        "currency": Column.of_texts(["CNY"] * count),
        "label": Column.full(fraud),
    }
    place = LocalTime(ZONE)
    whole = {name: column.settled() for name, column in columns.items()}
    batch = with_labels(payments(whole, place), LABEL_DELAY_DAYS * _DAY * _SECOND, place)
    return batch[:count]


def _customs(random: np.random.Generator, count: int, accounts: int) -> NDArray[np.int64]:
    """Movements of honest people: friends, strangers, shops; some without an account, some to oneself."""
    chance = random.random((4, count))
    payer = random.integers(0, accounts, count)
    friends = random.integers(0, accounts, (accounts, 3))
    payee = friends[payer, random.integers(0, 3, count)]
    payee = np.where(chance[0] < 0.2, random.integers(0, accounts, count), payee)
    shops = max(2, accounts // 60)
    payee = np.where(chance[0] > 0.75, random.integers(0, shops, count), payee)
    payee = np.where(chance[1] < 0.01, payer, payee)
    payee = np.where(chance[2] < 0.02, _MISSING, payee)
    payer = np.where(chance[3] < 0.02, _MISSING, payer)
    second = random.integers(0, DAYS * _DAY, count)
    amount = random.lognormal(9, 1, count).astype(np.int64)
    return np.stack((second, payer, payee, amount), axis=1)


@dataclass(frozen=True, slots=True)
class _Schemes:
    """What launderers do."""

    random: np.random.Generator
    accounts: int

    def one(self) -> Iterator[Row]:
        """The movements of one scheme."""
        begins = self._number(0, (DAYS - 9) * _DAY)
        length = (_DAY // 2, _DAY, 5 * _DAY, 7 * _DAY)[self._number(0, 4)]
        if self._number(0, 2):
            return self._ring(begins, length)
        return self._scattered(begins, length)

    def _ring(self, begins: int, length: int) -> Iterator[Row]:
        """Two to four movements, the last exactly `length` after the first; one of them perhaps twice."""
        hops, amount = self._number(2, 5), self._number(100_000, 5_000_000)
        ring = self.random.choice(self.accounts, hops, replace=False).tolist()
        between = sorted(self.random.choice(length - 1, hops - 2, replace=False).tolist())
        moments = [0, *(1 + one for one in between), length]
        again = self._number(0, 2 * hops)
        for at, after in enumerate(moments):
            yield begins + after, ring[at], ring[(at + 1) % hops], amount - 1_000 * at
            if at == again:
                yield begins + after, ring[at], ring[(at + 1) % hops], amount // 2

    def _scattered(self, begins: int, length: int) -> Iterator[Row]:
        """From one account over mules to another, which at the end is paid directly, too."""
        mules, amount = self._number(2, 9), self._number(100_000, 5_000_000)
        origin, target, *between = self.random.choice(self.accounts, 2 + mules, replace=False).tolist()
        half = length // 2
        for at, mule in enumerate(between):
            # The first leaves exactly `length` before the last movement.
            yield begins + (self._number(0, half) if at else 0), origin, mule, amount
            yield begins + half + self._number(0, half), mule, target, amount * 98 // 100
        yield begins + length, origin, target, 1_000

    def _number(self, low: int, beyond: int) -> int:
        return int(self.random.integers(low, beyond))


def _keys(kind: int, numbers: NDArray[np.int64]) -> NDArray[Any]:
    """Identities of one kind: no two kinds share one."""
    made = np.zeros(len(numbers), KEY)
    made["lo"] = np.maximum(numbers, 0).astype(np.uint64)
    made["hi"] = np.uint64(kind) << np.uint64(32)
    return made
