"""What of cases, measures and reports is kept, how long, and how it is erased (K9).

Rules:

1. The term is a dated row; it counts from the end of the case, measure or report. What has not ended is kept.
2. Erasing takes the words that persons wrote, the contents of reports and the evidence files. Acts, digests and seals
   stay, and everything still verifies.
3. Each kind has ``name``, ``records()``, ``find(key)``, ``erase(key)`` in the shape of the house's retention office,
   whose legal holds and two-person purges then cover it; each record gives its subject, so that a hold can name it.

Example::

    kinds = risk_kinds(book, EvidenceStore(directory), Clockwork())
    [one.name for one in kinds]  # ["risk case", "risk measure", "risk report", "risk evidence"]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, words_of
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.measures import Stage as MeasureStage
from jinku.risk.cases.measures import replay_measure
from jinku.risk.cases.model import State, replay
from jinku.risk.cases.table import Clockwork
from jinku.risk.reports.model import Stage, replay_report
from jinku.risk.reports.store import REPORTS, erase_contents, read_content


@dataclass(frozen=True, slots=True)
class Term:
    """For how many years records of a kind are kept in a jurisdiction."""

    from_day: date
    jurisdiction: str
    kind: str
    years: int
    source: str


_LAW = (
    "AML Law of the PRC (2024), art. 34: at least ten years from the end of the transaction or relationship"
)
TERMS: tuple[Term, ...] = tuple(
    Term(date(2025, 1, 1), "CN", kind, 10, _LAW)
    for kind in ("risk case", "risk measure", "risk report", "risk evidence")
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One record, as the retention office wants it."""

    key: str
    ended: date | None
    digest: str
    subject: str = ""


Ended = Callable[[Sequence[Act]], tuple[date | None, str]]
"""Acts → the day on which it ended, and whom it is about."""


class ActWords:
    """What persons wrote in the acts of one kind."""

    def __init__(self, name: str, kind: str, book: ActBook, ended: Ended) -> None:
        self.name, self._kind, self._book, self._ended = name, kind, book, ended

    def records(self) -> Iterator[Kept]:
        """Every history in which something is written."""
        for acts in self._book.histories(self._kind, self._book.keys(self._kind)):
            kept = self._record(acts)
            if kept is not None:
                yield kept

    def find(self, key: str) -> Kept | None:
        """One of them; None where nothing is written."""
        acts = self._book.history(self._kind, key)
        return self._record(acts) if acts else None

    def erase(self, key: str) -> None:
        """Erase the words of one history."""
        self._book.erase_words(self._kind, key)

    def _record(self, acts: Sequence[Act]) -> Kept | None:
        if not any(any(words_of(one.body).values()) for one in acts):
            return None
        day, subject = self._ended(acts)
        return Kept(acts[0].key, day, acts[-1].digest, subject)


class ReportRecords(ActWords):
    """Reports: the contents as well as the words."""

    def erase(self, key: str) -> None:
        """Erase contents and words of one report."""
        super().erase(key)
        with self._book.database.writing() as connection:
            erase_contents(connection, key)

    def _record(self, acts: Sequence[Act]) -> Kept | None:
        day, subject = self._ended(acts)
        report = replay_report(acts)
        with self._book.database.reading() as connection:
            content = read_content(connection, report.key, report.content_digest)
        if content is None:
            return super()._record(acts)
        subject = subject or (content.subjects[0] if content.subjects else "")
        return Kept(report.key, day, acts[-1].digest, subject.removeprefix("customer:"))


class EvidenceRecords:
    """Evidence files; a file's term counts from the end of the last case that names it."""

    name = "risk evidence"

    def __init__(self, book: ActBook, store: EvidenceStore, ended: Ended) -> None:
        self._book, self._store, self._ended = book, store, ended

    def records(self) -> Iterator[Kept]:
        """Every file that is there."""
        ends = self._ends()
        for digest in self._store.digests():
            yield self._record(digest, ends)

    def find(self, key: str) -> Kept | None:
        """One file; None where it is gone."""
        return self._record(key, self._ends()) if key in self._store.digests() else None

    def erase(self, key: str) -> None:
        """Delete one file."""
        self._store.erase(key)

    def _ends(self) -> dict[str, tuple[date | None, str]]:
        ends: dict[str, tuple[date | None, str]] = {}
        for acts in self._book.histories("case", self._book.keys("case")):
            day, subject = self._ended(acts)
            for one in replay(acts).evidence:
                held = ends.get(one.sha256)
                later = day if held is None or (day and held[0] and day > held[0]) else held[0]
                ends[one.sha256] = (None if day is None else later, subject)
        return ends

    def _record(self, digest: str, ends: dict[str, tuple[date | None, str]]) -> Kept:
        day, subject = ends.get(digest, (None, ""))
        return Kept(digest, day, digest, subject)


def risk_kinds(book: ActBook, evidence: EvidenceStore, clock: Clockwork) -> list[ActWords | EvidenceRecords]:
    """The kinds of record of cases, measures, reports and evidence, to be registered with the retention office."""
    book.database.add(REPORTS)

    def case(acts: Sequence[Act]) -> tuple[date | None, str]:
        one = replay(acts)
        return (clock.day(one.closed_at) if one.state is State.CLOSED else None), str(one.subject)

    def measure(acts: Sequence[Act]) -> tuple[date | None, str]:
        one = replay_measure(acts)
        if one.stage is MeasureStage.LIFTED:
            return clock.day(one.lifted_at), str(one.customer)
        refused = clock.day(acts[-1].at) if one.stage is MeasureStage.REFUSED else None
        return one.until if one.until and one.stage is MeasureStage.IN_FORCE else refused, str(one.customer)

    def report(acts: Sequence[Act]) -> tuple[date | None, str]:
        one = replay_report(acts)
        ended = one.stage in (Stage.ACKNOWLEDGED, Stage.CORRECTED, Stage.DROPPED)
        return (clock.day(acts[-1].at) if ended else None), ""

    return [
        ActWords("risk case", "case", book, case),
        ActWords("risk measure", "measure", book, measure),
        ReportRecords("risk report", "report", book, report),
        EvidenceRecords(book, evidence, case),
    ]
