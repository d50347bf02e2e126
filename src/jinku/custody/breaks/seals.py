"""Sealing what the breaks desk did, and proving later that nothing was changed, removed or slipped in.

Rules:

1. Every event ends up in one seal: a canonical JSON document that lists digests and names the seal before it. Its
   SHA-256 stands in the log under ``SEAL_TOPIC_BREAKS``.
2. A crash between database and log leaves a document without its entry; the next `seal` puts it there. A second
   entry of the same document does no harm.
3. `audit` recomputes every digest, compares each seal with its entry in the log, and the log's seals of this topic
   with the documents: a seal that the database no longer has is a finding.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from sqlalchemy import Connection, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.custody.breaks.errors import BreakTampered
from jinku.custody.breaks.model import chained, digest_of, replay, words_of
from jinku.custody.breaks.store import CASE, EVENT, SEALED, case_row, key, read_events
from jinku.ledger.layout import SEAL, Array, EntryKind

SEAL_TOPIC_BREAKS = 8
FORMAT = "jinku-break-events/v1"
SEALED_EVENTS_MAX = 5_000
"""Events in one seal."""
_CHUNK_ENTRIES = 1 << 16


class SealingLedger(Protocol):
    """What is needed of a ledger's log."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...

    def size(self) -> int:
        """How many entries are durable."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...


class BreakSeals:
    """See the module's rules."""

    def __init__(self, database: Database, ledger: SealingLedger) -> None:
        self._database, self._ledger = database, ledger

    def seal(self) -> None:
        """Bring everything that is not sealed yet into the log."""
        while self._gather():
            pass
        with self._database.reading() as connection:
            query = (
                select(SEALED.c.number, SEALED.c.digest).where(SEALED.c.entry < 0).order_by(SEALED.c.number)
            )
            waiting = connection.execute(query).all()
        for number, digest in waiting:
            entry, _ = self._ledger.seal(bytes.fromhex(digest), SEAL_TOPIC_BREAKS)
            with self._database.writing() as connection:
                connection.execute(update(SEALED).where(SEALED.c.number == number).values(entry=entry))

    def _gather(self) -> bool:
        """Put the events without a seal into a new document; whether there were any."""
        with self._database.writing() as connection:
            last = connection.execute(
                select(SEALED).order_by(SEALED.c.number.desc()).limit(1).with_for_update()
            ).first()
            query = select(EVENT.c.break_id, EVENT.c.number, EVENT.c.digest).where(EVENT.c.seal.is_(None))
            ordered = query.order_by(EVENT.c.at, EVENT.c.break_id, EVENT.c.number).limit(SEALED_EVENTS_MAX)
            rows = connection.execute(ordered.with_for_update()).all()
            if not rows:
                return False
            number = (last.number if last else 0) + 1
            document = canonical_json(
                {
                    "format": FORMAT,
                    "number": number,
                    "after": last.digest if last else "",
                    "events": [[row.break_id, row.number, row.digest] for row in rows],
                }
            )
            digest = hashlib.sha256(document).hexdigest()
            values = {"number": number, "digest": digest, "document": document.decode(), "entry": -1}
            connection.execute(insert(SEALED).values(values))
            for row in rows:
                where = (EVENT.c.break_id == row.break_id) & (EVENT.c.number == row.number)
                connection.execute(update(EVENT).where(where).values(seal=number))
            return True

    # --- proving --------------------------------------------------------------------------------------------------

    def verify(self, break_id: int) -> None:
        """Raises BreakTampered unless a break's history, its state and its seals agree."""
        with self._database.reading() as connection:
            self._verify(connection, break_id)

    def audit(self) -> int:
        """Verify every break and every seal, the log's among them; how many events were checked. Raises
        BreakTampered."""
        with self._database.reading() as connection:
            known, sealed = set[str](), 0
            for row in self._seals(connection):
                known.add(row)
            for digest in self._in_the_log():
                if digest not in known:
                    raise BreakTampered(
                        "the log", f"holds a seal {digest[:16]}… that the database does not have"
                    )
            for name in connection.execute(select(CASE.c.id).order_by(CASE.c.id)).scalars().all():
                sealed += self._verify(connection, int(name, 16))
            total = connection.execute(select(func.count()).select_from(EVENT)).scalar_one()
            if total != sealed:
                raise BreakTampered("the database", f"holds {total - sealed} events of no break")
            return sealed

    def _seals(self, connection: Connection) -> Iterator[str]:
        """The digest of each seal, once it is what it must be."""
        after, listed = "", set[tuple[str, int, str]]()
        for row in connection.execute(select(SEALED).order_by(SEALED.c.number)).all():
            document = json.loads(row.document)
            if hashlib.sha256(row.document.encode()).hexdigest() != row.digest or document["after"] != after:
                raise BreakTampered(f"seal {row.number}", "is not what was sealed, or not in its place")
            if row.entry >= 0 and self._entry(row.entry) != row.digest:
                raise BreakTampered(f"seal {row.number}", f"is not what log entry {row.entry} holds")
            listed |= {(one[0], one[1], one[2]) for one in document["events"]}
            after = row.digest
            yield row.digest
        query = select(EVENT.c.break_id, EVENT.c.number, EVENT.c.digest).where(EVENT.c.seal.is_not(None))
        stored = {(row.break_id, row.number, row.digest) for row in connection.execute(query)}
        if stored != listed:
            count = len(stored ^ listed)
            raise BreakTampered("the database", f"{count} events are not those that were sealed")

    def _verify(self, connection: Connection, break_id: int) -> int:
        events, head = read_events(connection, break_id), ""
        for number, event in enumerate(events, 1):
            place = f"event {number} of break {key(break_id)}"
            if event.number != number or chained(head, event) != event.digest:
                raise BreakTampered(place, "does not follow from the one before it")
            if not event.is_erased and digest_of(words_of(event.body)) != event.words_digest:
                raise BreakTampered(place, "holds other words than were written")
            head = event.digest
        row = connection.execute(select(CASE).where(CASE.c.id == key(break_id))).mappings().one_or_none()
        if row is None or not events or dict(row) != case_row(replay(events)):
            raise BreakTampered(f"break {key(break_id)}", "does not stand where its history puts it")
        return len(events)

    def _entry(self, number: int) -> str:
        entries = self._ledger.entries(number, 1)
        if not len(entries) or entries["kind"][0] != EntryKind.SEAL:
            return ""
        [seal] = np.ascontiguousarray(entries["event"]).view(SEAL)
        return str(seal["digest"].tobytes().hex()) if seal["topic"] == SEAL_TOPIC_BREAKS else ""

    def _in_the_log(self) -> Iterator[str]:
        size = self._ledger.size()
        for first in range(0, size, _CHUNK_ENTRIES):
            chunk = self._ledger.entries(first, min(_CHUNK_ENTRIES, size - first))
            seals = np.ascontiguousarray(chunk["event"][chunk["kind"] == EntryKind.SEAL]).view(SEAL)
            for digest in seals["digest"][seals["topic"] == SEAL_TOPIC_BREAKS]:
                yield digest.tobytes().hex()
