"""``/v1/orders``: a platform's instructions to move money, through the corridor."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import BooksIn, BooksListIn, InBooks, OpenBooks
from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.context import told
from jinku.api.wire.numbers import PathU128
from jinku.api.wire.orders import (
    STATES,
    AuthorisationIn,
    CancellationIn,
    ConfirmationIn,
    OrderDigestsOut,
    OrderOut,
    OrderPage,
    OrderResultsOut,
    OrdersIn,
    ResolutionIn,
    line_out,
    order_out,
    results_out,
    without_context,
)
from jinku.custody.orders.acts import NEWEST, OrderActs, Record
from jinku.custody.orders.files import request_told
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import OneTime, digest_of
from jinku.custody.orders.requests import Request as OrderRequest
from jinku.custody.structure.chart import Chart
from jinku.risk.decision.context import Context, Said

OrderNumber = Annotated[PathU128, Path(description="The order's id.")]


class OrderListIn(BooksListIn):
    """Which orders."""

    model_config = ConfigDict(extra="forbid", title="OrderList")

    state: Annotated[str, Field(pattern=f"^({'|'.join(STATES)})?$")] = ""
    """Only those in this state."""


_ORDERS, _CONFIRMATION = TypeAdapter(OrdersIn), TypeAdapter(ConfirmationIn)
_CANCELLATION, _RESOLUTION = TypeAdapter(CancellationIn), TypeAdapter(ResolutionIn)
_AUTHORISATION = TypeAdapter(AuthorisationIn)
_STANDS = {200: ("The order as it stands then", OrderOut)}


def orders_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/orders", tags=["custody"])
    desk = _Desk(services)
    _giving(router, desk)
    _acting(router, desk)
    _reading(router, desk, Cursors(services.token.cursor_key))
    return router


class _Desk:
    """Blocking work on orders, for a thread."""

    def __init__(self, services: Services) -> None:
        self._custody = services.custody
        self._books = OpenBooks(services.custody)

    def acts(self, wanted: BooksIn | InBooks) -> OrderActs:
        return self._custody.acts(*self._books.of(wanted))

    def submit(self, wanted: OrdersIn) -> dict[str, Any]:
        corridor = self._custody.corridor(*self._books.of(wanted))
        asked, contexts = _requests(wanted, corridor.rooms.chart, wanted.maker)
        risk = self._custody.risk
        if risk is None:
            return results_out(corridor.submit(asked))
        with told(contexts, risk.scene.contexts):
            return results_out(corridor.submit(asked))

    def digests(self, wanted: OrdersIn) -> dict[str, Any]:
        chart = self._custody.chart(*self._books.of(wanted))
        orders = [one.order for one in _requests(wanted, chart, wanted.maker or "nobody")[0]]
        return {"digests": [{"id": str(one.id), "digest": digest_of(chart, one).hex()} for one in orders]}

    def confirm(self, wanted: ConfirmationIn) -> Record:
        return self.acts(wanted).confirm(_key(wanted.order_id), by=wanted.by)

    def cancel(self, wanted: CancellationIn) -> Record:
        acts, key = self.acts(wanted), _key(wanted.order_id)
        waits = acts.show(key).state in (State.AWAITING, State.CHALLENGED)
        act = acts.drop if waits else acts.cancel
        return act(key, by=wanted.by, reason=wanted.reason)

    def resolve(self, wanted: ResolutionIn) -> Record:
        return self.acts(wanted).resolve(
            _key(wanted.order_id), by=wanted.by, allow=wanted.allow, reason=wanted.reason
        )

    def authorise(self, wanted: AuthorisationIn) -> Record:
        acts, key = self.acts(wanted), _key(wanted.order_id)
        word = OneTime(
            Method[wanted.method.upper()], wanted.evidence, wanted.given_at, bytes.fromhex(wanted.digest)
        )
        challenged = acts.show(key).state is State.CHALLENGED
        act = acts.answer if challenged else acts.confirm_withdrawal
        return act(key, word, by=wanted.by)


def _requests(wanted: OrdersIn, chart: Chart, maker: str) -> tuple[list[OrderRequest], dict[Said, Context]]:
    """The orders of a batch, and what the risk desk is told of them, by their ids and digests."""
    asked, contexts = [], dict[Said, Context]()
    for number, given in enumerate(wanted.orders, 1):
        order, context = without_context(given, number)
        asked.append(request_told(order, chart, maker, number))
        if context is not None:
            told_of = asked[-1].order
            contexts.setdefault((told_of.id, digest_of(chart, told_of)), context)
    return asked, contexts


def _giving(router: APIRouter, desk: _Desk) -> None:
    @post(router, "", json_body(OrdersIn), {200: ("One result for each, in order", OrderResultsOut)})
    async def give_orders(request: Request) -> Response:
        """Give up to 8,189 orders. The same order again has the same answer; another one under its id is refused."""
        wanted = await read_json(request, _ORDERS)
        return Json(await run_in_threadpool(desk.submit, wanted))

    @post(router, "/digests", json_body(OrdersIn), {200: ("One for each, in order", OrderDigestsOut)})
    async def digest_orders(request: Request) -> Response:
        """What a customer authorises for each order: its digest. Moves and keeps nothing."""
        wanted = await read_json(request, _ORDERS)
        return Json(await run_in_threadpool(desk.digests, wanted))


def _acting(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/confirmations", json_body(ConfirmationIn), _STANDS)
    async def confirm_order(request: Request) -> Response:
        """Let a proposal go, as another person than its maker."""
        wanted = await read_json(request, _CONFIRMATION)
        return Json(order_out(await run_in_threadpool(desk.confirm, wanted)))

    @post(router, "/cancellations", json_body(CancellationIn), _STANDS)
    async def cancel_order(request: Request) -> Response:
        """Refuse a proposal, or free what an unsent withdrawal or another hold holds."""
        wanted = await read_json(request, _CANCELLATION)
        return Json(order_out(await run_in_threadpool(desk.cancel, wanted)))

    @post(router, "/authorisations", json_body(AuthorisationIn), _STANDS)
    async def authorise_order(request: Request) -> Response:
        """The customer confirms a withdrawal, or authorises a challenged order once more."""
        wanted = await read_json(request, _AUTHORISATION)
        return Json(order_out(await run_in_threadpool(desk.authorise, wanted)))

    @post(router, "/resolutions", json_body(ResolutionIn), _STANDS)
    async def resolve_order(request: Request) -> Response:
        """Release or deny what the risk desk held, as another person than its maker."""
        wanted = await read_json(request, _RESOLUTION)
        return Json(order_out(await run_in_threadpool(desk.resolve, wanted)))


def _reading(router: APIRouter, desk: _Desk, cursors: Cursors) -> None:
    @router.get("", operation_id="list_orders", response_model=None, responses={200: {"model": OrderPage}})
    def list_orders(wanted: Annotated[OrderListIn, Query()]) -> Response:
        """Orders, the newest first; or those in one state."""
        scope = f"orders?{wanted.entity} {wanted.currency} {wanted.state}"
        below = cursors.read(scope, wanted.cursor) if wanted.cursor else NEWEST
        state = State[wanted.state.upper()] if wanted.state else None
        found, left = desk.acts(wanted).page(wanted.limit, state, below)
        return Json(
            {
                "orders": [line_out(one) for one in found],
                "next_cursor": cursors.make(scope, left) if left else None,
            }
        )

    @router.get(
        "/{order_id}", operation_id="get_order", response_model=None, responses={200: {"model": OrderOut}}
    )
    def get_order(order_id: OrderNumber, wanted: Annotated[BooksIn, Query()]) -> Response:
        """One order: what was asked, on whose word, where it stands, and its history."""
        return Json(order_out(desk.acts(wanted).show(_key(order_id))))


def _key(order_id: int) -> bytes:
    return order_id.to_bytes(16, "big")
