"""``/v1/bank``: what banks were told to do, what they answered, and where they contradicted themselves. Read-only."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from jinku.api.books import PAGE_ROWS_MAX
from jinku.api.cursor import Cursors
from jinku.api.json import Json
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.services import Services
from jinku.api.wire.filters import Cursor, Page
from jinku.api.wire.numbers import Digits128, InstantText, PathU128
from jinku.custody.channel.model import State
from jinku.custody.channel.show import break_document, event_document, instruction_document
from jinku.custody.channel.store import ChannelStore
from jinku.custody.channel.tables import INSTRUCTION

_STATES = "|".join(one.value for one in State)


class InstructionListIn(BaseModel):
    """Which instructions."""

    model_config = ConfigDict(extra="forbid", title="InstructionList")

    state: Annotated[str, Field(pattern=f"^({_STATES})?$")] = ""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class ChannelBreakListIn(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid", title="ChannelBreakList")

    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class InstructionOut(BaseModel):
    """An instruction to a bank; `payee` is the token of a card, never its number."""

    order: Digits128
    request_no: str
    kind: str
    mode: str
    channel: str
    account: Digits128
    payee: str
    amount: Digits128
    currency: str
    state: str
    state_zh: str
    maker: str
    checker: str | None
    attempts: int
    batch: str | None
    bank_no: str | None
    reason: str | None
    booked: str | None
    created_at: InstantText | None
    approved_at: InstantText | None
    sent_at: InstantText | None
    acknowledged_at: InstantText | None
    final_at: InstantText | None
    returned_at: InstantText | None
    approve_by: InstantText | None
    send_by: InstantText | None
    acknowledge_by: InstantText | None
    settle_by: InstantText | None


class InstructionEventOut(BaseModel):
    """What happened to an instruction; `message` is the SHA-256 of the bank's message."""

    at: InstantText | None
    news: str
    verdict: str
    before: str
    after: str
    source: str
    by: str | None
    reason: str | None
    message: str | None


class InstructionHistoryOut(InstructionOut):
    """An instruction and its history."""

    history: list[InstructionEventOut]


class InstructionPage(Page):
    """One page of instructions, by request number."""

    instructions: list[InstructionOut]


class ChannelBreakPage(Page):
    """One page of what banks said that cannot be."""

    breaks: list[dict[str, Any]]


def bank_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/bank", tags=["custody"])
    store, cursors = ChannelStore(services.house.control), Cursors(services.token.cursor_key)

    @router.get(
        "/instructions",
        operation_id="list_instructions",
        response_model=None,
        responses={200: {"model": InstructionPage}},
    )
    def list_instructions(wanted: Annotated[InstructionListIn, Query()]) -> Response:
        """Instructions by request number, or those in one state."""
        scope = f"instructions?{wanted.state}"
        after = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        conditions = [INSTRUCTION.c.request_no > after]
        if wanted.state:
            conditions.append(INSTRUCTION.c.state == wanted.state)
        found = store.instructions(*conditions, limit=wanted.limit)
        more = len(found) == wanted.limit
        return Json(
            {
                "instructions": [instruction_document(one) for one in found],
                "next_cursor": cursors.make(scope, found[-1].request_no) if more else None,
            }
        )

    @router.get(
        "/instructions/{order_id}",
        operation_id="get_instruction",
        response_model=None,
        responses={200: {"model": InstructionHistoryOut}},
    )
    def get_instruction(order_id: Annotated[PathU128, Path(description="Of the order.")]) -> Response:
        """One instruction, and all that was sent and heard about it."""
        found = instruction_document(store.instruction(order_id))
        return Json({**found, "history": [event_document(one) for one in store.events(order_id)]})

    @router.get(
        "/breaks",
        operation_id="list_channel_breaks",
        response_model=None,
        responses={200: {"model": ChannelBreakPage}},
    )
    def list_channel_breaks(wanted: Annotated[ChannelBreakListIn, Query()]) -> Response:
        """Where a bank contradicted itself or us, or was late; in the order found."""
        after = cursors.read("channel breaks", wanted.cursor) if wanted.cursor else 0
        found = store.breaks(after, wanted.limit)
        more = len(found) == wanted.limit
        return Json(
            {
                "breaks": [break_document(one) for one in found],
                "next_cursor": cursors.make("channel breaks", found[-1].number) if more else None,
            }
        )

    return router
