"""Whose books a request is about: a legal entity's in a currency, said in the query or in the body.

Rules:

1. Books are those of entity 1 in CNY unless the request says otherwise. Books that nobody has opened are 404, so that
   no request makes anything of a number that it makes up.
2. Persons are named by the opaque ids that the institution gives them (`By`), never by their names.
"""

import re
import threading
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.wire.filters import Cursor
from jinku.base.currency import currency
from jinku.base.errors import JinkuError
from jinku.bootstrap.custody import Custody
from jinku.custody.closing.days import Books
from jinku.custody.errors import NotKept
from jinku.custody.structure.chart import ENTITY_BITS, entity_accounts
from jinku.ledger.layout import u128

PAGE_ROWS_MAX = 1_000
Code = Annotated[str, Field(pattern="^[A-Z]{3}$")]
By = Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,64}$")]
"""Id of the person or program that does it."""
Reason = Annotated[str, Field(min_length=1, max_length=500)]


def _read_day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a day such as 2026-11-20")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day that exists") from None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DAY_SCHEMA = {
    "type": "string",
    "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
    "description": "YYYY-MM-DD; also any other day that exists.",
}
Day = Annotated[date, PlainValidator(_read_day), WithJsonSchema(DAY_SCHEMA)]
"""A business day."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class BooksIn(BaseModel):
    """The books, in a query."""

    model_config = ConfigDict(extra="forbid", title="BooksQuery")

    entity: int = Field(1, ge=1, lt=1 << ENTITY_BITS)
    currency: Code = "CNY"


class BooksListIn(BooksIn):
    """The books, and which page."""

    model_config = ConfigDict(extra="forbid", title="BooksList")

    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class InBooks(BaseModel):
    """The books, in a body."""

    model_config = ConfigDict(extra="forbid")

    entity: int = Field(1, ge=1, lt=1 << ENTITY_BITS, strict=True)
    currency: Code = "CNY"


class TextOut(BaseModel):
    """The same in two languages."""

    en: str
    zh: str


def text_out(text: tuple[str, str]) -> dict[str, str]:
    """(English, Chinese) as JSON values."""
    return {"en": text[0], "zh": text[1]}


class OpenBooks:
    """Tells books that exist from those that do not. For any number of threads."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._known: set[Books] = set()
        self._lock = threading.Lock()

    def of(self, wanted: BooksIn | InBooks) -> Books:
        """The books that `wanted` names. Raises NotKept where nobody has opened them."""
        try:
            books = Books(wanted.entity, currency(wanted.currency).number)
            with self._lock:
                known = books in self._known
            if known or self._opened(books):
                with self._lock:
                    self._known.add(books)
                return books
        except (LookupError, JinkuError) as error:
            if isinstance(error, JinkuError) and error.http_status != 422:
                raise
        raise NotKept(
            f"legal entity {wanted.entity} has no books in {wanted.currency}",
            remedy="see GET /v1/positions for those that exist",
        )

    def _opened(self, books: Books) -> bool:
        accounts = u128(entity_accounts(self._custody.chart(*books)), "id")
        return bool(self._custody.house.ledger.lookup_accounts(accounts[:1]))
