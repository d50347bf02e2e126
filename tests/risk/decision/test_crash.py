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
LIVES = 25
LIFE_S_MAX = 0.5


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_nothing_is_decided_or_posted_twice_or_lost_to_kill_9(tmp_path: Path) -> None:
    """K2: exactly one decision per id through crashes between journal, seal and ledger, and in acts of persons."""
    (tmp_path / "risk.toml").write_text('rules = "rules.toml"\n' + patient(tmp_path))
    (tmp_path / "risk" / "rules.toml").write_text(RULES)
    rng, first, acked, sizes = random.Random(7), 1_000, 0, list[int]()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.risk.decision.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(LIVES):
            process.stdin.write(f"{tmp_path} {first}\n")
            process.stdin.flush()
            pid = 0
            for line in process.stdout:
                word, *rest = line.split()
                assert not word.startswith("wrong"), line
                if word == "pid":
                    pid = int(rest[0])
                elif word == "checked":
                    sizes.append(int(rest[0]))
                    threading.Timer(rng.random() * LIFE_S_MAX, _kill, (pid,)).start()
                elif word == "sent":
                    first = int(rest[0])
                elif word == "acked":
                    acked += 1
                    first = int(rest[0]) + ROWS
                elif word == "gone":
                    break
        process.stdin.close()
    assert len(sizes) == LIVES
    assert sizes == sorted(sizes)
    assert acked > LIVES // 2
