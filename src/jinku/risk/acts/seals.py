"""Sealing acts, and proving later that nothing was changed, removed or slipped in.

Rules:

1. Every act ends up in one seal: a canonical JSON document of digests that names the seal before it. Its SHA-256
   stands in the log under ``SEAL_TOPIC_CASES``. It holds kinds, numbers and digests, nothing personal.
2. A crash between database and log leaves a document without its entry; the next `seal` puts it there.
3. `audit` recomputes every digest, compares each seal with its entry in the log, and the log's seals of the topic
   with the documents, and each history with where it is said to stand.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.ledger.layout import SEAL, Array, EntryKind
from jinku.risk.acts.errors import ActTampered
from jinku.risk.acts.model import Act, Standing, chained, digest_of, words_of
from jinku.risk.acts.store import ACT, SEALED, STREAM, read_act

SEAL_TOPIC_CASES = 15
FORMAT = "jinku-risk-acts/v1"
SEALED_ACTS_MAX = 5_000
"""Acts in one seal."""
_CHUNK_ENTRIES = 1 << 16

Fold = Callable[[Sequence[Act]], Standing]


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


class ActSeals:
    """See the module's rules."""

    def __init__(self, database: Database, ledger: SealingLedger) -> None:
        self._database, self._ledger = database, ledger

    def seal(self) -> None:
        """Bring everything that is not sealed yet into the log."""
        while self._gather():
            pass
        query = select(SEALED.c.number, SEALED.c.digest).where(SEALED.c.entry < 0).order_by(SEALED.c.number)
        with self._database.reading() as connection:
            waiting = connection.execute(query).all()
        for number, digest in waiting:
            entry, _ = self._ledger.seal(bytes.fromhex(digest), SEAL_TOPIC_CASES)
            with self._database.writing() as connection:
                connection.execute(update(SEALED).where(SEALED.c.number == number).values(entry=entry))

    def _gather(self) -> bool:
        """Put the acts without a seal into a new document; whether there were any."""
        with self._database.writing() as connection:
            newest = select(SEALED).order_by(SEALED.c.number.desc()).limit(1).with_for_update()
            last = connection.execute(newest).first()
            query = select(ACT.c.kind, ACT.c.key, ACT.c.number, ACT.c.digest).where(ACT.c.seal.is_(None))
            query = query.order_by(ACT.c.kind, ACT.c.key, ACT.c.number).limit(SEALED_ACTS_MAX)
            rows = connection.execute(query.with_for_update()).all()
            if not rows:
                return False
            number = (last.number if last else 0) + 1
            document = canonical_json(
                {
                    "format": FORMAT,
                    "number": number,
                    "after": last.digest if last else "",
                    "acts": [list(row) for row in rows],
                }
            )
            digest = hashlib.sha256(document).hexdigest()
            values = {"number": number, "digest": digest, "document": document.decode(), "entry": -1}
            connection.execute(insert(SEALED).values(values))
            for row in rows:
                where = (ACT.c.kind == row.kind) & (ACT.c.key == row.key) & (ACT.c.number == row.number)
                connection.execute(update(ACT).where(where).values(seal=number))
            return True

    # --- proving --------------------------------------------------------------------------------------------------

    def audit(self, folds: Mapping[str, Fold]) -> int:
        """Verify every history and every seal, the log's among them; how many acts were checked.

        `folds` says of each kind where its acts put a history. Raises ActTampered.
        """
        with self._database.reading() as connection:
            known = set(self._seals(connection))
            for digest in self._in_the_log():
                if digest not in known:
                    raise ActTampered(
                        "the log", f"holds a seal {digest[:16]}… that the database does not have"
                    )
            checked = 0
            for row in connection.execute(select(STREAM).order_by(STREAM.c.kind, STREAM.c.key)).all():
                checked += self._history(connection, row, folds)
            total = connection.execute(select(func.count()).select_from(ACT)).scalar_one()
            if total != checked:
                raise ActTampered("the database", f"holds {total - checked} acts of no history")
            return checked

    def _history(self, connection: Connection, row: Any, folds: Mapping[str, Fold]) -> int:
        where = (ACT.c.kind == row.kind) & (ACT.c.key == row.key)
        acts = [read_act(one) for one in connection.execute(select(ACT).where(where).order_by(ACT.c.number))]
        head = ""
        for number, act in enumerate(acts, 1):
            place = f"act {number} of {row.kind} {row.key}"
            if act.number != number or chained(head, act) != act.digest:
                raise ActTampered(place, "does not follow from the one before it")
            if not act.is_erased and digest_of(words_of(act.body)) != act.words_digest:
                raise ActTampered(place, "holds other words than were written")
            head = act.digest
        fold = folds.get(row.kind)
        stands = Standing(row.state, row.about, row.owner)
        if not acts or (row.acts, row.head) != (len(acts), head) or (fold and fold(acts) != stands):
            raise ActTampered(f"{row.kind} {row.key}", "does not stand where its history puts it")
        return len(acts)

    def _seals(self, connection: Connection) -> Iterator[str]:
        """The digest of each seal, once it is what it must be."""
        after, listed = "", set[tuple[str, str, int, str]]()
        for row in connection.execute(select(SEALED).order_by(SEALED.c.number)).all():
            document = json.loads(row.document)
            if hashlib.sha256(row.document.encode()).hexdigest() != row.digest or document["after"] != after:
                raise ActTampered(f"seal {row.number}", "is not what was sealed, or not in its place")
            if row.entry >= 0 and self._entry(row.entry) != row.digest:
                raise ActTampered(f"seal {row.number}", f"is not what log entry {row.entry} holds")
            listed |= {(one[0], one[1], one[2], one[3]) for one in document["acts"]}
            after = row.digest
            yield row.digest
        query = select(ACT.c.kind, ACT.c.key, ACT.c.number, ACT.c.digest).where(ACT.c.seal.is_not(None))
        stored = {(row.kind, row.key, row.number, row.digest) for row in connection.execute(query)}
        if stored != listed:
            raise ActTampered("the database", f"{len(stored ^ listed)} acts are not those that were sealed")

    def _entry(self, number: int) -> str:
        entries = self._ledger.entries(number, 1)
        if not len(entries) or entries["kind"][0] != EntryKind.SEAL:
            return ""
        [seal] = np.ascontiguousarray(entries["event"]).view(SEAL)
        return str(seal["digest"].tobytes().hex()) if seal["topic"] == SEAL_TOPIC_CASES else ""

    def _in_the_log(self) -> Iterator[str]:
        size = self._ledger.size()
        for first in range(0, size, _CHUNK_ENTRIES):
            chunk = self._ledger.entries(first, min(_CHUNK_ENTRIES, size - first))
            seals = np.ascontiguousarray(chunk["event"][chunk["kind"] == EntryKind.SEAL]).view(SEAL)
            for digest in seals["digest"][seals["topic"] == SEAL_TOPIC_CASES]:
                yield digest.tobytes().hex()
