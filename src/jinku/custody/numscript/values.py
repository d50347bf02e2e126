"""The values that expressions have, and how they are read from a variable's or metadata's text.

Rules:

1. There are six types: `account`, `asset`, `number`, `monetary`, `portion`, `string`. A value never changes type by
   itself.
2. Each value has one text form (`str`), the one that metadata carries: a portion is ``numerator/denominator`` in lowest
   terms, a monetary ``ASSET AMOUNT``.

Example::

    read_value("monetary", "CNY/2 100")  # Monetary("CNY/2", 100)
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from jinku.custody.numscript.errors import BadValue, LimitExceeded, UnknownName, WrongType
from jinku.custody.numscript.limits import NUMBER_DIGITS_MAX, TEXT_CHARACTERS_MAX
from jinku.custody.numscript.place import NOWHERE, Place

_ACCOUNT = re.compile(r"[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)*", re.ASCII)
_ASSET = re.compile(r"[A-Z][A-Z0-9]{0,16}(_[A-Z]{1,16})?(/[0-9]{1,6})?", re.ASCII)
_COLOR = re.compile(r"[A-Z]*", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%", re.ASCII)
_FRACTION = re.compile(r"([0-9]+)\s?/\s?([0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """An account's name, without its ``@``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset with its precision: ``CNY/2`` counts fen."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def base(self) -> str:
        """The asset without its precision."""
        return self.name.partition("/")[0]

    @property
    def scale(self) -> int:
        """How many decimals the unit has; 0 where none is written."""
        return int(self.name.partition("/")[2] or 0)


@dataclass(frozen=True, slots=True)
class Number:
    """An integer of any sign."""

    value: int

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Monetary:
    """An amount of an asset, of any sign, in the asset's units."""

    asset: Asset
    amount: int

    def __str__(self) -> str:
        return f"{self.asset} {self.amount}"


@dataclass(frozen=True, slots=True)
class Portion:
    """An exact fraction."""

    value: Fraction

    def __str__(self) -> str:
        return f"{self.value.numerator}/{self.value.denominator}"


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str

    def __str__(self) -> str:
        return self.value


Value = Account | Asset | Number | Monetary | Portion | Text
Wanted = TypeVar("Wanted", Account, Asset, Number, Monetary, Portion, Text)

_TYPE_NAMES: dict[type[Value], str] = {
    Account: "account",
    Asset: "asset",
    Number: "number",
    Monetary: "monetary",
    Portion: "portion",
    Text: "string",
}
TYPES = tuple(_TYPE_NAMES.values())


def type_of(value: Value) -> str:
    """The name of `value`'s type in the language."""
    return _TYPE_NAMES[type(value)]


def name_of(kind: type[Value]) -> str:
    """The name of a type in the language."""
    return _TYPE_NAMES[kind]


def checked(value: Value, kind: type[Wanted], place: Place) -> Wanted:
    """`value` if it is of type `kind`. Raises WrongType."""
    if not isinstance(value, kind):
        raise WrongType(name_of(kind), type_of(value), str(value), place=place)
    return value


def account(name: str, place: Place = NOWHERE) -> Account:
    """The account of this name. Raises BadValue."""
    if len(name) > TEXT_CHARACTERS_MAX or not _ACCOUNT.fullmatch(name):
        raise BadValue(
            "an account", name, "use letters, digits, _ and - in parts joined by colons", place=place
        )
    return Account(name)


def asset(name: str, place: Place = NOWHERE) -> Asset:
    """The asset of this name. Raises BadValue."""
    if not _ASSET.fullmatch(name):
        raise BadValue("an asset", name, "write it as CNY/2: capitals, then the precision", place=place)
    return Asset(name)


def color(name: str, place: Place = NOWHERE) -> str:
    """The colour of this name, empty for none. Raises BadValue."""
    if len(name) > TEXT_CHARACTERS_MAX or not _COLOR.fullmatch(name):
        raise BadValue("a colour", name, "use capital letters only", place=place)
    return name


def number(text: str, place: Place = NOWHERE) -> Number:
    """The integer that `text` is in digits. Raises BadValue, LimitExceeded."""
    if len(text) > NUMBER_DIGITS_MAX:
        raise LimitExceeded(
            f"the number has {len(text)} characters, at most {NUMBER_DIGITS_MAX} are read",
            place=place,
            remedy="give a smaller number",
        )
    if not _INTEGER.fullmatch(text):
        raise BadValue("a number", text, "write it in digits", place=place)
    return Number(int(text))


def monetary(text: str, place: Place = NOWHERE) -> Monetary:
    """The amount that `text` is, as ``CNY/2 100``. Raises BadValue, LimitExceeded."""
    name, blank, amount = text.partition(" ")
    if not blank or " " in amount:
        raise BadValue("an amount", text, "write it as `CNY/2 100`", place=place)
    return Monetary(asset(name, place), number(amount, place).value)


def portion(text: str, place: Place = NOWHERE) -> Portion:
    """The portion from 0 to 1 that `text` is, as ``12.5%`` or ``1/8``. Raises BadValue, LimitExceeded."""
    if len(text) > NUMBER_DIGITS_MAX:
        number(text, place)
    found = Fraction(-1)
    if percent := _PERCENT.fullmatch(text):
        found = Fraction(percent[1]) / 100
    elif (fraction := _FRACTION.fullmatch(text)) and int(fraction[2]):
        found = Fraction(int(fraction[1]), int(fraction[2]))
    if not 0 <= found <= 1:
        raise BadValue("a portion", text, "write 12.5% or 1/8, from 0 to 1", place=place)
    return Portion(found)


def read_value(kind: str, text: str, place: Place = NOWHERE) -> Value:
    """The value of type `kind` that `text` is. Raises UnknownName, BadValue, LimitExceeded."""
    match kind:
        case "account":
            return account(text, place)
        case "asset":
            return asset(text, place)
        case "number":
            return number(text, place)
        case "monetary":
            return monetary(text, place)
        case "portion":
            return portion(text, place)
        case "string":
            if len(text) > TEXT_CHARACTERS_MAX:
                raise LimitExceeded(
                    f"the text has {len(text)} characters, at most {TEXT_CHARACTERS_MAX} are read",
                    place=place,
                )
            return Text(text)
    raise UnknownName(f"there is no type {kind!r}", place=place, remedy="use " + ", ".join(TYPES))
