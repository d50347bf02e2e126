"""What a list says and what is asked: entries with names and facts, subjects, hits with every reason.

Example::

    Subject("c-1", ("张伟",), Kind.PERSON, Facts(births=("1970-01-02",), countries=("cn",)))
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.risk.screening.compare import THRESHOLD, Comparison
from jinku.risk.screening.names import Kind


class Quality(StrEnum):
    """How good a name is to be found by."""

    PRIMARY = "primary"
    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class ListedName:
    """A name of an entry, as the list writes it."""

    text: str
    quality: Quality = Quality.STRONG


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the name. Every field may be empty: then it says nothing."""

    births: tuple[str, ...] = ()
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; a stretch as ``YYYY/YYYY``."""
    countries: tuple[str, ...] = ()
    """Two small letters where the country is known (ISO 3166), else its name in small letters."""
    gender: str = ""
    """``m``, ``f`` or empty."""
    identifiers: tuple[str, ...] = ()
    """Letters and digits only, capitals: passport, national, registration, IMO numbers."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "births": list(self.births),
            "countries": list(self.countries),
            "gender": self.gender,
            "identifiers": list(self.identifiers),
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Facts":
        """From JSON values."""
        return cls(
            tuple(document["births"]),
            tuple(document["countries"]),
            document["gender"],
            tuple(document["identifiers"]),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of one list."""

    list: str
    id: str
    kind: Kind
    names: tuple[ListedName, ...]
    facts: Facts = Facts()
    program: str = ""
    since: str = ""
    """The day from which it is listed, ``YYYY-MM-DD``; empty where the list does not say."""

    @property
    def key(self) -> str:
        """List and id."""
        return f"{self.list}:{self.id}"

    def document(self) -> dict[str, Any]:
        """As JSON values, in a form that its digest is taken of."""
        return {
            "facts": self.facts.document(),
            "id": self.id,
            "kind": self.kind.value,
            "names": [[one.text, one.quality.value] for one in self.names],
            "program": self.program,
            "since": self.since,
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the entry's content, in hexadecimal."""
        return hashlib.sha256(canonical_json(self.document())).hexdigest()

    @classmethod
    def of(cls, name: str, document: dict[str, Any]) -> "Entry":
        """An entry of the list `name` from JSON values."""
        return cls(
            name,
            document["id"],
            Kind(document["kind"]),
            tuple(ListedName(text, Quality(quality)) for text, quality in document["names"]),
            Facts.of(document["facts"]),
            document["program"],
            document["since"],
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what is screened: a customer, an owner, an agent, a counterparty. `key` is opaque."""

    key: str
    names: tuple[str, ...]
    kind: Kind = Kind.UNKNOWN
    facts: Facts = Facts()
    of: str = ""
    """The key of the customer whose owner, agent or counterparty it is; empty for a customer itself."""
    role: str = "customer"

    @property
    def digest(self) -> str:
        """SHA-256 of what it is screened by: names, kind and facts, in hexadecimal."""
        told = {"facts": self.facts.document(), "kind": self.kind.value, "names": list(self.names)}
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of a score: what was looked at, what it did (score after it), in words."""

    what: str
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A subject's name against an entry: one score, and how it came about."""

    entry: Entry
    score: float
    name: str
    """The entry's name that is most alike."""
    comparison: Comparison
    parts: tuple[Part, ...] = field(default=())

    @property
    def matched(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= THRESHOLD
