"""The close of the simulated day, as operators do it: three sides, breaks, position, remedy, two persons.

Rules:

1. Every step goes through the desks that a real house uses (`jinku.custody.closing`, `jinku.custody.breaks`); what is
   scored against the labels is the evidence that the close has kept.
2. Statement and export go through their files: what is reconciled is what was read back.
3. Maker and checker are two persons; what must be refused is tried.

Example::

    closed = close_day(stage, Files(statement, labels, "statement.xml", export, "platform.csv"))
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinku.base.clock import NS_PER_SECOND
from jinku.base.currency import currency_by_number
from jinku.custody.breaks.model import Case
from jinku.custody.closing.days import Books
from jinku.custody.closing.days import Day as BookDay
from jinku.custody.closing.desk import Reperformance
from jinku.custody.closing.errors import SamePerson
from jinku.custody.closing.inputs import Given
from jinku.custody.closing.notice import Facts, Notice, notice
from jinku.custody.closing.remedies import Remedy, RemedyDesk
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.table import rule_in_force
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Finding, Statement, check_all
from jinku.custody.structure.chart import Chart
from jinku.sim.errors import SimulationFault
from jinku.sim.labels import Key, Label, Score, score
from jinku.sim.rooms import OpenCustody, OpenHouse
from jinku.sim.run import SimClock
from jinku.sim.scale import CUT_OFF

MAKER, CHECKER, HEAD = "ops-chen", "ops-liu", "head-sun"
"""Operators by their opaque ids; the last one is senior."""
MINUTE = 60 * NS_PER_SECOND
_ID, _KIND, _REFERENCE, _AMOUNT, _EFFECT, _BOOKS_EFFECT, _DAY, _AGE, _SEEN = 1, 2, 7, 8, 9, 10, 11, 12, 16
"""Places in the evidence's line of a break (`jinku.custody.reconciliation.outcome.break_row`)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where scenes are played."""

    house: OpenHouse
    custody: OpenCustody
    clock: SimClock
    chart: Chart

    @property
    def books(self) -> Books:
        """The books."""
        return Books(self.chart.entity, self.chart.currency)

    def later(self, minutes: int = 1) -> None:
        """Some minutes go by."""
        self.clock.now += minutes * MINUTE


@dataclass(frozen=True, slots=True)
class Files:
    """What the close is given."""

    statement: Statement
    labels: tuple[Label, ...]
    statement_file: Path
    platform: bytes = b""
    platform_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A break as the kept evidence has it."""

    id: str
    key: Key
    amount: int
    day: str
    age_days: int
    seen: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed day."""

    day: BookDay
    statement: Statement
    labels: tuple[Label, ...]
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]
    """What the statement's own checks found."""
    breaks: tuple[Found, ...]
    cases: tuple[Case, ...]
    """The same as they stood on the desk right after the close."""
    document: Mapping[str, Any]
    """The record's values."""
    record: bytes
    evidence: bytes
    """The reconciliation, line by line."""
    position: Mapping[str, Any]
    remedies: tuple[Remedy, ...]
    notice: Notice
    reperformed: Reperformance
    """What came of computing the record again."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Cases by how they ended."""
        counts: Mapping[str, int] = self.document["reconciliation"]["counts"]
        return counts


def begin_books(stage: Stage, first_day: date) -> None:
    """Begin the day book, with the platform's own cut-off."""
    own = CloseSettings.of_structure(stage.custody.structure(stage.chart.entity))
    settings = CloseSettings(own.calendar, own.timezone, CUT_OFF, own.regime, own.structure)
    stage.custody.days.begin(stage.books, settings, first_day, by=HEAD)


def close_day(stage: Stage, files: Files) -> Closed:
    """Close the earliest open day with `files`. Raises what the desks raise."""
    closing, books = stage.custody.closing, stage.books
    files.statement_file.write_bytes(camt.write([files.statement]))
    given = Given(
        statements=[(files.statement_file.name, files.statement_file.read_bytes())],
        platform=[_exported(files.platform_file, files.platform)] if files.platform_file else [],
    )
    closing.start(books, given, stage.custody.structure(books.entity), MAKER)
    stage.later()
    day, _ = closing.finish(books, MAKER)
    cases = tuple(one for one in stage.custody.breaks.cases() if one.last_seen == day.day)
    stage.later()
    day, record = closing.review(books, CHECKER, comment="three sides and position checked")
    document = json.loads(record)
    evidence = closing.kept(document["reconciliation"]["sha256"])
    found = _breaks_in(evidence)
    remedies = _remedied(stage, day)
    [position] = stage.custody.remedies.position(books, day.day)
    return Closed(
        day=day,
        statement=files.statement,
        labels=files.labels,
        scores=score(files.labels, [one.key for one in found]),
        findings=check_all([files.statement]),
        breaks=found,
        cases=cases,
        document=document,
        record=record,
        evidence=evidence,
        position=position,
        remedies=remedies,
        notice=_notice(stage, day, position, document["reconciliation"]["counts"], remedies),
        reperformed=closing.reperform(books, day.day),
    )


def _exported(file: Path, data: bytes) -> tuple[str, bytes]:
    file.write_bytes(data)
    return file.name, file.read_bytes()


def _breaks_in(evidence: bytes) -> tuple[Found, ...]:
    rows = [json.loads(line) for line in evidence.splitlines() if line.startswith(b'["break"')]
    return tuple(
        Found(
            id=row[_ID],
            key=(row[_KIND], row[_REFERENCE], int(row[_EFFECT]), int(row[_BOOKS_EFFECT])),
            amount=int(row[_AMOUNT]),
            day=row[_DAY],
            age_days=row[_AGE],
            seen="; ".join(row[_SEEN]),
        )
        for row in rows
    )


def _remedied(stage: Stage, day: BookDay) -> tuple[Remedy, ...]:
    """What makes the position good: proposed, approved by another person, executed."""
    desk, done = stage.custody.remedies, []
    for one in desk.propose(stage.books, day.day, MAKER):
        stage.later()
        _refused_alone(desk, one)
        desk.decide(one.number, CHECKER, approve=True)
        stage.later()
        done.append(desk.execute(one.number, MAKER))
    return tuple(done)


def _refused_alone(desk: RemedyDesk, one: Remedy) -> None:
    """Who proposed it tries to approve it."""
    try:
        desk.decide(one.number, MAKER, approve=True)
    except SamePerson:
        return
    raise SimulationFault("a person approved the remedy that the same person had proposed")


def _notice(
    stage: Stage,
    day: BookDay,
    position: Mapping[str, Any],
    counts: Mapping[str, int],
    remedies: Sequence[Remedy],
) -> Notice:
    rule = rule_in_force(stage.custody.days.settings(stage.books, day.day).regime, day.day)
    unit = currency_by_number(stage.books.currency)
    return notice(Facts(day, unit, position, counts, remedies, rule, stage.clock()))
