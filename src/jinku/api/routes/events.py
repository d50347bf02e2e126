"""``/v1/events``: what changed, in order, for followers."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from jinku.api.cursor import Cursors
from jinku.api.json import Json
from jinku.api.services import Services
from jinku.api.wire.accounts import FlagNames as AccountFlagNames
from jinku.api.wire.filters import EventsIn, Page, Window, change_events_filter
from jinku.api.wire.numbers import Digits64, Digits128, InstantText, flags_out, instant_out
from jinku.api.wire.transfers import FlagNames as TransferFlagNames
from jinku.ledger.model import AccountFlags, ChangeEvent, TransferFlags

_transfer_flags, _account_flags = flags_out(TransferFlags), flags_out(AccountFlags)


class EventAccount(BaseModel):
    """One side of a change: the account right after it."""

    model_config = ConfigDict(title="ChangeEventAccount")

    id: Digits128
    debits_pending: Digits128
    debits_posted: Digits128
    credits_pending: Digits128
    credits_posted: Digits128
    user_data_128: Digits128
    user_data_64: Digits64
    user_data_32: int
    code: int
    flags: AccountFlagNames
    timestamp: InstantText


class EventTransfer(BaseModel):
    """The transfer behind a change."""

    model_config = ConfigDict(title="ChangeEventTransfer")

    id: Digits128
    amount: Digits128
    pending_id: Digits128
    user_data_128: Digits128
    user_data_64: Digits64
    user_data_32: int
    timeout: int
    code: int
    flags: TransferFlagNames
    timestamp: InstantText


class EventOut(BaseModel):
    """One change of balances."""

    model_config = ConfigDict(title="ChangeEvent")

    type: Literal[
        "single_phase", "two_phase_pending", "two_phase_posted", "two_phase_voided", "two_phase_expired"
    ]
    timestamp: InstantText
    ledger: int
    transfer: EventTransfer
    debit_account: EventAccount
    credit_account: EventAccount


class EventPage(Page):
    """One page of changes. Here `next_cursor` is also given at the end, for a follower to come back with."""

    events: list[EventOut]


def events_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/events", tags=["events"])
    ledger, cursors = services.ledger, Cursors(services.token.cursor_key)

    @router.get(
        "", operation_id="get_change_events", response_model=None, responses={200: {"model": EventPage}}
    )
    def get_change_events(wanted: Annotated[EventsIn, Query()]) -> Response:
        """Transfers and expiries with both accounts as they stood right after, oldest first."""
        window = Window.of(wanted, cursors, "events", reverse=False)
        found = ledger.get_change_events(change_events_filter(window))
        position = found[-1].timestamp + 1 if found else window.timestamp_min
        return Json(
            {
                "events": [_event_out(event) for event in found],
                "next_cursor": cursors.make(window.scope, position) if position else None,
            }
        )

    return router


def _event_out(event: ChangeEvent) -> dict[str, Any]:
    return {
        "type": event.type.name.lower(),
        "timestamp": instant_out(event.timestamp),
        "ledger": event.ledger,
        "transfer": {
            "id": str(event.transfer_id),
            "amount": str(event.transfer_amount),
            "pending_id": str(event.transfer_pending_id),
            "user_data_128": str(event.transfer_user_data_128),
            "user_data_64": str(event.transfer_user_data_64),
            "user_data_32": event.transfer_user_data_32,
            "timeout": event.transfer_timeout,
            "code": event.transfer_code,
            "flags": _transfer_flags(int(event.transfer_flags)),
            "timestamp": instant_out(event.transfer_timestamp),
        },
        "debit_account": _side(event, "debit_account"),
        "credit_account": _side(event, "credit_account"),
    }


def _side(event: ChangeEvent, side: str) -> dict[str, Any]:
    def value(name: str) -> int:
        return int(getattr(event, f"{side}_{name}"))

    wide = (
        "id",
        "debits_pending",
        "debits_posted",
        "credits_pending",
        "credits_posted",
        "user_data_128",
        "user_data_64",
    )
    return {
        **{name: str(value(name)) for name in wide},
        "user_data_32": value("user_data_32"),
        "code": value("code"),
        "flags": _account_flags(value("flags")),
        "timestamp": instant_out(value("timestamp")),
    }
