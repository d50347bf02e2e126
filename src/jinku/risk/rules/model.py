"""Rules and rule sets: what is asked of each event, and what follows where the answer is yes.

Rules:

1. A rule fires where its condition is TRUE, neither FALSE nor NULL, and the event's own time lies in the rule's
   stretch: from its first moment (included) to its end (not included).
2. A shadow rule is evaluated and recorded and never acts. The outcome of an event is the strongest of the acting rules
   that fired, its score the sum of theirs.
3. The digest of a set covers all that decides: names, conditions, outcomes, scores, stretches, shadow, in order; the
   reasons and typologies too, since they are what people are told.

Example::

    hits = rule_set.evaluate(columns, 8000)
    hits.fired("large-night")     # mask of 8,000 events
    hits.outcomes()               # uint8, numbers of Outcome
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_US, to_rfc3339
from jinku.risk.language import Columns, Expression, Mask, Program, Value

TIME = "time"
"""The event's own time, microseconds since 1970 UTC: decides which rules are in their stretch."""
ALWAYS_FROM = -(1 << 63)
ALWAYS_UNTIL = (1 << 63) - 1
CHALLENGER_PREFIX = "challenger/"


class Outcome(IntEnum):
    """What is done with an event; the strongest has the greatest number."""

    ALLOW = 0
    CHALLENGE = 1
    HOLD = 2
    DENY = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; see the module. Times are microseconds since 1970 UTC."""

    name: str
    when: Expression
    outcome: Outcome
    score: int
    reason: str
    reason_zh: str
    typology: str = ""
    since: int = ALWAYS_FROM
    until: int = ALWAYS_UNTIL
    shadow: bool = False

    def document(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "name": self.name,
            "when": self.when.text,
            "outcome": self.outcome.name.lower(),
            "score": self.score,
            "reason": self.reason,
            "reason_zh": self.reason_zh,
            "typology": self.typology,
            "from": None if self.since == ALWAYS_FROM else to_rfc3339(self.since * NS_PER_US),
            "until": None if self.until == ALWAYS_UNTIL else to_rfc3339(self.until * NS_PER_US),
            "shadow": self.shadow,
        }


@dataclass(frozen=True)
class RuleSet:
    """Checked rules in their order. Make one with `jinku.risk.rules.reading`."""

    name: str
    rules: tuple[Rule, ...]

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of all that decides or is told."""
        document = {"form": 1, "name": self.name, "rules": [rule.document() for rule in self.rules]}
        return hashlib.sha256(canonical_json(document)).digest()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the rules, in order."""
        return tuple(rule.name for rule in self.rules)

    @cached_property
    def program(self) -> Program:
        """All conditions as one program."""
        return Program([rule.when for rule in self.rules])

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The columns that `evaluate` needs."""
        return tuple(sorted({*self.program.names, *([TIME] if self._dated else [])}))

    @cached_property
    def _dated(self) -> tuple[int, ...]:
        """The places of the rules that do not always hold."""
        return tuple(
            place
            for place, rule in enumerate(self.rules)
            if rule.since != ALWAYS_FROM or rule.until != ALWAYS_UNTIL
        )

    def evaluate(self, columns: Columns, count: int) -> "Hits":
        """Which rules fire for each of `count` events. Raises ColumnsDiffer, TooManyWords."""
        masks = self.program.true(columns, count)
        for place in self._dated:
            rule, times = self.rules[place], np.asarray(columns[TIME].values)
            masks[place] = masks[place] & (times >= rule.since) & (times < rule.until)
        return Hits(self, masks, count)

    def evaluate_one(self, row: Mapping[str, Value]) -> tuple[bool, ...]:
        """Whether each rule fires for one event. Raises KeyError for a name that `row` has not."""
        fired = self.program.true_one(row)
        if not self._dated:
            return fired
        dated, at = list(fired), row[TIME]
        for place in self._dated:
            rule = self.rules[place]
            dated[place] = dated[place] and isinstance(at, int) and rule.since <= at < rule.until
        return tuple(dated)

    def with_challenger(self, challenger: "RuleSet") -> "RuleSet":
        """This set with the rules of another one behind its own, all in shadow, their names marked.

        What both have in common is computed once. `Hits.challenger` says what the other would have done.
        """
        marked = [
            replace(rule, name=CHALLENGER_PREFIX + rule.name, shadow=True)
            for rule in challenger.rules
            if not rule.shadow
        ]
        return RuleSet(self.name, (*self.rules, *marked))


@dataclass(frozen=True)
class Hits:
    """Which rules of a set fired for which events; `masks` has one mask a rule, in order, not to be written to."""

    rule_set: RuleSet
    masks: Sequence[Mask]
    count: int

    def fired(self, name: str) -> Mask:
        """For which events the rule of this name fired. Raises ValueError."""
        return self.masks[self.rule_set.names.index(name)]

    def matrix(self) -> npt.NDArray[np.uint8]:
        """Shape (events, rules), contiguous, 1 where a rule fired, those in shadow too."""
        found = np.zeros((self.count, len(self.masks)), np.uint8)
        for place, mask in enumerate(self.masks):
            found[:, place] = mask
        return found

    def outcomes(self) -> npt.NDArray[np.uint8]:
        """The strongest outcome of the acting rules that fired, per event."""
        return self._strongest("")

    def challenger(self) -> npt.NDArray[np.uint8]:
        """What the challenger's rules would have done, per event."""
        return self._strongest(CHALLENGER_PREFIX)

    def scores(self) -> npt.NDArray[np.int64]:
        """The sum of the scores of the acting rules that fired, per event."""
        total = np.zeros(self.count, np.int64)
        for rule, mask in zip(self.rule_set.rules, self.masks, strict=True):
            if not rule.shadow and rule.score:
                total += rule.score * mask
        return total

    def _strongest(self, prefix: str) -> npt.NDArray[np.uint8]:
        found = np.zeros(self.count, np.uint8)
        for rule, mask in zip(self.rule_set.rules, self.masks, strict=True):
            if rule.name.startswith(prefix) if prefix else not rule.shadow:
                np.maximum(found, mask * np.uint8(rule.outcome), out=found)
        return found
