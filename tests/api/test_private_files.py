"""What a house keeps is its owner's: another user of the machine reads the log and its key, and nothing else."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jinku.api.services import open_services
from jinku.base.files import make_private
from jinku.bootstrap import open_house
from jinku.custody.parties.people import PeopleStore
from jinku.custody.statements.intake import Intake

PUBLIC = {"log", "log.vkey"}


@pytest.fixture
def lax() -> Iterator[None]:
    """The umask of a careless account."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_only_the_log_can_be_read_by_others(tmp_path: Path, lax: None) -> None:
    data = tmp_path / "house"
    with open_house(data) as house:
        services = open_services(house)
        Intake(data / "statements.db").close()
        PeopleStore.open(data / "people.db").close()
        open_to_others = {
            path.name for path in data.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077 and path.name
        }
        services.close()
    assert open_to_others == PUBLIC


def test_a_file_left_open_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    path.touch(mode=0o644)
    make_private(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
