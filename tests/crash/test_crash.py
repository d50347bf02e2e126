"""Crash loop: a house under load is killed with SIGKILL again and again; nothing acknowledged may be lost.

Each child first checks what the one before it left (see `tests.crash.nursery`). Between lives the newest
write-ahead file gains torn bytes, and the newest files of the log are cut short, as a power failure may do.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jinku.bootstrap import open_house
from jinku.verify import Trust, verify_log_directory

ROOT = Path(__file__).parent.parent.parent
LIVES = 220
LIVES_PER_HOUSE = 22  # each check reads the whole journal, so houses are kept young
LIFE_S_MAX = 0.12
IDS_PER_LIFE = 10_000_000


class Nursery:
    """The other end of the pipe to `tests.crash.nursery`."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def live(self, directory: Path, seed: int, told: list[int], seconds: float) -> tuple[int, list[int]]:
        """One life. Returns the journal's size at its start, and what it sent and acknowledged, for the next."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        stdin.write(" ".join(map(str, [directory, seed, (seed + 1) * IDS_PER_LIFE, *told])) + "\n")
        stdin.flush()
        chains: dict[int, tuple[int, int]] = {}
        size, pid = -1, 0
        for line in stdout:
            word, *rest = line.split()
            if word == "pid":
                pid = int(rest[0])
            elif word == "checked":
                size = int(rest[0])
            elif word in ("sent", "acked"):
                chains[int(rest[0])] = (int(rest[1]), int(word == "acked"))
            elif word == "wrong":
                pytest.fail(f"life {seed}: {' '.join(rest)}")
            elif word == "gone":
                break
            if word == "checked":
                threading.Thread(target=_kill_later, args=(pid, seconds), daemon=True).start()
        if size < 0:
            pytest.fail(f"life {seed} ended before it had checked the house")
        return size, [number for first, (count, acked) in chains.items() for number in (first, count, acked)]

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


def _kill_later(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)


def _tear(directory: Path, rng: random.Random) -> None:
    """What a power failure may add: bytes after the last synced record, log files cut short."""
    wals = sorted((directory / "ledger").rglob("*.log"), key=lambda path: path.stat().st_mtime)
    if wals and rng.random() < 0.5:
        with wals[-1].open("ab") as file:
            file.write(rng.randbytes(rng.randrange(1, 400)))
    tile = directory / "log" / "tile"
    newest = [
        path
        for level in ("0", "entries")
        for path in sorted(path for path in (tile / level).rglob("*") if path.is_file())[-3:]
    ]
    if newest and rng.random() < 0.5:
        victim = rng.choice(newest)
        os.truncate(victim, rng.randrange(victim.stat().st_size + 1))


@pytest.mark.slow
def test_no_acknowledged_transfer_is_lost_to_kill_9(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    acknowledged = 0
    nursery = Nursery()
    for first in range(0, LIVES, LIVES_PER_HOUSE):
        directory = tmp_path / f"house-{first}"
        told: list[int] = []
        sizes = []
        for life in range(first, first + LIVES_PER_HOUSE):
            size, told = nursery.live(directory, life, told, rng.random() * LIFE_S_MAX)
            sizes.append(size)
            acknowledged += sum(told[2::3])
            _tear(directory, rng)
        assert sizes == sorted(sizes)
        with open_house(directory) as house:
            assert house.ledger.size() >= sizes[-1]
            house.ledger.check()
            house.publish()
            vkeys = house.vkeys
        report = verify_log_directory(directory / "log", Trust.of(vkeys))
        assert report.ok, report.findings[:3]
    nursery.close()
    assert acknowledged > LIVES  # the lives were long enough to be worth it
