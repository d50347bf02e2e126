"""A closed day over HTTP: its record computed again, its inputs by digest, its breaks, and what is refused of it."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import LOCAL
from tests.custody.orders.kit import CHART, A, Clock

from jinku.api.app import create_app
from jinku.api.services import Services, open_services
from jinku.api.token import read_or_make_secret
from jinku.base.currency import currency
from jinku.bootstrap import open_house
from jinku.cli.reconciling import Against, reconcile_file
from jinku.custody.closing.days import Books
from jinku.custody.closing.errors import ClosedDayChanged
from jinku.custody.closing.inputs import Given
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.reports.daily import OwnersRequest, write_day
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Opening
from jinku.custody.structure.table import Role

FRIDAY = date(2026, 11, 20)
BOOKS = Books(1, 156)
XML = {"content-type": "application/xml", "x-file-name": "friday.xml"}


def statement(*lines: tuple[str, int], account: str = "POOL-1", number: str = "1") -> bytes:
    """Friday's statement with one credit for each (reference, amount)."""
    entries = tuple(
        StatementEntry(f"E{place}", amount, Direction.CREDIT, FRIDAY, FRIDAY, end_to_end_id=reference)
        for place, (reference, amount) in enumerate(lines)
    )
    closing = sum(amount for _, amount in lines)
    one = Statement(
        account, currency("CNY"), 1, f"M-{number}", 0, closing, entries, FRIDAY, FRIDAY, f"S-{number}"
    )
    return camt.write([one])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A house whose Friday was closed, with one line at the bank that nobody knows."""
    clock = Clock()
    clock.now = int(datetime(2026, 11, 20, 6, tzinfo=UTC).timestamp()) * 10**9
    directory = tmp_path_factory.mktemp("house")
    with open_house(directory, clock=clock) as house:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 1)])
        order = Deposit(id=new_order_id(9, 1), day=FRIDAY, reference=71, account=A, amount=50)
        assert not desk.submit([order]).refused
        opened = open_services(house, clock=clock)
        custody = opened.custody
        custody.days.begin(BOOKS, CloseSettings.of_structure(CHART.structure), FRIDAY, by="lead-1")
        clock.turn(8 * 3600)
        given = Given(
            statements=[("friday.xml", statement(("71", 50), ("99", 7)))], accounts={"POOL-1": "BANK_MIRROR"}
        )
        custody.closing.start(BOOKS, given, CHART.structure, by="clerk-1")
        custody.closing.finish(BOOKS, by="clerk-1")
        custody.closing.review(BOOKS, by="clerk-2")
        write_day(house, OwnersRequest(directory / "owners", FRIDAY))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def http(services: Services) -> Iterator[TestClient]:
    """The owner's client."""
    app, secret = create_app(services), read_or_make_secret(services.house.directory)
    headers = {"authorization": f"Bearer {secret}"}
    with TestClient(app, LOCAL, raise_server_exceptions=False, headers=headers) as client:
        yield client


def found(client: TestClient, path: str, **query: Any) -> Any:
    """The JSON at `path`."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def done(client: TestClient, path: str, body: dict[str, Any], status: int = 200) -> Any:
    """The answer to a POST."""
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_auditor_performs_a_close_again_from_its_inputs(http: TestClient) -> None:
    """R11: the record is what was sealed; every input is there by its digest; computing again gives the same bytes."""
    [day] = found(http, "/v1/days")["days"]
    assert (day["day"], day["state"], day["prepared_by"], day["reviewed_by"]) == (
        "2026-11-20",
        "closed",
        "clerk-1",
        "clerk-2",
    )
    record = http.get("/v1/days/2026-11-20/record").content
    assert hashlib.sha256(record).hexdigest() == day["record"]
    whole = found(http, "/v1/days/2026-11-20")
    roles = {one["role"] for one in whole["inputs"]}
    assert {"statement", "ledger", "terms"} <= roles
    for one in whole["inputs"]:
        data = http.get(f"/v1/files/{one['sha256']}")
        assert hashlib.sha256(data.content).hexdigest() == one["sha256"]
        assert len(data.content) == one["size"]
    assert http.get(f"/v1/files/{day['record']}").content == record
    again = found(http, "/v1/days/2026-11-20/reperformance")
    assert (again["equal"], again["record"], again["differences"]) == (True, day["record"], [])
    assert [line["what"] for line in whole["history"]][-1] == "closed"
    [position] = found(http, "/v1/positions/history")["positions"]
    assert (position["day"], position["difference"]) == ("2026-11-20", "7")
    assert http.get("/v1/days/2026-11-19").status_code == 404
    assert http.get("/v1/days/2026-02-30").status_code == 422
    assert http.get(f"/v1/files/{'0' * 64}").status_code == 404


def test_a_changed_statement_for_a_closed_day_is_refused(http: TestClient, services: Services) -> None:
    """R7: what says something else of a closed day is not taken in; the day's history notes it; the same is."""
    changed = statement(("71", 50), ("99", 8), number="2")
    refused = http.post("/v1/statements", content=changed, headers=XML)
    assert (refused.status_code, refused.json()["code"]) == (409, "closed_day_changed")
    assert http.get("/v1/statements").json()["files"] == []
    whole = found(http, "/v1/days/2026-11-20")
    assert whole["history"][-1]["what"] == "changed statement"
    same = http.post("/v1/statements", content=statement(("71", 50), ("99", 7), number="3"), headers=XML)
    assert same.status_code == 201, same.text
    other = http.post("/v1/statements", content=statement(("5", 5), account="ELSE", number="4"), headers=XML)
    assert other.status_code == 201, other.text


def test_the_command_line_refuses_it_too(services: Services, tmp_path: Path) -> None:
    """R7: `jinku recon run` takes in what the API takes in, and nothing else."""
    file = tmp_path / "changed.xml"
    file.write_bytes(statement(("71", 51), number="5"))
    with pytest.raises(ClosedDayChanged, match="closing"):
        reconcile_file(services.house, file, Against(1, 0, 0))


def test_a_break_is_ended_by_two_persons(http: TestClient) -> None:
    """R10: who proposes an end cannot approve it; the history is what the log sealed."""
    [one] = found(http, "/v1/breaks")["breaks"]
    assert one["state"] == "open"
    act = {"break_id": one["id"], "by": "clerk-1"}
    assert done(http, "/v1/breaks/assignments", {**act, "owner": "clerk-1"})["owner"] == "clerk-1"
    assert done(http, "/v1/breaks/investigations", act)["state"] == "investigating"
    done(http, "/v1/breaks/comments", {**act, "text": "asked the bank"})
    [cell] = found(http, "/v1/breaks/ageing")["rows"]
    assert (cell["count"], cell["currency"], cell["effect"]) == (1, "CNY", "7")
    explained = {**act, "cause": "bank_error", "text": "the bank takes it back"}
    assert done(http, "/v1/breaks/explanations", explained)["proposed_by"] == "clerk-1"
    assert done(http, "/v1/breaks/approvals", act, 403)["code"] == "second_person"
    assert done(http, "/v1/breaks/approvals", {**act, "by": "lead-1"})["state"] == "closed"
    assert found(http, "/v1/breaks")["breaks"] == []
    [ended] = found(http, "/v1/breaks", ended=True)["breaks"]
    whole = found(http, f"/v1/breaks/{ended['id']}")
    assert [line["act"] for line in whole["history"]][-2:] == ["propose", "approve"]
    assert done(http, "/v1/breaks/reopenings", {**act, "by": "lead-1", "text": "it came back"})["state"]
    assert done(http, "/v1/breaks/comments", {**act, "break_id": "0" * 32, "text": "x"}, 404)


def test_the_bank_fetches_the_owners_file_that_was_made(http: TestClient, services: Services) -> None:
    """R15: the bank's direct, continuous access to the daily file, byte for byte, and to nothing around it."""
    secret = done(
        http, "/v1/credentials", {"name": "icbc", "holder": "bank", "days": 1, "by": "clerk-1"}, 201
    )
    bank = TestClient(
        http.app,
        LOCAL,
        raise_server_exceptions=False,
        headers={"authorization": f"Bearer {secret['secret']}"},
    )
    [folder] = found(bank, "/v1/owners-files")["folders"]
    assert folder["folder"] == "2026-11-20"
    manifest = bank.get("/v1/owners-files/2026-11-20/manifest.json")
    listed = json.loads(manifest.content)
    assert listed["owners"] == 2  # the investor, and what nobody has claimed yet
    for name, size in folder["files"].items():
        data = bank.get(f"/v1/owners-files/2026-11-20/{name}").content
        assert len(data) == size
        assert data == (services.house.directory / "owners/2026-11-20" / name).read_bytes()
    for path in ("2026-11-20/..%2f..%2fapi-token", "2026-11-20/nothing.csv", "2026-11-19/manifest.json"):
        assert bank.get(f"/v1/owners-files/{path}").status_code in (404, 422), path
    assert len(found(bank, "/v1/attestations")["attestations"]) == 1


def test_what_the_bank_was_told_can_be_read(http: TestClient) -> None:
    assert found(http, "/v1/bank/instructions") == {"instructions": [], "next_cursor": None}
    assert found(http, "/v1/bank/breaks") == {"breaks": [], "next_cursor": None}
    assert http.get("/v1/bank/instructions/5").status_code == 404


def test_services_bring_custody_to_its_end_at_the_start(services: Services, tmp_path: Path) -> None:
    """R6: a day that was reviewed when the process died is sealed by the next start."""
    clock = Clock()
    clock.now = int(datetime(2026, 11, 20, 6, tzinfo=UTC).timestamp()) * 10**9
    with open_house(tmp_path / "house", clock=clock) as house:
        OrderDesk(house.ledger, CHART).open_entity()
        opened = open_services(house, clock=clock)
        custody = opened.custody
        custody.days.begin(BOOKS, CloseSettings.of_structure(CHART.structure), FRIDAY, by="lead-1")
        clock.turn(8 * 3600)
        custody.closing.start(BOOKS, Given(), CHART.structure, by="clerk-1")
        day, _ = custody.closing.finish(BOOKS, by="clerk-1")
        custody.days.approve(BOOKS, FRIDAY, "clerk-2", day.draft, day.draft)  # and the process dies
        opened.close()
        again = open_services(house, clock=clock)
        assert again.custody.days.day(BOOKS, FRIDAY).sealed_entry >= 0
        again.close()
