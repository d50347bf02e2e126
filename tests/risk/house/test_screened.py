"""What screening found is kept over restarts, bound to its inputs; only what changed is read and searched again."""

from pathlib import Path

import pytest
from tests.custody.parties.office import person
from tests.risk.house.kit import SETTINGS, Now, load_list, moved, opened

from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_found import SAVED_FROM, basis_of, read_found
from jinku.custody.parties.people import Party, PeopleStore
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Role
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.screening.book import Book
from jinku.risk.screening.index import Index
from jinku.risk.screening.model import Subject
from jinku.risk.screening.names import Kind

CREATED, HELD = CreateTransferStatus.CREATED, DecidedStatus.RISK_HELD
NAME = "Arkady Voronov"
MANY = SAVED_FROM + 20


class Searches:
    """Counts whom the index was asked about."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        search = Index.search

        def counted(index: Index, subject: Subject, *more: object) -> object:
            self.keys.append(subject.key)
            return search(index, subject, *more)

        patch.setattr(Index, "search", counted)

    def taken(self) -> list[str]:
        found, self.keys = self.keys, []
        return found


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(monkeypatch)


def book_of(risk: Risk, **names: str) -> None:
    Book(risk.house.control).put([Subject(key, (name,), Kind.PERSON) for key, name in names.items()])


def test_opening_searches_only_what_is_new(tmp_path: Path, searches: Searches) -> None:
    """K5: results are kept by the digest of the subject and of the lists; another list or name is searched again."""
    clock, place = Now(), tmp_path / "house"
    with opened(place, clock) as risk:
        names = {str(number): f"Plain Person {number}" for number in range(100, 100 + MANY)}
        book_of(risk, **names, **{"3": NAME})
        load_list(risk, clock, NAME)
        assert risk.refresh()
        assert len(searches.taken()) == MANY + 1
        assert moved(risk, 1, (3, 5, 10), (5, 6, 10)) == [HELD, CREATED]
    with opened(place, clock) as risk:
        assert searches.taken() == []
        assert moved(risk, 10, (3, 5, 10), (5, 6, 10)) == [HELD, CREATED]
        book_of(risk, **{"5": NAME.upper(), "100": "Plain Person 101"})
        assert risk.refresh()
        assert searches.taken() == ["5"], "the other one's new name is known already"
        assert moved(risk, 20, (5, 6, 10)) == [HELD]
        load_list(risk, clock, NAME, "Somebody Else")
        assert risk.refresh()
        assert len(searches.taken()) == MANY + 2 - 1  # one name stands twice


def test_results_changed_with_a_pen_count_as_none(tmp_path: Path, searches: Searches) -> None:
    """K5: what is not as the log seals it is searched again, so nobody's hit can be taken away in the file."""
    clock, place = Now(), tmp_path / "house"
    with opened(place, clock) as risk:
        names = {str(number): f"Plain Person {number}" for number in range(100, 100 + MANY)}
        book_of(risk, **names, **{"3": NAME})
        load_list(risk, clock, NAME)
        assert risk.refresh()
        file, running = place / "risk" / "screened", risk.persons.known.listed.found.running  # type: ignore[union-attr]
        basis = basis_of(running)
        assert len(read_found(file, risk.house.ledger, basis)) == MANY + 1
        assert read_found(file, risk.house.ledger, "0" * 64) == {}
    searches.taken()
    whole = file.read_bytes()
    [hit] = [one for one in whole.split(b'"') if len(one) == 64 and b'"' + one + b'":[[' in whole]
    thief = whole.replace(b'"clean":[', b'"clean":["' + hit + b'",').replace(
        b'"' + hit + b'":[[', b'"' + b"0" * 64 + b'":[['
    )
    assert thief != whole
    for changed in (thief, whole[:-1], b"", (10**6).to_bytes(8, "little") + whole[8:]):
        file.write_bytes(changed)
        with opened(place, clock) as risk:
            assert len(searches.taken()) == MANY + 1
            assert moved(risk, 1_000 + clock.ns % 10**9, (3, 5, 10)) == [HELD]


def test_the_book_is_read_whole_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K5: afterwards only who was put, changed or removed; a second is not the price of ten thousand."""
    clock = Now()
    with opened(tmp_path / "house", clock) as risk:
        book_of(risk, **{"3": NAME, "4": "Boris Salnikov"})
        load_list(risk, clock, NAME, "Salnikov Boris")
        assert risk.refresh()
        assert moved(risk, 10, (3, 5, 10), (4, 5, 10)) == [HELD, HELD]

        def never(_: Book) -> list[Subject]:
            raise AssertionError

        monkeypatch.setattr(Book, "subjects", never)
        assert not risk.refresh()
        book = Book(risk.house.control)
        before = book.changes()
        assert book.remove("3")
        book.put([Subject("owner", (NAME,), Kind.PERSON, of="6", role="owner")])
        assert set(book.since(before)) == {"3", "owner"}
        assert book.since(before)["3"] is None
        assert risk.refresh()
        assert moved(risk, 20, (3, 5, 10), (4, 5, 10), (6, 5, 10)) == [CREATED, HELD, HELD]


def test_parties_are_screened_beside_the_deciding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, searches: Searches
) -> None:
    """K5: whoever was not looked at when lists took force is, before a movement of theirs has to wait for it."""
    clock, place = Now(), tmp_path / "house"
    place.mkdir()
    accounts = [Chart(1, 156).party_account(Role.INVESTOR, party) for party in (1, 2, 3)]
    with PeopleStore.open(place / "people.db") as people:
        people.register([Party(number, Role.INVESTOR, person(number)) for number in (1, 2)])
    monkeypatch.setattr("jinku.bootstrap.risk_screened.EAGER_MAX", 1)
    with opened(place, clock, SETTINGS, accounts=accounts) as risk:
        load_list(risk, clock, NAME)
        assert risk.refresh()
        with PeopleStore.open(place / "people.db") as people:
            people.register([Party(3, Role.INVESTOR, person(3, name=NAME))])
        searches.taken()
        assert risk.persons.prepare(1) == 1
        assert risk.persons.prepare(5) == 1
        assert risk.persons.prepare(5) == 0
        assert len(searches.taken()) >= 1
        assert moved(risk, 10, (accounts[0], accounts[1], 5), (accounts[2], accounts[0], 5))[1] == HELD
        assert searches.taken() == []
