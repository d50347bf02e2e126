"""A thief with another account on the same machine, where the operator's umask forbids nothing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.custody.orders.kit import Clock

from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.closing.vault import Vault

OTHERS_WRITE, OTHERS_READ = stat.S_IWGRP | stat.S_IWOTH, stat.S_IRGRP | stat.S_IROTH
PUBLIC = ("log", "log.vkey")
"""What anybody may read: the log is made to be published."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    """A house with its stores made, while the umask is 0."""
    before = os.umask(0)
    try:
        with open_house(tmp_path / "house", clock=Clock()) as opened, Custody(opened, Clock()) as custody:
            custody.corridor(1, 156)
            custody.parties(1)
            assert custody.agreement_store.agreements() == []
            Vault(opened.directory / "closes").put(b"x" * 100)
            opened.ledger.seal(b"x" * 32, 2)
            opened.publish()
        yield tmp_path / "house"
    finally:
        os.umask(before)


def reachable(house: Path) -> Iterator[Path]:
    """What another account can come to: nothing below a directory that is closed to it."""
    for path, directories, files in os.walk(house):
        here = Path(path)
        directories[:] = [one for one in directories if (here / one).stat().st_mode & 0o011]
        yield from (here, *(here / one for one in files))


def test_another_account_changes_nothing_and_reads_the_log_alone(house: Path) -> None:
    """R17: keys, people, orders and closes are their owner's; the published log is everybody's to read."""
    for path in reachable(house):
        mode, name = path.stat().st_mode, path.relative_to(house).parts
        assert not mode & OTHERS_WRITE, path
        assert path == house or name[0] in PUBLIC or not mode & OTHERS_READ, path
    assert {one.name for one in house.iterdir()} > {"closes", "control.db", "keys", "ledger", "log"}
