"""A past day decided again, with the versions then in force, and compared byte for byte.

Rules:

1. The state is rebuilt as of the day's first record; then each record of the day is decided again and encoded again:
   the bytes must be those of the journal, and their digest what the log seals.
2. Which decisions came too late or met a failed engine, which action a measure demanded, and what was due of a late
   one, is taken from the record; everything else is made anew.
3. What was altered is told by name: a record, a version on the shelf. A record that cannot be read ends the replay.
4. What was erased after its term is told with the act under which it went; it is no mismatch. What was decided from
   erased history cannot be decided again, and is told so.

Example::

    replay(journal, snapshots, load, date(2026, 11, 22)).mismatches  # 0
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from jinku.base.clock import NS_PER_US, end_of_day, start_of_day
from jinku.risk.decision.combining import Basis, Told, decisions, unlooked
from jinku.risk.decision.errors import JournalAltered, JournalErased
from jinku.risk.decision.history import Restorable, Snapshots, rebuilt
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Decided, Findings, Stage, Versions
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import Kept, RecordKind, decode, decode_learnt, encode

FINDINGS_MAX = 100

Load = Callable[[Versions], tuple[Restorable, Policy]]
"""Fresh engines and the policy of some versions, from the shelf. Raises VersionUnknown."""


@dataclass
class Replayed:
    """What a replay found."""

    day: date
    records: int = 0
    decisions: int = 0
    mismatches: int = 0
    """Decisions that came out otherwise, or that cannot be read."""
    erased: int = 0
    """Decisions that were erased after their term, or made from history that was."""
    rebuilt: int = 0
    """Events of earlier days that the state was rebuilt from."""
    versions: list[Versions] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    """What is wrong, in words; the first of them."""

    def tell(self, finding: str, count: int) -> None:
        """Count `count` mismatches and say why."""
        self.mismatches += count
        self._say(finding)

    def gone(self, finding: str, count: int) -> None:
        """Count `count` decisions that cannot be made again, since the law had something erased."""
        self.erased += count
        self._say(finding)

    def _say(self, finding: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)


def replay(journal: Journal, snapshots: Snapshots | None, load: Load, day: date) -> Replayed:
    """Decide a UTC day's batches again. Raises VersionUnknown, and JournalAltered for days before it."""
    first = journal.first_at(start_of_day(day) // NS_PER_US)
    last = journal.first_at(end_of_day(day) // NS_PER_US + 1)
    found, engines, basis = Replayed(day), None, None
    for number in range(first, last):
        place = journal.place(number)
        found.records += 1
        try:
            journal.check_seal(number)
            payload = journal.read(number)
        except JournalErased as error:
            found.gone(error.message, int(place["rows"]))
            basis = engines = None
            continue
        except JournalAltered as error:
            found.tell(error.message, max(1, int(place["rows"])))
            break
        if int(place["kind"]) == RecordKind.LEARNT and engines is not None:
            engines.rebuild(decode_learnt(payload))
        if int(place["kind"]) != RecordKind.DECISIONS:
            continue
        kept = decode(payload)
        if basis is None or engines is None or kept.decided.versions != basis.versions:
            engines, policy = load(kept.decided.versions)
            basis = Basis(kept.decided.versions, engines.lines, policy)
            try:
                found.rebuilt += rebuilt(engines, journal, snapshots, number, whole=True)
            except JournalErased as error:
                found.gone(
                    f"record {number} was decided from what is gone: {error.message}", len(kept.decided)
                )
                basis = engines = None
                continue
            found.versions.append(basis.versions)
        again = decided_again(kept, engines, basis)
        found.decisions += len(again)
        if b"".join(bytes(part) for part in encode(kept.asked, again)) != payload:
            differ = max(1, int(differing(kept.decided, again).sum()))
            found.tell(f"record {number}: {differ} of {len(again)} decisions come out otherwise", differ)
    return found


def decided_again(kept: Kept, engines: Restorable, basis: Basis) -> Decided:
    """What is decided now about what was asked then (rule 2)."""
    events, stages = kept.asked.events, kept.decided.outcomes["stage"]
    told = Told(kept.decided.outcomes["measure"], kept.decided.outcomes["late"])
    frame = engines.features(events)
    full = stages == Stage.DECIDED
    if full.all():
        findings = Findings(frame.values, engines.model(frame, events), engines.rules(frame, events))
        return decisions(events, findings, stages, kept.linked, basis, told)
    findings = unlooked(len(events), basis, engines.width)
    if full.any():
        looked = Findings(frame.values, engines.model(frame, events), engines.rules(frame, events))
        findings.values[:, full] = looked.values[:, full]
        findings.model[full], findings.hits[full] = looked.model[full], looked.hits[full]
    return decisions(events, findings, stages, kept.linked, basis, told)


def differing(one: Decided, other: Decided) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which decisions differ, in outcome, feature values or hits."""
    first, second = one.findings, other.findings
    if first.values.shape != second.values.shape or first.hits.shape != second.hits.shape:
        return np.ones(len(one), np.bool_)
    differ = (first.hits != second.hits).any(axis=1)
    differ |= (first.values.view(np.int64) != np.ascontiguousarray(second.values).view(np.int64)).any(axis=0)
    whys = np.array([one.why(at) != other.why(at) for at in range(len(one))])
    for name in ("action", "own", "stage", "points", "chain", "measure", "late"):
        differ |= one.outcomes[name] != other.outcomes[name]
    scores = one.outcomes["model"], other.outcomes["model"]
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        differ | whys | ~np.isclose(scores[0], scores[1], rtol=0, atol=0, equal_nan=True)
    )
    return found
