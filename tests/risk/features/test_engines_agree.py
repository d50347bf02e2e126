"""One table, three ways: the online engine, DuckDB, and each aggregate as plain Python means it; equal to the bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.risk.features.drawing import feature_sets, streams
from tests.risk.features.slow import slow_values

from jinku.risk.events import EventBatch
from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.duck import backtest
from jinku.risk.features.engine import Engine
from jinku.risk.features.frame import FeatureFrame
from jinku.risk.features.reading import load, parse_toml
from jinku.risk.features.sample import sample

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def online(features: FeatureSet, batch: EventBatch, cuts: list[int]) -> tuple[FeatureFrame, bytes]:
    """All values, the stream cut into batches of these lengths again and again; and the state afterwards."""
    engine, parts, at, turn = Engine(features), [], 0, 0
    while at < len(batch):
        parts.append(engine.step(batch[at : at + cuts[turn % len(cuts)]]))
        at, turn = at + cuts[turn % len(cuts)], turn + 1
    return (
        FeatureFrame(
            features.names,
            np.concatenate([one.values for one in parts], axis=1),
            np.concatenate([one.valid for one in parts], axis=1),
        ),
        engine.snapshot(),
    )


def assert_same(first: FeatureFrame, second: FeatureFrame) -> None:
    """Equal bits, equal NULLs; the first that differs is named."""
    for name in first.names:
        one, two = first.column(name), second.column(name)
        differs = np.flatnonzero(one.view(np.int64) != two.view(np.int64))
        assert not len(differs), f"{name} at event {differs[0]}: {one[differs[0]]!r} and {two[differs[0]]!r}"
    assert (first.valid == second.valid).all()


def framed(features: FeatureSet, values: dict[str, list[float | None]]) -> FeatureFrame:
    """Lists as a frame."""
    rows = [[np.nan if cell is None else cell for cell in values[name]] for name in features.names]
    valid = [[cell is not None for cell in values[name]] for name in features.names]
    return FeatureFrame(features.names, np.array(rows, np.float64), np.array(valid, np.bool_))


@SLOW
@given(feature_sets(), streams(), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_the_engine_computes_what_the_table_means(
    features: FeatureSet, batch: EventBatch, cuts: list[int]
) -> None:
    """K10: point-in-time values, whatever the features, the stream and its batches."""
    assert_same(online(features, batch, cuts)[0], framed(features, slow_values(features, batch)))


@settings(SLOW, max_examples=25)
@given(feature_sets(6), streams())
def test_duckdb_computes_the_same_bits(features: FeatureSet, batch: EventBatch) -> None:
    """K10: a back-test sees what the decision saw."""
    assert_same(backtest(features, batch), framed(features, slow_values(features, batch)))


@settings(SLOW, max_examples=25)
@given(feature_sets(6), streams(), st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_cutting_the_stream_otherwise_changes_neither_values_nor_state(
    features: FeatureSet, batch: EventBatch, cuts: list[int]
) -> None:
    whole, state = online(features, batch, [len(batch)])
    pieces, other = online(features, batch, cuts)
    assert_same(whole, pieces)
    assert state == other


def test_the_payments_table_agrees_on_a_stream_of_real_shape() -> None:
    features, batch = load("payments"), sample(4_000, seed=11)
    values, _ = online(features, batch, [1, 700, 13])
    assert len(features.names) >= 40
    assert_same(values, backtest(features, batch))
    moved = [name for name in features.names if np.nanmax(values.column(name), initial=0) > 0]
    still = set(features.names) - set(moved)
    assert still <= {"round_count_7d", "round_share_7d", "structuring_count_1d", "structuring_count_7d"} | {
        "dormant_then_active"
    }


def test_paths_are_features_like_others() -> None:
    """K4: scatter-gather and cycles, from the table, in the engine and in DuckDB."""
    features = parse_toml("""
        [set]
        name = "paths"
        [[feature]]
        name = "between"
        key = ["payer", "payee"]
        window = "30d"
        aggregate = "scatter_gather"
        filter = "amount > 0"
        [[feature]]
        name = "back_{window}"
        key = ["payer", "payee"]
        windows = ["1d", "30d"]
        aggregate = "cycle"
        hops = 2
        [[feature]]
        name = "closing_3"
        key = ["payer", "payee"]
        window = "7d"
        aggregate = "cycle"
        hops = 3
        [[feature]]
        name = "circles"
        key = "payer"
        window = "7d"
        aggregate = "count"
        filter = "back_30d > 0"
    """)
    batch = sample(3_000, seed=5)
    values, state = online(features, batch, [500])
    assert_same(values, backtest(features, batch))
    assert all(np.nanmax(values.column(name)) > 0 for name in features.names)
    engine = Engine(features)
    engine.restore(state)
    assert engine.snapshot() == state


@pytest.mark.parametrize("spread", [0, 1, 50_000_000])
def test_values_at_the_edge_of_their_limits_keep_sums_exact(spread: int) -> None:
    from jinku.risk.events import Column, LocalTime, payments
    from jinku.risk.events.payments import numbered

    features = parse_toml("""
        [set]
        name = "large"
        [[feature]]
        name = "total"
        key = "customer"
        window = "1h"
        aggregate = "sum"
        of = "amount"
        [[feature]]
        name = "varies"
        key = "customer"
        window = "1h"
        aggregate = "std"
        of = "amount"
    """)
    count = 400
    amounts = [(1 << 63) - 1 if at % 2 else (1 << 31) - 1 - spread * (at % 5) for at in range(count)]
    batch = payments(
        {
            "id": numbered(count),
            "time": Column.of_integers([10**15 + at for at in range(count)]),
            "customer": Column.of_keys([9] * count),
            "amount": Column.of_integers(amounts),
        },
        LocalTime(),
    )
    expected = framed(features, slow_values(features, batch[:60]))
    assert_same(online(features, batch[:60], [7])[0], expected)
    assert_same(online(features, batch, [64])[0], backtest(features, batch))
