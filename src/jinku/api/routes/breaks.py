"""``/v1/breaks``: what a close could not explain: who has it, what is done about it, and how it ends."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import PAGE_ROWS_MAX, By, Day
from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.custody import Day as DayOut
from jinku.api.wire.custody import Signed
from jinku.api.wire.filters import Cursor, Page
from jinku.api.wire.numbers import Digits128, InstantText, instant_out
from jinku.base.currency import currency_by_number
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.desk import BreakDesk
from jinku.custody.breaks.model import Case
from jinku.custody.breaks.table import Cause
from jinku.custody.structure.chart import ENTITY_BITS

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
PathId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The break's id.")]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
CauseName = Annotated[
    str, Field(pattern=f"^({'|'.join(one for one in Cause if one is not Cause.MATCHED_LATER)})$")
]


class ActIn(BaseModel):
    """Something is done about a break."""

    model_config = ConfigDict(extra="forbid", title="BreakAct")

    break_id: Id
    by: By


class AssignmentIn(ActIn):
    """It is given to somebody."""

    model_config = ConfigDict(extra="forbid", title="BreakAssignment")

    owner: By


class CommentIn(ActIn):
    """Something is said: a comment, or why an end is not approved."""

    model_config = ConfigDict(extra="forbid", title="BreakComment")

    text: Text


class ExplanationIn(CommentIn):
    """It is explained."""

    model_config = ConfigDict(extra="forbid", title="BreakExplanation")

    cause: CauseName


class WriteOffIn(ExplanationIn):
    """It is to be written off by correcting entries."""

    model_config = ConfigDict(extra="forbid", title="BreakWriteOff")

    against: Annotated[str, Field(pattern=f"^({'|'.join(Against)})$")]
    day: Day | None = None
    """The business day of the entries; today's where left out."""


class BreakApprovalIn(ActIn):
    """The proposed end is approved."""

    model_config = ConfigDict(extra="forbid", title="BreakApproval")

    day: Day | None = None


class CasesIn(BaseModel):
    """Which breaks."""

    model_config = ConfigDict(extra="forbid", title="BreakList")

    entity: int = Field(0, ge=0, lt=1 << ENTITY_BITS)
    """0: all legal entities'."""
    ended: bool = False
    """Ended ones too."""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class AgeingIn(BaseModel):
    """As of which day, whose."""

    model_config = ConfigDict(extra="forbid", title="AgeingQuery")

    entity: int = Field(0, ge=0, lt=1 << ENTITY_BITS)
    day: Day | None = None
    """At the end of this day; today where left out."""


class CaseOut(BaseModel):
    """A break: what it is, who has it, how old it is, and how it is to end. Amounts in minor units."""

    id: str
    entity: int
    account: str
    kind: str
    currency: str
    amount: Signed
    effect: Signed
    day: DayOut
    age_days: int
    due: DayOut
    overdue: bool
    material: bool
    state: str
    owner: str | None
    level: int
    ended: DayOut | None
    cause: str | None
    cause_text: str | None
    proposed_by: str | None
    approved_by: list[str]


class CaseEventOut(BaseModel):
    """One line of a break's history; each names the digest of the one before."""

    at: InstantText
    by: str
    act: str
    body: dict[str, Any]
    digest: str


class CaseHistoryOut(CaseOut):
    """A break with its evidence and its whole history, compared with what the log sealed."""

    reference: str
    transfers: list[Digits128]
    bank_records: list[str]
    evidence: list[str]
    correcting_transfers: list[Digits128]
    history: list[CaseEventOut]


class CasePage(Page):
    """One page of breaks, by day."""

    breaks: list[CaseOut]


class AgeCellOut(BaseModel):
    """One cell of the ageing report."""

    model_config = ConfigDict(populate_by_name=True)

    age: str
    kind: str = Field(alias="class")
    currency: str
    count: int
    amount: Signed
    effect: Signed


class AgeingOut(BaseModel):
    """Bands of age by class and currency."""

    as_of: DayOut
    rows: list[AgeCellOut]


_ACT, _ASSIGNMENT, _COMMENT = TypeAdapter(ActIn), TypeAdapter(AssignmentIn), TypeAdapter(CommentIn)
_EXPLANATION, _WRITE_OFF = TypeAdapter(ExplanationIn), TypeAdapter(WriteOffIn)
_APPROVAL = TypeAdapter(BreakApprovalIn)
_STANDS = {200: ("The break as it stands then", CaseOut)}


def breaks_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/breaks", tags=["custody"])
    desk = services.custody.breaks
    _working(router, desk)
    _ending(router, desk)
    _reading(router, desk, Cursors(services.token.cursor_key))
    return router


async def _done(desk: BreakDesk, do: Callable[[], Case]) -> Response:
    return Json(await run_in_threadpool(lambda: case_out(desk, do())))


def _working(router: APIRouter, desk: BreakDesk) -> None:
    @post(router, "/assignments", json_body(AssignmentIn), _STANDS)
    async def assign_break(request: Request) -> Response:
        """Give a break to somebody."""
        asked = await read_json(request, _ASSIGNMENT)
        return await _done(desk, lambda: desk.assign(_id(asked), asked.owner, asked.by))

    @post(router, "/investigations", json_body(ActIn), _STANDS)
    async def investigate_break(request: Request) -> Response:
        """Say that work on a break has begun."""
        asked = await read_json(request, _ACT)
        return await _done(desk, lambda: desk.investigate(_id(asked), asked.by))

    @post(router, "/comments", json_body(CommentIn), _STANDS)
    async def comment_break(request: Request) -> Response:
        """Write something down about a break."""
        asked = await read_json(request, _COMMENT)
        return await _done(desk, lambda: desk.comment(_id(asked), asked.by, asked.text))


def _ending(router: APIRouter, desk: BreakDesk) -> None:
    @post(router, "/explanations", json_body(ExplanationIn), _STANDS)
    async def explain_break(request: Request) -> Response:
        """Propose that a break is explained; another person approves."""
        asked = await read_json(request, _EXPLANATION)
        return await _done(
            desk, lambda: desk.propose_close(_id(asked), asked.by, Cause(asked.cause), asked.text)
        )

    @post(router, "/write-offs", json_body(WriteOffIn), _STANDS)
    async def write_off_break(request: Request) -> Response:
        """Propose correcting entries; they are booked when another person has approved."""
        asked = await read_json(request, _WRITE_OFF)

        def proposed() -> Case:
            day = asked.day or desk.today(desk.case(_id(asked)).entity)
            cause, against = Cause(asked.cause), Against(asked.against)
            return desk.propose_write_off(_id(asked), asked.by, against, day, cause=cause, text=asked.text)

        return await _done(desk, proposed)

    @post(router, "/approvals", json_body(BreakApprovalIn), _STANDS)
    async def approve_break(request: Request) -> Response:
        """Approve the end that is proposed, as another person. `investigating`: the ledger refused the entries."""
        asked = await read_json(request, _APPROVAL)
        return await _done(
            desk,
            lambda: desk.approve(_id(asked), asked.by, asked.day or desk.today(desk.case(_id(asked)).entity)),
        )

    @post(router, "/rejections", json_body(CommentIn), _STANDS)
    async def reject_break(request: Request) -> Response:
        """Do not approve the end that is proposed."""
        asked = await read_json(request, _COMMENT)
        return await _done(desk, lambda: desk.reject(_id(asked), asked.by, asked.text))

    @post(router, "/reopenings", json_body(CommentIn), _STANDS)
    async def reopen_break(request: Request) -> Response:
        """Open an ended break again."""
        asked = await read_json(request, _COMMENT)
        return await _done(desk, lambda: desk.reopen(_id(asked), asked.by, asked.text))


def _reading(router: APIRouter, desk: BreakDesk, cursors: Cursors) -> None:
    @router.get("", operation_id="list_breaks", response_model=None, responses={200: {"model": CasePage}})
    def list_breaks(wanted: Annotated[CasesIn, Query()]) -> Response:
        """Breaks by day, those that have not ended unless `ended` is said."""
        scope = f"breaks?{wanted.entity} {wanted.ended}"
        first = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        cases = desk.cases(entity=wanted.entity, living=not wanted.ended)
        last = first + wanted.limit
        return Json(
            {
                "breaks": [case_out(desk, one) for one in cases[first:last]],
                "next_cursor": cursors.make(scope, last) if last < len(cases) else None,
            }
        )

    @router.get(
        "/ageing", operation_id="get_ageing", response_model=None, responses={200: {"model": AgeingOut}}
    )
    def get_ageing(wanted: Annotated[AgeingIn, Query()]) -> Response:
        """The ageing report: bands of age by class and currency, at the end of a day."""
        day = wanted.day or desk.today(wanted.entity or 1)
        return Json(desk.ageing(day, entity=wanted.entity).document())

    @router.get(
        "/{break_id}",
        operation_id="get_break",
        response_model=None,
        responses={200: {"model": CaseHistoryOut}},
    )
    def get_break(break_id: PathId) -> Response:
        """One break with its whole history; its digests and seals are verified."""
        number = int(break_id, 16)
        case, history = desk.case(number), desk.history(number)
        desk.seals.verify(number)
        return Json(
            {
                **case_out(desk, case),
                "reference": case.reference,
                "transfers": [str(one) for one in case.transfer_ids],
                "bank_records": list(case.bank_ids),
                "evidence": list(case.evidence),
                "correcting_transfers": [str(one) for one in case.transfers],
                "history": [
                    {
                        "at": instant_out(one.at),
                        "by": one.by,
                        "act": one.act.value,
                        "body": dict(one.body),
                        "digest": one.digest,
                    }
                    for one in history
                ],
            }
        )


def _id(asked: ActIn) -> int:
    return int(asked.break_id, 16)


def case_out(desk: BreakDesk, case: Case, day: date | None = None) -> dict[str, Any]:
    """A break as JSON values, its age at the end of `day` or of today."""
    clock, proposal = desk.clockwork(case, day or desk.today(case.entity)), case.proposal
    return {
        "id": f"{case.id:032x}",
        "entity": case.entity,
        "account": case.account,
        "kind": case.kind,
        "currency": currency_by_number(case.currency).code,
        "amount": str(case.amount),
        "effect": str(case.effect),
        "day": case.day.isoformat(),
        "age_days": clock.age_days,
        "due": clock.due.isoformat(),
        "overdue": clock.overdue,
        "material": clock.material,
        "state": case.state.value,
        "owner": case.owner or None,
        "level": case.level,
        "ended": case.ended.isoformat() if case.ended else None,
        "cause": case.cause or None,
        "cause_text": case.cause_text or None,
        "proposed_by": proposal.by if proposal else None,
        "approved_by": list(proposal.approved_by) if proposal else [],
    }
