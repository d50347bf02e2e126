"""Read a CSV file by the mapping that fits; see `jinku.custody.statements.formats.csv` for the rules."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from jinku.base.currency import Currency
from jinku.custody.statements.formats.csv.mapping import CsvMapping
from jinku.custody.statements.formats.csv.table import Row, Table, fitting
from jinku.custody.statements.formats.csv.values import Cells
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.source import FETCH_AGAIN, Gathered, Source, Text
from jinku.custody.statements.model import EntryStatus, Statement, StatementEntry


def find(data: bytes, name: str, limits: ReadLimits, mappings: Sequence[CsvMapping]) -> Table | None:
    """`data` as a table of the one mapping that fits, None where none does. Raises InputError where several do."""
    return fitting(data, name, limits, mappings)


def read(data: bytes, name: str, limits: ReadLimits, mappings: Sequence[CsvMapping]) -> list[Statement]:
    """The statements of a CSV file, one an account and currency, checked. Raises InputError."""
    table = find(data, name, limits, mappings)
    if table is None:
        known = ", ".join(one.name for one in mappings) or "none"
        source = Source(name, (), limits)
        raise source.bad("has no header of a known mapping", 1, "header", known, "give a mapping for it")
    return _Reader(table, hashlib.sha256(data).hexdigest()[:32]).read()


@dataclass(slots=True)
class _Account:
    """The lines of one account, and the balance after each where the file has it."""

    number: str
    unit: Currency
    line: int
    entries: list[StatementEntry] = field(default_factory=list)
    balances: list[tuple[int, int]] = field(default_factory=list)
    """Line and balance, one an entry or none at all."""


class _Reader:
    def __init__(self, table: Table, digest: str) -> None:
        self._table = table
        self._source = table.source
        self._mapping = table.mapping
        self._cells = Cells(table.source, table.mapping)
        self._gathered = Gathered(table.source)
        self._digest = digest
        self._labels: dict[str, Text] = {}
        self._names = {label: name for name, label in table.mapping.labels.items()}
        self._accounts: dict[tuple[str, str], _Account] = {}
        self._places = {
            name: table.header.cells.index(column) for name, column in table.mapping.columns.items()
        }

    def read(self) -> list[Statement]:
        source = self._source
        if not source.ends_with_line_end:
            line = len(source.lines)
            raise source.bad("the file ends in the middle of a line", line, "row", "", FETCH_AGAIN)
        for row in self._table.heading:
            self._label(row)
        rows = []
        for row in self._table.rest:
            if not self._label(row):
                rows.append(row)
                self._gathered.count_entry(row.line, "row")
        total = sum(self._line(row) for row in (reversed(rows) if self._mapping.newest_first else rows))
        if not self._accounts:
            self._account({}, self._table.header.line)
        self._check_whole(len(rows), total)
        for account in self._accounts.values():
            self._gathered.add(self._statement(account), account.line, "statement")
        return self._gathered.statements

    def _label(self, row: Row) -> bool:
        """Take `row` as a labelled value, where it is one."""
        name = self._names.get(row.cells[0].rstrip(":："))
        if name is None:
            return False
        if name in self._labels:
            raise self._source.bad("comes twice", row.line, row.cells[0], " ".join(row.cells[1:]))
        self._labels[name] = Text(row.cells[1] if len(row.cells) > 1 else "", row.line)
        return True

    def _line(self, row: Row) -> int:
        """Take `row` as an entry; its amount."""
        header = self._table.header.cells
        if len(row.cells) != len(header):
            problem = f"has {len(row.cells)} cells where the header has {len(header)}"
            raise self._source.bad(problem, row.line, "row", row.cells[0], FETCH_AGAIN)
        cells = {name: Text(row.cells[place], row.line) for name, place in self._places.items()}
        account = self._account(cells, row.line)
        amount, direction = self._cells.money(cells, account.unit)

        def text(name: str) -> str:
            return self._source.short(cells[name], self._mapping.columns[name]) if name in cells else ""

        value = cells.get("value_date")
        account.entries.append(
            StatementEntry(
                reference=text("reference"),
                amount=amount,
                direction=direction,
                booked=self._cells.day(cells["booked"], self._mapping.columns["booked"]),
                value_date=self._cells.day(value, self._mapping.columns["value_date"])
                if value is not None and value.text
                else None,
                bank_transaction_code=text("bank_transaction_code")
                or self._mapping.constants.get("bank_transaction_code", ""),
                end_to_end_id=text("end_to_end_id"),
                instruction_id=text("instruction_id"),
                transaction_id=text("transaction_id"),
                servicer_reference=text("servicer_reference"),
                reversal=self._mapping.reversal,
                status=self._cells.status(cells),
                return_reason=text("return_reason"),
                remittance=text("remittance"),
            )
        )
        if "balance" in cells:
            balance = self._cells.amount(cells["balance"], account.unit, self._mapping.columns["balance"])
            account.balances.append((row.line, balance))
        return amount

    def _account(self, cells: dict[str, Text], line: int) -> _Account:
        number, code = self._common("account", cells, line), self._common("currency", cells, line)
        key = (number.text, code.text)
        if key not in self._accounts:
            unit = self._source.unit(code, "currency")
            self._accounts[key] = _Account(self._source.short(number, "account"), unit, line)
        return self._accounts[key]

    def _common(self, name: str, cells: dict[str, Text], line: int) -> Text:
        """A value of the line, the whole file or the mapping, whichever has it first."""
        found = cells.get(name) or self._labels.get(name)
        if found is None and name in self._mapping.constants:
            found = Text(self._mapping.constants[name], line)
        if found is None or not found.text:
            raise self._source.bad("is missing", line, name, "")
        return found

    def _check_whole(self, count: int, total: int) -> None:
        """Number and sum of the lines are those that the file names."""
        wanted = self._labels.get("count")
        if wanted is not None and self._source.count(wanted, self._mapping.labels["count"]) != count:
            problem = f"but the file has {count} lines"
            raise self._source.bad(
                problem, wanted.line, self._mapping.labels["count"], wanted.text, FETCH_AGAIN
            )
        wanted = self._labels.get("total")
        units = {one.unit for one in self._accounts.values()}
        if wanted is not None and len(units) == 1:
            label = self._mapping.labels["total"]
            if self._cells.amount(wanted, units.pop(), label) != total:
                problem = f"but the lines give {total} minor units"
                raise self._source.bad(problem, wanted.line, label, wanted.text, FETCH_AGAIN)

    def _statement(self, account: _Account) -> Statement:
        opening, closing = self._balance("opening", account), self._balance("closing", account)
        booked = [one for one in account.entries if one.status is EntryStatus.BOOKED]
        moved = sum(one.signed for one in booked)
        if account.balances:
            first, last = self._running(account)
            opening = first if opening is None else opening
            closing = last if closing is None else closing
        start = opening if opening is not None else (0 if closing is None else closing - moved)
        days = sorted(one.booked for one in account.entries)
        first_day, last_day = self._day("from_date", days[:1]), self._day("to_date", days[-1:])
        if first_day is None or last_day is None:
            line = self._table.header.line
            raise self._source.bad("holds no line and names no day", line, "row", "", FETCH_AGAIN)
        sequence = self._labels.get("sequence")
        name = f"{self._mapping.name} {first_day:%Y%m%d}-{last_day:%Y%m%d}"
        return Statement(
            account=account.number,
            currency=account.unit,
            sequence=self._source.count(sequence, self._mapping.labels["sequence"], 9) if sequence else 0,
            message_id=self._text("message_id") or f"{self._mapping.name} {self._digest}",
            opening=start,
            closing=start + moved if closing is None else closing,
            entries=tuple(account.entries),
            from_date=first_day,
            to_date=last_day,
            statement_id=self._text("statement_id") or (f"{name} {sequence.text}" if sequence else name),
            owner=self._text("owner") or self._mapping.constants.get("owner", ""),
            kind=self._mapping.kind,
            opening_given=opening is not None,
            closing_given=closing is not None,
        )

    def _running(self, account: _Account) -> tuple[int, int]:
        """The balances before the first and after the last line; each line's is checked."""
        balance: int | None = None
        opening = 0
        for entry, (line, given) in zip(account.entries, account.balances, strict=True):
            change = entry.signed if entry.status is EntryStatus.BOOKED else 0
            if balance is None:
                opening = given - change
            elif balance + change != given:
                problem = f"but the balance before and the amount give {balance + change} minor units"
                raise self._source.bad(problem, line, self._mapping.columns["balance"], str(given))
            balance = given
        return opening, opening if balance is None else balance

    def _balance(self, name: str, account: _Account) -> int | None:
        found = self._labels.get(name)
        if found is None or not found.text:
            return None
        if len(self._accounts) > 1:
            raise self._source.bad("cannot be that of several accounts", found.line, name, found.text)
        return self._cells.amount(found, account.unit, self._mapping.labels[name])

    def _day(self, name: str, otherwise: list[date]) -> date | None:
        found = self._labels.get(name)
        if found is not None:
            return self._cells.day(found, self._mapping.labels[name])
        other = self._labels.get("to_date" if name == "from_date" else "from_date")
        if not otherwise and other is not None:
            return self._cells.day(other, name)
        return otherwise[0] if otherwise else None

    def _text(self, name: str) -> str:
        found = self._labels.get(name)
        return self._source.short(found, self._mapping.labels[name]) if found is not None else ""
