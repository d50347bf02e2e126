"""Contents of reports in the control database: by digest, with opaque references only, erasable after their term."""

import json

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, delete, insert, select

from jinku.base.canonical import canonical_json
from jinku.risk.acts.model import digest_of
from jinku.risk.reports.content import Content

REPORTS = MetaData()
CONTENT = Table(
    "risk_report_content",
    REPORTS,
    Column("report", String(6), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("document", Text, nullable=False),
)


def keep_content(connection: Connection, report: str, content: Content) -> str:
    """Keep a content of a report; its digest."""
    digest = content.digest()
    where = (CONTENT.c.report == report) & (CONTENT.c.sha256 == digest)
    if connection.execute(select(CONTENT.c.sha256).where(where)).first() is None:
        document = canonical_json(content.document()).decode()
        connection.execute(insert(CONTENT).values(report=report, sha256=digest, document=document))
    return digest


def read_content(connection: Connection, report: str, digest: str) -> Content | None:
    """A content of a report; None where it is erased or was changed."""
    where = (CONTENT.c.report == report) & (CONTENT.c.sha256 == digest)
    text = connection.execute(select(CONTENT.c.document).where(where)).scalar_one_or_none()
    if text is None or digest_of(json.loads(text)) != digest:
        return None
    return Content.read(json.loads(text))


def erase_contents(connection: Connection, report: str) -> None:
    """Erase every content of a report; its digests stay in its acts."""
    connection.execute(delete(CONTENT).where(CONTENT.c.report == report))
