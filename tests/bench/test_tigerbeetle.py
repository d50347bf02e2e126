"""TigerBeetle's benchmark is understood, compared, and its failure said."""

import os
from pathlib import Path

import pytest

from jinku.bench.tigerbeetle import PeerFailed, accepted, compared, measure

SAID = "load accepted = 269815 tx/s\nbatch latency p50 = 24 ms\nbatch latency p99 = 79 ms\n"


def test_what_it_says_is_understood() -> None:
    assert accepted("2026-11-22 info(main): starting\n" + SAID) == 269_815
    with pytest.raises(PeerFailed, match="states no transfers"):
        accepted("batch latency p50 = 24 ms\n")


def test_the_ratio_is_ours_over_theirs() -> None:
    figures = compared(150_000.0, 300_000)
    assert (figures["tigerbeetle_tps"].value, figures["ratio_to_tigerbeetle"].value) == (300_000, 0.5)


def test_a_program_that_is_not_there_or_is_another_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="FileNotFoundError"):
        measure(str(tmp_path / "tigerbeetle"), 10_000, 10, tmp_path)
    with pytest.raises(PeerFailed, match="CalledProcessError"):
        measure("/bin/false", 10_000, 10, tmp_path)


@pytest.mark.slow
def test_it_is_measured(tmp_path: Path) -> None:
    program = os.environ.get("JINKU_TIGERBEETLE")
    if not program:
        pytest.skip("JINKU_TIGERBEETLE names no program")
    assert measure(program, 100_000, 1_000, tmp_path) > 0
