"""The log's bench writes a log that verifies, and says how fast."""

from pathlib import Path

from jinku.bench.log import run


def test_it_appends_and_verifies(tmp_path: Path) -> None:
    figures = run(3000, tmp_path / "log")
    assert figures.keys() == {"append_tps", "verify_s"}
    assert all(value > 0 for value in figures.values())
    assert (tmp_path / "log" / "tile" / "entries" / "010").exists()
