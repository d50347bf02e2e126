"""A house whose risk desk cannot open: what there is can be read and reported, and no money moves."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from tests.risk.house.kit import Now, load_list, movements, opened

from jinku.bootstrap import House, open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.house_door import DoorShut
from jinku.bootstrap.risk_seals import adopt_screening
from jinku.cli.main import main
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Entry, ListedName
from jinku.risk.screening.names import Kind

PENS = {
    "a list": (
        "DELETE FROM screening_member",
        "version 1 of the list house has other entries than were loaded",
    ),
    "a list's version": (
        "DELETE FROM screening_version",
        "list house.1 is sealed in the log and no longer in the control data",
    ),
}


def spoilt(directory: Path, clock: Now, statement: str) -> None:
    with opened(directory, clock) as risk:
        load_list(risk, clock, "Somebody Listed")
        assert risk.refresh()
        risk.gate.create_transfers_array(movements(100, (3, 5, 10)))
        with risk.house.control.writing() as connection:
            connection.execute(text(statement))


def loaded_again(house: House, clock: Now) -> None:
    entry = Entry("house", "0", Kind.PERSON, (ListedName("Somebody Listed"),))
    loaded = Loaded((entry,), f"{1:064x}", "2026-11-20", "csv")
    ListDesk(house.control, house.ledger, clock).load(loaded, "house", by="officer-1")


def balances(house: House) -> int:
    return int(house.ledger.lookup_accounts([3])[0].debits_posted)


@pytest.mark.parametrize("what", PENS)
def test_custody_opens_reads_and_moves_nothing(tmp_path: Path, what: str) -> None:
    """K2: a fault in what risk decides by keeps nobody from reading the house; it is named, and money stands still."""
    statement, told = PENS[what]
    clock = Now()
    spoilt(tmp_path / "house", clock, statement)
    with open_house(tmp_path / "house", clock=clock) as house, Custody(house, clock) as custody:
        custody.recover()
        assert told in custody.risk_fault
        assert custody.risk is None
        with pytest.raises(DoorShut, match=told):
            house.ledger.create_transfers_array(movements(200, (3, 5, 10)))
        with pytest.raises(DoorShut, match=told):
            custody.by_hand.create_transfers_array(movements(300, (3, 5, 10)))
        with pytest.raises(DoorShut, match=told):
            custody.corridor(1, 156).rooms.decider.decide(np.zeros(1), 0)  # type: ignore[arg-type]
        assert balances(house) == 10
        assert custody.retention.plan(date(2026, 11, 22), "dpo-1").document["erase"] == []
        assert custody.breaks.cases() == []
        assert custody.days.books() == []
        house.publish()
        adopt_screening(house, clock, by="head-1", second="head-2")
    if what == "a list":
        with open_house(tmp_path / "house", clock=clock) as house:
            loaded_again(house, clock)
    with open_house(tmp_path / "house", clock=clock) as house, Custody(house, clock) as custody:
        custody.recover()
        assert custody.risk_fault == ""
        house.ledger.create_transfers_array(movements(400, (3, 5, 10)))
        assert balances(house) == 20


def test_a_journal_that_was_altered_leaves_custody_to_be_read(tmp_path: Path) -> None:
    """K2."""
    clock = Now()
    with opened(tmp_path / "house", clock) as risk:
        risk.gate.create_transfers_array(movements(100, (3, 5, 10)))
        [path] = (tmp_path / "house" / "risk" / "journal" / "records").iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with open_house(tmp_path / "house", clock=clock) as house, Custody(house, clock) as custody:
        custody.recover()
        assert "journal of decisions was altered" in custody.risk_fault
        with pytest.raises(DoorShut, match="altered"):
            house.ledger.create_transfers_array(movements(200, (3, 5, 10)))


def test_commands_of_custody_say_it_and_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """K2: the resolution pack, reports and reading are needed most when something is wrong."""
    spoilt(tmp_path / "house", Now(), PENS["a list"][0])
    assert main(["retention", "list", "--data", str(tmp_path / "house")]) == 0
    assert PENS["a list"][1] in capsys.readouterr().err
