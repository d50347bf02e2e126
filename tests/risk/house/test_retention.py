"""A house's retention office keeps and purges what its risk desks wrote."""

from datetime import date
from pathlib import Path

from tests.risk.cases.kit import MONDAY, Hands, alert, moment

from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.risk_desks import FOLDS, open_desks
from jinku.risk.cases.access import Role
from jinku.risk.cases.model import Outcome

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
            assert {one["kind"] for one in plan.document["erase"]} == {"risk case", "risk evidence"}
            custody.retention.execute(plan.number, "dpo-2")
        assert desks.evidence.digests() == []
        assert "salaries" not in str(desks.cases.history(opened.key, "head-1"))
        assert desks.book.seals.audit(FOLDS) > 0
