"""The desks of alerts, cases, measures, reports and ratings over one house.

Example::

    with open_house(Path("my-house")) as house:
        desks = open_desks(house, time.time_ns)
        desks.alerts.raise_([…])
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from jinku.base.calendar import calendar_named
from jinku.base.clock import Clock
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_switch import fold_switch
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, Standing
from jinku.risk.acts.two import fold_two
from jinku.risk.cases.access import NeedToKnow, fold_access
from jinku.risk.cases.alert_desk import AlertDesk, AlertParts, fold_alerts
from jinku.risk.cases.desk import CaseDesk, CaseParts
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.measure_desk import MeasureDesk, MeasureParts
from jinku.risk.cases.measures import fold_measure
from jinku.risk.cases.model import fold_case
from jinku.risk.cases.table import Clockwork
from jinku.risk.market.limits import fold_day, fold_limit
from jinku.risk.operational.duties import fold_duty
from jinku.risk.operational.indicators import fold_indicator
from jinku.risk.operational.losses import fold_loss
from jinku.risk.rating.desk import RatingDesk, RatingParts, fold_override, fold_runs
from jinku.risk.reports.desk import ReportDesk, ReportParts
from jinku.risk.reports.inquiry import Inquiry, fold_inquiry
from jinku.risk.reports.model import fold_report

EVIDENCE_DIRECTORY = "risk-evidence"
FOLDS: Mapping[str, Callable[[Sequence[Act]], Standing]] = MappingProxyType(
    {
        "access": fold_access,
        "alerts": fold_alerts,
        "case": fold_case,
        "measure": fold_measure,
        "report": fold_report,
        "inquiry": fold_inquiry,
        "ratings": fold_runs,
        "override": fold_override,
        "market_limit": fold_limit,
        "market_day": fold_day,
        "loss": fold_loss,
        "indicator": fold_indicator,
        "duty": fold_duty,
        "switch": fold_switch,
        "held_order": fold_two,
        "rules_rollback": fold_two,
        "model_rollback": fold_two,
    }
)
"""For each kind of history, where its acts put it."""


@dataclass(frozen=True, slots=True)
class RiskDesks:
    """What persons of the risk desk work with."""

    book: ActBook
    access: NeedToKnow
    alerts: AlertDesk
    cases: CaseDesk
    measures: MeasureDesk
    reports: ReportDesk
    inquiry: Inquiry
    ratings: RatingDesk
    evidence: EvidenceStore
    clockwork: Clockwork

    def audit(self) -> dict[str, int]:
        """Verify every act, seal, alert and rating; how many of each. Raises ActTampered."""
        return {
            "acts": self.book.seals.audit(FOLDS),
            "alerts": self.alerts.audit(),
            "ratings": self.ratings.audit(),
        }


def open_desks(house: House, clock: Clock, *, calendar: str = "CN", zone: str = "Asia/Shanghai") -> RiskDesks:
    """The desks over an open house; what a crash left unsealed is sealed. Raises InputError for the calendar."""
    hours = Clockwork(calendar_named(calendar), zone)
    book = ActBook(house.control, house.ledger, clock)
    access, evidence = NeedToKnow(book), EvidenceStore(house.directory / EVIDENCE_DIRECTORY)
    ratings = RatingDesk(book, RatingParts(zone=zone))

    def grades_of(customers: Sequence[int]) -> Sequence[int]:
        found: list[int] = ratings.columns(customers, hours.day(clock()))["grade"].tolist()
        return found

    alerts = AlertDesk(book, access, AlertParts(hours, grades_of))
    reports = ReportDesk(book, access, ReportParts(hours))
    book.seals.seal()
    return RiskDesks(
        book,
        access,
        alerts,
        CaseDesk(book, access, CaseParts(hours, evidence=evidence)),
        MeasureDesk(book, access, MeasureParts(hours)),
        reports,
        Inquiry(book, access, alerts, reports, evidence),
        ratings,
        evidence,
        hours,
    )
