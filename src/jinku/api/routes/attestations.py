"""``/v1/attestations``: what is owed to all clients, sealed in the log, and the receipt of each."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.filters import Cursor, Page
from jinku.api.wire.numbers import Digits128, InstantText, PathU128, instant_out
from jinku.custody.proof.desk import Attested
from jinku.custody.proof.published import Listed

INDEX_MAX = (1 << 63) - 1
EntryNumber = Annotated[
    int, Path(ge=0, le=INDEX_MAX, description="The log entry that seals the attestation.")
]


class AttestationIn(BaseModel):
    """Whose clients, in which currency."""

    model_config = ConfigDict(
        extra="forbid",
        title="AttestationRequest",
        json_schema_extra={"examples": [{"entity": 1, "currency": "CNY"}]},
    )

    entity: int = Field(ge=1, le=2**32 - 1, strict=True)
    """The legal entity's number."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class AttestationOut(BaseModel):
    """A sealed attestation; `liabilities` in minor units."""

    model_config = ConfigDict(title="Attestation")

    entry: int
    """Number of the log entry that seals it."""
    entity: int
    currency: str
    day: str
    """The day that it is of, YYYY-MM-DD."""
    as_of: InstantText
    ledger_size: int
    customers: int
    liabilities: Digits128
    floored: Digits128
    """What clients in debit owe, counted as zero in `liabilities`; minor units."""
    parts: str
    """How many parts of each value all balances together were cut into: `value:count value:count`."""
    root: str
    digest: str
    limits: list[str]
    """What it does not prove."""


class AttestationListIn(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid", title="AttestationList")

    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=1_000)
    cursor: Cursor = ""


class AttestationPage(Page):
    """One page of attestations."""

    attestations: list[AttestationOut]


_REQUEST = TypeAdapter(AttestationIn)


def attestations_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/attestations", tags=["custody"])
    desk, cursors = services.attestations, Cursors(services.token.cursor_key)

    @post(router, "", json_body(AttestationIn), {201: ("Attested and sealed", AttestationOut)})
    async def make_attestation(request: Request) -> Response:
        """Attest what is owed to all clients of a legal entity in one currency, and seal it in the log; once a day."""
        wanted = await read_json(request, _REQUEST)
        return Json(_out(await run_in_threadpool(desk.attest, wanted.entity, wanted.currency)), 201)

    @router.get(
        "",
        operation_id="list_attestations",
        response_model=None,
        responses={200: {"model": AttestationPage}},
    )
    def list_attestations(wanted: Annotated[AttestationListIn, Query()]) -> Response:
        """Every attestation that was sealed, in the order of the log."""
        after = cursors.read("attestations", wanted.cursor) if wanted.cursor else 0
        left = [one for one in desk.listed() if one.entry >= after]
        page = left[: wanted.limit]
        more = len(left) > len(page)
        return Json(
            {
                "attestations": [_out(one) for one in page],
                "next_cursor": cursors.make("attestations", page[-1].entry + 1) if more else None,
            }
        )

    @router.get(
        "/{entry}",
        operation_id="get_attestation",
        response_model=None,
        responses={200: {"model": AttestationOut}},
    )
    def get_attestation(entry: EntryNumber) -> Response:
        """An attestation by the entry that seals it."""
        return Json(_out(desk.get(entry)))

    @router.get(
        "/{entry}/receipts/{account_id}",
        operation_id="get_balance_receipt",
        response_model=None,
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    def get_balance_receipt(entry: EntryNumber, account_id: Annotated[PathU128, Path()]) -> Response:
        """A client's receipt: the balance is part of the total, checked by `jinku verify balance` without us."""
        return Response(desk.receipt(entry, account_id), media_type="application/json")

    return router


def _out(attested: Attested | Listed) -> dict[str, Any]:
    statement = attested.statement
    return {
        "entry": attested.entry,
        "entity": statement.entity,
        "currency": statement.currency,
        "day": statement.day.isoformat(),
        "as_of": instant_out(statement.as_of),
        "ledger_size": statement.ledger_size,
        "customers": statement.customers,
        "liabilities": str(statement.liabilities),
        "floored": str(statement.floored),
        "parts": statement.parts_text,
        "root": statement.root.hex(),
        "digest": statement.digest().hex(),
        "limits": [english for english, _ in statement.limits],
    }
