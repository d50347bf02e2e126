"""Cells of a CSV row as values, by what the mapping says of marks, dates and signs."""

import re
import time
from datetime import date

from jinku.base.currency import Currency
from jinku.custody.statements.formats.csv.mapping import CsvMapping, Sign
from jinku.custody.statements.formats.source import Source, Text
from jinku.custody.statements.model import Direction, EntryStatus

_SEPARATORS = frozenset("-/. 年月")
"""A date without them is read only with all its digits; otherwise one digit too few would be another day."""


class Cells:
    """Reads the values of one file."""

    def __init__(self, source: Source, mapping: CsvMapping) -> None:
        self._source = source
        self._mapping = mapping
        decimal, group = re.escape(mapping.decimal_mark), re.escape(mapping.group_mark)
        grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if group else ""
        self._amount = re.compile(rf"[+-]?(?:{grouped}[0-9]+)(?:{decimal}[0-9]+)?", re.ASCII)

    def amount(self, cell: Text, unit: Currency, name: str) -> int:
        """A signed amount in minor units. Raises InputError."""
        mapping = self._mapping
        if not self._amount.fullmatch(cell.text):
            marks = f"decimal mark {mapping.decimal_mark!r}"
            raise self._source.bad(f"is not an amount with {marks}", cell.line, name, cell.text)
        text = cell.text.removeprefix("+")
        if mapping.group_mark:
            text = text.replace(mapping.group_mark, "")
        return self._source.amount(Text(text, cell.line), unit, name, mapping.decimal_mark)

    def day(self, cell: Text, name: str) -> date:
        """A date in the mapping's format. Raises InputError."""
        form = self._mapping.date_format
        try:
            parsed = time.strptime(cell.text, form)
            if not _SEPARATORS & set(form) and time.strftime(form, parsed) != cell.text:
                raise ValueError
            return date(*parsed[:3])
        except ValueError:
            raise self._source.bad(f"is not a date of the form {form}", cell.line, name, cell.text) from None

    def money(self, cells: dict[str, Text], unit: Currency) -> tuple[int, Direction]:
        """Amount and direction of a line, as the mapping's sign says. Raises InputError."""
        mapping = self._mapping
        if mapping.sign is Sign.COLUMNS:
            return self._by_column(cells, unit)
        amount = self.amount(cells["amount"], unit, mapping.columns["amount"])
        if mapping.sign in (Sign.AMOUNT, Sign.REVERSED):
            credit = (amount >= 0) == (mapping.sign is Sign.AMOUNT)
            return abs(amount), Direction.CREDIT if credit or not amount else Direction.DEBIT
        if amount < 0:
            cell = cells["amount"]
            problem = "is negative where something else says which way money went"
            raise self._source.bad(problem, cell.line, mapping.columns["amount"], cell.text)
        if mapping.sign is Sign.MARK:
            return amount, self._marked(cells["mark"])
        return amount, Direction.CREDIT if mapping.sign is Sign.CREDIT else Direction.DEBIT

    def status(self, cells: dict[str, Text]) -> EntryStatus:
        """How final a line is. Raises InputError for a word that the mapping does not know."""
        cell = cells.get("status")
        if cell is None:
            return EntryStatus.BOOKED
        word = self._mapping.statuses.get(cell.text)
        if word is None:
            known = ", ".join(self._mapping.statuses)
            problem = f"is none of {known}"
            raise self._source.bad(problem, cell.line, self._mapping.columns["status"], cell.text)
        return EntryStatus(word)

    def _marked(self, cell: Text) -> Direction:
        if cell.text in self._mapping.credit_words:
            return Direction.CREDIT
        if cell.text in self._mapping.debit_words:
            return Direction.DEBIT
        known = ", ".join((*self._mapping.credit_words, *self._mapping.debit_words))
        raise self._source.bad(f"is none of {known}", cell.line, self._mapping.columns["mark"], cell.text)

    def _by_column(self, cells: dict[str, Text], unit: Currency) -> tuple[int, Direction]:
        found = []
        for name, way in (("credit", Direction.CREDIT), ("debit", Direction.DEBIT)):
            cell = cells[name]
            amount = self.amount(cell, unit, self._mapping.columns[name]) if cell.text else 0
            if amount:
                found.append((abs(amount) if way is Direction.DEBIT else amount, way))
        if len(found) > 1 or any(amount < 0 for amount, _ in found):
            cell = cells["credit"]
            names = f"{self._mapping.columns['credit']}/{self._mapping.columns['debit']}"
            raise self._source.bad("has no single direction", cell.line, names, cell.text)
        return found[0] if found else (0, Direction.CREDIT)
