"""Desks on real parts: a ledger in a directory, control data on SQLite or PostgreSQL, a clock that is set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinku.base.database import Database
from jinku.bootstrap.risk_desks import FOLDS
from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger
from jinku.risk.acts.book import ActBook
from jinku.risk.cases.access import NeedToKnow, Role
from jinku.risk.cases.alert_desk import AlertDesk, AlertParts
from jinku.risk.cases.alerts import Alert
from jinku.risk.cases.desk import CaseDesk, CaseParts
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.measure_desk import MeasureDesk
from jinku.risk.cases.model import Case, Outcome
from jinku.risk.rating.desk import RatingDesk
from jinku.risk.reports.desk import ReportDesk
from jinku.risk.reports.inquiry import Inquiry

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 16)
PAYER = 77


def moment(day: date, hour: int = 10, minute: int = 0) -> int:
    """A local time as UTC ns."""
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).timestamp()) * 10**9


class Hands:
    """A clock that is set by hand and never stands still."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        self.at += 1_000
        return self.at

    def set(self, day: date, hour: int = 10, minute: int = 0) -> None:
        self.at = moment(day, hour, minute)


@dataclass
class Kit:
    """Everything of one house's risk desk. aml-1 and aml-2 are analysts, head-1 … head-3 approvers, audit-1 an
    auditor."""

    clock: Hands
    ledger: Ledger
    database: Database
    book: ActBook
    access: NeedToKnow
    alerts: AlertDesk
    cases: CaseDesk
    measures: MeasureDesk
    reports: ReportDesk
    ratings: RatingDesk
    evidence: EvidenceStore
    inquiry: Inquiry

    def audit(self) -> int:
        """Every act verified."""
        return self.book.seals.audit(FOLDS)

    def opened(self, *alerts: int, by: str = "aml-1") -> Case:
        """A case under investigation by aml-1."""
        case = self.cases.open(alerts, by, "seen on the list of the day")
        self.cases.assign(case.key, "aml-1", "head-3")
        return self.cases.investigate(case.key, "aml-1")

    def approved(self, outcome: Outcome, *alerts: int) -> Case:
        """A case with an approved outcome."""
        case = self.opened(*alerts)
        self.cases.propose(case.key, "aml-1", outcome, "just under the threshold on three days")
        return self.cases.approve(case.key, "head-1")


def kit_on(where: Path | str, directory: Path, parts: AlertParts | None = None) -> Kit:
    """A kit on the database at `where`; its ledger and files in `directory`."""
    clock = Hands(moment(MONDAY))
    ledger, database = open_journal(directory / "ledger"), Database.open(where)
    book = ActBook(database, ledger, clock)
    access, evidence = NeedToKnow(book), EvidenceStore(directory / "evidence")
    for who, role in (
        ("head-1", Role.APPROVER), ("head-2", Role.APPROVER), ("head-3", Role.APPROVER),
        ("aml-1", Role.ANALYST), ("aml-2", Role.ANALYST), ("audit-1", Role.AUDITOR),
    ):  # fmt: skip
        access.admit(who, role, by="founder" if who in ("head-1", "head-2") else "head-1", text="of the desk")
    alerts, reports = AlertDesk(book, access, parts), ReportDesk(book, access)
    return Kit(
        clock,
        ledger,
        database,
        book,
        access,
        alerts,
        CaseDesk(book, access, CaseParts(evidence=evidence)),
        MeasureDesk(book, access),
        reports,
        RatingDesk(book),
        evidence,
        Inquiry(book, access, alerts, reports, evidence),
    )


def alert(key: str, subject: int = PAYER, typology: str = "structuring", **more: object) -> Alert:
    """An alert of Monday at ten."""
    values: dict[str, object] = {
        "score": 60, "at": moment(MONDAY), "amount": 4_900_000, "currency": "CNY",
        "evidence": ("ab" * 32,), "version": "aml 12",
    }  # fmt: skip
    return Alert(key, subject, typology, **{**values, **more})  # type: ignore[arg-type]


def raised(kit: Kit, *alerts: Alert) -> Sequence[int]:
    """Numbers of new alerts."""
    return kit.alerts.raise_(alerts).new
