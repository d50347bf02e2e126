"""Close the Czech bank's days one by one: every day from the first to the last, with each account's balance at its end.

Rules (R6, R11):

1. A day's movements are those that name it; they were imported in the order of days, so each day is one stretch of the
   journal. Days are calendar days, which end at midnight UTC; there are no gaps.
2. The balances at a day's end follow from the journal's entries alone. Their sum must be what the contra accounts are
   debited with, and the plain sum over the file; anything else raises ImportRefused and closes nothing.
3. Each day's record says on how many accounts the bank's own column agrees, which causes explain the others, and by how
   much the column of all accounts is off; it names the record of the day before, and is sealed.
4. Two programs close: what posts prepares, what compares reviews. Their names, or the persons' who answer for
   them, stand in the records.
5. A day that is closed already is computed again and its bytes compared; anything else is ImportRefused.

Example::

    closed = close_days(desk, imported, Closers("importer", "comparer"))
    closed.days, closed.reperformed  # 455, 0
"""

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from jinku.base.calendar import EVERY_DAY
from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.custody.closing.chain import verify_chain
from jinku.custody.closing.days import Books, Day, DayBook, DayState
from jinku.custody.closing.extract import NO_BALANCES, Extract, extract_of, of_ledger
from jinku.custody.closing.record import Prepared, day_record, record_document, reviewed_record
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.vault import Vault
from jinku.custody.czech.bank import Imported
from jinku.custody.czech.days import AccountDay
from jinku.custody.czech.file import KORUNA
from jinku.custody.czech.posting import Progress, customer_id
from jinku.custody.czech.table import CUSTOMER_CODE
from jinku.custody.errors import ImportRefused
from jinku.ledger.layout import ACCOUNT, Array, EntryKind, u128
from jinku.ledger.service import Ledger

ENTITY = 1993
"""The legal entity's number of this bank's day book."""
BOOKS = Books(ENTITY, KORUNA.number)
SETTINGS = CloseSettings(EVERY_DAY.name, "UTC", "24:00", "")
METHOD = {"name": "czech-bank", "version": "1"}
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Closers:
    """Who prepares and who reviews the days."""

    preparer: str = "importer"
    reviewer: str = "comparer"


@dataclass(frozen=True, slots=True)
class CloseParts:
    """What closing works with."""

    ledger: Ledger
    database: Database
    vault: Vault
    clock: Clock


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """What came of closing the file's days. Amounts in haléř."""

    days: int
    closed: int
    """Days closed by this run."""
    reperformed: int
    """Days that were closed before, computed again to the same bytes."""
    first_day: date
    last_day: date
    accounts: int
    """Accounts with a balance at the end of the last day."""
    balance: int
    """What all of them hold then, by the ledger."""
    bank_balance: int
    """The same by the bank's column."""
    account_days: int
    bank_agrees: int
    explained: int
    unexplained: int
    last_record: str
    problems: tuple[str, ...]
    """What the chain of records has against it; nothing where all is well."""
    milliseconds: int

    def as_json(self) -> dict[str, Any]:
        """JSON values, amounts as text."""
        return {
            "days": self.days,
            "closed": self.closed,
            "reperformed": self.reperformed,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "accounts": self.accounts,
            "balance": str(self.balance),
            "bank_balance": str(self.bank_balance),
            "account_days": self.account_days,
            "bank_agrees": self.bank_agrees,
            "explained": self.explained,
            "unexplained": self.unexplained,
            "last_record": self.last_record,
            "problems": list(self.problems),
            "milliseconds": self.milliseconds,
        }


def close_days(parts: CloseParts, imported: Imported, closers: Closers, progress: Progress) -> ClosedDays:
    """Close every day of the file that is not closed; see the module's rules. Raises ImportRefused, SamePerson."""
    started = time.monotonic_ns()
    closer = _Closer(parts, imported, closers)
    moving = closer.days_of_file()
    first, last = moving[0], moving[-1]
    if BOOKS not in closer.book.books():
        closer.book.begin(BOOKS, SETTINGS, first, closers.preparer)
    days = list(EVERY_DAY.business_days(first, last))
    for number, day in enumerate(days, 1):
        closer.close(day)
        progress("closing days", number, len(days))
    return ClosedDays(
        days=len(days),
        closed=closer.closed,
        reperformed=len(days) - closer.closed,
        first_day=first,
        last_day=last,
        accounts=len(closer.ours),
        balance=sum(closer.ours.values()),
        bank_balance=sum(closer.bank.values()),
        account_days=closer.counts["account_days"],
        bank_agrees=closer.counts["agrees"],
        explained=closer.counts["explained"],
        unexplained=closer.counts["unexplained"],
        last_record=closer.book.day(BOOKS, last).record,
        problems=verify_chain(closer.book, parts.ledger, parts.vault, BOOKS),
        milliseconds=(time.monotonic_ns() - started) // _NS_PER_MS,
    )


class _Closer:
    """One run over all days, with the balances so far."""

    def __init__(self, parts: CloseParts, imported: Imported, closers: Closers) -> None:
        self._parts, self._closers = parts, closers
        self._digests = dict(imported.files.digests)
        self._by_day: Mapping[date, list[AccountDay]] = _by_day(imported.days)
        self._ends = _ends(parts.ledger)
        self.book = DayBook(parts.database, parts.ledger, parts.clock, self._window)
        self._known = {one.day: one for one in self.book.days(BOOKS)}
        self._balances: Array = NO_BALANCES
        self._customers: set[int] = set()
        self._ids_of = {one.account_id: customer_id(one.account_id) for one in imported.days}
        self.ours: dict[int, int] = {}
        self.bank: dict[int, int] = {}
        self._off: dict[int, Counter[str]] = defaultdict(Counter)
        self.counts: Counter[str] = Counter()
        self.closed = 0
        self._previous = ""

    def days_of_file(self) -> list[date]:
        """The days on which something moved, in order."""
        return sorted(self._by_day)

    def close(self, day: date) -> None:
        """Close `day`, or compute it again where it is closed."""
        found = self._started(day)
        extract = extract_of(
            self._parts.ledger, of_ledger(KORUNA.number), found.first_entry, found.end_entry, self._balances
        )
        self._balances = extract.balances
        self._learn_customers(extract)
        computed = self._computed(found, extract)
        if found.state is DayState.CLOSED:
            self._require_same(found, computed)
            self._previous = found.record
            return
        self._previous = self._finish(found, computed).record
        self.closed += 1

    def _started(self, day: date) -> Day:
        found = self._known.get(day) or self.book.start(BOOKS, self._closers.preparer)
        if found.day != day:
            raise ImportRefused(
                f"the day book goes on with {found.day}, the file with {day}",
                remedy="import the same files into this directory, or use a new one",
            )
        return found

    def _finish(self, day: Day, computed: Mapping[str, Any]) -> Day:
        vault, by = self._parts.vault, self._closers
        draft = day_record(Prepared(by.preparer, self._parts.clock()), computed)
        prepared = hashlib.sha256(draft).hexdigest()  # the reviewed record has all of it
        final = reviewed_record(draft, by.reviewer, self._parts.clock(), "")
        if day.state is DayState.SEALING:  # a crash came between review and seal
            return self.book.seal(BOOKS, day.day)
        return self.book.close(BOOKS, day.day, (by.preparer, prepared), (by.reviewer, vault.put(final)))

    def _require_same(self, day: Day, computed: Mapping[str, Any]) -> None:
        document = record_document(self._parts.vault.get(day.record))
        said = {name: document[name] for name in document if name not in computed}
        again = hashlib.sha256(canonical_json({**computed, **said})).hexdigest()
        if again != day.record:
            raise ImportRefused(
                f"{day.day} was closed with record {day.record}, the files and the ledger now give {again}",
                remedy="find out what was changed: jinku ledger check, jinku log verify",
            )

    def _computed(self, day: Day, extract: Extract) -> dict[str, Any]:
        moved = self._by_day.get(day.day, [])
        agree, causes = self._compare(moved)
        ours, contra = self._sums()
        plain = sum(self.ours.values())
        if not ours == plain == -contra:
            raise ImportRefused(
                f"{day.day}: the ledger holds {ours} for customers, {-contra} against them; the file sums to {plain}",
                remedy="import into a new ledger",
            )
        floored = -sum(balance for balance in self.ours.values() if balance < 0)
        return {
            "entity": BOOKS.entity,
            "currency": KORUNA.code,
            "day": day.day.isoformat(),
            "previous": day.previous.isoformat() if day.previous else "",
            "previous_record": self._previous,
            "as_of": to_rfc3339(day.cut_off),
            "inputs": [{"name": name, "sha256": value} for name, value in sorted(self._digests.items())],
            "entries": {"first": day.first_entry, "end": day.end_entry, "sha256": _sha(extract.entry_bytes)},
            "balances": {"accounts": len(extract.balances), "sha256": _sha(extract.balance_bytes)},
            "method": METHOD,
            "movements": sum(one.movements for one in moved),
            "accounts_moved": len(moved),
            "bank_agrees": agree,
            "reordered": sum(not one.in_file_order for one in moved),
            "causes": {cause: str(amount) for cause, amount in sorted(causes.items())},
            "customers": len(self.ours),
            "balance": str(ours),
            "bank_balance": str(sum(self.bank.values())),
            "difference": str(sum(self.bank.values()) - ours),
            "requirement": str(ours + floored),
            "floored": str(floored),
            "end_of_day": [
                {"account": one.account_id, "ledger": str(one.ours), "bank": str(one.bank)}
                for one in sorted(moved, key=lambda one: one.account_id)
            ],
        }

    def _compare(self, moved: Sequence[AccountDay]) -> tuple[int, Counter[str]]:
        """How many of the day's accounts the bank's column agrees with; what arose on the day, by cause."""
        arose: Counter[str] = Counter()
        agree = 0
        for one in moved:
            self.ours[one.account_id], self.bank[one.account_id] = one.ours, one.bank
            for error in one.errors:
                arose[error.cause.value] += error.off
                self._off[one.account_id][error.cause.value] += error.off
            explained = sum(self._off[one.account_id].values()) == one.difference
            named = not self._off[one.account_id]["unexplained"]
            agree += not one.difference
            self.counts["agrees"] += not one.difference
            self.counts["explained"] += bool(one.difference) and explained and named
            self.counts["unexplained"] += bool(one.difference) and not (explained and named)
        self.counts["account_days"] += len(moved)
        return agree, arose

    def _sums(self) -> tuple[int, int]:
        """The customers' balances and those of the contra accounts, by the ledger's entries; what the day's accounts
        hold must be what the file says.
        """
        numbers = [high << 64 | low for high, low in zip(*self._ids(), strict=True)]
        columns = u128(self._balances, "credits_posted"), u128(self._balances, "debits_posted")
        held = [credit - debit for credit, debit in zip(*columns, strict=True)]
        mine = {
            number: balance
            for number, balance in zip(numbers, held, strict=True)
            if number in self._customers
        }
        wrong = [account for account, ours in self.ours.items() if mine.get(self._ids_of[account]) != ours]
        if wrong:
            raise ImportRefused(
                f"account {wrong[0]} and {len(wrong) - 1} others hold other balances in the ledger than in the file",
                remedy="import into a new ledger",
            )
        return sum(mine.values()), sum(held) - sum(mine.values())

    def _ids(self) -> tuple[list[int], list[int]]:
        return self._balances["id_hi"].tolist(), self._balances["id_lo"].tolist()

    def _learn_customers(self, extract: Extract) -> None:
        made = extract.entries["event"][extract.entries["kind"] == EntryKind.ACCOUNT]
        rows = np.ascontiguousarray(made).view(ACCOUNT)
        self._customers.update(u128(rows[rows["code"] == CUSTOMER_CODE], "id"))

    def _window(self, _books: Books, day: date, _cut_off: int, _by: str, /) -> int:
        days, ends = self._ends
        place = int(np.searchsorted(days, day.year * 10_000 + day.month * 100 + day.day, side="right"))
        return int(ends[place - 1]) if place else 0


def _by_day(days: Sequence[AccountDay]) -> dict[date, list[AccountDay]]:
    found: dict[date, list[AccountDay]] = defaultdict(list)
    for one in days:
        found[one.day].append(one)
    return found


def _ends(ledger: Ledger) -> tuple[Array, Array]:
    """The days of the imported movements in the journal's order, and where each one's entry ends.

    Raises ImportRefused where the journal is not in the order of days.
    """
    days, ends = [], []
    first, size = 0, ledger.size()
    chosen = of_ledger(KORUNA.number)
    while first < size:
        page = ledger.entries(first, 8_192)
        places = np.flatnonzero(chosen(page) & (page["kind"] == EntryKind.TRANSFER))
        days.append(page["event"]["user_data_32"][places].astype(np.int64))
        ends.append(places + first + 1)
        first += len(page)
    every, after = np.concatenate(days), np.concatenate(ends)
    if len(every) and (np.diff(every) < 0).any():
        raise ImportRefused(
            "movements lie in the ledger in another order than that of their days",
            remedy="import into a new ledger",
        )
    return every, after


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
