"""Restore drills: copied under load, killed, restored, rebuilt from the journal; and whatever is wrong is found."""

import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rocksdict import WriteBatch
from tests.custody.breaks.parts import Ticks
from tests.custody.retention.loaded import ACCOUNTS, batch

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.bootstrap import open_house
from jinku.custody.retention import backup
from jinku.custody.retention.backup import copy_house
from jinku.custody.retention.drills import SEAL_TOPIC_DRILL, DrillBook, run_drill
from jinku.custody.retention.errors import BackupFailed
from jinku.custody.retention.rebuild import rebuild
from jinku.custody.retention.store import RETENTION
from jinku.ledger.layout import ID, SEAL
from jinku.ledger.opening import open_journal
from jinku.ledger.stores.rocks import RocksStore
from jinku.ledger.stores.rocks_options import IDS, INDEX, OPEN, PENDING

ROOT = Path(__file__).parent.parent.parent.parent


class Loaded:
    """A process that posts to a house until it is killed."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.custody.retention.loaded", str(directory)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self.acked: list[tuple[int, int]] = []
        self._rest = b""

    def listen(self, seconds: float, at_least: int = 0) -> None:
        """Take what was acknowledged by now."""
        assert self.process.stdout
        until = time.monotonic() + seconds
        while time.monotonic() < until or (len(self.acked) < at_least and time.monotonic() < until + 60):
            if select.select([self.process.stdout], [], [], 0.05)[0]:
                *lines, self._rest = (self._rest + os.read(self.process.stdout.fileno(), 1 << 16)).split(
                    b"\n"
                )
                assert b"wrong" not in lines
                self.acked += [(int(line.split()[1]), int(line.split()[2])) for line in lines]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    child = Loaded(tmp_path / "house")
    try:
        yield child
    finally:
        child.kill()


def missing(directory: Path, acked: list[tuple[int, int]]) -> int:
    """How many of these transfers the copied ledger does not have; no clock runs in it."""
    with open_journal(directory / "ledger", clock=lambda: 0) as ledger:
        lost = 0
        for first, count in acked:
            ids = np.zeros(count, ID)
            ids["id_lo"] = np.arange(first, first + count)
            lost += count - len(ledger.lookup_transfers_array(ids))
        return lost


@pytest.mark.slow
def test_a_house_copied_under_load_and_killed_loses_nothing(tmp_path: Path, loaded: Loaded) -> None:
    """R21: every transfer acknowledged before the copy began is there, no chain by half, state bit-equal."""
    loaded.listen(0.5, at_least=20)
    copies = []
    for number in range(2):
        loaded.listen(0.3)
        before = list(loaded.acked)
        copied = copy_house(tmp_path / "house", tmp_path / f"copy-{number}")
        copies.append((copied, before))
    loaded.kill()
    shutil.rmtree(tmp_path / "house")
    states = set()
    for copied, before in copies:
        last = rebuild(copied.directory)
        assert last.differences == ()
        assert last.entries >= copied.checkpoint_size
        assert missing(copied.directory, before) == 0
        assert last.accounts == ACCOUNTS
        states.add(last.state_sha256)
    assert len(states) == len(copies)
    assert copies[-1][0].checkpoint_size > 0
    with open_house(copies[-1][0].directory) as house:  # the real restore: it goes on where the copy ends
        assert house.publish().size >= last.entries


def made(path: Path) -> Path:
    """A small house at rest, with seals, holds and a database."""
    rng = np.random.default_rng(1)
    with open_house(path) as house:
        from jinku.ledger.layout import ACCOUNT

        rows = np.zeros(ACCOUNTS, ACCOUNT)
        rows["id_lo"], rows["ledger"], rows["code"] = np.arange(1, ACCOUNTS + 1), 156, 1
        house.ledger.create_accounts_array(rows)
        for number in range(6):
            house.ledger.create_transfers_array(batch(rng, 1 + number * 1000, 300))
        house.ledger.seal(bytes(32), 9)
    (path / "statements").mkdir()
    (path / "statements" / "a.xml").write_text("<a/>")
    return path


def test_a_drill_of_a_house_at_rest_is_recorded_and_sealed(tmp_path: Path) -> None:
    """R21: copy, restore, compare; a dated record, sealed in the log (topic 11); nothing lost."""
    source = made(tmp_path / "house")
    drill = run_drill(source, tmp_path / "copy", by="ops-1", clock=Ticks())
    assert drill.passed
    assert drill.document["source_at_rest"] is True
    assert drill.document["lost_entries"] == 0
    assert drill.document["entries"] == drill.document["checkpoint_size"]
    assert drill.document["root"] == drill.document["checkpoint_root"]
    assert (tmp_path / "copy" / "statements" / "a.xml").read_text() == "<a/>"
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
    with open_house(source) as house:
        book = DrillBook(house.control)
        kept = book.keep(drill)
        assert book.seal_waiting(house.ledger) == 1
        assert book.seal_waiting(house.ledger) == 0
        [known] = book.drills()
        assert (known.number, known.document) == (kept.number, drill.document)
        [seal] = np.ascontiguousarray(house.ledger.entries(known.entry, 1)["event"]).view(SEAL)
        assert seal["topic"] == SEAL_TOPIC_DRILL
        assert seal["digest"].tobytes() == hashlib.sha256(canonical_json(drill.document)).digest()


def test_a_drill_beside_a_running_house_knows_that_it_runs(tmp_path: Path) -> None:
    source = made(tmp_path / "house")
    with open_house(source):
        drill = run_drill(source, tmp_path / "copy", by="ops-1", clock=Ticks())
    assert drill.passed
    assert drill.document["source_at_rest"] is False


def put(directory: Path, family: str, key: bytes, body: bytes | None) -> None:
    store = RocksStore(directory / "ledger")
    store.load()
    rows = WriteBatch(raw_mode=True)
    handle = store._files.handle(family)
    if body is None:
        rows.delete(key, handle)
    else:
        rows.put(key, body, handle)
    store._files.write(rows)
    store.close()


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound copy of a small house."""
    where = tmp_path_factory.mktemp("copied")
    return copy_house(made(where / "house"), where / "copy").directory


@pytest.mark.parametrize("family", [IDS, INDEX, PENDING, OPEN])
@pytest.mark.parametrize("how", ["gone", "changed", "added"])
def test_an_index_that_is_not_the_journals_is_found(
    tmp_path: Path, copied: Path, family: str, how: str
) -> None:
    """R21: every index is compared row for row."""
    directory = Path(shutil.copytree(copied, tmp_path / "copy"))
    store = RocksStore(directory / "ledger")
    store.load()
    rows = list(store.items(family))
    store.close()
    key, body = rows[len(rows) // 3]
    if how == "gone":
        put(directory, family, key, None)
    elif how == "changed":
        put(directory, family, key, bytes([body[0] ^ 1]) + body[1:])
    else:
        put(directory, family, key[:-1] + bytes([key[-1] ^ 0x55]), body)
    assert rebuild(directory).differences


def test_a_copy_that_lags_its_log_or_has_another_history_is_found(tmp_path: Path) -> None:
    """R21: committed entries lost, or another journal under a signed root."""
    source = made(tmp_path / "house")
    early = copy_house(source, tmp_path / "early").directory
    with open_house(source) as house:
        house.ledger.seal(bytes(32), 9)
    late = copy_house(source, tmp_path / "late").directory
    shutil.rmtree(early / "log")
    shutil.copytree(late / "log", early / "log")
    [found] = rebuild(early).differences
    assert "the log covers" in found
    other = made(tmp_path / "other")
    shutil.rmtree(late / "ledger")
    shutil.copytree(other / "ledger", late / "ledger")
    assert any("root" in one or "covers" in one for one in rebuild(late).differences)


def test_the_ledger_is_copied_again_until_it_stood_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made(tmp_path / "house")
    real: Callable[[Path], tuple[str, int]] = backup._manifest
    told = iter([("a", 1), ("a", 2), ("a", 2)])
    monkeypatch.setattr(backup, "_manifest", lambda path: next(told, None) or real(path))
    assert copy_house(source, tmp_path / "copy").attempts >= 2
    assert rebuild(tmp_path / "copy").differences == ()
    moving = iter(range(10_000))
    monkeypatch.setattr(backup, "_manifest", lambda _: ("a", next(moving)))
    monkeypatch.setattr(backup, "PAUSE_S", 0)
    with pytest.raises(BackupFailed, match="stand still"):
        copy_house(source, tmp_path / "again")


def test_what_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    source = made(tmp_path / "house")
    for to in (source / "copy", source):
        with pytest.raises(BackupFailed):
            copy_house(source, to)
    with pytest.raises(BackupFailed, match="no data directory"):
        copy_house(tmp_path, tmp_path / "copy")
    text = (source / "house.json").read_text()
    (source / "house.json").write_text(text.replace('"ledger": ""', '"ledger": "postgresql://u:hunter2@h/d"'))
    with pytest.raises(BackupFailed, match="on a server") as caught:
        copy_house(source, tmp_path / "copy")
    assert "hunter2" not in str(caught.value)


def test_a_torn_database_in_a_copy_is_found(tmp_path: Path) -> None:
    source = made(tmp_path / "house")
    with Database.open(source / "control.db", RETENTION):
        pass
    directory = copy_house(source, tmp_path / "copy").directory
    file = directory / "control.db"
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(bytes(data))
    assert rebuild(directory).differences
