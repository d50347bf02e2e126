"""The register of files: each file and statement once, durable, all or nothing."""

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.custody.statements import OUT, entry, statement

from jinku.base.errors import InputError
from jinku.custody.errors import DuplicateFile, IntakeUnavailable
from jinku.custody.statements.formats.camt import write
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.reading import ReadOptions
from jinku.custody.statements.intake import Intake

NOON = 1_795_262_400_000_000_000
FIRST = statement(entry("A", 5))
SECOND = statement(entry("B", 3, OUT), opening=1_005, sequence=2)


def intake_at(directory: Path) -> Intake:
    return Intake(directory / "intake.sqlite", clock=lambda: NOON)


def test_a_file_is_accepted_once_and_remembered(tmp_path: Path) -> None:
    data = write([FIRST])
    with intake_at(tmp_path) as intake:
        accepted = intake.accept(data, "first.xml")
        assert accepted.statements == (FIRST,)
        assert accepted.findings == ()
    with intake_at(tmp_path) as intake:
        assert intake.files() == [accepted.file]
        with pytest.raises(
            DuplicateFile, match=r"again\.xml: .* in first\.xml, accepted 2026-11-21T"
        ) as refused:
            intake.accept(data, "again.xml")
        assert refused.value.value == accepted.file.sha256
        assert len(intake.files()) == 1


def test_the_same_message_or_statement_in_other_bytes_is_refused(tmp_path: Path) -> None:
    with intake_at(tmp_path) as intake:
        intake.accept(write([FIRST]), "first.xml")
        changed = replace(FIRST, owner="someone")
        with pytest.raises(DuplicateFile, match=r"message M1 came before, in first\.xml"):
            intake.accept(write([changed]), "changed.xml")
        for again in (
            replace(changed, message_id="M9"),
            replace(changed, message_id="M9", statement_id="S9"),
        ):
            both = [replace(SECOND, message_id="M9"), again]
            with pytest.raises(DuplicateFile, match=r"statement S. \(no\. 1\) of this account came before"):
                intake.accept(write(both), "both.xml")
        assert len(intake.files()) == 1
        assert intake.accept(write([SECOND]), "second.xml").findings == ()


def test_a_bad_file_leaves_no_trace(tmp_path: Path) -> None:
    data = write([FIRST])
    with intake_at(tmp_path) as intake:
        with pytest.raises(InputError, match="ends in the middle"):
            intake.accept(data[:800], "first.xml")
        with pytest.raises(InputError, match="larger than"):
            intake.accept(data, "first.xml", options=ReadOptions(ReadLimits(file_bytes_max=10)))
        with pytest.raises(InputError, match="No such file"):
            intake.accept(tmp_path / "none.xml")
        assert intake.files() == []
        path = tmp_path / "first.xml"
        path.write_bytes(data)
        assert intake.accept(path).file.name == "first.xml"


def test_gaps_are_findings(tmp_path: Path) -> None:
    with intake_at(tmp_path) as intake:
        intake.accept(write([FIRST]))
        (jump,) = intake.accept(write([replace(SECOND, opening=1_006, closing=1_003)])).findings
        assert (jump.check, "10.05 CNY" in jump.problem) == ("continuity", True)
        (gap,) = intake.accept(write([statement(sequence=4, opening=1_003)])).findings
        assert (gap.check, gap.problem) == ("sequence", "statements are missing: after 2 comes 4")
        twice = statement(entry("X", 1), entry("X", 1), sequence=5, opening=1_003)
        (line,) = intake.accept(write([twice])).findings
        assert line.check == "duplicate_line"


def test_what_is_accepted_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    with intake_at(tmp_path) as intake:
        intake.accept(write([FIRST]), "first.xml")
        other = sqlite3.connect(tmp_path / "intake.sqlite")
        assert other.execute("SELECT count(*) FROM statement").fetchone() == (1,)
        other.close()


def test_a_register_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntakeUnavailable):
        Intake(tmp_path / "nowhere" / "intake.sqlite")
    (tmp_path / "intake.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 9)
    with pytest.raises(IntakeUnavailable):
        intake_at(tmp_path)


def test_numbers_start_anew_with_the_year_and_kinds_are_apart(tmp_path: Path) -> None:
    last, first = date(2026, 12, 31), date(2027, 1, 2)
    old = replace(statement(entry("A", 5), sequence=1), from_date=last, to_date=last)
    new = replace(
        statement(opening=1_005, sequence=1), from_date=first, to_date=first, message_id="N", statement_id="N"
    )
    with intake_at(tmp_path) as intake:
        assert intake.accept(write([old])).findings == ()
        assert intake.accept(write([new])).findings == ()
        report = write([replace(new, message_id="R")]).decode().replace("camt.053", "camt.052")
        report = report.replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>")
        assert intake.accept(report.encode()).findings == ()
        jump = replace(new, sequence=2, opening=7, closing=7, message_id="J", statement_id="J")
        (found,) = intake.accept(write([jump])).findings
        assert (found.check, "no. 1 of 2027-01-02" in found.problem) == ("continuity", True)
        with pytest.raises(DuplicateFile, match=r"\(no\. 1\) of this account came before"):
            intake.accept(write([replace(new, message_id="X", statement_id="X")]))
