"""Events out, features back, and what a comparison says of a bit that differs."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from jinku.cli.main import app
from jinku.cli.risk_scale import ending_in_order
from jinku.risk.features.duck import backtest
from jinku.risk.features.flink import FlinkFailed, NoFlink, find_flink
from jinku.risk.features.flink.exchange import read_features, write_events
from jinku.risk.features.frame import FeatureFrame
from jinku.risk.features.parity import compare, compare_made, compared, online, together
from jinku.risk.features.reading import load
from jinku.risk.features.sample import sample


def test_the_sample_is_a_function_of_its_seed_and_has_what_it_says() -> None:
    batch = sample(20_000, seed=1)
    assert len(batch) == 20_000
    assert batch.to_bytes() == sample(20_000, seed=1).to_bytes()
    assert batch.to_bytes() != sample(20_000, seed=2).to_bytes()
    assert "label" in batch.column("kind").words
    for name in ("customer", "device", "terminal", "payee", "amount"):
        assert 0 < batch.column(name).valid.sum() < 20_000
    assert (np.diff(batch.times) == 1).any(), "events of one second"


def test_doubles_and_nulls_come_back_as_they_were(tmp_path: Path) -> None:
    times = np.array([10, 20, 30], np.int64)
    part = tmp_path / "part-0"
    part.write_text("7,30,\\N,1.0E-5\n5,10,0.1,-0.0\n6,20,3.0000000000000004,\\N\n", encoding="utf-8")
    frame = read_features(tmp_path, ["a", "b"], times)
    assert frame.column("a")[:2].tolist() == [0.1, 3.0000000000000004]
    assert frame.valid.tolist() == [[True, True, False], [True, False, True]]
    assert np.signbit(frame.column("b")[0])


@pytest.mark.parametrize("rows", ["", "5,10,1.0\n", "5,10,1.0\n6,20,1.0\n6,20,1.0\n", "5,10,1.0\n6,21,1.0\n"])
def test_an_event_without_an_answer_or_with_two_is_an_error(tmp_path: Path, rows: str) -> None:
    if rows:
        (tmp_path / "part-0").write_text(rows, encoding="utf-8")
    with pytest.raises(FlinkFailed):
        read_features(tmp_path, ["a"], np.array([10, 20], np.int64))


def test_identities_are_numbered_in_one_numbering(tmp_path: Path) -> None:
    batch = sample(2_000, seed=1)
    write_events(batch, ["time", "payer", "payee", "kind", "listed"], tmp_path / "events.csv")
    rows = [line.split(",") for line in (tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()]
    payers, payees = batch.column("payer").to_list(), batch.column("payee").to_list()
    numbers: dict[int, str] = {}
    for row, *sides in zip(rows, payers, payees, strict=True):
        for number, identity in zip(row[1:3], sides, strict=True):
            assert (number == "\\N") == (identity is None)
            if identity is not None:
                assert numbers.setdefault(identity, number) == number
    assert len(set(numbers.values())) == len(numbers)
    assert [int(row[0]) for row in rows] == batch.times.tolist()


def test_one_bit_is_a_mismatch_and_is_named() -> None:
    batch, features = sample(500, seed=1), load("payments")
    frame = online(features, batch)
    values, valid = frame.values.copy(), frame.valid.copy()
    at = int(np.flatnonzero(valid[3])[7])
    values[3, at] = np.nextafter(values[3, at], np.inf)
    valid[5, 9] = not valid[5, 9]
    found = compared(batch, {"online": frame, "other": FeatureFrame(frame.names, values, valid)}, {})
    assert found.mismatches == 2
    assert (found.mismatched[frame.names[3]], found.mismatched[frame.names[5]]) == (1, 1)
    first = found.differences[0]
    assert (first.event, first.feature, first.time) == (at, frame.names[3], int(batch.times[at]))
    assert first.values == {"online": frame.values[3, at], "other": values[3, at]}


def test_online_and_duckdb_agree_on_every_bit() -> None:
    """K10: what a back-test computes is what was decided with."""
    found = compare(load("payments"), sample(3_000, seed=9))
    assert found.mismatches == 0
    assert list(found.seconds) == ["online", "duckdb"]


def test_runs_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from jinku.risk.features import parity

    monkeypatch.setattr(parity, "RUN_EVENTS", 300)
    features = load("payments")
    found = compare_made(features, 700, seed=1)
    assert (found.events, found.mismatches) == (700, 0)
    parts = [compare(features, sample(count, seed)) for count, seed in ((300, 1), (300, 2), (100, 3))]
    assert found.present == together(parts).present
    batch = sample(300, seed=1)
    frame = online(features, batch)
    other = FeatureFrame(frame.names, frame.values, ~frame.valid)
    wrong = compared(batch, {"online": frame, "other": other}, {"online": 1.0, "other": 1.0})
    whole = together([wrong, wrong])
    assert whole.mismatches == 2 * wrong.mismatches == 2 * 300 * len(frame.names)
    assert whole.differences[0].event == 0
    assert len(whole.differences) == parity.SHOWN_MAX


def test_uneven_batches_change_nothing() -> None:
    batch = sample(17_500, seed=6)
    features = load("payments")
    assert online(features, batch).to_bytes() == backtest(features, batch).to_bytes()


def test_without_flink_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoFlink, match="JINKU_FLINK"):
        find_flink(tmp_path)


def test_the_command_answers_and_writes_sql() -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["risk", "parity", "--events", "500", "--flink", "no", "--json"])
    assert done.exit_code == 0, done.output
    assert '"mismatches": 0' in done.output
    connector = ["--source", "connector=kafka", "--sink", "connector=print"]
    done = runner.invoke(app, ["risk", "features", "flink", "--set", "payments", *connector])
    assert done.exit_code == 0
    assert done.output.rstrip().endswith(";")
    done = runner.invoke(
        app, ["risk", "features", "flink", "--set", "payments", *connector, "--origin", "soon"]
    )
    assert done.exit_code != 0


def test_the_command_fails_where_a_value_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    from jinku.risk.features import parity

    def wrong(features: object, batch: object) -> FeatureFrame:
        frame = online(features, batch)  # type: ignore[arg-type]
        return FeatureFrame(frame.names, np.where(frame.values == 1.0, 2.0, frame.values), frame.valid)

    monkeypatch.setattr(parity, "backtest", wrong)
    done = CliRunner().invoke(app, ["risk", "parity", "--events", "200", "--flink", "no"])
    assert done.exit_code == 1


def test_a_command_that_is_told_to_end_stops_its_cluster() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ending_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
