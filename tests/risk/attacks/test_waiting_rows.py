"""Somebody with the control database in hand who wants one person's small transfer to carry a large one with it."""

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.risk.house.kit import RULES, SETTINGS, Now, movements, opened

from jinku.base.database import Database
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.ledger.model import TransferFlags
from jinku.risk.decision.errors import WaitingAltered


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A house in which 100 and 101 wait as one chain, 102 and 200 alone."""
    house = tmp_path / "house"
    (house / "risk").mkdir(parents=True)
    (house / "risk" / "rules.toml").write_text(RULES.format(most=5))
    with opened(house, Now(), SETTINGS + 'rules = "rules.toml"\n') as risk:
        rows = movements(100, (3, 5, 10), (4, 5, 10), (6, 5, 900))
        rows["flags"][0] = TransferFlags.LINKED
        for batch in (rows, movements(200, (7, 5, 50))):
            statuses = risk.gate.create_transfers_array(batch)["status"]
            assert (statuses == DecidedStatus.RISK_HELD).all()
    with opened(house, Now()) as risk:
        assert sorted(one.id for one in risk.waiting.still()) == [100, 101, 102, 200]
    return house


def key(number: int) -> str:
    """An id as the control data has it."""
    return f"{number:032x}"


PENS = {
    "another head": (f"SET head = '{key(100)}' WHERE id = '{key(102)}'", "another chain than that of 100"),
    "a head of nobody": (f"SET head = '{key(9)}' WHERE id <> '{key(200)}'", "another chain than that of 9"),
    "a chain torn": (f"SET head = '{key(101)}' WHERE id = '{key(101)}'", "another chain than that of 101"),
    "another record": (f"SET record = 0, row = 2 WHERE id = '{key(200)}'", "is about another transfer"),
    "a record that is not there": (f"SET record = 99 WHERE id = '{key(200)}'", "record 99 decides nothing"),
    "another amount": (f"SET amount = '1' WHERE id = '{key(102)}'", "has another amount"),
}


@pytest.mark.parametrize("what", PENS)
def test_what_waits_is_held_against_the_chain_in_the_journal(directory: Path, what: str) -> None:
    """K2: a row that was changed is named when the house opens, before anybody releases anything."""
    statement, told = PENS[what]
    with Database.open(directory / "control.db") as database, database.writing() as connection:
        assert connection.execute(text(f"UPDATE risk_waiting {statement}")).rowcount > 0
    with pytest.raises(WaitingAltered, match=told), opened(directory, Now()):
        pass
