"""Risk that was once switched on is not switched off by losing a file, nor by one person."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.risk.house.kit import SETTINGS, Now, movements, opened

from jinku.base.errors import JinkuError
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.house_door import DoorShut
from jinku.bootstrap.risk_desks import FOLDS
from jinku.bootstrap.risk_settings import RiskSettings
from jinku.bootstrap.risk_switch import ASIDE, RiskSwitch, RiskSwitchRefused, RiskWeakened, weaker
from jinku.cli.main import main
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.acts.book import ActBook

CREATED = [int(CreateTransferStatus.CREATED)]


def pays(directory: Path, first: int) -> list[int]:
    """What becomes of a transfer in a house that is opened without any desk."""
    with open_house(directory, clock=Now()) as house, Custody(house) as custody:
        custody.recover()
        found: list[int] = house.ledger.create_transfers_array(movements(first, (1, 2, 3)))["status"].tolist()
        return found


def test_a_missing_file_stops_money_until_two_persons_switch_risk_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K1: without risk.toml nothing moves in a house that decided once; the way out is named, sealed, and of two."""
    directory, clock = tmp_path / "house", Now()

    def ask(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main(["risk", "switch", *words, "--data", str(directory), "--json"]) == code
        told = capsys.readouterr()
        return json.loads(told.err if code else told.out)

    with opened(directory, clock) as risk:
        assert risk.gate.create_transfers_array(movements(1, (1, 2, 3)))["status"].tolist() == CREATED
    settings = (directory / "risk.toml").read_text()
    (directory / "risk.toml").unlink()
    with pytest.raises(DoorShut, match="no money moves"):
        pays(directory, 10)
    assert ask("off", "--by", "head-1", "--reason", "the platform closes")["state"] == "proposed"
    with pytest.raises(DoorShut):
        pays(directory, 11)
    ask("off", "--by", "HEAD-1", "--reason", "again", code=1)
    (directory / "risk.toml").write_text(settings)
    assert ask("off", "--by", "head-2", "--reason", "agreed")["state"] == "off"
    assert (directory / ASIDE).exists()
    assert pays(directory, 12) == CREATED
    told = ask("show")
    assert [one["act"] for one in told["acts"]] == ["on", "propose_off", "off"]
    with open_house(directory, clock=clock) as house:
        assert ActBook(house.control, house.ledger, clock).seals.audit(FOLDS) == 3
        RiskSwitch(directory, house.control, house.ledger, clock)
        with house.control.writing() as connection:
            connection.execute(
                text("UPDATE risk_act SET \"by\" = 'head-3' WHERE kind = 'switch' AND number = 3")
            )
    with pytest.raises(DoorShut):
        pays(directory, 13)


def test_a_lost_record_counts_as_on(tmp_path: Path) -> None:
    """K1: where the control data lost the record, the journal of decisions still says that the house decides."""
    directory, clock = tmp_path / "house", Now()
    with opened(directory, clock) as risk:
        risk.gate.create_transfers_array(movements(1, (1, 2, 3)))
    (directory / "risk.toml").unlink()
    with open_house(directory, clock=clock) as house, house.control.writing() as connection:
        for table in ("risk_act", "risk_history"):
            connection.execute(text(f"DELETE FROM {table}"))
    with pytest.raises(DoorShut, match="is gone"):
        pays(directory, 10)


def test_an_emptied_file_does_not_weaken(tmp_path: Path) -> None:
    """K1: settings that look at less than those recorded are refused until two persons accept them."""
    directory, clock = tmp_path / "house", Now()
    (directory / "risk").mkdir(parents=True)
    (directory / "risk" / "rules.toml").write_text('name = "none"\nrule = []\n')
    strong = SETTINGS + 'rules = "payments"\n'
    try:
        with opened(directory, clock, strong):
            pass
    except JinkuError:
        pytest.fail("the house does not open")
    (directory / "risk.toml").write_text("")
    with pytest.raises(RiskWeakened, match="rules"), opened(directory, clock):
        pass
    with open_house(directory, clock=clock) as house:
        switch = RiskSwitch(directory, house.control, house.ledger, clock)
        assert not switch.accept(by="head-1", reason="no rules any more")
        with pytest.raises(RiskSwitchRefused):
            switch.accept(by="head-1", reason="no rules any more")
        assert switch.accept(by="head-2", reason="agreed")
    with opened(directory, clock):
        pass


def test_what_is_weaker() -> None:
    """K1: fewer rules, no model, local ones for published ones, a milder action; not what looks at more."""
    names = RiskSettings.__dataclass_fields__

    def told(**more: str) -> dict[str, str]:
        made = RiskSettings(**more)
        return {name: getattr(made, name) for name in names}

    assert weaker({}, told()) == []
    assert weaker(told(rules="published"), told(rules="rules.toml")) == ["rules"]
    assert weaker(told(rules="rules.toml"), told(rules="published")) == []
    assert weaker(told(model="registry"), told()) == ["model"]
    assert weaker(told(model="registry", model_action="hold"), told(model="registry")) == ["model_action"]
    assert weaker(told(policy="own.toml"), told()) == ["policy"]
