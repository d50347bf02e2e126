"""How long alerts are kept, and how they are erased: an alert with all that was taken together in it (K9).

Rules:

1. An alert in a case ends with the case; one that no case took ends on the day of its last hit.
2. Erasing takes what was raised and why. Digests, counts, sums and seals stay, and everything still verifies.

Example::

    [one.key for one in AlertRecords(book, Clockwork()).records()]  # ["1", "2"]
"""

import json
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, select, update

from jinku.risk.acts.book import ActBook
from jinku.risk.acts.kept import Kept
from jinku.risk.acts.model import digest_of
from jinku.risk.cases.alert_store import ALERTS, GROUP, HIT, Group, read_group
from jinku.risk.cases.model import State, replay
from jinku.risk.cases.table import Clockwork


class AlertRecords:
    """Alerts, in the shape of the house's retention office."""

    name = "risk alert"

    def __init__(self, book: ActBook, clock: Clockwork) -> None:
        book.database.add(ALERTS)
        self._book, self._clock = book, clock

    def records(self) -> Iterator[Kept]:
        """Every alert of which something is left to erase."""
        with self._book.database.reading() as connection:
            numbers = connection.execute(select(GROUP.c.id).order_by(GROUP.c.id)).scalars().all()
        for number in numbers:
            kept = self.find(str(number))
            if kept is not None:
                yield kept

    def find(self, key: str) -> Kept | None:
        """One of them; None where nothing is left."""
        with self._book.database.reading() as connection:
            row = connection.execute(select(GROUP).where(GROUP.c.id == int(key))).first()
            hits = _hits(connection, int(key))
        if row is None or not any(document for _, document in hits):
            return None
        group = read_group(row)
        return Kept(key, self._ended(group), digest_of([digest for digest, _ in hits]), str(group.subject))

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Erase what was raised."""
        with self._book.database.writing() as connection:
            connection.execute(update(HIT).where(HIT.c.alert == int(key)).values(document=""))
            connection.execute(update(GROUP).where(GROUP.c.id == int(key)).values(why=json.dumps([])))

    def _ended(self, group: Group) -> date | None:
        if not group.case:
            return self._clock.day(group.last_at)
        case = replay(self._book.history("case", group.case))
        return self._clock.day(case.closed_at) if case.state is State.CLOSED else None


def _hits(connection: Connection, number: int) -> list[tuple[str, str]]:
    query = select(HIT.c.digest, HIT.c.document).where(HIT.c.alert == number).order_by(HIT.c.batch, HIT.c.key)
    return [(row.digest, row.document) for row in connection.execute(query)]
