"""The closing desk: from inputs to a record that two persons stand behind, and back again.

Rules:

1. *Start* fixes the day's entries and stores what the close is made from; more files may be added until it is prepared.
2. *Finish* reconciles, computes the positions and writes the record, under the preparer's id; its breaks go to
   the breaks desk. *Review* by another person seals it, or sends it back with a reason.
3. The record is computed from the stored inputs alone (`compute`). *Reperform* does so again and compares the bytes; it
   also takes the day's entries from the journal again and compares those.
4. A statement for a closed day that says something else than the one it was closed with is refused, and the day's
   history notes it. One that is new for a closed day is refused too: its movements show on the day that is open.
5. Every step may be repeated after a crash: inputs are stored before anything names them, and a day that was reviewed
   is sealed by the next `review` of whoever reviewed it, or by `resume`.

Example::

    desk = CloseDesk(DeskParts(database, book, ledger, vault, reconcile_day, break_desk, clock))
    desk.start(books, given, structure, by="clerk-1"), desk.finish(books, by="clerk-1")
    desk.review(books, day, by="clerk-2")
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from jinku.base.clock import Clock, to_rfc3339
from jinku.base.currency import Currency, currency_by_number
from jinku.base.database import Database
from jinku.custody.closing.chain import verify_chain
from jinku.custody.closing.compute import Computed, Reconciler, compute
from jinku.custody.closing.days import Books, Day, DayBook, DayState, person
from jinku.custody.closing.errors import ClosedDayChanged, CloseRefused, DayIsClosed
from jinku.custody.closing.extract import Chosen, extract_of, of_books, read_balances
from jinku.custody.closing.inputs import (
    DayInputs,
    Given,
    InputRole,
    Stored,
    accounts_of,
    read_terms,
    require_of_day,
    statements_in,
    terms_bytes,
)
from jinku.custody.closing.journal import Journal
from jinku.custody.closing.reading import day_inputs, options_of
from jinku.custody.closing.record import Prepared, day_record, record_document, reviewed_record
from jinku.custody.closing.tables import INPUT, POSITION
from jinku.custody.closing.vault import Vault
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.statements.model import Statement, StatementKind
from jinku.custody.structure.model import Structure
from jinku.ledger.layout import Array


class BreakTaker(Protocol):
    """Where a day's breaks go; taking the same ones again changes nothing."""

    def take_up(self, day: date, breaks: Sequence[Break], books: tuple[int, int]) -> object:
        """Take `breaks` found by the close of `day` in `books` (legal entity, currency number)."""
        ...


@dataclass(frozen=True, slots=True)
class Reperformance:
    """What came of computing a day's record again."""

    day: date
    equal: bool
    """The same bytes, from the same entries."""
    record: str
    """SHA-256 of the stored record."""
    recomputed: str
    differences: tuple[str, ...]
    """Path, stored value and computed value of whatever differs; what the journal has otherwise."""


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What a desk works with."""

    database: Database
    book: DayBook
    ledger: Journal
    vault: Vault
    reconcile: Reconciler
    breaks: BreakTaker
    clock: Clock
    settled: Callable[[tuple[int, int], Array], bytes] = lambda _books, _entries: b""
    """What the write-offs among a day's ``ENTRY`` rows settle; kept with the day's inputs."""


class CloseDesk:
    """See the module's rules. Safe to share between threads."""

    def __init__(self, parts: DeskParts, chosen: Callable[[int, int], Chosen] = of_books) -> None:
        """`chosen` says which entries are the books'; by default those of the chart's accounts."""
        self._database, self._book, self._ledger = parts.database, parts.book, parts.ledger
        self._vault, self._reconcile, self._breaks = parts.vault, parts.reconcile, parts.breaks
        self._clock, self._settled = parts.clock, parts.settled
        self._chosen = chosen

    # --- steps -------------------------------------------------------------------------------------------------------

    def start(self, books: Books, given: Given, structure: Structure, by: str) -> Day:
        """Start the earliest day that is not closed and store its inputs; more inputs where it was started already.

        Raises what `DayBook.start` raises, InputError for a file that cannot be read or is another day's,
        ClosedDayChanged, CloseRefused once the day is prepared.
        """
        unit = currency_by_number(books.currency)
        self._check(books, given, structure, unit)
        day = self._book.start(books, by)
        if day.state is not DayState.CLOSING:
            raise CloseRefused(
                f"{day.day} is {day.state.value}: its inputs are fixed",
                remedy="review it, or send it back first",
            )
        known = self.inputs(books, day.day)
        if not any(one.role is InputRole.LEDGER for one in known):
            self._take_from_ledger(day, by)
        self._keep_given(day, given, structure, by)
        return day

    def finish(self, books: Books, by: str) -> tuple[Day, bytes]:
        """Compute the day that is being closed and write its record; the day and the record's bytes.

        Raises CloseRefused where no day is being closed, ChangedInput, InputError.
        """
        person(by)
        day = self._being_closed(books)
        computed = compute(self.day_inputs(day), self._inputs_json(day), self._reconcile, self._before(day))
        self._vault.put(computed.reconciliation)
        self._vault.put(computed.carried)
        actions = [
            {"at": to_rfc3339(line.at), "by": line.by, "what": line.what, "note": line.note}
            for line in self._book.history(books, day.day)
        ]
        draft = day_record(Prepared(by, self._clock(), actions), computed.document)
        digest = self._vault.put(draft)
        self._breaks.take_up(day.day, computed.breaks, books)

        def positions(connection: Connection) -> None:
            self._write_position(connection, day, computed)

        return self._book.prepared(books, day.day, by, digest, positions), draft

    def review(self, books: Books, by: str, *, comment: str = "") -> tuple[Day, bytes]:
        """Approve the record that waits: it is sealed in the log and the day closed; the day and the record's bytes.

        Raises CloseRefused, SamePerson, ChangedInput.
        """
        person(by)
        day = self._being_closed(books)
        if day.state is DayState.SEALING:
            return self._sealed(day)
        if day.state is DayState.PREPARED:
            self._require_same(day)
        draft = self._vault.get(day.draft) if day.draft else b"{}"
        final = reviewed_record(draft, by, self._clock(), comment)
        digest = self._vault.put(final)
        return self._sealed(self._book.approve(books, day.day, by, day.draft, digest))

    def drop(self, books: Books, sha256: str, by: str, reason: str) -> Day:
        """Take back a file that was given by mistake; it stays in the vault, and the day's history says why.

        Raises CloseRefused once the record is prepared, or where no such file was given; what comes from the ledger
        or the day before cannot be taken back.
        """
        person(by)
        day = self._being_closed(books)
        if day.state is not DayState.CLOSING:
            raise CloseRefused(
                f"{day.day} is {day.state.value}", remedy="send it back first: `jinku close review`"
            )
        given = (
            InputRole.STATEMENT,
            InputRole.PLATFORM,
            InputRole.MAPPING,
            InputRole.LAYOUT,
            InputRole.RULES,
        )
        where = [INPUT.c[name] == value for name, value in _key(day).items()]
        where += [INPUT.c.sha256 == sha256, INPUT.c.role.in_([one.value for one in given])]
        with self._database.writing() as connection:
            if not connection.execute(delete(INPUT).where(*where)).rowcount:
                raise CloseRefused(
                    f"no file {sha256[:64]} was given to {day.day}", remedy="see `jinku close show`"
                )
            self._book.note(connection, books, day.day, by, "input taken back", f"{sha256} {reason}")
        return day

    def send_back(self, books: Books, by: str, reason: str) -> Day:
        """Do not approve: the day is to be prepared anew. Raises CloseRefused, SamePerson."""
        return self._book.send_back(books, self._being_closed(books).day, by, reason)

    def resume(self, books: Books) -> Day | None:
        """Bring a reviewed day into the log, after a crash in between; None where there was nothing to do."""
        last = next(reversed(self._book.days(books)), None)
        return self._sealed(last)[0] if last and last.state is DayState.SEALING else None

    def screen(self, data: bytes, name: str, currency: Currency, account_books: Sequence[Books]) -> None:
        """Refuse a statement file that would change a day which is closed, in any of `account_books` (rule 4).

        Raises ClosedDayChanged, and notes it in the day's history. The file that a day was closed with passes.
        """
        for _, one in statements_in([(name, data)], options_of(()), currency):
            for books in account_books:
                if books.currency == currency.number:
                    self._screen(books, one, name)

    def screen_taken_in(self, statements: Sequence[Statement], name: str) -> None:
        """The same for statements that are taken in, before anybody says whose: of any books whose day was closed with
        the statement's account. Reports of an open day and notifications pass. Raises ClosedDayChanged.
        """
        for one in statements:
            if one.kind is not StatementKind.STATEMENT:
                continue
            for books in map(Books._make, self._book.books()):
                last = self._book.last_closed(*books) if books.currency == one.currency.number else None
                if last and one.account in self._said_accounts(self.inputs(books, last.day)):
                    self._screen(books, one, name)

    # --- what is kept ------------------------------------------------------------------------------------------------

    def inputs(self, books: Books, day: date) -> list[Stored]:
        """The stored inputs of a day, by role and name."""
        query = (
            select(INPUT)
            .where(
                INPUT.c.entity == books.entity,
                INPUT.c.currency == books.currency,
                INPUT.c.day == day.isoformat(),
            )
            .order_by(INPUT.c.role, INPUT.c.name, INPUT.c.sha256)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Stored(InputRole(row.role), row.name, row.sha256, row.size) for row in rows]

    def record(self, books: Books, day: date) -> bytes:
        """The bytes of a day's record: the sealed one, or the one that waits. Raises CloseRefused, ChangedInput."""
        found = self._book.day(books, day)
        digest = found.record or found.draft
        if not digest:
            raise CloseRefused(f"{day} has no record yet", remedy="prepare it: `jinku close finish`")
        return self._vault.get(digest)

    def has(self, digest: str) -> bool:
        """Whether a file of this SHA-256 is kept."""
        return self._vault.has(digest)

    def kept(self, digest: str) -> bytes:
        """A kept file: an input, a reconciliation, a record. Raises ChangedInput."""
        return self._vault.get(digest)

    def day_inputs(self, day: Day) -> DayInputs:
        """All that the close of `day` is computed from, read from the stored files. Raises ChangedInput."""
        return day_inputs(day, self.inputs(day.books, day.day), self._vault)

    def reperform(self, books: Books, day: date) -> Reperformance:
        """Compute a day's record again from its stored inputs, and take its entries from the journal again.

        Raises CloseRefused where there is no record, ChangedInput where an input is no longer what was stored.
        """
        found = self._book.day(books, day)
        stored = self.record(books, day)
        if not self.inputs(books, day):
            raise CloseRefused(
                f"{day} was closed by an import",
                remedy="import the same files again: every record is computed anew",
            )
        document = record_document(stored)
        computed = compute(
            self.day_inputs(found), self._inputs_json(found), self._reconcile, self._before(found)
        )
        said = {name: document[name] for name in document if name not in computed.document}
        again = _canonical({**computed.document, **said})
        differences = list(_differences(document, record_document(again)))
        differences += self._journal_differences(found)
        return Reperformance(
            day,
            again == stored and not differences,
            hashlib.sha256(stored).hexdigest(),
            hashlib.sha256(again).hexdigest(),
            tuple(differences),
        )

    def verify(self, books: Books) -> tuple[str, ...]:
        """What is wrong with the closed days of a book; see `jinku.custody.closing.chain`."""
        return verify_chain(self._book, self._ledger, self._vault, books)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _check(self, books: Books, given: Given, structure: Structure, unit: Currency) -> None:
        """Refuse files that cannot be read, or that are another day's, before anything is started or stored."""
        day = self._book.next_to_close(*books)
        last = self._book.last_closed(*books)
        read = statements_in(given.statements, options_of(given.mappings), unit)
        for number, one in read:
            if last is not None and one.to_date <= last.day:
                self._screen(books, one, given.statements[number][0])
            require_of_day(one, day, last.day if last else None, given.statements[number][0])
        known = self._said_accounts(self.inputs(books, last.day)) if last else {}
        known |= self._said_accounts(self.inputs(books, day))
        accounts_of(structure, [one for _, one in read], {**known, **given.accounts})

    def _take_from_ledger(self, day: Day, by: str) -> None:
        before = self._stored(day.books, day.previous, InputRole.BALANCES) if day.previous else None
        balances = read_balances(self._vault.get(before.sha256)) if before else read_balances(b"")
        extract = extract_of(self._ledger, self._chosen(*day.books), day.first_entry, day.end_entry, balances)
        taken = [
            (InputRole.LEDGER, "journal entries", extract.entry_bytes),
            (InputRole.BALANCES, "balances", extract.balance_bytes),
        ]
        if day.previous:
            carried = record_document(self.record(day.books, day.previous))["carried"]
            taken.append((InputRole.CARRIED, "left open the day before", self._vault.get(carried)))
        settled = self._settled(day.books, extract.entries)
        if settled:
            taken.append((InputRole.SETTLEMENTS, "breaks written off", settled))
        self._keep(day, taken, by)

    def _keep_given(self, day: Day, given: Given, structure: Structure, by: str) -> None:
        files = [(InputRole.STATEMENT, *one) for one in given.statements]
        files += [(InputRole.PLATFORM, *one) for one in given.platform]
        files += [(InputRole.MAPPING, *one) for one in given.mappings]
        self._keep(day, files, by)
        for role, one in ((InputRole.RULES, given.rules), (InputRole.LAYOUT, given.layout)):
            if one:
                self._keep(day, [(role, *one)], by, replace=role)
        stored = self.inputs(day.books, day.day)
        before = self.inputs(day.books, day.previous) if day.previous else []
        named = {**self._said_accounts(before), **self._said_accounts(stored), **given.accounts}
        statements = self._all_statements(day, stored)
        accounts = accounts_of(structure, statements, named)
        settings = self._book.settings(day.books, day.day)
        terms = (InputRole.TERMS, structure.name, terms_bytes(structure, settings, accounts))
        self._keep(day, [terms], by, replace=InputRole.TERMS)

    def _all_statements(self, day: Day, stored: Sequence[Stored]) -> list[Statement]:
        files = [(one.name, self._vault.get(one.sha256)) for one in stored if one.role is InputRole.STATEMENT]
        mappings = [
            (one.name, self._vault.get(one.sha256)) for one in stored if one.role is InputRole.MAPPING
        ]
        unit = currency_by_number(day.books.currency)
        return [one for _, one in statements_in(files, options_of(mappings), unit)]

    def _said_accounts(self, stored: Sequence[Stored]) -> dict[str, str]:
        terms = next((one for one in stored if one.role is InputRole.TERMS), None)
        return read_terms(self._vault.get(terms.sha256))[2] if terms else {}

    def _keep(
        self,
        day: Day,
        files: Sequence[tuple[InputRole, str, bytes]],
        by: str,
        replace: InputRole | None = None,
    ) -> None:
        """Files first, then the rows that name them, in one transaction."""
        if not files:
            return
        rows = []
        for role, name, data in files:
            digest = self._vault.put(data)
            rows.append(
                {**_key(day), "role": role.value, "sha256": digest, "name": name[:200], "size": len(data)}
            )
        known = {(one.role.value, one.sha256) for one in self.inputs(day.books, day.day)}
        fresh = [row for row in rows if (row["role"], row["sha256"]) not in known]
        try:
            with self._database.writing() as connection:
                if replace is not None:
                    where = (INPUT.c[name] == value for name, value in _key(day).items())
                    gone = delete(INPUT).where(*where, INPUT.c.role == replace.value)
                    connection.execute(gone)
                    fresh = rows
                for row in fresh:
                    connection.execute(insert(INPUT).values(row))
                    self._book.note(
                        connection, day.books, day.day, by, f"input {row['role']}", str(row["sha256"])
                    )
        except IntegrityError:
            if self._book.day(day.books, day.day).state is DayState.CLOSED:
                raise DayIsClosed(f"{day.day} was closed meanwhile", remedy="start the next day") from None
            # the same files were stored by another one at the same time

    def _stored(self, books: Books, day: date, role: InputRole) -> Stored | None:
        return next((one for one in self.inputs(books, day) if one.role is role), None)

    def _inputs_json(self, day: Day) -> list[dict[str, str | int]]:
        return [one.as_json() for one in self.inputs(day.books, day.day)]

    def _before(self, day: Day) -> str:
        """The digest of the record of the day before; empty on the first day."""
        return self._book.day(day.books, day.previous).record if day.previous else ""

    def _being_closed(self, books: Books) -> Day:
        last = next(reversed(self._book.days(books)), None)
        if last is None or last.state is DayState.CLOSED:
            raise CloseRefused("no day is being closed", remedy="start one: `jinku close start`")
        return last

    def _require_same(self, day: Day) -> None:
        """A reviewer approves what was computed from what lies in the vault now, or nothing."""
        again = self.reperform(day.books, day.day)
        if not again.equal:
            raise CloseRefused(
                f"the record of {day.day} does not follow from its inputs: {'; '.join(again.differences[:3])}",
                remedy="send it back and have it prepared anew",
            )

    def _sealed(self, day: Day) -> tuple[Day, bytes]:
        record = self._vault.get(day.record)
        return self._book.seal(day.books, day.day), record

    def _write_position(self, connection: Connection, day: Day, computed: Computed) -> None:
        where = (POSITION.c[name] == value for name, value in _key(day).items())
        connection.execute(delete(POSITION).where(*where))
        for number, one in enumerate(computed.positions):
            row = {
                **_key(day),
                "pool": one.pool,
                "place": number,
                "outcome": one.outcome.value,
                "requirement": str(one.requirement),
                "resource": str(one.resource),
                "difference": str(one.difference),
                "document": _canonical(one.as_json()).decode(),
                "explanation": "\n".join(one.explanation),
            }
            connection.execute(insert(POSITION).values(row))

    def _screen(self, books: Books, one: Statement, name: str) -> None:
        if not self._book.is_closed(*books, one.to_date):
            return
        for day in self._book.days(books):
            if day.state is DayState.CLOSED and day.day >= one.to_date:
                break
        else:
            return  # before the book began
        known = self._all_statements(day, self.inputs(books, day.day))
        same = [other for other in known if (other.account, other.to_date) == (one.account, one.to_date)]
        if any(_says(other) == _says(one) for other in same):
            return
        problem = (
            _changes(same[-1], one) if same else f"the day was closed without a statement of {one.account}"
        )
        with self._database.writing() as connection:
            self._book.note(
                connection, books, day.day, "statement", "changed statement", f"{name}: {problem}"[:400]
            )
        raise ClosedDayChanged(
            f"{name}: statement {one.statement_id} is of {one.to_date}, which is closed: {problem}",
            remedy="ask the bank; what it corrects must show on the statement of a day that is open",
        )

    def _journal_differences(self, day: Day) -> list[str]:
        stored = self._stored(day.books, day.day, InputRole.LEDGER)
        extract = extract_of(self._ledger, self._chosen(*day.books), day.first_entry, day.end_entry)
        now = hashlib.sha256(extract.entry_bytes).hexdigest()
        if stored is not None and stored.sha256 == now:
            return []
        return [
            f"journal entries {day.first_entry} to {day.end_entry}: stored {stored and stored.sha256}, now {now}"
        ]


def _key(day: Day) -> dict[str, object]:
    return {"entity": day.books.entity, "currency": day.books.currency, "day": day.day.isoformat()}


def _canonical(document: Mapping[str, Any]) -> bytes:
    from jinku.base.canonical import canonical_json

    return canonical_json(document)


def _says(one: Statement) -> tuple[object, ...]:
    """What a statement says about money; its own numbers and times may differ when it is sent again."""
    return one.account, one.currency, one.to_date, one.opening, one.closing, one.closing_given, one.entries


def _changes(before: Statement, after: Statement) -> str:
    found = []
    for name in ("opening", "closing"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            found.append(f"{name} {after.money(new)} instead of {before.money(old)}")
    if before.entries != after.entries:
        gone = len(set(before.entries) - set(after.entries))
        come = len(set(after.entries) - set(before.entries))
        found.append(f"{come} entries are new or changed, {gone} are no longer there")
    return ", ".join(found) or "says something else"


def _differences(stored: object, computed: object, path: str = "$") -> list[str]:
    if isinstance(stored, dict) and isinstance(computed, dict):
        found = []
        for name in sorted(stored.keys() | computed.keys()):
            found += _differences(stored.get(name), computed.get(name), f"{path}.{name}")
        return found
    if isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        found = []
        for number, (one, other) in enumerate(zip(stored, computed, strict=True)):
            found += _differences(one, other, f"{path}[{number}]")
        return found
    return [] if stored == computed else [f"{path}: stored {_short(stored)}, computed {_short(computed)}"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
