"""Retention on both databases: what may go, what a hold keeps, two persons, evidence, and proofs that stand."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from tests.custody.breaks.parts import DAY, Ticks, a_break, desk_on, house

from jinku.base.database import Database
from jinku.custody.breaks.table import Cause
from jinku.custody.retention.errors import BadRetention, PlanRefused, RetentionSecondPerson, RetentionUnknown
from jinku.custody.retention.kinds import BreakWords, FileRecords
from jinku.custody.retention.office import SEAL_TOPIC_RETENTION, OfficeParts, RetentionOffice, outcomes
from jinku.custody.retention.store import PLAN
from jinku.custody.retention.table import ROWS, RetentionRow, keep_until
from jinku.ledger.layout import SEAL, EntryKind
from jinku.ledger.service import Ledger

ENDED = {"old.xml": date(2021, 1, 4), "young.xml": date(2026, 1, 4), "open.xml": None}
TODAY = date(2026, 11, 23)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with Database.open(where) as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with house(tmp_path / "ledger") as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> FileRecords:
    folder = tmp_path / "statements"
    folder.mkdir()
    for name in ENDED:
        (folder / name).write_text(f"content of {name}")
    return FileRecords("statement file", folder, lambda path: ENDED.get(path.name))


def office_of(database: Database, ledger: Ledger, *kinds: FileRecords | BreakWords) -> RetentionOffice:
    return RetentionOffice(OfficeParts(database, ledger, Ticks(), "UK"), kinds)


def seals(ledger: Ledger) -> list[str]:
    entries = ledger.entries(0, ledger.size())
    found = np.ascontiguousarray(entries["event"][entries["kind"] == EntryKind.SEAL]).view(SEAL)
    return [one.tobytes().hex() for one in found["digest"][found["topic"] == SEAL_TOPIC_RETENTION]]


def test_terms_are_dated_rows(database: Database) -> None:
    """R17: at least five years; the longest row in force; what nobody knows the term of is kept for ever."""
    assert keep_until(ROWS, ("UK", "day record"), date(2021, 1, 4), TODAY) == date(2026, 1, 4)
    assert keep_until(ROWS, ("UK", "day record"), date(2024, 2, 29), TODAY) == date(2029, 3, 1)
    assert keep_until(ROWS, ("CN", "order"), date(2021, 1, 4), TODAY) == date(2031, 1, 4)
    assert keep_until(ROWS, ("CN", "order"), date(2018, 1, 4), date(2024, 1, 4)) == date(2023, 1, 4)
    assert keep_until(ROWS, ("XX", "order"), date(1990, 1, 4), TODAY) == date.max
    longer = (*ROWS, RetentionRow(date(2020, 1, 1), "UK", "order", 12, "our own"))
    assert keep_until(longer, ("UK", "order"), date(2021, 1, 4), TODAY) == date(2033, 1, 4)
    assert keep_until(longer, ("UK", "file"), date(2021, 1, 4), TODAY) == date(2026, 1, 4)


def test_a_purge_is_planned_by_one_and_approved_by_another(
    database: Database, ledger: Ledger, files: FileRecords, tmp_path: Path
) -> None:
    """R17, R18: a dry run first; digests stay in sealed evidence; nothing else is touched."""
    office = office_of(database, ledger, files)
    plan = office.plan(TODAY, by="dpo-1")
    digest = hashlib.sha256(b"content of old.xml").hexdigest()
    assert plan.document["erase"] == [{"kind": "statement file", "key": "old.xml", "sha256": digest}]
    assert len(list((tmp_path / "statements").iterdir())) == 3  # a dry run
    with pytest.raises(RetentionSecondPerson):
        office.execute(plan.number, by="dpo-1")
    done = office.execute(plan.number, by="dpo-2")
    assert outcomes(done) == {"erased": 1}
    assert sorted(one.name for one in (tmp_path / "statements").iterdir()) == ["open.xml", "young.xml"]
    assert seals(ledger) == [plan.digest, hashlib.sha256(done.outcome.encode()).hexdigest()]
    with pytest.raises(PlanRefused):
        office.execute(plan.number, by="dpo-2")
    with pytest.raises(RetentionUnknown):
        office.execute(99, by="dpo-2")


@pytest.mark.parametrize(
    "scope",
    [{}, {"kind": "statement file"}, {"key": "old.xml"}, {"kind": "statement file", "key": "old.xml"}],
)
def test_a_legal_hold_stops_any_deletion(
    database: Database, ledger: Ledger, files: FileRecords, tmp_path: Path, scope: dict[str, str]
) -> None:
    """R17: placed before the plan or after its approval was asked for; lifted by another person only."""
    office = office_of(database, ledger, files)
    before = office.plan(TODAY, by="dpo-1")
    hold = office.hold(scope, "lawsuit 17", by="counsel-1")
    plan = office.plan(TODAY, by="dpo-1")
    assert plan.document["erase"] == []
    assert [one["holds"] for one in plan.document["held"]] == [[hold.number]]
    assert outcomes(office.execute(before.number, by="dpo-2")) == {"held": 1}
    assert (tmp_path / "statements" / "old.xml").exists()
    with pytest.raises(RetentionSecondPerson):
        office.lift(hold.number, by="counsel-1")
    office.lift(hold.number, by="counsel-2")
    with pytest.raises(PlanRefused):
        office.lift(hold.number, by="counsel-2")
    assert outcomes(office.execute(office.plan(TODAY, by="dpo-1").number, by="dpo-2")) == {"erased": 1}


def test_a_hold_on_something_else_keeps_nothing(
    database: Database, ledger: Ledger, files: FileRecords
) -> None:
    office = office_of(database, ledger, files)
    office.hold({"subject": "42"}, "inquiry", by="counsel-1")
    office.hold({"kind": "break"}, "inquiry", by="counsel-1")
    assert len(office.plan(TODAY, by="dpo-1").document["erase"]) == 1
    with pytest.raises(BadRetention):
        office.hold({"colour": "red"}, "inquiry", by="counsel-1")
    with pytest.raises(BadRetention):
        office.hold({}, "", by="counsel-1")


def test_what_changed_since_the_plan_stays_and_a_crash_is_finished(
    database: Database, ledger: Ledger, files: FileRecords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "statements"
    (folder / "older.xml").write_text("older")
    monkeypatch.setitem(ENDED, "older.xml", date(2020, 1, 1))
    office = office_of(database, ledger, files)
    plan = office.plan(TODAY, by="dpo-1")
    (folder / "old.xml").write_text("changed")

    def dying(key: str, act: int) -> None:
        (folder / key).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "erase", dying)
        with pytest.raises(KeyboardInterrupt):
            office.execute(plan.number, by="dpo-2")
    [done] = office_of(database, ledger, files).resume()
    assert outcomes(done) == {"changed": 1, "erased": 1}
    assert office.resume() == []


def test_a_plan_that_was_changed_is_refused(database: Database, ledger: Ledger, files: FileRecords) -> None:
    """R17: a thief adds a record to an approved list."""
    office = office_of(database, ledger, files)
    plan = office.plan(TODAY, by="dpo-1")
    with database.writing() as connection:
        connection.execute(update(PLAN).values(document='{"erase":[{"kind":"x","key":"y","sha256":""}]}'))
    with pytest.raises(PlanRefused, match="not what was sealed"):
        office.execute(plan.number, by="dpo-2")


def test_a_key_never_leads_out_of_its_directory(tmp_path: Path, files: FileRecords) -> None:
    (tmp_path / "secret").write_text("keep")
    (tmp_path / "statements" / "link").symlink_to(tmp_path / "secret")
    for key in ("../secret", "/etc/hostname", "link", "..", "x/../../secret"):
        assert files.find(key) is None
        if key not in ("..", "link"):
            files.erase("../secret", 1)
    assert (tmp_path / "secret").read_text() == "keep"
    assert all(one.key != "link" for one in files.records())


def test_what_persons_wrote_about_a_break_goes_and_its_proof_stands(
    database: Database, ledger: Ledger
) -> None:
    """R17, R10: personal data in comments is erased after its term; history, seals and facts verify as before."""
    desk = desk_on(database, ledger)
    one = a_break("R-1", day=date(2018, 3, 1))
    desk.take_up(date(2018, 3, 1), [one], (1, 156))
    number = one.break_id
    desk.assign(number, "clerk", by="lead")
    desk.comment(number, "clerk", "Mrs Zhang, 138…")
    desk.propose_close(number, "clerk", Cause.BANK_ERROR, "Mrs Zhang's bank repaid")
    office = office_of(database, ledger, BreakWords(database))
    assert office.plan(TODAY, by="dpo-1").document["erase"] == []  # it has not ended
    desk.approve(number, "lead", date(2018, 3, 2))
    plan = office.plan(TODAY, by="dpo-1")
    assert [one["key"] for one in plan.document["erase"]] == [f"{number:032x}"]
    assert outcomes(office.execute(plan.number, by="dpo-2")) == {"erased": 1}
    assert "Zhang" not in str(desk.history(number))
    assert desk.seals.audit() == 5
    assert desk.case(number).cause == "bank_error"
    assert office.plan(TODAY, by="dpo-1").document["erase"] == []
    assert date(2018, 3, 2) < DAY
