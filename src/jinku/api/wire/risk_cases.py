"""Alerts and cases in JSON."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jinku.api.books import By, Sha256, TextOut
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.risk_desk import AskedBy, DoneBy
from jinku.api.wire.numbers import U128, Digits128, InstantText, instant_out
from jinku.risk.cases.alert_store import Group
from jinku.risk.cases.alerts import Alert
from jinku.risk.cases.desk import EVIDENCE_KINDS, LINK_WHYS, CaseDesk
from jinku.risk.cases.model import Case, State

PAGE_ROWS_MAX = 1_000
ALERTS_MAX = 1_000
KEY_PATTERN = "^[0-9]{6}$"
Key = Annotated[str, Field(pattern=KEY_PATTERN, examples=["000001"])]
AlertNumber = Annotated[int, Field(ge=1, lt=1 << 31, strict=True)]
Words = Annotated[str, Field(min_length=1, max_length=4_000)]


class AlertsIn(AskedBy):
    """Which alerts."""

    model_config = ConfigDict(extra="forbid", title="AlertList")

    subject: U128 | None = None
    """Of this customer or account."""
    everything: bool = False
    """Those that are in cases too."""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)


class CasesIn(AskedBy):
    """Which cases."""

    model_config = ConfigDict(extra="forbid", title="CaseList")

    subject: U128 | None = None
    everything: bool = False
    """Closed ones too."""


class CaseIn(DoneBy):
    """A case to be opened, of alerts or of a subject alone."""

    model_config = ConfigDict(extra="forbid", title="CaseRequest")

    alerts: list[AlertNumber] = Field([], max_length=ALERTS_MAX)
    subject: U128 | None = None
    text: Words


class CaseActIn(DoneBy):
    """An act that says nothing but who does it."""

    model_config = ConfigDict(extra="forbid", title="CaseAct")

    case: Key


class CaseWordsIn(CaseActIn):
    """An act with words."""

    model_config = ConfigDict(extra="forbid", title="CaseWords")

    text: Words


class CaseAlertsIn(CaseActIn):
    """Further alerts for a case."""

    model_config = ConfigDict(extra="forbid", title="CaseAlerts")

    alerts: list[AlertNumber] = Field(min_length=1, max_length=ALERTS_MAX)


class CaseOwnerIn(CaseActIn):
    """Who has a case from now on."""

    model_config = ConfigDict(extra="forbid", title="CaseOwner")

    owner: By


class CaseEvidenceIn(CaseActIn):
    """Evidence, by its digest."""

    model_config = ConfigDict(extra="forbid", title="CaseEvidence")

    kind: Annotated[str, Field(pattern=f"^({'|'.join(EVIDENCE_KINDS)})$")]
    reference: Annotated[str, Field(pattern="^[A-Za-z0-9._:/-]{1,120}$")]
    sha256: Sha256


class CaseLinkIn(CaseActIn):
    """Another case, and why it belongs to this one."""

    model_config = ConfigDict(extra="forbid", title="CaseLink")

    other: Key
    why: Annotated[str, Field(pattern=f"^({'|'.join(LINK_WHYS)})$")]


class CaseShareIn(CaseActIn):
    """An admitted person who may see the case from now on."""

    model_config = ConfigDict(extra="forbid", title="CaseShare")

    person: By


class CaseProposalIn(CaseWordsIn):
    """How a case is to end."""

    model_config = ConfigDict(extra="forbid", title="CaseProposal")

    outcome: Literal["dismiss", "report", "measure"]


class CaseClosingIn(CaseActIn):
    """What was made of an approved case: numbers of reports that were submitted, or measures in force."""

    model_config = ConfigDict(extra="forbid", title="CaseClosing")

    made: list[Key] = Field(min_length=1, max_length=100)


class WhyOut(TextOut):
    """One reason of a priority."""

    points: int


class AlertOut(BaseModel):
    """Alerts of one subject and typology that were taken together."""

    id: int
    subject: Digits128
    typology: str
    window: str
    currency: str
    score: int
    amount: str
    seen: int
    first_at: InstantText
    last_at: InstantText
    raised_at: InstantText
    priority: int
    why: list[WhyOut]
    case: str | None
    is_closed: bool


class WholeAlertOut(AlertOut):
    """An alert with everything that was taken together in it."""

    hits: list[dict[str, Any]]


class AlertsOut(BaseModel):
    """Alerts, the most urgent first."""

    alerts: list[AlertOut]


class CaseOut(BaseModel):
    """A case, and the deadline that runs."""

    case: str
    subject: Digits128
    priority: int
    state: str
    owner: str | None
    outcome: str | None
    proposed_by: str | None
    approved_by: str | None
    next: str | None
    due: str | None
    overdue: bool


class WholeCaseOut(CaseOut):
    """A case with its deadlines, alerts, evidence, links and whole history."""

    clocks: list[dict[str, Any]]
    alerts: list[AlertOut]
    evidence: list[dict[str, str]]
    missing_evidence: list[str]
    links: list[dict[str, str]]
    made: list[str]
    history: list[dict[str, Any]]


class CasesOut(BaseModel):
    """Cases, the most urgent first."""

    cases: list[CaseOut]


def alert_out(one: Group) -> dict[str, Any]:
    """`one` as JSON values."""
    moments = {name: instant_out(getattr(one, name)) for name in ("first_at", "last_at", "raised_at")}
    return {**one.document(), **moments, "case": one.case or None}


def hit_out(one: Alert) -> dict[str, Any]:
    """`one` as JSON values."""
    return {**one.document(), "at": instant_out(one.at)}


def case_out(desk: CaseDesk, case: Case) -> dict[str, Any]:
    """`case` as JSON values."""
    clocks = desk.clocks(case, desk.today()) if case.state is not State.CLOSED else []
    running = next((one for one in clocks if one.done is None), None)
    proposal = case.proposal
    return {
        "case": case.key,
        "subject": str(case.subject),
        "priority": case.priority,
        "state": case.state.value,
        "owner": case.owner or None,
        "outcome": proposal.outcome.value if proposal else None,
        "proposed_by": proposal.by if proposal else None,
        "approved_by": case.approved_by or None,
        "next": running.what if running else None,
        "due": running.due.isoformat() if running else None,
        "overdue": running is not None and running.overdue,
    }


def whole_case_out(desk: CaseDesk, case: Case, reader: str) -> dict[str, Any]:
    """`case` as JSON values, with all that was done. Raises NothingThere."""
    return {
        **case_out(desk, case),
        "clocks": [
            {
                **one._asdict(),
                "began": one.began.isoformat(),
                "due": one.due.isoformat(),
                "done": one.done.isoformat() if one.done else None,
            }
            for one in desk.clocks(case, desk.today())
        ],
        "alerts": [alert_out(one) for one in desk.alerts_of(case.key, reader)],
        "evidence": [
            {"kind": one.kind, "reference": one.reference, "sha256": one.sha256} for one in case.evidence
        ],
        "missing_evidence": desk.missing_evidence(case),
        "links": [{"case": other, "why": why} for other, why in case.links],
        "made": list(case.made),
        "history": [
            {"at": instant_out(one.at), "by": one.by, "what": one.what, **one.body, "digest": one.digest}
            for one in desk.history(case.key, reader)
        ],
    }
