"""An act: one thing that a person or program did, in the history of one thing (a case, a measure, a report …).

Rules:

1. A history is its acts in order; each names the digest of the one before, so nothing changes in the middle.
2. A digest covers the facts as they stand and the digest of what a person wrote (``WORDS``). The words can be erased
   after their term and the chain still verifies; a fact cannot be changed.
3. Facts hold numbers, dates, digests and opaque references. What may be personal (free text) is a word.

Example::

    act = Act.after("", ("case", "000001", 1), at, "aml-1", ("open", {"text": "three alerts in a week"}))
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from jinku.base.canonical import canonical_json
from jinku.base.persons import PERSON
from jinku.risk.acts.errors import BadAct

WORDS = ("text", "milder")
"""The parts of an act's body that a person writes; they can be erased."""
TEXT_CHARACTERS_MAX = 4_000
PROGRAM = "jinku"
"""Who the program itself is in a history."""


class Standing(NamedTuple):
    """What lists need to know of a history: its state, whom it is about, and who has it."""

    state: str
    about: str = ""
    """An opaque reference."""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done."""

    kind: str
    key: str
    number: int
    at: int
    """UTC ns."""
    by: str
    what: str
    body: Mapping[str, Any]
    words_digest: str
    digest: str

    @classmethod
    def after(
        cls, head: str, place: tuple[str, str, int], at: int, by: str, said: tuple[str, Mapping[str, Any]]
    ) -> "Act":
        """The act at `place` (kind, key, number) that follows the one with digest `head`."""
        what, body = said
        act = cls(*place, at, by, what, body, digest_of(words_of(body)), "")
        return replace(act, digest=chained(head, act))

    @property
    def is_erased(self) -> bool:
        """Whether its words are gone, and there were some."""
        words = words_of(self.body)
        return not any(words.values()) and self.words_digest != digest_of(words)


def words_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a person wrote."""
    return {name: body[name] for name in WORDS if name in body}


def erased(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what a person wrote."""
    return {name: "" if name in WORDS else value for name, value in body.items()}


def chained(head: str, act: Act) -> str:
    """The digest of an act that follows the one with digest `head`, SHA-256 in hexadecimal."""
    return digest_of(
        {
            "after": head,
            "kind": act.kind,
            "key": act.key,
            "number": act.number,
            "at": str(act.at),
            "by": act.by,
            "what": act.what,
            "facts": {name: value for name, value in act.body.items() if name not in WORDS},
            "words_sha256": act.words_digest,
        }
    )


def digest_of(document: object) -> str:
    """SHA-256 of the canonical bytes, hexadecimal."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def person(field: str, value: str) -> str:
    """`value`, a person's opaque id. Raises BadAct."""
    if not PERSON.fullmatch(value):
        raise BadAct("not a person's id", field=field, value="", remedy="use the opaque id of the person")
    return value


def words(field: str, value: str) -> str:
    """`value`, something that a person wrote. Raises BadAct, which does not repeat it."""
    plain = all(one.isprintable() or one == "\n" for one in value)
    if not value.strip() or len(value) > TEXT_CHARACTERS_MAX or not plain:
        raise BadAct(
            "is no text", field=field, value="", remedy=f"say it in 1 to {TEXT_CHARACTERS_MAX} characters"
        )
    return value
