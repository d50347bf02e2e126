"""One outcome from what was found of each event: compiled, thousands at a time.

Rules are those of `jinku.risk.decision.policy`; rows that were not looked at have its answers for that.

Example::

    decided = decisions(batch, findings, stages, linked, Basis(versions, lines, policy))
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import released
from jinku.risk.decision.model import (
    OUTCOME,
    Action,
    Array,
    Bits,
    Decided,
    Findings,
    Floats,
    Stage,
    Versions,
    chain_starts,
)
from jinku.risk.decision.policy import Policy
from jinku.risk.events.batch import EventBatch

POINTS_MAX = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule says where it fires."""

    name: str
    action: Action
    points: int
    reason: str
    shadow: bool = False
    """Whether it is only watched: it is recorded and counts for nothing."""


@dataclass(frozen=True)
class RuleLines:
    """The rules of a set, in its order, as the columns that the combination reads."""

    lines: tuple[RuleLine, ...]
    actions: NDArray[np.int64]
    points: NDArray[np.int64]

    @classmethod
    def of(cls, lines: tuple[RuleLine, ...]) -> "RuleLines":
        """Columns of `lines`; those in shadow get -1 and no points."""
        actions = [-1 if line.shadow else int(line.action) for line in lines]
        points = [0 if line.shadow else line.points for line in lines]
        return cls(lines, np.array(actions, np.int64), np.array(points, np.int64))


@released
def _combine(
    hits: Bits,
    rules: NDArray[np.int64],
    model: Floats,
    listed: NDArray[np.bool_],
    rows: NDArray[np.float64],
    out: NDArray[np.int64],
) -> None:
    """Per event: action, place of the reason (1 … rules, then rows; 0 for none) and points, into `out`.

    `rules` are (actions, points); `rows` have the columns model, points, action, by_model, by_points, listed.
    """
    count = hits.shape[1]
    for at in range(len(out)):
        action, why, points = 0, 0, 0
        for rule in range(count):
            if hits[at, rule]:
                points += rules[1, rule]
                if rules[0, rule] > action:
                    action, why = rules[0, rule], rule + 1
        for row in range(len(rows)):
            met = (
                (rows[row, 3] == 0.0 or model[at] >= rows[row, 0])
                and (rows[row, 4] == 0.0 or points >= rows[row, 1])
                and (rows[row, 5] < 0.0 or listed[at] == (rows[row, 5] == 1.0))
            )
            if met and rows[row, 2] > action:
                action, why = int(rows[row, 2]), count + row + 1
        out[at, 0], out[at, 1], out[at, 2] = action, why, points


def combined(
    findings: Findings, listed: NDArray[np.bool_], lines: RuleLines, policy: Policy
) -> tuple[Array, NDArray[Any]]:
    """``OUTCOME`` rows of events that were looked at, and for each the place of its reason in `Basis.reasons`."""
    out = np.zeros((len(listed), 3), np.int64)
    rows = np.stack(
        [policy.conditions[name].astype(np.float64) for name in policy.conditions.dtype.names or ()], axis=1
    )
    _combine(findings.hits, np.stack([lines.actions, lines.points]), findings.model, listed, rows, out)
    outcomes = np.zeros(len(out), OUTCOME)
    outcomes["action"] = outcomes["own"] = out[:, 0]
    outcomes["points"] = np.clip(out[:, 2], -POINTS_MAX, POINTS_MAX)
    outcomes["model"] = findings.model
    return outcomes, out[:, 1]


STAGE_REASONS = {
    Stage.LATE: "too late to decide",
    Stage.FEATURES_FAILED: "features failed",
    Stage.MODEL_FAILED: "model failed",
    Stage.RULES_FAILED: "rules failed",
}


MEASURE_REASON = "a measure is in force"
"""Neutral words: a customer who hears them hears of no suspicion."""
LATE_REASON = "not looked at, and more than may be let through so"


@dataclass(frozen=True)
class Basis:
    """By what is decided: versions, rules, policy."""

    versions: Versions
    lines: RuleLines
    policy: Policy

    @cached_property
    def measure_place(self) -> int:
        """The place of a measure's reason; those of the stages follow."""
        return len(self.reasons) - len(Stage) - 1

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """All reasons that a decision can have: none, those of rules, of the policy's rows, of measures, of stages from
        1 on, of what was held although late."""
        rules = (f"{line.name}: {line.reason}" for line in self.lines.lines)
        return (
            "",
            *rules,
            *self.policy.reasons,
            MEASURE_REASON,
            *(STAGE_REASONS[Stage(one)] for one in range(1, len(Stage))),
            LATE_REASON,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What is demanded of the events of a batch beside what was found: an action at least, 0 for none."""

    measures: Bits | None = None
    """By measures against persons: of late and failed events too."""
    late: Bits | None = None
    """Of events that were not looked at (`jinku.risk.decision.late`)."""


NOTHING_TOLD = Told()


def unlooked(count: int, basis: Basis, features: int) -> Findings:
    """Findings of `count` events that nothing was found about."""
    nothing = np.full((features, count), np.nan), np.full(count, np.nan)
    return Findings(*nothing, np.zeros((count, len(basis.lines.lines)), np.uint8))


def decisions(
    batch: EventBatch,
    findings: Findings,
    stages: Bits,
    linked: NDArray[np.bool_],
    basis: Basis,
    told: Told = NOTHING_TOLD,
) -> Decided:
    """The decisions of a batch. `stages` says of each event how far it came, `linked` that it is chained to the next;
    what is in `findings` of events that did not come through must be nothing."""
    listed = batch.column("listed")
    outcomes, places = combined(findings, listed.values & listed.valid, basis.lines, basis.policy)
    outcomes["stage"] = stages
    if stages.any():
        late = stages == Stage.LATE
        failed = (stages != Stage.DECIDED) & ~late
        for which, answer in ((late, basis.policy.late), (failed, basis.policy.failed)):
            if which.any():
                outcomes["action"][which] = answer.actions(batch)[which]
                outcomes["points"][which] = 0
        places = np.where(stages > 0, basis.measure_place + stages, places)
    for name, demanded, place in (
        ("late", told.late, len(basis.reasons) - 1),
        ("measure", told.measures, basis.measure_place),
    ):
        if demanded is not None:
            outcomes[name] = demanded
            stronger = demanded > outcomes["action"]
            outcomes["action"][stronger] = demanded[stronger]
            places = np.where(stronger, place, places)
    outcomes["own"] = outcomes["action"]
    starts = chain_starts(linked)
    outcomes["chain"] = starts
    if linked.any():
        heads = np.unique(starts)
        lengths = np.diff(np.append(heads, len(starts)))
        strongest = np.repeat(np.maximum.reduceat(outcomes["own"], heads), lengths)
        mine = np.flatnonzero(outcomes["own"] == strongest)
        first = mine[
            np.searchsorted(starts[mine], heads)
        ]  # the first of each chain that is as strong as its chain
        outcomes["action"], places = strongest, np.repeat(places[first], lengths)
    used = np.unique(np.append(places, 0))
    outcomes["why"] = np.searchsorted(used, places)
    return Decided(basis.versions, findings, outcomes, tuple(basis.reasons[one] for one in used.tolist()))
