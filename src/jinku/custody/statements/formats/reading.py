"""Which format a file is in, by its content alone, and the statements in it; see `jinku.custody.statements.formats`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from jinku.base.errors import InputError
from jinku.custody.statements.formats import bai2, camt, csv, mt
from jinku.custody.statements.formats.csv.mapping import CsvMapping
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.mt.messages import HEADING_LINES_MAX, HEADINGS
from jinku.custody.statements.formats.plain import known_mappings
from jinku.custody.statements.model import Statement

HEAD_BYTES = 4_096
"""How much of a file is looked at to tell its format."""
_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_BAI2 = re.compile(rb"(?:\xef\xbb\xbf)?\s*01,")
_SWIFT = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x01]*\{1:")


class Format(StrEnum):
    """How a file is written."""

    CAMT = "camt"
    MT = "mt"
    BAI2 = "bai2"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Limits, and the CSV layouts that are known."""

    limits: ReadLimits = field(default_factory=ReadLimits)
    mappings: Sequence[CsvMapping] = field(default_factory=known_mappings)

    def with_mappings(self, mappings: Sequence[CsvMapping]) -> "ReadOptions":
        """These and further layouts."""
        return ReadOptions(self.limits, (*self.mappings, *mappings))


def format_of(data: bytes) -> Format:
    """The format that `data` begins like. What is none of the others can only be CSV."""
    head = data[:HEAD_BYTES]
    if head.startswith(_UTF16) or _XML.match(head):
        return Format.CAMT
    if _SWIFT.match(head) or _is_bare_swift(head):
        return Format.MT
    return Format.BAI2 if _BAI2.match(head) else Format.CSV


def _is_bare_swift(head: bytes) -> bool:
    """Whether field 20 is the first field, behind no more lines than banks put before it."""
    lines = [line for line in head.removeprefix(_MARK).lstrip(b"\x01").splitlines() if line.strip()]
    headings = [one.encode() for one in HEADINGS]
    fields = (n for n, line in enumerate(lines) if b":" in line and line.strip() not in headings)
    first = next(fields, len(lines))
    return first <= HEADING_LINES_MAX and lines[first : first + 1] != [] and lines[first].startswith(b":20:")


def read_statement(data: bytes, name: str, options: ReadOptions | None = None) -> list[Statement]:
    """The statements in `data`, checked, in the file's order; `name` is only what errors call the file.

    Raises InputError: larger than the limit, empty, in no known format, or malformed at a line and field.
    """
    options = options or ReadOptions()
    limits = options.limits
    if len(data) > limits.file_bytes_max:
        problem = f"is larger than {limits.file_bytes_max} bytes"
        raise InputError(problem, file=name, remedy="split the file or raise the limit")
    readers: dict[Format, Callable[[], list[Statement]]] = {
        Format.CAMT: lambda: camt.read(data, name, limits=limits),
        Format.MT: lambda: mt.read(data, name, limits),
        Format.BAI2: lambda: bai2.read(data, name, limits),
        Format.CSV: lambda: csv.read(data, name, limits, options.mappings),
    }
    if not data.strip():
        problem = "is empty: the file ends in the middle, before anything"
        raise InputError(problem, file=name, line=1, field="file", remedy="fetch the file again")
    return readers[format_of(data)]()
