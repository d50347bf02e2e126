"""Credentials of readers: shown once, kept as a digest, ended by time or by an operator, sealed."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.identity.credentials import CREDENTIAL_DAYS_MAX, CredentialBook, Grant, Holder
from jinku.identity.errors import CredentialExists, CredentialUnknown

DAY = 86_400 * 10**9
START = 1_795_000_000 * 10**9


class Clock:
    """A clock that a test sets."""

    now = START

    def __call__(self) -> int:
        return self.now


class Log:
    """Takes seals."""

    def __init__(self) -> None:
        self.seals: list[tuple[bytes, int]] = []

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Remember a seal."""
        self.seals.append((digest, topic))
        return len(self.seals), START


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Control data on each engine."""
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with Database.open(where) as opened:
        yield opened


def _grant(name: str = "auditor-1", days: int = 30) -> Grant:
    return Grant(name, Holder.AUDITOR, days, by="clerk-1")


def _bearer(secret: str) -> bytes:
    return f"Bearer {secret}".encode()


def test_a_credential_opens_until_it_ends(database: Database) -> None:
    clock, log = Clock(), Log()
    book = CredentialBook(database, log.seal, clock)
    secret = book.grant(_grant())
    found = book.holder(_bearer(secret))
    assert found is not None
    assert (found.name, found.holder) == ("auditor-1", Holder.AUDITOR)
    clock.now = START + 30 * DAY
    assert book.holder(_bearer(secret)) is not None
    clock.now += 1
    assert book.holder(_bearer(secret)) is None
    assert len(log.seals) == 1


def test_a_revoked_one_opens_nothing_and_its_name_may_be_granted_anew(database: Database) -> None:
    clock, log = Clock(), Log()
    book = CredentialBook(database, log.seal, clock)
    secret = book.grant(_grant())
    with pytest.raises(CredentialExists):
        book.grant(_grant())
    ended = book.revoke("auditor-1", by="clerk-2")
    assert (ended.revoked_by, ended.revoked_at) == ("clerk-2", START)
    assert book.holder(_bearer(secret)) is None
    with pytest.raises(CredentialUnknown):
        book.revoke("auditor-1", by="clerk-2")
    clock.now += 1
    again = book.grant(_grant())
    assert book.holder(_bearer(secret)) is None
    assert book.holder(_bearer(again)) is not None
    assert len({digest for digest, _ in log.seals}) == 3
    assert [one.revoked_by for one in book.credentials()] == ["clerk-2", ""]


@pytest.mark.parametrize(
    "header", [b"", b"Bearer", b"Bearer x", b"Basic jinku_ro_x", b"Bearer jinku_ro_", b"\xff \xff"]
)
def test_anything_else_opens_nothing(database: Database, header: bytes) -> None:
    book = CredentialBook(database, Log().seal, Clock())
    secret = book.grant(_grant())
    assert book.holder(header) is None
    assert book.holder(_bearer(secret[:-1])) is None
    assert book.holder(_bearer(secret + "x")) is None


def test_the_secret_is_kept_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    with Database.open(path) as database:
        book = CredentialBook(database, Log().seal, Clock())
        secret = book.grant(_grant())
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert hashlib.sha256(secret.encode()).digest() in kept


@pytest.mark.parametrize("days", [0, -1, CREDENTIAL_DAYS_MAX + 1])
def test_a_credential_ends_in_time(database: Database, days: int) -> None:
    log = Log()
    with pytest.raises(InputError, match="days"):
        CredentialBook(database, log.seal, Clock()).grant(_grant(days=days))
    assert not log.seals


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "审计", "a\n"])
def test_a_name_is_plain(database: Database, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        CredentialBook(database, Log().seal, Clock()).grant(_grant(name))
