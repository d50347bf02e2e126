"""The control tables of screening: versions of lists with their entries, the book, the whitelist, and what was done
to them.

Personal data stays in these tables: nothing of it goes into an error, a log line or a seal.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

TABLES = MetaData()

VERSIONS = Table(
    "screening_version",
    TABLES,
    Column("list", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("content", String(64), nullable=False),
    Column("format", String(20), nullable=False),
    Column("source_date", String(10), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("names", Integer, nullable=False),
    Column("loaded_by", String(64), nullable=False),
    Column("loaded_at", BigInteger, nullable=False),
    Column("effective_from", BigInteger, nullable=False),
    Column("checked_by", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("sealed_entry", BigInteger, nullable=False),
)
ENTRIES = Table(
    "screening_entry",
    TABLES,
    Column("digest", String(64), primary_key=True),
    Column("document", Text, nullable=False),
)
MEMBERS = Table(
    "screening_member",
    TABLES,
    Column("list", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("entry", String(80), primary_key=True),
    Column("digest", String(64), nullable=False),
)
SUBJECTS = Table(
    "screening_subject",
    TABLES,
    Column("key", String(128), primary_key=True),
    Column("document", Text, nullable=False),
    Column("of", String(128), nullable=False),
    Column("role", String(20), nullable=False),
)
Index("screening_subject_of", SUBJECTS.c.of)
CHANGES = Table(
    "screening_subject_change",
    TABLES,
    Column("key", String(128), primary_key=True),
    Column("number", BigInteger, nullable=False, index=True),
)
"""The number of the last change of each subject; under the empty key the greatest one."""
ACTS = Table(
    "screening_act",
    TABLES,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("key", String(60), nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", BigInteger, nullable=False),
)
CLEARED = Table(
    "screening_clearance",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("subject", String(128), nullable=False, index=True),
    Column("subject_digest", String(64), nullable=False),
    Column("entry", String(128), nullable=False),
    Column("entry_digest", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reason_digest", String(64), nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("confirmed_by", String(64), nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("sealed_entry", BigInteger, nullable=False),
)
