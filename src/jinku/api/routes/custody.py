"""``/v1/statements``, ``/v1/reconciliations`` and ``/v1/positions``: the bank's word against ours."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.cursor import Cursors
from jinku.api.errors import FieldError, FieldsInvalid, MediaTypeUnsupported
from jinku.api.json import Json, read_body, read_json
from jinku.api.limits import PAGE_ROWS_DEFAULT, STATEMENT_BYTES_MAX, VALUE_CHARACTERS_MAX
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.custody import (
    PositionsOut,
    ReconciliationOut,
    StatementFileOut,
    StatementPage,
    accepted_out,
    file_out,
    position_out,
    reconciliation_out,
)
from jinku.api.wire.filters import Cursor
from jinku.api.wire.numbers import U128, PathU128
from jinku.custody.closing.standing import positions_now
from jinku.custody.structure.chart import ENTITY_BITS

_MEDIA_TYPES = {
    "application/xml": "A camt.052, camt.053 or camt.054 document.",
    "text/plain": "An MT940, MT942 or BAI2 file.",
    "text/csv": "A CSV file of a known mapping, or a check file.",
    "application/octet-stream": "A file of any of these formats.",
}
"""What a client may call a file; how it is read follows from its content alone."""
_ALIASES = frozenset({"text/xml"})
NAME_CHARACTERS_MAX = 100
_NAME = re.compile(rf"^[A-Za-z0-9_.()-]{{1,{NAME_CHARACTERS_MAX}}}$")
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            name: {"schema": {"type": "string", "description": text}} for name, text in _MEDIA_TYPES.items()
        },
    },
    "parameters": [
        {
            "name": "X-File-Name",
            "in": "header",
            "required": False,
            "description": "The file's name, for messages.",
            "schema": {"type": "string", "pattern": _NAME.pattern, "maxLength": NAME_CHARACTERS_MAX},
        }
    ],
}
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ReconciliationIn(BaseModel):
    """What to reconcile: a statement of an accepted file, with the account of ours that mirrors the bank's."""

    model_config = ConfigDict(
        extra="forbid",
        title="ReconciliationRequest",
        json_schema_extra={"examples": [{"statement": "0" * 64, "account_id": "7"}]},
    )

    statement: Digest
    """SHA-256 of the accepted file."""
    account_id: U128
    place: int = Field(0, ge=0, le=9_999, strict=True)
    """Which statement of the file, from 0."""


class StatementsIn(BaseModel):
    """Which page of accepted files."""

    model_config = ConfigDict(extra="forbid", title="StatementList")

    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=1_000)
    cursor: Cursor = ""


class PositionsIn(BaseModel):
    """Where the resource is taken from."""

    model_config = ConfigDict(extra="forbid", title="PositionQuery")

    entity: int = Field(0, ge=0, lt=1 << ENTITY_BITS)
    """Only this legal entity; 0: all. To be said with a statement where several have books in its currency."""
    statement: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    """SHA-256 of an accepted file: the resource is its closing balances. Else: what our books say of the bank."""


_RECONCILIATION = TypeAdapter(ReconciliationIn)


def custody_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1", tags=["custody"])
    _statements(router, services)
    _reconciliations(router, services)

    @router.get(
        "/positions",
        operation_id="get_positions",
        response_model=None,
        responses={200: {"model": PositionsOut}},
    )
    def get_positions(wanted: Annotated[PositionsIn, Query()]) -> Response:
        """What is owed to clients against what the bank holds, for each legal entity and currency."""
        statements = services.desk.statements(wanted.statement) if wanted.statement else None
        found = positions_now(services.ledger, statements, wanted.entity)
        return Json({"positions": [position_out(entity, one) for entity, one in found]})

    return router


def _statements(router: APIRouter, services: Services) -> None:
    desk, cursors = services.desk, Cursors(services.token.cursor_key)

    @post(router, "/statements", _FILE_BODY, {201: ("Accepted and registered", StatementFileOut)})
    async def accept_statement(request: Request) -> Response:
        """Take in a statement file of any format: read and checked whole, registered once. The same file again: 409."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _MEDIA_TYPES and media_type not in _ALIASES:
            raise MediaTypeUnsupported(
                f"content-type {media_type[:VALUE_CHARACTERS_MAX]!r} is not read here",
                remedy=f"send one of {', '.join(_MEDIA_TYPES)}",
            )
        name = request.headers.get("x-file-name", "upload")
        if not _NAME.fullmatch(name):
            raise FieldsInvalid(
                [FieldError("X-File-Name", f"is 1 to {NAME_CHARACTERS_MAX} letters, digits or any of _.()-")]
            )
        data = await read_body(request, STATEMENT_BYTES_MAX)
        return Json(accepted_out(await run_in_threadpool(desk.accept, data, name)), 201)

    @router.get(
        "/statements",
        operation_id="list_statements",
        response_model=None,
        responses={200: {"model": StatementPage}},
    )
    def list_statements(wanted: Annotated[StatementsIn, Query()]) -> Response:
        """The accepted files, in order of acceptance."""
        first = cursors.read("statements", wanted.cursor) if wanted.cursor else 0
        files = desk.files()
        last = first + wanted.limit
        return Json(
            {
                "files": [file_out(one) for one in files[first:last]],
                "next_cursor": cursors.make("statements", last) if last < len(files) else None,
            }
        )


def _reconciliations(router: APIRouter, services: Services) -> None:
    desk, ledger = services.desk, services.ledger

    def made(wanted: ReconciliationIn) -> dict[str, Any]:
        found = desk.reconcile(ledger, wanted.statement, wanted.place, wanted.account_id)
        document = reconciliation_out(found)
        desk.keep(found.number, document)
        return document

    @post(
        router,
        "/reconciliations",
        json_body(ReconciliationIn),
        {201: ("Reconciled and kept", ReconciliationOut)},
    )
    async def reconcile_statement(request: Request) -> Response:
        """Reconcile an accepted statement with the account that mirrors the bank's: every record ends somewhere."""
        wanted = await read_json(request, _RECONCILIATION)
        return Json(await run_in_threadpool(made, wanted), 201)

    @router.get(
        "/reconciliations/{reconciliation_id}",
        operation_id="get_reconciliation",
        response_model=None,
        responses={200: {"model": ReconciliationOut}},
    )
    def get_reconciliation(reconciliation_id: Annotated[PathU128, Path()]) -> Response:
        """A reconciliation as it came out last."""
        return Response(desk.kept(reconciliation_id), media_type="application/json")
