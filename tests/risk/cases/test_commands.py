"""`jinku risk alerts|case|measure|report|rating` from the outside: a day by commands alone, answers and exit codes."""

import json
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.risk.cases.kit import alert
from tests.risk.reports.parts import INSTITUTION, PEOPLE, SCHEMA, STR

from jinku.bootstrap import open_house
from jinku.cli.main import main


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with alerts raised by nobody yet."""
    with open_house(tmp_path / "house"):
        pass
    return tmp_path / "house"


class Desk:
    """Runs commands on a house."""

    def __init__(self, capsys: pytest.CaptureFixture[str], house: Path) -> None:
        self._capsys, self._house = capsys, house

    def __call__(self, line: str, *more: str, code: int = 0, data: bool = True) -> Any:
        words = [*line.split(), *more, *(("--data", str(self._house)) if data else ()), "--json"]
        found = main(["risk", *words])
        out, err = self._capsys.readouterr()
        assert found == code, (words, out, err)
        return json.loads(out or err)

    def table(self, line: str) -> str:
        assert main(["risk", *line.split(), "--data", str(self._house)]) in (0, 1)
        return self._capsys.readouterr().out


def plain(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def people_file() -> str:
    kinds = {"Person": "person", "Company": "company", "Account": "account"}
    found = {}
    for name, one in PEOPLE.parties.items():
        values = {key: value for key, value in asdict(one).items() if value is not None}
        found[name] = {"type": kinds[type(one).__name__], **_bare(values)}
    return plain(found)


def _bare(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _bare(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }


def test_a_day_of_an_officer_by_commands(
    capsys: pytest.CaptureFixture[str], house: Path, tmp_path: Path
) -> None:
    """K7: from an alert to a receipt."""
    run = Desk(capsys, house)
    for who, role, by in (
        ("head-1", "approver", "founder"), ("head-2", "approver", "founder"), ("aml-1", "analyst", "head-1"),
    ):  # fmt: skip
        run(f"case admit {who} --role {role} --by {by} --text hello")
    (tmp_path / "alerts.json").write_text(plain([alert("a").document(), alert("b", subject=78).document()]))
    assert run(f"alerts raise {tmp_path / 'alerts.json'}") == {"new": [1, 2], "joined": [], "known": 0}
    assert run("alerts list --by clerk-9", code=1)["error"]["code"] == "not_found"
    assert [one["id"] for one in run("alerts list --by aml-1")] == [1, 2]
    assert "structuring" in run.table("alerts list --by aml-1")
    assert run("alerts show 1 --by aml-1")["hits"][0]["key"] == "a"
    run("alerts tell")
    run("case open --alert 1 --by aml-1 --text seen")
    run("case join 1 --alert 2 --by aml-1")
    run("case assign 1 --owner aml-1 --by aml-1")
    run("case investigate 1 --by aml-1")
    run("case note 1 --by aml-1", "--text", "says it is wages")
    (tmp_path / "paper.pdf").write_bytes(b"paper")
    run(f"case evidence 1 --file {tmp_path / 'paper.pdf'} --reference paper/1 --by aml-1")
    (tmp_path / "moves.csv").write_text("payer,payee,amount,currency\n77,78,500,CNY\n78,79,400,CNY\n")
    drawing = tmp_path / "case.svg"
    graph = run(f"case graph 1 --movements {tmp_path / 'moves.csv'} --svg {drawing} --by aml-1")
    assert (len(graph["edges"]), drawing.stat().st_mode & 0o777) == (2, 0o600)
    run("case propose 1 --outcome report --by aml-1", "--text", "structured cash")
    assert run("case approve 1 --by aml-1", code=1)["error"]["code"] == "not_your_part"
    assert run("case approve 1 --by head-1")["state"] == "approved"
    rows = [
        f"{one.reference},{one.day},{one.payer},{one.payee},{one.amount},{one.currency},{one.way}"
        for one in STR.movements
        if one.currency == "CNY"
    ]
    (tmp_path / "moved.csv").write_text("\n".join(["reference,day,payer,payee,amount,currency,way", *rows]))
    draft = run(f"report draft --case 1 --movements {tmp_path / 'moved.csv'} --language en --by aml-1")
    assert "structured cash" in draft["content"]["narrative"]
    run("report approve 1 --by head-2")
    (tmp_path / "people.json").write_text(people_file())
    (tmp_path / "us.json").write_text(plain(_bare(asdict(INSTITUTION))))
    files = f"--people {tmp_path / 'people.json'} --institution {tmp_path / 'us.json'} --out {tmp_path / 'str.xml'}"
    schema = f"--schema {SCHEMA}" if SCHEMA.exists() else ""
    made = run(f"report export 1 --format goaml {files} {schema} --by head-2")
    assert run(f"report check {tmp_path / 'str.xml'} --format goaml {schema}", data=False)["valid"]
    run(f"report submit 1 --file-sha256 {made['file_sha256']} --by head-2")
    assert run("case close 1 --made 1 --by aml-1")["state"] == "closed"
    assert run("report acknowledge 1 --receipt FIU/1 --by aml-1")["state"] == "acknowledged"
    assert "acknowledged" in run.table("report list --by head-1")
    shown = run("case show 1 --by aml-1")
    assert [one["overdue"] for one in shown["clocks"]] == [False] * 4
    assert "structured cash" in run.table("case show 1 --by aml-1")
    assert run("case verify")["verified"]
    asked = run("case ask --subject 77 --authority PBOC/1 --by head-1")["inquiry"]
    run(f"case hand-over {asked} --out {tmp_path / 'all.zip'} --by head-2")
    assert (tmp_path / "all.zip").stat().st_mode & 0o777 == 0o600


def test_measures_and_objections_by_commands(capsys: pytest.CaptureFixture[str], house: Path) -> None:
    """K8."""
    run = Desk(capsys, house)
    for who in ("head-1", "head-2"):
        run(f"case admit {who} --role approver --by founder --text hello")
    run("case admit aml-1 --role analyst --by head-1 --text hello")
    limits = "--rung limit_amount --amount 5000000 --currency CNY --days 1"
    run(f"measure propose --customer 77 {limits} --text many --milder asked --by aml-1")
    assert run("measure approve 1 --by head-1")["state"] == "in_force"
    run("measure object 1 --text shop --by aml-1")
    assert [one["reminders"] for one in run("measure objections --by head-1")] == [0]
    changed = run(
        f"measure answer 1 --objection 1 --verdict change --text more --by head-2 {limits[20:].replace('5000000', '9')}"
    )
    assert changed["limits"]["amount"] == "9"
    run("measure propose-lift 1 --text quiet --by aml-1")
    assert run("measure lift 1 --by head-1")["state"] == "lifted"
    assert run("measure stop --customer 78 --text list --by aml-1")["state"] == "at_once"
    assert [one["customer"] for one in run("measure list --by head-1")] == ["78"]
    assert "limit_amount" in run.table("measure show 1 --by head-1")
    assert "15 days" in run("measure show 1 --by head-1")["customer_is_told"]["en"]
    assert (
        run("measure propose --customer 7 --rung jail --text x --by aml-1", code=2)["error"]["code"]
        == "bad_input"
    )


def test_large_values_and_ratings_by_commands(
    capsys: pytest.CaptureFixture[str], house: Path, tmp_path: Path
) -> None:
    """K3, K6."""
    run = Desk(capsys, house)
    path = tmp_path / "m.csv"
    head = "reference,customer,customer_kind,day,direction,way,cross_border,currency,amount\n"
    path.write_text(head + "m1,c1,natural,2026-11-20,in,cash,false,CNY,5000000\n")
    found = run(f"report large --movements {path} --check")
    assert (found["ways_agree"], found["large_values"][0]["total"]) == (True, "5000000")
    assert "50000.00" in run.table(f"report large --movements {path}")
    path.write_text(
        "customer,geography,product,channel,kind,behaviour,list,pep,identity_until\n7,home,deposit,counter,natural,5,none,none,2020-01-01\n"
    )
    assert run(f"rating rate {path} --by kyc-1")[0]["grade"] == 1
    assert run("rating show 7")["identity"] == "refused"
    assert "PEP" in run.table("rating show 7").upper()
    assert [one["customer"] for one in run("rating due", code=1)] == ["7"]
    last = (date.today() + timedelta(30)).isoformat()  # noqa: DTZ011 - the day of the command
    run(f"rating override 7 --grade 4 --until {last} --text shop --by kyc-1")
    assert run("rating approve 7 --by head-1")["state"] == "in_force"
    path.write_text("owner,company,percent\nco-2,co-1,60\nboss,co-2,50\n")
    owners = run(f"rating owners {path} co-1 --listed boss", code=1, data=False)
    assert (owners["owners"][0]["share"], owners["controlled_by_listed"]) == ("3/10", True)
