"""``/v1/risk/decisions``, ``/v1/risk/waiting`` and what ends waiting; the customer's word is the channel's to bring."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.risk_desk import AskedBy, RiskPart, listed
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.numbers import PathU128
from jinku.api.wire.risk_decisions import (
    DecisionOut,
    DecisionPage,
    DecisionsIn,
    StandsOut,
    VerdictIn,
    WaitingIn,
    WaitingListOut,
    WordIn,
    waiting_out,
)
from jinku.risk.decision.model import Action
from jinku.risk.decision.waiting import OPEN, WaitState

_VERDICT, _WORD = TypeAdapter(VerdictIn), TypeAdapter(WordIn)
_STANDS = {200: ("How it stands then", StandsOut)}


class _Desk:
    """Blocking work, for a thread."""

    def __init__(self, services: Services) -> None:
        self.part = RiskPart(services)

    def waiting(self, wanted: WaitingIn) -> Response:
        book = self.part.for_readers(wanted.by).risk.waiting
        states = (WaitState(wanted.state),) if wanted.state else OPEN
        found = [one for state in states for one in book.listed(state, wanted.limit)]
        found.sort(key=lambda one: (one.since, one.id), reverse=True)
        return listed("waiting", [waiting_out(one) for one in found[: wanted.limit]], count=len(book.open))

    def release(self, asked: VerdictIn) -> dict[str, Any]:
        acts = self.part.for_workers(asked.by).risk.acts
        return _stands(asked.transfer, acts.release(asked.transfer, by=asked.by, note=asked.note))

    def refuse(self, asked: VerdictIn) -> dict[str, Any]:
        acts = self.part.for_workers(asked.by).risk.acts
        return _stands(asked.transfer, acts.refuse(asked.transfer, by=asked.by, note=asked.note))

    def answer(self, asked: WordIn) -> dict[str, Any]:
        acts = self.part.room.risk.acts
        return _stands(asked.transfer, acts.answer(asked.transfer, evidence=asked.evidence, by=asked.by))


def _stands(transfer: int, state: WaitState) -> dict[str, Any]:
    return {"id": str(transfer), "state": state.value}


def risk_decisions_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, desk = APIRouter(prefix="/v1", tags=["risk"]), _Desk(services)
    _reading(router, desk, Cursors(services.token.cursor_key))
    _ending(router, desk)
    return router


def _reading(router: APIRouter, desk: _Desk, cursors: Cursors) -> None:
    @router.get(
        "/risk/decisions",
        operation_id="list_decisions",
        response_model=None,
        responses={200: {"model": DecisionPage}},
    )
    def list_decisions(wanted: Annotated[DecisionsIn, Query()]) -> Response:
        """Decisions, the newest first; by action, time, customer."""
        risk = desk.part.for_readers(wanted.by).risk
        from jinku.bootstrap.risk_reading import NEWEST, Wanted, decisions  # loaded with the room

        filters = wanted.model_dump(exclude={"by", "limit", "cursor"})
        scope = f"risk/decisions?{sorted(filters.items())}"
        below = cursors.read(scope, wanted.cursor) if wanted.cursor else NEWEST
        action = Action[wanted.action.upper()] if wanted.action else None
        asked = Wanted(action, wanted.since, wanted.until, wanted.customer)
        found, left = decisions(risk, asked, below, wanted.limit)
        return listed("decisions", found, next_cursor=cursors.make(scope, left) if left else None)

    @router.get(
        "/risk/decisions/{transfer_id}",
        operation_id="get_decision",
        response_model=None,
        responses={200: {"model": DecisionOut}},
    )
    def get_decision(
        transfer_id: Annotated[PathU128, Path()], wanted: Annotated[AskedBy, Query()]
    ) -> Response:
        """The decision about a transfer or order: rules, features, score, versions, and what was done with it since."""
        risk = desk.part.for_readers(wanted.by).risk
        from jinku.bootstrap.risk_reading import decision  # loaded with the room

        return Json(decision(risk, transfer_id))

    @router.get(
        "/risk/waiting",
        operation_id="list_waiting",
        response_model=None,
        responses={200: {"model": WaitingListOut}},
    )
    def list_waiting(wanted: Annotated[WaitingIn, Query()]) -> Response:
        """Transfers that wait for a word, the newest first; or those in one state."""
        return desk.waiting(wanted)


def _ending(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/risk/releases", json_body(VerdictIn), _STANDS)
    async def release_transfer(request: Request) -> Response:
        """Let a held transfer post: the first person proposes, another one confirms."""
        asked = await read_json(request, _VERDICT, personal=True)
        return Json(await run_in_threadpool(desk.release, asked))

    @post(router, "/risk/refusals", json_body(VerdictIn), _STANDS)
    async def refuse_transfer(request: Request) -> Response:
        """Refuse a held or challenged transfer and free its money: one person proposes, another confirms."""
        asked = await read_json(request, _VERDICT, personal=True)
        return Json(await run_in_threadpool(desk.refuse, asked))

    @post(router, "/transfers/answers", json_body(WordIn), _STANDS)
    async def answer_transfer(request: Request) -> Response:
        """The customer has given a word for a challenged transfer: it posts."""
        asked = await read_json(request, _WORD)
        return Json(await run_in_threadpool(desk.answer, asked))
