"""From a case to a receipt: approved by another, private files, corrections, deadlines, inquiry, retention."""

import hashlib
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.risk.cases.kit import MONDAY, PAYER, Kit, alert, raised
from tests.risk.reports.parts import INSTITUTION, PEOPLE, SCHEMA, STR
from tests.risk.reports.test_exporters import LARGE

from jinku.custody.retention.office import OfficeParts, Record, RetentionOffice
from jinku.custody.retention.table import RetentionRow
from jinku.risk.acts.errors import BadAct
from jinku.risk.cases.errors import NothingThere, NotNow, SecondPersonNeeded
from jinku.risk.cases.ladder import Rung
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.cases.model import Case, Outcome
from jinku.risk.cases.table import Clockwork
from jinku.risk.reports.desk import Making
from jinku.risk.reports.drafting import Facts, draft_of
from jinku.risk.reports.errors import ReportIncomplete
from jinku.risk.reports.model import Report, Stage
from jinku.risk.reports.people import PeopleFile
from jinku.risk.reports.retention import TERMS, risk_kinds


def making(path: Path, name: str = "goaml") -> Making:
    return Making(name, PEOPLE, INSTITUTION, path, SCHEMA if SCHEMA.exists() and name == "goaml" else None)


def reported(kit: Kit) -> Case:
    return kit.approved(Outcome.REPORT, *raised(kit, alert("a")))


def submitted(kit: Kit, report: Report, path: Path) -> Report:
    kit.reports.approve(report.key, "head-2")
    _, digest = kit.reports.export(report.key, "head-2", making(path))
    return kit.reports.submit(report.key, "head-2", digest)


def test_a_report_goes_from_case_to_receipt_by_other_hands(kit: Kit, tmp_path: Path) -> None:
    """K7: draft → approved → submitted → acknowledged; the case closes with it; the file is its owner's alone."""
    opened = kit.opened(*raised(kit, alert("a")))
    for number in ("", opened.key, "000099"):
        with pytest.raises((BadAct, NotNow, NothingThere)):
            kit.reports.draft(STR, "aml-1", case=number)
    kit.cases.propose(opened.key, "aml-1", Outcome.REPORT, "three days")
    case = kit.cases.approve(opened.key, "head-1")
    report = kit.reports.draft(STR, "head-3", case=case.key)
    path = tmp_path / "str.xml"
    with pytest.raises(NotNow):
        kit.reports.export(report.key, "head-3", making(path))
    for by in ("head-3", "HEAD-3"):
        with pytest.raises(SecondPersonNeeded):
            kit.reports.approve(report.key, by)
    report = kit.reports.approve(report.key, "head-2")
    report, digest = kit.reports.export(report.key, "head-2", making(path))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadAct):
        kit.reports.submit(report.key, "head-2", "ab" * 32)
    with pytest.raises(NotNow):
        kit.cases.close(case.key, "aml-1", [report.key])
    assert kit.reports.submit(report.key, "head-2", digest).stage is Stage.SUBMITTED
    assert kit.cases.close(case.key, "aml-1", [report.key]).made == (f"report {report.key}",)
    report = kit.reports.acknowledge(report.key, "aml-1", "FIU/2026/118")
    assert (report.stage, report.receipt) == (Stage.ACKNOWLEDGED, "FIU/2026/118")
    kit.audit()


def test_one_with_a_hand_in_the_case_does_not_approve_its_report(one: Kit) -> None:
    """K7."""
    opened = one.opened(*raised(one, alert("a")))
    one.cases.note(opened.key, "head-2", "asked the branch")
    one.cases.propose(opened.key, "aml-1", Outcome.REPORT, "three days")
    one.cases.approve(opened.key, "head-1")
    report = one.reports.draft(STR, "aml-1", case=opened.key)
    with pytest.raises(SecondPersonNeeded):
        one.reports.approve(report.key, "head-2")
    assert one.reports.approve(report.key, "head-1").stage is Stage.APPROVED


def test_a_revision_needs_approval_and_a_file_again(kit: Kit, tmp_path: Path) -> None:
    """K7: what is submitted is a file of what was approved."""
    report = kit.reports.draft(STR, "aml-1", case=reported(kit).key)
    kit.reports.approve(report.key, "head-2")
    _, old = kit.reports.export(report.key, "head-2", making(tmp_path / "old.xml"))
    report = kit.reports.revise(report.key, replace(STR, narrative="said better"), "aml-1")
    assert (report.stage, report.files, report.approved_by) == (Stage.DRAFT, (), "")
    kit.reports.approve(report.key, "head-2")
    with pytest.raises(BadAct):
        kit.reports.submit(report.key, "head-2", old)
    assert kit.reports.content(report.key, "aml-1").narrative == "said better"
    with pytest.raises(BadAct):
        kit.reports.revise(report.key, LARGE, "aml-1")


def test_a_correction_refers_to_the_former_report(kit: Kit, tmp_path: Path) -> None:
    """K7: rejected → corrected; the former is corrected once the correction is submitted, once only."""
    first = submitted(kit, kit.reports.draft(STR, "aml-1", case=reported(kit).key), tmp_path / "1.xml")
    first = kit.reports.reject(first.key, "aml-1", "FIU/2026/9", "element 12")
    assert first.stage is Stage.REJECTED
    better = replace(STR, narrative="with element 12")
    second = kit.reports.draft(better, "aml-1", corrects=first.key)
    third = kit.reports.draft(better, "aml-1", corrects=first.key)
    assert (second.corrects, second.case) == (first.key, first.case)
    assert kit.reports.report(first.key, "aml-1").stage is Stage.REJECTED
    path = tmp_path / "2.xml"
    submitted(kit, second, path)
    assert b"<fiu_ref_number>FIU/2026/9</fiu_ref_number>" in path.read_bytes()
    former = kit.reports.report(first.key, "aml-1")
    assert (former.stage, former.corrected_by) == (Stage.CORRECTED, second.key)
    with pytest.raises(NotNow):
        submitted(kit, third, tmp_path / "3.xml")
    with pytest.raises(NotNow):
        kit.reports.draft(better, "aml-1", corrects=first.key)


def test_deadlines_of_reports_are_dated_rows(kit: Kit, tmp_path: Path) -> None:
    """K3, K7: five working days from the day of the large value, one from the case's approval, then the office's."""
    large = kit.reports.draft(LARGE, "aml-1")
    case = reported(kit)
    suspicious = kit.reports.draft(STR, "aml-1", case=case.key)
    waits = {one.report.key: one for one in kit.reports.waiting("head-1", MONDAY)}
    day = LARGE.lines[0].day
    assert waits[large.key].due == Clockwork().after(day, 5)
    assert (waits[suspicious.key].what, waits[suspicious.key].due) == (
        "suspicious_report",
        MONDAY + timedelta(1),
    )
    assert not waits[suspicious.key].overdue
    late = kit.reports.waiting("head-1", MONDAY + timedelta(2))
    assert [one.report.key for one in late if one.overdue] == [suspicious.key]
    submitted(kit, suspicious, tmp_path / "1.xml")
    [asked] = [one for one in kit.reports.waiting("head-1", MONDAY) if one.report.key == suspicious.key]
    assert asked.what == "report_acknowledged"


def test_names_are_in_the_file_and_nowhere_else(kit: Kit, tmp_path: Path) -> None:
    """K7: opaque references in acts, seals, contents and errors; names come through the port when a file is made."""
    report = submitted(kit, kit.reports.draft(STR, "aml-1", case=reported(kit).key), tmp_path / "1.xml")
    assert "张" in (tmp_path / "1.xml").read_text("utf-8")
    with kit.database.reading() as connection:
        everything = "".join(
            str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in (
                "risk_act",
                "risk_act_seal",
                "risk_history",
                "risk_report_content",
                "risk_alert_hit",
            )
        )
    for secret in ("张", "110101199001020018", "13800000000", "6222020000000001"):
        assert secret not in everything
    with pytest.raises(ReportIncomplete) as caught:
        kit.reports.export(
            report.key, "head-2", replace(making(tmp_path / "2.xml", "china-csv"), people=PeopleFile({}))
        )
    assert "customer:77" in str(caught.value)
    assert not (tmp_path / "2.xml").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_draft_is_written_from_the_case(one: Kit, language: str) -> None:
    """K7: narrative and indicators from alerts, subjects and what was done, in two languages."""
    numbers = raised(one, alert("a"), alert("b", subject=78, typology="fan_in"))
    one.alerts.raise_([alert("c")])
    case = one.approved(Outcome.REPORT, *numbers)
    one.measures.approve(one.measures.propose(Wish(PAYER, Rung.DILIGENCE, "closer"), "aml-1").key, "head-1")
    groups = one.cases.alerts_of(case.key, "aml-1")
    facts = Facts(case, groups, one.measures.measures("aml-1", customer=PAYER), STR.movements)
    content = draft_of(facts, "CNY", language, Clockwork())
    assert content.subjects == ("customer:77", "customer:78")
    assert content.indicators == ("fan_in", "structuring")
    assert "98000.00 CNY" in content.narrative
    assert "just under the threshold" in content.narrative
    assert content.action == ("强化尽职调查" if language == "zh" else "more due diligence")
    assert draft_of(facts, "CNY", language, Clockwork()) == content


def test_an_inquiry_gets_everything_by_two_persons(kit: Kit, tmp_path: Path) -> None:
    """K9: export for an inquiry: complete, provable, private."""
    case = kit.opened(*raised(kit, alert("a")))
    kit.cases.keep_file(case.key, "aml-1", "statement/1", b"a statement")
    kit.cases.propose(case.key, "aml-1", Outcome.REPORT, "three days")
    kit.cases.approve(case.key, "head-1")
    kit.reports.draft(STR, "aml-1", case=case.key)
    kit.measures.propose(Wish(PAYER, Rung.DILIGENCE, "closer"), "aml-1")
    asked = kit.inquiry.ask(PAYER, "PBOC/2026/118", "head-1")
    path = tmp_path / "inquiry.zip"
    with pytest.raises(SecondPersonNeeded):
        kit.inquiry.hand_over(asked, "head-1", path)
    told = kit.inquiry.hand_over(asked, "head-2", path)
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
        for name, digest in manifest["files"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        assert archive.read("evidence/" + hashlib.sha256(b"a statement").hexdigest()) == b"a statement"
    kinds = {name.partition("-")[0].partition("/")[0] for name in manifest["files"]}
    assert kinds == {"case", "alert", "measure", "report", "evidence"}
    assert (manifest["missing"], told["sha256"]) == ([], hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(NotNow):
        kit.inquiry.hand_over(asked, "head-2", path)
    kit.evidence.erase(hashlib.sha256(b"a statement").hexdigest())
    again = kit.inquiry.ask(PAYER, "PBOC/2026/119", "head-1")
    assert kit.inquiry.hand_over(again, "head-2", path)["missing"] == [
        hashlib.sha256(b"a statement").hexdigest()
    ]
    kit.audit()


class Registered:
    """A kind as the house's retention office wants it."""

    def __init__(self, kind: object) -> None:
        self._kind = kind
        self.name: str = kind.name  # type: ignore[attr-defined]

    def records(self) -> object:
        return [Record(one.key, one.ended, one.digest, one.subject) for one in self._kind.records()]  # type: ignore[attr-defined]

    def find(self, key: str) -> Record | None:
        one = self._kind.find(key)  # type: ignore[attr-defined]
        return Record(one.key, one.ended, one.digest, one.subject) if one else None

    def erase(self, key: str, act: int) -> None:
        self._kind.erase(key, act)  # type: ignore[attr-defined]


def test_ten_years_then_a_purge_by_two_persons_unless_a_hold_names_it(kit: Kit, tmp_path: Path) -> None:
    """K9: retention 10 years + legal hold, by the house's own office."""
    case = kit.opened(*raised(kit, alert("a")))
    kit.cases.keep_file(case.key, "aml-1", "statement/1", b"a statement")
    kit.cases.propose(case.key, "aml-1", Outcome.REPORT, "three days")
    kit.cases.approve(case.key, "head-1")
    report = submitted(kit, kit.reports.draft(STR, "aml-1", case=case.key), tmp_path / "1.xml")
    rows = [RetentionRow(one.from_day, one.jurisdiction, one.kind, one.years, one.source) for one in TERMS]
    kinds = [Registered(one) for one in risk_kinds(kit.book, kit.evidence, Clockwork())]
    parts = OfficeParts(kit.database, kit.ledger, kit.clock, "CN", rows)
    office = RetentionOffice(parts, kinds)  # type: ignore[arg-type]
    ten_years = MONDAY.replace(year=MONDAY.year + 10)
    assert office.plan(ten_years + timedelta(1), "dpo-1").document["erase"] == [], "nothing has ended"
    kit.cases.close(case.key, "aml-1", [report.key])
    kit.reports.acknowledge(report.key, "aml-1", "FIU/1")
    assert office.plan(ten_years, "dpo-1").document["erase"] == []
    hold = office.hold({"subject": str(PAYER)}, "a court asks", "counsel-1")
    held = office.plan(ten_years + timedelta(1), "dpo-1").document
    assert (held["erase"], len(held["held"])) == ([], 4)
    office.lift(hold.number, "counsel-2")
    plan = office.plan(ten_years + timedelta(1), "dpo-1")
    gone = {"risk case", "risk report", "risk evidence", "risk alert"}
    assert {one["kind"] for one in plan.document["erase"]} == gone
    office.execute(plan.number, "dpo-2")
    assert kit.evidence.digests() == []
    with pytest.raises(NothingThere):
        kit.reports.content(report.key, "head-1")
    assert "three days" not in str(kit.cases.history(case.key, "head-1"))
    kit.audit()
