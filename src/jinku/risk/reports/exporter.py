"""The port through which a report becomes a file; the formats that are built in: `jinku.risk.reports.formats`.

Rules:

1. An exporter makes bytes of content, people and the institution's own details, and checks bytes by the format's rules.
   It checks what it has made before it gives it away.
2. A regulator's codes are the institution's (`Institution.codes`): each FIU gives out its own lists.
3. A format of one's own is one more object of this shape in the mapping that a desk has.

Example::

    data = desk_parts.exporters["goaml"].export(order)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from jinku.risk.reports.content import Content
from jinku.risk.reports.people import Address, People, Person, built, read_json


@dataclass(frozen=True, slots=True)
class Institution:
    """Who reports: given when a file is made."""

    number: int
    """The reporting entity's number at the FIU."""
    branch: str
    name: str = ""
    code: str = ""
    country: str = ""
    address: Address = field(default_factory=Address)
    reporter: Person = field(default_factory=Person)
    codes: Mapping[str, str] = field(default_factory=dict)
    """Name of a code (see the exporter's table) → its value in the FIU's lists."""

    @classmethod
    def read(cls, path: Path) -> "Institution":
        """From a JSON file. Raises InputError, OSError."""
        return built(cls, read_json(path), path.name)


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What an exporter needs to make one file."""

    key: str
    """The report's number here."""
    day: date
    """The day of the file."""
    content: Content
    people: People
    institution: Institution
    corrects: str = ""
    """What the FIU called the report that this one corrects; empty for none."""
    schema: Path | None = None
    """The format's schema, where the caller has it."""


class Exporter(Protocol):
    """A format."""

    name: str
    suffix: str
    kinds: tuple[str, ...]
    """Kinds of report that it can write."""

    def export(self, order: ExportOrder) -> bytes:
        """The file, checked. Raises ReportIncomplete, ReportInvalid."""
        ...

    def check(self, data: bytes, schema: Path | None = None) -> None:
        """Raises ReportInvalid unless `data` follows the format."""
        ...


def shown(value: object) -> str:
    """`value` as text that every format can hold: without control characters, newlines apart."""
    return "".join(one for one in str(value) if one.isprintable() or one == "\n")
