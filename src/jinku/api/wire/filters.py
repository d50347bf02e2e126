"""Filters of lists and lookups in JSON and in query strings, and how a page follows another."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from jinku.api.cursor import Cursors
from jinku.api.limits import BATCH_EVENTS_MAX, CURSOR_CHARACTERS_MAX, PAGE_ROWS_DEFAULT
from jinku.api.wire.numbers import U16, U32, U64, U128, Instant, digits_reader, flags_reader, flags_schema
from jinku.ledger.limits import CHANGE_EVENTS_MAX
from jinku.ledger.model import (
    AccountFilter,
    AccountFilterFlags,
    ChangeEventsFilter,
    QueryFilter,
    QueryFilterFlags,
)

CURSOR_FORMAT = "jinku-cursor"
Cursor = Annotated[str, Field(max_length=CURSOR_CHARACTERS_MAX, json_schema_extra={"format": CURSOR_FORMAT})]
"""`next_cursor` of the page before; empty for the first page. Its format is nobody's business but ours."""
QueryFlags = Annotated[
    int, PlainValidator(flags_reader(QueryFilterFlags)), WithJsonSchema(flags_schema(QueryFilterFlags))
]


def _query_number(bits: int) -> Any:
    schema = {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1}
    return Annotated[int, PlainValidator(digits_reader(bits)), WithJsonSchema(schema)]


class IdsIn(BaseModel):
    """Ids to look up."""

    model_config = ConfigDict(
        extra="forbid", title="Ids", json_schema_extra={"examples": [{"ids": ["1", "2"]}]}
    )

    ids: list[U128] = Field(min_length=1, max_length=BATCH_EVENTS_MAX)


class QueryIn(BaseModel):
    """What accounts or transfers to find: those that match every field that is not 0 or absent."""

    model_config = ConfigDict(
        extra="forbid",
        title="Query",
        json_schema_extra={"examples": [{"code": 20, "limit": 100, "flags": ["reversed"]}]},
    )

    user_data_128: U128 = 0
    user_data_64: U64 = 0
    user_data_32: U32 = 0
    ledger: U32 = 0
    code: U16 = 0
    timestamp_min: Instant = 0
    timestamp_max: Instant = 0
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=BATCH_EVENTS_MAX, strict=True)
    flags: QueryFlags = 0
    cursor: Cursor = ""
    """`next_cursor` of the page before, with the same filters."""


class HistoryIn(BaseModel):
    """What of one account's history to return."""

    model_config = ConfigDict(extra="forbid", title="History")

    code: _query_number(16) = 0  # type: ignore[valid-type]
    timestamp_min: Instant = 0
    timestamp_max: Instant = 0
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=BATCH_EVENTS_MAX)
    flags: list[Literal["debits", "credits", "reversed"]] = Field(default=[], max_length=3)
    """Sides to search (both where none is said), and `reversed` for newest first."""
    cursor: Cursor = ""


class EventsIn(BaseModel):
    """What change events to return, oldest first."""

    model_config = ConfigDict(extra="forbid", title="ChangeEvents")

    timestamp_min: Instant = 0
    timestamp_max: Instant = 0
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=CHANGE_EVENTS_MAX)
    cursor: Cursor = ""


class AtIn(BaseModel):
    """The instant of a balance."""

    model_config = ConfigDict(extra="forbid", title="At")

    at: Instant


@dataclass(frozen=True, slots=True)
class Window:
    """The bounds of one page in time (ns, inclusive, 0: none), and how the next page is reached."""

    timestamp_min: int
    timestamp_max: int
    reverse: bool
    limit: int
    scope: str

    @classmethod
    def of(
        cls, wanted: QueryIn | HistoryIn | EventsIn, cursors: Cursors, place: str, reverse: bool
    ) -> "Window":
        """The window of the page that `wanted` asks for in the list `place`. Raises CursorRefused."""
        filters = wanted.model_dump(exclude={"cursor", "limit"})
        scope = f"{place}?{sorted(filters.items())}"
        low, high = wanted.timestamp_min, wanted.timestamp_max
        if wanted.cursor:
            position = cursors.read(scope, wanted.cursor)
            low, high = (low, position) if reverse else (position, high)
        return cls(low, high, reverse, wanted.limit, scope)

    def next_cursor(self, cursors: Cursors, timestamps: list[int]) -> str | None:
        """The cursor after a page with these `timestamps`; None where there is no more."""
        if len(timestamps) < self.limit:
            return None
        position = timestamps[-1] + (-1 if self.reverse else 1)
        return cursors.make(self.scope, position) if position > 0 else None


def query_filter(wanted: QueryIn, window: Window) -> QueryFilter:
    """`wanted` within `window`, as the ledger asks for it."""
    return QueryFilter(
        user_data_128=wanted.user_data_128,
        user_data_64=wanted.user_data_64,
        user_data_32=wanted.user_data_32,
        ledger=wanted.ledger,
        code=wanted.code,
        timestamp_min=window.timestamp_min,
        timestamp_max=window.timestamp_max,
        limit=window.limit,
        flags=QueryFilterFlags(wanted.flags),
    )


def account_filter(account_id: int, wanted: HistoryIn, window: Window) -> AccountFilter:
    """`wanted` of one account within `window`, as the ledger asks for it."""
    flags = AccountFilterFlags.NONE
    for name in wanted.flags:
        flags |= AccountFilterFlags[name.upper()]
    if not flags & (AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS):
        flags |= AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    return AccountFilter(
        account_id=account_id,
        user_data_128=0,
        user_data_64=0,
        user_data_32=0,
        code=wanted.code,
        timestamp_min=window.timestamp_min,
        timestamp_max=window.timestamp_max,
        limit=window.limit,
        flags=flags,
    )


def change_events_filter(window: Window) -> ChangeEventsFilter:
    """`window` as the ledger asks for change events."""
    return ChangeEventsFilter(window.timestamp_min, window.timestamp_max, window.limit)


class Page(BaseModel):
    """What every page has."""

    next_cursor: str | None
    """Send it as `cursor`, with the same filters, for the next page; null at the end."""
