"""What a house knows of the persons of a movement: who is listed, how customers are rated, what measures demand.

Rules:

1. `prepared` reads lists, clearances, the book, ratings and measures beside the running desk, of each only what changed
   since; `enter` puts what was read into force between two batches. What is in force does not change otherwise, but
   that `prepare` screens parties whom no movement was seen of yet.
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
from jinku.base.errors import JinkuError
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_found import Found, basis_of, read_found
from jinku.bootstrap.risk_keys import KeyTable, parties_of
from jinku.bootstrap.risk_restraints import Restraints
from jinku.bootstrap.risk_screened import ListedKeys
from jinku.bootstrap.risk_seals import screening_desks
from jinku.bootstrap.risk_settings import RISK_DIRECTORY
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.register import PartyRegister
from jinku.risk.acts.book import ActBook
from jinku.risk.cases.access import NeedToKnow
from jinku.risk.cases.measure_desk import MeasureDesk, MeasureParts
from jinku.risk.cases.table import Clockwork
from jinku.risk.decision.late import whose_movement
from jinku.risk.decision.model import Bits, Decided
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column
from jinku.risk.rating.desk import OVERRIDE, RUNS, RatingDesk, RatingParts
from jinku.risk.screening.book import Book
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Subject

PEOPLE_FILE = "people.db"
"""There in a house of custody: accounts are then their parties'."""
FOUND_FILE = "screened"
PREPARED_AT_ONCE = 500
"""Parties that are screened beside the deciding in one round."""


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
        self._subjects: dict[str, Subject] | None = None
        self._changes = 0
        self._ledger, self._found_file = house.ledger, house.directory / RISK_DIRECTORY / FOUND_FILE
        self._found: Found | None = None
        self._control = house.control
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
            self._read_changes()
            cleared = self._cleared.cleared()
            screening = (versions, self._changes, cleared, custody)
            rating = (self._acts.version(RUNS), self._acts.version(OVERRIDE), today, custody)
            measure = (self._measures.version(), today, custody)
            before = self._known
            if before is not None and before.state == (screening, rating, measure):
                return before
            listed = before.listed if before and before.state[0] == screening else None
            if listed is None and versions:
                found = self._found_among(self._lists.running())
                earlier = before.listed if before else None
                listed = ListedKeys(found, cleared, self._people, self._subjects or {}, earlier)
                found.save(self._found_file, self._ledger)
            ratings = before.ratings if before and before.state[1] == rating else self._rated(today)
            restraints = (
                before.restraints
                if before and before.state[2] == measure
                else Restraints(
                    self._measures.restrictions(today), by_party=custody, own_account=self._has_own_account
                )
            )
            running = [{"list": one.list, "version": one.version, "content": one.content} for one in versions]
            lists = _named(running, restraints)
            return Known((screening, rating, measure), lists, listed, ratings, restraints)

    def _has_own_account(self, party: int) -> bool:
        """Whether a party has bound a card, to which alone its withdrawals go."""
        if self._people is None:
            return False
        register = PartyRegister(self._control)
        try:
            with register.reading() as connection:
                return bool(register.cards(connection, party, bound=True))
        except JinkuError:  # not known: refused like any other movement
            return False

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

    def prepare(self, most: int = PREPARED_AT_ONCE) -> int:
        """Screen up to `most` parties that were not looked at yet, beside the deciding, and keep what was found over a
        restart; how many. Raises OSError, and what the stores and sealing raise."""
        with self._lock:
            listed = self._known.listed if self._known else None
            if listed is None:
                return 0
            done = listed.prepare_next(most)
            listed.found.save(self._found_file, self._ledger)
            return done

    def _read_changes(self) -> None:
        """Bring the book to where it stands: only who changed is read."""
        number = self._book.changes()
        if self._subjects is None:
            self._subjects = {one.key: one for one in self._book.subjects()}
        elif number != self._changes:
            subjects = dict(self._subjects)
            for key, one in self._book.since(self._changes).items():
                if one is None:
                    subjects.pop(key, None)
                else:
                    subjects[key] = one
            self._subjects = subjects
        self._changes = number

    def _found_among(self, running: Running) -> Found:
        """Results among these lists: those in memory, those that were kept, or none yet."""
        if self._found is None or self._found.running is not running:
            known = read_found(self._found_file, self._ledger, basis_of(running))
            self._found = Found(running, known)
        return self._found

    def _rated(self, today: date) -> KeyTable:
        return KeyTable(self._ratings.grades(today), by_party=self._people is not None)


def _named(running: list[dict[str, object]], restraints: Restraints) -> bytes:
    if not running and not restraints.restrictions.places:
        return b""
    measures = restraints.restrictions.digest() if restraints.restrictions.places else ""
    return canonical_json({"lists": running, "measures": measures})
