"""The seals of what the breaks desk did (`jinku.ledger.sealed`), and each break compared with its history.

Rules:

1. Every event ends up in one seal under ``SEAL_TOPIC_BREAKS``.
2. `verify` recomputes one break's digests and its state; `audit` those of every break, and compares seals and log.

Example::

    BreakSeals(database, ledger).audit()
"""

from sqlalchemy import Connection, func, select

from jinku.base.database import Database
from jinku.custody.breaks.errors import BreakTampered
from jinku.custody.breaks.model import chained, digest_of, replay, words_of
from jinku.custody.breaks.store import CASE, EVENT, SEALED, case_row, key, read_events
from jinku.ledger.sealed import SealedLinks, SealingLedger, Seals, follow

SEAL_TOPIC_BREAKS = 8
_KEPT = SealedLinks(
    topic=SEAL_TOPIC_BREAKS,
    form="jinku-break-events/v1",
    name="events",
    links=EVENT,
    seals=SEALED,
    place=("break_id", "number"),
    order=("at", "break_id", "number"),
    tampered=BreakTampered,
)


class BreakSeals(Seals):
    """See the module's rules."""

    def __init__(self, database: Database, ledger: SealingLedger) -> None:
        super().__init__(database, ledger, _KEPT)

    def verify(self, break_id: int) -> None:
        """Raises BreakTampered unless a break's history, its state and its seals agree."""
        with self._database.reading() as connection:
            _verify(connection, break_id)

    def audit(self) -> int:
        """Verify every break and every seal, the log's among them; how many events were checked. Raises
        BreakTampered."""
        with self._database.reading() as connection:
            self.check(connection)
            names = connection.execute(select(CASE.c.id).order_by(CASE.c.id)).scalars().all()
            checked = sum(_verify(connection, int(name, 16)) for name in names)
            total = connection.execute(select(func.count()).select_from(EVENT)).scalar_one()
            if total != checked:
                raise BreakTampered("the database", f"holds {total - checked} events of no break")
            return checked


def _verify(connection: Connection, break_id: int) -> int:
    events = read_events(connection, break_id)
    follow(
        events,
        chained,
        lambda body: digest_of(words_of(body)),
        lambda number, problem: BreakTampered(f"event {number} of break {key(break_id)}", problem),
    )
    row = connection.execute(select(CASE).where(CASE.c.id == key(break_id))).mappings().one_or_none()
    if row is None or not events or dict(row) != case_row(replay(events)):
        raise BreakTampered(f"break {key(break_id)}", "does not stand where its history puts it")
    return len(events)
