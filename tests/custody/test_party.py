"""Parties: the ledger learns a commitment only, and erasing a person leaves nothing to find."""

import stat
from pathlib import Path

import pytest

from jinku.custody.errors import PartyExists, PartyUnknown
from jinku.custody.parties.people import COMMITMENT_BYTES, Party, PeopleStore, Person
from jinku.custody.structure.table import Role

PERSON = Person(
    "演示甲", "Yanshi Jia", "resident_id", "990100199003070124", "9999990000000000017", "10000000001"
)


def party(number: int, person: Person = PERSON) -> Party:
    return Party(number, Role.INVESTOR, person)


def test_the_commitment_opens_with_record_and_salt_only(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        [opening] = people.register([party(7)])
        kept, salt = people.opening(7)
    assert kept == party(7)
    whole = kept.commitment(salt)
    assert int.from_bytes(whole[:COMMITMENT_BYTES], "little") == opening.commitment
    assert kept.opens(whole, salt)
    assert not party(8).opens(whole, salt)
    assert not kept.opens(whole, bytes(32))
    changed = Party(7, Role.BORROWER, PERSON)
    assert not changed.opens(whole, salt)


def test_the_same_person_twice_gives_unlinkable_commitments(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        first, second = people.register([party(1), party(2)])
        assert people.numbers() == [1, 2]
        assert people.opening(1)[1] != people.opening(2)[1]
    assert first.commitment != second.commitment


def test_erasing_leaves_no_byte_of_person_or_salt_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    other = Person(
        "演示乙", "Yanshi Yi", "resident_id", "990100198001010021", "9999990000000000025", "10000000002"
    )
    with PeopleStore.open(path) as people:
        people.register([party(7), party(8, other)])
        salt = people.opening(7)[1]
        traces = [PERSON.name.encode(), PERSON.identifier.encode(), PERSON.card.encode(), salt]
        before = path.read_bytes()
        assert all(trace in before for trace in traces)
        people.erase(7)
        after = path.read_bytes()
        assert not any(trace in after for trace in traces)
        assert people.party(8).person == other
        with pytest.raises(PartyUnknown):
            people.party(7)
        with pytest.raises(PartyUnknown):
            people.erase(7)


def test_registering_is_all_or_nothing(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.register([party(1)])
        with pytest.raises(PartyExists):
            people.register([party(2), party(1)])
        assert people.numbers() == [1]


def test_people_survive_reopening_and_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with PeopleStore.open(path) as people:
        people.register([party(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with PeopleStore.open(path) as people:
        assert people.party(1) == party(1)


def test_no_message_and_no_repr_names_the_person(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.register([party(1)])
        with pytest.raises(PartyExists) as caught:
            people.register([party(1)])
    shown = str(caught.value) + repr(party(1))
    assert not any(secret in shown for secret in (PERSON.name, PERSON.identifier, PERSON.card, PERSON.phone))
