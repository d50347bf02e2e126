"""The tables of the book of acts."""

import json
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

from jinku.risk.acts.model import Act

ACTS = MetaData()
STREAM = Table(
    "risk_history",
    ACTS,
    Column("kind", String(16), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("acts", Integer, nullable=False),
    Column("head", String(64), nullable=False),
    Column("state", String(24), nullable=False, index=True),
    Column("about", String(80), nullable=False, index=True),
    Column("owner", String(64), nullable=False),
)
ACT = Table(
    "risk_act",
    ACTS,
    Column("kind", String(16), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("words_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("seal", Integer, nullable=True, index=True),
)
SEALED = Table(
    "risk_act_seal",
    ACTS,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", BigInteger, nullable=False),
)


def read_act(row: Any) -> Act:
    """A row of ``risk_act``."""
    return Act(
        row.kind,
        row.key,
        row.number,
        row.at,
        row.by,
        row.what,
        json.loads(row.body),
        row.words_digest,
        row.digest,
    )
