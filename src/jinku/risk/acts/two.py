"""What needs two persons: one proposes by an act of its own, another confirms by another. Nobody names a second one.

Rules:

1. There is one proposal about a thing at a time: the newest. Who wants something else proposes anew.
2. The same asked again by another person confirms, within `PROPOSAL_VALID_S`; by the same person it is refused.
3. Both are acts of one history, chained and sealed in the log. A proposal that does not follow from its history, or
   that the log has no seal of, counts for nothing.

Example::

    two = TwoPersons(book, "rollback")
    two.asked("rules", {"to": "3"}, by="ana", text="too many alerts")   # None: proposed
    two.asked("rules", {"to": "3"}, by="ben", text="agreed").by         # "ana": confirmed, do it
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import select

from jinku.base.clock import NS_PER_SECOND
from jinku.base.persons import same_person
from jinku.ledger.sealed import follow, is_sealed
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.errors import ActTampered, ChangedMeanwhile
from jinku.risk.acts.model import Act, Standing, chained, digest_of, person, words, words_of
from jinku.risk.acts.seals import SEAL_TOPIC_CASES
from jinku.risk.acts.store import ACT, SEALED
from jinku.risk.errors import RiskError

PROPOSAL_VALID_S = 24 * 3_600
"""How long a proposal waits for its second person."""
PROPOSED, CONFIRMED = "proposed", "confirmed"


class SecondPerson(RiskError):
    """Who proposed something wants to confirm it."""

    code: ClassVar[str] = "second_person"
    http_status: ClassVar[int] = 403

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} proposed it", remedy="let another person confirm it")


class TwoPersons:
    """See the module's rules. For any number of threads and processes."""

    def __init__(self, book: ActBook, kind: str) -> None:
        """`kind` is that of the histories."""
        self._book, self._kind = book, kind

    def asked(self, key: str, facts: Mapping[str, str], *, by: str, text: str) -> Act | None:
        """Confirm what another person proposed about `key` with the same `facts`, and the proposal; None where this is
        a proposal itself. Raises SecondPerson, BadAct, ChangedMeanwhile."""
        person("by", by)
        words("text", text)
        before = self.proposal(key)
        agrees = before is not None and before.body["facts"] == dict(facts)
        if before is not None and agrees and same_person(by, before.by):
            raise SecondPerson(by)
        what = CONFIRMED if agrees else PROPOSED
        with self._book.writing() as page:
            acts = page.history(self._kind, key)
            if before is not None and len(acts) != before.number:
                raise ChangedMeanwhile
            page.add((self._kind, key), by, (what, {"facts": dict(facts), "text": text}), Standing(what))
        return before if agrees else None

    def proposal(self, key: str) -> Act | None:
        """The proposal about `key` that waits; None where there is none."""
        acts = self._book.history(self._kind, key)
        if not acts or acts[-1].what != PROPOSED:
            return None
        try:
            follow(acts, chained, lambda body: digest_of(words_of(body)), _wrong)
        except ActTampered:
            return None
        fresh = acts[-1].at > self._book.clock() - PROPOSAL_VALID_S * NS_PER_SECOND
        return acts[-1] if fresh and sealed_act(self._book, acts[-1]) else None


def sealed_act(book: ActBook, act: Act) -> bool:
    """Whether the log has the seal of an act."""
    place = (ACT.c.kind == act.kind) & (ACT.c.key == act.key) & (ACT.c.number == act.number)
    query = select(SEALED).join(ACT, ACT.c.seal == SEALED.c.number).where(place)
    with book.database.reading() as connection:
        row = connection.execute(query).first()
    if row is None or hashlib.sha256(row.document.encode()).hexdigest() != row.digest:
        return False
    listed: list[Any] = json.loads(row.document)["acts"]
    sealed = is_sealed(book.ledger, row.entry, bytes.fromhex(row.digest), SEAL_TOPIC_CASES)
    return sealed and [act.kind, act.key, act.number, act.digest] in listed


def fold_two(acts: Sequence[Act]) -> Standing:
    """Where the acts put a history."""
    return Standing(acts[-1].what)


def _wrong(number: int, problem: str) -> ActTampered:
    return ActTampered(f"act {number} of a proposal", problem)
