"""Orders in JSON: the form that order files have (`jinku.custody.orders.files`), and what became of them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from jinku.api.books import By, InBooks, Reason, TextOut, text_out
from jinku.api.json import fields_invalid
from jinku.api.limits import BATCH_EVENTS_MAX
from jinku.api.wire.context import ContextIn, context_of
from jinku.api.wire.filters import Page
from jinku.api.wire.numbers import U128, Digits128, Instant, InstantText, instant_out
from jinku.custody.orders.acts import Record
from jinku.custody.orders.catalogue import CATALOGUE
from jinku.custody.orders.files import order_document, order_schemas
from jinku.custody.orders.reasons import REASON_TEXT, STATE_TEXT, State
from jinku.custody.orders.reasons import Reason as Why
from jinku.custody.orders.requests import Answers
from jinku.risk.decision.context import Context

_MAKER = "^[A-Za-z0-9._-]{0,64}$"
STATES = tuple(one.name.lower() for one in State)


def _an_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return value


def _schemas() -> list[dict[str, Any]]:
    """Each type of order, with its context."""
    told = ContextIn.model_json_schema()
    return [{**one, "properties": {**one["properties"], "context": told}} for one in order_schemas()]


Told = Annotated[dict[str, Any], PlainValidator(_an_object), WithJsonSchema({"oneOf": _schemas()})]
"""One order, as a line of an order file tells it, and what the risk desk is told of it."""


class OrdersIn(InBooks):
    """A batch of orders, independent of each other: each is booked whole or not at all."""

    model_config = ConfigDict(
        extra="forbid",
        title="OrderBatch",
        json_schema_extra={
            "examples": [
                {
                    "entity": 1,
                    "currency": "CNY",
                    "maker": "app",
                    "orders": [
                        {
                            "type": "deposit",
                            "id": "2170177470689284001030518505472",
                            "day": "2026-11-20",
                            "account": "investor:1",
                            "amount": "100000",
                            "reference": "8812",
                        }
                    ],
                }
            ]
        },
    )

    maker: Annotated[str, Field(pattern=_MAKER)] = ""
    """Who gives those orders that name no maker."""
    orders: list[Told] = Field(min_length=1, max_length=BATCH_EVENTS_MAX)


class ConfirmationIn(InBooks):
    """A checker lets a proposal go."""

    model_config = ConfigDict(extra="forbid", title="OrderConfirmation")

    order_id: U128
    by: By


class CancellationIn(InBooks):
    """A proposal is refused, or a hold freed."""

    model_config = ConfigDict(extra="forbid", title="OrderCancellation")

    order_id: U128
    reason: Reason
    by: By


class ResolutionIn(CancellationIn):
    """What the risk desk held is released or denied."""

    model_config = ConfigDict(extra="forbid", title="OrderResolution")

    allow: bool = Field(strict=True)


class AuthorisationIn(InBooks):
    """The customer's own word on an order that waits for it."""

    model_config = ConfigDict(extra="forbid", title="OrderAuthorisation")

    order_id: U128
    method: Annotated[str, Field(pattern="^(signature|sms|password_page|face|branch)$")]
    evidence: Annotated[str, Field(pattern="^[A-Za-z0-9._:-]{1,40}$")]
    """Id of the evidence; used once."""
    given_at: Instant
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of exactly what was authorised: see `/v1/orders/digests`."""
    by: By


class OrderResultOut(BaseModel):
    """What became of one order. A refusal has its `reason`: a word that never changes, and what it means."""

    model_config = ConfigDict(title="OrderResult")

    id: Digits128
    state: str
    reason: str | None
    meaning: TextOut
    timestamp: InstantText | None
    """When its transfers were booked, or the ledger refused them; null where it was not asked."""


class OrderResultsOut(BaseModel):
    """One result for each order, in order."""

    model_config = ConfigDict(title="OrderResults")

    refused: int
    results: list[OrderResultOut]


class OrderDigestOut(BaseModel):
    """What a customer authorises."""

    id: Digits128
    digest: str


class OrderDigestsOut(BaseModel):
    """The digest of each order, in order."""

    digests: list[OrderDigestOut]


class OrderEventOut(BaseModel):
    """One line of an order's history."""

    state: str
    at: InstantText
    by: str
    note: str


class OrderLineOut(BaseModel):
    """An order in a list."""

    id: Digits128
    type: str
    state: str
    reason: str | None
    meaning: TextOut
    maker: str
    received_at: InstantText


class OrderOut(OrderLineOut):
    """An order: what was asked, on whose word, where it stands, and its history."""

    mandate: Digits128 | None
    evidence: str | None
    digest: str
    sealed_entry: int | None
    asked: dict[str, Any]
    history: list[OrderEventOut]


class OrderPage(Page):
    """One page of orders, the newest first. A page of one state may be short, or empty, and still have a next."""

    orders: list[OrderLineOut]


def without_context(told: dict[str, Any], number: int) -> tuple[dict[str, Any], Context | None]:
    """The order itself, and what is told of it beside; `number` is its place. Raises FieldsInvalid."""
    if "context" not in told:
        return told, None
    try:
        given = ContextIn.model_validate(told["context"])
    except ValidationError as error:
        place = ("orders", number - 1, "context")
        raise fields_invalid(
            [{**one, "loc": (*place, *one["loc"])} for one in error.errors(include_url=False)]
        ) from None
    return {name: value for name, value in told.items() if name != "context"}, context_of(given)


def meaning(state: State, reason: Why) -> dict[str, str]:
    """What a state, or the reason of it, means."""
    return text_out(REASON_TEXT[reason] if reason else STATE_TEXT[state])


def results_out(answers: Answers) -> dict[str, Any]:
    """A batch's answers as JSON values (see `OrderResultsOut`)."""
    moments = answers.outcomes["at"].tolist()
    keys = answers.columns.keys()
    return {
        "refused": answers.count(State.REFUSED),
        "results": [
            {
                "id": str(int.from_bytes(keys[place], "big")),
                "state": one.state.name.lower(),
                "reason": one.reason.name.lower() if one.reason else None,
                "meaning": meaning(one.state, one.reason),
                "timestamp": instant_out(moments[place]),
            }
            for place, one in enumerate(answers)
        ],
    }


def line_out(found: Record) -> dict[str, Any]:
    """An order of a list as JSON values."""
    return {
        "id": str(int.from_bytes(found.key, "big")),
        "type": CATALOGUE[found.type].type.name.lower(),
        "state": found.state.name.lower(),
        "reason": found.reason.name.lower() if found.reason else None,
        "meaning": meaning(found.state, found.reason),
        "maker": found.maker,
        "received_at": instant_out(found.received_at),
    }


def order_out(found: Record) -> dict[str, Any]:
    """An order as JSON values (see `OrderOut`)."""
    return {
        **line_out(found),
        "mandate": str(found.mandate) if found.mandate else None,
        "evidence": found.evidence or None,
        "digest": found.digest.hex(),
        "sealed_entry": found.sealed_entry if found.sealed_entry >= 0 else None,
        "asked": order_document(found.order),
        "history": [
            {"state": one.state.name.lower(), "at": instant_out(one.at), "by": one.by, "note": one.note}
            for one in found.history
        ],
    }
