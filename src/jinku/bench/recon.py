"""`jinku bench recon`: how fast sides are reconciled, in how much memory, and whether what is found is true.

Rules:

1. Input is made before the clock starts: what is measured begins with records in columns and ends with breaks, totals,
   what is carried on, and, for three sides, the bytes of the evidence written to a file.
2. Every run stands in a process of its own, so its peak of memory is its own.
3. `exact_rps` counts the records of both sides, `three_way_rps` those of all three. The exact pass has clean sides; the
   three-way close has a labelled day, with every break in it.
4. The labelled days are made from the seed given at the call, and scored against their truth.

Example::

    run(seed=7, lines=1_000_000, progress=print)
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from jinku.base.errors import JinkuError
from jinku.bench.report import Figure
from jinku.custody.reconciliation.records import Records, Side, Sides, day_of
from jinku.custody.reconciliation.three_way import reconcile_sides
from jinku.sim.recon.day import labelled_day
from jinku.sim.recon.truth import score_day

DAYS = 5
"""Labelled days that are judged."""
DAY_PAYMENTS = 20_000
_FIRST_DAY = 20_700
_RUN_S_MAX = 1_200
Progress = Callable[[str], None]


class ReconBenchFailed(JinkuError):
    """A run did not do what it measures."""

    code = "bench_failed"


def run(seed: int, lines: int, progress: Progress) -> dict[str, Figure]:
    """All figures, with `lines` records on each side where speed is measured."""
    progress(f"exact references: {lines:,} lines against {lines:,} movements")
    exact = _child("exact", seed, lines)
    progress(f"three sides with evidence: {lines:,} records each")
    whole = _child("three_way", seed, lines)
    progress(f"labelled days: {DAYS} of {min(lines, DAY_PAYMENTS):,} payments")
    judged = _child("labelled", seed, min(lines, DAY_PAYMENTS))
    return {
        "exact_rps": Figure(2 * lines / exact["seconds"], "records/s", 200_000),
        "three_way_rps": Figure(whole["records"] / whole["seconds"], "records/s", 20_000),
        "three_way_rss_mib": Figure(whole["rss_mib"], "MiB", 4_096, lower_is_better=True),
        "false_matches": Figure(judged["false_matches"], "pairs", 0, lower_is_better=True),
        "recall": Figure(judged["recall"], "links found / links", 0.995),
        "class_accuracy": Figure(judged["class_accuracy"], "right / judged", 0.99),
    }


def _child(what: str, seed: int, lines: int) -> dict[str, float]:
    command = [sys.executable, "-m", "jinku.bench.recon", what, str(seed), str(lines)]
    done = subprocess.run(command, capture_output=True, timeout=_RUN_S_MAX, check=False)
    if done.returncode:
        raise ReconBenchFailed(f"the run {what} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def exact(seed: int, lines: int) -> dict[str, float]:
    """The exact-reference pass over two clean sides whose records stand in different orders."""
    rng = np.random.default_rng(seed)
    amount = rng.integers(1, 100_000_000, lines)
    direction = rng.choice(np.array((-1, 1), np.int8), lines)
    names = np.array([f"{20261120_000000000 + number}" for number in range(lines)], np.object_)
    ledger = _side(Side.LEDGER, names, (amount, direction), [str(1 << 100 | n) for n in range(lines)])
    order = rng.permutation(lines)
    ids = [f"S-1/{number}" for number in range(1, lines + 1)]
    bank = _side(Side.BANK, names[order], (amount[order], direction[order]), ids)
    sides = Sides(ledger, bank, as_of=day_of(_FIRST_DAY))
    started = time.perf_counter()
    result = reconcile_sides(sides)
    seconds = time.perf_counter() - started
    if result.match_count != lines or result.breaks:
        raise ReconBenchFailed(f"{result.match_count} of {lines} were matched")
    return {"seconds": seconds}


def _side(
    side: Side,
    names: np.ndarray[tuple[int], np.dtype[np.object_]],
    money: tuple[object, object],
    ids: list[str],
) -> Records:
    size = len(ids)
    columns = {
        "id": ids,
        "reference": names if side is Side.LEDGER else np.array(ids, np.object_),
        **({"end_to_end_id": names} if side is Side.BANK else {}),
        "amount": money[0],
        "direction": money[1],
        "booked": np.full(size, _FIRST_DAY, np.int32),
        "account": np.full(size, "9909000000000156001", np.object_),
        "currency": np.full(size, "CNY", np.object_),
    }
    return Records.build(side, columns)  # type: ignore[arg-type] # columns of numpy


def three_way(seed: int, lines: int) -> dict[str, float]:
    """A whole close of a labelled day: reconciled, and its evidence written."""
    day = labelled_day(seed, lines)
    sides, rules = day.sides, day.rules
    records = sum(len(one) for one in (sides.platform, sides.ledger, sides.bank) if one is not None)
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        result = reconcile_sides(sides, rules)
        result.write(file)
        result.carried.to_bytes()
        seconds = time.perf_counter() - started
    if not result.match_count:
        raise ReconBenchFailed("nothing was matched, so the run measures nothing")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "records": records, "rss_mib": peak}


def labelled(seed: int, payments: int) -> dict[str, float]:
    """Labelled days from `seed` on, scored together."""
    scores = []
    for number in range(DAYS):
        day = labelled_day(seed * DAYS + number, payments)
        scores.append(score_day(day.truth, reconcile_sides(day.sides, day.rules)))
    return {
        "false_matches": sum(one.false_matches for one in scores),
        "recall": sum(one.found_links for one in scores) / sum(one.expected_links for one in scores),
        "class_accuracy": sum(one.right for one in scores) / sum(one.judged for one in scores),
    }


def _main(arguments: list[str]) -> None:
    what, seed, lines = arguments
    runs = {"exact": exact, "three_way": three_way, "labelled": labelled}
    sys.stdout.write(json.dumps(runs[what](int(seed), int(lines))) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
