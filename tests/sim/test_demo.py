"""The demonstration from end to end: what it leaves behind, that it repeats, and that it notices tampering."""

import csv
import hashlib
import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

import pytest
import typer
from typer.testing import CliRunner

from jinku.api.services import open_services
from jinku.base.currency import currency
from jinku.bootstrap import House, open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.demo_risk import crime_rooms
from jinku.cli.demo import demo
from jinku.cli.main import main
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Statement
from jinku.sim import folder
from jinku.sim.audit import Receipts, audit
from jinku.sim.demo import ORIGIN, run_demo
from jinku.sim.errors import SimulationFault
from jinku.sim.folder import CONTENTS, MARKER, FolderRefused
from jinku.sim.result import DemoRequest, DemoResult, next_steps
from jinku.sim.rooms import BankBooks, Doors, OpenHouse
from jinku.sim.run import SimClock
from jinku.sim.scale import SMALL
from jinku.verify import NotVerified, Unreadable, verify_balance_receipt


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done: dict[str, int] = {}

    def begin(self, name: str, total: int) -> None:
        self.totals[name] = total
        self.done[name] = 0

    def advance(self, steps: int) -> None:
        self.done[list(self.done)[-1]] += steps


def quiet_bank(directory: Path, count: int, seed: int) -> BankBooks:
    """The bank's scene without its processes; the command's test plays it with them."""
    directory.mkdir()
    return BankBooks(count, 0, 0, 0, {"settled": count}, 1, 0.1)


def doors(bank: Callable[[Path, int, int], BankBooks] | None = quiet_bank) -> Doors:
    def open_at(directory: Path, clock: SimClock) -> OpenHouse:
        return open_house(directory, origin=ORIGIN, clock=clock)

    return Doors(open_at, lambda house, clock: Custody(cast("House", house), clock), bank, crime_rooms)


def run(directory: Path, seed: int = 3) -> DemoResult:
    return run_demo(DemoRequest(directory, seed, small=True, callers=32), doors(), Watcher())


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return run(tmp_path_factory.mktemp("demo") / "out")


def test_everything_is_found_checked_and_left_in_the_folder(result: DemoResult) -> None:
    directory = result.request.directory
    assert {path.name for path in directory.iterdir()} == {MARKER, *(name for name, _, _ in CONTENTS)}
    assert all(check.passed for check in result.checks)
    assert {check.name for check in result.checks} >= {"log directory", "balance receipts", "forged receipts"}
    assert all(one.found == one.labelled > 0 for one in result.closed.scores)
    assert not any(scene.failed for scene in result.scenes)
    assert result.closed.reperformed.equal
    assert result.monday.reperformed.equal
    assert result.groups < result.run.calls
    readme = (directory / "README.txt").read_text("utf-8")
    assert all(name in readme and chinese in readme for name, _, chinese in CONTENTS)


def test_what_is_attested_is_what_the_close_finds_owed(result: DemoResult) -> None:
    """R13: Monday's attestation, made in the evening, and Monday's position, made on Tuesday, name one sum."""
    assert int(result.monday.position["clients_sum"]) == result.attestation.statement.liabilities
    page = (result.request.directory / "position.md").read_text("utf-8")
    assert result.closed.position["outcome"] in page
    assert result.closed.remedies[0].proposed_by != result.closed.remedies[0].decided_by


def test_the_remedy_takes_the_excess_in_our_books_away(result: DemoResult) -> None:
    """R9: not out of the risk reserve, whose requirement would fall with it."""
    [remedy] = result.closed.remedies
    assert json.loads(remedy.evidence)["payment"]["position_now"]["difference"] == "0"


def test_fridays_breaks_end_where_monday_makes_up_for_them(result: DemoResult) -> None:
    """R8: what the bank shows a day later, and what the platform finds again, is a break no longer."""
    open_on_monday = {one.key[0] for one in result.monday.breaks}
    assert not open_on_monday & {"missing_at_bank", "missing_in_platform", "only_in_ledger"}
    assert result.monday_ended == 3 * SMALL.breaks_per_class
    assert result.worked.still_open == len(result.closed.breaks) - result.worked.explained - 1


def test_a_check_that_fails_ends_the_demo(tmp_path: Path) -> None:
    def bank(directory: Path, count: int, seed: int) -> BankBooks:
        return replace(quiet_bank(directory, count, seed), double_paid=1)

    watcher = Watcher()
    with pytest.raises(SimulationFault, match="no payee paid twice"):
        run_demo(DemoRequest(tmp_path / "out", 3, small=True, callers=8), doors(bank), watcher)
    assert watcher.done["the platform's day"] == watcher.totals["the platform's day"] > 1_000


def test_the_same_seed_gives_the_same_outcome(result: DemoResult, tmp_path: Path) -> None:
    assert run(tmp_path / "again").outcome == result.outcome
    summary = json.loads((result.request.directory / "summary.json").read_text("utf-8"))
    assert summary["outcome"] == json.loads(json.dumps(result.outcome))


def test_files_agree_with_what_was_computed(result: DemoResult) -> None:
    directory = result.request.directory
    with (directory / "breaks.csv").open(encoding="utf-8") as file:
        breaks = list(csv.DictReader(file))
    assert len(breaks) == len(result.closed.labels)
    assert all(row["label"] for row in breaks)
    record = (directory / "close-record.json").read_bytes()
    assert record == result.closed.record
    digest = hashlib.sha256((directory / "statement.xml").read_bytes()).hexdigest()
    assert digest in {one["sha256"] for one in json.loads(record)["inputs"]}
    evidence = hashlib.sha256((directory / "reconciliation.jsonl").read_bytes()).hexdigest()
    assert json.loads(record)["reconciliation"]["sha256"] == evidence


def test_every_command_it_suggests_works(
    result: DemoResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(result.request.directory, copy)
    commands = [shlex.split(command) for command, _ in next_steps(result, copy)]
    assert all(command[0] == "jinku" for command in commands)
    for command in commands:
        if command[1] != "serve":
            assert main(command[1:]) == 0, command
            assert capsys.readouterr().out


def test_nothing_personal_is_in_log_ledger_or_papers(result: DemoResult) -> None:
    directory = result.request.directory
    people = [party.person for party in result.day.parties[:40]]
    secrets = [text.encode() for one in people for text in (one.name, one.identifier, one.card, one.phone)]
    for path in directory.rglob("*"):
        if path.is_file() and path.name != "people.db" and not {"pack", "owners", "crime"} & set(path.parts):
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets if len(secret) > 6), path
    gone = next(party.person for party in result.day.parties if party.number == result.erased)
    assert gone.identifier.encode() not in (directory / "people.db").read_bytes()


def test_one_flipped_bit_of_the_log_is_noticed(result: DemoResult, tmp_path: Path) -> None:
    log = tmp_path / "log"
    shutil.copytree(result.request.directory / "log", log)
    victim = sorted(path for path in (log / "tile" / "entries").rglob("*") if path.is_file())[0]
    content = bytearray(victim.read_bytes())
    content[1000] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(content)
    vkeys = (result.request.directory / "log.vkey").read_text().split()
    report, checks = audit(log, vkeys, Receipts({}, {}))
    assert not report.ok
    assert [check.passed for check in checks if check.name == "log directory"] == [False]


def test_anothers_receipt_does_not_prove_my_balance(result: DemoResult) -> None:
    receipts = sorted((result.request.directory / "receipts").glob("7*.json"))
    vkey = (result.request.directory / "log.vkey").read_text().strip()
    mine, other = (receipt.read_text("utf-8") for receipt in receipts[:2])
    swapped = mine.replace(json.loads(mine)["customer"], json.loads(other)["customer"])
    with pytest.raises((NotVerified, Unreadable)):
        verify_balance_receipt(swapped.encode(), vkey)


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(FolderRefused, match="no demo made"):
            folder.prepare(tmp_path, force=force)
    with pytest.raises(FolderRefused, match="not a folder"):
        folder.prepare(tmp_path / "thesis.txt", force=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_earlier_demo_is_replaced_only_when_asked_and_other_files_stay(tmp_path: Path) -> None:
    folder.prepare(tmp_path, force=False)
    (tmp_path / "summary.json").write_text("old")
    (tmp_path / "log").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FolderRefused, match="--force"):
        folder.prepare(tmp_path, force=False)
    folder.prepare(tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER, "notes.txt"}


def test_what_a_server_kept_of_an_earlier_demo_goes_with_it(tmp_path: Path) -> None:
    folder.prepare(tmp_path, force=False)
    with open_house(tmp_path, origin=ORIGIN) as house:
        services = open_services(house)
        services.desk.accept(camt.write([_empty_statement()]), "day.xml")
        services.close()
    assert (tmp_path / "statements").exists()
    folder.prepare(tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER}


def _empty_statement() -> Statement:
    day = date(2026, 11, 20)
    return Statement("POOL", currency("CNY"), 1, "M-1", 0, 0, (), day, day, statement_id="S-1")


def test_a_demo_that_is_being_served_is_not_replaced(tmp_path: Path) -> None:
    folder.prepare(tmp_path, force=False)
    with open_house(tmp_path, origin=ORIGIN):
        (tmp_path / "api-token").write_text("served")
        with pytest.raises(FolderRefused, match="in use"):
            folder.prepare(tmp_path, force=True)
        assert (tmp_path / "log").exists()
    folder.prepare(tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER}


def test_the_command_answers_a_person_and_a_program(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(demo)
    common = ["--out", str(tmp_path / "out"), "--small", "--seed", "3", "--callers", "16", "--no-bank"]
    shown = CliRunner().invoke(app, common)
    assert shown.exit_code == 0
    assert "对账" in shown.output
    assert "verify log" in shown.output
    answered = CliRunner().invoke(app, [*common, "--force", "--json"])
    assert json.loads(answered.stdout)["outcome"]["seed"] == 3
    assert not answered.stderr
    refused = CliRunner().invoke(app, common)
    assert isinstance(refused.exception, FolderRefused)


@pytest.mark.slow
def test_the_banks_scene_kills_our_process_and_nothing_is_paid_twice(tmp_path: Path) -> None:
    """R5: with the bank's own process, faults and a kill -9; the demo ends well only if three books agree."""
    app = typer.Typer()
    app.command()(demo)
    options = ["--out", str(tmp_path / "out"), "--small", "--seed", "5", "--callers", "16", "--json"]
    answered = CliRunner().invoke(app, options)
    assert answered.exit_code == 0, answered.exception
    [bank] = [one for one in json.loads(answered.stdout)["scenes"] if one["scene"].startswith("The bank")]
    assert all(check["passed"] for check in bank["checks"])
    assert len(bank["checks"]) == 4
