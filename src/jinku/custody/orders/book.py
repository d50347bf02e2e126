"""The order book: every order that was ever asked for, on whose word, and where it stands.

Rules:

1. A batch is written in columns, with the verdict on each order, before the ledger hears of it; what the ledger
   answered is written after. A batch without answers is one that a crash cut off: the corridor sends it again.
2. One small row for each order leads from its id to its batch; a later state (settled, voided, …) is written there, and
   in the order's history with who, when and why.
3. A one-time authorisation's evidence is written once; the database refuses it a second time.
4. Amounts here are what was asked for. What anybody owns is in the ledger.

Example::

    book = OrderBook(database, Chart(1, 156))
    with database.writing() as connection:
        number = book.add(connection, requests, outcomes, whys, at)
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from jinku.base.database import Database
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import OUTCOME, WORD, RequestColumns
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import Array

LOOKUP_KEYS = 900
"""Ids asked for in one query: below what SQLite takes as parameters."""

BOOK = MetaData()
_BATCH = Table(
    "order_batch",
    BOOK,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entity", BigInteger, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("makers", Text, nullable=False),
    Column("whys", Text, nullable=False),
    Column("orders", LargeBinary, nullable=False),
    Column("parts", LargeBinary, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("outcomes", LargeBinary, nullable=False),
    Column("done", Integer, nullable=False),
    Column("sealed_entry", BigInteger, nullable=False),
    Index("order_batch_open", "done", sqlite_where=Column("done") == 0, postgresql_where=Column("done") == 0),
)
_ENTRY = Table(
    "order_entry",
    BOOK,
    Column("id", LargeBinary, primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", Integer),
    sqlite_with_rowid=False,
)
Index(
    "order_entry_state",
    _ENTRY.c.state,
    sqlite_where=_ENTRY.c.state.isnot(None),
    postgresql_where=_ENTRY.c.state.isnot(None),
)
_EVENT = Table(
    "order_event",
    BOOK,
    Column("id", LargeBinary, primary_key=True),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("state", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("note", Text, nullable=False),
)
_EVIDENCE = Table(
    "order_evidence",
    BOOK,
    Column("evidence", LargeBinary, primary_key=True),
    Column("id", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
_USAGE = Table(
    "order_usage",
    BOOK,
    Column("person", String(64), primary_key=True),
    Column("entity", BigInteger, primary_key=True),
    Column("currency", Integer, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("used", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order lies: its batch, its place in it, and its state where that came later than the batch's."""

    batch: int
    place: int
    state: State | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the book has it."""

    number: int
    requests: RequestColumns
    outcomes: Array
    whys: tuple[str, ...]
    received_at: int
    done: bool
    sealed_entry: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an order's history."""

    state: State
    at: int
    by: str
    note: str


Usage = dict[tuple[str, int], int]
"""What each person's orders of a day (yyyymmdd) have moved, in minor units."""


class OrderBook:
    """The book of one chart's orders; see the module's rules. Every method works on a connection that is given."""

    def __init__(self, database: Database, chart: Chart) -> None:
        database.add(BOOK)
        self._chart = chart
        self._new_entry, self._new_evidence = _INSERTS[database.engine.dialect.name]

    # --- writing -------------------------------------------------------------------------------------------------

    def add(
        self, connection: Connection, requests: RequestColumns, outcomes: Array, whys: Sequence[str], at: int
    ) -> int:
        """Write a batch with its verdicts; its number. Raises IntegrityError where an id or evidence is in the book."""
        number = int(connection.execute(select(func.max(_BATCH.c.number))).scalar_one() or 0) + 1
        columns, words = requests.columns, requests.words
        values = {
            "number": number,
            "entity": self._chart.entity,
            "currency": self._chart.currency,
            "received_at": at,
            "makers": json.dumps(requests.makers),
            "whys": json.dumps(tuple(whys)),
            "orders": columns.rows.tobytes(),
            "parts": columns.parts.tobytes(),
            "words": words.tobytes(),
            "outcomes": outcomes.tobytes(),
            "done": 0,
            "sealed_entry": -1,
        }
        connection.execute(insert(_BATCH), [values])
        keys = columns.keys()
        later = np.where(np.isin(outcomes["state"], _WAITING), outcomes["state"], 255).tolist()
        rows = [
            (key, number, place, None if state == 255 else state)
            for place, (key, state) in enumerate(zip(keys, later, strict=True))
        ]
        connection.exec_driver_sql(self._new_entry, rows)
        taken = outcomes["state"] != State.REFUSED
        for name in ("evidence", "evidence_2"):
            told = np.flatnonzero(taken & (words[name] != b""))
            if len(told):
                pairs = zip(words[name][told].tolist(), [keys[one] for one in told.tolist()], strict=True)
                connection.exec_driver_sql(self._new_evidence, list(pairs))
        return number

    def finish(self, connection: Connection, number: int, outcomes: Array, sealed_entry: int) -> None:
        """Write what the ledger answered."""
        values = {"outcomes": outcomes.tobytes(), "done": 1, "sealed_entry": sealed_entry}
        connection.execute(update(_BATCH).where(_BATCH.c.number == number).values(**values))

    def put_state(self, connection: Connection, keys: Sequence[bytes], event: Event) -> None:
        """Write a later state of orders that are in the book, and a line of their history; others are passed over."""
        known = self.places(connection, keys)
        if not known:
            return
        for chunk in _chunks(list(known)):
            connection.execute(update(_ENTRY).where(_ENTRY.c.id.in_(chunk)).values(state=event.state))
        serials = self._serials(connection, list(known))
        connection.execute(
            insert(_EVENT),
            [
                {
                    "id": key,
                    "serial": serials.get(key, 0) + 1,
                    "state": event.state,
                    "at": event.at,
                    "by": event.by,
                    "note": event.note,
                }
                for key in known
            ],
        )

    def make_way(self, connection: Connection, keys: Sequence[bytes], event: Event) -> None:
        """Let orders that were refused be written anew; their batches and history stay."""
        self.put_state(connection, keys, event)
        for chunk in _chunks(keys):
            connection.execute(delete(_ENTRY).where(_ENTRY.c.id.in_(chunk)))

    def put_evidence(self, connection: Connection, evidence: str, key: bytes) -> None:
        """Use up an evidence. Raises IntegrityError where it was used."""
        connection.exec_driver_sql(self._new_evidence, [(evidence.encode(), key)])

    def add_usage(self, connection: Connection, usage: Usage) -> None:
        """Count (or, where negative, give back) what persons' orders move on a day."""
        for (person, day), amount in usage.items():
            where = self._usage_of(person, day)
            done = connection.execute(update(_USAGE).where(where).values(used=_USAGE.c.used + amount))
            if not done.rowcount:
                connection.execute(
                    insert(_USAGE),
                    [
                        {
                            "person": person,
                            "entity": self._chart.entity,
                            "currency": self._chart.currency,
                            "day": day,
                            "used": amount,
                        }
                    ],
                )

    # --- reading -------------------------------------------------------------------------------------------------

    def newest_key(self, connection: Connection) -> bytes:
        """The greatest id in the book; empty where there is none. Ids sort by time, so most new ones are greater."""
        return bytes(connection.execute(select(func.max(_ENTRY.c.id))).scalar_one() or b"")

    def places(self, connection: Connection, keys: Sequence[bytes]) -> dict[bytes, Place]:
        """Where those of `keys` lie that are in the book."""
        found = {}
        for chunk in _chunks(keys):
            query = select(_ENTRY).where(_ENTRY.c.id.in_(chunk))
            for key, batch, place, state in connection.execute(query).all():
                found[bytes(key)] = Place(batch, place, None if state is None else State(state))
        return found

    def evidence_used(self, connection: Connection, evidences: Sequence[bytes]) -> dict[bytes, bytes]:
        """Which order used each of `evidences`, for those that are used."""
        found: dict[bytes, bytes] = {}
        for chunk in _chunks(evidences):
            query = select(_EVIDENCE).where(_EVIDENCE.c.evidence.in_(chunk))
            found |= {bytes(one): bytes(key) for one, key in connection.execute(query).all()}
        return found

    def usage(self, connection: Connection, wanted: Iterable[tuple[str, int]]) -> Usage:
        """What was counted for (person, day) pairs."""
        found: Usage = {}
        for person, day in wanted:
            query = select(_USAGE.c.used).where(self._usage_of(person, day))
            found[person, day] = int(connection.execute(query).scalar() or 0)
        return found

    def batch(self, connection: Connection, number: int) -> Batch:
        """One batch."""
        return _batch(connection.execute(select(_BATCH).where(_BATCH.c.number == number)).one())

    def newest_batch(self, connection: Connection) -> int:
        """The number of the newest batch, 0 where there is none."""
        return int(connection.execute(select(func.max(_BATCH.c.number))).scalar_one() or 0)

    def open_batches(self, connection: Connection) -> list[Batch]:
        """Batches of this chart that the ledger's answers are missing of."""
        query = select(_BATCH).where(_BATCH.c.done == 0, *self._mine()).order_by(_BATCH.c.number)
        return [_batch(row) for row in connection.execute(query).all()]

    def batches_before(self, connection: Connection, number: int, count: int) -> list[Batch]:
        """Up to `count` batches of this chart below `number`, the newest first."""
        query = select(_BATCH).where(_BATCH.c.number < number, *self._mine()).order_by(_BATCH.c.number.desc())
        return [_batch(row) for row in connection.execute(query.limit(count)).all()]

    def later_states(self, connection: Connection, batch: int) -> dict[int, State]:
        """By place, the later states of a batch's orders."""
        query = select(_ENTRY.c.place, _ENTRY.c.state).where(
            _ENTRY.c.batch == batch, _ENTRY.c.state.isnot(None)
        )
        return {place: State(state) for place, state in connection.execute(query).all()}

    def waiting(self, connection: Connection, *states: State) -> list[bytes]:
        """The orders whose later state is one of `states`, by id; of every chart's books."""
        query = select(_ENTRY.c.id).where(_ENTRY.c.state.in_(states)).order_by(_ENTRY.c.id)
        return [bytes(key) for key in connection.execute(query).scalars()]

    def history(self, connection: Connection, key: bytes) -> list[Event]:
        """What happened to an order after it was received, the oldest first."""
        query = select(_EVENT).where(_EVENT.c.id == key).order_by(_EVENT.c.serial)
        return [Event(State(row.state), row.at, row.by, row.note) for row in connection.execute(query).all()]

    def _mine(self) -> tuple[Any, Any]:
        return _BATCH.c.entity == self._chart.entity, _BATCH.c.currency == self._chart.currency

    def _usage_of(self, person: str, day: int) -> Any:
        return (
            (_USAGE.c.person == person)
            & (_USAGE.c.entity == self._chart.entity)
            & (_USAGE.c.currency == self._chart.currency)
            & (_USAGE.c.day == day)
        )

    def _serials(self, connection: Connection, keys: Sequence[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for chunk in _chunks(keys):
            query = (
                select(_EVENT.c.id, func.max(_EVENT.c.serial))
                .where(_EVENT.c.id.in_(chunk))
                .group_by(_EVENT.c.id)
            )
            found |= {bytes(key): serial for key, serial in connection.execute(query).all()}
        return found


_INSERTS = {
    "sqlite": (
        "INSERT INTO order_entry (id, batch, place, state) VALUES (?, ?, ?, ?)",
        "INSERT INTO order_evidence (evidence, id) VALUES (?, ?)",
    ),
    "postgresql": (
        "INSERT INTO order_entry (id, batch, place, state) VALUES (%s, %s, %s, %s)",
        "INSERT INTO order_evidence (evidence, id) VALUES (%s, %s)",
    ),
}
"""Straight to the driver: thousands of rows a batch, where the layer between would cost more than the database."""
_WAITING = (State.AWAITING, State.CHALLENGED)


def _chunks(keys: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (keys[at : at + LOOKUP_KEYS] for at in range(0, len(keys), LOOKUP_KEYS))


def _batch(row: Any) -> Batch:
    requests = RequestColumns(
        OrderColumns.from_bytes(bytes(row.orders), bytes(row.parts)),
        np.frombuffer(bytes(row.words), WORD),
        tuple(json.loads(row.makers)),
    )
    return Batch(
        row.number,
        requests,
        np.frombuffer(bytes(row.outcomes), OUTCOME).copy(),
        tuple(json.loads(row.whys)),
        row.received_at,
        bool(row.done),
        row.sealed_entry,
    )
