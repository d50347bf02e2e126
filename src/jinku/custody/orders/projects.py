"""Projects: what money is raised for, how much at most, and who is owed it afterwards (标的).

Rules:

1. A project has a number, a borrower's account and a limit. Its number is the `subject` of the orders about it.
2. The limit is kept in the ledger as a mandate's total is: every bid reserves from it, also two bids at the same
   moment. It may be raised, or lowered by what is free.
3. Who is owed how much of a released project's principal is kept in the ledger too, one claim for each creditor; it
   arises at the release and moves with debt transfer, compensation and repayment.

Example::

    desk = ProjectDesk(ledger, database, chart, clock=time.time_ns)
    desk.establish(Project(number=77, borrower=b, limit=1_000_000), by="clerk-1")
    desk.shares(77)  # [Share(account=a, principal=600_000), …]
"""

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.custody.errors import BadOrder
from jinku.custody.orders.authority import AuthorityBooks, AuthorityKind
from jinku.custody.orders.errors import MandateChanged, ProjectUnknown
from jinku.custody.orders.granting import SEAL_TOPIC_AUTHORITY, Left, LimitLedger, Limits
from jinku.custody.orders.mandates import AMOUNT_MAX, EVIDENCE, NUMBER_MAX
from jinku.custody.orders.model import Share
from jinku.custody.structure.chart import Chart, party_of
from jinku.ledger.layout import MASK_64, Array, u128

PROJECTS = MetaData()
_PROJECT = Table(
    "project",
    PROJECTS,
    Column("entity", BigInteger, primary_key=True),
    Column("currency", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("borrower", String(40), nullable=False),
    Column("limit_units", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("granted", Integer, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project is; the limit is in minor units. Raises BadOrder."""

    number: int
    borrower: int
    limit: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= NUMBER_MAX:
            raise BadOrder("not a project's number", field="number", value=self.number)
        if not 1 <= self.limit <= AMOUNT_MAX:
            raise BadOrder("not a limit", field="limit", value=self.limit)
        if not party_of(self.borrower):
            raise BadOrder("is no customer's account", field="borrower", value=self.borrower)


REGISTER = np.dtype([("number", "<u8"), ("borrower_lo", "<u8"), ("borrower_hi", "<u8")])


class ProjectDesk:
    """Establishes and modifies projects of one chart's books; see the module's rules."""

    def __init__(self, ledger: LimitLedger, database: Database, chart: Chart, *, clock: Clock) -> None:
        database.add(PROJECTS)
        self._ledger, self._database, self._clock = ledger, database, clock
        self._books = AuthorityBooks(chart)
        self._limits = Limits(ledger, self._books)
        self._where = (_PROJECT.c.entity == chart.entity) & (_PROJECT.c.currency == chart.currency)
        self._register, self._revision = np.zeros(0, REGISTER), 0
        self._turn = threading.Lock()

    def establish(self, project: Project, *, by: str) -> Left:
        """Open the project; the same again changes nothing. Raises MandateChanged for other terms, LimitRefused."""
        if not EVIDENCE.fullmatch(by):
            raise BadOrder("not a person's id", field="by", value=by[:60])
        with self._database.writing() as connection:
            row = self._row(connection, project.number)
            if row is None:
                self._insert(connection, project, by)
            elif (row.version == 1 and row.limit_units != project.limit) or int(
                row.borrower
            ) != project.borrower:
                raise MandateChanged(project.number)
        if row is None or not row.granted:
            self._grant(project.number, 1, project.limit)
            self._seal(project.number, project.limit, by)
        return self.left(project.number)

    def modify(self, number: int, limit: int, *, by: str) -> Left:
        """Raise or lower the limit. Raises ProjectUnknown, LimitRefused where more is used than the new limit."""
        if not 1 <= limit <= AMOUNT_MAX:
            raise BadOrder("not a limit", field="limit", value=limit)
        with self._turn:
            with self._database.reading() as connection:
                row = self._row(connection, number)
            if row is None:
                raise ProjectUnknown(number)
            if limit == row.limit_units:
                return self.left(number)
            version, account = row.version + 1, self._books.project(number)
            name = ("project", str(number), str(version), str(limit))
            if limit > row.limit_units:
                self._limits.grant(account, AuthorityKind.PROJECT, limit - row.limit_units, *name)
            else:
                self._limits.lower(account, row.limit_units - limit, *name)
            with self._database.writing() as connection:
                connection.execute(
                    update(_PROJECT)
                    .where(self._where, _PROJECT.c.number == number)
                    .values(limit_units=limit, version=version, changed_by=by, changed_at=self._clock())
                )
        self._seal(number, limit, by)
        return self.left(number)

    def left(self, number: int) -> Left:
        """What the project has raised, holds, and may still raise."""
        with self._database.reading() as connection:
            row = self._row(connection, number)
        if row is None:
            raise ProjectUnknown(number)
        return self._limits.left(self._books.project(number), row.limit_units)

    def shares(self, number: int) -> list[Share]:
        """Who is owed how much of the project's principal, by account; nobody before its release."""
        rows = self._ledger.accounts_array()
        mine = (rows["ledger"] == self._books.claim_ledger) & (rows["code"] == AuthorityKind.CLAIM)
        mine &= (rows["user_data_64"] == np.uint64(number)) & (
            rows["user_data_32"] == self._books.chart.entity
        )
        found = rows[mine]
        columns = (u128(found, name) for name in ("user_data_128", "credits_posted", "debits_posted"))
        shares = [Share(who, more - less) for who, more, less in zip(*columns, strict=True)]
        return sorted((one for one in shares if one.principal), key=lambda one: one.account)

    def register(self) -> Array:
        """``REGISTER`` rows by number, as the database has them now; not to be written to."""
        with self._turn:
            query = select(func.max(_PROJECT.c.revision)).where(self._where)
            with self._database.reading() as connection:
                newest = connection.execute(query).scalar_one() or 0
                if newest == self._revision:
                    return self._register
                rows = connection.execute(
                    select(_PROJECT).where(self._where).order_by(_PROJECT.c.number)
                ).all()
            table = [(row.number, int(row.borrower) & MASK_64, int(row.borrower) >> 64) for row in rows]
            self._register, self._revision = np.array(table, REGISTER), newest
            return self._register

    def _row(self, connection: Any, number: int) -> Any:
        query = select(_PROJECT).where(self._where, _PROJECT.c.number == number)
        return connection.execute(query.with_for_update()).first()

    def _insert(self, connection: Any, project: Project, by: str) -> None:
        chart = self._books.chart
        newest = connection.execute(select(func.max(_PROJECT.c.revision)).where(self._where)).scalar_one()
        values = {
            "entity": chart.entity,
            "currency": chart.currency,
            "number": project.number,
            "borrower": str(project.borrower),
            "limit_units": project.limit,
            "version": 1,
            "granted": 0,
            "changed_by": by,
            "changed_at": self._clock(),
            "revision": int(newest or 0) + 1,
        }
        connection.execute(insert(_PROJECT), [values])

    def _grant(self, number: int, version: int, limit: int) -> None:
        account = self._books.project(number)
        self._limits.grant(account, AuthorityKind.PROJECT, limit, "project", str(number), str(version))
        with self._database.writing() as connection:
            connection.execute(
                update(_PROJECT).where(self._where, _PROJECT.c.number == number).values(granted=1)
            )

    def _seal(self, number: int, limit: int, by: str) -> None:
        told = {"project": str(number), "limit": str(limit), "by": by, "at": to_rfc3339(self._clock())}
        self._ledger.seal(hashlib.sha256(canonical_json(told)).digest(), SEAL_TOPIC_AUTHORITY)
