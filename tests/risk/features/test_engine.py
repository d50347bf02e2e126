"""The online engine's life: memory that stays bounded, snapshots, what it refuses; the commands."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from jinku.cli.main import app
from jinku.risk.events import Column, EventBatch, LocalTime, payments
from jinku.risk.events.payments import numbered
from jinku.risk.features.duck import backtest
from jinku.risk.features.engine import Engine
from jinku.risk.features.errors import NotASnapshot, OutOfOrder
from jinku.risk.features.reading import load, parse_toml
from jinku.risk.features.sample import sample

HOUR = 3_600_000_000
SMALL = """
[set]
name = "small"
[[feature]]
name = "n"
key = "customer"
window = "1h"
aggregate = "count"
[[feature]]
name = "devices"
key = "customer"
window = "1h"
aggregate = "distinct"
of = "device"
[[feature]]
name = "top"
key = "customer"
window = "1h"
aggregate = "max"
of = "amount"
"""


def stream(first: int, count: int, people: int) -> EventBatch:
    """Events a second apart, each customer and device new after a while."""
    numbers = np.arange(first, first + count)
    return payments(
        {
            "id": numbered(count, first + 1),
            "time": Column.full(1_767_225_600_000_000 + numbers * 1_000_000),
            "customer": Column.of_keys((numbers // 8 % people + numbers // 9_000 * people).tolist()),
            "device": Column.of_keys((numbers % 5 + numbers // 9_000).tolist()),
            "amount": Column.full(numbers * 7_919 % 1_000),
        },
        LocalTime(),
    )


def test_what_no_window_reaches_is_dropped_and_its_room_used_again() -> None:
    features = parse_toml(SMALL)
    engine, pieces = Engine(features), Engine(features)
    sizes, last = [], None
    for first in range(0, 60_000, 1_000):
        part = stream(first, 1_000, 50)
        last = engine.step(part)
        pieces.rebuild(part[at : at + 137] for at in range(0, 1_000, 137))
        sizes.append((len(engine.snapshot()), sum(part.nbytes for part in engine._levels[0].memories[0])))
    assert pieces.snapshot() == engine.snapshot()
    settled = sizes[10:]
    assert max(size for size, _ in settled) < 1.3 * settled[0][0]
    assert settled[-1][1] == settled[0][1]
    fresh = Engine(features)
    fresh.rebuild([stream(55_000, 4_000, 50)])
    assert last is not None
    assert fresh.step(stream(59_000, 1_000, 50)).to_bytes() == last.to_bytes()


def test_a_snapshot_goes_on_as_the_engine_would_have() -> None:
    """K2: after a restart the same events get the same values."""
    features, batch = load("payments"), sample(3_000, seed=2)
    engine, other = Engine(features), Engine(features)
    engine.step(batch[:2_000])
    other.restore(engine.snapshot())
    assert other.time == engine.time
    assert other.step(batch[2_000:]).to_bytes() == engine.step(batch[2_000:]).to_bytes()
    assert other.snapshot() == engine.snapshot()


def test_a_snapshot_that_is_not_whole_or_not_of_this_set_is_refused_and_changes_nothing() -> None:
    features = parse_toml(SMALL)
    engine = Engine(features)
    engine.step(stream(0, 500, 20))
    raw = engine.snapshot()
    for bad in (b"", raw[:-1], raw[:200] + bytes([raw[200] ^ 1]) + raw[201:]):
        with pytest.raises(NotASnapshot, match="no whole snapshot"):
            engine.restore(bad)
    with pytest.raises(NotASnapshot, match="another feature set"):
        Engine(parse_toml(SMALL.replace("1h", "2h"))).restore(raw)
    assert engine.snapshot() == raw


def test_events_that_are_not_after_the_last_are_refused() -> None:
    engine = Engine(parse_toml(SMALL))
    engine.step(stream(0, 10, 5))
    state = engine.snapshot()
    with pytest.raises(OutOfOrder, match="not after the last"):
        engine.step(stream(9, 5, 5))
    assert engine.snapshot() == state
    assert engine.step(stream(10, 0, 5)).values.shape == (3, 0)


def test_an_event_an_hour_old_to_the_microsecond_is_out() -> None:
    engine, first = Engine(parse_toml(SMALL)), stream(0, 1, 1)
    times = [0, HOUR - 1, HOUR]
    counts = []
    for at, time in enumerate(times):
        one = dict(first.columns) | {"time": Column.full(first.times + time), "id": numbered(1, at + 1)}
        counts.append(engine.step(EventBatch.build(first.schema, one)).column("n")[0])
    assert counts == [1, 2, 2]


def test_a_label_counts_from_when_it_was_known(tmp_path: Path) -> None:
    """K11: the back-test's file has the labels to learn from, its features only those that were known."""
    table, data, out = tmp_path / "t.toml", tmp_path / "d.csv", tmp_path / "o.parquet"
    table.write_text(
        '[set]\nname = "t"\n[[feature]]\nname = "frauds"\nkey = "terminal"\nwindow = "30d"\naggregate = "count"\n'
        'stream = "labels"\nfilter = "label"\n'
    )
    days = [("2026-01-01", "true"), ("2026-01-07", "false"), ("2026-01-08", "false"), ("2026-01-09", "false")]
    data.write_text(
        "id,time,terminal,label\n"
        + "".join(f"{at},{day} 12:00:00,7,{label}\n" for at, (day, label) in enumerate(days))
    )
    words = ["risk", "features", "backtest", "--data", str(data), "--set", str(table), "--out", str(out)]
    done = CliRunner().invoke(app, [*words, "--label-delay", "7", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["events"] == 4
    rows = duckdb.connect().execute(f"SELECT id, label, frauds FROM '{out}' ORDER BY time").fetchall()
    assert rows == [("0", True, 0.0), ("1", False, 0.0), ("2", False, 0.0), ("3", False, 1.0)]


def test_the_commands_answer_for_a_good_and_for_a_bad_table(tmp_path: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["risk", "features", "show", "payments", "--json"])
    document = json.loads(shown.stdout)
    assert document["outputs"] >= 40
    assert {row["name"] for row in document["features"]} >= {"new_device", "pass_through_7d"}
    assert runner.invoke(app, ["risk", "features", "check", "payments"]).exit_code == 0
    bad = tmp_path / "bad.toml"
    bad.write_text('[set]\nname = "b"\n[[feature]]\nname = "x"\nexpression = "nothing + 1"\n')
    failed = runner.invoke(app, ["risk", "features", "check", str(bad)])
    assert failed.exit_code != 0
    assert "x.expression" in str(failed.exception)


def test_a_back_test_reads_nothing_of_the_future() -> None:
    """K10: what comes later changes no value before it."""
    features, batch = load("payments"), sample(1_500, seed=9)
    whole, early = backtest(features, batch), backtest(features, batch[:700])
    assert whole.values[:, :700].tobytes() == early.values.tobytes()
