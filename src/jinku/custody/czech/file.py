"""Read the Czech bank's ``account.asc`` and ``trans.asc``: every line checked, the whole or nothing.

Rules:

1. Lines end in a line feed, fields are separated by ``;``, text fields are quoted, the encoding is Latin-1.
   Dates are ``YYMMDD`` of the 20th century, amounts are crowns with at most two decimals.
2. The first bad line ends the reading with one InputError naming file, line, field and value.
3. An unfinished last line means that the file was cut off: an error, unless the complete lines are a known
   extract (``czech_table.KNOWN_EXTRACTS``), whose cut is then noted.
4. Every movement belongs to an account of ``account.asc``, is not earlier than its opening, and has its own
   id.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from jinku.base.currency import currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import BadAmount, InputError
from jinku.custody.czech import table

FILE_BYTES_MAX = 256 << 20
ID_DIGITS_MAX = 18
KORUNA = currency("CZK")

_DATE = re.compile(r"[0-9]{6}", re.ASCII)
_REMEDY = "fetch the file again, or mend the line"


class CzechMovement(NamedTuple):
    """One line of ``trans.asc``; amounts in haléř (hundredths of a crown)."""

    line: int
    trans_id: int
    account_id: int
    day: date
    credit: bool
    operation: str
    symbol: str
    amount: int
    """Never negative."""
    balance: int
    """The account's balance after this movement, as the bank printed it."""

    @property
    def signed(self) -> int:
        """The amount as the change of the balance."""
        return self.amount if self.credit else -self.amount


@dataclass(frozen=True, slots=True)
class CzechFiles:
    """What the two files hold."""

    opened: Mapping[int, date]
    """Account → the day it was opened."""
    movements: Sequence[CzechMovement]
    """In order of day, then of the file."""
    cut: str
    """What is known of the file's end; empty where it is an ordinary complete file."""
    digests: Mapping[str, str]
    """File name → SHA-256 of its bytes."""


def read_czech_files(
    directory: Path, extracts: Mapping[str, table.Extract] = table.KNOWN_EXTRACTS
) -> CzechFiles:
    """The accounts and movements in `directory`. Raises InputError (rule 2)."""
    accounts, transactions = (_bytes(directory / name) for name in ("account.asc", "trans.asc"))
    opened = _accounts(_Lines("account.asc", accounts, table.ACCOUNT_HEADER, cut_known=False))
    complete = transactions[: transactions.rfind(b"\n") + 1]
    extract = extracts.get(hashlib.sha256(complete).hexdigest())
    lines = _Lines("trans.asc", transactions, table.TRANSACTION_HEADER, cut_known=extract is not None)
    movements = _movements(lines, opened)
    if not movements:
        raise lines.bad(2, "", "", "the file holds no movement")
    cut = extract.note if extract else ""
    if lines.unfinished:
        cut += f"; line {lines.unfinished} is incomplete and marks the cut"
    digests = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in (("account.asc", accounts), ("trans.asc", transactions))
    }
    return CzechFiles(opened, sorted(movements, key=lambda one: one.day), cut, digests)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=path.name, remedy="check the directory"
        ) from None
    if len(data) > FILE_BYTES_MAX:
        raise InputError(f"is larger than {FILE_BYTES_MAX} bytes", file=path.name, remedy="split the file")
    return data


class _Lines:
    """The rows of one file, each with as many fields as its header."""

    def __init__(self, name: str, data: bytes, header: tuple[str, ...], *, cut_known: bool) -> None:
        self.name = name
        self.unfinished = 0
        self._lines = data.decode("latin-1").split("\n")
        self._header = header
        last = self._lines.pop()
        if last and cut_known:
            self.unfinished = len(self._lines) + 1
        elif last or not self._lines:
            raise self.bad(len(self._lines) + 1, "", last, "the file ends in the middle of a line")

    def bad(self, line: int, field: str, value: str, problem: str) -> InputError:
        """The error for this file."""
        return InputError(
            problem, file=self.name, line=line, field=field or "line", value=value[:80], remedy=_REMEDY
        )

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and fields of each line after the header."""
        if self._fields(1) != list(self._header):
            raise self.bad(1, "header", self._lines[0].strip(), f"is not {';'.join(self._header)}")
        for number in range(2, len(self._lines) + 1):
            yield number, self._fields(number)

    def _fields(self, number: int) -> list[str]:
        text = self._lines[number - 1].rstrip("\r")
        try:
            rows = list(csv.reader([text], delimiter=";", strict=True))
        except csv.Error as error:
            raise self.bad(number, "", text, f"is not a line of fields: {error}") from None
        fields = rows[0] if rows else []
        if len(fields) != len(self._header):
            raise self.bad(number, "", text, f"has {len(fields)} fields where {len(self._header)} belong")
        return fields

    def number(self, line: int, field: str, text: str) -> int:
        """A positive whole number."""
        if not (text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX and int(text)):
            raise self.bad(line, field, text, "is not a positive whole number")
        return int(text)

    def day(self, line: int, text: str) -> date:
        """A date written ``YYMMDD``."""
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
        except ValueError:
            raise self.bad(line, "date", text, "is not a date written YYMMDD") from None

    def amount(self, line: int, field: str, text: str, *, signed: bool = False) -> int:
        """An amount in crowns, as haléř."""
        try:
            amount = parse_minor(text, KORUNA.exponent)
        except BadAmount as error:
            raise self.bad(line, field, text, error.message.rpartition(": ")[2]) from None
        if amount < 0 and not signed:
            raise self.bad(line, field, text, "is negative; the type says which way money went")
        return amount


def _accounts(lines: _Lines) -> dict[int, date]:
    opened: dict[int, date] = {}
    for line, (account, _district, frequency, day) in lines:
        number = lines.number(line, "account_id", account)
        if number in opened:
            raise lines.bad(line, "account_id", account, "stands twice")
        if frequency not in table.FREQUENCIES:
            raise lines.bad(line, "frequency", frequency, "is not a known code")
        opened[number] = lines.day(line, day)
    return opened


def _movements(lines: _Lines, opened: Mapping[int, date]) -> list[CzechMovement]:
    seen: dict[int, int] = {}
    found: list[CzechMovement] = []
    for line, fields in lines:
        trans, account, day, kind, operation, amount, balance, symbol, _bank, _counterparty = fields
        for field, text, codes in (
            ("type", kind, table.CREDITS),
            ("operation", operation, table.OPERATIONS),
            ("k_symbol", symbol, table.SYMBOLS),
        ):
            if text not in codes:
                raise lines.bad(line, field, text, "is not a known code")
        one = CzechMovement(
            line=line,
            trans_id=lines.number(line, "trans_id", trans),
            account_id=lines.number(line, "account_id", account),
            day=lines.day(line, day),
            credit=table.CREDITS[kind],
            operation=operation,
            symbol=symbol,
            amount=lines.amount(line, "amount", amount),
            balance=lines.amount(line, "balance", balance, signed=True),
        )
        if one.trans_id in seen:
            raise lines.bad(line, "trans_id", trans, f"stands twice, first in line {seen[one.trans_id]}")
        seen[one.trans_id] = line
        if one.account_id not in opened:
            raise lines.bad(line, "account_id", account, "is not in account.asc")
        if one.day < opened[one.account_id]:
            raise lines.bad(
                line, "date", day, f"is before the account was opened on {opened[one.account_id]}"
            )
        found.append(one)
    return found
