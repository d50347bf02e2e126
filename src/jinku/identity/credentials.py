"""Credentials of those who may look and change nothing: the independent auditor, the custodian bank.

Rules:

1. A credential names its holder, what the holder is, who granted it, and ends, at most
   ``CREDENTIAL_DAYS_MAX`` days later. A name is in force once; it may be granted anew after it ended.
2. The secret is shown once, when it is made. Kept is its SHA-256: the secret has 256 random bits, so no slow hash
   is needed and the lookup tells a guesser nothing.
3. What is granted or revoked is sealed in the log, so nobody can say later that an auditor had no access.

Example::

    secret = book.grant(Grant("auditor-1", Holder.AUDITOR, days=30, by="clerk-1"))
    book.holder(f"Bearer {secret}".encode())  # Credential(name="auditor-1", …)
    book.revoke("auditor-1", by="clerk-2")
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Row, String, Table, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_DAY, Clock
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.identity.errors import CredentialExists, CredentialUnknown

CREDENTIAL_DAYS_MAX = 400
"""A yearly audit and a little more."""
SECRET_BYTES = 32
SECRET_PREFIX = "jinku_ro_"  # noqa: S105 - what secrets begin with, so that leaked ones can be searched for
SEAL_TOPIC_ACCESS = 11
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

TABLES = MetaData()
_CREDENTIAL = Table(
    "credential",
    TABLES,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False, index=True),
    Column("holder", String(16), nullable=False),
    Column("granted_by", String(64), nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("revoked_by", String(64), nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
)

Seal = Callable[[bytes, int], tuple[int, int]]
"""Puts a SHA-256 digest into the log under a topic; the entry's number and timestamp."""


class Holder(StrEnum):
    """What the holder of a credential is."""

    AUDITOR = "auditor"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential asked for, for `days` times 24 hours; `by` is the operator who grants it."""

    name: str
    holder: Holder
    days: int
    by: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as it is kept; times are UTC ns, `revoked_at` 0 while it is not revoked."""

    name: str
    holder: Holder
    granted_by: str
    granted_at: int
    until: int
    revoked_by: str = ""
    revoked_at: int = 0

    def in_force(self, now: int) -> bool:
        """Whether it opens anything at `now`."""
        return not self.revoked_at and now <= self.until


class CredentialBook:
    """The credentials of one house; see the module's rules. May be used by many threads."""

    def __init__(self, database: Database, seal: Seal, clock: Clock) -> None:
        self._database, self._seal, self._clock = database, seal, clock
        database.add(TABLES)

    def grant(self, asked: Grant) -> str:
        """Make a credential; its secret, which is shown this once. Raises InputError, CredentialExists."""
        now = self._clock()
        _check(asked)
        secret = SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        made = Credential(asked.name, asked.holder, asked.by, now, now + asked.days * NS_PER_DAY)
        with self._database.writing() as connection:
            rows = connection.execute(
                select(_CREDENTIAL).where(_CREDENTIAL.c.name == asked.name).with_for_update()
            )
            if any(_credential(row).in_force(now) for row in rows):
                raise CredentialExists(asked.name)
            # sealed first: a grant that the log does not know of opens nothing
            self._seal(_digest_of("granted", made), SEAL_TOPIC_ACCESS)
            connection.execute(insert(_CREDENTIAL), [_row(made, _digest(secret))])
        return secret

    def revoke(self, name: str, by: str) -> Credential:
        """End the credential `name`; as it is then. Raises CredentialUnknown, InputError."""
        _check_name(by, "by")
        now = self._clock()
        column = _CREDENTIAL.c
        with self._database.writing() as connection:
            rows = connection.execute(select(_CREDENTIAL).where(column.name == name).with_for_update())
            found = [row for row in rows if _credential(row).in_force(now)]
            if not found:
                raise CredentialUnknown(name)
            connection.execute(
                update(_CREDENTIAL)
                .where(column.digest == found[0].digest)
                .values(revoked_by=by, revoked_at=now)
            )
            one = _credential(found[0])
            ended = Credential(one.name, one.holder, one.granted_by, one.granted_at, one.until, by, now)
        self._seal(_digest_of("revoked", ended), SEAL_TOPIC_ACCESS)
        return ended

    def holder(self, authorization: bytes) -> Credential | None:
        """Whose credential the value of an Authorization header carries; None where it opens nothing now."""
        scheme, _, secret = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not secret.startswith(SECRET_PREFIX.encode()):
            return None
        digest = hashlib.sha256(secret.strip()).digest()
        with self._database.reading() as connection:
            row = connection.execute(select(_CREDENTIAL).where(_CREDENTIAL.c.digest == digest)).one_or_none()
        found = None if row is None else _credential(row)
        return found if found and found.in_force(self._clock()) else None

    def credentials(self) -> list[Credential]:
        """Every credential that ever was, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_CREDENTIAL).order_by(_CREDENTIAL.c.granted_at, _CREDENTIAL.c.name)
            ).all()
        return [_credential(row) for row in rows]


def _check(asked: Grant) -> None:
    _check_name(asked.name, "name")
    _check_name(asked.by, "by")
    if not 1 <= asked.days <= CREDENTIAL_DAYS_MAX:
        raise InputError(
            "does not end in time",
            field="days",
            value=str(asked.days),
            remedy=f"choose 1 to {CREDENTIAL_DAYS_MAX} days",
        )


def _check_name(name: str, field: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            "is not a name",
            field=field,
            value=name[:80],
            remedy="use 1 to 64 of A-Z a-z 0-9 . _ -, no sign first",
        )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _digest_of(event: str, one: Credential) -> bytes:
    """What the log keeps of a grant or its end."""
    document = {
        "format": "jinku-access/v1",
        "event": event,
        "name": one.name,
        "holder": one.holder.value,
        "granted_by": one.granted_by,
        "granted_at": str(one.granted_at),
        "until": str(one.until),
        "revoked_by": one.revoked_by,
        "revoked_at": str(one.revoked_at),
    }
    return hashlib.sha256(canonical_json(document)).digest()


def _row(one: Credential, digest: bytes) -> dict[str, Any]:
    return {
        "digest": digest,
        "name": one.name,
        "holder": one.holder.value,
        "granted_by": one.granted_by,
        "granted_at": one.granted_at,
        "until": one.until,
        "revoked_by": one.revoked_by,
        "revoked_at": one.revoked_at,
    }


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        row.name,
        Holder(row.holder),
        row.granted_by,
        row.granted_at,
        row.until,
        row.revoked_by,
        row.revoked_at,
    )
