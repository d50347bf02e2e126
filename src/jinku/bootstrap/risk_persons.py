"""What a house knows of the persons of a movement: who is listed, how customers are rated, what measures demand.

Rules:

1. `prepared` reads lists, clearances, the book, ratings and measures beside the running desk; `enter` puts what was
   read into force between two batches. What is in force does not change otherwise.
2. A rating is that of the customer's account, or of its party. Ratings are those of the house's day; they are read
   again when one changed and at midnight.
3. `lists` names what is in force: each list with its version and content, and the measures' digest. Answers themselves
   are in the events and outcomes that the journal has.

Example::

    persons.enter(persons.prepared())
    Scene(place, persons)
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_keys import KeyTable, parties_of
from jinku.bootstrap.risk_restraints import Restraints
from jinku.bootstrap.risk_screened import ListedKeys
from jinku.bootstrap.risk_seals import screening_desks
from jinku.custody.parties.people import PeopleStore
from jinku.risk.acts.book import ActBook
from jinku.risk.cases.access import NeedToKnow
from jinku.risk.cases.measure_desk import MeasureDesk, MeasureParts
from jinku.risk.cases.table import Clockwork
from jinku.risk.decision.late import whose_movement
from jinku.risk.decision.model import Bits, Decided
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column
from jinku.risk.rating.desk import OVERRIDE, RUNS, RatingDesk, RatingParts
from jinku.risk.screening.book import Book, Cleared
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Subject

PEOPLE_FILE = "people.db"
"""There in a house of custody: accounts are then their parties'."""


@dataclass(frozen=True)
class Known:
    """What is in force together."""

    state: tuple[object, ...]
    """Equal where nothing changed."""
    lists: bytes
    """What names it, for the decisions' versions; empty where there are neither lists nor measures."""
    listed: ListedKeys | None
    ratings: KeyTable
    restraints: Restraints


class HousePersons(Closing):
    """`Persons` and `Restraint` over one house; see the module's rules. What decides is one thread at a time."""

    def __init__(self, house: House, clock: Clock, zone: str) -> None:
        """`zone` says when a day of ratings and measures begins."""
        book = ActBook(house.control, house.ledger, clock)
        self._acts, self._file = book, house.directory / PEOPLE_FILE
        self._people: PeopleStore | None = None
        self._clock, self._hours = clock, Clockwork(zone=zone)
        self._measures = MeasureDesk(book, NeedToKnow(book), MeasureParts(self._hours))
        self._ratings = RatingDesk(book, RatingParts(zone=zone))
        self._lists, self._cleared = screening_desks(house, clock, opening=True)
        self._book = Book(house.control)
        self._lock = threading.Lock()
        self._known: Known | None = None

    @property
    def known(self) -> Known:
        """What is in force."""
        if self._known is None:
            self._known = self.prepared()
        return self._known

    def prepared(self) -> Known:
        """What is known now; the same as in force where nothing changed. Raises what the stores raise."""
        with self._lock:
            if self._people is None and self._file.exists():
                self._people = PeopleStore.open(self._file)
            custody = self._people is not None
            today = self._hours.day(self._clock())
            versions = self._lists.in_force()
            book, cleared = tuple(self._book.subjects()), self._cleared.cleared()
            screening = (versions, book, cleared, custody)
            rating = (self._acts.version(RUNS), self._acts.version(OVERRIDE), today, custody)
            measure = (self._measures.version(), today, custody)
            before = self._known
            if before is not None and before.state == (screening, rating, measure):
                return before
            listed = before.listed if before and before.state[0] == screening else None
            if listed is None and versions:
                listed = self._screened(self._lists.running(), cleared, book)
            ratings = before.ratings if before and before.state[1] == rating else self._rated(today)
            restraints = (
                before.restraints
                if before and before.state[2] == measure
                else Restraints(self._measures.restrictions(today), by_party=custody)
            )
            running = [{"list": one.list, "version": one.version, "content": one.content} for one in versions]
            lists = _named(running, restraints)
            return Known((screening, rating, measure), lists, listed, ratings, restraints)

    def enter(self, known: Known) -> None:
        """Put what was prepared into force; between two batches."""
        self._known = known

    def close(self) -> None:
        """Close the people store."""
        if self._people is not None:
            self._people.close()

    def listed(self, payer: Column, payee: Column) -> Column:
        """See `Persons`."""
        keys = self.known.listed
        if keys is None:
            return Column.full(np.zeros(len(payer), np.bool_))
        if self._people is not None:
            keys.learn_parties(np.concatenate([parties_of(payer), parties_of(payee)]))
        table = keys.table
        return Column.full((table.of(payer) | table.of(payee)) != 0)

    def rating(self, customer: Column) -> Column:
        """See `Persons`."""
        grades = self.known.ratings.of(customer)
        return Column(grades, grades > 0)

    def whose(self, events: EventBatch) -> NDArray[np.void]:
        """Under whom each event counts that nobody looked at (`jinku.risk.decision.late`): in a house of custody the
        party, by whichever of its accounts."""
        keys = whose_movement(events)
        if self._people is None:
            return keys
        parties = parties_of(Column.full(keys))
        own = keys.copy()
        own["lo"], own["hi"] = parties, 0
        found: NDArray[np.void] = np.where(parties > 0, own, keys)
        return found

    def demanded(self, events: EventBatch) -> Bits:
        """See `Restraint`."""
        return self.known.restraints.demanded(events)

    def noted(self, events: EventBatch, decided: Decided) -> None:
        """See `Restraint`."""
        self.known.restraints.noted(events, decided)

    def refused(self, transfers: Sequence[int]) -> None:
        """See `Restraint`."""
        self.known.restraints.refused(transfers)

    def _screened(self, running: Running, cleared: Cleared, book: tuple[Subject, ...]) -> ListedKeys:
        return ListedKeys(running, cleared, book, self._people)

    def _rated(self, today: date) -> KeyTable:
        return KeyTable(self._ratings.grades(today), by_party=self._people is not None)


def _named(running: list[dict[str, object]], restraints: Restraints) -> bytes:
    if not running and not restraints.restrictions.places:
        return b""
    measures = restraints.restrictions.digest() if restraints.restrictions.places else ""
    return canonical_json({"lists": running, "measures": measures})
