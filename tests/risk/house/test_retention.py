"""A house's retention office keeps and purges what its risk desks wrote."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.risk.cases.kit import MONDAY, Hands, alert, moment
from tests.risk.house.kit import Now, moved, opened

from jinku.base.clock import day_of
from jinku.base.errors import JinkuError
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import FOLDS, open_desks
from jinku.cli.main import main
from jinku.custody.retention.office import outcomes
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.cases.access import Role
from jinku.risk.cases.model import Outcome
from jinku.risk.decision.errors import JournalAltered, JournalErased
from jinku.risk.decision.journal import Journal
from jinku.risk.rating.engine import Profile
from jinku.risk.screening.model import Entry, ListedName, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.whitelist import Whitelist

CREATED = int(CreateTransferStatus.CREATED)

OVER = date(MONDAY.year + 10, 11, 17)


def test_cases_and_evidence_are_kept_ten_years_and_purged_by_two_persons(tmp_path: Path) -> None:
    """K9: of the house itself, by `jinku retention`, unless a legal hold names the customer."""
    clock = Hands(moment(MONDAY))
    with open_house(tmp_path, clock=clock) as house:
        desks = open_desks(house, clock)
        for who, role in (("head-1", Role.APPROVER), ("head-2", Role.APPROVER), ("aml-1", Role.ANALYST)):
            desks.access.admit(who, role, by="head-1" if role is Role.ANALYST else "founder", text="the desk")
        opened = desks.cases.open(desks.alerts.raise_([alert("a")]).new, "aml-1", "seen on the day's list")
        desks.cases.assign(opened.key, "aml-1", "head-1")
        desks.cases.investigate(opened.key, "aml-1")
        desks.cases.keep_file(opened.key, "aml-1", "statement/1", b"a statement")
        desks.cases.propose(opened.key, "aml-1", Outcome.DISMISS, "salaries, each month")
        with Custody(house, clock) as custody:
            assert custody.retention.plan(OVER, "dpo-1").document["erase"] == [], "it has not ended"
            desks.cases.approve(opened.key, "head-2")
            hold = custody.retention.hold({"subject": "77"}, "a court asks", "counsel-1")
            assert custody.retention.plan(OVER, "dpo-1").document["erase"] == []
            custody.retention.lift(hold.number, "counsel-2")
            assert custody.retention.plan(OVER.replace(year=OVER.year - 1), "dpo-1").document["erase"] == []
            plan = custody.retention.plan(OVER, "dpo-1")
            assert {one["kind"] for one in plan.document["erase"]} == {
                "risk case",
                "risk evidence",
                "risk alert",
            }
            custody.retention.execute(plan.number, "dpo-2")
        assert desks.evidence.digests() == []
        assert "salaries" not in str(desks.cases.history(opened.key, "head-1"))
        assert desks.book.seals.audit(FOLDS) > 0


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record of the journal of decisions is a file of its own."""
    monkeypatch.setitem(Journal.open.__func__.__kwdefaults__, "segment_bytes", 1)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("small_files")
def test_decisions_go_after_their_term_and_the_journal_still_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K9: heads, digests, seals and ids stay; a replay says under which act the rest was erased; nothing is decided
    twice under one id."""
    clock, directory = Now(), tmp_path / "house"
    with opened(directory, clock) as risk:
        for first, sides in ((100, (3, 5, 10)), (200, (7, 5, 20)), (300, (3, 6, 30))):
            assert moved(risk, first, sides) == [CREATED]
        day = day_of(int(risk.journal.place(0)["time"]) * 1_000)
    over = day.replace(year=day.year + 10) + timedelta(2)
    with open_house(directory, clock=clock) as house, Custody(house, clock) as custody:
        custody.recover()
        office = custody.retention
        assert office.plan(over - timedelta(3), "dpo-1").document["erase"] == []
        hold = office.hold({"subject": "7"}, "a court asks", "counsel-1")
        plan = office.plan(over, "dpo-1")
        assert [(one["kind"], one["key"]) for one in plan.document["erase"]] == [("risk decision", "0")]
        assert [(one["key"], one["holds"]) for one in plan.document["held"]] == [("1", [hold.number])]
        done = office.execute(plan.number, "dpo-2")
        assert outcomes(done) == {"erased": 1}
        [due] = [one for one in office.due(over) if one.kind == "risk decision"]
        assert (due.due, due.held, due.kept, due.next_day) == (0, 1, 0, None)
        assert "AML Law" in due.source
    records = directory / "risk" / "journal" / "records"
    assert sorted(path.suffix for path in records.iterdir()) == [".decisions", ".decisions", ".erased"]
    for derived in ("journal/places", "ids", "state"):
        path = directory / "risk" / derived
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    clock.ns += 11 * 365 * 86_400 * 10**9
    with opened(directory, clock) as risk:
        found = risk.replay(day)
        assert (found.mismatches, found.erased, found.decisions) == (0, 3, 0)
        assert found.findings[0] == f"record 0 was erased under retention act {plan.number}"
        assert "record 1 was decided from what is gone" in found.findings[1]
        with pytest.raises(JournalErased):
            risk.journal.read(0)
        with pytest.raises(JinkuError, match=f"retention act {plan.number}"):
            moved(risk, 100, (3, 5, 10))
    assert main(["retention", "due", "--day", over.isoformat(), "--data", str(directory)]) == 0
    assert "risk decision" in capsys.readouterr().out
    erased = next(records.glob("*.erased"))
    raw = bytearray(erased.read_bytes())
    raw[24 + 103] ^= 1
    erased.write_bytes(raw)
    (directory / "risk" / "journal" / "places").unlink()
    with open_house(directory, clock=clock) as house, pytest.raises(JournalAltered):
        Risk(house, clock)


def test_a_hold_on_a_case_holds_all_that_is_about_its_customer(tmp_path: Path) -> None:
    """K9: alerts, evidence, grades and reasons of clearances of the customer stay with the case; each erases alone."""
    clock = Hands(moment(MONDAY))
    with open_house(tmp_path, clock=clock) as house:
        desks = open_desks(house, clock)
        for who, role in (("head-1", Role.APPROVER), ("head-2", Role.APPROVER), ("aml-1", Role.ANALYST)):
            desks.access.admit(who, role, by="head-1" if role is Role.ANALYST else "founder", text="the desk")
        raised = desks.alerts.raise_([alert("a"), alert("b", subject=88)])
        opened_case = desks.cases.open(raised.new[:1], "aml-1", "seen on the day's list")
        desks.cases.assign(opened_case.key, "aml-1", "head-1")
        desks.cases.investigate(opened_case.key, "aml-1")
        desks.cases.propose(opened_case.key, "aml-1", Outcome.DISMISS, "salaries, each month")
        desks.cases.approve(opened_case.key, "head-2")
        desks.ratings.rate([Profile(77, {}), Profile(88, {})], "kyc-1")
        for customer in (77, 88):
            desks.ratings.propose_override(customer, 4, MONDAY, "kyc-1", "cash from a new shop")
            desks.ratings.refuse_override(customer, "head-1", "the shop is known")
        whitelist = Whitelist(house.control, house.ledger, clock)
        entry = Entry("cn", "1", Kind.PERSON, (ListedName("张三丰"),))
        for key in ("77", "88.representative"):
            subject = Subject(key, ("张三丰",))
            whitelist.propose(subject, entry, "another person", by="clerk-1", expires=clock() + 10**12)
        with Custody(house, clock) as custody:
            custody.retention.hold({"kind": "risk case", "key": opened_case.key}, "a court asks", "counsel-1")
            plan = custody.retention.plan(OVER, "dpo-1")
            kinds = {"risk alert", "risk override", "risk clearance"}
            assert {one["kind"] for one in plan.document["held"]} == {*kinds, "risk case"}
            assert {one["kind"] for one in plan.document["erase"]} == kinds
            custody.retention.execute(plan.number, "dpo-2")
        assert "another person" not in str(whitelist.all()[1])
        assert whitelist.all()[0].reason == "another person"
        assert len(whitelist.proven()) == 2
        [kept, gone] = (desks.alerts.alert(one, "head-1") for one in raised.new)
        assert (len(kept[1]), len(gone[1]), gone[0].seen) == (1, 0, 1)
        assert desks.audit()["alerts"] == 2
