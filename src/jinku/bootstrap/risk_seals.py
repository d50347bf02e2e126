"""Lists and clearances of a house, held against what its log seals.

Rules:

1. Where each seal of lists and clearances stands in the log is kept in ``risk-seals``; it is derived, and a house that
   opens reads of the log only what is new.
2. Who opens a house undoes what a process that ended in between left unsealed; nobody else may.
3. Whom a clearance is about is asked where screening asks: the book first, then the people store.

Example::

    lists, whitelist = screening_desks(house, time.time_ns, opening=True)
"""

from collections.abc import Callable

from jinku.base.clock import Clock
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_screened import subjects_of
from jinku.custody.errors import PartyUnknown
from jinku.custody.parties.people import PeopleStore
from jinku.ledger.sealed import LogSeals
from jinku.risk.screening.book import Book
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Subject
from jinku.risk.screening.sealing import CLEARANCE, LIST, TOPIC_LISTS, ScreeningActs
from jinku.risk.screening.whitelist import Whitelist

PEOPLE_FILE = "people.db"
SEALS_FILE = "risk-seals"


def screening_desks(house: House, clock: Clock, *, opening: bool = False) -> tuple[ListDesk, Whitelist]:
    """The desks of lists and clearances; `opening` where nobody else is at work yet (rule 2).

    Raises ScreeningAltered."""
    seals = LogSeals(house.ledger, (TOPIC_LISTS,), house.directory / SEALS_FILE)
    lists = ListDesk(house.control, house.ledger, clock, seals)
    whitelist = Whitelist(house.control, house.ledger, clock, seals)
    if opening:
        lists.resume()
        whitelist.resume()
    return lists, whitelist


def adopt_screening(house: House, clock: Clock, *, by: str, second: str) -> int:
    """Take lists and clearances of the control data as they stand, by two persons who looked; the number of the log's
    entry. Raises NotAsked."""
    lists, whitelist = screening_desks(house, clock)
    acts = ScreeningActs(house.control, house.ledger)
    with house.control.writing() as connection:
        number = acts.adopt(
            connection, {LIST: lists.stands(), CLEARANCE: whitelist.stands()}, by=by, second=second
        )
    return acts.seal(number)


def subjects_by_key(house: House) -> Callable[[str], Subject | None]:
    """Who is screened under a key today: in the book, or in a house of custody the party of that number or its
    representative."""
    book, file = Book(house.control), house.directory / PEOPLE_FILE

    def found(key: str) -> Subject | None:
        kept = book.subject(key)
        number = key.partition(".")[0]
        if kept is not None or not file.exists() or not (number.isascii() and number.isdigit()):
            return kept
        with PeopleStore.open(file) as people:
            try:
                person = people.party(int(number)).person
            except (PartyUnknown, OverflowError):
                return None
        return next((one for one in subjects_of(int(number), person) if one.key == key), None)

    return found
