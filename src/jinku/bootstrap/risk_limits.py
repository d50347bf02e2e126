"""Limits that measures set to customers' own movements: what went through or waits counts, what was refused does not.

Rules:

1. A limit of amount counts one currency, one of frequency all; within its days, sliding, the movement itself with it.
2. Each limit has its own running count, so a movement costs the same whatever its customer did before.
3. What is refused after it waited, or expires meanwhile, is given back: once, since it is given back by its id.

Example::

    limits = Limits(restrictions)
    limits.beyond(events, own)  # which of these movements go beyond a limit of the customer in row `own`
    limits.note(events, own, outcomes)
    limits.give_back([transfer])
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import TABLE
from jinku.bootstrap.risk_keys import Numbers
from jinku.risk.cases.ladder import Rung
from jinku.risk.cases.restrictions import Restrictions
from jinku.risk.decision.model import Action, Array
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import key_integers

DAY_US = 86_400_000_000
_CURRENCIES = {unit.number: unit.code for unit in TABLE}


@dataclass(slots=True)
class _Movement:
    """One that went through or waits."""

    id: int
    time: int
    currency: str
    amount: int
    counts: bool = True


@dataclass(slots=True)
class _Window:
    """One limit: what counts in it now."""

    reach: int
    """Microseconds."""
    currency: str
    """Of a limit of amount; empty for one of frequency."""
    most: int
    inside: deque[_Movement] = field(default_factory=deque)
    total: int = 0

    def worth(self, one: _Movement) -> int:
        if not self.currency:
            return 1
        return one.amount if one.currency == self.currency else 0

    def move(self, time: int) -> None:
        """Forget what is no longer within reach."""
        while self.inside and self.inside[0].time <= time - self.reach:
            gone = self.inside.popleft()
            if gone.counts:
                self.total -= self.worth(gone)

    def add(self, one: _Movement) -> None:
        self.inside.append(one)
        self.total += self.worth(one)

    def give_back(self, one: _Movement) -> None:
        if self.inside and self.inside[0].time <= one.time:
            self.total -= self.worth(one)


class Limits:
    """See the module's rules. For one thread at a time; times rise."""

    def __init__(self, restrictions: Restrictions) -> None:
        limits = restrictions.limits
        self._windows = {
            place: [_window(limits[at]) for at in range(int(row["first"]), int(row["first"] + row["limits"]))]
            for place, row in enumerate(restrictions.rows)
            if row["limits"]
        }
        self._rows = np.zeros(len(restrictions.rows), np.bool_)
        self._rows[list(self._windows)] = True
        self._held: dict[int, tuple[int, _Movement]] = {}
        self.reach = DAY_US * max((int(one["days"]) for one in limits), default=0)
        """How far back limits count, in microseconds; 0 where there is none."""

    def beyond(self, events: EventBatch, own: Numbers) -> NDArray[np.int64]:
        """The places of the movements that go beyond a limit, after those before them that do not."""
        found, here = [], dict[int, list[int]]()
        for place, row, one in self._movements(events, np.flatnonzero(self._rows[own]), own):
            windows = self._windows[row]
            before = here.setdefault(row, [0] * len(windows))
            for window in windows:
                window.move(one.time)
            worths = [window.worth(one) for window in windows]
            told = zip(windows, before, worths, strict=True)
            if any(worth and window.total + more + worth > window.most for window, more, worth in told):
                found.append(place)
                continue
            here[row] = [more + worth for more, worth in zip(before, worths, strict=True)]
        return np.array(found, np.int64)

    def note(self, events: EventBatch, own: Numbers, outcomes: Array) -> None:
        """Count what went through or waits."""
        through = np.flatnonzero(self._rows[own] & (outcomes["action"] < Action.DENY))
        for place, row, one in self._movements(events, through, own):
            for window in self._windows[row]:
                window.move(one.time)
                window.add(one)
            if outcomes["action"][place] != Action.ALLOW:
                self._held[one.id] = row, one
                self._forget(one.time - self.reach)

    def give_back(self, ids: Iterable[int]) -> None:
        """What waited under these ids is refused: it counts no longer."""
        for number in ids:
            row, one = self._held.pop(number, (0, None))
            if one is None:
                continue
            for window in self._windows[row]:
                window.give_back(one)
            one.counts = False

    def _forget(self, time: int) -> None:
        """Drop what waited and is beyond every reach; they lie in the order in which they came."""
        while self._held:
            number, (_, one) = next(iter(self._held.items()))
            if one.time > time:
                return
            del self._held[number]

    def _movements(
        self, events: EventBatch, places: NDArray[np.int64], own: Numbers
    ) -> Iterable[tuple[int, int, _Movement]]:
        """The movements at `places`, each with its place and its customer's row."""
        if not len(places):
            return
        currency = events.column("currency")
        words, codes = (*currency.words, ""), np.where(currency.valid, currency.values, len(currency.words))
        columns = zip(
            places.tolist(),
            own[places].tolist(),
            key_integers(events.column("id").values[places]),
            events.times[places].tolist(),
            codes[places].tolist(),
            events.column("amount").values[places].tolist(),
            strict=True,
        )
        for place, row, number, time, code, amount in columns:
            yield place, row, _Movement(number, time, words[code], amount)


def _window(limit: np.void) -> _Window:
    frequency = limit["rung"] == Rung.LIMIT_FREQUENCY
    currency = "" if frequency else _CURRENCIES.get(int(limit["currency"]), "?")
    return _Window(int(limit["days"]) * DAY_US, currency, int(limit["most"]))
