"""``/v1/days``, ``/v1/files``, ``/v1/positions/history``: closed days, what they were closed from, doing it again."""

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from jinku.api.books import BooksIn, BooksListIn, Day
from jinku.api.books import Sha256 as Digest
from jinku.api.cursor import Cursors
from jinku.api.errors import TooBusy
from jinku.api.json import Json
from jinku.api.services import Services
from jinku.api.wire.custody import Day as DayText
from jinku.api.wire.custody import Signed
from jinku.api.wire.filters import Page
from jinku.api.wire.numbers import InstantText, instant_out
from jinku.base.currency import currency, currency_by_number
from jinku.base.errors import JinkuError
from jinku.custody.closing.days import Books
from jinku.custody.closing.days import Day as ClosedDay
from jinku.custody.errors import NotKept

PathDay = Annotated[Day, Path(description="The business day, YYYY-MM-DD.")]
PathDigest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]


class DayOut(BaseModel):
    """A business day of the books: its entries, its record, and who prepared and reviewed it."""

    entity: int
    currency: str
    day: DayText
    state: str
    cut_off: InstantText
    first_entry: int
    end_entry: int
    started_by: str
    started_at: InstantText | None
    prepared_by: str | None
    prepared_at: InstantText | None
    reviewed_by: str | None
    reviewed_at: InstantText | None
    record: Digest | None
    """SHA-256 of the record, or of the one that waits for its reviewer."""
    sealed_entry: int | None
    sealed_at: InstantText | None


class DayPage(Page):
    """One page of days, in order."""

    days: list[DayOut]


class InputOut(BaseModel):
    """A file that the day was closed from: `GET /v1/files/{sha256}` has its bytes."""

    role: str
    name: str
    sha256: Digest
    size: int


class HistoryLineOut(BaseModel):
    """One thing that was done to the day."""

    at: InstantText
    by: str
    what: str
    note: str


class WholeDayOut(DayOut):
    """A day with its inputs, its positions and its history."""

    inputs: list[InputOut]
    positions: list[dict[str, Any]]
    history: list[HistoryLineOut]


class ReperformanceOut(BaseModel):
    """What came of computing the day's record again from its stored inputs."""

    day: DayText
    equal: bool
    record: Digest
    recomputed: Digest
    differences: list[str]


class PastPositionOut(BaseModel):
    """A closed day's position; amounts in minor units."""

    day: DayText
    pool: str
    outcome: str
    requirement: Signed
    resource: Signed
    difference: Signed
    explanation: list[str]
    document: dict[str, Any]
    """The position as the record has it."""


class PositionPage(Page):
    """One page of positions, in order of days."""

    positions: list[PastPositionOut]


def days_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1", tags=["custody"])
    cursors = Cursors(services.token.cursor_key)
    _lists(router, services, cursors)
    _one_day(router, services)

    @router.get(
        "/files/{sha256}",
        operation_id="get_kept_file",
        response_model=None,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "Its bytes"}},
    )
    def get_kept_file(sha256: PathDigest) -> Response:
        """A file that some day was closed from, or a record, by its SHA-256; compared with it."""
        vault = services.custody.closing
        if not vault.has(sha256):
            raise NotKept(
                "no file with this SHA-256 is kept of any closed day", remedy="see the day's `inputs`"
            )
        return Response(vault.kept(sha256), media_type="application/octet-stream")

    return router


def _lists(router: APIRouter, services: Services, cursors: Cursors) -> None:
    custody = services.custody

    @router.get("/days", operation_id="list_days", response_model=None, responses={200: {"model": DayPage}})
    def list_days(wanted: Annotated[BooksListIn, Query()]) -> Response:
        """Every day that was started in these books, in order."""
        books, scope = _books(wanted), f"days?{wanted.entity} {wanted.currency}"
        first = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        found, last = custody.days.days(books), first + wanted.limit
        return Json(
            {
                "days": [day_out(one) for one in found[first:last]],
                "next_cursor": cursors.make(scope, last) if last < len(found) else None,
            }
        )

    @router.get(
        "/positions/history",
        operation_id="list_positions",
        response_model=None,
        responses={200: {"model": PositionPage}},
    )
    def list_positions(wanted: Annotated[BooksListIn, Query()]) -> Response:
        """The positions of every closed day, as their records have them."""
        books, scope = _books(wanted), f"positions?{wanted.entity} {wanted.currency}"
        first = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        found, last = custody.remedies.history(books), first + wanted.limit
        return Json(
            {
                "positions": [_position(one) for one in found[first:last]],
                "next_cursor": cursors.make(scope, last) if last < len(found) else None,
            }
        )


def _one_day(router: APIRouter, services: Services) -> None:
    custody, alone = services.custody, threading.Lock()

    @router.get(
        "/days/{day}", operation_id="get_day", response_model=None, responses={200: {"model": WholeDayOut}}
    )
    def get_day(day: PathDay, wanted: Annotated[BooksIn, Query()]) -> Response:
        """One day: its inputs with their digests, its positions, and all that was done to it."""
        books = _books(wanted)
        found = custody.days.day(books, day)
        return Json(
            {
                **day_out(found),
                "inputs": [one.as_json() for one in custody.closing.inputs(books, day)],
                "positions": custody.remedies.position(books, day),
                "history": [
                    {"at": instant_out(one.at), "by": one.by, "what": one.what, "note": one.note}
                    for one in custody.days.history(books, day)
                ],
            }
        )

    @router.get(
        "/days/{day}/record",
        operation_id="get_day_record",
        response_model=None,
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    def get_day_record(day: PathDay, wanted: Annotated[BooksIn, Query()]) -> Response:
        """The day's record, byte for byte as it was sealed; or the one that waits for its reviewer."""
        record = custody.closing.record(_books(wanted), day)
        return Response(record, media_type="application/json")

    @router.get(
        "/days/{day}/reperformance",
        operation_id="reperform_day",
        response_model=None,
        responses={200: {"model": ReperformanceOut}},
    )
    def reperform_day(day: PathDay, wanted: Annotated[BooksIn, Query()]) -> Response:
        """Compute the day's record again from its stored inputs, its entries from the journal, and compare; one day
        at a time."""
        if not alone.acquire(blocking=False):
            raise TooBusy("another day is being computed again", remedy="retry after a moment")
        try:
            found = custody.closing.reperform(_books(wanted), day)
        finally:
            alone.release()
        return Json(
            {
                "day": found.day.isoformat(),
                "equal": found.equal,
                "record": found.record,
                "recomputed": found.recomputed,
                "differences": list(found.differences),
            }
        )


def _books(wanted: BooksIn) -> Books:
    try:
        return Books(wanted.entity, currency(wanted.currency).number)
    except JinkuError:
        raise NotKept(f"nothing is kept in {wanted.currency}", remedy="use an ISO 4217 code") from None


def _position(one: dict[str, Any]) -> dict[str, Any]:
    names = ("day", "pool", "outcome", "requirement", "resource", "difference", "explanation")
    rest = {name: value for name, value in one.items() if name != "explanation"}
    return {**{name: one[name] for name in names}, "document": rest}


def day_out(day: ClosedDay) -> dict[str, Any]:
    """A day as JSON values."""
    return {
        "entity": day.books.entity,
        "currency": currency_by_number(day.books.currency).code,
        "day": day.day.isoformat(),
        "state": day.state.value,
        "cut_off": instant_out(day.cut_off),
        "first_entry": day.first_entry,
        "end_entry": day.end_entry,
        "started_by": day.started_by,
        "started_at": instant_out(day.started_at),
        "prepared_by": day.prepared_by or None,
        "prepared_at": instant_out(day.prepared_at),
        "reviewed_by": day.reviewed_by or None,
        "reviewed_at": instant_out(day.reviewed_at),
        "record": day.record or day.draft or None,
        "sealed_entry": day.sealed_entry if day.sealed_entry >= 0 else None,
        "sealed_at": instant_out(day.sealed_at),
    }
