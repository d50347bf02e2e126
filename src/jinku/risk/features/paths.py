"""Bounded temporal paths on the account graph: the aggregates ``scatter_gather`` and ``cycle`` of the feature table.

Rules:

1. A *row* is an earlier event that passes the feature's filter and stream, from the account in the first field of
   `key` to that in the second; an event without one of them, or from an account to itself, is no row.
2. A *chain* at event e from x to y is a sequence of rows, each beginning where the one before ended, in rising time,
   all in ``(e.time - window, e.time)``, from x to y, over accounts that are all different.
3. The bound is part of the definition: the last row of a chain is among the `ROWS_MAX` newest rows into y before e, and
   every other is among the `ROWS_MAX` newest rows into the account where it ends before the row that follows it.
4. For an event from a to b: ``scatter_gather`` counts the chains of 2 rows from a to b (so many accounts stand
   between), ``cycle`` with `hops` h (2, 3 or 4) counts the chains of h - 1 rows from b to a, which the event closes.
   Chains over the same accounts count once.
5. NULL where the event lacks an account, 0 where both are one.

Scatter-gather and bounded cycles as typologies of laundering: Altman et al., "Realistic synthetic financial
transactions for anti-money laundering models", NeurIPS 2023; cycles bounded in time: Kumar, Calders, "2SCENT", 2018.

Example::

    paths = Paths([Chain.of(feature) for feature in features])
    paths.step(batch.times, batch.column("payer"), batch.column("payee"), is_row)  # int64 [events, features]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined
from jinku.risk.events.columns import KEY, Column
from jinku.risk.events.keyspace import KeySpace
from jinku.risk.features.definition import Aggregate, Base
from jinku.risk.features.errors import BadFeatures, NotASnapshot

ROWS_MAX = 32
"""Newest rows into an account that a chain may come through (rule 3); so an event costs at most 32^3 steps."""
NULL = -1
_ROWS_FIRST = 1_024
_COLUMNS = 5
_ROW_BYTES = 8 + 2 * KEY.itemsize
_ACCOUNTS_FIRST = 65_536
"""Accounts that are remembered before those without rows are forgotten."""
_SLOTS = 4_096
"""Of the scratch table of chains already counted; there are at most 32 * 32 of them."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Chain:
    """What is counted of one feature."""

    rows: int
    """Rows of a chain: 1, 2 or 3."""
    closing: bool
    """From the event's second account to its first (cycle), else from first to second."""
    window: int
    """Microseconds."""

    @classmethod
    def of(cls, feature: Base) -> "Chain":
        """The chain of a feature of aggregate scatter_gather or cycle. Raises BadFeatures."""
        if len(feature.key) != 2:
            raise BadFeatures(
                "needs the two accounts of a movement",
                field=f"{feature.name}.key",
                value="+".join(feature.key),
                remedy='write key = ["payer", "payee"]',
            )
        closing = feature.aggregate is Aggregate.CYCLE
        return cls(feature.hops - 1 if closing else 2, closing, feature.window.microseconds)


@inlined
def _first_time(table: Ints, stamp: int, chain: int) -> bool:
    """Whether this chain is new for the stamp; it is noted. `table` is [2, slots]: chain, stamp."""
    mask = table.shape[1] - 1
    slot = ((chain * 0x9E3779B97F4A7C1) >> 20) & mask
    while table[1, slot] == stamp:
        if table[0, slot] == chain:
            return False
        slot = (slot + 1) & mask
    table[0, slot] = chain
    table[1, slot] = stamp
    return True


@inlined
def _reaches(rows: Ints, newest: int, account: int, since: int, first: int) -> bool:
    """Whether one of the ROWS_MAX rows back from `newest` comes from `account`, later than `since`."""
    mask = rows.shape[1] - 1
    at = newest
    for _ in range(ROWS_MAX):
        if at < first or rows[0, at & mask] <= since:
            return False
        if rows[1, at & mask] == account:
            return True
        at = rows[2, at & mask]
    return False


@inlined
def _through_one(rows: Ints, newest: int, x: int, since: int, first: int, seen: Ints, stamp: int) -> int:
    """Chains of two rows from x, whose last is `newest` or one behind it."""
    mask = rows.shape[1] - 1
    found = 0
    at = newest
    for _ in range(ROWS_MAX):
        if at < first or rows[0, at & mask] <= since:
            break
        middle = rows[1, at & mask]
        if (
            middle != x
            and _reaches(rows, rows[3, at & mask], x, since, first)
            and _first_time(seen, stamp, middle)
        ):
            found += 1
        at = rows[2, at & mask]
    return found


@inlined
def _through_two(
    rows: Ints, newest: int, ends: tuple[int, int], since: int, first: int, seen: Ints, stamp: int
) -> int:
    """Chains of three rows from `ends[0]` to `ends[1]`."""
    mask = rows.shape[1] - 1
    x, y = ends
    found = 0
    last = newest
    for _ in range(ROWS_MAX):
        if last < first or rows[0, last & mask] <= since:
            break
        second = rows[1, last & mask]
        at = rows[3, last & mask]
        if second != x:
            for _ in range(ROWS_MAX):
                if at < first or rows[0, at & mask] <= since:
                    break
                middle = rows[1, at & mask]
                simple = middle != x and middle != y
                if (
                    simple
                    and _reaches(rows, rows[3, at & mask], x, since, first)
                    and _first_time(seen, stamp, (middle << 32) | second)
                ):
                    found += 1
                at = rows[2, at & mask]
        last = rows[2, last & mask]
    return found


@inlined
def _insert(rows: Ints, heads: Ints, state: Ints, row: tuple[int, int, int]) -> None:
    time, source, target = row
    at = state[1] & (rows.shape[1] - 1)
    rows[0, at], rows[1, at], rows[4, at] = time, source, target
    rows[2, at], rows[3, at] = heads[target], heads[source]
    heads[target] = state[1]
    state[1] += 1


@compiled
def _step(
    events: Ints, is_row: Bools, chains: Ints, memory: tuple[Ints, Ints, Ints, Ints], out: Ints
) -> None:
    """`events` [3, n]: time, from, to; `chains` [3, k]: rows, closing, window. `memory`: `rows` [5, capacity], a ring
    by number: time, from, the row before into the same account, the newest row into `from` before it, to; `heads`:
    the newest row into each account; `state`: first and next row, last stamp; `seen`: scratch of `_first_time`. There
    is room for every row of the events."""
    rows, heads, state, seen = memory
    mask = rows.shape[1] - 1
    longest = 0
    for k in range(chains.shape[1]):
        longest = max(longest, chains[2, k])
    for n in range(events.shape[1]):
        time, source, target = events[0, n], events[1, n], events[2, n]
        while state[0] < state[1] and rows[0, state[0] & mask] <= time - longest:
            state[0] += 1
        first = state[0]
        for k in range(chains.shape[1]):
            if source < 0 or target < 0:
                out[n, k] = NULL
                continue
            out[n, k] = 0
            if source == target:
                continue
            x, y = source, target
            if chains[1, k]:
                x, y = target, source
            since = time - chains[2, k]
            state[2] += 1
            if chains[0, k] == 1:
                out[n, k] = 1 if _reaches(rows, heads[y], x, since, first) else 0
            elif chains[0, k] == 2:
                out[n, k] = _through_one(rows, heads[y], x, since, first, seen, state[2])
            else:
                out[n, k] = _through_two(rows, heads[y], (x, y), since, first, seen, state[2])
        if is_row[n] and source >= 0 and target >= 0 and source != target:
            _insert(rows, heads, state, (time, source, target))


@compiled
def _take_in(events: Ints, rows: Ints, heads: Ints, state: Ints) -> None:
    """Make every event a row."""
    for n in range(events.shape[1]):
        _insert(rows, heads, state, (events[0, n], events[1, n], events[2, n]))


class Paths:
    """The online counter of the chains of features that share key, filter and stream. Events come in rising time; what
    no window reaches any more is forgotten."""

    def __init__(self, chains: Sequence[Chain]) -> None:
        if not chains:
            raise BadFeatures("there is no chain to count", field="chains", value="0")
        self._chains = np.array([(one.rows, one.closing, one.window) for one in chains], np.int64).T.copy()
        self._seen = np.zeros((2, _SLOTS), np.int64)
        self._forget()

    def __len__(self) -> int:
        """Rows that a window may still reach."""
        return int(self._state[1] - self._state[0])

    def step(self, times: Ints, source: Column, target: Column, is_row: Bools) -> Ints:
        """Count the chains of each event and make it a row where `is_row`. Returns int64 [events, chains], `NULL` where
        an account is absent."""
        out = np.zeros((len(times), self._chains.shape[1]), np.int64)
        if not len(times):
            return out
        events = self._numbered(times, source, target)
        _step(events, is_row, self._chains, (self._rows, self._heads, self._state, self._seen), out)
        if len(self._space) > max(_ACCOUNTS_FIRST, 4 * len(self)):
            self.restore(self.snapshot())
        return out

    def snapshot(self) -> bytes:
        """The rows in reach as (times, from, to), in bytes that hang on the stream alone, not on how it was cut."""
        numbers = np.arange(self._state[0], self._state[1]) & (self._rows.shape[1] - 1)
        held = self._space.identities()
        times, source, target = self._rows[0, numbers], self._rows[1, numbers], self._rows[4, numbers]
        return b"".join((times.astype("<i8").tobytes(), held[source].tobytes(), held[target].tobytes()))

    def restore(self, raw: bytes) -> None:
        """Become what gave these bytes. Raises NotASnapshot, and is then as it was."""
        count, rest = divmod(len(raw), _ROW_BYTES)
        times = np.frombuffer(raw, "<i8", count).astype(np.int64)
        if rest or (count and (times[0] < 0 or (np.diff(times) <= 0).any())):
            raise NotASnapshot("paths do not read: these are no rows in rising time")
        ends = [Column.full(np.frombuffer(raw, KEY, count, at * count)) for at in (8, 8 + KEY.itemsize)]
        self._forget()
        _take_in(self._numbered(times, *ends), self._rows, self._heads, self._state)

    def _forget(self) -> None:
        self._space = KeySpace()
        self._rows = np.zeros((_COLUMNS, _ROWS_FIRST), np.int64)
        self._heads = np.full(_ROWS_FIRST, -1, np.int64)
        self._state = np.zeros(3, np.int64)
        self._seen[:] = 0

    def _numbered(self, times: Ints, source: Column, target: Column) -> Ints:
        """Times and the numbers of the accounts, with room for as many rows and for all accounts."""
        events = np.vstack((times, self._space.numbers(source), self._space.numbers(target)))
        if len(self._space) > len(self._heads):
            heads = np.full(2 * len(self._space), -1, np.int64)
            heads[: len(self._heads)] = self._heads
            self._heads = heads
        first, after = int(self._state[0]), int(self._state[1])
        capacity = self._rows.shape[1]
        while capacity < after - first + len(times):
            capacity *= 2
        if capacity > self._rows.shape[1]:
            rows, numbers = np.zeros((_COLUMNS, capacity), np.int64), np.arange(first, after)
            rows[:, numbers & (capacity - 1)] = self._rows[:, numbers & (self._rows.shape[1] - 1)]
            self._rows = rows
        return events
