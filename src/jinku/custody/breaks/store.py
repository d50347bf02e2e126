"""Breaks in the control database: events that are only added, the state that follows from them, and their seals.

Rules:

1. An event is written once; a command writes its events and the case's new state in one transaction.
2. The columns of a case are derived from its events, for lists and reports; `verify` in the desk compares them.
3. Events are sealed in batches: a seal's document lists the digests of events and names the seal before it.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)

from jinku.base.canonical import canonical_json
from jinku.custody.breaks.errors import BreakUnknown
from jinku.custody.breaks.model import ENDED, Act, Case, Event, erased, replay

ASKED_AT_ONCE = 400
"""Ids in one question to the database."""

BREAKS = MetaData()
CASE = Table(
    "break_case",
    BREAKS,
    Column("id", String(32), primary_key=True),
    Column("entity", BigInteger, nullable=False, index=True),
    Column("currency", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("amount", String(40), nullable=False),
    Column("effect", String(41), nullable=False),
    Column("day", String(10), nullable=False),
    Column("last_seen", String(10), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("owner", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("ended", String(10), nullable=True),
    Column("events", Integer, nullable=False),
    Column("head", String(64), nullable=False),
)
EVENT = Table(
    "break_event",
    BREAKS,
    Column("break_id", String(32), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("words_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("seal", Integer, nullable=True, index=True),
)
SEALED = Table(
    "break_seal",
    BREAKS,
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", BigInteger, nullable=False),
)


def key(break_id: int) -> str:
    """A break's id as it is stored."""
    return f"{break_id:032x}"


def read_case(connection: Connection, break_id: int, *, lock: bool = False) -> Case:
    """One case from its events, locked for writing where asked. Raises BreakUnknown."""
    query = select(CASE.c.id).where(CASE.c.id == key(break_id))
    if connection.execute(query.with_for_update() if lock else query).first() is None:
        raise BreakUnknown(break_id)
    return replay(read_events(connection, break_id))


def read_events(connection: Connection, break_id: int) -> list[Event]:
    """A break's events in order."""
    rows = connection.execute(select(EVENT).where(EVENT.c.break_id == key(break_id)).order_by(EVENT.c.number))
    return [_event(row) for row in rows]


def read_cases(connection: Connection, ids: Sequence[str]) -> dict[int, Case]:
    """The cases with these stored ids that exist, from their events."""
    found: dict[int, list[Event]] = {}
    for first in range(0, len(ids), ASKED_AT_ONCE):
        chosen = EVENT.c.break_id.in_(ids[first : first + ASKED_AT_ONCE])
        for row in connection.execute(select(EVENT).where(chosen).order_by(EVENT.c.break_id, EVENT.c.number)):
            found.setdefault(int(row.break_id, 16), []).append(_event(row))
    return {number: replay(events) for number, events in found.items()}


def case_ids(
    connection: Connection, *, entity: int = 0, currency: int = 0, living: bool = False, lock: bool = False
) -> list[str]:
    """Stored ids of the cases of a legal entity and currency (0: all), of those that have not ended where
    `living`."""
    query = select(CASE.c.id).order_by(CASE.c.day, CASE.c.id)
    if entity:
        query = query.where(CASE.c.entity == entity)
    if currency:
        query = query.where(CASE.c.currency == currency)
    if living:
        query = query.where(CASE.c.state.not_in([one.value for one in ENDED]))
    return list(connection.execute(query.with_for_update() if lock else query).scalars())


def write(connection: Connection, changes: Iterable[tuple[Case, Sequence[Event]]]) -> None:
    """Add events, and put the state after them beside. An IntegrityError means that somebody else was faster."""
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for case, added in changes:
        events += [_event_row(one) for one in added]
        (new if added[0].act is Act.FOUND else old).append(_case_row(case))
    if new:
        connection.execute(insert(CASE), new)
    if old:
        renamed = [{f"new_{name}": value for name, value in row.items()} for row in old]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in old[0] if name != "id"}
        connection.execute(update(CASE).where(CASE.c.id == bindparam("new_id")).values(values), renamed)
    if events:
        connection.execute(insert(EVENT), events)


def erase_words(connection: Connection, break_id: int) -> int:
    """Erase what persons wrote in a break's events; how many events lost words."""
    count = 0
    for event in read_events(connection, break_id):
        bare = erased(event.body)
        if bare != dict(event.body):
            where = (EVENT.c.break_id == key(break_id)) & (EVENT.c.number == event.number)
            connection.execute(update(EVENT).where(where).values(body=canonical_json(bare).decode()))
            count += 1
    return count


def _event(row: Any) -> Event:
    return Event(
        int(row.break_id, 16),
        row.number,
        row.at,
        row.by,
        Act(row.act),
        json.loads(row.body),
        row.words_digest,
        row.digest,
    )


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "break_id": key(event.break_id),
        "number": event.number,
        "at": event.at,
        "by": event.by,
        "act": event.act.value,
        "body": canonical_json(event.body).decode(),
        "words_digest": event.words_digest,
        "digest": event.digest,
        "seal": None,
    }


def _case_row(case: Case) -> dict[str, Any]:
    return {
        "id": key(case.id),
        "entity": case.entity,
        "currency": case.currency,
        "account": case.account,
        "kind": case.kind,
        "amount": str(case.amount),
        "effect": str(case.effect),
        "day": case.day.isoformat(),
        "last_seen": case.last_seen.isoformat(),
        "state": case.state.value,
        "owner": case.owner,
        "level": case.level,
        "ended": case.ended.isoformat() if case.ended else None,
        "events": case.events,
        "head": case.head,
    }


case_row = _case_row
"""What the columns of a case must say."""
