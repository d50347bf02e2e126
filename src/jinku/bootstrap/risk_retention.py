"""Records of the risk desks before the house's retention office: cases, alerts, reports, decisions … (K9).

Rules:

1. The office's holds and purges by two persons cover them as they cover all that the house keeps.
2. A hold on a case holds all that is about its customer, decisions among them; one on a customer likewise.
3. Their terms stand beside the office's own rows; the longest that fits counts.

Example::

    RetentionOffice(parts, [*kinds, *risk_records(house, clock)])
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from jinku.base.clock import NS_PER_US, Clock
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_desks import EVIDENCE_DIRECTORY
from jinku.bootstrap.risk_keys import parties_of
from jinku.custody.retention.office import Record
from jinku.custody.retention.table import RetentionRow
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.kept import Kept
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.table import Clockwork
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.record import events_of, left_of
from jinku.risk.events.batch import EventBatch
from jinku.risk.reports.retention import TERMS, risk_kinds
from jinku.risk.screening.whitelist import Whitelist

GATHERING = ("risk case",)
"""Kinds a hold on which holds all that is about the same customer."""
ROWS = tuple(RetentionRow(one.from_day, one.jurisdiction, one.kind, one.years, one.source) for one in TERMS)


class Keeps(Protocol):
    """A kind of the risk desks' records."""

    @property
    def name(self) -> str:
        """What the retention table calls it."""
        ...

    def records(self) -> Iterator[Kept]:
        """Every record that has something to erase."""
        ...

    def find(self, key: str) -> Kept | None:
        """One of them; None where there is nothing to erase any more."""
        ...

    def erase(self, key: str, act: int) -> None:
        """Erase its content for good under the plan `act`; acts, digests and seals stay."""
        ...


class RiskRecords:
    """One kind of the risk desks' records, as the retention office asks for it."""

    def __init__(self, kind: Keeps) -> None:
        self._kind = kind
        self.name: str = kind.name

    def records(self) -> Iterator[Record]:
        """Every record that has something to erase."""
        return map(_record, self._kind.records())

    def find(self, key: str) -> Record | None:
        """One of them; None where there is nothing to erase any more."""
        found = self._kind.find(key)
        return None if found is None else _record(found)

    def erase(self, key: str, act: int) -> None:
        """Erase its content for good; acts, digests and seals stay."""
        self._kind.erase(key, act)


class ClearanceReasons:
    """Why pairs were cleared, in the words of a person; the clearances themselves stay."""

    name = "risk clearance"

    def __init__(self, whitelist: Whitelist, clock: Clockwork) -> None:
        self._whitelist, self._clock = whitelist, clock

    def records(self) -> Iterator[Kept]:
        """Every clearance whose reason is there."""
        for one in self._whitelist.all():
            if one.reason:
                subject = one.subject.partition(".")[0]
                yield Kept(str(one.id), self._clock.day(one.expires), one.reason_digest, subject)

    def find(self, key: str) -> Kept | None:
        """One of them; None where its reason is gone."""
        return next((one for one in self.records() if one.key == key), None)

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Erase a reason; its digest stays."""
        self._whitelist.erase_reason(int(key))


class DecisionFiles:
    """The journal of decisions, a file of records at a time; heads, digests, seals and ids stay. The newest file is
    still written, so it has not ended."""

    name = "risk decision"

    def __init__(self, journal: Journal, clock: Clockwork) -> None:
        self._journal, self._clock = journal, clock

    def records(self) -> Iterator[Kept]:
        """Every file that is not erased and no longer written, by the number of its first record."""
        for first, last, act in self._journal.files():
            if not act:
                place = self._journal.place(last)
                day = self._clock.day(int(place["time"]) * NS_PER_US)
                about = _Whom(self._journal, first, last)
                yield Kept(str(first), day, place["digest"].tobytes().hex(), about=about)

    def find(self, key: str) -> Kept | None:
        """One of them; None where it is erased."""
        return next((one for one in self.records() if one.key == key), None)

    def erase(self, key: str, act: int) -> None:
        """Erase what a file's records hold."""
        self._journal.erase(int(key), act, left_of)


class _Whom:
    """Whether a customer, or an account of a party, stands in some records of the journal."""

    def __init__(self, journal: Journal, first: int, last: int) -> None:
        self._journal, self._numbers = journal, range(first, last + 1)
        self._found: set[int] | None = None

    def __call__(self, subject: str) -> bool:
        if self._found is None:
            self._found = set()
            for number in self._numbers:
                kind = int(self._journal.place(number)["kind"])
                events = events_of(self._journal.read(number), kind)
                if events is not None:
                    self._found |= _persons(events)
        return subject.isdecimal() and int(subject) in self._found


def _persons(events: EventBatch) -> set[int]:
    found: set[int] = set()
    for name in ("customer", "payer", "payee", "counterparty"):
        column = events.column(name)
        low, high = column.values["lo"][column.valid].tolist(), column.values["hi"][column.valid].tolist()
        found |= {one | more << 64 for one, more in zip(low, high, strict=True)}
        found |= set(np.unique(parties_of(column)).tolist())
    return found - {0}


def risk_records(house: House, clock: Clock, journal: Journal | None = None) -> list[RiskRecords]:
    """What the risk desks of an open house keep; with its `journal` of decisions where its gate is open."""
    book, hours = ActBook(house.control, house.ledger, clock), Clockwork()
    evidence = EvidenceStore(house.directory / EVIDENCE_DIRECTORY)
    kinds: list[Keeps] = [*risk_kinds(book, evidence, hours)]
    kinds.append(ClearanceReasons(Whitelist(house.control, house.ledger, clock), hours))
    if journal is not None:
        kinds.append(DecisionFiles(journal, hours))
    return [RiskRecords(one) for one in kinds]


def _record(one: Kept) -> Record:
    return Record(one.key, one.ended, one.digest, one.subject, one.about)
