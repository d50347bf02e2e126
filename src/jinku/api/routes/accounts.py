"""``/v1/accounts``: open accounts, find them, and read their history and balances at any instant."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
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
from jinku.api.wire.accounts import (
    AccountIn,
    AccountOut,
    AccountsIn,
    BalanceAtOut,
    BalanceOut,
    account_out,
    balance_out,
    balances_out,
    rows_of,
)
from jinku.api.wire.filters import AtIn, HistoryIn, IdsIn, Page, QueryIn, Window, account_filter, query_filter
from jinku.api.wire.numbers import PathU128, instant_out
from jinku.api.wire.results import ResultOut, Results, ResultsOut
from jinku.api.wire.transfers import TransferOut, transfer_out
from jinku.ledger.model import Account, QueryFilterFlags
from jinku.ledger.service import Ledger
from jinku.ledger.statuses import CREATED, CreateAccountStatus

_ONE, _MANY, _IDS, _QUERY = (
    TypeAdapter(AccountIn),
    TypeAdapter(AccountsIn),
    TypeAdapter(IdsIn),
    TypeAdapter(QueryIn),
)
AccountId = Annotated[PathU128, Path()]


class AccountsFound(BaseModel):
    """The accounts that exist, in the order asked; ids that do not are left out."""

    model_config = ConfigDict(title="Accounts")

    accounts: list[AccountOut]


class AccountPage(Page):
    """One page of accounts."""

    accounts: list[AccountOut]


class AccountTransferPage(Page):
    """One page of an account's transfers."""

    transfers: list[TransferOut]


class BalancePage(Page):
    """One page of an account's balances, one for each transfer."""

    balances: list[BalanceOut]


def accounts_router(services: Services, metrics: Metrics) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])
    cursors = Cursors(services.token.cursor_key)
    _writes(router, services, metrics)
    _finds(router, services.ledger, cursors)
    _histories(router, services.ledger, cursors)
    return router


def _writes(router: APIRouter, services: Services, metrics: Metrics) -> None:
    create = services.asynchronous.create_accounts_array
    results = Results(CreateAccountStatus)

    @post(
        router,
        "",
        json_body(AccountIn),
        {
            200: ("It existed already, or was refused: see `status`", ResultOut),
            201: ("Created, durably", ResultOut),
        },
    )
    async def create_account(request: Request) -> Response:
        """Create one account. Answered once it is durable."""
        wanted = await read_json(request, _ONE)
        timestamp, status, _ = (await create(rows_of((wanted,))))[0].item()
        metrics.events("account", results.name(status))
        return Json(results.one(wanted.id, timestamp, status), 201 if status == CREATED else 200)

    @post(router, "/batch", json_body(AccountsIn), {200: ("One result for each, in order", ResultsOut)})
    async def create_accounts(request: Request) -> Response:
        """Create up to 8,189 accounts in order, in one durable write. Linked ones succeed or fail
        together."""
        wanted = (await read_json(request, _MANY)).accounts
        rows = await create(rows_of(wanted))
        results.count(metrics, "account", rows)
        return Response(results.many([item.id for item in wanted], rows), media_type="application/json")


def _finds(router: APIRouter, ledger: Ledger, cursors: Cursors) -> None:
    @post(router, "/lookup", json_body(IdsIn), {200: ("Those that exist", AccountsFound)})
    async def lookup_accounts(request: Request) -> Response:
        """Find accounts by id."""
        wanted = await read_json(request, _IDS)
        found = await run_in_threadpool(ledger.lookup_accounts, wanted.ids)
        return Json({"accounts": [account_out(account) for account in found]})

    @post(router, "/query", json_body(QueryIn), {200: ("One page", AccountPage)})
    async def query_accounts(request: Request) -> Response:
        """Find accounts that match every given field, in order of creation."""
        wanted = await read_json(request, _QUERY)
        window = Window.of(wanted, cursors, "accounts", bool(wanted.flags & QueryFilterFlags.REVERSED))
        found = await run_in_threadpool(ledger.query_accounts, query_filter(wanted, window))
        return Json(
            {
                "accounts": [account_out(account) for account in found],
                "next_cursor": window.next_cursor(cursors, [account.timestamp for account in found]),
            }
        )

    @router.get(
        "/{account_id}",
        operation_id="get_account",
        response_model=None,
        responses={200: {"model": AccountOut}},
    )
    def get_account(account_id: AccountId) -> Response:
        """One account and its balances now."""
        return Json(account_out(_existing(ledger, account_id)))


def _histories(router: APIRouter, ledger: Ledger, cursors: Cursors) -> None:
    @router.get(
        "/{account_id}/transfers",
        operation_id="get_account_transfers",
        response_model=None,
        responses={200: {"model": AccountTransferPage}},
    )
    def get_account_transfers(account_id: AccountId, wanted: Annotated[HistoryIn, Query()]) -> Response:
        """Transfers that debit or credit one account, in order of time."""
        _existing(ledger, account_id)
        window = Window.of(wanted, cursors, f"accounts/{account_id}/transfers", "reversed" in wanted.flags)
        found = ledger.get_account_transfers(account_filter(account_id, wanted, window))
        return Json(
            {
                "transfers": [transfer_out(transfer) for transfer in found],
                "next_cursor": window.next_cursor(cursors, [transfer.timestamp for transfer in found]),
            }
        )

    @router.get(
        "/{account_id}/balances",
        operation_id="get_account_balances",
        response_model=None,
        responses={200: {"model": BalancePage}},
    )
    def get_account_balances(account_id: AccountId, wanted: Annotated[HistoryIn, Query()]) -> Response:
        """Balances after each transfer of an account created with the flag `history` (empty without it)."""
        _existing(ledger, account_id)
        window = Window.of(wanted, cursors, f"accounts/{account_id}/balances", "reversed" in wanted.flags)
        found = ledger.get_account_balances(account_filter(account_id, wanted, window))
        return Json(
            {
                "balances": [balance_out(balance) for balance in found],
                "next_cursor": window.next_cursor(cursors, [balance.timestamp for balance in found]),
            }
        )

    @router.get(
        "/{account_id}/balance",
        operation_id="get_account_balance_at",
        response_model=None,
        responses={200: {"model": BalanceAtOut}},
    )
    def get_account_balance_at(account_id: AccountId, wanted: Annotated[AtIn, Query()]) -> Response:
        """Balances of any account as of any past instant (inclusive); no opting in is needed."""
        found = ledger.balances_as_of([account_id], wanted.at)[0]
        if found is None:
            raise NotFound(
                f"there was no account {account_id} at {instant_out(wanted.at) or '1970-01-01T00:00:00Z'}",
                remedy="look at the id, and at the account's timestamp",
            )
        return Json({"account_id": str(account_id), "at": instant_out(wanted.at), **balances_out(found)})


def _existing(ledger: Ledger, account_id: int) -> Account:
    found = ledger.lookup_accounts([account_id])
    if not found:
        raise NotFound(f"there is no account {account_id}", remedy="look at the id, or create the account")
    return found[0]
