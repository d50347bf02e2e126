"""The platform's books, from the CSV file that it exports.

Rules:

1. A layout is data (`PlatformMapping`, or TOML with the same names): which column is which field, how dates and amounts
   are written, which words mean money in and money out. Nothing is guessed.
2. A file is read whole or refused whole; every refusal names file, line, column and value.
3. Amounts are decimals of the row's currency, exactly. A sign says the direction where no column does.

Example::

    books = read_platform(data, "orders.csv", PlatformMapping(account="9909…", currency="CNY"))
"""

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any

from jinku.base.currency import currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import BadAmount, InputError, UnknownCurrency
from jinku.custody.reconciliation.records import Records, Side

FILE_BYTES_MAX = 1 << 30
ROWS_MAX = 5_000_000
_FIELDS = frozenset(
    {
        "id", "reference", "amount", "direction", "date", "value_date", "account", "currency", "end_to_end_id",
        "instruction_id", "transaction_id", "batch", "counterparty", "text", "status",
    }
)  # fmt: skip
_TEXTS = ("reference", "end_to_end_id", "instruction_id", "transaction_id", "batch", "counterparty", "text")


@dataclass(frozen=True, slots=True)
class PlatformMapping:
    """The layout of a platform's export."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field → name of the column; where none is given, columns are called as the fields are."""
    account: str = ""
    """The account of all rows, where no column names it."""
    currency: str = ""
    """The currency of all rows, where no column names it."""
    date_format: str = "%Y-%m-%d"
    credit: tuple[str, ...] = ("in", "CRDT", "C", "credit", "收")
    """Words of the column `direction` for money that came in."""
    debit: tuple[str, ...] = ("out", "DBIT", "D", "debit", "付")
    pending: tuple[str, ...] = ()
    """Words of the column `status` for what is under way only."""
    skipped: tuple[str, ...] = ()
    """Words of the column `status` for what never moved money."""
    delimiter: str = ","
    encoding: str = "utf-8-sig"


def platform_mapping(data: bytes, name: str) -> PlatformMapping:
    """The layout that a TOML file describes. Raises InputError."""
    try:
        given = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not TOML: {error}", file=name) from None
    known = {one.name: one for one in fields(PlatformMapping)}
    for key, value in given.items():
        wanted: Any = Mapping if key == "columns" else list if key in _LISTS else str
        if key not in known or not isinstance(value, wanted):
            raise InputError("is unknown or of another kind", file=name, field=key, value=str(value))
    if unknown := set(given.get("columns", {})) - _FIELDS:
        raise InputError("is no field of a record", file=name, field="columns", value=sorted(unknown)[0])
    values: dict[str, Any] = {key: tuple(one) if key in _LISTS else one for key, one in given.items()}
    return PlatformMapping(**values)


_LISTS = frozenset({"credit", "debit", "pending", "skipped"})


def read_platform(data: bytes, name: str, mapping: PlatformMapping | None = None) -> Records:
    """The platform's side. Raises InputError, BadRecords, AmountTooLarge."""
    mapping = mapping or PlatformMapping()
    if len(data) > FILE_BYTES_MAX:
        raise InputError(f"is larger than {FILE_BYTES_MAX} bytes", file=name)
    try:
        text = data.decode(mapping.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(f"is not {mapping.encoding}: {error}", file=name) from None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    reader = _Reader(name, mapping, rows)
    try:
        return reader.read()
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}", file=name, line=rows.line_num) from None


class _Reader:
    """One file while it is read."""

    def __init__(self, name: str, mapping: PlatformMapping, rows: Any) -> None:
        self._name, self._mapping, self._rows = name, mapping, rows
        self._words = dict.fromkeys(mapping.credit, 1) | dict.fromkeys(mapping.debit, -1)
        self._day = cache(self._parse_day)

    def read(self) -> Records:
        header = [cell.strip() for cell in next(self._rows, [])]
        at = self._places(header)
        columns: dict[str, list[Any]] = {
            one: []
            for one in (
                "id",
                "amount",
                "direction",
                "booked",
                "value",
                "account",
                "currency",
                "pending",
                "line",
            )
        }
        texts: dict[str, list[str]] = {one: [] for one in _TEXTS if one in at}
        for row in self._rows:
            line = self._rows.line_num
            if not row:
                continue
            if len(row) != len(header):
                raise self._bad(
                    line, "row", str(len(row)), f"has {len(row)} cells where the header has {len(header)}"
                )
            status = row[at["status"]].strip() if "status" in at else ""
            if status in self._mapping.skipped and "status" in at:
                continue
            if len(columns["id"]) == ROWS_MAX:
                raise self._bad(line, "row", "", f"is more than {ROWS_MAX} rows")
            code = row[at["currency"]].strip() if "currency" in at else self._mapping.currency
            amount, sign = self._amount(row, at, line, code)
            columns["id"].append(row[at["id"]].strip())
            columns["amount"].append(amount)
            columns["direction"].append(sign)
            columns["booked"].append(self._date(row, at, "date", line))
            columns["value"].append(self._date(row, at, "value_date", line) if "value_date" in at else None)
            columns["account"].append(
                row[at["account"]].strip() if "account" in at else self._mapping.account
            )
            columns["currency"].append(code)
            columns["pending"].append(bool(status) and status in self._mapping.pending)
            columns["line"].append(line)
            for one, column in texts.items():
                column.append(row[at[one]].strip())
        return Records.build(Side.PLATFORM, {**columns, **texts})

    def _places(self, header: Sequence[str]) -> dict[str, int]:
        at: dict[str, int] = {}
        given = self._mapping.columns or {one: one for one in sorted(_FIELDS) if one in header}
        for one, column in given.items():
            if one not in _FIELDS:
                raise self._bad(1, "columns", one, "is no field of a record")
            if header.count(column) > 1:
                raise self._bad(1, one, column, "names a column that stands twice")
            if column in header:
                at[one] = header.index(column)
            else:
                raise self._bad(1, one, column, "is no column of the file")
        for one in ("id", "amount", "date"):
            if one not in at:
                raise self._bad(1, one, "", "must be mapped to a column")
        for one in ("account", "currency"):
            if one not in at and not getattr(self._mapping, one):
                raise self._bad(1, one, "", "is neither a column nor given for all rows")
        return at

    def _amount(self, row: Sequence[str], at: Mapping[str, int], line: int, code: str) -> tuple[int, int]:
        written = row[at["amount"]].strip()
        try:
            amount = parse_minor(written, _exponent(code))
        except UnknownCurrency:
            raise self._bad(line, "currency", code, "is no currency") from None
        except BadAmount as error:
            raise self._bad(line, "amount", written, error.message) from None
        if "direction" not in at:
            return abs(amount), -1 if amount < 0 else 1
        word = row[at["direction"]].strip()
        if word not in self._words:
            raise self._bad(line, "direction", word, "is neither money in nor money out by the mapping")
        if amount < 0:
            raise self._bad(line, "amount", written, "is negative, though a column gives the direction")
        return amount, self._words[word]

    def _date(self, row: Sequence[str], at: Mapping[str, int], name: str, line: int) -> Any:
        written = row[at[name]].strip()
        if not written and name == "value_date":
            return None
        day = self._day(written)
        if day is None:
            raise self._bad(line, name, written, f"is no date of the form {self._mapping.date_format}")
        return day

    def _parse_day(self, written: str) -> Any:
        try:
            return datetime.strptime(written, self._mapping.date_format).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return None

    def _bad(self, line: int, name: str, value: str, problem: str) -> InputError:
        return InputError(problem, file=self._name, line=line, field=name, value=value)


@cache
def _exponent(code: str) -> int:
    return currency(code).exponent
