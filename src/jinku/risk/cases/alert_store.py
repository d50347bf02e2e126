"""Alerts in the control database: one row for each that was raised, and one for those that were taken together.

Rules:

1. A raised alert (``risk_alert_hit``) is written once. Its batch is an act with the digest of all of them, so a hit
   that is changed, removed or slipped in is found.
2. Those of one subject and typology within a window are one (``risk_alert``), counted; its columns
   follow from its hits.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, Text

from jinku.risk.cases.alerts import Alert

ALERTS = MetaData()
GROUP = Table(
    "risk_alert",
    ALERTS,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(40), nullable=False, index=True),
    Column("typology", String(40), nullable=False),
    Column("window", String(40), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("score", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("case", String(6), nullable=False, index=True),
    Column("is_closed", Integer, nullable=False),
)
HIT = Table(
    "risk_alert_hit",
    ALERTS,
    Column("key", String(80), primary_key=True),
    Column("alert", Integer, ForeignKey("risk_alert.id"), nullable=False, index=True),
    Column("document", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("batch", Integer, nullable=False, index=True),
)
TOLD = Table(
    "risk_alert_notice",
    ALERTS,
    Column("alert", Integer, ForeignKey("risk_alert.id"), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("told_at", BigInteger, nullable=False),
)


class Group(NamedTuple):
    """Alerts of one subject and typology that were taken together."""

    id: int
    subject: int
    typology: str
    window: str
    currency: str
    score: int
    """The highest."""
    amount: int
    """The sum, of alerts in `currency`."""
    seen: int
    """How many."""
    first_at: int
    last_at: int
    raised_at: int
    """When the house learnt of the first, UTC ns."""
    priority: int
    why: tuple[tuple[str, str, int], ...]
    case: str
    """The case that it is in; empty for none."""
    is_closed: bool

    def row(self) -> dict[str, Any]:
        """As a row of ``risk_alert``."""
        return {
            **self._asdict(),
            "subject": str(self.subject),
            "why": json.dumps(self.why, ensure_ascii=False),
            "is_closed": int(self.is_closed),
        }

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self._asdict(),
            "subject": str(self.subject),
            "amount": str(self.amount),
            "first_at": str(self.first_at),
            "last_at": str(self.last_at),
            "raised_at": str(self.raised_at),
            "why": [{"en": one, "zh": other, "points": points} for one, other, points in self.why],
        }


def read_group(row: Any) -> Group:
    """A row of ``risk_alert``."""
    why = tuple((one, other, points) for one, other, points in json.loads(row.why))
    values = dict(row._mapping)
    return Group(**{**values, "subject": int(row.subject), "why": why, "is_closed": bool(row.is_closed)})


def read_hit(row: Any) -> Alert:
    """A row of ``risk_alert_hit``."""
    found = json.loads(row.document)
    numbers = {name: int(found[name]) for name in ("subject", "at", "amount")}
    return Alert(**{**found, **numbers, "evidence": tuple(found["evidence"])})
