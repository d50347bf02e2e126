"""The attestation's figures, at a small scale: they are measured, verified, and have their bars."""

from pathlib import Path

from jinku.bench.attest import attest_figures


def test_the_figures_and_their_bars(tmp_path: Path) -> None:
    figures = attest_figures(2_000, tmp_path)
    assert {key: (one.unit, one.bar) for key, one in figures.items()} == {
        "attest_1m_s": ("s", 60),
        "receipt_ms": ("ms", 5),
        "verify_ms": ("ms", 5),
    }
    assert all(one.value > 0 and one.lower_is_better for one in figures.values())
