"""Whether the closed days of a book are what the log sealed, one after the other.

Rules:

1. Each day's record is kept under its digest and names the record of the day before; its digest is the one that the
   log sealed at the entry that the book names, under `SEAL_TOPIC_CLOSE`.
2. Each day's entries begin where those of the day before end, and no business day is missing.

Example::

    verify_chain(book, ledger, vault, Books(1, 156))  # () when all is well
"""

from datetime import date

import numpy as np

from jinku.custody.closing.days import Books, Day, DayBook, DayState
from jinku.custody.closing.errors import ChangedInput
from jinku.custody.closing.journal import Journal
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE, record_document
from jinku.custody.closing.vault import Vault
from jinku.ledger.layout import SEAL, EntryKind


def verify_chain(book: DayBook, ledger: Journal, vault: Vault, books: Books) -> tuple[str, ...]:
    """What is wrong, day by day; nothing where all is well. Raises NoDayBook."""
    found: list[str] = []
    before: Day | None = None
    for day in book.days(books):
        if day.state is not DayState.CLOSED:
            break
        found += [f"{day.day}: {problem}" for problem in _problems(book, ledger, vault, day, before)]
        before = day
    return tuple(found)


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
