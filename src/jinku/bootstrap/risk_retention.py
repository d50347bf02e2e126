"""Records of the risk desks before the house's retention office: cases, measures, reports, evidence (K9).

Rules:

1. The office's holds and purges by two persons cover them as they cover all that the house keeps.
2. Their terms stand beside the office's own rows; the longest that fits counts.

Example::

    RetentionOffice(parts, [*kinds, *risk_records(house, clock)])
"""

from collections.abc import Iterator

from jinku.base.clock import Clock
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_desks import EVIDENCE_DIRECTORY
from jinku.custody.retention.office import Record
from jinku.custody.retention.table import RetentionRow
from jinku.risk.acts.book import ActBook
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.table import Clockwork
from jinku.risk.reports.retention import TERMS, ActWords, EvidenceRecords, Kept, risk_kinds

ROWS = tuple(RetentionRow(one.from_day, one.jurisdiction, one.kind, one.years, one.source) for one in TERMS)


class RiskRecords:
    """One kind of the risk desks' records, as the retention office asks for it."""

    def __init__(self, kind: ActWords | EvidenceRecords) -> None:
        self._kind = kind
        self.name = kind.name

    def records(self) -> Iterator[Record]:
        """Every record that has something to erase."""
        return map(_record, self._kind.records())

    def find(self, key: str) -> Record | None:
        """One of them; None where there is nothing to erase any more."""
        found = self._kind.find(key)
        return None if found is None else _record(found)

    def erase(self, key: str) -> None:
        """Erase its content for good; acts, digests and seals stay."""
        self._kind.erase(key)


def risk_records(house: House, clock: Clock) -> list[RiskRecords]:
    """What the risk desks of an open house keep."""
    book = ActBook(house.control, house.ledger, clock)
    evidence = EvidenceStore(house.directory / EVIDENCE_DIRECTORY)
    return [RiskRecords(one) for one in risk_kinds(book, evidence, Clockwork())]


def _record(one: Kept) -> Record:
    return Record(one.key, one.ended, one.digest, one.subject)
