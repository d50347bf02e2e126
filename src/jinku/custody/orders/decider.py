"""The port to the risk desk: who decides about orders before money moves.

Rules:

1. A decider is given the whole batch in columns and answers for every order: allow, challenge, hold or deny, with a
   score and a reason. It changes nothing.
2. Held orders are booked as pending until a person decides; challenged ones wait for the customer; denied ones are
   refused and kept with score and reason.
3. An order that takes up a hold cannot be held itself: it waits for a checker instead.

Example::

    class Careful:
        def decide(self, batch: OrderColumns, at: int) -> Decisions:
            large = batch.rows["amount_lo"] > 1_000_000
            return Decisions.of(len(batch)).put(large, Action.HOLD, score=80, why="large")
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from jinku.custody.orders.columns import OrderColumns
from jinku.ledger.layout import Array

WHYS_MAX = (1 << 16) - 1


class Action(IntEnum):
    """What a decider says of an order."""

    ALLOW = 0
    CHALLENGE = 1
    HOLD = 2
    DENY = 3


DECISION = np.dtype([("action", "u1"), ("score", "<i4"), ("why", "<u2")])


@dataclass(frozen=True)
class Decisions:
    """``DECISION`` rows, and the reasons that `why` numbers; reason 0 is none."""

    rows: Array
    whys: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, count: int) -> Self:
        """`count` orders allowed without a word."""
        return cls(np.zeros(count, DECISION))

    def put(self, which: NDArray[np.bool_], action: Action, *, score: int, why: str) -> Self:
        """The same with `action` for the orders in `which`."""
        rows = self.rows.copy()
        rows["action"][which], rows["score"][which], rows["why"][which] = action, score, len(self.whys)
        return type(self)(rows, (*self.whys, why))


class Decider(Protocol):
    """Decides about orders; see the module's rules."""

    def decide(self, batch: OrderColumns, at: int) -> Decisions:
        """A decision for every order of `batch`, as of the moment `at` (ns)."""
        ...


class AllowAll:
    """The decider of a house without a risk desk."""

    def decide(self, batch: OrderColumns, at: int) -> Decisions:  # noqa: ARG002 - the port's
        """Allow every order."""
        return Decisions.of(len(batch))
