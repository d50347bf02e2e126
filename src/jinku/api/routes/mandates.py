"""``/v1/mandates`` and ``/v1/projects``: what orders are measured against."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import BooksIn, BooksListIn, By, InBooks, OpenBooks
from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.filters import Page
from jinku.api.wire.numbers import U64, U128, Digits64, Digits128, Instant, InstantText
from jinku.custody.orders.catalogue import CATALOGUE, OrderType
from jinku.custody.orders.corridor import Rooms
from jinku.custody.orders.granting import Left
from jinku.custody.orders.mandates import NUMBER_MAX, Mandate, Method
from jinku.custody.orders.model import Share
from jinku.custody.orders.projects import Project

Number = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="Its number.")]
Evidence = Annotated[str, Field(pattern="^[A-Za-z0-9._:-]{1,40}$")]
_TYPES = "|".join(one.name.lower() for one, kind in CATALOGUE.items() if kind.mandate)
_METHODS = "|".join(one.name.lower() for one in Method)
TypeName = Annotated[str, Field(pattern=f"^({_TYPES})$")]
MethodName = Annotated[str, Field(pattern=f"^({_METHODS})$")]


class MandateIn(InBooks):
    """A customer's standing permission: which orders, how much each and in all, from when until when."""

    model_config = ConfigDict(extra="forbid", title="MandateRequest")

    number: U64
    account: U128
    types: list[TypeName] = Field(min_length=1, max_length=len(CATALOGUE))
    per_order: U64
    total: U64
    """Kept as a limit in the ledger; minor units."""
    valid_from: Instant
    valid_until: Instant
    method: MethodName
    """How the customer gave it."""
    evidence: Evidence
    given_at: Instant
    project: U64 = 0
    """Only orders about this project; 0: any."""
    payee: U128 = 0
    """Only orders that pay this account; 0: any."""


class MandateRevocationIn(InBooks):
    """The customer takes a mandate back."""

    model_config = ConfigDict(extra="forbid", title="MandateRevocation")

    number: U64
    by: By
    evidence: Evidence


class MandateOut(BaseModel):
    """A mandate, and what the ledger says is left of it; minor units."""

    number: Digits64
    account: Digits128
    types: list[str]
    per_order: Digits64
    total: Digits64
    valid_from: InstantText
    valid_until: InstantText
    method: str
    evidence: str
    given_at: InstantText
    project: Digits64
    payee: Digits128
    state: str
    sealed_entry: int
    revoked_at: InstantText | None
    revoked_by: str | None
    used: Digits64
    reserved: Digits64
    free: Digits64


class MandateListIn(BooksListIn):
    """Which mandates."""

    model_config = ConfigDict(extra="forbid", title="MandateList")

    account: Annotated[str, Field(pattern="^([0-9]{1,38})?$")] = ""
    """Only those of this account."""


class MandatePage(Page):
    """One page of mandates, by number."""

    mandates: list[MandateOut]


class ProjectIn(InBooks):
    """What money is raised for, and how much at most."""

    model_config = ConfigDict(extra="forbid", title="ProjectRequest")

    number: U64
    borrower: U128
    """The borrower's account."""
    limit: U64
    by: By


class ProjectLimitIn(InBooks):
    """A project's new limit."""

    model_config = ConfigDict(extra="forbid", title="ProjectLimit")

    number: U64
    limit: U64
    by: By


class ShareOut(BaseModel):
    """Who is owed how much of the principal."""

    account: Digits128
    principal: Digits128


class ProjectOut(BaseModel):
    """A project's limit and what became of it; minor units."""

    number: Digits64
    limit: Digits64
    used: Digits64
    reserved: Digits64
    free: Digits64
    shares: list[ShareOut]


_MANDATE, _REVOCATION = TypeAdapter(MandateIn), TypeAdapter(MandateRevocationIn)
_PROJECT, _LIMIT = TypeAdapter(ProjectIn), TypeAdapter(ProjectLimitIn)


class _Desk:
    """Blocking work on mandates and projects, for a thread."""

    def __init__(self, services: Services) -> None:
        self._custody, self._books = services.custody, OpenBooks(services.custody)

    def rooms(self, wanted: BooksIn | InBooks) -> Rooms:
        return self._custody.corridor(*self._books.of(wanted)).rooms

    def give(self, wanted: MandateIn) -> dict[str, Any]:
        rooms = self.rooms(wanted)
        mandate = Mandate(
            number=wanted.number,
            account=wanted.account,
            types=frozenset(OrderType[one.upper()] for one in wanted.types),
            per_order=wanted.per_order,
            total=wanted.total,
            valid_from=wanted.valid_from,
            valid_until=wanted.valid_until,
            method=Method[wanted.method.upper()],
            evidence=wanted.evidence,
            given_at=wanted.given_at,
            project=wanted.project,
            payee=wanted.payee,
        )
        return rooms.mandates.give(mandate).document()

    def revoke(self, wanted: MandateRevocationIn) -> dict[str, Any]:
        mandates = self.rooms(wanted).mandates
        return mandates.revoke(wanted.number, by=wanted.by, evidence=wanted.evidence).document()

    def establish(self, wanted: ProjectIn) -> dict[str, Any]:
        rooms = self.rooms(wanted)
        project = Project(number=wanted.number, borrower=wanted.borrower, limit=wanted.limit)
        left = rooms.projects.establish(project, by=wanted.by)
        return project_out(wanted.number, left, rooms.projects.shares(wanted.number))

    def limit(self, wanted: ProjectLimitIn) -> dict[str, Any]:
        rooms = self.rooms(wanted)
        left = rooms.projects.modify(wanted.number, wanted.limit, by=wanted.by)
        return project_out(wanted.number, left, rooms.projects.shares(wanted.number))


def mandates_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, desk = APIRouter(prefix="/v1", tags=["custody"]), _Desk(services)
    _mandates(router, desk, Cursors(services.token.cursor_key))
    _projects(router, desk)
    return router


def _mandates(router: APIRouter, desk: _Desk, cursors: Cursors) -> None:
    @post(router, "/mandates", json_body(MandateIn), {200: ("In force", MandateOut)})
    async def give_mandate(request: Request) -> Response:
        """Put a customer's mandate into force. The same again changes nothing; other terms under its number: 409."""
        wanted = await read_json(request, _MANDATE)
        return Json(await run_in_threadpool(desk.give, wanted))

    @post(router, "/mandates/revocations", json_body(MandateRevocationIn), {200: ("Revoked", MandateOut)})
    async def revoke_mandate(request: Request) -> Response:
        """Take a mandate back from now on; what is held under it may still be settled."""
        wanted = await read_json(request, _REVOCATION)
        return Json(await run_in_threadpool(desk.revoke, wanted))

    @router.get(
        "/mandates",
        operation_id="list_mandates",
        response_model=None,
        responses={200: {"model": MandatePage}},
    )
    def list_mandates(wanted: Annotated[MandateListIn, Query()]) -> Response:
        """Mandates by number, or those of one account."""
        scope = f"mandates?{wanted.entity} {wanted.currency} {wanted.account}"
        after = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        found = desk.rooms(wanted).mandates.list(int(wanted.account or 0))
        left = [one for one in found if one.mandate.number > after]
        page = left[: wanted.limit]
        more = len(left) > len(page)
        return Json(
            {
                "mandates": [one.document() for one in page],
                "next_cursor": cursors.make(scope, page[-1].mandate.number) if more else None,
            }
        )

    @router.get(
        "/mandates/{number}",
        operation_id="get_mandate",
        response_model=None,
        responses={200: {"model": MandateOut}},
    )
    def get_mandate(number: Number, wanted: Annotated[BooksIn, Query()]) -> Response:
        """One mandate, and what is used, reserved and free of it."""
        return Json(desk.rooms(wanted).mandates.show(number).document())


def _projects(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/projects", json_body(ProjectIn), {200: ("Established", ProjectOut)})
    async def establish_project(request: Request) -> Response:
        """Open a project with a borrower and a limit. The same again changes nothing; other terms: 409."""
        wanted = await read_json(request, _PROJECT)
        return Json(await run_in_threadpool(desk.establish, wanted))

    @post(router, "/projects/limits", json_body(ProjectLimitIn), {200: ("Changed", ProjectOut)})
    async def limit_project(request: Request) -> Response:
        """Raise a project's limit, or lower it by what is free."""
        wanted = await read_json(request, _LIMIT)
        return Json(await run_in_threadpool(desk.limit, wanted))

    @router.get(
        "/projects/{number}",
        operation_id="get_project",
        response_model=None,
        responses={200: {"model": ProjectOut}},
    )
    def get_project(number: Number, wanted: Annotated[BooksIn, Query()]) -> Response:
        """A project's limit, and who is owed how much of its principal."""
        projects = desk.rooms(wanted).projects
        return Json(project_out(number, projects.left(number), projects.shares(number)))


def project_out(number: int, left: Left, shares: list[Share]) -> dict[str, Any]:
    """A project as JSON values."""
    return {
        "number": str(number),
        "limit": str(left.granted),
        "used": str(left.used),
        "reserved": str(left.reserved),
        "free": str(left.free),
        "shares": [{"account": str(one.account), "principal": str(one.principal)} for one in shares],
    }
