"""``/v1/risk/alerts`` and ``/v1/risk/cases``: from what was seen to an end that two persons stand behind."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.json import Json, read_json
from jinku.api.risk_desk import AskedBy, DoneBy, RiskPart, listed
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.risk_cases import (
    KEY_PATTERN,
    AlertsIn,
    AlertsOut,
    CaseActIn,
    CaseAlertsIn,
    CaseClosingIn,
    CaseEvidenceIn,
    CaseIn,
    CaseLinkIn,
    CaseOut,
    CaseOwnerIn,
    CaseProposalIn,
    CaseShareIn,
    CasesIn,
    CasesOut,
    CaseWordsIn,
    WholeAlertOut,
    WholeCaseOut,
    alert_out,
    case_out,
    hit_out,
    whole_case_out,
)
from jinku.risk.cases.access import READERS
from jinku.risk.cases.desk import CaseDesk
from jinku.risk.cases.model import Case, Outcome

PathKey = Annotated[str, Path(pattern=KEY_PATTERN, description="The case's number.")]
PathAlert = Annotated[int, Path(ge=1, le=2**31 - 1, description="The alert's number.")]


class CasePath(NamedTuple):
    """One act of the case desk as a path."""

    path: str
    name: str
    words: str
    model: type[DoneBy]
    act: Callable[[CaseDesk, Any], Case]


CASE_PATHS = (
    CasePath("", "open_case", "Open a case of alerts, or of a subject alone.", CaseIn,
             lambda desk, one: desk.open(one.alerts, one.by, one.text, subject=one.subject)),
    CasePath("/alerts", "join_alerts", "Take further alerts into a case.", CaseAlertsIn,
             lambda desk, one: desk.join(one.case, one.alerts, one.by)),
    CasePath("/assignments", "assign_case", "Give a case to somebody, or take it oneself.", CaseOwnerIn,
             lambda desk, one: desk.assign(one.case, one.owner, one.by)),
    CasePath("/investigations", "investigate_case", "Say that work has begun, as its owner.", CaseActIn,
             lambda desk, one: desk.investigate(one.case, one.by)),
    CasePath("/notes", "note_case", "Add a note; it can never be changed.", CaseWordsIn,
             lambda desk, one: desk.note(one.case, one.by, one.text)),
    CasePath("/evidence", "add_evidence", "Add evidence by its digest.", CaseEvidenceIn,
             lambda desk, one: desk.add_evidence(one.case, one.by, one.kind, one.reference, one.sha256)),
    CasePath("/links", "link_cases", "Link two cases, in both histories.", CaseLinkIn,
             lambda desk, one: desk.link(one.case, one.by, one.other, one.why)),
    CasePath("/shares", "share_case", "Let another admitted person see a case.", CaseShareIn,
             lambda desk, one: desk.share(one.case, one.person, one.by)),
    CasePath("/proposals", "propose_case", "Propose how a case ends, as its owner.", CaseProposalIn,
             lambda desk, one: desk.propose(one.case, one.by, Outcome(one.outcome), one.text)),
    CasePath("/approvals", "approve_case", "Approve what is proposed, as one without a hand in it.", CaseActIn,
             lambda desk, one: desk.approve(one.case, one.by)),
    CasePath("/rejections", "reject_case", "Send a case back to its owner, with a reason.", CaseWordsIn,
             lambda desk, one: desk.reject(one.case, one.by, one.text)),
    CasePath("/closings", "close_case", "Close an approved case with what was made of it.", CaseClosingIn,
             lambda desk, one: desk.close(one.case, one.by, one.made)),
    CasePath("/reopenings", "reopen_case", "Open a closed case again, as an approver.", CaseWordsIn,
             lambda desk, one: desk.reopen(one.case, one.by, one.text)),
)  # fmt: skip
"""Everything that is done with cases, as `jinku risk case` has it."""


def risk_cases_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, part = APIRouter(prefix="/v1/risk", tags=["risk"]), RiskPart(services)
    _alerts(router, part)
    _cases(router, part)
    for one in CASE_PATHS:
        _acting(router, part, one)
    return router


def _alerts(router: APIRouter, part: RiskPart) -> None:
    @router.get(
        "/alerts", operation_id="list_alerts", response_model=None, responses={200: {"model": AlertsOut}}
    )
    def list_alerts(wanted: Annotated[AlertsIn, Query()]) -> Response:
        """Alerts that no case has taken, the most urgent first; or all."""
        desk = part.room.admitted(wanted.by, *READERS).alerts
        found = desk.list_(
            wanted.by, subject=wanted.subject, everything=wanted.everything, limit=wanted.limit
        )
        return listed("alerts", [alert_out(one) for one in found])

    @router.get(
        "/alerts/{number}",
        operation_id="get_alert",
        response_model=None,
        responses={200: {"model": WholeAlertOut}},
    )
    def get_alert(number: PathAlert, wanted: Annotated[AskedBy, Query()]) -> Response:
        """One alert, why it is as urgent as it is, and everything that was taken together in it."""
        group, hits = part.room.admitted(wanted.by, *READERS).alerts.alert(number, wanted.by)
        return Json({**alert_out(group), "hits": [hit_out(one) for one in hits]})


def _cases(router: APIRouter, part: RiskPart) -> None:
    @router.get(
        "/cases", operation_id="list_cases", response_model=None, responses={200: {"model": CasesOut}}
    )
    def list_cases(wanted: Annotated[CasesIn, Query()]) -> Response:
        """The cases that one may know of, the most urgent first."""
        desk = part.cases(wanted.by)
        found = desk.cases(wanted.by, subject=wanted.subject, living=not wanted.everything)
        return listed("cases", [case_out(desk, one) for one in found])

    @router.get(
        "/cases/{case}",
        operation_id="get_case",
        response_model=None,
        responses={200: {"model": WholeCaseOut}},
    )
    def get_case(case: PathKey, wanted: Annotated[AskedBy, Query()]) -> Response:
        """One case: deadlines, alerts, evidence, links and the whole history."""
        desk = part.cases(wanted.by)
        return Json(whole_case_out(desk, desk.case(case, wanted.by), wanted.by))


def _acting(router: APIRouter, part: RiskPart, path: CasePath) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(path.model)

    def act(asked: Any) -> dict[str, Any]:
        desk = part.cases(asked.by)
        return case_out(desk, path.act(desk, asked))

    async def handle(request: Request) -> Response:
        return Json(await run_in_threadpool(act, await read_json(request, adapter, personal=True)))

    handle.__name__, handle.__doc__ = path.name, path.words
    post(router, f"/cases{path.path}", json_body(path.model), {200: ("The case as it stands then", CaseOut)})(
        handle
    )
