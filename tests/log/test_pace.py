"""A writer is held up while the published log is too far behind, and never for long."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from jinku.bootstrap import open_house
from jinku.crypto.signer import Ed25519Signer
from jinku.ledger.committer import Committer
from jinku.log import publisher as module
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.publisher import LAG_ENTRIES_MAX, Publisher

ORIGIN = "example.com/log"


class Growing:
    """A journal of numbered entries that the test makes longer."""

    def __init__(self) -> None:
        self.entries = 0

    def size(self) -> int:
        return self.entries

    def read(self, first: int, count: int) -> Sequence[bytes]:
        return [number.to_bytes(8, "big") for number in range(first, min(first + count, self.entries))]


@pytest.fixture
def source() -> Growing:
    return Growing()


def open_publisher(directory: Path, source: Growing) -> Publisher:
    return Publisher(directory, ORIGIN, [Ed25519Signer.generate(ORIGIN)], source)


def published(directory: Path) -> int:
    return SignedCheckpoint.parse((directory / "checkpoint").read_bytes()).size


def test_a_writer_far_ahead_waits_until_the_log_has_followed(
    tmp_path: Path, source: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACE_S_MAX", 60.0)
    monkeypatch.setattr(module, "LAG_ENTRIES_MAX", 2_000)
    with open_publisher(tmp_path, source) as publisher:
        publisher.publish()
        publisher.start(interval_s=3600)
        source.entries = 9_000
        publisher.pace(source.entries)
        assert source.entries - published(tmp_path) <= 2_000


def test_a_writer_a_little_ahead_wakes_the_publisher_and_goes_on(tmp_path: Path, source: Growing) -> None:
    with open_publisher(tmp_path, source) as publisher:
        publisher.start(interval_s=3600)
        source.entries = module.LAG_ENTRIES_WAKE + 1
        publisher.pace(source.entries)
        for _ in range(1000):
            if publisher.checkpoint is not None and publisher.checkpoint.size == source.entries:
                break
            time.sleep(0.01)
        else:
            pytest.fail("nobody woke the publisher")


def test_a_log_that_cannot_be_written_stops_no_payment(
    tmp_path: Path, source: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACE_S_MAX", 0.05)
    with open_publisher(tmp_path, source) as publisher:
        publisher.start(interval_s=3600)
        (tmp_path / "tile").write_text("in the way")  # no tile can be made here
        source.entries = LAG_ENTRIES_MAX + 5_000
        publisher.pace(source.entries)  # comes back all the same
        assert publisher.checkpoint is None or publisher.checkpoint.size < source.entries
        (tmp_path / "tile").unlink()


def test_without_a_thread_nobody_waits(tmp_path: Path, source: Growing) -> None:
    with open_publisher(tmp_path, source) as publisher:
        publisher.pace(10 * LAG_ENTRIES_MAX)


def test_a_house_paces_its_ledger_by_its_log(tmp_path: Path) -> None:
    with open_house(tmp_path / "house") as house:
        committer: Committer = house.ledger._committer
        assert committer.pace == house.publisher.pace
