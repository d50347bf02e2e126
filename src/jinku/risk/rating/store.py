"""Ratings, identity terms and overrides in the control database.

Rules:

1. Each rating is a row that stays; the newest of a customer counts. A batch of ratings is one act with the digest of
   all.
2. An override is a history of its own (`jinku.risk.acts`): proposed, approved by another, until its last day.
"""

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

RATINGS = MetaData()
RATING = Table(
    "risk_rating",
    RATINGS,
    Column("customer", String(40), primary_key=True),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), nullable=False),
    Column("grade", Integer, nullable=False),
    Column("score", Integer, nullable=False),
    Column("review", String(10), nullable=False, index=True),
    Column("identity_until", String(10), nullable=False),
    Column("document", Text, nullable=False),
    Column("profile", Text, nullable=False),
)
