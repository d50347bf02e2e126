"""What is asked of the corridor, and what it answers: objects for one order, columns for thousands.

Rules:

1. A request is an order, who gives it, and on whose word: a mandate's number, or a one-time authorisation.
2. A one-time authorisation says how and when the customer gave it, which evidence there is, and the digest of exactly
   what was authorised. It is used once.
3. An answer says for each order where it stands and why, in the order of the requests.

Example::

    Request(withdrawal, maker="app", word=OneTime(Method.SMS, "sms-1", now, digest_of(chart, withdrawal)))
    Request(bid, maker="app", mandate=7)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from jinku.base.persons import PERSON
from jinku.custody.errors import BadOrder
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.mandates import EVIDENCE, NUMBER_MAX, Method
from jinku.custody.orders.model import Order
from jinku.custody.orders.movements import MARKS
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import Array

MAKERS_MAX = (1 << 16) - 1
EVIDENCE_BYTES = 40

WORD = np.dtype(
    [(name, MARKS[name]) for name in MARKS.names or ()]
    + [
        ("method", "u1"),
        ("method_2", "u1"),
        ("maker", "<u2"),
        ("given_at", "<u8"),
        ("given_at_2", "<u8"),
        ("evidence", f"S{EVIDENCE_BYTES}"),
        ("evidence_2", f"S{EVIDENCE_BYTES}"),
        ("digest", "V32"),
    ]
)
"""On whose word each order is given; `maker` is a place in the batch's makers, moments in ns, 0 for none."""

OUTCOME = np.dtype(
    [
        ("state", "u1"),
        ("reason", "u1"),
        ("action", "u1"),
        ("spare", "u1"),
        ("status", "<u4"),
        ("score", "<i4"),
        ("why", "<u2"),
        ("spare_2", "<u2"),
        ("at", "<u8"),
    ]
)
"""What became of each order: `State`, `Reason`, the decider's `Action` and score, `why` a place in the batch's reasons,
the ledger's status (0 where it was not asked), and its time."""


@dataclass(frozen=True, slots=True)
class OneTime:
    """A customer's authorisation of exactly one order. Raises BadOrder."""

    method: Method
    evidence: str
    given_at: int
    digest: bytes

    def __post_init__(self) -> None:
        if not EVIDENCE.fullmatch(self.evidence):
            raise BadOrder("not an evidence's id", field="evidence", value=self.evidence[:60])
        if len(self.digest) != 32:
            raise BadOrder("not a SHA-256 digest", field="digest", value=self.digest.hex()[:80])
        if not 0 < self.given_at < 1 << 63:
            raise BadOrder("not a moment in ns", field="given_at", value=self.given_at)


@dataclass(frozen=True, slots=True)
class Request:
    """One order, its maker, and the word behind it; `second` are those of the seller of a debt. Raises BadOrder."""

    order: Order
    maker: str
    mandate: int = 0
    word: OneTime | None = None
    second_mandate: int = 0
    second_word: OneTime | None = None

    def __post_init__(self) -> None:
        if not PERSON.fullmatch(self.maker):
            raise BadOrder("not an operator's id", field="maker", value=self.maker[:80])
        for name in ("mandate", "second_mandate"):
            if not 0 <= getattr(self, name) <= NUMBER_MAX:
                raise BadOrder("not a mandate's number", field=name, value=getattr(self, name))
        words = (self.word, self.second_word)
        if all(words) and words[0].digest != words[1].digest:  # type: ignore[union-attr]
            raise BadOrder("both must authorise the same order", field="second_word", value="another digest")


@dataclass(frozen=True)
class RequestColumns:
    """A batch of requests: the orders, ``WORD`` rows beside them, and the makers that these name."""

    columns: OrderColumns
    words: Array
    makers: tuple[str, ...]

    @classmethod
    def of(cls, chart: Chart, requests: Sequence[Request]) -> Self:
        """`requests` in columns. Raises BadOrder."""
        columns = OrderColumns.of(chart, [one.order for one in requests])
        makers: dict[str, int] = {}
        words = np.zeros(len(requests), WORD)
        words["maker"] = [makers.setdefault(one.maker, len(makers)) for one in requests]
        words["mandate"] = [one.mandate for one in requests]
        words["second"] = [one.second_mandate for one in requests]
        for place, one in enumerate(requests):
            for word, ending in ((one.word, ""), (one.second_word, "_2")):
                if word is not None:
                    words[f"method{ending}"][place] = word.method
                    words[f"given_at{ending}"][place] = word.given_at
                    words[f"evidence{ending}"][place] = word.evidence.encode()
                    words["digest"][place] = word.digest
        if len(makers) > MAKERS_MAX:
            raise BadOrder(f"at most {MAKERS_MAX} makers a batch", field="maker", value=len(makers))
        return cls(columns, words, tuple(makers))

    def __len__(self) -> int:
        return len(self.columns)

    def taken(self, places: Array) -> Self:
        """The requests at `places`."""
        return type(self)(self.columns.taken(places), self.words[places], self.makers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one order."""

    order: int
    state: State
    reason: Reason
    status: int
    score: int
    why: str


@dataclass(frozen=True)
class Answers:
    """What became of a batch; `outcomes` are ``OUTCOME`` rows, `whys` the decider's reasons that they name."""

    columns: OrderColumns
    outcomes: Array
    whys: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.outcomes)

    @cached_property
    def states(self) -> list[State]:
        """The state of each order."""
        return [State(one) for one in self.outcomes["state"].tolist()]

    @cached_property
    def reasons(self) -> list[Reason]:
        """The reason of each order that was not booked."""
        return [Reason(one) for one in self.outcomes["reason"].tolist()]

    def count(self, *states: State) -> int:
        """How many orders are in one of `states`."""
        return int(np.isin(self.outcomes["state"], states).sum())

    def __iter__(self) -> Iterator[Answer]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int) -> Answer:
        one, order = self.outcomes[place], self.columns.rows[place]
        return Answer(
            int(order["id_lo"]) | int(order["id_hi"]) << 64,
            State(int(one["state"])),
            Reason(int(one["reason"])),
            int(one["status"]),
            int(one["score"]),
            self.whys[int(one["why"])] if self.whys else "",
        )


def digest_of(chart: Chart, order: Order) -> bytes:
    """What a customer authorises when authorising `order`: see `jinku.custody.orders.columns`."""
    return OrderColumns.of(chart, [order]).digest(0)
