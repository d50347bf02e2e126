"""A thief who is alone and writes his id with other capitals: no room takes him for a second person."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.custody.breaks.parts import DAY, Ticks, a_break, desk_on, house
from tests.custody.channel.rig import make_rig
from tests.custody.parties.office import WHY, Scene, Time, application

from jinku.base.database import Database
from jinku.base.persons import same_person
from jinku.custody.agreements.accounts import ChartNames
from jinku.custody.agreements.errors import FourEyes
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.breaks.errors import SecondPerson
from jinku.custody.breaks.table import Cause
from jinku.custody.channel.errors import SamePerson
from jinku.custody.parties.errors import TwoPersons
from jinku.custody.parties.model import Action
from jinku.custody.parties.people import PeopleStore
from jinku.custody.retention.errors import RetentionSecondPerson
from jinku.custody.retention.office import OfficeParts, RetentionOffice
from jinku.custody.structure.book import StructureBook
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.errors import StructureRefused
from jinku.custody.structure.template import template_text
from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with house(tmp_path / "ledger") as opened:
        yield opened


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "control.db") as opened:
        yield opened


def test_capitals_make_nobody_another_person() -> None:
    """R18: persons are the same whatever the case of their ids."""
    assert same_person("anna", "boris", "ANNA")
    assert not same_person("anna", "anna-2", "boris")
    assert not same_person("anna")


def test_a_payout_is_not_approved_by_its_maker_in_capitals(tmp_path: Path) -> None:
    """R5: nothing goes to the bank on one person's word."""
    rig = make_rig(tmp_path, tmp_path, 1)
    rig.desk.instruct(rig.requests(), by="anna")
    with pytest.raises(SamePerson):
        rig.desk.approve([rig.withdrawals[0].id], by="Anna")
    rig.desk.approve([rig.withdrawals[0].id], by="boris")
    rig.house.close()


def test_a_write_off_is_not_approved_by_its_proposer_in_capitals(ledger: Ledger, database: Database) -> None:
    """R12: an end of a break has two persons."""
    desk, found = desk_on(database, ledger), a_break("a")
    desk.take_up(DAY, [found])
    desk.assign(found.break_id, "clerk", by="lead")
    desk.propose_close(found.break_id, "clerk", next(iter(Cause)), "explained")
    with pytest.raises(SecondPerson):
        desk.approve(found.break_id, "CLERK", DAY)


def test_an_agreement_is_not_approved_by_its_author_in_capitals(ledger: Ledger, tmp_path: Path) -> None:
    """R18: four eyes on every agreement."""
    with AgreementStore(tmp_path / "agreements.sqlite") as store:
        office = AgreementOffice(ledger, store, ChartNames(Chart(1, 156)), clock=Ticks())
        program = "send [CNY/2 1] (\n  source = @investor:7\n  destination = @fee_income\n)"
        office.propose("gift", program, author="clerk")
        with pytest.raises(FourEyes):
            office.approve("gift", 1, "Clerk")
        with pytest.raises(FourEyes):
            office.reject("gift", 1, "Clerk", "no")


def test_a_structure_is_not_confirmed_by_its_proposer_in_capitals(ledger: Ledger, database: Database) -> None:
    """R1: whose money is whose is decided by two persons."""
    book = StructureBook(database, ledger, Ticks())
    asked = book.propose(3, template_text("uk-safeguarding"), by="maker")
    with pytest.raises(StructureRefused, match="cannot confirm"):
        book.confirm(asked.id, by="MAKER")


def test_a_hold_is_not_lifted_nor_a_purge_confirmed_in_capitals(ledger: Ledger, database: Database) -> None:
    """R20: what is destroyed, and what a hold keeps, is decided by two persons."""
    office = RetentionOffice(OfficeParts(database, ledger, Ticks(), "UK"), ())
    hold = office.hold({"kind": "statement file"}, "a case", by="counsel")
    with pytest.raises(RetentionSecondPerson):
        office.lift(hold.number, by="Counsel")
    plan = office.plan(DAY, by="dpo")
    with pytest.raises(RetentionSecondPerson):
        office.execute(plan.number, by="DPO")


def test_a_party_is_not_opened_by_one_person_in_capitals(tmp_path: Path) -> None:
    """R17: maker and checker are two persons."""
    clock = Time()
    with (
        open_journal(tmp_path / "ledger", clock=clock) as ledger,
        Database.open(tmp_path / "control.db") as database,
        PeopleStore.open(tmp_path / "people.db") as people,
    ):
        scene = Scene(ledger, database, people, clock)
        scene.desk.open_entity()
        number = scene.office.apply(application(), by="clerk").number
        change = scene.office.propose(number, Action.OPEN, WHY, by="maker")
        with pytest.raises(TwoPersons):
            scene.office.confirm(change.id, by="Maker")
        with pytest.raises(TwoPersons):
            scene.office.reject(change.id, by="mAker", reason="no")
