"""What typologies, screening, indicators and limits find becomes alerts, and large values duties, over a real house."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.risk.house.kit import RULES, SETTINGS, Now, desks_of, load_list, moved, opened

from jinku.base.clock import from_rfc3339
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.risk_desks import open_desks
from jinku.bootstrap.risk_measuring import measured
from jinku.bootstrap.risk_raising import large_value_duties
from jinku.cli.main import main
from jinku.custody.closing.days import Books
from jinku.custody.closing.settings import CloseSettings
from jinku.risk.cases.ladder import Limits, Rung
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.operational.duties import DutyOffice
from jinku.risk.operational.losses import Loss, LossDesk
from jinku.risk.operational.table import DUTIES, LossType
from jinku.risk.reports.large import large_values, read_movements

TODAY = date(2026, 11, 20)
Answer = Callable[..., Any]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A house in which a movement was held."""
    directory, clock = tmp_path / "house", Now()
    (directory / "risk").mkdir(parents=True)
    (directory / "risk" / "rules.toml").write_text(RULES.format(most=1_000))
    with opened(directory, clock, SETTINGS + 'rules = "rules.toml"\n') as risk:
        desks_of(risk, clock)
        moved(risk, 100, (1, 2, 5_000), (3, 4, 10))
    return directory


@pytest.fixture
def answer(directory: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """The JSON that a command answers."""

    def ask(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*words, "--data", str(directory), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return ask


def alerts(answer: Answer) -> dict[str, Any]:
    return {one["typology"]: one for one in answer("risk", "alerts", "list", "--by", "aml-1")}


def test_decisions_are_fed_by_a_command(answer: Answer) -> None:
    """K7: where no server runs, a command hands decisions over, once."""
    assert answer("risk", "alerts", "feed") == {"alerts": 1}
    assert answer("risk", "alerts", "feed") == {"alerts": 0}
    assert set(alerts(answer)) == {"large"}


def test_typologies_are_raised_once_with_their_evidence(answer: Answer, tmp_path: Path) -> None:
    """K7: findings of a period become alerts; the same period again raises nothing new."""
    moves = tmp_path / "moves.csv"
    lines = ["id,time,payer,payee,amount"]
    for number in range(40):
        at = datetime(2026, 11, 18, 2, tzinfo=UTC) + timedelta(minutes=7 * number)
        lines.append(f"{number + 1},{at.isoformat()},{500 + number},77,{4_800_000 + number}")
    for number in range(4):
        at = datetime(2026, 11, 18, 7, tzinfo=UTC) + timedelta(minutes=number)
        lines.append(f"{900 + number},{at.isoformat()},77,{700 + number},47000000")
    moves.write_text("\n".join(lines) + "\n")
    words = ("risk", "typologies", "--from", "2026-11-17", "--to", "2026-11-19", "--transactions", str(moves))
    plain = answer(*words)
    assert plain["findings"]
    assert alerts(answer) == {}
    answer(*words, "--raise")
    found = alerts(answer)
    assert {one["typology"] for one in plain["findings"]} == set(found)
    answer(*words, "--raise")
    assert alerts(answer) == found
    [one] = [one for one in found.values() if one["subject"] == "77"][:1]
    hits = answer("risk", "alerts", "show", str(one["id"]), "--by", "aml-1")["hits"]
    assert len(hits[0]["evidence"]) > 3


def test_a_hit_of_the_book_with_its_past_is_an_alert(answer: Answer, directory: Path, tmp_path: Path) -> None:
    """K5: a look back's finding is raised once, for the customer whom the chain leads to."""
    clock = Now()
    clock.ns += 10**12
    with opened(directory, clock) as risk:
        load_list(risk, clock, "Arkady Voronov")
    book, past = tmp_path / "book.csv", tmp_path / "past.csv"
    book.write_text(
        "key,name,kind,of,role\n3,Honest Trade,organization,,\no-1,Arkady Voronov,person,3,owner\n"
    )
    past.write_text("id,time,customer,counterparty\n101,1795176000000000000,3,4\n")
    answer("screen", "book", "put", str(book))
    for _ in range(2):
        answer("screen", "book", "screen", "--movements", str(past), "--raise")
        [(typology, one)] = alerts(answer).items()
        assert (typology, one["subject"], one["seen"]) == ("list_hit", "3", 1)
    [hit] = answer("risk", "alerts", "show", str(one["id"]), "--by", "aml-1")["hits"]
    assert len(hit["evidence"]) == 2
    assert hit["source"] == "screening"


def test_the_house_measures_itself(answer: Answer, directory: Path) -> None:
    """K10: indicators come from the running house; a red one is an alert of the institution, once an observation."""
    clock = Now()
    clock.ns += 10**12
    with opened(directory, clock) as risk:
        desks = open_desks(risk.house, clock)
        now = datetime.now(UTC).date()
        loss = Loss(LossType.EXTERNAL_FRAUD, "payments", 156, now, now, 200_000_00)
        LossDesk(desks.book, lambda: now).report(loss, "cards", by="aml-1")
        load_list(risk, clock, "Somebody")
        wish = Wish(3, Rung.HOLD, "many deposits", Limits(), "a word did nothing")
        key = desks.measures.approve(desks.measures.propose(wish, "aml-1").key, "head-1").key
        desks.measures.object(key, "aml-1", TODAY, "why me")
    answer("risk", "alerts", "feed")
    shown = answer("risk", "kri", "measure", "--raise", code=1)
    assert shown["loss_90_days"] == {"value": "20000000", "colour": "red"}
    assert shown["alerts_waiting"] == {"value": "1", "colour": "green"}
    assert {"breaks_open", "breaks_old", "decisions_late", "decisions_failed", "list_age_days"} <= set(shown)
    assert "drill_age_days" not in shown, "no drill is no drill of today"
    assert "days_unclosed" not in shown, "nobody closes days here"
    assert {"large", "kri_loss_90_days"} <= set(alerts(answer))
    later = clock.ns + 16 * 86_400 * 10**9
    with open_house(directory, clock=lambda: later) as house, Custody(house, lambda: later) as custody:
        found = measured(custody)
        assert (found["objections_overdue"], found["list_age_days"]) == (1, 16)
        assert found["alerts_waiting"] >= 2


def test_business_days_that_are_not_closed_are_counted(directory: Path) -> None:
    """K12: from the cut-off on a day counts until it is closed; a weekend is none."""
    clock = Now()
    now = clock()
    with open_house(directory, clock=lambda: now) as house, Custody(house, lambda: now) as custody:
        settings = CloseSettings("CN", "Asia/Shanghai", "16:00", "CN")
        custody.days.begin(Books(1, 156), settings, date(2026, 11, 18), by="clerk-1")
        for moment, wanted in (
            ("18T07:59", 0),
            ("18T08:01", 1),
            ("20T08:01", 3),
            ("22T20:00", 3),
            ("23T08:01", 4),
        ):
            now = from_rfc3339(f"2026-11-{moment}:00Z")
            assert measured(custody)["days_unclosed"] == wanted, moment


def test_a_large_value_starts_a_duty_once(directory: Path, tmp_path: Path) -> None:
    """K3: a customer's day that reaches a threshold is a duty to report, due in five business days."""
    path = tmp_path / "moved.csv"
    head = "reference,customer,customer_kind,day,direction,way,cross_border,currency,amount\n"
    path.write_text(head + "r-1,c-1,natural,2026-11-20,out,cash,false,CNY,6000000\n")
    with open_house(directory) as house:
        book = open_desks(house, Now()).book
        office = DutyOffice(book, DUTIES, TODAY, lambda: TODAY)
        lines = large_values(read_movements(path), [])
        assert [large_value_duties(office, lines), large_value_duties(office, lines)] == [1, 1]
        [duty] = [one for one in office.agenda(TODAY) if one.row.name == "large_value_report"]
        assert (duty.started, duty.due) == (TODAY, date(2026, 11, 27))
