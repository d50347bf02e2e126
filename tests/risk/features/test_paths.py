"""Bounded temporal paths: the online engine, DuckDB and plain Python over the rules count the same."""

import itertools
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.risk.events.columns import Column
from jinku.risk.features.definition import Aggregate, Base, Stream, Window
from jinku.risk.features.errors import BadFeatures, NotASnapshot
from jinku.risk.features.paths import NULL, ROWS_MAX, Chain, Paths
from jinku.risk.features.paths_sql import duckdb_paths

SECOND = 1_000_000
Event = tuple[int, int | None, int | None, bool]
"""Time, payer, payee, whether it passes the filter."""


def feature(aggregate: Aggregate, hops: int, seconds: int, key: tuple[str, ...] = ("payer", "payee")) -> Base:
    window = Window(f"{seconds}s", seconds * SECOND)
    return Base("one", "", False, aggregate, key, key, window, 0, True, Stream.EVENTS, hops=hops)


FEATURES = (
    feature(Aggregate.SCATTER_GATHER, 0, 60),
    feature(Aggregate.SCATTER_GATHER, 0, 600),
    feature(Aggregate.CYCLE, 2, 60),
    feature(Aggregate.CYCLE, 3, 300),
    feature(Aggregate.CYCLE, 4, 600),
)


def plainly(events: list[Event], one: Chain) -> list[int]:
    """The rules, word for word."""
    rows = [(time, a, b) for time, a, b, passes in events if passes and None not in (a, b) and a != b]
    found = []
    for now, a, b, _ in events:
        if a is None or b is None:
            found.append(NULL)
            continue
        x, y = (b, a) if one.closing else (a, b)

        def newest(account: int | None, before: int) -> list[tuple[int, Any, Any]]:
            return [row for row in rows if row[2] == account and row[0] < before][-ROWS_MAX:]

        chains: set[tuple[Any, ...]] = set()
        walks: list[tuple[Any, ...]] = [((y,), now)] if x != y else []
        for _ in range(one.rows):
            walks = [
                ((row[1], *accounts), row[0])
                for accounts, before in walks
                for row in newest(accounts[0], before)
                if row[0] > now - one.window
            ]
        chains = {accounts for accounts, _ in walks if accounts[0] == x and len({*accounts}) == len(accounts)}
        found.append(len(chains))
    return found


def online(events: list[Event], chains: list[Chain], cuts: list[int]) -> np.ndarray[Any, Any]:
    """Batches ending at `cuts`, with a snapshot and a new start between them."""
    parts, paths = [], Paths(chains)
    for start, end in itertools.pairwise([0, *cuts, len(events)]):
        parts.append(stepped(paths, events[start:end]))
        raw, paths = paths.snapshot(), Paths(chains)
        paths.restore(raw)
        assert paths.snapshot() == raw
    return np.concatenate(parts)


def stepped(paths: Paths, events: list[Event]) -> np.ndarray[Any, Any]:
    times, payers, payees, passes = zip(*events, strict=True) if events else ((), (), (), ())
    return paths.step(
        np.array(times, np.int64), Column.of_keys(payers), Column.of_keys(payees), np.array(passes, bool)
    )


def in_duckdb(events: list[Event], one: Base) -> list[int]:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE events (time BIGINT, payer BIGINT, payee BIGINT, passes BOOLEAN)")
        if events:
            database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", events)
        query = duckdb_paths(one, "events", "passes")
        found = database.execute(f"SELECT value FROM ({query}) ORDER BY moment").fetchall()
        return [NULL if value is None else value for (value,) in found]


def make(accounts: int, gaps: list[int], ends: list[tuple[int, int]], flags: list[int]) -> list[Event]:
    events: list[Event] = []
    time = 0
    for gap, (a, b), flag in zip(gaps, ends, flags, strict=True):
        time += gap * SECOND + 1
        events.append((time, None if flag == 0 else a % accounts, b % accounts, flag != 1))
    return events


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    count = draw(st.integers(0, 60))
    accounts = draw(st.integers(2, 7))

    def many(one: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(one, min_size=count, max_size=count))

    ends = many(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    return make(accounts, many(st.integers(0, 40)), ends, many(st.integers(0, 12)))


@settings(max_examples=15, deadline=None)
@given(streams(), st.lists(st.integers(0, 60), max_size=3))
def test_online_duckdb_and_plain_python_count_the_same(events: list[Event], cuts: list[int]) -> None:
    """K4: scatter-gather and bounded cycles are the same number in every engine, however the stream is cut."""
    chains = [Chain.of(one) for one in FEATURES]
    found = online(events, chains, sorted(min(one, len(events)) for one in cuts))
    for number, (one, chain) in enumerate(zip(FEATURES, chains, strict=True)):
        expected = plainly(events, chain)
        assert found[:, number].tolist() == expected
        if number == len(events) % len(FEATURES):
            assert in_duckdb(events, one) == expected


def test_a_busy_graph_counts_the_same_where_the_bound_bites() -> None:
    rng = np.random.default_rng(11)
    count = 500
    ends = [
        (int(a), int(b)) for a, b in zip(rng.integers(0, 6, count), rng.integers(0, 6, count), strict=True)
    ]
    events = make(6, [1] * count, ends, [2] * count)
    unbounded = 0
    for one in FEATURES[1:4]:
        chain = Chain.of(one)
        expected = plainly(events, chain)
        found = online(events, [chain], [100, 101, 350])[:, 0].tolist()
        assert found == expected == in_duckdb(events, one)
        unbounded += sum(expected)
    assert unbounded > 1_000


def test_what_a_scatter_gather_and_the_cycles_are() -> None:
    """K4: three accounts between payer and payee, and cycles of two, three and four transfers."""
    spread: list[Event] = [(10 + at, 1, 10 + at, True) for at in range(3)]
    gathered: list[Event] = [(20 + at, 10 + at, 2, True) for at in range(3)]
    asked: list[Event] = [
        (30, 1, 2, True),
        (31, 2, 1, True),
        (32, 12, 1, True),
        (33, None, 1, True),
        (34, 1, 1, True),
    ]
    found = stepped(Paths([Chain.of(one) for one in FEATURES]), [*spread, *gathered, *asked])
    assert found[6].tolist() == [3, 3, 0, 0, 0]
    assert found[7].tolist() == [0, 0, 1, 3, 0]  # 1 paid 2 directly, and over three accounts
    assert found[8].tolist() == [1, 1, 1, 0, 0]  # 12 paid 2, who paid 1; and 1 paid 12
    assert found[9].tolist() == [NULL] * 5
    assert found[10].tolist() == [0] * 5
    ring: list[Event] = [(1, 1, 2, True), (2, 2, 3, True), (3, 3, 4, True), (4, 4, 1, True)]
    assert stepped(Paths([Chain(3, True, 60 * SECOND)]), ring)[3, 0] == 1
    assert stepped(Paths([Chain(3, True, 60 * SECOND)]), [ring[1], (2, 1, 2, True), *ring[2:]])[3, 0] == 0


def test_only_the_newest_rows_into_an_account_count() -> None:
    spread: list[Event] = [(1 + at, 1, 100 + at, True) for at in range(ROWS_MAX + 5)]
    gathered: list[Event] = [(100 + at, 100 + at, 2, True) for at in range(ROWS_MAX + 5)]
    found = stepped(Paths([Chain(2, False, SECOND)]), [*spread, *gathered, (1_000, 1, 2, True)])
    assert found[-1, 0] == ROWS_MAX


def test_what_left_the_window_is_forgotten() -> None:
    paths = Paths([Chain(1, True, 100)])
    stepped(paths, [(at, at, at + 1, True) for at in range(1, 5_000)])
    assert len(paths) <= 100
    assert len(paths.snapshot()) <= 100 * 40


@pytest.mark.parametrize("raw", [b"x", bytes(80), np.array([-1, 0, 0, 0, 0], "<i8").tobytes()])
def test_bytes_that_are_no_snapshot_are_refused_and_change_nothing(raw: bytes) -> None:
    paths = Paths([Chain(1, True, 100)])
    stepped(paths, [(5, 1, 2, True)])
    before = paths.snapshot()
    with pytest.raises(NotASnapshot):
        paths.restore(raw)
    assert paths.snapshot() == before


def test_a_path_needs_two_accounts() -> None:
    with pytest.raises(BadFeatures, match="two accounts"):
        Chain.of(feature(Aggregate.CYCLE, 3, 60, ("payer",)))
