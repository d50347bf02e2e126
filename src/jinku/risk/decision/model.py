"""What a decision is: its action, how it came about, and the columns in which thousands are kept.

Rules:

1. The numbers are in the journal and never change meaning. Of several actions the strongest is the greatest.
2. An outcome says what is done with the transfer (`action`) and what was decided of it alone (`own`): of a linked chain
   the strongest decision counts for each of its transfers.
3. `stage` says whether the whole path was walked. Where it was not, the answer is the policy's for that case, and
   neither features nor score nor rules are told of the row.

Example::

    outcomes["action"] == Action.HOLD
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint8]


class Action(IntEnum):
    """What is done with a transfer; the enumeration of record."""

    ALLOW = 0
    CHALLENGE = 1
    """It waits for the customer's word."""
    HOLD = 2
    """It waits for two persons."""
    DENY = 3


class Stage(IntEnum):
    """How a decision came about."""

    DECIDED = 0
    """Features, model, rules and screening, in time."""
    LATE = 1
    """The deadline passed first."""
    FEATURES_FAILED = 2
    MODEL_FAILED = 3
    RULES_FAILED = 4


OUTCOME = np.dtype(
    [
        ("action", "u1"),
        ("own", "u1"),
        ("stage", "u1"),
        ("measure", "u1"),
        ("points", "<i4"),
        ("why", "<u2"),
        ("late", "u1"),
        ("spare_1", "u1"),
        ("chain", "<u4"),
        ("model", "<f8"),
    ]
)
"""One decision, 24 bytes: `points` of the rules that fired, `why` a place in the batch's reasons (0 for none), `chain`
the place of the first transfer linked with it, `model` the score (NaN for none), `measure` the action that a measure
against one of its persons demands (0 for none; an input, as it was told), `late` the action that was due at least since
nobody could look in time (`jinku.risk.decision.late`; 0 for none, an input too)."""


@dataclass(frozen=True, slots=True)
class Versions:
    """With what was decided: SHA-256 in hex of each part's canonical bytes; empty where a house has none."""

    features: str
    rules: str = ""
    model: str = ""
    policy: str = ""
    lists: str = ""

    def as_json(self) -> dict[str, str]:
        """The versions as JSON values."""
        return {name: getattr(self, name) for name in ("features", "rules", "model", "policy", "lists")}


@dataclass(frozen=True, slots=True)
class Findings:
    """What engines found of consecutive events, all of which were looked at."""

    values: Floats
    """Shape (features, events), in definition order; NaN where a feature is NULL."""
    model: Floats
    """Shape (events,); NaN where there is no model."""
    hits: Bits
    """Shape (events, rules): 1 where a rule fired."""

    def put(self, first: int, part: "Findings") -> None:
        """Write what was found of the events from `first` on."""
        rows = slice(first, first + len(part.model))
        self.values[:, rows], self.model[rows], self.hits[rows] = part.values, part.model, part.hits


@dataclass(frozen=True, slots=True)
class Decided:
    """A batch of decisions and what they were made from. Rows that were not decided in time have zeros and NaN."""

    versions: Versions
    findings: Findings
    outcomes: Array
    """``OUTCOME`` rows."""
    whys: tuple[str, ...]
    """The reasons that `why` numbers; reason 0 is none."""

    def __len__(self) -> int:
        return len(self.outcomes)

    def why(self, place: int) -> str:
        """The reason of the decision at `place`."""
        return self.whys[int(self.outcomes["why"][place])]


def chain_starts(linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each row the place where its chain begins; `linked` says that a row is chained to the next one."""
    begins = np.ones(len(linked), np.bool_)
    begins[1:] = ~linked[:-1]
    places: NDArray[np.int64] = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return places
