"""Who is behind the opaque references of a report: given when a file is made, and kept nowhere here.

Rules:

1. `People` is a port. Names, numbers and addresses pass through it into a file that only its owner reads; they are in
   no act, seal, log line or error.
2. A `PeopleFile` is one JSON document of the institution: references and what is behind them.

Example::

    people = PeopleFile.read(Path("people.json"))
    people.find("customer:77")  # a Person, a Company or an Account; None where nobody is known
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

from jinku.base.errors import InputError

FILE_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address."""

    street: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166 two letters."""
    zip: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person. Empty where not known."""

    first_name: str = ""
    last_name: str = ""
    birth: date | None = None
    id_kind: str = ""
    """The institution's own word: resident card, passport …"""
    id_number: str = ""
    nationality: str = ""
    residence: str = ""
    occupation: str = ""
    phone: str = ""
    gender: str = ""
    address: Address = Address()
    ours: bool = True
    """Whether the person is a customer of the institution."""


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person. Empty where not known."""

    name: str = ""
    trade_name: str = ""
    legal_form: str = ""
    number: str = ""
    business: str = ""
    country: str = ""
    founded: date | None = None
    phone: str = ""
    address: Address = Address()
    director: Person = Person()
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """An account here or elsewhere."""

    number: str = ""
    currency: str = ""
    institution: str = ""
    institution_code: str = ""
    branch: str = ""
    country: str = ""
    opened: date | None = None
    owner: str = ""
    """Reference of its owner."""
    ours: bool = True


Party = Person | Company | Account


class People(Protocol):
    """The port; see the module's rules."""

    def find(self, reference: str) -> Party | None:
        """Who or what is behind `reference`."""
        ...


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """People from one JSON file: ``{"customer:77": {"type": "person", …}, …}``."""

    parties: Mapping[str, Party]

    @classmethod
    def read(cls, path: Path) -> "PeopleFile":
        """Read a file. Raises InputError, which quotes nothing of it, OSError."""
        found = read_json(path)
        kinds: dict[str, type[Party]] = {"person": Person, "company": Company, "account": Account}
        parties: dict[str, Party] = {}
        for place, (reference, value) in enumerate(found.items(), 1):
            kind = kinds.get(value.get("type", "")) if isinstance(value, dict) else None
            if kind is None:
                raise InputError(f"entry {place} is no person, company or account", file=path.name)
            given = {name: one for name, one in value.items() if name != "type"}
            parties[reference] = built(kind, given, f"{path.name}, entry {place}")
        return cls(parties)

    def find(self, reference: str) -> Party | None:
        """Who or what is behind `reference`."""
        return self.parties.get(reference)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises InputError, OSError."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InputError("is too large", file=path.name, remedy=f"at most {FILE_BYTES_MAX} bytes")
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise InputError("is no JSON", file=path.name) from None
    if not isinstance(found, dict):
        raise InputError("is no JSON object", file=path.name)
    return found


T = TypeVar("T")


def built(kind: type[T], given: Mapping[str, Any], place: str) -> T:
    """A value of the dataclass `kind` from JSON values. Raises InputError, which names fields and no values."""
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"has a field that is not known: {name[:40]}", file=place)
        nested = {"address": Address, "director": Person, "reporter": Person}.get(name)
        try:
            if nested is not None:
                values[name] = built(nested, value, place)
            elif name in ("birth", "founded", "opened"):
                values[name] = date.fromisoformat(value)
            elif isinstance(value, str | bool | int | dict):
                values[name] = value
            else:
                raise TypeError
        except (TypeError, ValueError, AttributeError):
            raise InputError(f"has a field with no fitting value: {name}", file=place) from None
    try:
        return kind(**values)
    except TypeError:
        raise InputError("lacks a field", file=place) from None
