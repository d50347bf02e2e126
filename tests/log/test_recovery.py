"""Opening again: damage at the right edge is repaired, anything that would fork the log is refused."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.log.kit import ORIGIN, SIGNER, MemoryJournal, files_of, made_entries, publisher

from jinku.crypto.keyfile import create_key_file
from jinku.crypto.signer import Ed25519Signer
from jinku.log.errors import LogForeignError, LogForkError
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.signature import log_key
from jinku.verify import verify_log_directory

SIZE = 66_000  # one full tile of level 1, partial ones on three levels
KEY = str(log_key(SIGNER))
ENTRIES = made_entries(SIZE)


def published(directory: Path, size: int = SIZE) -> MemoryJournal:
    journal = MemoryJournal(made_entries(size))
    with publisher(directory, journal) as opened:
        opened.publish()
    return journal


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published log of SIZE entries, to be copied."""
    directory = tmp_path_factory.mktemp("sample") / "log"
    published(directory)
    return directory


@pytest.fixture
def log(sample: Path, tmp_path: Path) -> Path:
    """A log of SIZE entries to damage: links to the sample's files, which nobody writes in place."""
    return Path(shutil.copytree(sample, tmp_path / "log", copy_function=os.link))


def put(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def tear(path: Path) -> None:
    put(path, path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    put(path, bytes(path.stat().st_size))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    put(path, bytes(content))


@pytest.mark.parametrize(
    "damage", [tear, zero, flip, Path.unlink], ids=["torn", "zeroed", "flipped", "missing"]
)
@pytest.mark.parametrize(
    "name",
    [
        "tile/0/257.p/208",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
        "tile/entries/257.p/208",
        "tile/0/256",
        "tile/entries/255",
    ],
)
def test_damage_at_the_edge_is_repaired(log: Path, name: str, damage: object) -> None:
    journal = MemoryJournal(ENTRIES)
    before = files_of(log)
    assert callable(damage)
    damage(log / name)
    assert files_of(log) != before
    with publisher(log, journal) as opened:
        assert opened.repaired == (name,)
        assert files_of(log) == before


def test_a_repaired_log_goes_on(log: Path) -> None:
    for name in ("tile/0/257.p/208", "tile/1/001.p/1", "tile/entries/256"):
        flip(log / name)
    with publisher(log, MemoryJournal(made_entries(SIZE + 300))) as opened:
        assert len(opened.repaired) == 3
        opened.publish()
    assert verify_log_directory(log, KEY, replay=False).ok


def test_damage_further_back_is_repaired_when_asked_to_look(log: Path) -> None:
    journal = MemoryJournal(ENTRIES)
    before = files_of(log)
    names = ["tile/0/003", "tile/1/000", "tile/entries/100"]
    for name in names:
        flip(log / name)
    with publisher(log, journal, recheck=SIZE) as opened:
        assert sorted(opened.repaired) == names
    assert files_of(log) == before


def test_a_sound_directory_is_not_touched(log: Path) -> None:
    journal = MemoryJournal(ENTRIES)
    before = {path: path.stat().st_mtime_ns for path in log.rglob("*") if path.is_file()}
    with publisher(log, journal) as opened:
        assert opened.repaired == ()
        opened.publish()
    assert {path: path.stat().st_mtime_ns for path in log.rglob("*") if path.is_file()} == before


def refused(directory: Path, journal: MemoryJournal) -> LogForkError:
    """Opening must be refused and must change nothing."""
    before = files_of(directory)
    with pytest.raises(LogForkError) as caught:
        publisher(directory, journal)
    assert files_of(directory) == before
    return caught.value


@pytest.mark.parametrize("size", [0, 1, SIZE - 1])
def test_a_shorter_journal_is_refused(log: Path, size: int) -> None:
    error = refused(log, MemoryJournal(made_entries(size)))
    assert str(size) in error.message
    assert str(SIZE) in error.message
    assert "fork" in error.remedy


@pytest.mark.parametrize("at", [65_999, 65_792, 65_791, 65_100])
def test_a_journal_with_another_entry_near_the_edge_is_refused(log: Path, at: int) -> None:
    journal = MemoryJournal(ENTRIES)
    journal.entries[at] = b"x" * 280
    journal.entries.extend(made_entries(5))
    refused(log, journal)


def test_another_journal_is_refused(tmp_path: Path) -> None:
    published(tmp_path, 1000)
    refused(tmp_path, MemoryJournal(made_entries(1000, seed=1)))


def test_damage_does_not_hide_a_fork(log: Path) -> None:
    journal = MemoryJournal(ENTRIES)
    journal.entries[5] = b"x" * 280
    (log / "tile/1/000").unlink()
    refused(log, journal)


def test_a_journal_that_shrinks_or_changes_while_open_is_refused(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(1000))
    with publisher(tmp_path, journal) as opened:
        opened.publish()
        journal.entries = made_entries(999)
        with pytest.raises(LogForkError):
            opened.publish()
        journal.entries = made_entries(1100)
        journal.entries[999] = b"x" * 280
        with pytest.raises(LogForkError):
            opened.publish()
        journal.entries = made_entries(1100)
        assert opened.publish().size == 1100
    assert verify_log_directory(tmp_path, KEY, replay=False).ok


def test_another_key_or_origin_is_refused(tmp_path: Path) -> None:
    journal = published(tmp_path, 10)
    with pytest.raises(LogForeignError):
        publisher(tmp_path, journal, Ed25519Signer.generate(ORIGIN))
    with pytest.raises(LogForeignError):
        Publisher(tmp_path, "other.example", [SIGNER], journal)
    publisher(tmp_path, journal).close()


@pytest.mark.parametrize("damage", [tear, zero, flip], ids=["torn", "zeroed", "flipped"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: object) -> None:
    journal = published(tmp_path, 10)
    assert callable(damage)
    damage(tmp_path / "checkpoint")
    with pytest.raises(LogForeignError):
        publisher(tmp_path, journal)


def test_a_lost_checkpoint_is_held_to_the_cosigned_one(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(500))
    with publisher(tmp_path, journal) as opened:
        opened.attach(opened.publish())
    (tmp_path / "checkpoint").unlink()
    refused(tmp_path, MemoryJournal(made_entries(500, seed=1)))
    with publisher(tmp_path, journal) as opened:
        assert opened.publish().size == 500
    assert (tmp_path / "checkpoint.cosigned").exists()


WORKER = """
import sys
from pathlib import Path
from jinku.crypto.keyfile import load_key_file
from jinku.log.publisher import Publisher
from tests.log.kit import ORIGIN, MemoryJournal, made_entries

directory = Path(sys.argv[1])
entries = made_entries(200_000)
journal = MemoryJournal(entries)
publisher = Publisher(directory, ORIGIN, [load_key_file(Path(sys.argv[2]))], journal)
size = publisher.checkpoint.size if publisher.checkpoint else 0
print("open", flush=True)
while size < len(entries):
    size += 1 + size * 7919 % 2500
    journal.entries = entries[:size]
    print(publisher.publish().size, flush=True)
"""


@pytest.mark.parametrize("delay_ms", [5, 50, 200])
def test_killed_at_any_moment_the_log_goes_on(tmp_path: Path, delay_ms: int) -> None:
    key, directory = tmp_path / "key", tmp_path / "log"
    create_key_file(key, SIGNER)
    seen = 0
    for _ in range(2):
        command = [sys.executable, "-c", WORKER, str(directory), str(key)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "open\n"
            time.sleep(delay_ms / 1000)
            child.send_signal(signal.SIGKILL)
            answered = [int(line) for line in child.stdout.read().split("\n")[:-1]]
        seen = max([seen, *answered])
        if (directory / "checkpoint").exists():
            assert LogDirectory(directory).checkpoint().size >= seen
            assert verify_log_directory(directory, KEY, replay=False, live=True).ok
    with publisher(directory, MemoryJournal(made_entries(200_000))) as opened:
        opened.publish()
    report = verify_log_directory(directory, KEY, replay=False)
    assert report.ok, report.findings
