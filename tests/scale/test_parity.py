"""The same features in three engines, on a running cluster."""

import numpy as np
import pytest
from tests.scale.tables import EVERYTHING, SAME_BUT_LENGTH

from jinku.risk.features.duck import backtest
from jinku.risk.features.flink import FlinkFailed, LocalCluster, file_tables, to_sql
from jinku.risk.features.parity import compare
from jinku.risk.features.reading import load, parse_toml
from jinku.risk.features.sample import sample

EVENTS = 3_000


@pytest.mark.parametrize("name", ["payments", "everything"])
def test_three_engines_agree_on_every_bit(cluster: LocalCluster, name: str) -> None:
    """K10: features for back-tests and for a cluster are those that the deciding process computes, event by event."""
    features = load("payments" if name == "payments" else EVERYTHING)
    found = compare(features, sample(EVENTS, seed=3), cluster.session())
    assert list(found.seconds) == ["online", "duckdb", "flink"]
    assert found.differences == ()
    assert found.mismatches == 0
    assert min(found.present.values()) > 0


def test_windows_that_differ_in_length_alone_are_told_apart(cluster: LocalCluster) -> None:
    """Flink's planner takes them for one; the SQL is written so that it cannot."""
    features = parse_toml(SAME_BUT_LENGTH)
    batch = sample(EVENTS, seed=4)
    assert compare(features, batch, cluster.session()).differences == ()
    frame = backtest(features, batch)
    assert not np.array_equal(frame.values[0], frame.values[1], equal_nan=True)


def test_a_refusal_names_the_statement_and_the_cause(cluster: LocalCluster) -> None:
    with pytest.raises(FlinkFailed, match="SELEC 1"):
        cluster.session().run(["SELEC 1"], timeout_s=60)


def test_a_file_that_is_not_there_is_one_error(
    cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("absent")
    script = to_sql(
        parse_toml(SAME_BUT_LENGTH), file_tables(directory / "no.csv", directory / "out", origin=1)
    )
    with pytest.raises(FlinkFailed):
        cluster.session().run(script.statements, timeout_s=120)
