"""The seals of acts (`jinku.ledger.sealed`), and each history compared with where it is said to stand.

Rules:

1. Every act ends up in one seal under ``SEAL_TOPIC_CASES``. It holds kinds, numbers and digests, nothing personal.
2. `audit` recomputes every digest, compares seals and log, and each history with where it is said to stand.

Example::

    ActSeals(database, ledger).audit({"case": fold_case})
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from jinku.base.database import Database
from jinku.ledger.sealed import SealedLinks, SealingLedger, Seals, follow
from jinku.risk.acts.errors import ActTampered
from jinku.risk.acts.model import Act, Standing, chained, digest_of, words_of
from jinku.risk.acts.store import ACT, SEALED, STREAM, read_act

SEAL_TOPIC_CASES = 15
_KEPT = SealedLinks(
    topic=SEAL_TOPIC_CASES,
    form="jinku-risk-acts/v1",
    name="acts",
    links=ACT,
    seals=SEALED,
    place=("kind", "key", "number"),
    order=("kind", "key", "number"),
    tampered=ActTampered,
)

Fold = Callable[[Sequence[Act]], Standing]


class ActSeals(Seals):
    """See the module's rules."""

    def __init__(self, database: Database, ledger: SealingLedger) -> None:
        super().__init__(database, ledger, _KEPT)

    def audit(self, folds: Mapping[str, Fold]) -> int:
        """Verify every history and every seal, the log's among them; how many acts were checked.

        `folds` says of each kind where its acts put a history. Raises ActTampered.
        """
        with self._database.reading() as connection:
            self.check(connection)
            checked = 0
            for row in connection.execute(select(STREAM).order_by(STREAM.c.kind, STREAM.c.key)).all():
                checked += _history(connection, row, folds)
            total = connection.execute(select(func.count()).select_from(ACT)).scalar_one()
            if total != checked:
                raise ActTampered("the database", f"holds {total - checked} acts of no history")
            return checked


def _history(connection: Connection, row: Any, folds: Mapping[str, Fold]) -> int:
    where = (ACT.c.kind == row.kind) & (ACT.c.key == row.key)
    acts = [read_act(one) for one in connection.execute(select(ACT).where(where).order_by(ACT.c.number))]
    head = follow(
        acts,
        chained,
        lambda body: digest_of(words_of(body)),
        lambda number, problem: ActTampered(f"act {number} of {row.kind} {row.key}", problem),
    )
    fold = folds.get(row.kind)
    stands = Standing(row.state, row.about, row.owner)
    if not acts or (row.acts, row.head) != (len(acts), head) or (fold and fold(acts) != stands):
        raise ActTampered(f"{row.kind} {row.key}", "does not stand where its history puts it")
    return len(acts)
