"""The description of a CSV layout: a frozen object, or a TOML file with the same names.

Example::

    name = "bank-x"
    delimiter = ";"
    encodings = ["gb18030"]
    decimal_mark = ","
    group_mark = "."
    date_format = "%d.%m.%Y"
    sign = "mark"
    credit_words = ["收"]
    debit_words = ["付"]
    [columns]
    booked = "交易日"
    amount = "金额"
    mark = "借贷"
    [labels]
    account = "账号"
    opening = "期初余额"
    [constants]
    currency = "CNY"
"""

import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError
from jinku.custody.statements.model import EntryStatus, StatementKind

MAPPING_BYTES_MAX = 65_536
COLUMNS = frozenset(
    {
        "account",
        "amount",
        "balance",
        "bank_transaction_code",
        "booked",
        "credit",
        "currency",
        "debit",
        "end_to_end_id",
        "instruction_id",
        "mark",
        "reference",
        "remittance",
        "return_reason",
        "servicer_reference",
        "status",
        "transaction_id",
        "value_date",
    }
)
"""What a column can fill; `balance` is the one after the line."""
LABELS = frozenset(
    {
        "account",
        "closing",
        "count",
        "currency",
        "from_date",
        "message_id",
        "opening",
        "owner",
        "sequence",
        "statement_id",
        "to_date",
        "total",
    }
)
"""What a labelled row can give; `count` and `total` are those of the lines, whatever their status and direction."""
CONSTANTS = frozenset({"account", "bank_transaction_code", "currency", "owner"})


class Sign(StrEnum):
    """How a file says which way money went."""

    AMOUNT = "amount"
    """A negative amount is a debit."""
    REVERSED = "reversed"
    """A negative amount is a credit."""
    MARK = "mark"
    """A word in the column `mark`."""
    COLUMNS = "columns"
    """The column that it stands in, `credit` or `debit`."""
    CREDIT = "credit"
    """Always in."""
    DEBIT = "debit"
    """Always out."""


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """A layout; see the module for what the names mean. Raises InputError where it contradicts itself."""

    name: str
    columns: Mapping[str, str]
    """Our names of columns, to the header's."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Our names of values of the whole, to the label in a row's first cell; the value is in the second."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Rows before the table (label and value) that tell this layout from others with the same columns."""
    constants: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Words in the column `status`, to BOOK, PDNG or INFO; without the column all is booked."""
    encodings: tuple[str, ...] = ("utf-8",)
    """Tried in this order, strictly."""
    delimiter: str = ","
    quote: str = '"'
    decimal_mark: str = "."
    group_mark: str = ""
    date_format: str = "%Y-%m-%d"
    sign: Sign = Sign.AMOUNT
    credit_words: tuple[str, ...] = ()
    debit_words: tuple[str, ...] = ()
    kind: StatementKind = StatementKind.STATEMENT
    reversal: bool = False
    """Whether every line takes an earlier one back."""
    newest_first: bool = False

    def __post_init__(self) -> None:
        for names, known, what in (
            (self.columns, COLUMNS, "columns"),
            (self.labels, LABELS, "labels"),
            (self.constants, CONSTANTS, "constants"),
        ):
            for name in sorted(set(names) - known):
                raise self._bad(f"is none of {', '.join(sorted(known))}", what, name)
        needed = {
            Sign.COLUMNS: {"credit", "debit"},
            Sign.MARK: {"amount", "mark"},
        }.get(self.sign, {"amount"})
        for name in sorted((needed | {"booked"}) - set(self.columns)):
            raise self._bad("is missing", "columns", name)
        for name in ("account", "currency"):
            if name not in {*self.columns, *self.labels, *self.constants}:
                raise self._bad("is neither column nor label nor constant", name, name)
        if self.sign is Sign.MARK and not (self.credit_words and self.debit_words):
            raise self._bad("needs credit_words and debit_words", "sign", self.sign)
        if len(self.delimiter) != 1 or len(self.quote) != 1 or self.delimiter == self.quote:
            raise self._bad("is not one character, other than the quote", "delimiter", self.delimiter)
        if len(self.decimal_mark) != 1 or self.group_mark == self.decimal_mark or len(self.group_mark) > 1:
            raise self._bad(
                "is not one character, other than the group mark", "decimal_mark", self.decimal_mark
            )
        for word in self.statuses.values():
            if word not in set(EntryStatus):
                raise self._bad("is none of BOOK, PDNG, INFO", "statuses", word)
        for encoding in self.encodings:
            self._check_encoding(encoding)

    def _check_encoding(self, encoding: str) -> None:
        try:
            known = codecs.lookup(encoding)
        except LookupError:
            raise self._bad("is no encoding", "encodings", encoding) from None
        if not known._is_text_encoding:
            raise self._bad("is no encoding of text", "encodings", encoding)

    def _bad(self, problem: str, where: str, value: str) -> InputError:
        return InputError(problem, file=self.name, field=where, value=value, remedy="correct the mapping")


_TABLES = ("columns", "labels", "marks", "constants", "statuses")
_LISTS = ("encodings", "credit_words", "debit_words")
_FLAGS = ("reversal", "newest_first")


def mapping_of(data: bytes, name: str) -> CsvMapping:
    """The mapping that a TOML file describes. Raises InputError: not TOML, an unknown name, a value of another kind."""
    if len(data) > MAPPING_BYTES_MAX:
        raise _bad(name, f"is larger than {MAPPING_BYTES_MAX} bytes", "file", "")
    try:
        given = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise _bad(name, f"is not TOML: {error}", "file", "") from None
    known = {one.name for one in fields(CsvMapping)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise _bad(name, "is no part of a mapping", key, str(value))
        values[key] = _value(name, key, value)
    for key in ("name", "columns"):
        if key not in values:
            raise _bad(name, "is missing", key, "")
    try:
        if "sign" in values:
            values["sign"] = Sign(values["sign"])
        if "kind" in values:
            values["kind"] = StatementKind(values["kind"])
    except ValueError as error:
        raise _bad(name, str(error), "sign or kind", "") from None
    return CsvMapping(**values)


def mappings_in(directory: Path) -> tuple[CsvMapping, ...]:
    """The mappings of the TOML files in `directory`, by name; none where it is not there. Raises InputError."""
    return tuple(mapping_of(path.read_bytes(), path.name) for path in sorted(directory.glob("*.toml")))


def _value(name: str, key: str, value: object) -> object:
    if key in _TABLES and isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return value
    if key in _LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if key in _FLAGS and isinstance(value, bool):
        return value
    if key not in (*_TABLES, *_LISTS, *_FLAGS) and isinstance(value, str):
        return value
    raise _bad(name, "is a value of another kind", key, str(value))


def _bad(name: str, problem: str, field: str, value: str) -> InputError:
    return InputError(problem, file=name, field=field, value=value[:80], remedy="correct the mapping")
