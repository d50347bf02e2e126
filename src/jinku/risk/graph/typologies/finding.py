"""What a detector found: who, how strongly, when, by which movements, told in two languages.

Rules:

1. A score is a whole number of 50 (the threshold is just reached) to 100 (twice the threshold or more).
2. Evidence is the ids of movements, at most `EVIDENCE_MAX`, oldest first; `transfers` says how many there are.
3. The same movements and the same table give the same findings, in the same order.

Example::

    finding.text(chinese=False)  # "12 payers, 11 of them new, paid …"
    finding.document()           # as JSON values
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.currency import currency as unit_of
from jinku.base.decimals import format_minor
from jinku.risk.events.columns import key_number
from jinku.risk.graph.typologies.table import Typology

EVIDENCE_MAX = 100
SCORE_MIN, SCORE_MAX = 50, 100
_MONEY = frozenset({"total", "got", "paid", "lowest", "highest", "threshold", "onward"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding (see the module's rules)."""

    typology: Typology
    subject: str
    """The account; of a shared device, the device."""
    score: int
    first: int
    """Microseconds UTC of the oldest movement."""
    last: int
    amount: int
    """Minor units of `currency`."""
    currency: str
    transfers: int
    evidence: tuple[str, ...]
    values: Mapping[str, Any]
    """What was measured, by the names in the explanation."""

    @property
    def key(self) -> str:
        """The same finding has the same key: typology, subject and newest movement."""
        return f"{self.typology.key}/{self.subject_number:032x}/{self.last}"

    @property
    def subject_number(self) -> int:
        """The subject as a 128-bit number: its own where it is one, else of the text (`key_number`)."""
        return key_number(
            int(self.subject) if self.subject.isdigit() and len(self.subject) < 39 else self.subject
        )

    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each evidence as an alert names it: of the canonical ``{"transfer": id}``."""
        return tuple(hashlib.sha256(canonical_json({"transfer": one})).hexdigest() for one in self.evidence)

    def text(self, *, chinese: bool) -> str:
        """The explanation."""
        template = self.typology.explain_zh if chinese else self.typology.explain_en
        return template.format(**{name: self._shown(name, value) for name, value in self.values.items()})

    def document(self) -> dict[str, Any]:
        """As JSON values; amounts are digits."""
        values = {name: str(value) if name in _MONEY else value for name, value in self.values.items()}
        return {
            "key": self.key,
            "typology": self.typology.key,
            "en": self.typology.english,
            "zh": self.typology.chinese,
            "subject": self.subject,
            "score": self.score,
            "first": self.first,
            "last": self.last,
            "amount": str(self.amount),
            "currency": self.currency,
            "transfers": self.transfers,
            "evidence": list(self.evidence),
            "values": values,
            "explanation_en": self.text(chinese=False),
            "explanation_zh": self.text(chinese=True),
        }

    def _shown(self, name: str, value: Any) -> str:
        if name in _MONEY:
            return f"{format_minor(int(value), unit_of(self.currency).exponent)} {self.currency}"
        return f"{value:g}" if isinstance(value, float) else str(value)
