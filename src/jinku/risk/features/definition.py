"""The table of features: one row says what is computed, and every engine computes that.

Rules:

1. A base feature is, for each event e: an exact integer aggregate over history rows, then one floating step.
   *History rows* are the events that pass `filter` and `stream`, each found under the identities of `history`
   (as a rule the same as `key`; for an account graph one row a side: "payer", "payee" or both).
   *Read* are those rows whose identities equal e's identities in `key` and whose time lies in
   ``(e.time - delay - window, e.time - delay]``: e itself is included unless `current` is false or `delay` is set.
2. A calendar window (day, week, month) holds the rows of the same local day, week or month instead.
3. NULL: a feature is NULL where an identity of `key` is NULL, and, but for counts (0), where nothing is read.
   A row whose `of` is NULL is no history row of that feature. Division by zero is NULL.
4. A derived feature is an `expression` over event fields and features above it. `filter`, `of` and `reset` may
   name features above, too: then they mean the value which that feature had *at that history row*.
5. Values of `of` are clipped to ±`VALUE_MAX`, for `std` to ±`STD_VALUE_MAX`: so no sum of a million rows can overflow.
6. All outputs are float64. The digest covers everything but the meanings.

Aggregates (a: rows read, v: their `of`):

======================= ============================================================================================
count                   number of rows
sum, min, max           of v; integers, as double
mean                    sum / count
std                     sample standard deviation sqrt((n Σv² - (Σv)²) / (n (n - 1))), numerator exact; NULL for n < 2
distinct                number of different v: a KEY, VARCHAR or BIGINT, or ``other``: the other side's identity
first, last             v of the oldest, newest row
since_first, since_last seconds from that row's time to e's
novel                   1 where no earlier row was read (e itself never counts), else 0
ratio                   mean over `window` / mean over the longer window `base`
streak                  rows that pass `filter` after the newest row of `stream` that passes `reset`, if any
scatter_gather, cycle   bounded temporal paths on the account graph: see `jinku.risk.features.paths`
======================= ============================================================================================

Example (TOML; a CSV with the same column names serves as well)::

    [set]
    name = "cards"
    version = 1
    schema = "payments"

    [[feature]]
    name = "customer_count_{window}"
    key = "customer"
    windows = ["1h", "1d", "7d"]
    aggregate = "count"

    [[feature]]
    name = "terminal_risk_7d"
    expression = "terminal_frauds_7d / terminal_count_7d"
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from jinku.base.canonical import canonical_json
from jinku.risk.events.schema import EventSchema
from jinku.risk.language import Expression

VALUE_MAX = (1 << 42) - 1
"""Largest magnitude of one aggregated value: 4.4e12 minor units."""
STD_VALUE_MAX = (1 << 31) - 1
"""Largest magnitude of one value of `std`, so that its square fits 62 bits."""
WINDOW_SECONDS_MIN = 60
WINDOW_SECONDS_MAX = 366 * 86_400
DELAY_SECONDS_MAX = 366 * 86_400
FEATURES_MAX = 1_000
CONDITIONS_MAX = 60
"""Different filters among the features that share their identities."""
OTHER = "other"
"""As `of`: the identity on the other side of the history row's `history` field."""
MICROSECONDS = 1_000_000


class Aggregate(StrEnum):
    """See the module's table."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    STD = "std"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"
    SINCE_FIRST = "since_first"
    SINCE_LAST = "since_last"
    NOVEL = "novel"
    STREAK = "streak"
    SCATTER_GATHER = "scatter_gather"
    CYCLE = "cycle"


PATHS = frozenset({Aggregate.SCATTER_GATHER, Aggregate.CYCLE})
"""The aggregates that `jinku.risk.features.paths` computes."""


class Stream(StrEnum):
    """Which events are history rows at all."""

    EVENTS = "events"
    """What happened: every kind but ``label``."""
    LABELS = "labels"
    """What became known: kind ``label`` alone."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Window:
    """How far back: a sliding length, or the calendar field whose value the rows share."""

    text: str
    microseconds: int
    """Of a calendar window, a length that is longer than any of its kind."""
    calendar: str = ""
    """The BIGINT event field ``day``, ``week`` or ``month``; empty where the window slides."""


@dataclass(frozen=True)
class Base:
    """A base feature (rules 1 to 3)."""

    name: str
    meaning: str
    hidden: bool
    """Computed for others, not put out."""
    aggregate: Aggregate
    key: tuple[str, ...]
    history: tuple[str, ...]
    """Fields under which history rows are found: equal to `key`, or one or two single sides (each row once a side)."""
    window: Window
    delay: int
    """Microseconds."""
    current: bool
    stream: Stream
    of: str = ""
    filter: str = ""
    reset: str = ""
    hops: int = 0
    """Of `cycle`: how many transfers close it, 2 to 4."""
    level: int = 0
    """0 where no other feature is named; else one more than the highest that is."""
    value: Expression | None = field(default=None, compare=False, repr=False)
    """`of` as BIGINT, KEY or VARCHAR expression; None without one and for ``other``."""
    condition: Expression | None = field(default=None, compare=False, repr=False)
    """`stream`, `filter` and `of` IS NOT NULL as one BOOLEAN expression (only TRUE passes); None: every row."""
    reset_condition: Expression | None = field(default=None, compare=False, repr=False)

    @property
    def legs(self) -> bool:
        """Whether history rows are found by sides (each `history` field alone) and not by `key` itself."""
        return self.history != self.key

    @property
    def near(self) -> int:
        """The newest row read is at ``e.time - near``, in microseconds: 0 with e itself, 1 without, or the delay."""
        return self.delay or (0 if self.current else 1)

    @property
    def far(self) -> int:
        """Rows are read while ``time > e.time - far``, in microseconds."""
        return self.delay + self.window.microseconds

    @property
    def identity(self) -> tuple[str, ...]:
        """`key`, and with a calendar window its field: what SQL partitions by."""
        return (*self.key, self.window.calendar) if self.window.calendar else self.key


@dataclass(frozen=True)
class Derived:
    """A scalar expression over event fields and features above it."""

    name: str
    meaning: str
    hidden: bool
    expression: str
    level: int = 0
    """0 over event fields alone; else that of the highest feature it names."""
    value: Expression | None = field(default=None, compare=False, repr=False)


Feature = Base | Derived


@dataclass(frozen=True)
class FeatureSet:
    """A checked table of features, in its order. Make one with `jinku.risk.features.reading`."""

    name: str
    version: int
    schema: EventSchema
    features: tuple[Feature, ...]
    of_column: bytes = b""
    """Of a set with labels as events: the digest of the same table with labels as a column, whose models it serves."""

    @cached_property
    def outputs(self) -> tuple[Feature, ...]:
        """The features that are put out, in definition order."""
        return tuple(feature for feature in self.features if not feature.hidden)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs, in definition order: the columns of a `FeatureFrame`."""
        return tuple(feature.name for feature in self.outputs)

    @cached_property
    def by_name(self) -> Mapping[str, Feature]:
        """Every feature, hidden ones too."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def namespace(self) -> dict[str, str]:
        """What rules may name: event fields with their types, and the outputs as DOUBLE."""
        return {**self.schema.namespace, **dict.fromkeys(self.names, "DOUBLE")}

    @cached_property
    def levels(self) -> tuple[tuple[Feature, ...], ...]:
        """The features by level; what a level names is in the levels below, or derived above it in the same."""
        top = max((feature.level for feature in self.features), default=0)
        return tuple(
            tuple(feature for feature in self.features if feature.level == level) for level in range(top + 1)
        )

    @cached_property
    def reach(self) -> int:
        """How far back an event may look, in microseconds: events older than that change no value of it.

        Levels add up: a filter over a feature looks back from the history row, not from the event."""
        far = [max((one.far for one in level if isinstance(one, Base)), default=0) for level in self.levels]
        return sum(far)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of everything that decides a value."""
        document = {
            "form": 1,
            "name": self.name,
            "version": self.version,
            "schema": self.schema.digest.hex(),
            "features": [_row(feature) for feature in self.features],
        }
        return hashlib.sha256(canonical_json(document)).digest()


def _row(feature: Feature) -> dict[str, object]:
    if isinstance(feature, Derived):
        return {"name": feature.name, "hidden": feature.hidden, "expression": feature.expression}
    return {
        "name": feature.name,
        "hidden": feature.hidden,
        "aggregate": feature.aggregate.value,
        "key": list(feature.key),
        "history": list(feature.history),
        "window": feature.window.text,
        "delay": str(feature.delay),
        "current": feature.current,
        "stream": feature.stream.value,
        "of": feature.of,
        "filter": feature.filter,
        "reset": feature.reset,
        "hops": feature.hops,
    }
