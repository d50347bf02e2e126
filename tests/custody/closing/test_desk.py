"""The closing desk on a real ledger: days from inputs to sealed records, and every way to cheat it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.custody.closing.scene import BOOKS, FIRST, Bank, Scene, scene_in

from jinku.base.currency import currency
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.custody.closing.days import Books, DayState
from jinku.custody.closing.desk import Reperformance
from jinku.custody.closing.errors import ChangedInput, ClosedDayChanged, CloseRefused, SamePerson
from jinku.custody.closing.inputs import Given, InputRole
from jinku.custody.closing.tables import DAY, INPUT
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.statements.model import Direction

SECOND, THIRD = date(2026, 11, 20), date(2026, 11, 23)


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path, database) as made:
        yield made


def a_day(scene: Scene, bank: Bank, day: date) -> None:
    """Two deposits and a payout; the bank shows what the books have."""
    for _ in range(2):
        bank.line(scene.deposit(day, 10_000), 10_000, Direction.CREDIT, day)
    bank.line(scene.payout(day, 2_500), 2_500, Direction.DEBIT, day)


def test_a_day_becomes_a_record_that_can_be_computed_again(scene: Scene) -> None:
    """R11: the record names as-of point, people, method, input hashes, totals, differences, actions, outcome."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    day, record = scene.close(bank, FIRST)
    assert day.state is DayState.CLOSED
    said = json.loads(record)
    assert (said["preparer"], said["reviewer"], said["as_of"]) == (
        "clerk-1",
        "clerk-2",
        "2026-11-19T17:00:00Z",
    )
    assert said["reconciliation"]["counts"] == {"equal": 3}
    assert said["outcome"] == "reconciled"
    assert {one["role"] for one in said["inputs"]} == {"statement", "ledger", "balances", "terms"}
    for one in said["inputs"]:
        assert hashlib.sha256(scene.desk.kept(one["sha256"])).hexdigest() == one["sha256"]
    position = said["positions"][0]
    assert (position["requirement"], position["resource"], position["difference"]) == ("17500", "17500", "0")
    assert [one["what"] for one in said["actions"]][:2] == ["settings", "started"]
    assert said["method"]["version"]
    assert scene.desk.reperform(BOOKS, FIRST) == Reperformance(FIRST, True, day.record, day.record, ())
    assert scene.sealed(day.record)


def test_days_follow_each_other_and_carry_what_is_open(scene: Scene) -> None:
    """R7, R11: what the bank has not shown yet is expected again; each record names the one before."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    late = scene.deposit(FIRST, 700)
    first, record = scene.close(bank, FIRST)
    assert json.loads(record)["reconciliation"]["counts"] == {"equal": 3, "missing_at_bank": 1}
    assert json.loads(record)["outcome"] == "shortfall"
    [found] = scene.breaks.taken
    assert (found.kind, found.effect) == (BreakClass.MISSING_AT_BANK, -700)
    a_day(scene, bank, SECOND)
    bank.line(late, 700, Direction.CREDIT, SECOND)
    _, record = scene.close(bank, SECOND)
    said = json.loads(record)
    assert said["previous_record"] == first.record
    assert said["reconciliation"]["counts"]["equal"] >= 3
    assert said["positions"][0]["difference"] == "0"
    assert InputRole.CARRIED in {one.role for one in scene.desk.inputs(BOOKS, SECOND)}
    assert scene.desk.reperform(BOOKS, SECOND).equal
    assert scene.desk.reperform(BOOKS, FIRST).equal


def test_what_names_a_closed_day_is_listed_as_late(scene: Scene) -> None:
    """R6: a back-dated entry counts on the day it was booked, and is listed; the closed day stays."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    closed, _ = scene.close(bank, FIRST)
    bank.line(scene.deposit(FIRST, 999), 999, Direction.CREDIT, SECOND)
    _, record = scene.close(bank, SECOND)
    late = json.loads(record)["late"]
    assert (late["count"], late["amount"], late["listed"][0]["day"]) == (1, "999", FIRST.isoformat())
    assert scene.book.day(BOOKS, FIRST) == closed
    assert scene.desk.reperform(BOOKS, FIRST).equal


def test_a_changed_statement_for_a_closed_day_is_refused_and_noted(scene: Scene) -> None:
    """R6, R20: the bank cannot rewrite a closed day; the same file again is harmless."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    file = bank.statement(FIRST)
    scene.close(bank, FIRST, file=file)
    scene.desk.screen(file, "again.xml", currency("GBP"), [BOOKS])
    changed = bank.statement(FIRST, extra=1)
    with pytest.raises(ClosedDayChanged, match=r"closing 175\.01 GBP instead of 175\.00 GBP"):
        scene.desk.screen(changed, "changed.xml", currency("GBP"), [BOOKS])
    scene.clock.to("2026-11-20T18:00:00Z")
    with pytest.raises(ClosedDayChanged):
        scene.start([changed])
    notes = [line for line in scene.book.history(BOOKS, FIRST) if line.what == "changed statement"]
    assert len(notes) == 2
    assert scene.book.next_to_close(*BOOKS) == SECOND


def test_a_statement_of_another_day_is_refused(scene: Scene) -> None:
    bank = Bank()
    scene.clock.to("2026-11-19T18:00:00Z")
    with pytest.raises(InputError, match=r"is of 2026-11-20"):
        scene.start([bank.statement(SECOND)])
    assert scene.book.days(BOOKS) == []
    with pytest.raises(CloseRefused, match="no day is being closed"):
        scene.desk.finish(BOOKS, "clerk-1")


def test_people(scene: Scene) -> None:
    """R18: nobody reviews his own work, whatever way he writes his name; a record may be sent back."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    scene.clock.to("2026-11-19T18:00:00Z")
    scene.start([bank.statement(FIRST)])
    scene.desk.finish(BOOKS, "clerk-1")
    for name in ("clerk-1", "CLERK-1"):
        with pytest.raises(SamePerson):
            scene.desk.review(BOOKS, name)
    assert scene.desk.send_back(BOOKS, "clerk-2", "the fee is missing").state is DayState.CLOSING
    with pytest.raises(CloseRefused):
        scene.desk.review(BOOKS, "clerk-2")
    _, draft = scene.desk.finish(BOOKS, "clerk-2")
    assert "the fee is missing" in draft.decode()
    day, _ = scene.desk.review(BOOKS, "clerk-1", comment="seen")
    assert (day.prepared_by, day.reviewed_by) == ("clerk-2", "clerk-1")


def test_changed_files_are_noticed_before_and_after_the_review(scene: Scene, tmp_path: Path) -> None:
    """R11, R21: whoever changes a stored input is found out by the next review or re-performance."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    scene.clock.to("2026-11-19T18:00:00Z")
    scene.start([bank.statement(FIRST)])
    day, _ = scene.desk.finish(BOOKS, "clerk-1")
    statement = next(one for one in scene.desk.inputs(BOOKS, FIRST) if one.role is InputRole.STATEMENT)
    path = next((tmp_path / "closes").rglob(statement.sha256))
    good = path.read_bytes()
    path.write_bytes(good.replace(b"100.00", b"900.00", 1))
    with pytest.raises(ChangedInput, match="other bytes"):
        scene.desk.review(BOOKS, "clerk-2")
    path.write_bytes(good)
    with scene.database.writing() as connection:  # another file under the same role, put in by hand
        other = scene.vault.put(bank.statement(FIRST, extra=5))
        connection.execute(update(INPUT).where(INPUT.c.role == "statement").values(sha256=other))
    with pytest.raises(CloseRefused, match="does not follow from its inputs"):
        scene.desk.review(BOOKS, "clerk-2")
    with scene.database.writing() as connection:
        connection.execute(update(INPUT).where(INPUT.c.role == "statement").values(sha256=statement.sha256))
    scene.desk.review(BOOKS, "clerk-2")
    path.unlink()
    with pytest.raises(ChangedInput, match="restore it"):
        scene.desk.reperform(BOOKS, FIRST)
    assert scene.book.day(BOOKS, FIRST).draft == day.draft


def test_a_crash_between_review_and_seal_is_made_good_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R21: whatever step a crash interrupts, the day is sealed once."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    scene.clock.to("2026-11-19T18:00:00Z")
    scene.start([bank.statement(FIRST)])
    scene.desk.finish(BOOKS, "clerk-1")
    seal = scene.ledger.seal

    def crash_after(digest: bytes, topic: int) -> tuple[int, int]:
        seal(digest, topic)
        raise KeyboardInterrupt

    monkeypatch.setattr(scene.ledger, "seal", crash_after)
    with pytest.raises(KeyboardInterrupt):
        scene.desk.review(BOOKS, "clerk-2")
    monkeypatch.undo()
    assert scene.book.day(BOOKS, FIRST).state is DayState.SEALING
    resumed = scene.desk.resume(BOOKS)
    assert resumed is not None
    assert resumed.state is DayState.CLOSED
    assert scene.seals(resumed.record) == [resumed.sealed_entry]
    assert scene.desk.resume(BOOKS) is None


def test_the_chain_of_records_is_verified(scene: Scene, tmp_path: Path) -> None:
    """R6, R11: chain, seals and book are compared; a record that was exchanged is found."""
    bank = Bank()
    for day in (FIRST, SECOND, THIRD):
        a_day(scene, bank, day)
        scene.close(bank, day)
    assert scene.desk.verify(BOOKS) == ()
    path = next((tmp_path / "closes").rglob(scene.book.day(BOOKS, SECOND).record))
    path.write_bytes(b"{}")
    assert "2026-11-20" in scene.desk.verify(BOOKS)[0]
    assert DAY.name == "close_day"


def test_a_day_without_a_statement_is_not_confirmed(scene: Scene) -> None:
    """R7: without the bank's word all of ours is expected again, and the position says so."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    _, record = scene.close(bank, FIRST, file=None)
    said = json.loads(record)
    assert not said["positions"][0]["confirmed"]
    assert said["reconciliation"]["counts"]["missing_at_bank"] == 3
    a_day(scene, bank, SECOND)
    _, record = scene.close(bank, SECOND)
    assert json.loads(record)["positions"][0]["confirmed"]
    assert json.loads(record)["positions"][0]["difference"] == "0"


def test_unknown_accounts_are_placed_by_a_person(scene: Scene) -> None:
    bank, own = Bank(), Bank("GB00OWN")
    scene.clock.to("2026-11-19T18:00:00Z")
    files: Sequence[tuple[str, bytes]] = [("a.xml", bank.statement(FIRST)), ("b.xml", own.statement(FIRST))]
    with pytest.raises(InputError, match="--account"):
        scene.desk.start(BOOKS, Given(files), scene.structure, "clerk-1")
    with pytest.raises(InputError, match="no bank account"):
        scene.desk.start(BOOKS, Given(files, accounts={"GB00OWN": "CUSTOMER"}), scene.structure, "clerk-1")
    said = {"GB00OWN": "OWN_BANK_MIRROR", bank.number: "BANK_MIRROR"}
    scene.desk.start(BOOKS, Given(files, accounts=said), scene.structure, "clerk-1")
    scene.desk.finish(BOOKS, "clerk-1")
    scene.desk.review(BOOKS, "clerk-2")
    scene.clock.to("2026-11-20T18:00:00Z")  # once placed, an account stays placed
    files = [("a.xml", bank.statement(SECOND)), ("b.xml", own.statement(SECOND))]
    scene.desk.start(BOOKS, Given(files), scene.structure, "clerk-1")
    scene.desk.finish(BOOKS, "clerk-1")


def test_three_sides_and_a_file_that_was_given_by_mistake(scene: Scene) -> None:
    """R7: platform, ledger and bank are compared; a wrong export is taken back, with a reason, and noted."""
    bank = Bank()
    a_day(scene, bank, FIRST)
    scene.clock.to("2026-11-19T18:00:00Z")
    scene.start([bank.statement(FIRST)])
    rows = ["id,reference,amount,direction,date", "p1,1,100.00,in,2026-11-19", "p2,2,100.00,in,2026-11-19"]
    wrong = "\n".join([*rows, "p3,3,99.00,out,2026-11-19"]).encode()
    scene.desk.start(BOOKS, Given(platform=[("orders.csv", wrong)]), scene.structure, "clerk-1")
    _, draft = scene.desk.finish(BOOKS, "clerk-1")
    counts = json.loads(draft)["reconciliation"]["counts"]
    assert counts["equal"] == 2
    assert sum(counts.values()) > 2
    digest = hashlib.sha256(wrong).hexdigest()
    with pytest.raises(CloseRefused, match="prepared"):
        scene.desk.drop(BOOKS, digest, "clerk-1", "yesterday's file")
    scene.desk.send_back(BOOKS, "clerk-2", "wrong export")
    scene.desk.drop(BOOKS, digest, "clerk-1", "yesterday's file")
    with pytest.raises(CloseRefused, match="no file"):
        scene.desk.drop(BOOKS, digest, "clerk-1", "again")
    good = wrong.replace(b"99.00", b"25.00")
    scene.desk.start(BOOKS, Given(platform=[("orders.csv", good)]), scene.structure, "clerk-1")
    _, draft = scene.desk.finish(BOOKS, "clerk-1")
    assert json.loads(draft)["reconciliation"]["counts"] == {"equal": 3}
    day, _ = scene.desk.review(BOOKS, "clerk-2")
    assert "yesterday's file" in str(scene.book.history(BOOKS, FIRST))
    assert scene.desk.reperform(BOOKS, day.day).equal


def test_other_books_are_not_touched(scene: Scene) -> None:
    assert scene.book.books() == [BOOKS]
    assert not scene.book.is_closed(*Books(2, 826), FIRST)
