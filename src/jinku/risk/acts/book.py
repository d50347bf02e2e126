"""The book of acts in the control database: histories that only grow, where each stands, and their seals in the log.

Rules:

1. A command reads a history, decides, and adds its acts in one transaction (`ActBook.writing`). Of two at once one is
   refused (ChangedMeanwhile).
2. Where a history stands (`Standing`) is kept beside it for lists. It follows from the acts, and `audit` compares.
3. After each transaction what is new goes into one seal: a document that lists digests and names the seal before it;
   its SHA-256 stands in the log (topic 15). After a crash the next seal brings what was left.

Example::

    with book.writing() as page:
        acts = page.history("case", "000001")
        page.add(("case", "000001"), "aml-1", ("note", {"text": "called"}), Standing("assigned", "77", "aml-1"))
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, MetaData, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock
from jinku.base.database import Database
from jinku.ledger.sealed import SealingLedger
from jinku.risk.acts.errors import ChangedMeanwhile
from jinku.risk.acts.model import Act, Standing, erased, person
from jinku.risk.acts.seals import ActSeals
from jinku.risk.acts.store import ACT, ACTS, STREAM, read_act

__all__ = ["ActBook", "Page", "SealingLedger"]

KEYS_AT_ONCE = 400


class Page:
    """One transaction on the book."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection, self._clock = connection, clock

    def history(self, kind: str, key: str) -> list[Act]:
        """The acts of one history in order, held for this transaction; none where there is no such history."""
        where = (STREAM.c.kind == kind) & (STREAM.c.key == key)
        if self.connection.execute(select(STREAM.c.acts).where(where).with_for_update()).first() is None:
            return []
        return read_history(self.connection, kind, key)

    def new_key(self, kind: str) -> str:
        """The next number of a kind, six digits."""
        query = select(func.count()).select_from(STREAM).where(STREAM.c.kind == kind)
        return f"{self.connection.execute(query).scalar_one() + 1:06d}"

    def add(
        self, place: tuple[str, str], by: str, said: tuple[str, dict[str, Any]], standing: Standing
    ) -> Act:
        """One more act of the history at `place` (kind, key), after which it stands so. Raises BadAct."""
        kind, key = place
        where = (STREAM.c.kind == kind) & (STREAM.c.key == key)
        row = self.connection.execute(select(STREAM).where(where)).first()
        number, head = (row.acts + 1, row.head) if row else (1, "")
        act = Act.after(head, (kind, key, number), self._clock(), person("by", by), said)
        values = {"acts": number, "head": act.digest, **standing._asdict()}
        if row:
            self.connection.execute(update(STREAM).where(where).values(values))
        else:
            self.connection.execute(insert(STREAM).values({"kind": kind, "key": key, **values}))
        self.connection.execute(
            insert(ACT).values(
                {
                    "kind": kind,
                    "key": key,
                    "number": number,
                    "at": act.at,
                    "by": by,
                    "what": act.what,
                    "body": canonical_json(act.body).decode(),
                    "words_digest": act.words_digest,
                    "digest": act.digest,
                    "seal": None,
                }
            )
        )
        return act


class ActBook:
    """See the module's rules. For any number of threads and processes."""

    def __init__(self, database: Database, ledger: SealingLedger, clock: Clock, *more: MetaData) -> None:
        database.add(ACTS, *more)
        self.database, self.ledger, self.clock = database, ledger, clock
        self.seals = ActSeals(database, ledger)

    @contextmanager
    def writing(self) -> Iterator[Page]:
        """A transaction, sealed when it is done. Raises ChangedMeanwhile."""
        try:
            with self.database.writing() as connection:
                yield Page(connection, self.clock)
        except IntegrityError:
            raise ChangedMeanwhile from None
        self.seals.seal()

    def history(self, kind: str, key: str) -> list[Act]:
        """The acts of one history in order; none where there is no such history."""
        with self.database.reading() as connection:
            return read_history(connection, kind, key)

    def standing(self, kind: str, key: str) -> Standing | None:
        """Where a history stands; None where there is none."""
        where = (STREAM.c.kind == kind) & (STREAM.c.key == key)
        with self.database.reading() as connection:
            row = connection.execute(select(STREAM).where(where)).first()
        return Standing(row.state, row.about, row.owner) if row else None

    def keys(self, kind: str, *, states: Sequence[str] = (), about: str = "") -> list[str]:
        """The keys of a kind, those in `states` and about `about` where given, in order."""
        query = select(STREAM.c.key).where(STREAM.c.kind == kind).order_by(STREAM.c.key)
        if states:
            query = query.where(STREAM.c.state.in_(states))
        if about:
            query = query.where(STREAM.c.about == about)
        with self.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def histories(self, kind: str, keys: Sequence[str]) -> Iterator[list[Act]]:
        """The histories of `keys`, in the order of the keys' texts."""
        with self.database.reading() as connection:
            for first in range(0, len(keys), KEYS_AT_ONCE):
                part = keys[first : first + KEYS_AT_ONCE]
                where = (ACT.c.kind == kind) & ACT.c.key.in_(part)
                acts: list[Act] = []
                for row in connection.execute(select(ACT).where(where).order_by(ACT.c.key, ACT.c.number)):
                    if acts and acts[-1].key != row.key:
                        yield acts
                        acts = []
                    acts.append(read_act(row))
                if acts:
                    yield acts

    def version(self, kind: str) -> int:
        """How many acts a kind has: changes whenever one of its histories does."""
        query = select(func.coalesce(func.sum(STREAM.c.acts), 0)).where(STREAM.c.kind == kind)
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def erase_words(self, kind: str, key: str) -> int:
        """Erase what persons wrote in one history; how many acts lost words. Facts and digests stay."""
        count = 0
        with self.database.writing() as connection:
            for act in read_history(connection, kind, key):
                bare = erased(act.body)
                if bare != dict(act.body):
                    where = (ACT.c.kind == kind) & (ACT.c.key == key) & (ACT.c.number == act.number)
                    values = {"body": canonical_json(bare).decode()}
                    connection.execute(update(ACT).where(where).values(values))
                    count += 1
        return count


def read_history(connection: Connection, kind: str, key: str) -> list[Act]:
    """The acts of one history in order."""
    where = (ACT.c.kind == kind) & (ACT.c.key == key)
    return [read_act(row) for row in connection.execute(select(ACT).where(where).order_by(ACT.c.number))]
