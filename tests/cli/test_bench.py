"""Figures and bars, and the HTTP benchmark in small against a real server."""

from pathlib import Path

import pytest

from jinku.bench.http import HttpLoad, run
from jinku.bench.report import Figure, Report
from jinku.cli.output import console


@pytest.mark.parametrize(
    ("value", "lower_is_better", "met", "bar"),
    [(2.0, False, True, ">= 2"), (1.9, False, False, ">= 2"), (2.1, True, False, "<= 2")],
)
def test_a_bar_is_a_floor_or_a_ceiling(value: float, lower_is_better: bool, met: bool, bar: str) -> None:
    figure = Figure(value, "s", 2, lower_is_better)
    assert (figure.met, figure.bar_text) == (met, bar)
    assert Figure(1.0, "s").met is None


def test_a_report_is_one_object_and_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report.of(
        "http", {"single_rps": Figure(2345.6, "requests/s", 2_000), "p99": Figure(1.23456, "ms")}
    )
    value = report.as_json()
    assert list(value) == ["bench", "commit", "machine", "figures"]
    assert value["figures"]["single_rps"] == {"value": 2346, "unit": "requests/s", "bar": ">= 2000"}
    assert value["figures"]["p99"] == {"value": 1.235, "unit": "ms", "bar": ""}
    assert report.met
    console().print(report.table())
    assert "reached" in capsys.readouterr().out


def test_the_http_benchmark_measures_a_real_server(tmp_path: Path) -> None:
    load = HttpLoad(
        connections=4, seconds=0.5, warm_seconds=0.2, batch_connections=2, batches=4, batch_events=100
    )
    figures = run(load, tmp_path / "data")
    assert set(figures) == {"single_rps", "single_p99_ms", "batch_tps"}
    assert all(figure.value > 0 for figure in figures.values())
    lines = (tmp_path / "data" / "server.log").read_text()
    assert '"status":201' in lines
