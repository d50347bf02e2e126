"""What of cases, alerts, measures, reports, grades and losses is kept, how long, and how it is erased (K9).

Rules:

1. The term is a dated row; it counts from the end of the case, measure, report …. What has not ended is kept.
2. Erasing takes the words that persons wrote, what alerts were raised for, the contents of reports and the evidence
   files. Acts, digests and seals stay, and everything still verifies.
3. Each kind has ``name``, ``records()``, ``find(key)``, ``erase(key)`` in the shape of the house's retention office,
   whose legal holds and two-person purges then cover it; each record gives its subject, so that a hold can name it.

Example::

    kinds = risk_kinds(book, EvidenceStore(directory), Clockwork())
    [one.name for one in kinds]  # ["risk case", "risk measure", "risk report", "risk evidence", "risk alert" …]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from jinku.risk.acts.book import ActBook
from jinku.risk.acts.kept import Kept
from jinku.risk.acts.model import Act, words_of
from jinku.risk.cases.alert_retention import AlertRecords
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.measures import Stage as MeasureStage
from jinku.risk.cases.measures import replay_measure
from jinku.risk.cases.model import State, replay
from jinku.risk.cases.table import Clockwork
from jinku.risk.operational.losses import CLOSED, LOSS, fold_loss
from jinku.risk.rating.desk import OVERRIDE, replay_overrides
from jinku.risk.reports.inquiry import KIND as INQUIRY
from jinku.risk.reports.inquiry import fold_inquiry
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


KINDS = (
    "risk case",
    "risk measure",
    "risk report",
    "risk evidence",
    "risk alert",
    "risk inquiry",
    "risk override",
    "risk clearance",
    "risk decision",
)
"""What persons of customers stand in. Losses have no term of their own: that of every record counts."""
_LAW = (
    "AML Law of the PRC (2024), art. 34: at least ten years from the end of the transaction or relationship"
)
TERMS: tuple[Term, ...] = tuple(Term(date(2025, 1, 1), "CN", kind, 10, _LAW) for kind in KINDS)


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

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Erase the words of one history."""
        self._book.erase_words(self._kind, key)

    def _record(self, acts: Sequence[Act]) -> Kept | None:
        if not any(any(words_of(one.body).values()) for one in acts):
            return None
        day, subject = self._ended(acts)
        return Kept(acts[0].key, day, acts[-1].digest, subject)


class ReportRecords(ActWords):
    """Reports: the contents as well as the words."""

    def erase(self, key: str, act: int) -> None:
        """Erase contents and words of one report."""
        super().erase(key, act)
        with self._book.database.writing() as connection:
            erase_contents(connection, key)

    def _record(self, acts: Sequence[Act]) -> Kept | None:
        day, subject = self._ended(acts)
        report = replay_report(acts)
        with self._book.database.reading() as connection:
            content = read_content(connection, report.key, report.content_digest)
        if content is None:
            return super()._record(acts)
        subjects = [one.removeprefix("customer:") for one in content.subjects]
        subject = subject or (subjects[0] if subjects else "")
        return Kept(report.key, day, acts[-1].digest, subject, frozenset(subjects).__contains__)


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

    def erase(self, key: str, act: int) -> None:  # noqa: ARG002 - the port's
        """Delete one file."""
        self._store.erase(key)

    def _ends(self) -> dict[str, tuple[date | None, tuple[str, ...]]]:
        ends: dict[str, tuple[date | None, tuple[str, ...]]] = {}
        for acts in self._book.histories("case", self._book.keys("case")):
            day, subject = self._ended(acts)
            for one in replay(acts).evidence:
                held, subjects = ends.get(one.sha256, (day, ()))
                later = None if day is None or held is None else max(day, held)
                ends[one.sha256] = later, (*subjects, subject)
        return ends

    def _record(self, digest: str, ends: dict[str, tuple[date | None, tuple[str, ...]]]) -> Kept:
        day, subjects = ends.get(digest, (None, ()))
        return Kept(digest, day, digest, subjects[-1] if subjects else "", frozenset(subjects).__contains__)


def risk_kinds(
    book: ActBook, evidence: EvidenceStore, clock: Clockwork
) -> list[ActWords | EvidenceRecords | AlertRecords]:
    """The kinds of record of the risk desks, to be registered with the retention office."""
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

    def inquiry(acts: Sequence[Act]) -> tuple[date | None, str]:
        stands = fold_inquiry(acts)
        return (clock.day(acts[-1].at) if stands.state == "answered" else None), stands.about

    def override(acts: Sequence[Act]) -> tuple[date | None, str]:
        stands = replay_overrides(acts)
        ended = clock.day(acts[-1].at) if not stands.asked_by else None
        if ended is not None and stands.in_force is not None:
            ended = max(ended, stands.in_force.until)
        return ended, str(stands.newest.customer)

    def loss(acts: Sequence[Act]) -> tuple[date | None, str]:
        return (clock.day(acts[-1].at) if fold_loss(acts).state == CLOSED else None), ""

    return [
        ActWords("risk case", "case", book, case),
        ActWords("risk measure", "measure", book, measure),
        ReportRecords("risk report", "report", book, report),
        EvidenceRecords(book, evidence, case),
        AlertRecords(book, clock),
        ActWords("risk inquiry", INQUIRY, book, inquiry),
        ActWords("risk override", OVERRIDE, book, override),
        ActWords("risk loss", LOSS, book, loss),
    ]
