"""Legal holds and purge plans in the control database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

RETENTION = MetaData()
HOLD = Table(
    "legal_hold",
    RETENTION,
    Column("number", Integer, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("lifted_by", String(64), nullable=False, default=""),
    Column("lifted_at", BigInteger, nullable=False, default=0),
)
PLAN = Table(
    "purge_plan",
    RETENTION,
    Column("number", Integer, primary_key=True),
    Column("as_of", String(10), nullable=False),
    Column("document", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("planned_by", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("approved_by", String(64), nullable=False, default=""),
    Column("approved_at", BigInteger, nullable=False, default=0),
    Column("outcome", Text, nullable=False, default=""),
    Column("outcome_entry", BigInteger, nullable=False, default=-1),
    Column("done_at", BigInteger, nullable=False, default=0),
)


class Held(Protocol):
    """What a hold looks at."""

    @property
    def key(self) -> str:
        """The record's key."""
        ...

    @property
    def subject(self) -> str:
        """Whom it is about."""
        ...

    @property
    def about(self) -> Callable[[str], bool] | None:
        """Whether it is about somebody, where it is about many."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """One legal hold; an empty scope holds everything."""

    number: int
    kind: str
    key: str
    subject: str
    reason: str
    placed_by: str
    lifted_by: str

    def keeps(self, kind: str, record: Held) -> bool:
        """Whether it is in force and names the record."""
        if self.lifted_by:
            return False
        if self.kind not in ("", kind) or self.key not in ("", record.key):
            return False
        if self.subject in ("", record.subject):
            return True
        return record.about is not None and record.about(self.subject)


@dataclass(frozen=True, slots=True)
class Planned:
    """One purge plan and what came of it."""

    number: int
    as_of: date
    document: Mapping[str, Any]
    digest: str
    entry: int
    planned_by: str
    state: str
    approved_by: str
    outcome: str
    outcome_entry: int


def read_hold(row: Any) -> Hold:
    """A row of ``legal_hold``."""
    return Hold(row.number, row.kind, row.key, row.subject, row.reason, row.placed_by, row.lifted_by)


def read_plan(row: Any) -> Planned:
    """A row of ``purge_plan``."""
    return Planned(
        row.number,
        date.fromisoformat(row.as_of),
        json.loads(row.document),
        row.digest,
        row.entry,
        row.planned_by,
        row.state,
        row.approved_by,
        row.outcome,
        row.outcome_entry,
    )
