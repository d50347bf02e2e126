"""A house that decides is killed with SIGKILL again and again: no second decision, no double posting, nothing lost."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.risk.decision.kit import patient
from tests.risk.decision.nursery import ROWS, RULES

ROOT = Path(__file__).parent.parent.parent.parent
HOUSES, LIVES_PER_HOUSE = 5, 5  # each life begins by reading the whole journal, so houses are kept young
LIVES = HOUSES * LIVES_PER_HOUSE
LIFE_S_MAX = 0.25


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _home(directory: Path) -> Path:
    """A directory with risk switched on."""
    (directory / "risk.toml").write_text('rules = "rules.toml"\n' + patient(directory))
    (directory / "risk" / "rules.toml").write_text(RULES)
    return directory


@pytest.mark.slow
def test_nothing_is_decided_or_posted_twice_or_lost_to_kill_9(tmp_path: Path) -> None:
    """K2: exactly one decision per id through crashes between journal, seal and ledger, and in acts of persons."""
    homes = [_home(tmp_path / str(number)) for number in range(HOUSES)]
    rng, first, acked, sizes = random.Random(7), 1_000, 0, list[tuple[str, int]]()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.risk.decision.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        for life in range(LIVES):
            home = homes[life // LIVES_PER_HOUSE]
            process.stdin.write(f"{home} {first}\n")
            process.stdin.flush()
            pid, dying = 0, False
            for line in process.stdout:
                word, *rest = line.split()
                assert not word.startswith("wrong"), line
                if word == "pid":
                    pid = int(rest[0])
                elif word == "checked":
                    sizes.append((home.name, int(rest[0])))
                elif word == "sent":
                    first = int(rest[0])
                elif word == "acked":
                    acked += 1
                    first = int(rest[0]) + ROWS
                elif word == "gone":
                    break
                # every second life may end in its first batch; the others end one, however busy the machine is
                if not dying and word == ("checked" if life % 2 else "acked"):
                    threading.Timer(rng.random() * LIFE_S_MAX, _kill, (pid,)).start()
                    dying = True
        process.stdin.close()
    assert len(sizes) == LIVES
    assert sizes == sorted(sizes)
    assert acked > LIVES // 2
