"""Who is listed, by key: the book that was registered, and in a house of custody the people behind its accounts.

Rules:

1. Whoever stands in the book (`jinku screen book put`) is screened under its key: digits are an account's number, or in
   a house of custody a party's. A hit on someone of a customer (owner, agent) is one on the customer.
2. In a house of custody a party is screened by the names in the people store, with its representative: the first
   `EAGER_MAX` when lists take force, each other one before the first movement that it is seen in.
3. Names are read to be screened and stay in memory alone: no message, log or record has them.

Example::

    listed = ListedKeys(running, cleared, book, people)
    listed.table.of(events.column("payer"))
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from jinku.bootstrap.risk_keys import KeyTable
from jinku.custody.errors import PartyUnknown
from jinku.custody.parties.people import PeopleStore, Person
from jinku.risk.events.columns import key_number
from jinku.risk.screening.book import CHAIN_LINKS_MAX, Cleared
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Entry, Facts, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.screened import Screened

EAGER_MAX = 10_000
"""Parties that are screened when lists take force; about a millisecond each."""
RESIDENT = "resident_id"
DIGITS_MAX = 38


class ListedKeys:
    """See the module's rules. For one thread at a time."""

    def __init__(
        self, running: Running, cleared: Cleared, book: Sequence[Subject], people: PeopleStore | None
    ) -> None:
        """`people` is None in a house without custody."""
        self._running, self._people = running, people
        self._screened = Screened(running, cleared)
        self._hits: set[int] = set()
        self._seen: set[int] = set()
        above = {one.key: one.of for one in book}
        for one in book:
            if self._screened.learn(one).listed:
                self._hits |= {key_of(key) for key in _chain(one.key, above)}
        if people is not None:
            self.learn(people.numbers()[:EAGER_MAX])
        self._table = self._made()

    @property
    def entries(self) -> Sequence[Entry]:
        """Whom the lists in force name."""
        return self._running.index.entries

    @property
    def table(self) -> KeyTable:
        """1 for each key that is listed."""
        return self._table

    def learn_parties(self, parties: NDArray[np.uint64]) -> None:
        """Screen the parties among these numbers that were not seen yet (0 is none)."""
        if self._people is not None and self.learn(set(np.unique(parties).tolist()) - self._seen - {0}):
            self._table = self._made()

    def learn(self, parties: Iterable[int]) -> bool:
        """Screen parties; whether one is listed."""
        before = len(self._hits)
        for number in parties:
            self._seen.add(number)
            if self._people is None:
                continue
            try:
                person = self._people.party(number).person
            except (PartyUnknown, OverflowError):  # erased, or a number that no party has
                continue
            if any(self._screened.learn(one).listed for one in subjects_of(number, person)):
                self._hits.add(number)
        return len(self._hits) > before

    def _made(self) -> KeyTable:
        return KeyTable(dict.fromkeys(self._hits, 1), by_party=self._people is not None)


def key_of(key: str) -> int:
    """The 128-bit key of a subject in the book."""
    return key_number(int(key) if key.isascii() and key.isdigit() and len(key) <= DIGITS_MAX else key)


def subjects_of(number: int, person: Person) -> list[Subject]:
    """A party as whom it is screened for: itself, under its number, and its legal representative."""
    kind = Kind.PERSON if person.identifier_kind == RESIDENT else Kind.ORGANIZATION
    facts = Facts(identifiers=(person.identifier,)) if person.identifier else Facts()
    names = tuple(name for name in (person.name, person.latin_name) if name.strip())
    found = [Subject(str(number), names, kind, facts)]
    if person.representative.strip():
        theirs = Facts(
            identifiers=(person.representative_identifier,) * bool(person.representative_identifier)
        )
        found.append(
            Subject(
                f"{number}.representative",
                (person.representative,),
                Kind.PERSON,
                theirs,
                str(number),
                "agent",
            )
        )
    return found


def _chain(key: str, above: dict[str, str]) -> list[str]:
    found = [key]
    while (of := above.get(found[-1], "")) and len(found) <= CHAIN_LINKS_MAX:
        found.append(of)
    return found
