"""Who is listed, by key: the book that was registered, and in a house of custody the people behind its accounts.

Rules:

1. Whoever stands in the book (`jinku screen book put`) is screened under its key: digits are an account's number, or in
   a house of custody a party's. A hit on someone of a customer (owner, agent) is one on the customer.
2. In a house of custody a party is screened by the names in the people store, with its representative: the first
   `EAGER_MAX` when lists take force, others beside the deciding (`prepare`), and whoever is left before the first
   movement that it is seen in. A number that no party has is nobody's, and is not remembered.
3. Names are read to be screened and stay in memory alone: no message, log or record has them.
4. Results are `jinku.bootstrap.risk_found`'s: another state of book or clearances searches only who is new.

Example::

    listed = ListedKeys(found, cleared, people, book)
    listed.table.of(events.column("payer"))
"""

import queue
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jinku.bootstrap.risk_found import Found, Hits
from jinku.bootstrap.risk_keys import KeyTable
from jinku.custody.errors import PartyUnknown
from jinku.custody.parties.people import PeopleStore, Person
from jinku.risk.events.columns import key_number
from jinku.risk.screening.book import CHAIN_LINKS_MAX, Cleared
from jinku.risk.screening.model import Entry, Facts, Subject
from jinku.risk.screening.names import Kind

EAGER_MAX = 10_000
"""Parties that are screened before lists take force."""
RESIDENT = "resident_id"
DIGITS_MAX = 38
Hit = tuple[Subject, Hits]
"""A subject with whom it may be, cleared or not."""
Learnt = tuple[list[int], dict[int, list[Hit]]]


class ListedKeys:
    """See the module's rules. `prepare` is for any thread, all else for one at a time."""

    def __init__(
        self,
        found: Found,
        cleared: Cleared,
        people: PeopleStore | None,
        book: Mapping[str, Subject],
        before: "ListedKeys | None" = None,
    ) -> None:
        """`people` is None in a house without custody. `before` is what was in force with the same people."""
        self.found, self._cleared, self._people = found, cleared, people
        self._prepared: queue.SimpleQueue[Learnt] = queue.SimpleQueue()
        same = before if before is not None and before.found is found else None
        self._book = book
        self._in_book = {one.key: hit for one in book.values() if (hit := self._hit(one, same))}
        self._parties: dict[int, list[Hit]] = {}
        self._seen: set[int] = set()
        self._highest = self._prepared_to = 0
        if same is not None and same._people is people:
            self._parties, self._seen = same._parties.copy(), same._seen.copy()
            self._highest, self._prepared_to = same._highest, same._prepared_to
        elif people is not None:
            self.prepare_next(EAGER_MAX)
            self._take_prepared()
        self._table = self._made()

    @property
    def entries(self) -> Sequence[Entry]:
        """Whom the lists in force name."""
        return self.found.running.index.entries

    @property
    def table(self) -> KeyTable:
        """1 for each key that is listed."""
        return self._table

    def prepare_next(self, most: int) -> int:
        """`prepare` up to `most` parties above those that were prepared before; how many."""
        numbers = self._people.after(self._prepared_to, most) if self._people else []
        if numbers:
            self.prepare(numbers)
            self._prepared_to = numbers[-1]
        return len(numbers)

    def prepare(self, numbers: Iterable[int]) -> None:
        """Screen parties beside the deciding; what comes out counts from the next batch on."""
        seen, hits = list[int](), dict[int, list[Hit]]()
        for number in numbers:
            found = self._found(number)
            if found is not None:
                seen.append(number)
                if found:
                    hits[number] = found
        self._prepared.put((seen, hits))

    def learn_parties(self, parties: NDArray[np.uint64]) -> None:
        """Screen the parties among these numbers that were not seen yet (0 is none)."""
        people = self._people
        if people is None:
            return
        changed = self._take_prepared()
        unseen = set(np.unique(parties).tolist()) - self._seen - {0}
        if unseen and max(unseen) > self._highest:
            self._highest = max(self._highest, people.highest())
        wanted = [one for one in unseen if one <= self._highest]
        if wanted:
            self.prepare(wanted)
            changed |= self._take_prepared()
        if changed:
            self._table = self._made()

    def _hit(self, one: Subject, before: "ListedKeys | None") -> Hit | None:
        """Someone of the book with whom it may be; None for nobody. The same object had the same answer before."""
        if before is not None and before._book.get(one.key) is one:
            return before._in_book.get(one.key)
        hits = self.found.hits(one)
        return (one, hits) if hits else None

    def _take_prepared(self) -> bool:
        """Take in what was screened beside; whether somebody has a hit."""
        changed = False
        while not self._prepared.empty():
            seen, hits = self._prepared.get()
            self._seen.update(seen)
            self._parties.update(hits)
            self._highest = max(self._highest, max(seen, default=0))
            changed |= bool(hits)
        return changed

    def _found(self, number: int) -> list[Hit] | None:
        """Whom a party and its representative may be; None where there is no such party."""
        if self._people is None:
            return None
        try:
            person = self._people.party(number).person
        except (PartyUnknown, OverflowError):  # erased, or a number that no party has
            return None
        return [(one, hits) for one in subjects_of(number, person) if (hits := self.found.hits(one))]

    def _is_listed(self, hit: Hit) -> bool:
        subject, hits = hit
        digest = subject.digest
        return any((subject.key, digest, entry, what) not in self._cleared for entry, what, _ in hits)

    def _made(self) -> KeyTable:
        keys = {
            key_of(key) for hit in self._in_book.values() if self._is_listed(hit) for key in self._chain(hit)
        }
        keys.update(number for number, hits in self._parties.items() if any(map(self._is_listed, hits)))
        return KeyTable(dict.fromkeys(keys, 1), by_party=self._people is not None)

    def _chain(self, hit: Hit) -> list[str]:
        found, one = [hit[0].key], hit[0].of
        while one and len(found) <= CHAIN_LINKS_MAX:
            found.append(one)
            above = self._book.get(one)
            one = above.of if above else ""
        return found


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
