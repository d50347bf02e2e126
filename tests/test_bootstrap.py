"""A data directory is made once, whole or not at all, and opened only as what it is."""

import json
import threading
from pathlib import Path

import pytest

from jinku.bootstrap import HOUSE_FILE, KEY_FILES, HouseError, open_house
from jinku.crypto.errors import CryptoError
from jinku.ledger.errors import LedgerClosed, StoreError
from jinku.ledger.opening import open_journal
from jinku.log.checkpoint import SignedCheckpoint

NAME = "ledger.example/jinku"


def test_what_a_directory_was_made_with_holds(tmp_path: Path) -> None:
    with open_house(tmp_path / "d", origin=NAME, post_quantum=True) as house:
        keys = house.vkeys
        assert len(keys) == 2
    with open_house(tmp_path / "d") as again:
        assert (again.vkeys, again.settings.origin) == (keys, NAME)
    assert (tmp_path / "d" / "log.vkey").read_text().split() == keys
    with pytest.raises(HouseError, match="origin"):
        open_house(tmp_path / "d", origin="ledger.example/other")
    with pytest.raises(HouseError) as refused:
        open_house(tmp_path / "d", url="postgresql://me:secret@host/db")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("tigerbeetle://127.0.0.1:3000", "no log"),
        ("mysql://host/db", "mysql"),
        ("postgresql://127.0.0.1:1/none", "connect"),
    ],
)
def test_a_server_that_was_never_reached_binds_no_directory(tmp_path: Path, url: str, problem: str) -> None:
    with pytest.raises(StoreError, match=problem):
        open_house(tmp_path / "d", url=url)
    assert not (tmp_path / "d" / HOUSE_FILE).exists()
    with open_house(tmp_path / "d") as house:
        assert house.settings.ledger == ""


def test_secrets_are_the_owners_alone(tmp_path: Path) -> None:
    open_house(tmp_path / "d").close()
    for path in (tmp_path / "d" / HOUSE_FILE, tmp_path / "d" / "keys" / KEY_FILES[0]):
        assert path.stat().st_mode & 0o077 == 0


def test_a_lost_key_starts_no_other_log(tmp_path: Path) -> None:
    open_house(tmp_path / "d").close()
    (tmp_path / "d" / "keys" / KEY_FILES[0]).unlink()
    with pytest.raises(CryptoError):
        open_house(tmp_path / "d")


def test_a_lost_house_file_is_not_made_up(tmp_path: Path) -> None:
    open_house(tmp_path / "d").close()
    (tmp_path / "d" / HOUSE_FILE).unlink()
    with pytest.raises(HouseError, match=f"no {HOUSE_FILE}"):
        open_house(tmp_path / "d")


@pytest.mark.parametrize("change", [{"format": 2}, {"format": None}, {}])
def test_an_unknown_house_file_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    open_house(tmp_path / "d").close()
    file = tmp_path / "d" / HOUSE_FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}) if change else "{")
    with pytest.raises(HouseError):
        open_house(tmp_path / "d")


def test_a_start_that_died_over_its_keys_begins_anew(tmp_path: Path) -> None:
    keys = tmp_path / "d" / "keys"
    keys.mkdir(parents=True)
    (keys / KEY_FILES[0]).write_text("half a key")
    with open_house(tmp_path / "d") as house:
        assert house.ledger.size() == 0


def test_a_key_that_was_put_back_is_never_destroyed(tmp_path: Path) -> None:
    """Its owner restored the keys alone: the new log has a new key, and the old one lies beside it."""
    open_house(tmp_path / "d").close()
    kept = (tmp_path / "d" / "keys" / KEY_FILES[0]).read_bytes()
    restored = tmp_path / "e" / "keys"
    restored.mkdir(parents=True)
    (restored / KEY_FILES[0]).write_bytes(kept)
    open_house(tmp_path / "e").close()
    assert (restored / KEY_FILES[0]).read_bytes() != kept
    assert kept in [path.read_bytes() for path in restored.glob("*.unused")]


def test_a_hostile_house_file_is_refused(tmp_path: Path) -> None:
    open_house(tmp_path / "d").close()
    (tmp_path / "d" / HOUSE_FILE).write_text("[" * 100_000)
    with pytest.raises(HouseError, match="RecursionError"):
        open_house(tmp_path / "d")


def test_a_closed_house_has_published_all_that_it_acknowledged(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    begun = threading.Semaphore(0)

    def seal_until_closed() -> None:
        try:
            while True:
                house.ledger.seal(bytes(32), 9)
                begun.release()
        except LedgerClosed:
            return

    callers = [threading.Thread(target=seal_until_closed) for _ in range(8)]
    for caller in callers:
        caller.start()
    for _ in range(40):
        begun.acquire()
    house.close()
    for caller in callers:
        caller.join()
    published = SignedCheckpoint.parse((tmp_path / "log" / "checkpoint").read_bytes()).size
    with open_journal(tmp_path / "ledger") as ledger:
        assert published == ledger.size() >= 40
