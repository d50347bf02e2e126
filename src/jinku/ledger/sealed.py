"""Histories that only grow in a database, sealed in the log, and proving later that nothing was changed in them.

Rules:

1. A history is its links in order; each names the digest of the one before. What a link's words say (free text of
   persons) is covered by a digest of their own, so that words can be erased and everything still verifies.
2. Every link ends up in one seal: a canonical JSON document that lists digests and names the seal before it. Its
   SHA-256 stands in the log under the room's topic. Nothing personal is in it.
3. A crash between database and log leaves a document without its entry; the next `seal` puts it there. A second entry
   of the same document does no harm.
4. `check` recomputes each seal, compares it with its entry in the log, and the log's seals of the topic with the
   documents: a seal that the database no longer has is a finding.

Example::

    links = SealedLinks(topic=8, form="jinku-break-events/v1", name="events", links=EVENT, seals=SEALED,
                        place=("break_id", "number"), order=("at", "break_id", "number"), tampered=BreakTampered)
    seals = Seals(database, ledger, links)
    seals.seal()
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from sqlalchemy import Connection, Table, and_, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.base.files import replace_durably
from jinku.ledger.layout import SEAL, Array, EntryKind

SEALED_LINKS_MAX = 5_000
"""Links in one seal."""
_CHUNK_ENTRIES = 1 << 16
_DIGEST_BYTES = 32
_SEAL_PLACE = np.dtype([("entry", "<u8"), ("topic", "<u4"), ("digest", "V32")])


class ReadLog(Protocol):
    """What reading seals needs of a ledger."""

    def size(self) -> int:
        """How many entries are durable."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...


class SealingLedger(ReadLog, Protocol):
    """What is needed of a ledger's log."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...


class Link(Protocol):
    """One thing in a history."""

    @property
    def number(self) -> int:
        """Its place, from 1."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """Facts and words."""
        ...

    @property
    def words_digest(self) -> str:
        """SHA-256 of its words as they were written."""
        ...

    @property
    def digest(self) -> str:
        """What the next one names."""
        ...

    @property
    def is_erased(self) -> bool:
        """Whether its words are gone, and there were some."""
        ...


Tampered = Callable[[str, str], JinkuError]
"""Where, and what is wrong there → the room's error."""
_Link = TypeVar("_Link", bound=Link)


@dataclass(frozen=True, slots=True)
class SealedLinks:
    """Where a room keeps its links and their seals.

    `links` has ``digest`` and ``seal`` (NULL before); `seals` has ``number``, ``digest``, ``document``, ``entry``."""

    topic: int
    form: str
    name: str
    """What its documents call the links: ``acts``, ``events``."""
    links: Table
    seals: Table
    place: tuple[str, ...]
    """The columns that name a link, the key of `links`."""
    order: tuple[str, ...]
    """The columns by whose order links go into a seal."""
    tampered: Tampered


class Seals:
    """See the module's rules."""

    def __init__(self, database: Database, ledger: SealingLedger, kept: SealedLinks) -> None:
        self._database, self._ledger, self._kept = database, ledger, kept

    def seal(self) -> None:
        """Bring everything that is not sealed yet into the log."""
        while self._gather():
            pass
        seals = self._kept.seals
        query = select(seals.c.number, seals.c.digest).where(seals.c.entry < 0).order_by(seals.c.number)
        with self._database.reading() as connection:
            waiting = connection.execute(query).all()
        for number, digest in waiting:
            entry, _ = self._ledger.seal(bytes.fromhex(digest), self._kept.topic)
            with self._database.writing() as connection:
                connection.execute(update(seals).where(seals.c.number == number).values(entry=entry))

    def _gather(self) -> bool:
        """Put the links without a seal into a new document; whether there were any."""
        kept, links, seals = self._kept, self._kept.links, self._kept.seals
        listed = [links.c[name] for name in (*kept.place, "digest")]
        with self._database.writing() as connection:
            newest = select(seals).order_by(seals.c.number.desc()).limit(1).with_for_update()
            last = connection.execute(newest).first()
            query = select(*listed).where(links.c.seal.is_(None))
            ordered = query.order_by(*(links.c[name] for name in kept.order)).limit(SEALED_LINKS_MAX)
            rows = connection.execute(ordered.with_for_update()).all()
            if not rows:
                return False
            number = (last.number if last else 0) + 1
            document = canonical_json(
                {
                    "format": kept.form,
                    "number": number,
                    "after": last.digest if last else "",
                    kept.name: [list(row) for row in rows],
                }
            )
            digest = hashlib.sha256(document).hexdigest()
            values = {"number": number, "digest": digest, "document": document.decode(), "entry": -1}
            connection.execute(insert(seals).values(values))
            for row in rows:
                here = and_(*(links.c[name] == value for name, value in zip(kept.place, row, strict=False)))
                connection.execute(update(links).where(here).values(seal=number))
            return True

    # --- proving -----------------------------------------------------------------------------------------------------

    def check(self, connection: Connection) -> None:
        """Verify every seal with the log, and the log's seals of the topic with the documents. Raises what
        `SealedLinks.tampered` makes."""
        known = set(self._documents(connection))
        for _, digest in sealed_in(self._ledger, self._kept.topic):
            if digest.hex() not in known:
                raise self._kept.tampered(
                    "the log", f"holds a seal {digest.hex()[:16]}… that the database does not have"
                )

    def _documents(self, connection: Connection) -> Iterator[str]:
        """The digest of each seal, once it is what it must be."""
        kept, links, seals = self._kept, self._kept.links, self._kept.seals
        after, listed = "", set[tuple[Any, ...]]()
        for row in connection.execute(select(seals).order_by(seals.c.number)).all():
            document = json.loads(row.document)
            if hashlib.sha256(row.document.encode()).hexdigest() != row.digest or document["after"] != after:
                raise kept.tampered(f"seal {row.number}", "is not what was sealed, or not in its place")
            if row.entry >= 0 and not is_sealed(
                self._ledger, row.entry, bytes.fromhex(row.digest), kept.topic
            ):
                raise kept.tampered(f"seal {row.number}", f"is not what log entry {row.entry} holds")
            listed |= {tuple(one) for one in document[kept.name]}
            after = row.digest
            yield row.digest
        query = select(*(links.c[name] for name in (*kept.place, "digest"))).where(links.c.seal.is_not(None))
        stored = {tuple(row) for row in connection.execute(query)}
        if stored != listed:
            count = len(stored ^ listed)
            raise kept.tampered("the database", f"{count} {kept.name} are not those that were sealed")


def follow(
    links: Iterable[_Link],
    chained: Callable[[str, _Link], str],
    words_digest: Callable[[Mapping[str, Any]], str],
    wrong: Callable[[int, str], JinkuError],
) -> str:
    """The digest of the last of a history's links, once each follows from the one before it; empty for none.

    `chained` computes a link's digest after another's, `words_digest` that of a body's words; `wrong` makes the error
    that names a link by its number."""
    head = ""
    for number, link in enumerate(links, 1):
        if link.number != number or chained(head, link) != link.digest:
            raise wrong(number, "does not follow from the one before it")
        if not link.is_erased and words_digest(link.body) != link.words_digest:
            raise wrong(number, "holds other words than were written")
        head = link.digest
    return head


def is_sealed(log: ReadLog, entry: int, digest: bytes, topic: int) -> bool:
    """Whether log entry number `entry` seals `digest` under `topic`."""
    rows = log.entries(max(entry, 0), 1)
    if entry < 0 or not len(rows) or rows["kind"][0] != EntryKind.SEAL:
        return False
    [seal] = np.ascontiguousarray(rows["event"]).view(SEAL)
    return bool(seal["topic"] == topic and seal["digest"].tobytes() == digest)


def sealed_in(log: ReadLog, topic: int, first: int = 0) -> Iterator[tuple[int, bytes]]:
    """Number and digest of every seal of `topic` in the log, from entry `first` on, in order."""
    size = log.size()
    while first < size:
        rows = log.entries(first, min(_CHUNK_ENTRIES, size - first))
        places = np.flatnonzero(rows["kind"] == EntryKind.SEAL)
        seals = np.ascontiguousarray(rows["event"][places]).view(SEAL).reshape(len(places))
        for at in np.flatnonzero(seals["topic"] == topic).tolist():
            yield first + int(places[at]), seals["digest"][at].tobytes()
        first += len(rows)


class LogSeals:
    """Every seal of some topics, read from the log once: what is new since is all that is read again. With a file the
    place is kept between openings; the file is derived, and made anew where it does not fit the log."""

    def __init__(self, log: ReadLog, topics: Iterable[int], path: Path | None = None) -> None:
        self._log, self._topics, self._path = log, frozenset(topics), path
        self._lock = threading.Lock()
        self._until, self._rows = self._kept()

    def of(self, topic: int) -> dict[bytes, int]:
        """The digests sealed under a topic, each with the number of its newest entry."""
        with self._lock:
            self._read_on()
            return {row["digest"].tobytes(): int(row["entry"]) for row in self._rows if row["topic"] == topic}

    def _read_on(self) -> None:
        size = self._log.size()
        found: list[Array] = []
        first = self._until
        while first < size:
            rows = self._log.entries(first, min(_CHUNK_ENTRIES, size - first))
            places = np.flatnonzero(rows["kind"] == EntryKind.SEAL)
            seals = np.ascontiguousarray(rows["event"][places]).view(SEAL).reshape(len(places))
            wanted = np.flatnonzero(np.isin(seals["topic"], list(self._topics)))
            chosen = np.zeros(len(wanted), _SEAL_PLACE)
            chosen["entry"], chosen["topic"] = first + places[wanted], seals["topic"][wanted]
            chosen["digest"] = seals["digest"][wanted].view("V32").reshape(len(wanted))
            found.append(chosen)
            first += len(rows)
        if first > self._until:
            new = sum(map(len, found))
            far, self._until = first - self._until > _CHUNK_ENTRIES, first
            if new:
                self._rows = np.concatenate([self._rows, *found])
            if self._path is not None and (new or far):
                body = first.to_bytes(8, "little") + self._rows.tobytes()
                replace_durably(self._path, hashlib.sha256(body).digest() + body, 0o600)

    def _kept(self) -> tuple[int, Array]:
        nothing = 0, np.zeros(0, _SEAL_PLACE)
        try:
            raw = b"" if self._path is None else self._path.read_bytes()
        except OSError:
            return nothing
        body = raw[_DIGEST_BYTES:]
        if len(body) < 8 or hashlib.sha256(body).digest() != raw[:_DIGEST_BYTES]:
            return nothing
        until = int.from_bytes(body[:8], "little")
        rows = np.frombuffer(body[8:], _SEAL_PLACE)
        newest = [
            is_sealed(self._log, int(row["entry"]), row["digest"].tobytes(), int(row["topic"]))
            for row in rows[-1:]
        ]
        return (until, rows) if until <= self._log.size() and all(newest) else nothing
