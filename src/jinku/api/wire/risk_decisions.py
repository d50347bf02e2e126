"""Decisions and what waits, in JSON; scores are text, since a number there would be a float."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from jinku.api.books import By, Reason
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.risk_desk import AskedBy, DoneBy
from jinku.api.wire.context import Identity
from jinku.api.wire.filters import Cursor, Page
from jinku.api.wire.numbers import U128, Digits128, Instant, InstantText, instant_out
from jinku.risk.decision.waiting import Waiting

PAGE_ROWS_MAX = 1_000
ACTIONS = "^(allow|challenge|hold|deny)?$"
STATES = "^(held|challenged|released|refused|not_booked)?$"


class DecisionsIn(AskedBy):
    """Which decisions."""

    model_config = ConfigDict(extra="forbid", title="DecisionList")

    action: Annotated[str, Field(pattern=ACTIONS)] = ""
    since: Instant = 0
    until: Instant = 0
    """Inclusive."""
    customer: Identity | None = None
    """An account, or the opaque id that the platform gave."""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class WaitingIn(AskedBy):
    """What of that which waits, or waited."""

    model_config = ConfigDict(extra="forbid", title="WaitingList")

    state: Annotated[str, Field(pattern=STATES)] = ""
    """Only those in this state; without it those that wait now."""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)


class VerdictIn(DoneBy):
    """What one person says of a held transfer; another confirms it."""

    model_config = ConfigDict(
        extra="forbid",
        title="RiskVerdict",
        json_schema_extra={"examples": [{"transfer": "12", "note": "called the customer", "by": "aml-1"}]},
    )

    transfer: U128
    note: Reason


class WordIn(BaseModel):
    """The customer's word on a challenged transfer."""

    model_config = ConfigDict(
        extra="forbid",
        title="CustomerWord",
        json_schema_extra={"examples": [{"transfer": "13", "evidence": "sms-4711", "by": "app"}]},
    )

    transfer: U128
    evidence: By
    """The opaque id of the evidence."""
    by: By
    """The channel that heard it."""


class StandsOut(BaseModel):
    """How a transfer stands then."""

    model_config = ConfigDict(title="TransferStanding")

    id: Digits128
    state: str


class DecisionLineOut(BaseModel):
    """A decision in a list."""

    id: Digits128
    origin: str
    """``transfers`` or ``orders``."""
    time: InstantText
    action: str
    own: str
    """What was decided of it alone; of a linked chain the strongest counts."""
    why: str
    stage: str
    points: int
    score: str
    """The model's; empty for none."""
    customer: Digits128 | None
    amount: str
    currency: str | None
    state: str | None
    """Where it stands, if it waited."""


class DecisionOut(DecisionLineOut):
    """A decision with all that made it, and what persons did with it since."""

    model_config = ConfigDict(extra="allow", title="Decision")

    rules: list[dict[str, Any]]
    features: dict[str, str]
    versions: dict[str, str]
    context: dict[str, str | None]
    acts: list[dict[str, Any]]
    sealed_entry: int
    record: int
    row: int


class DecisionPage(Page):
    """One page of decisions, the newest first. A page may be short, or empty, and still have a next."""

    decisions: list[DecisionLineOut]


class WaitingOut(BaseModel):
    """A transfer that waits or waited."""

    id: Digits128
    chain: Digits128
    """The first of the transfers that wait together."""
    state: str
    why: str
    amount: Digits128
    ledger: int
    since: InstantText
    proposed: str | None
    proposed_by: str | None
    ended_by: str | None
    ended_at: InstantText | None
    note: str | None


class WaitingListOut(BaseModel):
    """What waits, the newest first, and how many wait in all."""

    waiting: list[WaitingOut]
    count: int


def waiting_out(one: Waiting) -> dict[str, Any]:
    """`one` as JSON values."""
    return {
        "id": str(one.id),
        "chain": str(one.head),
        "state": one.state.value,
        "why": one.why,
        "amount": str(one.amount),
        "ledger": one.ledger,
        "since": instant_out(one.since),
        "proposed": one.proposed or None,
        "proposed_by": one.proposed_by or None,
        "ended_by": one.ended_by or None,
        "ended_at": instant_out(one.ended_at),
        "note": one.note or None,
    }
