"""A section: one table of a pack or report, with headings in two languages and rows that stream.

Rules:

1. A section says of each column what it holds; money is whole minor units of the currency that another column of the
   same row names. Nothing in a section is a float.
2. `rows` is read once, from start to end; a section of a million rows needs no memory of its own.
3. A section without rows says in `empty` why, or what to fill in: an empty table is never silence.

Example::

    columns = (text("account", "Account", "账户"), text("currency", "Currency", "币种"), money("balance", "Balance",
    "余额")) Section("owners", Both("Owners", "权益人"), columns, rows, empty=Both("No owners.", "无权益人。"))
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

CURRENCY_COLUMN = "currency"
"""The column that names the currency of a row's money, where a money column names no other."""

Cell = str | int | None
Row = Sequence[Cell]


class Both(NamedTuple):
    """One text in English and in Chinese."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in `language`: ``zh`` or anything else for English."""
        return self.zh if language == "zh" else self.en


NO_TEXT = Both("", "")
NO_ROWS = Both("Nothing to report.", "无记录。")


class Holds(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number."""
    MONEY = "money"
    """Whole minor units; written as decimals of the row's currency."""
    DAY = "day"
    """``YYYY-MM-DD`` text."""
    MOMENT = "moment"
    """Nanoseconds since 1970, written as RFC 3339; 0 or None is empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in files, its headings, and what it holds."""

    name: str
    heading: Both
    holds: Holds = Holds.TEXT
    currency: str = CURRENCY_COLUMN
    """For money: the column with the currency's code."""
    wide: int = 1
    """Its share of a printed line, against the other columns."""


@dataclass(frozen=True, slots=True)
class Section:
    """See the module's rules. `name` is ``[a-z0-9_]``; it becomes the file's name."""

    name: str
    title: Both
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    note: Both = NO_TEXT
    """What a reader should know before reading the table."""
    empty: Both = NO_ROWS
    personal: bool = False
    """Whether rows hold personal data, so that a redacted pack needs another table."""


class SectionSource(Protocol):
    """A room that gives tables to packs and reports."""

    def sections(self) -> Iterable[Section]:
        """The room's tables as they stand now."""
        ...


def text(name: str, en: str, zh: str, wide: int = 1) -> Column:
    """A column of text."""
    return Column(name, Both(en, zh), wide=wide)


def number(name: str, en: str, zh: str, wide: int = 1) -> Column:
    """A column of whole numbers."""
    return Column(name, Both(en, zh), Holds.NUMBER, wide=wide)


def money(name: str, en: str, zh: str, currency: str = CURRENCY_COLUMN, wide: int = 1) -> Column:
    """A column of amounts in minor units of the currency that the column `currency` names."""
    return Column(name, Both(en, zh), Holds.MONEY, currency, wide)


def day(name: str, en: str, zh: str) -> Column:
    """A column of days."""
    return Column(name, Both(en, zh), Holds.DAY)


def moment(name: str, en: str, zh: str, wide: int = 2) -> Column:
    """A column of moments in ns since 1970."""
    return Column(name, Both(en, zh), Holds.MOMENT, wide=wide)
