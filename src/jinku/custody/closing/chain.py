"""Whether the closed days of a book are what the log sealed, one after the other.

Rules:

1. Each day's record is kept under its digest and names the record of the day before; its digest is the one that the
   log sealed at the entry that the book names, under `SEAL_TOPIC_CLOSE`.
2. Each day's entries begin where those of the day before end, and no business day is missing.
3. A record of these books that the log sealed later is of a day that the book has as closed, or is just sealing: who
   deletes the last day, or opens one again, leaves its seal behind.

Example::

    verify_chain(book, ledger, vault, Books(1, 156))  # () when all is well
"""

from collections.abc import Iterator
from datetime import date

import numpy as np

from jinku.base.currency import currency_by_number
from jinku.custody.closing.days import Books, Day, DayBook, DayState
from jinku.custody.closing.errors import ChangedInput
from jinku.custody.closing.journal import PAGE_ENTRIES, Journal
from jinku.custody.closing.record import DAY_FORMAT, SEAL_TOPIC_CLOSE, record_document
from jinku.custody.closing.vault import Vault
from jinku.ledger.layout import SEAL, EntryKind


def verify_chain(book: DayBook, ledger: Journal, vault: Vault, books: Books) -> tuple[str, ...]:
    """What is wrong, day by day; nothing where all is well. Raises NoDayBook."""
    found: list[str] = []
    before: Day | None = None
    sealing: set[str] = set()
    for day in book.days(books):
        if day.state is not DayState.CLOSED:
            sealing = {day.record} if day.state is DayState.SEALING else set()
            break
        found += [f"{day.day}: {problem}" for problem in _problems(book, ledger, vault, day, before)]
        before = day
    return (*found, *_left_behind(ledger, vault, books, before.sealed_entry + 1 if before else 0, sealing))


def _left_behind(ledger: Journal, vault: Vault, books: Books, first: int, known: set[str]) -> Iterator[str]:
    """Rule 3: seals from entry `first` on whose record is kept, is of these books, and is not among `known`."""
    wanted = DAY_FORMAT, books.entity, currency_by_number(books.currency).code
    while len(page := ledger.entries(first, PAGE_ENTRIES)):
        places = np.flatnonzero(page["kind"] == EntryKind.SEAL)
        seals = np.ascontiguousarray(page["event"][places]).view(SEAL)
        for place, seal in zip(places.tolist(), seals, strict=True):
            digest = bytes(seal["digest"]).hex()
            if int(seal["topic"]) != SEAL_TOPIC_CLOSE or digest in known or not vault.has(digest):
                continue
            try:
                said = record_document(vault.get(digest))
            except (ChangedInput, ValueError):
                continue
            if (said.get("format"), said.get("entity"), said.get("currency")) == wanted:
                yield f"{said.get('day')}: log entry {first + place} seals its record, but it is not closed in the book"
        first += len(page)


def _problems(book: DayBook, ledger: Journal, vault: Vault, day: Day, before: Day | None) -> list[str]:
    found = []
    if not _sealed(ledger, day):
        found.append(f"log entry {day.sealed_entry} does not seal its record")
    if day.first_entry != (before.end_entry if before else 0):
        found.append(f"its entries begin with {day.first_entry}")
    expected = _expected(book, day, before)
    if day.day != expected:
        found.append(f"{expected} should come first")
    try:
        said = record_document(vault.get(day.record))
    except (ChangedInput, ValueError) as error:
        return [*found, f"its record cannot be read: {error}"]
    if said.get("previous_record") != (before.record if before else ""):
        found.append("its record does not name the record of the day before")
    people = (said.get("preparer"), said.get("reviewer"), said.get("day"))
    if people != (day.prepared_by, day.reviewed_by, day.day.isoformat()):
        found.append("book and record name other people or another day")
    return found


def _expected(book: DayBook, day: Day, before: Day | None) -> date:
    if before is None:
        return day.day
    return book.settings(day.books, day.day).days.next_business_day(before.day)


def _sealed(ledger: Journal, day: Day) -> bool:
    if day.sealed_entry >= ledger.size():
        return False
    entry = ledger.entries(day.sealed_entry, 1)
    if entry["kind"][0] != EntryKind.SEAL:
        return False
    seal = np.ascontiguousarray(entry["event"]).view(SEAL)[0]
    return bytes(seal["digest"]) == bytes.fromhex(day.record) and int(seal["topic"]) == SEAL_TOPIC_CLOSE
