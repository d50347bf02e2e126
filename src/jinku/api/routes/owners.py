"""``/v1/owners-files`` and ``/v1/accounts/{account_id}/effective``: who owned what, by day, and by what was known then.

The owners' files are those of the data directory's ``owners`` folder, as `jinku report owners` made them: the custodian
bank's direct access to them. They hold personal data; nothing of them is in the log of requests.
"""

import re
from datetime import date
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from jinku.api.books import DAY_SCHEMA
from jinku.api.errors import FieldError, FieldsInvalid
from jinku.api.json import Json
from jinku.api.services import Services
from jinku.api.wire.custody import Signed
from jinku.api.wire.numbers import (
    INSTANT_SCHEMA,
    Digits128,
    InstantText,
    PathU128,
    instant_text,
    read_instant,
)
from jinku.custody.errors import NotKept
from jinku.custody.structure.bitemporal import EffectiveBooks
from jinku.custody.structure.bitemporal_hours import INSTANT_MAX
from jinku.custody.structure.chart import ENTITY_BITS

OWNERS_DIRECTORY = "owners"
FOLDER_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[1-9][0-9]{0,5})?$"
FILE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_FOLDER = re.compile(FOLDER_PATTERN, re.ASCII)
_INSTANT = str(INSTANT_SCHEMA["pattern"])[1:-1]
_MOMENT = f"^({str(DAY_SCHEMA['pattern'])[1:-1]}|{_INSTANT})?$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
PathFolder = Annotated[
    str, Path(pattern=FOLDER_PATTERN, description="A day's folder, YYYY-MM-DD or YYYY-MM-DD.2.")
]
PathFile = Annotated[str, Path(pattern=FILE_PATTERN, description="A file of it.")]


class OwnersFolderOut(BaseModel):
    """A day's folder and its files; `manifest.json` has the SHA-256 of each and is sealed in the log."""

    folder: str
    files: dict[str, int]
    """Name and size in bytes."""


class OwnersFoldersOut(BaseModel):
    """Every day's folder, in order."""

    folders: list[OwnersFolderOut]


class EffectiveIn(BaseModel):
    """What counts, and what was known: a business day (its cut-off) or an RFC 3339 time; all where left out."""

    model_config = ConfigDict(extra="forbid", title="EffectiveQuery")

    as_of: Annotated[str, Field(json_schema_extra={"pattern": _MOMENT})] = ""
    known_at: Annotated[str, Field(json_schema_extra={"pattern": _MOMENT})] = ""


class EffectiveOut(BaseModel):
    """One account's sums as of a moment, as known at another; minor units. Null: no bound."""

    account_id: Digits128
    as_of: InstantText | None
    known_at: InstantText | None
    balance: Signed
    """Credits less debits posted."""
    debits_pending: Signed
    debits_posted: Signed
    credits_pending: Signed
    credits_posted: Signed


def owners_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1", tags=["custody"])
    directory = services.house.directory / OWNERS_DIRECTORY
    _files(router, directory)

    @router.get(
        "/accounts/{account_id}/effective",
        operation_id="get_effective_balance",
        response_model=None,
        responses={200: {"model": EffectiveOut}},
    )
    def get_effective_balance(
        account_id: Annotated[PathU128, Path()], wanted: Annotated[EffectiveIn, Query()]
    ) -> Response:
        """An account's sums as of one moment, as known at another: what is booked later changes no past answer."""
        if not services.ledger.lookup_accounts([account_id]):
            raise NotKept(f"there is no account {account_id}", remedy="look at the id")
        entity = account_id >> 128 - ENTITY_BITS
        books = services.custody.effective(entity)
        as_of = _moment(books, "as_of", wanted.as_of)
        known = _moment(books, "known_at", wanted.known_at)
        found = books.balance_at(account_id, as_of, known)
        return Json(
            {
                "account_id": str(account_id),
                "as_of": _when(as_of),
                "known_at": _when(known),
                "balance": str(found.credit_balance),
                "debits_pending": str(found.debits_pending),
                "debits_posted": str(found.debits_posted),
                "credits_pending": str(found.credits_pending),
                "credits_posted": str(found.credits_posted),
            }
        )

    return router


def _files(router: APIRouter, directory: File) -> None:
    @router.get(
        "/owners-files",
        operation_id="list_owners_files",
        response_model=None,
        responses={200: {"model": OwnersFoldersOut}},
    )
    def list_owners_files() -> Response:
        """The daily beneficial-owner files that were made, in order of days."""
        found = directory.iterdir() if directory.is_dir() else ()
        folders = sorted((one for one in found if _FOLDER.fullmatch(one.name)), key=_in_order)
        return Json({"folders": [_folder(one) for one in folders]})

    @router.get(
        "/owners-files/{folder}/{name}",
        operation_id="get_owners_file",
        response_model=None,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "Its bytes"}},
    )
    def get_owners_file(folder: PathFolder, name: PathFile) -> Response:
        """One file of a day's folder, as it was made."""
        path = directory / folder / name
        if not path.is_file() or path.is_symlink():
            raise NotKept(f"there is no owners' file {folder}/{name}", remedy="ask for the list")
        return FileResponse(path, media_type="application/octet-stream", filename=name)


def _in_order(folder: File) -> tuple[str, int]:
    day, _, number = folder.name.partition(".")
    return day, int(number or 1)


def _folder(folder: File) -> dict[str, Any]:
    files = sorted(one for one in folder.iterdir() if one.is_file())
    return {"folder": folder.name, "files": {one.name: one.stat().st_size for one in files}}


def _moment(books: EffectiveBooks, field: str, text: str) -> int:
    """The cut-off of a day, or a moment; the end of time where nothing is said. Raises FieldsInvalid."""
    if not text:
        return INSTANT_MAX
    try:
        return books.hours.closing(date.fromisoformat(text)) if _DAY.fullmatch(text) else read_instant(text)
    except ValueError:
        raise FieldsInvalid([FieldError(field, "is neither a day nor an RFC 3339 time")]) from None


def _when(moment: int) -> str | None:
    return None if moment == INSTANT_MAX else instant_text(moment)
