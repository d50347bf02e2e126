"""What a store must still have after its process was killed, and after its last write was torn."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from tests.ledger.crash_child import COMMITS, SEED, SIZES
from tests.ledger.store_data import History, check

from jinku.ledger.errors import CorruptJournal
from jinku.ledger.stores.opening import open_store
from jinku.ledger.stores.rocks import RocksStore
from jinku.ledger.stores.rocks_wal import BLOCK_BYTES

ROCKS_KILLS = 60
POSTGRES_KILLS = 12
KILLS_PER_LEDGER = 10
START_S_MAX = 0.05
DELAY_S_MAX = 0.003
ACKS_MAX = 12


@dataclass
class Death:
    """What a killed writer had acknowledged."""

    commits: int = 0
    log: str = ""
    length: int = 0


class Writers:
    """The process that forks writers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.crash_child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._tell: IO[str] = self._process.stdin
        self._hear: IO[str] = self._process.stdout
        assert self._hear.readline() == "ready\n"

    def kill_one(self, url: str, acks: int, delay_s: float, death: Death) -> Death:
        """Start a writer, kill it `delay_s` after its `acks`-th acknowledgement (after its start for 0), and
        return what it had acknowledged, at least `death`."""
        self._tell.write(url + "\n")
        child, heard = 0, -1
        while (line := self._hear.readline()) != "dead\n":
            words = line.split()
            if words[0] == "pid":
                child = int(words[1])
            else:
                death = Death(int(words[1]) + 1, words[2], int(words[3]))
            heard += 1
            if heard == acks:
                time.sleep(delay_s)
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        return death

    def stop(self) -> None:
        """End the process."""
        self._tell.close()
        self._process.wait(30)


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    """One forking process for the module."""
    started = Writers()
    yield started
    started.stop()


@pytest.mark.slow
def test_killed_writers_and_torn_writes_lose_nothing_that_was_acknowledged(
    writers: Writers, tmp_path: Path
) -> None:
    rng = random.Random(2)
    torn = 0
    for ledger in range(ROCKS_KILLS // KILLS_PER_LEDGER):
        path, history, death = tmp_path / str(ledger), History(SEED), Death()
        for _ in range(KILLS_PER_LEDGER):
            death = writers.kill_one(str(path), *_moment(rng), death)
            torn += tear(path, death, rng)
            _verify(str(path), history, death)
        assert death.commits, "no writer lived long enough to commit"
        shutil.rmtree(path)
    assert torn > ROCKS_KILLS // 3


@pytest.mark.slow
def test_killed_clients_of_postgresql_lose_nothing_that_was_acknowledged(
    writers: Writers, postgres_url: str
) -> None:
    rng, history, death = random.Random(3), History(SEED), Death()
    for _ in range(POSTGRES_KILLS):
        death = writers.kill_one(postgres_url, *_moment(rng), death)
        _verify(postgres_url, history, death)
    assert death.commits


def _moment(rng: random.Random) -> tuple[int, float]:
    """After how many acknowledgements, and how long after, to kill: now and then while the store still
    opens."""
    if rng.random() < 0.2:
        return 0, rng.uniform(0, START_S_MAX)
    return rng.randint(1, ACKS_MAX), rng.uniform(0, DELAY_S_MAX)


def tear(path: Path, death: Death, rng: random.Random) -> bool:
    """Damage what the newest log holds beyond the last acknowledged write, as power loss may; False: left
    alone."""
    logs = sorted(path.glob("*.log"))
    if not logs or not death.log or logs[-1].name != death.log:
        return False
    content = logs[-1].read_bytes()
    durable, pending = content[: death.length], content[death.length :]
    if not pending:  # the kill fell between two writes: begin one that never ends
        size = rng.randrange(1, 3 * BLOCK_BYTES)
        pending = rng.randbytes(size)[: BLOCK_BYTES - len(durable) % BLOCK_BYTES]
        pending = pending[:-1] if len(pending) > 1 else pending
    cut = rng.randrange(len(pending))
    torn = {
        "ends early": lambda: pending[:cut],
        "zeros": lambda: pending[:cut] + bytes(len(pending) - cut),
        "hole": lambda: pending[:cut] + bytes(min(4096, len(pending) - cut)) + pending[cut + 4096 :],
        "garbage": lambda: pending[:cut] + rng.randbytes(len(pending) - cut),
    }[rng.choice(["ends early", "zeros", "hole", "garbage"])]()
    logs[-1].write_bytes(durable + torn)
    return True


def _verify(url: str, history: History, death: Death) -> None:
    """Open the store; it must hold a whole number of commits, every acknowledged one among them, and
    agree."""
    store = open_store(url)
    try:
        recovered = store.load()
        number = 0
        while len(history.entries) < recovered.size:
            history.next(SIZES[_commits_in(history) % len(SIZES)])
        number = _commits_in(history)
        assert len(history.entries) == recovered.size, "half a commit is there"
        assert death.commits <= number <= COMMITS
        if number:
            assert recovered.header == history.header
            assert recovered.blocks == history.blocks
        still_open = {s: t for s, t in history.expires.items() if t}
        pairs = zip(recovered.open_pending.tolist(), recovered.open_expires_at.tolist(), strict=True)
        assert dict(pairs) == still_open
        check(store, history)
    finally:
        store.close()
    death.log = ""  # opening moved on to another log


def _commits_in(history: History) -> int:
    size, number = 0, 0
    while size < len(history.entries):
        size += SIZES[number % len(SIZES)]
        number += 1
    return number


@pytest.fixture
def crashed(tmp_path: Path) -> Callable[[Callable[[bytearray, list[int]], bytes]], int]:
    """A function that edits the log of a ledger as a crash left it, and returns the entries found on opening.

    The edit is given the log's bytes and where each commit ended in it.
    """
    path, history = tmp_path / "ledger", History(31)
    store = RocksStore(path)
    store.load()
    ends = [(0, 0)]
    for size in (10, 300, 1, 1, 64, 1, 2, 150):
        store.commit(history.next(size))
        ends.append((len(history.entries), _newest_log(path).stat().st_size))
    left = tmp_path / "left"
    shutil.copytree(path, left)
    store.close()

    def edit_and_open(edit: Callable[[bytearray, list[int]], bytes]) -> int:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(left, copy)
        log = _newest_log(copy)
        log.write_bytes(edit(bytearray(log.read_bytes()), [end for _, end in ends]))
        opened = RocksStore(copy)
        size = opened.load().size
        assert opened.entries(0, size).tobytes() == history.entries[:size].tobytes()
        opened.close()
        return [entries for entries, _ in ends].index(size)

    return edit_and_open


def _newest_log(path: Path) -> Path:
    return max(path.glob("*.log"))


def _holed(content: bytearray, start: int, end: int) -> bytes:
    content[start:end] = bytes(end - start)
    return bytes(content)


def test_a_torn_last_write_is_cut_and_kept_aside(
    crashed: Callable[[Callable[[bytearray, list[int]], bytes]], int], tmp_path: Path
) -> None:
    assert crashed(lambda log, ends: bytes(log)) == 8
    assert crashed(lambda log, ends: bytes(log[: ends[-1] - 1])) == 7
    assert crashed(lambda log, ends: bytes(log[: ends[-2] + 3])) == 7
    assert crashed(lambda log, ends: _holed(log, ends[-2], ends[-2] + 4096)) == 7
    assert crashed(lambda log, ends: _holed(log, ends[-2] + 9000, ends[-2] + 9100)) == 7
    assert crashed(lambda log, ends: _holed(log, ends[-1] - 50, ends[-1])) == 7
    assert len(list((tmp_path / "copy").glob("*.torn"))) == 1
    assert crashed(lambda log, ends: bytes(log) + bytes(100_000)) == 8
    assert crashed(lambda log, ends: bytes(log) + b"\xff" * 100) == 8


def test_damage_before_the_last_write_is_refused(
    crashed: Callable[[Callable[[bytearray, list[int]], bytes]], int],
) -> None:
    rng = np.random.default_rng(5)
    for commit in range(1, 8):

        def flip(log: bytearray, ends: list[int], commit: int = commit) -> bytes:
            at = int(rng.integers(ends[commit - 1], ends[commit]))
            log[at] ^= 1 << int(rng.integers(8))
            return bytes(log)

        def lengthen(log: bytearray, ends: list[int], commit: int = commit) -> bytes:
            log[ends[commit - 1] + 5] ^= 0x40
            return bytes(log)

        for damage in (flip, flip, flip, lengthen):
            with pytest.raises(CorruptJournal) as refusal:
                crashed(damage)
            assert "backup" in refusal.value.remedy


def test_damage_in_a_data_file_is_refused(tmp_path: Path) -> None:
    path, history = tmp_path / "ledger", History(32)
    for _ in range(2):
        store = RocksStore(path)
        store.load()
        store.commit(history.next(3000))
        store.close()
    store = RocksStore(path)
    store.load()
    store.close()
    for file in sorted(path.glob("*.blob")) + sorted(path.glob("*.sst")):
        content = bytearray(file.read_bytes())
        content[len(content) // 3] ^= 4
        file.write_bytes(content)
    with pytest.raises(CorruptJournal):
        _read_all(path)


def _read_all(path: Path) -> None:
    opened = RocksStore(path)
    try:
        opened.entries(0, opened.load().size)
    finally:
        opened.close()


def test_a_full_disk_fails_the_commit_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        "from jinku.ledger.errors import StoreError\n"
        "from jinku.ledger.stores.opening import open_store\n"
        "from tests.ledger.store_data import History\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store, history = open_store(sys.argv[1]), History(33)\n"
        "store.load()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "for number in range(1000):\n"
        "    commit = history.next(100)\n"
        "    try: store.commit(commit)\n"
        "    except StoreError as first:\n"
        "        assert first.remedy\n"
        "        try: store.commit(commit)\n"
        "        except StoreError: print(number); sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    committed, history = int(done.stdout), History(33)
    assert committed > 1
    for _ in range(committed):
        history.next(100)
    store = RocksStore(tmp_path)
    assert store.load().size == 100 * committed
    check(store, history)
    store.close()
