"""What the readers of text formats share: one file's text, its lines, its faults, and its commonest values.

Rules:

1. A fault is one InputError with file, line, field and value; a reader stops at the first.
2. Text is decoded strictly. An encoding is tried only if the reader's rules name it, in their order.
3. Lines end with LF, CRLF or CR and are counted from 1. Control characters are refused, tabs aside.
4. A two-digit year from 80 on is of the last century, any other of this one, as SWIFT counts.

Example::

    source = Source.of(b":20:X\\r\\n", "day.sta", ("utf-8",), limits)
    source.lines  # (":20:X",)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Self

from jinku.base.currency import Currency, currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import BadAmount, InputError, UnknownCurrency
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.model import Statement, StatementKind, check_sums

LINE_CHARS_MAX = 10_000
VALUE_CHARS_SHOWN_MAX = 80
CENTURY_PIVOT = 80
ASK_THE_BANK = "ask the bank for a correct file"
FETCH_AGAIN = "fetch the file again"

_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x80-\\x9f\\ufffe\\uffff]")
_SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)


class Text(NamedTuple):
    """A piece of a file and the line that it starts on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is being read."""

    name: str
    lines: tuple[str, ...]
    limits: ReadLimits
    ends_with_line_end: bool = field(default=True)

    @classmethod
    def of(cls, data: bytes, name: str, encodings: Sequence[str], limits: ReadLimits) -> Self:
        """`data` as text in the first of `encodings` that it is valid in. Raises InputError."""
        empty = cls(name, (), limits)
        if len(data) > limits.file_bytes_max:
            raise empty.bad(f"is larger than {limits.file_bytes_max} bytes", remedy="split the file")
        text, fault = _decoded(data, encodings)
        if text is None:
            line = data.count(b"\n", 0, fault) + 1
            problem = f"is not text in {' or '.join(encodings)}"
            raise empty.bad(problem, line, "encoding", data[fault : fault + 1].hex())
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        control = _CONTROL.search(text)
        if control is not None:
            line = text.count("\n", 0, control.start()) + 1
            shown = f"U+{ord(control.group()):04X}"
            raise empty.bad("is a control character, which text never has", line, "text", shown)
        source = cls(name, tuple(text.removesuffix("\n").split("\n")), limits, text.endswith("\n"))
        for number, line_text in enumerate(source.lines, 1):
            if len(line_text) > LINE_CHARS_MAX:
                raise source.bad(f"has more than {LINE_CHARS_MAX} characters", number, "line", line_text)
        return source

    def bad(
        self, problem: str, line: int = 0, field: str = "", value: str = "", remedy: str = ASK_THE_BANK
    ) -> InputError:
        """The error that says what is wrong where."""
        return InputError(
            problem,
            file=self.name,
            line=line,
            field=field,
            value=value[:VALUE_CHARS_SHOWN_MAX],
            remedy=remedy,
        )

    def unit(self, code: Text, field: str) -> Currency:
        """The currency called `code`. Raises InputError."""
        try:
            return currency(code.text)
        except UnknownCurrency:
            raise self.bad("is not a currency that Jinku knows", code.line, field, code.text) from None

    def amount(self, written: Text, unit: Currency, field: str, mark: str = ".") -> int:
        """`written` with decimal mark `mark` as minor units of `unit`. Raises InputError."""
        text = written.text.replace(mark, ".") if "." not in written.text or mark == "." else "x"
        try:
            return parse_minor(text, unit.exponent)
        except BadAmount as error:
            problem = error.message.rpartition(": ")[2]
            raise self.bad(problem, written.line, field, written.text) from None

    def short_date(self, written: Text, field: str) -> date:
        """The day written as YYMMDD (rule 4). Raises InputError."""
        text = written.text
        if _SIX_DIGITS.fullmatch(text):
            year = int(text[:2])
            try:
                return date((1900 if year >= CENTURY_PIVOT else 2000) + year, int(text[2:4]), int(text[4:]))
            except ValueError:
                pass
        raise self.bad("is not a date of the form YYMMDD", written.line, field, text)

    def count(self, written: Text, field: str, digits_max: int = 18) -> int:
        """A whole number that is not negative. Raises InputError."""
        text = written.text
        if not (text.isascii() and text.isdigit() and len(text) <= digits_max):
            raise self.bad(f"is not a whole number of at most {digits_max} digits", written.line, field, text)
        return int(text)

    def short(self, written: Text, field: str) -> str:
        """`written` stripped, not longer than the limit. Raises InputError."""
        text = written.text.strip()
        if len(text) > self.limits.field_chars_max:
            problem = f"has more than {self.limits.field_chars_max} characters"
            raise self.bad(problem, written.line, field, text)
        return text


class Gathered:
    """The statements of one file: each once, each summing up, no more than the limits allow."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: set[tuple[str, ...]] = set()
        self._entries = 0
        self.statements: list[Statement] = []

    def count_entry(self, line: int, field: str) -> None:
        """One entry more. Raises InputError beyond the limit."""
        self._entries += 1
        if self._entries > self._source.limits.entries_max:
            problem = f"has more than {self._source.limits.entries_max} entries"
            raise self._source.bad(problem, line, field, remedy="split the file")

    def add(self, made: Statement, line: int, field: str) -> None:
        """Take `made`, which starts at `line`. Raises InputError: sums, a statement twice, too many."""
        source = self._source
        if len(self.statements) >= source.limits.statements_max:
            problem = f"has more than {source.limits.statements_max} statements"
            raise source.bad(problem, line, field, remedy="split the file")
        for finding in check_sums(made):
            raise source.bad(f"sums do not add up: {finding.problem}", line, field, made.account)
        names = identities(made)
        if names & self._known:
            raise source.bad("this statement comes twice in the file", line, field, made.statement_id)
        self._known |= names
        self.statements.append(made)


def identities(made: Statement) -> set[tuple[str, ...]]:
    """What no other statement may share with `made`: account, currency and kind with the bank's id, and with the number
    where it has one. Numbers may start anew each year; reports of a day that is not over may share one.
    """
    account = (made.account, made.currency.code, made.kind.value)
    names: set[tuple[str, ...]] = {(*account, "id", made.statement_id)}
    if made.sequence and made.kind is StatementKind.STATEMENT:
        names.add((*account, "number", str(made.to_date.year), str(made.sequence)))
    return names


def _decoded(data: bytes, encodings: Sequence[str]) -> tuple[str | None, int]:
    """The text, or None and where the last encoding failed."""
    fault = 0
    for encoding in encodings:
        try:
            return data.decode(encoding), 0
        except UnicodeDecodeError as error:
            fault = error.start
    return None, fault
