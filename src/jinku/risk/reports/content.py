"""What a report says, with opaque references only.

Rules:

1. A suspicious report names its case, its subjects, the movements it is about and a narrative; a large-value report its
   lines. Nothing in it names a person: references do, and `people` resolves them when a file is made.
2. Content is a canonical document; its SHA-256 is what persons approve and what is sealed.

Example::

    content = Content("suspicious", "CNY", subjects=("customer:77",), movements=(…), narrative="…")
    content.digest()
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinku.base.currency import currency
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import digest_of
from jinku.risk.reports.large import Line

KINDS = ("suspicious", "large_value")
MOVEMENTS_MAX = 10_000
NARRATIVE_CHARACTERS_MAX = 8_000
_WAYS = ("cash", "transfer")


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement that a report is about."""

    reference: str
    day: date
    payer: str
    """Opaque reference of an account, person or company, for `People`."""
    payee: str
    amount: int
    """Minor units."""
    currency: str
    way: str = "transfer"
    rate: int = 0
    """What one unit is worth in the report's currency, in units of 10^-8; needed where the currencies differ."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "reference": self.reference,
            "day": self.day.isoformat(),
            "payer": self.payer,
            "payee": self.payee,
            "amount": str(self.amount),
            "currency": self.currency,
            "way": self.way,
            "rate": str(self.rate),
        }


@dataclass(frozen=True, slots=True)
class Content:
    """See the module's rules. Raises BadAct, UnknownCurrency."""

    kind: str
    currency: str
    """The report's local currency."""
    subjects: tuple[str, ...] = ()
    movements: tuple[Moved, ...] = ()
    lines: tuple[Line, ...] = ()
    narrative: str = ""
    action: str = ""
    """What the institution has done."""
    indicators: tuple[str, ...] = ()
    """Typologies."""

    def __post_init__(self) -> None:
        currency(self.currency)
        suspicious = self.kind == "suspicious"
        checks = (
            ("kind", self.kind in KINDS),
            ("subjects", not suspicious or bool(self.subjects)),
            ("narrative", not suspicious or bool(self.narrative.strip())),
            ("narrative", len(self.narrative) <= NARRATIVE_CHARACTERS_MAX and _plain(self.narrative)),
            ("action", len(self.action) <= NARRATIVE_CHARACTERS_MAX and _plain(self.action)),
            ("lines", suspicious != bool(self.lines)),
            ("movements", len(self.movements) <= MOVEMENTS_MAX),
            ("movements", len({one.reference for one in self.movements}) == len(self.movements)),
            ("movements", all(one.amount > 0 and one.way in _WAYS for one in self.movements)),
        )
        for field, is_good in checks:
            if not is_good:
                raise BadAct(
                    "cannot stand in this report", field=field, value="", remedy="see docs/risk-cases.md"
                )
        for one in self.movements:
            currency(one.currency)
            if one.currency != self.currency and one.rate <= 0:
                raise BadAct("a movement in another currency needs a rate", field="rate", value=one.rate)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "kind": self.kind,
            "currency": self.currency,
            "subjects": list(self.subjects),
            "movements": [one.document() for one in self.movements],
            "lines": [line_document(one) for one in self.lines],
            "narrative": self.narrative,
            "action": self.action,
            "indicators": list(self.indicators),
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Content":
        """What `document` gave. Raises BadAct."""
        try:
            return cls(
                found["kind"],
                found["currency"],
                tuple(found["subjects"]),
                tuple(_moved(one) for one in found["movements"]),
                tuple(_line(one) for one in found["lines"]),
                found["narrative"],
                found["action"],
                tuple(found["indicators"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, BadAct):
                raise
            raise BadAct("is no content of a report", field="content", value="") from None

    def digest(self) -> str:
        """SHA-256 of the canonical document, hexadecimal."""
        return digest_of(self.document())


def line_document(line: Line) -> dict[str, Any]:
    """A large value as JSON values."""
    return {
        "customer": line.customer,
        "day": line.day.isoformat(),
        "direction": line.direction,
        "rule": line.rule,
        "currency": line.currency,
        "total": str(line.total),
        "usd": str(line.usd),
        "movements": line.movements,
        "largest": str(line.largest),
        "single": line.single,
        "references": list(line.references),
    }


def _line(found: Mapping[str, Any]) -> Line:
    return Line(
        found["customer"],
        date.fromisoformat(found["day"]),
        found["direction"],
        found["rule"],
        found["currency"],
        int(found["total"]),
        int(found["usd"]),
        found["movements"],
        int(found["largest"]),
        found["single"],
        tuple(found["references"]),
    )


def _moved(found: Mapping[str, Any]) -> Moved:
    return Moved(
        found["reference"],
        date.fromisoformat(found["day"]),
        found["payer"],
        found["payee"],
        int(found["amount"]),
        found["currency"],
        found["way"],
        int(found["rate"]),
    )


def _plain(text: str) -> bool:
    return all(one.isprintable() or one == "\n" for one in text)
