"""One house, put together once: the guard before all that books, its own connections, and what is kept how long."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.custody.breaks.parts import a_break
from tests.custody.orders.kit import CHART, A, Clock

from jinku.base.database import Database
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import DRILLS_FILE, Custody
from jinku.cli.main import main
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.model import State
from jinku.custody.breaks.table import Cause
from jinku.custody.closing.days import Books
from jinku.custody.closing.errors import CloseRefused
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.movements import transfers
from jinku.custody.retention.drills import Drill, DrillBook
from jinku.custody.retention.table import ROWS, keep_until, longest_of
from jinku.custody.structure.chart import Opening
from jinku.custody.structure.table import Role
from jinku.ledger.model import CreateTransferStatus

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
BOOKS = Books(1, 156)


@pytest.fixture(params=["sqlite", "postgres"])
def custody(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Custody]:
    """A house on Friday whose days are closed, on each engine that control data has."""
    where = ""
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    clock = Clock()
    clock.now = int(datetime(2026, 11, 20, 6, tzinfo=UTC).timestamp()) * 10**9
    with open_house(tmp_path / "house", control=where, clock=clock) as house, Custody(house, clock) as made:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 1)])
        made.days.begin(BOOKS, CloseSettings.of_structure(CHART.structure), FRIDAY, by="lead-1")
        made.recover()
        yield made


def _deposit(serial: int, day: date) -> Any:
    order = o.Deposit(id=o.new_order_id(9, serial), day=day, account=A, amount=50)
    return transfers(CHART, [order])


def test_the_guard_needs_none_of_the_others_connections(custody: Custody) -> None:
    """R6: the ledger's writing thread asks for closed days even while everybody else's connections are taken."""
    with ExitStack() as taken:
        for _ in range(15):  # all that the pool of a database gives
            taken.enter_context(custody.house.control.engine.connect())
        done = custody.by_hand.book(_deposit(1, FRIDAY))
    assert done.results["status"].tolist() == [CreateTransferStatus.CREATED]


def test_what_is_booked_by_hand_passes_the_guard(custody: Custody) -> None:
    """R6 R10 R12: a write-off and a remedy of a day that is over, or to come, are refused and move nothing."""
    booking = custody.by_hand
    with pytest.raises(CloseRefused, match="has not begun"):
        booking.create_transfers_array(_deposit(2, MONDAY))
    assert booking.create_transfers_array(_deposit(3, FRIDAY))["status"][0] == CreateTransferStatus.CREATED
    custody.breaks.take_up(FRIDAY, [a_break("R-1")], BOOKS)
    [case] = custody.breaks.cases()
    custody.breaks.assign(case.id, "clerk", by="lead")
    custody.breaks.investigate(case.id, "clerk")
    for day, state in ((MONDAY, State.INVESTIGATING), (FRIDAY, State.WRITTEN_OFF)):
        told = {"cause": Cause.UNKNOWN_PAYER, "text": "owner unknown"}
        custody.breaks.propose_write_off(case.id, "clerk", Against.SUSPENSE, day, **told)  # type: ignore[arg-type]
        assert custody.breaks.approve(case.id, "lead", FRIDAY).state is state


def test_a_crash_and_a_drill_are_finished_on_opening(custody: Custody) -> None:
    """R21: the drill that waited for its seal has it after `recover`."""
    with Database.open(custody.house.directory / DRILLS_FILE) as database:
        DrillBook(database).keep(Drill({"passed": True}))
    custody.recover()
    with Database.open(custody.house.directory / DRILLS_FILE) as database:
        assert [one.entry >= 0 for one in DrillBook(database).drills()] == [True]


def test_the_longest_jurisdiction_counts() -> None:
    """R17: records of two legal entities are kept as long as the stricter law wants; an unknown law keeps for ever."""
    known = sorted({one.jurisdiction for one in ROWS})[:2]
    both = longest_of(ROWS, known, "+".join(known))
    ended, as_of = date(2026, 1, 5), date(2030, 1, 1)
    alone = [keep_until(ROWS, (one, "break"), ended, as_of) for one in known]
    assert keep_until(both, ("+".join(known), "break"), ended, as_of) == max(alone)
    assert longest_of(ROWS, [*known, "XX"], "all") == ()
    assert keep_until((), ("all", "break"), ended, as_of) == date.max


def test_retention_by_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R17 R18: a hold keeps a file, another person lifts it, a third person's plan is executed by a fourth."""
    house = tmp_path / "house"
    open_house(house).close()

    def run(*words: str, code: int = 0) -> Any:
        assert main([*words, "--data", str(house), "--json"]) == code
        out, err = capsys.readouterr()
        return json.loads(out or err)

    held = run("retention", "hold", "--reason", "inquiry", "--by", "counsel-1")
    planned = run("retention", "plan", "--by", "dpo-1", "--day", "2060-01-01")
    assert (planned["state"], planned["erase"]) == ("planned", 0)
    assert run("retention", "lift", str(held["hold"]), "--by", "counsel-1", code=1)["error"]
    assert run("retention", "lift", str(held["hold"]), "--by", "counsel-2")["lifted_by"] == "counsel-2"
    assert run("retention", "execute", "1", "--by", "dpo-1", code=1)["error"]
    assert run("retention", "execute", "1", "--by", "dpo-2")["state"] == "done"
    listed = run("retention", "list")
    assert (len(listed["holds"]), [one["state"] for one in listed["plans"]]) == (1, ["done"])
    assert run("retention", "show", "1")["approved_by"] == "dpo-2"
