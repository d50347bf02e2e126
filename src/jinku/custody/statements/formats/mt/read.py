"""From pages to statements: joined where a statement has several, identified, dated."""

import re
from dataclasses import dataclass
from datetime import date

from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.mt.messages import messages
from jinku.custody.statements.formats.mt.page import Balance, Page, page_of
from jinku.custody.statements.formats.source import FETCH_AGAIN, Gathered, Source
from jinku.custody.statements.model import EntryStatus, Statement, StatementKind

ENCODINGS = ("utf-8", "cp1252", "cp850")
"""SWIFT's own characters are ASCII; beyond it banks send these. The last one, of DOS, fits whatever is left."""
_FRAME = re.compile(rb"^\x01|\x03[\x00 ]*(?=\r?$)", re.MULTILINE)
"""What some programs put around each message: start of heading, end of text, filling."""


def read(data: bytes, name: str, limits: ReadLimits) -> list[Statement]:
    """The statements of an MT940 or MT942 file, checked, in the file's order. Raises InputError."""
    source = Source.of(_FRAME.sub(b"", data), name, ENCODINGS, limits)
    gathered = Gathered(source)
    open_pages: list[Page] = []
    for message in messages(source):
        page = page_of(source, message)
        for _ in page.entries:
            gathered.count_entry(page.line, "61")
        if page.type == "942":
            _refuse_open(source, open_pages)
            gathered.add(_report(source, page), page.line, "20")
            continue
        _check_joins(source, open_pages, page)
        open_pages.append(page)
        if page.closing is not None and not page.closing.intermediate:
            gathered.add(_statement(source, open_pages), open_pages[0].line, "20")
            open_pages = []
    _refuse_open(source, open_pages)
    if not gathered.statements:
        raise source.bad("holds no statement", 1, "20")
    return gathered.statements


def _refuse_open(source: Source, pages: list[Page]) -> None:
    if pages:
        last = pages[-1]
        problem = f"more of statement {last.number} should follow page {last.page}, but does not"
        raise source.bad(problem, last.line, "62M", last.account, FETCH_AGAIN)


def _check_joins(source: Source, pages: list[Page], page: Page) -> None:
    """`page` is the first one, or goes on where the one before stopped."""
    opening = _given(source, page, page.opening, "60")
    if not opening.intermediate:
        _refuse_open(source, pages)
        return
    if not pages:
        problem = f"page {page.page} of statement {page.number} goes on with a page that is not there"
        raise source.bad(problem, opening.line, "60M", page.account, FETCH_AGAIN)
    before = pages[-1]
    if (page.account, page.number, page.currency) != (before.account, before.number, before.currency):
        _refuse_open(source, pages)
    if page.page != before.page + 1:
        problem = f"page {page.page} comes after page {before.page}"
        raise source.bad(problem, page.line, "28C", f"{page.number}/{page.page}")
    if before.closing is None or opening.amount != before.closing.amount:
        problem = f"page {page.page} does not open with what page {before.page} closed with"
        raise source.bad(problem, opening.line, "60M", page.account)


def _given(source: Source, page: Page, balance: Balance | None, tag: str) -> Balance:
    if balance is None:
        raise source.bad("is missing", page.line, tag, page.account)
    return balance


@dataclass(frozen=True, slots=True)
class _Named:
    message_id: str
    statement_id: str


def _names(page: Page, day: date) -> _Named:
    """How a message is known (rule 5)."""
    when = f"{day:%Y%m%d}{page.time}"
    number = f"{page.number}/{page.page}" if page.type == "942" and page.page else str(page.number)
    own = f"{page.reference} {number} {when}"
    return _Named(f"{page.reference} {page.account} {number} {when}", own)


def _statement(source: Source, pages: list[Page]) -> Statement:
    first, last = pages[0], pages[-1]
    opening = _given(source, first, first.opening, "60")
    closing = _given(source, last, last.closing, "62")
    if first.currency is None:
        raise source.bad("is missing", first.line, "60/currency", first.account)
    named = _names(first, closing.day)
    return Statement(
        account=first.account,
        currency=first.currency,
        sequence=first.number,
        message_id=named.message_id,
        opening=opening.amount,
        closing=closing.amount,
        entries=tuple(entry for page in pages for entry in page.entries),
        from_date=min(opening.day, closing.day),
        to_date=closing.day,
        statement_id=named.statement_id,
        created=last.created,
        closing_available=last.available,
        information=" ".join(page.information for page in pages if page.information),
    )


def _report(source: Source, page: Page) -> Statement:
    if page.currency is None:
        raise source.bad("is missing", page.line, "34F/currency", page.account)
    booked = sum(entry.signed for entry in page.entries if entry.status is EntryStatus.BOOKED)
    days = [entry.booked for entry in page.entries] + ([page.day] if page.day else [])
    if not days:
        raise source.bad("is missing, and no line tells a day", page.line, "13D", page.account)
    named = _names(page, page.day or max(days))
    return Statement(
        account=page.account,
        currency=page.currency,
        sequence=page.number,
        message_id=named.message_id,
        opening=0,
        closing=booked,
        entries=tuple(page.entries),
        from_date=min(days),
        to_date=max(days),
        statement_id=named.statement_id,
        created=page.created,
        kind=StatementKind.REPORT,
        opening_given=False,
        closing_given=False,
        information=page.information,
    )
