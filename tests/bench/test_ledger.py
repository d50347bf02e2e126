"""The ledger's bench measures every promise, on a load small enough for a test; and the form of a report."""

import json
from pathlib import Path

import pytest

from jinku.bench.ledger import run
from jinku.bench.report import Figure, Report
from jinku.cli.main import main

PROMISED = {
    "embedded_batch_tps": ("transfers/s", ">= 60000"),
    "embedded_batch_decay": ("last quarter / first quarter", ">= 0.8"),
    "embedded_hot_tps": ("transfers/s", ">= 60000"),
    "embedded_single_tps": ("transfers/s", ">= 5000"),
    "embedded_single_p99_ms": ("ms", "<= 25"),
    "postgres_batch_tps": ("transfers/s", ">= 20000"),
    "history_p99_ms": ("ms", "<= 10"),
    "reopen_s": ("s", "<= 5"),
    "peak_rss_mib": ("MiB", "<= 1536"),
}
LOAD = 100_000


@pytest.mark.slow
def test_every_promise_is_measured(tmp_path: Path) -> None:
    said: list[str] = []
    figures = run(LOAD, tmp_path, said.append)
    unmeasured = {"postgres_batch_tps"} if any("not measured" in line for line in said) else set()
    measured = {key: (figure.unit, figure.bar_text) for key, figure in figures.items()}
    assert measured.items() >= {key: PROMISED[key] for key in PROMISED.keys() - unmeasured}.items()
    assert all(figure.value > 0 for figure in figures.values())
    assert list(tmp_path.iterdir()) == []


def test_a_bar_is_reached_or_missed_on_its_own_side() -> None:
    def met(value: float, bar: float | None, *, lower: bool = False) -> bool | None:
        return Figure(value, "x", bar, lower_is_better=lower).met

    assert [met(5, 5), met(4.9, 5), met(5, 5, lower=True), met(5.1, 5, lower=True)] == [
        True,
        False,
        True,
        False,
    ]
    assert met(1, None) is None
    report = Report(
        "b", "c", "m", {"fast": Figure(1, "x", 2), "small": Figure(1, "x", 2, lower_is_better=True)}
    )
    assert not report.met


def test_one_object_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "log", "--entries", "1000", "--scratch", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["bench", "commit", "machine", "figures"]
    assert report["bench"] == "log"
    assert report["figures"].keys() == {"append_tps", "verify_s"}
    assert all(list(figure) == ["value", "unit", "bar"] for figure in report["figures"].values())
    assert main(["bench", "log", "--entries", "1000", "--scratch", str(tmp_path)]) == 0
    assert "append_tps" in capsys.readouterr().out
