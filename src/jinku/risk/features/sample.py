"""Payment events as a platform sees them, from a seed: what the engines are compared on.

What is in them, on purpose: customers with habits (own pace, amounts, terminals, devices, friends), bursts within
seconds, the same amount again and again, many events within one second (the stream gives each a microsecond of its
own), identities that are missing, amounts that are missing or zero, accounts that pay themselves, pairs that pay back
and forth, frauds in runs, and their labels a week late as events of their own.

Example::

    sample(100_000, seed=1)   # an EventBatch of exactly so many rows, labels among them
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.events import KEY, Column, EventBatch, LocalTime, payments, spread, with_labels

START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, in microseconds since 1970."""
DAYS = 60
LABEL_DELAY_DAYS = 7
EVENTS_PER_CUSTOMER = 120
ZONE = "Asia/Shanghai"

_SECOND = 1_000_000
_DAY_SECONDS = 86_400
_KINDS = ("payment", "transfer", "payout")
_CUSTOMER, _ACCOUNT, _DEVICE, _TERMINAL, _ADDRESS, _EVENT = range(1, 7)
Integers = NDArray[np.int64]


def sample(count: int, seed: int) -> EventBatch:
    """`count` events from `seed`; the same seed gives the same bytes. It raises BadEvents for no events."""
    random = np.random.default_rng(seed)
    people = max(20, count // EVENTS_PER_CUSTOMER)
    seconds, customer = _moments(random, count, people)
    habits = _Habits(random, people)
    order = np.argsort(seconds, kind="stable")
    seconds, customer = seconds[order], customer[order]
    columns = habits.columns(random, customer, seconds)
    columns["id"] = Column.full(_keys(_EVENT, np.arange(count)))
    columns["time"] = Column.full(spread(START + seconds * _SECOND))
    place = LocalTime(ZONE)
    batch = with_labels(payments(columns, place), LABEL_DELAY_DAYS * _DAY_SECONDS * _SECOND, place)
    return batch[:count]


def _moments(random: np.random.Generator, count: int, people: int) -> tuple[Integers, Integers]:
    """The second of each event, and whose it is: a customer's own pace by day, and one event in ten within a burst."""
    pace = random.lognormal(0, 1, people)
    customer = random.choice(people, count, p=pace / pace.sum())
    day = random.integers(0, DAYS, count)
    second = (13 * 3_600 + 4 * 3_600 * random.standard_normal(count)).astype(np.int64) % _DAY_SECONDS
    seconds = day * _DAY_SECONDS + second
    follows = random.random(count) < 0.1
    follows[0] = False
    leader = np.maximum.accumulate(np.where(follows, 0, np.arange(count)))
    seconds = np.where(follows, seconds[leader] + random.integers(0, 20, count), seconds)
    return seconds, np.where(follows, customer[leader], customer)


class _Habits:
    """What each customer usually does."""

    def __init__(self, random: np.random.Generator, people: int) -> None:
        self.people, self.terminals = people, max(10, people // 2)
        self.spend = random.lognormal(8.5, 1, people)
        self.home = random.integers(0, self.terminals, (people, 3))
        self.device = random.integers(0, max(5, people * 9 // 10), (people, 2))
        self.friends = random.integers(0, people, (people, 4))

    def columns(
        self, random: np.random.Generator, customer: Integers, seconds: Integers
    ) -> dict[str, Column]:
        """The columns of events of these customers, in order of time."""
        count, rows = len(customer), np.arange(len(customer))
        chance = random.random((8, count))
        kind = random.choice(len(_KINDS), count, p=(0.6, 0.3, 0.1))
        stranger = random.integers(0, self.people, count)
        friend = self.friends[customer, random.integers(0, 4, count)]
        other = np.where(chance[0] < 0.8, friend, stranger)
        elsewhere = random.integers(0, self.terminals, count)
        terminal = np.where(chance[1] < 0.85, self.home[customer, random.integers(0, 3, count)], elsewhere)
        # One terminal in fifty is taken over for two weeks: its payments are frauds, one in two.
        taken = (terminal % 50 == 7) & (seconds // (14 * _DAY_SECONDS) % 2 == 1)
        fraud = (taken & (chance[2] < 0.5)) | (chance[2] < 0.002)
        amount = (self.spend[customer] * random.lognormal(0, 0.6, count)).astype(np.int64)
        amount = np.where(chance[3] < 0.2, np.int64(10_000), np.where(fraud, amount * 3, amount))
        amount = np.where(chance[3] > 0.995, np.int64(0), amount)
        back = (chance[4] < 0.05) & (kind == 1)
        payer, payee = np.where(back, other, customer), np.where(back, customer, other)
        device = self.device[customer, (chance[5] < 0.2).astype(np.int64)]
        moved = kind != 0
        columns = {
            "customer": Column(_keys(_CUSTOMER, customer), chance[5] < 0.98),
            "payer": Column(_keys(_ACCOUNT, payer), chance[6] < 0.99),
            "payee": Column(_keys(_ACCOUNT, payee), moved),
            "counterparty": Column(_keys(_CUSTOMER, other), moved & (chance[6] > 0.05)),
            "device": Column(_keys(_DEVICE, device), chance[7] < 0.9),
            "terminal": Column(_keys(_TERMINAL, terminal), kind == 0),
            "address": Column(_keys(_ADDRESS, device // 3), chance[7] > 0.3),
            "amount": Column(amount, chance[6] < 0.997),
            "kind": Column.of_texts([_KINDS[code] for code in kind.tolist()]),
            "currency": Column.of_texts(["CNY" if one < 0.9 else "USD" for one in chance[1].tolist()]),
            "listed": Column.full(rows % 9_973 == 17),
            "rating": Column.full(1 + customer % 5),
            "label": Column.full(fraud),
        }
        return {name: column.settled() for name, column in columns.items()}


def _keys(kind: int, numbers: Integers) -> NDArray[Any]:
    """Identities of one kind: no two kinds share one."""
    made = np.zeros(len(numbers), KEY)
    made["lo"] = numbers.astype(np.uint64)
    made["hi"] = np.uint64(kind) << np.uint64(32)
    return made
