"""Publishing: the directory is what the journal says, whatever the steps; partial tiles come and go; one
writer."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.log.kit import ORIGIN, SIGNER, MemoryJournal, files_of, made_entries, naive_root, publisher

from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer
from jinku.crypto.vkey import SignatureType
from jinku.log import publisher as publisher_module
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.errors import LogLockedError, NoteFormatError, RangeError
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory, Tree
from jinku.log.signature import log_key, open_checkpoint, sign
from jinku.log.tiles import ENTRIES, Tile, parse_tile_path
from jinku.verify import Trust, verify_log_directory

KEY = log_key(SIGNER)
PATIENCE_S = 10


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_empty_log_has_a_checkpoint(tmp_path: Path) -> None:
    with publisher(tmp_path, MemoryJournal()) as opened:
        signed = opened.publish()
    assert signed.size == 0
    assert open_checkpoint((tmp_path / "checkpoint").read_bytes(), ORIGIN, [KEY]) == signed
    assert list(files_of(tmp_path)) == ["checkpoint"]


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 1500), min_size=1, max_size=5))
def test_each_checkpoint_matches_the_journal_and_its_files_are_served(
    sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("log")
    entries = made_entries(max(sizes))
    journal = MemoryJournal()
    with publisher(directory, journal) as opened:
        for size in sorted(sizes):
            journal.entries = entries[:size]
            signed = opened.publish()
            assert (signed.size, signed.root) == (size, naive_root(entries[:size]))
            log = LogDirectory(directory)
            assert log.checkpoint() == signed
            assert Tree(log, size).root() == signed.root
            for index in {0, size // 2, size - 1} & set(range(size)):
                assert log.entry(index, size) == entries[index]
    report = verify_log_directory(directory, str(KEY), replay=False)
    assert report.ok, report.findings


def test_the_directory_does_not_depend_on_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = made_entries(1800)
    with publisher(tmp_path / "once", MemoryJournal(entries)) as opened:
        opened.publish()
    monkeypatch.setattr(publisher_module, "STEP_ENTRIES_MAX", 300)
    journal = MemoryJournal()
    for size in (700, 1799, 1800):
        journal.entries = entries[:size]
        with publisher(tmp_path / "steps", journal) as opened:
            opened.publish()
    once, steps = files_of(tmp_path / "once"), files_of(tmp_path / "steps")
    assert {path: steps[path] for path in once} == once
    for path in steps.keys() - once.keys():
        tile = parse_tile_path(path)
        assert tile is not None
        assert tile.partial


def test_partial_tiles_live_until_their_full_tile(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(10))
    with publisher(tmp_path, journal) as opened:
        opened.publish()
        journal.entries = made_entries(200)
        opened.publish()
        assert (tmp_path / "tile/0/000.p/10").exists()
        assert (tmp_path / "tile/entries/000.p/10").exists()
        assert (tmp_path / "tile/0/000.p/200").exists()
        journal.entries = made_entries(256)
        opened.publish()
        assert (tmp_path / "tile/0/000").exists()
        assert not (tmp_path / "tile/0/000.p").exists()
        assert not (tmp_path / "tile/entries/000.p").exists()
        assert (tmp_path / "tile/1/000.p/1").exists()
    log = LogDirectory(tmp_path)
    assert log.tile(Tile(0, 0, 10)) == log.tile(Tile(0, 0))[:320]
    assert log.bundle(Tile(ENTRIES, 0, 10)) == made_entries(10)


def test_publishing_nothing_new_writes_nothing(tmp_path: Path) -> None:
    with publisher(tmp_path, MemoryJournal(made_entries(300))) as opened:
        first = opened.publish()
        before = (tmp_path / "checkpoint").stat().st_mtime_ns
        assert opened.publish() is first
        assert (tmp_path / "checkpoint").stat().st_mtime_ns == before


def test_a_second_publisher_is_refused(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(3))
    with publisher(tmp_path, journal), pytest.raises(LogLockedError):
        publisher(tmp_path, journal)
    publisher(tmp_path, journal).close()


def test_a_second_signature_by_ml_dsa_44_may_be_added_later(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(3))
    second = MlDsa44Signer.generate(ORIGIN)
    with publisher(tmp_path, journal) as opened:
        opened.publish()
    with publisher(tmp_path, journal, SIGNER, second) as opened:
        opened.publish()
    raw = (tmp_path / "checkpoint").read_bytes()
    for signer in (SIGNER, second):
        open_checkpoint(raw, ORIGIN, [log_key(signer)])
    trust = Trust.of([str(KEY), str(log_key(second))])
    assert verify_log_directory(tmp_path, trust, replay=False).ok


@pytest.mark.parametrize("origin", ["", "two\nlines", "x" * 256])
def test_bad_origins_are_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(NoteFormatError):
        Publisher(tmp_path, origin, [SIGNER], MemoryJournal())


def test_a_log_needs_a_signer(tmp_path: Path) -> None:
    with pytest.raises(NoteFormatError):
        Publisher(tmp_path, ORIGIN, [], MemoryJournal())


def test_the_thread_publishes_soon_and_a_last_time_when_stopped(tmp_path: Path) -> None:
    entries = made_entries(5000)
    journal = MemoryJournal(entries[:1])
    opened = publisher(tmp_path, journal)
    opened.publish()
    opened.start(interval_s=0.05)
    for size in (10, 700, 4000):
        journal.entries = entries[:size]
        wait_until(lambda: LogDirectory(tmp_path).checkpoint().size == journal.size())
    opened.stop()
    opened.start(interval_s=60)
    journal.entries = entries
    opened.close()
    assert LogDirectory(tmp_path).checkpoint().size == 5000
    assert opened.failure is None
    assert not [thread for thread in threading.enumerate() if thread.name == "log-publisher"]


def test_a_failed_publish_leaves_the_last_checkpoint_and_the_next_one_heals(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(300))
    with publisher(tmp_path, journal) as opened:
        opened.publish()
        journal.entries = made_entries(700)
        obstacle = tmp_path / "tile" / "0" / "001"
        obstacle.mkdir()
        with pytest.raises(OSError, match="001"):
            opened.publish()
        assert LogDirectory(tmp_path).checkpoint().size == 300
        obstacle.rmdir()
        assert opened.publish().size == 700
    assert verify_log_directory(tmp_path, str(KEY), replay=False).ok


def test_the_thread_reports_a_failure_and_recovers(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(300))
    opened = publisher(tmp_path, journal)
    opened.publish()
    obstacle = tmp_path / "tile" / "0" / "001"
    obstacle.mkdir()
    journal.entries = made_entries(700)
    opened.start(interval_s=0.01)
    wait_until(lambda: opened.failure is not None)
    obstacle.rmdir()
    wait_until(lambda: opened.failure is None)
    opened.close()
    assert LogDirectory(tmp_path).checkpoint().size == 700


def test_only_own_checkpoints_are_attached(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(3))
    with publisher(tmp_path / "a", journal) as first:
        with publisher(
            tmp_path / "b", MemoryJournal(made_entries(9)), Ed25519Signer.generate(ORIGIN)
        ) as other:
            stranger = other.publish()
        with publisher(tmp_path / "c", MemoryJournal(made_entries(9))) as ahead:
            beyond = ahead.publish()
        first.publish()
        with pytest.raises(Exception, match="no signature by a known key"):
            first.attach(stranger)
        with pytest.raises(RangeError):
            first.attach(beyond)
    assert not (tmp_path / "a" / "checkpoint.cosigned").exists()


def test_cosignatures_of_one_checkpoint_add_up_whenever_they_come(tmp_path: Path) -> None:
    journal = MemoryJournal(made_entries(3))
    with publisher(tmp_path, journal) as opened:
        signed = opened.publish()
        journal.entries = made_entries(4)
        opened.publish()
        for name in ("w1.example", "w2.example", "w1.example"):
            signer = Ed25519Signer.from_seed(name, name.encode().ljust(32))
            line = sign(signer, SignatureType.ED25519_COSIGNATURE, signed.note.text, 1)
            opened.attach(SignedCheckpoint(signed.checkpoint, signed.note.adding([line])))
    names = [line.name for line in LogDirectory(tmp_path).checkpoint(cosigned=True).note.signatures]
    assert sorted(names) == [ORIGIN, "w1.example", "w2.example"]
    assert len(LogDirectory(tmp_path).checkpoint().note.signatures) == 1
