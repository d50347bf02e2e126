"""Alerts as values: what decisions, typologies, screening, models and ratings hand over, and how urgent it is.

Rules:

1. A raiser names its alert by a key of its own. The same key again with the same content is the same alert; with
   another content it is an error.
2. A score is a whole number of 0 to 100. Evidence is digests (SHA-256, hexadecimal) of what was seen, never the thing.
3. Points come from a table; each is explained.

Example::

    Alert("d-81/structuring", subject=77, typology="structuring", score=80, at=now, amount=4_900_000,
          currency="CNY", evidence=(record_digest,), source="rules", version="aml 12")
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinku.base.currency import currency
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import digest_of
from jinku.risk.cases.table import LEVELS, Points

SCORE_MAX = 100
EVIDENCE_MAX = 100
AMOUNT_MAX = (1 << 62) - 1
SOURCES = (
    "decision", "rules", "typology", "screening", "models", "graph", "rating", "market", "operational", "person",
)  # fmt: skip
_KEY = re.compile(r"[A-Za-z0-9._:/-]{1,80}", re.ASCII)
_TYPOLOGY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that somebody should look at. Raises BadAct."""

    key: str
    subject: int
    """The customer or account it is about, an opaque 128-bit number."""
    typology: str
    score: int
    at: int
    """UTC ns of the last movement seen."""
    amount: int = 0
    """Minor units of `currency`."""
    currency: str = ""
    evidence: tuple[str, ...] = ()
    source: str = "rules"
    version: str = ""
    """Of the rule set, model, list or table that raised it."""

    def __post_init__(self) -> None:
        checks = (
            ("key", self.key, _KEY.fullmatch(self.key)),
            ("subject", self.subject, 0 <= self.subject < 1 << 128),
            ("typology", self.typology, _TYPOLOGY.fullmatch(self.typology)),
            ("score", self.score, 0 <= self.score <= SCORE_MAX),
            ("at", self.at, 0 < self.at < 1 << 63),
            ("amount", self.amount, 0 <= self.amount <= AMOUNT_MAX and (self.currency or not self.amount)),
            ("evidence", len(self.evidence), len(self.evidence) <= EVIDENCE_MAX),
            ("evidence", "", all(map(_DIGEST.fullmatch, self.evidence))),
            ("source", self.source, self.source in SOURCES),
            ("version", self.version, len(self.version) <= 80 and self.version.isprintable()),
        )
        for field, value, is_good in checks:
            if not is_good:
                raise BadAct(
                    "cannot stand in an alert", field=field, value=value, remedy="see docs/risk-cases.md"
                )
        if self.currency:
            currency(self.currency)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "key": self.key,
            "subject": str(self.subject),
            "typology": self.typology,
            "score": self.score,
            "at": str(self.at),
            "amount": str(self.amount),
            "currency": self.currency,
            "evidence": list(self.evidence),
            "source": self.source,
            "version": self.version,
        }

    def digest(self) -> str:
        """SHA-256 of its canonical document."""
        return digest_of(self.document())


@dataclass(frozen=True, slots=True)
class Scale:
    """What is weighed of an alert, alerts of one window taken together."""

    typology: str
    score: int
    amount: int
    currency: str
    count: int
    grade: int


@dataclass(frozen=True, slots=True)
class Priority:
    """How urgent something is, and why."""

    level: int
    points: int
    reasons: tuple[tuple[str, str, int], ...]
    """English, Chinese, points."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "priority": self.level,
            "points": self.points,
            "reasons": [{"en": one, "zh": other, "points": points} for one, other, points in self.reasons],
        }


def weigh(rows: Sequence[Points], scale: Scale, day: date) -> Priority:
    """The priority of an alert by the rows in force on `day`."""
    measured = {"score": scale.score, "amount": scale.amount, "count": scale.count, "grade": scale.grade}
    best: dict[str, Points] = {}
    for row in rows:
        if row.from_day > day:
            continue
        if row.measure == "typology":
            fits = scale.typology.startswith(row.detail)
        else:
            same = row.measure != "amount" or row.detail == scale.currency
            fits = same and measured[row.measure] >= row.at_least
        held = best.get(row.measure)
        if fits and (held is None or (row.at_least, row.points) >= (held.at_least, held.points)):
            best[row.measure] = row
    chosen = sorted(best.values(), key=lambda one: (-one.points, one.measure))
    points = sum(one.points for one in chosen)
    level = min(level for level, least, _, _ in LEVELS if points >= least)
    return Priority(level, points, tuple((one.english, one.chinese, one.points) for one in chosen))
