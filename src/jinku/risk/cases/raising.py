"""What typologies and screening found, as alerts.

Rules:

1. A key names a finding as it is: the same again is the same alert; one that came to say more (another movement,
   another score) is raised as another, which the desk takes together with the one before.
2. Evidence is digests: of the movements' ids, of the list's entry. Names and reasons stay with whoever looks.

Example::

    desk.raise_(of_typologies(report.findings, version="built-in"))
"""

import hashlib
from collections.abc import Iterable

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_US
from jinku.risk.acts.model import digest_of
from jinku.risk.cases.alerts import EVIDENCE_MAX, SCORE_MAX, Alert
from jinku.risk.events.columns import key_number
from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.screening.book import Finding as Listed

_DIGITS_MAX = 38
_KEY_DIGITS = 16
_DIGEST_DIGITS = 64


def of_typologies(findings: Iterable[Finding], version: str) -> list[Alert]:
    """Findings of typologies; `version` names the table. What is about a device has the device's number as subject."""
    return [
        Alert(
            f"{one.typology.key}/{one.subject_number:032x}/{_content(one)[:_KEY_DIGITS]}",
            subject=one.subject_number,
            typology=one.typology.key,
            score=one.score,
            at=one.last * NS_PER_US,
            amount=one.amount,
            currency=one.currency,
            evidence=one.digests(),
            source="typology",
            version=version,
        )
        for one in findings
    ]


def _content(one: Finding) -> str:
    return digest_of([one.key, one.score, str(one.amount), one.currency, one.transfers, list(one.digests())])


def of_screening(findings: Iterable[Listed], at: int) -> list[Alert]:
    """Findings of a screening of the book, with those of a look back; `at` (UTC ns) is since when the lists in force
    are."""
    return [
        Alert(
            f"screening/{digest_of(one.document() | {'new': True})[:_DIGEST_DIGITS]}",
            subject=key_number(
                int(one.customer)
                if one.customer.isascii() and one.customer.isdigit() and len(one.customer) <= _DIGITS_MAX
                else one.customer
            ),
            typology="list_hit",
            score=min(SCORE_MAX, round(one.score * SCORE_MAX)),
            at=at,
            evidence=(one.entry_digest, *map(_movement, one.movements))[:EVIDENCE_MAX],
            source="screening",
            version=one.list_version,
        )
        for one in findings
    ]


def _movement(number: str) -> str:
    return hashlib.sha256(canonical_json({"transfer": number})).hexdigest()
