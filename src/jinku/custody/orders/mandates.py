"""Mandates: a customer's standing permission to move money, with a purpose, limits and an end (授权).

Rules:

1. A mandate names the account, the types of order, at most one project and one payee, what one order and all together
   may move, and from when until when. It names how and when the customer gave it, and the evidence of that.
2. The total is a limit in the ledger (`jinku.custody.orders.authority`): a hold under the mandate reserves, a payment
   uses up, what is freed comes back. Nothing else counts it.
3. Given once by its number: the same again changes nothing, other terms are a named error. Terms never change.
4. Revoking takes back whatever is free, at once. What was held before may still be settled: it was permitted then.
5. Giving and revoking are sealed in the log.

Example::

    office = MandateOffice(ledger, database, chart, clock=time.time_ns)
    office.give(Mandate(number=7, account=a, types=frozenset({OrderType.BID}), per_order=50_000, total=1_000_000, …))
    office.revoke(7, by="app", evidence="cancel-88")
"""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.custody.errors import BadOrder
from jinku.custody.orders.authority import AuthorityBooks, AuthorityKind
from jinku.custody.orders.catalogue import CATALOGUE, OrderType
from jinku.custody.orders.errors import MandateChanged, MandateUnknown
from jinku.custody.orders.granting import NOTHING_LEFT, SEAL_TOPIC_AUTHORITY, Left, LimitLedger, Limits
from jinku.custody.structure.chart import Chart, party_of
from jinku.ledger.layout import MASK_64, Array

NUMBER_MAX = (1 << 63) - 1
AMOUNT_MAX = 1 << 60
"""The largest limit, in minor units."""
EVIDENCE = re.compile(r"[A-Za-z0-9._:-]{1,40}", re.ASCII)

MANDATES = MetaData()
_MANDATE = Table(
    "mandate",
    MANDATES,
    Column("entity", BigInteger, primary_key=True),
    Column("currency", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("evidence", String(40), nullable=False),
    Column("state", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("sealed_entry", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
    Column("revoked_by", String(64), nullable=False),
    Column("revoked_evidence", String(40), nullable=False),
    UniqueConstraint("entity", "currency", "evidence"),
)


class Method(IntEnum):
    """How a customer gave an authorisation."""

    SIGNATURE = 1
    SMS = 2
    PASSWORD_PAGE = 3
    FACE = 4
    BRANCH = 5


class MandateState(IntEnum):
    """Where a mandate stands; whether it has expired is a question to the clock."""

    OPENING = 0
    ACTIVE = 1
    REVOKED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """The terms of a mandate; see the module's rules. Amounts in minor units, moments in ns. Raises BadOrder."""

    number: int
    account: int
    types: frozenset[OrderType]
    per_order: int
    total: int
    valid_from: int
    valid_until: int
    method: Method
    evidence: str
    given_at: int
    project: int = 0
    """Only orders about this project; 0 for any."""
    payee: int = 0
    """Only orders that pay this account; 0 for any."""

    def __post_init__(self) -> None:
        if not 1 <= self.number <= NUMBER_MAX:
            raise BadOrder("not a mandate's number", field="number", value=self.number)
        if not party_of(self.account):
            raise BadOrder("is no customer's account", field="account", value=self.account)
        if not self.types:
            raise BadOrder("permits nothing", field="types", value=())
        for one in sorted(self.types):
            if not CATALOGUE[one].mandate:
                raise BadOrder("cannot be given under a mandate", field="types", value=one.name.lower())
        if not 1 <= self.per_order <= self.total <= AMOUNT_MAX:
            raise BadOrder(
                f"not a limit of 1 to the total of {self.total}", field="per_order", value=self.per_order
            )
        if not 0 < self.valid_from < self.valid_until < 1 << 63:
            raise BadOrder("ends before it begins", field="valid_until", value=self.valid_until)
        if not EVIDENCE.fullmatch(self.evidence):
            raise BadOrder("not an evidence's id", field="evidence", value=self.evidence[:60])
        if not 0 <= self.project <= NUMBER_MAX:
            raise BadOrder("not a project's number", field="project", value=self.project)

    def document(self) -> dict[str, Any]:
        """The terms as JSON values: what is kept, and sealed."""
        return {
            "number": str(self.number),
            "account": str(self.account),
            "types": [one.name.lower() for one in sorted(self.types)],
            "per_order": str(self.per_order),
            "total": str(self.total),
            "valid_from": to_rfc3339(self.valid_from),
            "valid_until": to_rfc3339(self.valid_until),
            "method": self.method.name.lower(),
            "evidence": self.evidence,
            "given_at": to_rfc3339(self.given_at),
            "project": str(self.project),
            "payee": str(self.payee),
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Mandate":
        """The mandate that `document` came from."""
        from jinku.base.clock import from_rfc3339

        return cls(
            number=int(document["number"]),
            account=int(document["account"]),
            types=frozenset(OrderType[name.upper()] for name in document["types"]),
            per_order=int(document["per_order"]),
            total=int(document["total"]),
            valid_from=from_rfc3339(document["valid_from"]),
            valid_until=from_rfc3339(document["valid_until"]),
            method=Method[document["method"].upper()],
            evidence=document["evidence"],
            given_at=from_rfc3339(document["given_at"]),
            project=int(document["project"]),
            payee=int(document["payee"]),
        )


@dataclass(frozen=True, slots=True)
class KeptMandate:
    """A mandate as the register has it; `left` is what the ledger says of its total."""

    mandate: Mandate
    state: MandateState
    sealed_entry: int
    revoked_at: int
    revoked_by: str
    left: Left = NOTHING_LEFT

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self.mandate.document(),
            "state": self.state.name.lower(),
            "sealed_entry": self.sealed_entry,
            "revoked_at": to_rfc3339(self.revoked_at) if self.revoked_at else None,
            "revoked_by": self.revoked_by or None,
            "used": str(self.left.used),
            "reserved": str(self.left.reserved),
            "free": str(self.left.free),
        }


REGISTER = np.dtype(
    [
        ("number", "<u8"),
        ("account_lo", "<u8"),
        ("account_hi", "<u8"),
        ("payee_lo", "<u8"),
        ("payee_hi", "<u8"),
        ("project", "<u8"),
        ("types", "<u8"),
        ("per_order", "<i8"),
        ("from", "<i8"),
        ("until", "<i8"),
        ("state", "u1"),
    ]
)
"""Mandates in columns, as the corridor checks them; `types` has a bit for each line of the catalogue."""
TYPE_BIT = {one: np.uint64(1 << place) for place, one in enumerate(CATALOGUE)}


class MandateOffice:
    """Gives, revokes and looks up mandates of one chart's books; see the module's rules. For any number of threads."""

    def __init__(self, ledger: LimitLedger, database: Database, chart: Chart, *, clock: Clock) -> None:
        database.add(MANDATES)
        self._ledger, self._database, self._clock = ledger, database, clock
        self._books = AuthorityBooks(chart)
        self._limits = Limits(ledger, self._books)
        self._where = (_MANDATE.c.entity == chart.entity) & (_MANDATE.c.currency == chart.currency)
        self._known: dict[int, tuple[Any, ...]] = {}
        self._register = np.zeros(0, REGISTER)
        self._revision = 0
        self._turn = threading.Lock()

    def give(self, mandate: Mandate) -> KeptMandate:
        """Put `mandate` into force; the same again changes nothing. Raises MandateChanged, BadOrder, LimitRefused."""
        chart = self._books.chart
        if mandate.account >> 96 != chart.entity or mandate.account >> 16 & 0xFFFF != chart.currency:
            raise BadOrder("is not of these books", field="account", value=mandate.account)
        document = canonical_json(mandate.document())
        if self._kept(mandate, document.decode()) is MandateState.OPENING:
            account, name = self._books.mandate(mandate.number), ("mandate", str(mandate.number))
            self._limits.grant(account, AuthorityKind.MANDATE, mandate.total, *name)
            entry, _ = self._ledger.seal(hashlib.sha256(document).digest(), SEAL_TOPIC_AUTHORITY)
            self._write(mandate.number, state=MandateState.ACTIVE, sealed_entry=entry)
        return self.show(mandate.number)

    def revoke(self, number: int, *, by: str, evidence: str) -> KeptMandate:
        """Take a mandate back, from now on. Doing it again changes nothing. Raises MandateUnknown, BadOrder."""
        if not EVIDENCE.fullmatch(evidence) or not EVIDENCE.fullmatch(by):
            raise BadOrder("not an id", field="evidence", value=evidence[:60])
        found = self.show(number)
        if found.state is not MandateState.REVOKED:
            now = self._clock()
            self._write(
                number, state=MandateState.REVOKED, revoked_at=now, revoked_by=by, revoked_evidence=evidence
            )
            told = {"revoked": str(number), "by": by, "evidence": evidence, "at": to_rfc3339(now)}
            self._ledger.seal(hashlib.sha256(canonical_json(told)).digest(), SEAL_TOPIC_AUTHORITY)
        account = self._books.mandate(number)
        if found.sealed_entry >= 0 and self._limits.moved("mandate", str(number), "revoked") is None:
            self._limits.take_back(account, found.mandate.total, "mandate", str(number), "revoked")
        return self.show(number)

    def show(self, number: int) -> KeptMandate:
        """One mandate and what is left of it. Raises MandateUnknown."""
        with self._database.reading() as connection:
            row = connection.execute(select(_MANDATE).where(self._where, _MANDATE.c.number == number)).first()
        if row is None:
            raise MandateUnknown(number)
        return self._with_left(_kept(row))

    def list(self, account: int = 0) -> list[KeptMandate]:
        """Every mandate, or every one of `account`, by number."""
        with self._database.reading() as connection:
            rows = connection.execute(select(_MANDATE).where(self._where).order_by(_MANDATE.c.number)).all()
        found = [_kept(row) for row in rows]
        return [self._with_left(one) for one in found if account in (0, one.mandate.account)]

    def register(self) -> Array:
        """``REGISTER`` rows by number, as the database has them now; not to be written to."""
        with self._turn:
            with self._database.reading() as connection:
                newest = connection.execute(
                    select(func.max(_MANDATE.c.revision)).where(self._where)
                ).scalar_one()
                if (newest or 0) == self._revision:
                    return self._register
                changed = connection.execute(
                    select(_MANDATE).where(self._where, _MANDATE.c.revision > self._revision)
                ).all()
            for row in changed:
                self._known[row.number] = _register_row(_kept(row))
            rows = np.array([self._known[number] for number in sorted(self._known)], REGISTER)
            self._register, self._revision = rows, newest
            return rows

    def _with_left(self, kept: KeptMandate) -> KeptMandate:
        number, total = kept.mandate.number, kept.mandate.total
        back = self._limits.moved("mandate", str(number), "revoked")
        return replace(kept, left=self._limits.left(self._books.mandate(number), total, taken_back=back))

    def _kept(self, mandate: Mandate, document: str) -> MandateState:
        """Keep the mandate's terms where they are new; its state."""
        chart = self._books.chart
        with self._database.writing() as connection:
            query = select(_MANDATE).where(self._where, _MANDATE.c.number == mandate.number)
            row = connection.execute(query).first()
            if row is not None:
                if row.document != document:
                    raise MandateChanged(mandate.number)
                return MandateState(row.state)
            taken = select(_MANDATE.c.number).where(self._where, _MANDATE.c.evidence == mandate.evidence)
            if connection.execute(taken).first() is not None:
                raise BadOrder("was used for another mandate", field="evidence", value=mandate.evidence)
            values = {
                "entity": chart.entity,
                "currency": chart.currency,
                "number": mandate.number,
                "document": document,
                "evidence": mandate.evidence,
                "state": MandateState.OPENING,
                "revision": self._next(connection),
                "sealed_entry": -1,
                "revoked_at": 0,
                "revoked_by": "",
                "revoked_evidence": "",
            }
            connection.execute(insert(_MANDATE), [values])
        return MandateState.OPENING

    def _write(self, number: int, **values: object) -> None:
        with self._database.writing() as connection:
            query = select(_MANDATE.c.state).where(self._where, _MANDATE.c.number == number)
            state = connection.execute(query.with_for_update()).scalar_one()
            if state == MandateState.REVOKED:
                return
            values["revision"] = self._next(connection)
            connection.execute(
                update(_MANDATE).where(self._where, _MANDATE.c.number == number).values(**values)
            )

    def _next(self, connection: Any) -> int:
        newest = connection.execute(select(func.max(_MANDATE.c.revision)).where(self._where)).scalar_one()
        return int(newest or 0) + 1


def _kept(row: Any) -> KeptMandate:
    return KeptMandate(
        Mandate.of(json.loads(row.document)),
        MandateState(row.state),
        row.sealed_entry,
        row.revoked_at,
        row.revoked_by,
    )


def _register_row(kept: KeptMandate) -> tuple[Any, ...]:
    one = kept.mandate
    bits = np.bitwise_or.reduce([TYPE_BIT[each] for each in one.types])
    return (
        one.number,
        one.account & MASK_64,
        one.account >> 64,
        one.payee & MASK_64,
        one.payee >> 64,
        one.project,
        bits,
        one.per_order,
        one.valid_from,
        one.valid_until,
        kept.state,
    )
