"""Bounded temporal paths in three engines, on a running cluster."""

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from jinku.risk.events import Column, EventBatch, LocalTime, payments, spread
from jinku.risk.features.definition import Base
from jinku.risk.features.duck import backtest, load_events
from jinku.risk.features.flink import LocalCluster, file_tables, to_sql
from jinku.risk.features.flink.exchange import read_features, write_events
from jinku.risk.features.parity import compare, compared, made, online
from jinku.risk.features.paths import ROWS_MAX, Chain, Paths
from jinku.risk.features.paths_sql import duckdb_paths
from jinku.risk.features.reading import load, parse_toml

SECOND = 1_000_000
EVENTS = 3_000
COUNTED_MIN = {
    "scatter_gather_1d": 30,
    "cycle_2_1d": 20,
    "cycle_3_1d": 10,
    "cycle_4_1d": 3,
    "cycle_4_7d": 100,
}
"""Events of the sample that have such a path."""


def test_paths_agree_on_every_bit(cluster: LocalCluster) -> None:
    """K4: scatter-gathers, cycles, degrees and flows on the account graph are the same number in every engine."""
    features = load("laundering")
    batch = made(features, EVENTS, seed=3)
    frame = online(features, batch)
    for name, least in COUNTED_MIN.items():
        at = features.names.index(name)
        assert int((frame.values[at, frame.valid[at]] > 0).sum()) >= least, name
    found = compare(features, batch, cluster.session())
    assert list(found.seconds) == ["online", "duckdb", "flink"]
    assert found.differences == ()
    assert found.mismatches == 0


GRAPH = """
[set]
name = "graph"
version = 1
schema = "payments"

[[feature]]
name = "scattered_{window}"
key = ["payer", "payee"]
windows = ["1m", "5m"]
aggregate = "scatter_gather"

[[feature]]
name = "ring_4_{window}"
key = ["payer", "payee"]
windows = ["1m", "5m"]
aggregate = "cycle"
hops = 4

[[feature]]
name = "large_scattered"
key = ["payer", "payee"]
window = "5m"
aggregate = "scatter_gather"
filter = "amount > 400"

[[feature]]
name = "persons_back"
key = ["customer", "counterparty"]
window = "5m"
aggregate = "cycle"
hops = 2

[[feature]]
name = "ring_or_back"
expression = "ring_4_5m + 100 * persons_back"
"""
OVER_FEATURES = """
[set]
name = "over"
version = 1
schema = "payments"

[[feature]]
name = "sent"
key = "payer"
window = "1m"
aggregate = "count"

[[feature]]
name = "ring_of_few"
key = ["payer", "payee"]
window = "5m"
aggregate = "cycle"
hops = 3
filter = "amount > 200 AND sent < 5"

[[feature]]
name = "payee_in_rings"
key = "payee"
window = "5m"
aggregate = "count"
filter = "ring_of_few > 0"
"""


def crowd(count: int = 420) -> EventBatch:
    """Few accounts in a hurry, one of them a hub: many movements exactly a window apart or a microsecond more or less,
    edges again and again, self-payments, accounts that are missing."""
    random = np.random.default_rng(5)
    gaps = random.choice([0, 2, 4, 20], count, p=(0.2, 0.6, 0.15, 0.05))
    times = spread((1_767_225_600 + np.cumsum(gaps)) * SECOND)
    payer, payee = random.integers(0, 14, count), random.integers(0, 14, count)
    payee = np.where(random.random(count) < 0.45, 0, payee)
    there = random.random((2, count)) > 0.04
    first, second = (
        Column.of_keys([int(one) if has else None for one, has in zip(side, known, strict=True)])
        for side, known in zip((payer, payee), there, strict=True)
    )
    columns = {
        "id": Column.of_keys([1_000 + at for at in range(count)]),
        "time": Column.full(times),
        "payer": first,
        "payee": second,
        "customer": first,
        "counterparty": second,
        "amount": Column(random.integers(0, 1_000, count), random.random(count) > 0.05).settled(),
        "kind": Column.of_texts(
            ["label" if one < 0.05 else "transfer" for one in random.random(count).tolist()]
        ),
    }
    return payments(columns, LocalTime("UTC"))


def counts(batch: EventBatch, chain: Chain) -> list[int]:
    """The chains of each event, every event being a row."""
    every = np.ones(len(batch), np.bool_)
    found = Paths([chain]).step(batch.times, batch.column("payer"), batch.column("payee"), every)
    return [int(one) for one in found[:, 0]]


def test_the_crowd_has_what_it_is_for() -> None:
    """Rows at a window's very edge, more rows than a path may come through, self-payments, missing accounts."""
    batch, features = crowd(), parse_toml(GRAPH)
    for rows, closing, window in ((2, False, 60), (2, False, 300), (3, True, 300)):
        within, beyond = (
            counts(batch, Chain(rows, closing, one)) for one in (window * SECOND, window * SECOND + 1)
        )
        assert within != beyond
    payer, payee = batch.column("payer"), batch.column("payee")
    both = payer.valid & payee.valid
    assert not both.all()
    assert (payer.values[both] == payee.values[both]).any()
    with duckdb.connect() as link:
        load_events(link, batch)
        one = features.by_name["scattered_5m"]
        assert isinstance(one, Base)
        bound = duckdb_paths(one, "events")
        far = bound.replace(f"came - {ROWS_MAX}", "came - 1000")
        found = [link.execute(f"SELECT sum(value) FROM ({text})").fetchone() for text in (bound, far)]
    assert found[0] != found[1]


@pytest.mark.parametrize("table", [GRAPH, OVER_FEATURES], ids=["edges", "over-features"])
def test_paths_at_edges_and_bounds_agree(cluster: LocalCluster, tmp_path: Path, table: str) -> None:
    """Identities are texts; filters name features, and features paths."""
    features, batch = parse_toml(table), crowd()
    source, sink = tmp_path / "events.csv", tmp_path / "features"
    tables = replace(file_tables(source, sink, origin=int(batch.times[0]) - 1), key_type="STRING")
    script = to_sql(features, tables)
    write_events(batch, script.fields, source)
    cluster.session().run(script.statements, timeout_s=600)
    frames = {
        "online": online(features, batch),
        "duckdb": backtest(features, batch),
        "flink": read_features(sink, script.features, batch.times),
    }
    found = compared(batch, frames, {})
    assert found.differences == ()
    for at, name in enumerate(features.names):
        assert (frames["flink"].values[at, frames["flink"].valid[at]] > 0).any(), name
