"""``/v1/agreements`` and ``/v1/agreement-runs``: agreements as programs, put into force by two persons, and run."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import By, Day, InBooks, OpenBooks, Reason
from jinku.api.json import Json, read_json
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.numbers import U64, U128, Digits128, InstantText, PathU128, instant_out
from jinku.custody.agreements.model import Agreement, Run, RunRequest
from jinku.custody.agreements.office import AgreementOffice

PROGRAM_CHARACTERS_MAX = 100_000
VARIABLES_MAX = 1_000
NAME_PATTERN = "^[a-z0-9][a-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
PathName = Annotated[str, Path(pattern=NAME_PATTERN, description="The agreement's name.")]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's number.")]
ANY_BOOKS = (1, 156)
"""Putting an agreement into force asks for no account: any office does it for all books."""


class ProposalIn(BaseModel):
    """A program that is to become an agreement's next version."""

    model_config = ConfigDict(extra="forbid", title="AgreementProposal")

    name: Name
    program: str = Field(min_length=1, max_length=PROGRAM_CHARACTERS_MAX)
    by: By


class ApprovalIn(BaseModel):
    """A version is put into force."""

    model_config = ConfigDict(extra="forbid", title="AgreementApproval")

    name: Name
    version: int = Field(ge=1, lt=2**31, strict=True)
    by: By


class EndIn(ApprovalIn):
    """A version is refused, or put out of force."""

    model_config = ConfigDict(extra="forbid", title="AgreementEnd")

    reason: Reason


class RunIn(InBooks):
    """One run of an agreement."""

    model_config = ConfigDict(extra="forbid", title="AgreementRunRequest")

    id: U128
    """An order id: the run's transfers are numbered inside it."""
    day: Day
    agreement: Name
    version: int = Field(0, ge=0, lt=2**31, strict=True)
    """0: the newest that is approved."""
    variables: dict[str, str] = Field({}, max_length=VARIABLES_MAX)
    reference: U64 = 0


class AgreementOut(BaseModel):
    """A version of an agreement."""

    name: str
    version: int
    status: str
    program: str
    author: str
    proposed_at: InstantText
    decided_by: str | None
    decided_at: InstantText | None
    retired_by: str | None
    retired_at: InstantText | None
    reason: str | None
    digest: str | None
    sealed_entry: int | None


class AgreementsOut(BaseModel):
    """Every version of every agreement."""

    agreements: list[AgreementOut]


class RehearsalOut(BaseModel):
    """What a run would yield now: postings with their explanations, and metadata."""

    model_config = ConfigDict(extra="allow")


class RunOut(BaseModel):
    """A run and what became of it."""

    id: Digits128
    agreement: str
    version: int
    day: str
    status: str
    ledger_status: str | None
    """Why the ledger refused it."""
    result: dict[str, Any]


_PROPOSAL, _APPROVAL = TypeAdapter(ProposalIn), TypeAdapter(ApprovalIn)
_END, _RUN = TypeAdapter(EndIn), TypeAdapter(RunIn)


class _Desk:
    """Blocking work on agreements, for a thread."""

    def __init__(self, services: Services) -> None:
        self._custody, self._books = services.custody, OpenBooks(services.custody)

    @property
    def office(self) -> AgreementOffice:
        return self._custody.agreements(*ANY_BOOKS)

    def all(self) -> list[Agreement]:
        return self._custody.agreement_store.agreements()

    def one(self, name: str, version: int) -> Agreement:
        return self._custody.agreement_store.agreement(name, version)

    def rehearse(self, wanted: RunIn) -> dict[str, Any]:
        office = self._custody.agreements(*self._books.of(wanted))
        return office.rehearse(_request(wanted)).document()

    def execute(self, wanted: RunIn) -> Run:
        return self._custody.agreements(*self._books.of(wanted)).execute(_request(wanted))


def agreements_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, desk = APIRouter(prefix="/v1", tags=["custody"]), _Desk(services)
    _putting_into_force(router, desk)
    _running(router, desk)

    @router.get(
        "/agreements",
        operation_id="list_agreements",
        response_model=None,
        responses={200: {"model": AgreementsOut}},
    )
    def list_agreements() -> Response:
        """Every version of every agreement."""
        return Json({"agreements": [agreement_out(one) for one in desk.all()]})

    @router.get(
        "/agreements/{name}/{version}",
        operation_id="get_agreement",
        response_model=None,
        responses={200: {"model": AgreementOut}},
    )
    def get_agreement(name: PathName, version: VersionNumber) -> Response:
        """One version; an approved one is compared with what the log sealed."""
        found = desk.one(name, version)
        if found.sealed_entry >= 0:
            desk.office.verify(found)
        return Json(agreement_out(found))

    return router


def _putting_into_force(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/agreements", json_body(ProposalIn), {201: ("Proposed", AgreementOut)})
    async def propose_agreement(request: Request) -> Response:
        """Keep a program as the next version of an agreement; it runs once another person has approved it."""
        asked = await read_json(request, _PROPOSAL)
        found = await run_in_threadpool(
            lambda: desk.office.propose(asked.name, asked.program, author=asked.by)
        )
        return Json(agreement_out(found), 201)

    @post(
        router, "/agreements/approvals", json_body(ApprovalIn), {200: ("In force and sealed", AgreementOut)}
    )
    async def approve_agreement(request: Request) -> Response:
        """Put a proposed version into force, as another person than its author, and seal it in the log."""
        asked = await read_json(request, _APPROVAL)
        found = await run_in_threadpool(lambda: desk.office.approve(asked.name, asked.version, asked.by))
        return Json(agreement_out(found))

    @post(router, "/agreements/rejections", json_body(EndIn), {200: ("Refused", AgreementOut)})
    async def reject_agreement(request: Request) -> Response:
        """Refuse a proposed version, as another person than its author."""
        asked = await read_json(request, _END)
        found = await run_in_threadpool(
            lambda: desk.office.reject(asked.name, asked.version, asked.by, asked.reason)
        )
        return Json(agreement_out(found))

    @post(router, "/agreements/retirements", json_body(EndIn), {200: ("Out of force", AgreementOut)})
    async def retire_agreement(request: Request) -> Response:
        """Put an approved version out of force."""
        asked = await read_json(request, _END)
        found = await run_in_threadpool(
            lambda: desk.office.retire(asked.name, asked.version, asked.by, asked.reason)
        )
        return Json(agreement_out(found))


def _running(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/agreements/rehearsals", json_body(RunIn), {200: ("What it would yield", RehearsalOut)})
    async def rehearse_agreement(request: Request) -> Response:
        """What a run would yield on the ledger as it stands; nothing is booked. It need not be approved."""
        wanted = await read_json(request, _RUN)
        return Json(await run_in_threadpool(desk.rehearse, wanted))

    @post(router, "/agreement-runs", json_body(RunIn), {200: ("What became of it", RunOut)})
    async def run_agreement(request: Request) -> Response:
        """Run an approved agreement once, as one linked batch. The same again: the same run; other values: 409."""
        wanted = await read_json(request, _RUN)
        return Json(run_out(await run_in_threadpool(desk.execute, wanted)))

    @router.get(
        "/agreement-runs/{transfer_id}",
        operation_id="get_agreement_run",
        response_model=None,
        responses={200: {"model": RunOut}},
    )
    def get_agreement_run(transfer_id: Annotated[PathU128, Path()]) -> Response:
        """The run that a transfer, or the run's own id, belongs to; with the clauses behind each posting."""
        return Json(run_out(desk.office.known_run(transfer_id)))


def _request(wanted: RunIn) -> RunRequest:
    return RunRequest(
        id=wanted.id,
        day=wanted.day,
        agreement=wanted.agreement,
        version=wanted.version,
        variables=wanted.variables,
        reference=wanted.reference,
    )


def agreement_out(one: Agreement) -> dict[str, Any]:
    """A version as JSON values."""
    return {
        "name": one.name,
        "version": one.version,
        "status": one.status.value,
        "program": one.program,
        "author": one.author,
        "proposed_at": instant_out(one.proposed_at),
        "decided_by": one.decided_by or None,
        "decided_at": instant_out(one.decided_at),
        "retired_by": one.retired_by or None,
        "retired_at": instant_out(one.retired_at),
        "reason": one.reason or None,
        "digest": one.digest.hex() or None,
        "sealed_entry": one.sealed_entry if one.sealed_entry >= 0 else None,
    }


def run_out(run: Run) -> dict[str, Any]:
    """A run as JSON values."""
    return {
        "id": str(run.id),
        "agreement": run.plan.agreement,
        "version": run.plan.version,
        "day": run.plan.day.isoformat(),
        "status": run.status.value,
        "ledger_status": run.ledger_status.name.lower() if run.ledger_status is not None else None,
        "result": dict(run.plan.document),
    }
