"""Opening a data directory's day book for `jinku close` and `jinku position`, and how days are shown."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import opened_custody
from jinku.cli.inputs import parse_day

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.bootstrap.custody import Custody
    from jinku.custody.closing.days import Books, Day, DayBook
    from jinku.custody.closing.desk import CloseDesk
    from jinku.custody.closing.remedies import Remedy, RemedyDesk
    from jinku.custody.structure.model import Structure

DayArgument = Annotated[str, typer.Argument(help="The business day, YYYY-MM-DD; the newest where left out.")]


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the commands work with."""

    custody: "Custody"

    @property
    def house(self) -> "House":
        """The open house."""
        return self.custody.house

    @property
    def book(self) -> "DayBook":
        """The days of all books."""
        return self.custody.days

    @property
    def desk(self) -> "CloseDesk":
        """The desk that closes days."""
        return self.custody.closing

    @property
    def remedies(self) -> "RemedyDesk":
        """The desk that makes shortfalls good."""
        return self.custody.remedies

    def structure(self, books: "Books") -> "Structure":
        """The account structure of these books."""
        return self.custody.structure(books.entity)


@contextmanager
def closing_rooms(data: Path) -> Iterator[Rooms]:
    """The rooms of the data directory `data`; what was sealed is published at the end."""
    with opened_custody(data) as custody:
        yield Rooms(custody)


def books_of(entity: int, code: str) -> "Books":
    """The books that the options name. Raises UnknownCurrency."""
    from jinku.base.currency import currency
    from jinku.custody.closing.days import Books

    return Books(entity, currency(code).number)


def day_of(rooms: Rooms, books: "Books", text: str) -> "Day":
    """The day that `text` names, or the newest one. Raises NoDayBook, InputError."""
    from jinku.custody.closing.errors import NoDayBook

    if text:
        return rooms.book.day(books, parse_day(text, "day"))
    last = next(reversed(rooms.book.days(books)), None)
    if last is None:
        first = rooms.book.next_to_close(*books)
        raise NoDayBook(
            f"no day was started yet; the first is {first}", remedy="start it: `jinku close start`"
        )
    return last


def day_json(day: "Day") -> dict[str, Any]:
    """A day as JSON values."""
    from jinku.base.clock import to_rfc3339
    from jinku.base.currency import currency_by_number

    def when(moment: int) -> str:
        return to_rfc3339(moment) if moment else ""

    return {
        "entity": day.books.entity,
        "currency": currency_by_number(day.books.currency).code,
        "day": day.day.isoformat(),
        "state": day.state.value,
        "cut_off": to_rfc3339(day.cut_off),
        "first_entry": day.first_entry,
        "end_entry": day.end_entry,
        "started_by": day.started_by,
        "started_at": when(day.started_at),
        "prepared_by": day.prepared_by,
        "prepared_at": when(day.prepared_at),
        "reviewed_by": day.reviewed_by,
        "reviewed_at": when(day.reviewed_at),
        "record": day.record or day.draft,
        "sealed_entry": day.sealed_entry if day.sealed_entry >= 0 else None,
        "sealed_at": when(day.sealed_at),
    }


def remedy_json(one: "Remedy", now: int) -> dict[str, Any]:
    """A remedy as JSON values, with its clock."""
    from jinku.base.clock import to_rfc3339
    from jinku.base.currency import currency_by_number
    from jinku.custody.closing.deadlines import time_text

    def when(moment: int) -> str:
        return to_rfc3339(moment) if moment else ""

    clock, ended = one.clock, one.executed_at or now
    return {
        "number": one.number,
        "entity": one.books.entity,
        "currency": currency_by_number(one.books.currency).code,
        "day": one.day.isoformat(),
        "pool": one.pool,
        "kind": one.kind.value,
        "amount": str(one.amount),
        "state": one.state.value,
        "found_at": when(one.found_at),
        "due_at": when(one.due_at),
        "remaining": time_text(clock.remaining(ended)) if one.due_at and not one.executed_at else "",
        "overdue": clock.is_overdue(ended),
        "notify_by": when(one.notify_by),
        "proposed_by": one.proposed_by,
        "decided_by": one.decided_by,
        "executed_at": when(one.executed_at),
        "reason": one.reason,
    }


def money(amount: object, code: str) -> str:
    """An amount in digits of minor units as decimal text."""
    from jinku.base.currency import currency
    from jinku.base.decimals import format_minor

    return f"{format_minor(int(str(amount)), currency(code).exponent)} {code}"


def progress(stage: str, done: int, total: int) -> None:
    """A line on standard error that counts up, where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{stage}: {done:,} of {total:,}" + ("\n" if done == total else ""))
        sys.stderr.flush()
