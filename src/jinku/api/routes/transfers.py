"""``/v1/transfers``: book money movements and find them again."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.cursor import Cursors
from jinku.api.errors import NotFound
from jinku.api.json import Json, read_json
from jinku.api.metrics import Metrics
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.context import handed_over
from jinku.api.wire.filters import IdsIn, Page, QueryIn, Window, query_filter
from jinku.api.wire.numbers import PathU128
from jinku.api.wire.results import ResultOut, Results, ResultsOut
from jinku.api.wire.transfers import TransferIn, TransferOut, TransfersIn, rows_of, transfer_out
from jinku.ledger.model import QueryFilterFlags
from jinku.ledger.statuses import CREATED, CreateTransferStatus

_ONE, _MANY, _IDS, _QUERY = (
    TypeAdapter(TransferIn),
    TypeAdapter(TransfersIn),
    TypeAdapter(IdsIn),
    TypeAdapter(QueryIn),
)


class TransfersFound(BaseModel):
    """The transfers that exist, in the order asked; ids that do not are left out."""

    model_config = ConfigDict(title="Transfers")

    transfers: list[TransferOut]


class TransferPage(Page):
    """One page of transfers."""

    transfers: list[TransferOut]


def transfers_router(services: Services, metrics: Metrics) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/transfers", tags=["transfers"])
    _writes(router, services, metrics)
    _reads(router, services)
    return router


def _writes(router: APIRouter, services: Services, metrics: Metrics) -> None:
    book = services.asynchronous.create_transfers_array
    results = Results(CreateTransferStatus)
    risk = services.custody.risk
    contexts = None if risk is None else risk.scene.contexts

    @post(
        router,
        "",
        json_body(TransferIn),
        {
            200: ("It existed already, or was refused: see `status`", ResultOut),
            201: ("Booked, durably", ResultOut),
        },
    )
    async def create_transfer(request: Request) -> Response:
        """Book one transfer. Answered once it is durable."""
        wanted = await read_json(request, _ONE)
        asked = rows_of((wanted,))
        with handed_over(contexts, (wanted,), asked):
            timestamp, status, _ = (await book(asked))[0].item()
        metrics.events("transfer", results.name(status))
        return Json(results.one(wanted.id, timestamp, status), 201 if status == CREATED else 200)

    @post(router, "/batch", json_body(TransfersIn), {200: ("One result for each, in order", ResultsOut)})
    async def create_transfers(request: Request) -> Response:
        """Book up to 8,189 transfers in order, in one durable write. Linked ones succeed or fail together."""
        wanted = (await read_json(request, _MANY)).transfers
        asked = rows_of(wanted)
        with handed_over(contexts, wanted, asked):
            rows = await book(asked)
        results.count(metrics, "transfer", rows)
        return Response(results.many([item.id for item in wanted], rows), media_type="application/json")


def _reads(router: APIRouter, services: Services) -> None:
    ledger, cursors = services.ledger, Cursors(services.token.cursor_key)

    @post(router, "/lookup", json_body(IdsIn), {200: ("Those that exist", TransfersFound)})
    async def lookup_transfers(request: Request) -> Response:
        """Find transfers by id."""
        wanted = await read_json(request, _IDS)
        found = await run_in_threadpool(ledger.lookup_transfers, wanted.ids)
        return Json({"transfers": [transfer_out(transfer) for transfer in found]})

    @post(router, "/query", json_body(QueryIn), {200: ("One page", TransferPage)})
    async def query_transfers(request: Request) -> Response:
        """Find transfers that match every given field, in order of time."""
        wanted = await read_json(request, _QUERY)
        window = Window.of(wanted, cursors, "transfers", bool(wanted.flags & QueryFilterFlags.REVERSED))
        found = await run_in_threadpool(ledger.query_transfers, query_filter(wanted, window))
        return Json(
            {
                "transfers": [transfer_out(transfer) for transfer in found],
                "next_cursor": window.next_cursor(cursors, [transfer.timestamp for transfer in found]),
            }
        )

    @router.get(
        "/{transfer_id}",
        operation_id="get_transfer",
        response_model=None,
        responses={200: {"model": TransferOut}},
    )
    def get_transfer(transfer_id: Annotated[PathU128, Path()]) -> Response:
        """One transfer."""
        found = ledger.lookup_transfers([transfer_id])
        if not found:
            raise NotFound(
                f"there is no transfer {transfer_id}",
                remedy="look at the id, or at the answer of its creation",
            )
        return Json(transfer_out(found[0]))
