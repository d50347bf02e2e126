"""The tables of published rules, and what their rows are.

Example::

    read_publication(connection.execute(select(PUBLICATION)).first()).waits
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text

from jinku.base.canonical import canonical_json
from jinku.base.clock import to_rfc3339

RULES = MetaData()
VERSION = Table(
    "risk_rule_version",
    RULES,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("approved_at", BigInteger, nullable=False),
)
PUBLICATION = Table(
    "risk_rule_publication",
    RULES,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("rules_digest", LargeBinary(32), nullable=False),
    Column("act", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("second", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("after", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("confirmed_by", String(64), nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("confirmed_entry", BigInteger, nullable=False),
)


class Act(StrEnum):
    """What was done."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"
    STOP = "stop"


class Role(StrEnum):
    """Whether a version decides, or is only watched beside the one that does."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class Version:
    """A rule set as it was proposed. Times are UTC ns, 0 where there is none."""

    version: int
    text: str
    digest: bytes
    note: str
    proposed_by: str
    proposed_at: int
    approved_by: str
    approved_at: int


@dataclass(frozen=True, slots=True)
class Publication:
    """One act that changed what is in force. `entry` is the log entry that seals `digest`."""

    number: int
    version: int
    rules_digest: bytes
    act: Act
    role: Role
    by: str
    second: str
    reason: str
    at: int
    after: str
    digest: bytes
    entry: int
    confirmed_by: str
    confirmed_at: int
    confirmed_entry: int

    def confirmation(self, by: str) -> bytes:
        """SHA-256 of a second person's word for it."""
        told = {"form": 1, "confirms": self.digest.hex(), "by": by}
        return hashlib.sha256(canonical_json(told)).digest()

    @property
    def waits(self) -> bool:
        """Whether one person did it alone and nobody has confirmed it yet."""
        return self.act is Act.ROLLBACK and not self.second and not self.confirmed_by

    def computed(self, version: Version | None = None) -> bytes:
        """SHA-256 of what was done; what was done before is part of it, and who proposed and approved the `version`.

        Without `version` it is the form in which publications were sealed before persons were part of it."""
        told = {
            "form": 1 if version is None else 2,
            "what": "rules",
            "number": self.number,
            "version": self.version,
            "rules": self.rules_digest.hex(),
            "act": self.act.value,
            "role": self.role.value,
            "by": self.by,
            "second": self.second,
            "reason": self.reason,
            "at": str(self.at),
            "after": self.after,
        }
        if version is not None:
            told |= {
                "proposed_by": version.proposed_by,
                "proposed_at": str(version.proposed_at),
                "approved_by": version.approved_by,
                "approved_at": str(version.approved_at),
                "note": version.note,
            }
        return hashlib.sha256(canonical_json(told)).digest()

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "number": self.number,
            "version": self.version,
            "act": self.act.value,
            "role": self.role.value,
            "by": self.by,
            "second": self.second or None,
            "reason": self.reason,
            "at": to_rfc3339(self.at),
            "digest": self.digest.hex(),
            "sealed_entry": self.entry,
            "confirmed_by": self.confirmed_by or None,
            "waits": self.waits,
        }


def read_version(row: Any) -> Version:
    """A row of `VERSION`."""
    values = dict(row._mapping)
    return Version(**{**values, "digest": bytes(row.digest)})


def read_publication(row: Any) -> Publication:
    """A row of `PUBLICATION`."""
    values = dict(row._mapping)
    return Publication(
        **{
            **values,
            "digest": bytes(row.digest),
            "rules_digest": bytes(row.rules_digest),
            "act": Act(row.act),
            "role": Role(row.role),
        }
    )
