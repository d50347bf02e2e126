"""`jinku close` and `jinku position`, from an empty data directory to a sealed day and a notice."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jinku.base.calendar import US
from jinku.base.clock import from_rfc3339
from jinku.base.currency import currency
from jinku.bootstrap import open_house
from jinku.cli.main import main
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.statements.formats.camt.write import write
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.custody.structure.template import load_structure

CHART = Chart(1, 826, load_structure("uk-safeguarding"))
BOOKS = ("--currency", "GBP")


def today() -> date:
    """The business day that what is booked now belongs to, with a cut-off that is over already."""
    return US.previous_business_day(datetime.now(UTC).date() - timedelta(days=1))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "house"
    with open_house(directory) as house:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(7, Role.CUSTOMER, 0)])
        account = CHART.account(Kind.CUSTOMER, 7)
        desk.submit(
            [Deposit(id=new_order_id(1, 1), day=today(), reference=5, account=account, amount=10_000)]
        )
    return directory


def statement(path: Path, day: date, amount: int) -> Path:
    entry = StatementEntry("B1", amount, Direction.CREDIT, day, end_to_end_id="5")
    one = Statement(
        account="GB00POOL",
        currency=currency("GBP"),
        sequence=1,
        message_id=f"M{amount}",
        opening=0,
        closing=amount,
        entries=(entry,),
        from_date=day,
        to_date=day,
        statement_id="S1",
        created=from_rfc3339(f"{day}T18:00:00Z"),
    )
    path.write_bytes(write([one]))
    return path


def run(capsys: pytest.CaptureFixture[str], data: Path, *words: str, code: int = 0) -> Any:
    """The JSON that a command answers with."""
    found = main([*words, "--data", str(data), "--json"])
    out, err = capsys.readouterr()
    assert found == code, err
    return json.loads(out or err)


def test_a_day_from_nothing_to_a_sealed_record(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R6, R8, R9, R11 on the command line."""
    assert run(capsys, data, "close", "status") == {"books": []}
    assert main(["close", "status", "--data", str(data)]) == 0
    assert "jinku close begin" in capsys.readouterr().out
    refused = run(capsys, data, "close", "start", "--by", "clerk-1", *BOOKS, code=1)
    assert "jinku close begin" in refused["error"]["remedy"]
    day = US.on_or_after(datetime.now(UTC).date())
    begin = (
        "close",
        "begin",
        "--first-day",
        day.isoformat(),
        "--by",
        "clerk-1",
        "--structure",
        "uk-safeguarding",
    )
    run(capsys, data, *begin, *BOOKS)
    [book] = run(capsys, data, "close", "status")["books"]
    assert (book["next_to_close"], book["state"]) == (day.isoformat(), "open")
    position = run(capsys, data, "position", "now", *BOOKS)
    assert (position["positions"], position["remedies"]) == ([], [])
    assert (position["now"][0]["requirement"], position["now"][0]["resource"]) == ("10000", "10000")
    nothing = run(capsys, data, "close", "show", *BOOKS, code=1)
    assert nothing["error"]["code"] == "not_found"


def test_a_past_day_is_closed_computed_again_and_made_good(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R11, R21: what was sealed is computed again to the same bytes; a shortfall ends in a notice."""
    first = today()
    begin = (
        "close",
        "begin",
        "--first-day",
        first.isoformat(),
        "--by",
        "clerk-1",
        "--structure",
        "uk-safeguarding",
    )
    run(capsys, data, *begin, *BOOKS)
    file = statement(tmp_path / "s.xml", first, 9_000)
    placed = ("--account", "GB00POOL=BANK_MIRROR")
    started = run(
        capsys, data, "close", "start", "--by", "clerk-1", "--statement", str(file), *placed, *BOOKS
    )
    assert started["state"] == "closing"
    # the deposit was booked today, after the cut-off of that day: it is late and belongs to the next
    done = run(capsys, data, "close", "finish", "--by", "clerk-1", *BOOKS, code=1)
    assert done["document"]["outcome"] == "excess"
    refused = run(capsys, data, "close", "review", "--by", "Clerk-1", *BOOKS, code=1)
    assert refused["error"]["code"] == "same_person"
    closed = run(capsys, data, "close", "review", "--by", "clerk-2", *BOOKS)
    assert closed["state"] == "closed"
    again = run(capsys, data, "close", "reperform", "--all", *BOOKS)
    assert [row["equal"] for row in again["days"]] == [True]
    assert again["problems"] == []
    shown = run(capsys, data, "close", "show", first.isoformat(), *BOOKS)
    assert [line["what"] for line in shown["history"]][-1] == "closed"
    position = run(capsys, data, "position", "history", *BOOKS)["positions"]
    assert [row["outcome"] for row in position] == ["excess"]
    assert run(capsys, data, "position", "propose", "--by", "clerk-1", *BOOKS) == {"remedies": []}
    out = tmp_path / "notices"
    [draft] = run(capsys, data, "position", "notice", "--out", str(out), *BOOKS)["notices"]
    assert "90.00 GBP" in draft["chinese"]
    assert len(list(out.iterdir())) == 2
    for words in (("close", "show"), ("position", "now"), ("position", "history"), ("close", "reperform")):
        assert main([*words, "--data", str(data), *BOOKS]) == 0
    assert main(["close", "status", "--data", str(data)]) == 0
    assert "equal" in capsys.readouterr().out
