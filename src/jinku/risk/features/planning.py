"""From a feature set to the tables that the compiled engine runs.

Rules:

1. Base features of one level are put into one group when they find history under the same identities, or are connected
   by a `history` of other sides (payer and payee then share one history).
2. Equal conditions, values, windows and accumulators are made once, whatever number of features uses them.

Example::

    for level in plan(features):
        level.groups, level.conditions, level.values, level.parts
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from jinku.risk.events.schema import OTHER_SIDE
from jinku.risk.features.definition import (
    CONDITIONS_MAX,
    OTHER,
    PATHS,
    Aggregate,
    Base,
    Derived,
    Feature,
    FeatureSet,
)
from jinku.risk.features.errors import FeatureLimit
from jinku.risk.features.layout import (
    DISTINCT_WIDTH,
    MONO_WIDTH,
    NONE,
    ROW_HEAD,
    SLOT_HEAD,
    Integers,
    Op,
    Out,
    Plan,
)
from jinku.risk.language import Expression

_A = Aggregate
_WIDTH = {Op.SQUARES: 3, Op.STREAK: 2}
Identity = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """What an identity is made of, or `distinct` counts: an event field, or an expression."""

    text: str
    expression: Expression | None = None


@dataclass(frozen=True, eq=False)
class Level:
    """One level of a feature set, ready to run."""

    parts: tuple[Part, ...]
    conditions: tuple[Expression, ...]
    values: tuple[Expression, ...]
    groups: tuple[Plan, ...]
    paths: tuple["PathGroup", ...]
    derived: tuple[tuple[Derived, ...], ...]
    """In rounds: a round names only what the rounds before it have made."""


@dataclass(frozen=True, eq=False)
class PathGroup:
    """Bounded paths that share their accounts and their condition, counted by `jinku.risk.features.paths`."""

    key: Identity
    condition: int
    """Place among the level's conditions, or NONE."""
    features: tuple[Base, ...]


def rows_of(features: FeatureSet) -> dict[str, int]:
    """Each feature's row in the output: those that are put out first, in definition order."""
    hidden = [feature.name for feature in features.features if feature.hidden]
    return {name: row for row, name in enumerate((*features.names, *hidden))}


def plan(features: FeatureSet) -> tuple[Level, ...]:
    """The levels of `features`. Raises FeatureLimit."""
    rows = rows_of(features)
    return tuple(_level(list(level), rows) for level in features.levels)


def _level(features: list[Feature], rows: dict[str, int]) -> Level:
    shared = _Shared()
    bases = [one for one in features if isinstance(one, Base) and one.aggregate not in PATHS]
    groups = tuple(_Group(shared, group, rows).plan() for group in _grouped(bases))
    paths: dict[tuple[Identity, int], list[Base]] = {}
    for one in features:
        if isinstance(one, Base) and one.aggregate in PATHS:
            paths.setdefault((one.key, shared.condition(one.condition)), []).append(one)
    derived = tuple(_rounds([one for one in features if isinstance(one, Derived)]))
    return Level(
        tuple(shared.parts.values()),
        tuple(shared.conditions.values()),
        tuple(shared.values.values()),
        groups,
        tuple(PathGroup(key, condition, tuple(ones)) for (key, condition), ones in paths.items()),
        derived,
    )


def _grouped(bases: list[Base]) -> list[list[Base]]:
    """Rule 1."""
    leader: dict[Identity, Identity] = {}

    def find(one: Identity) -> Identity:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for base in bases:
        for identity in _histories(base):
            leader[find(identity)] = find(base.identity)
    groups: dict[Identity, list[Base]] = {}
    for base in bases:
        groups.setdefault(find(base.identity), []).append(base)
    return list(groups.values())


def _histories(base: Base) -> list[Identity]:
    return [(side,) for side in base.history] if base.legs else [base.identity]


def _rounds(derived: list[Derived]) -> Iterator[tuple[Derived, ...]]:
    waiting = derived
    while waiting:
        names = {one.name for one in waiting}
        ready = tuple(one for one in waiting if one.value and not names.intersection(one.value.names))
        yield ready
        waiting = [one for one in waiting if one not in ready]


class _Shared:
    """What the groups of a level read: each thing once, by its place."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.conditions: dict[str, Expression] = {}
        self.values: dict[str, Expression] = {}

    def part(self, text: str, expression: Expression | None = None) -> int:
        self.parts.setdefault(text, Part(text, expression))
        return list(self.parts).index(text)

    def condition(self, expression: Expression | None) -> int:
        if expression is None:
            return NONE
        self.conditions.setdefault(expression.text, expression)
        return list(self.conditions).index(expression.text)

    def value(self, expression: Expression) -> int:
        self.values.setdefault(expression.text, expression)
        return list(self.values).index(expression.text)


class _Group:
    """One group's tables while they are made."""

    def __init__(self, shared: _Shared, bases: list[Base], rows: dict[str, int]) -> None:
        self._shared, self._bases, self._rows = shared, bases, rows
        inserted = {identity for base in bases for identity in _histories(base)}
        looked_up = {base.identity for base in bases}
        self._sides = sorted(inserted | looked_up)
        self._side_rows = [
            [int(side in inserted), int(side in looked_up), self._other(side), *map(shared.part, side)]
            for side in self._sides
        ]
        edges = sorted({(base.near, base.far) for base in bases})
        self._nears = sorted({near for near, _ in edges})
        self._frames = edges
        self._bits: list[tuple[int, int, int]] = []
        self._values: list[int] = []
        self._distincts: list[tuple[int, int]] = []
        self._monos: list[tuple[int, int, int, int]] = []
        for base in bases:
            self._register(base)
        self._monos.sort()
        self._identity_words = 2 * max(len(side) for side in self._sides)
        self._heads = SLOT_HEAD + self._identity_words
        self._tails = self._heads + len(self._nears)
        self._accumulators = self._tails + len(self._frames)
        self._slot_words = self._accumulators + len(self._monos)
        self._ops: dict[tuple[int, Op, int, int], int] = {}

    def plan(self) -> Plan:
        """The finished tables."""
        outs = [self._out(base) for base in self._bases]
        links = ROW_HEAD + len(self._values)
        distincts = [
            (bit, part, links + DISTINCT_WIDTH * at) for at, (bit, part) in enumerate(self._distincts)
        ]
        links += DISTINCT_WIDTH * len(distincts)
        monos = [
            (bit, place, sign, links + MONO_WIDTH * at, self._accumulators + at)
            for at, (_, bit, place, sign) in enumerate(self._monos)
        ]
        links += MONO_WIDTH * len(monos)
        ops = sorted(self._ops.items(), key=lambda item: item[0])
        frames_of = [near for near, _ in self._frames]
        nears = [
            (near, *_span([one[0] for one in self._monos], at), *_span(frames_of, near))
            for at, near in enumerate(self._nears)
        ]
        frames = [
            (far, self._nears.index(near), *_span([key[0] for key, _ in ops], at))
            for at, (near, far) in enumerate(self._frames)
        ]
        far = max(far for _, far in self._frames)
        sizes = (
            *(links, self._slot_words, self._identity_words),
            *(self._heads, self._tails, self._accumulators, far),
        )
        widest = max(len(row) for row in self._side_rows)
        return Plan(
            sides=_table([row + [NONE] * (widest - len(row)) for row in self._side_rows], widest),
            bits=_table(self._bits, 3),
            values=np.array(self._values, np.int64),
            distincts=_table(distincts, 3),
            monos=_table(monos, 5),
            nears=_table(nears, 5),
            frames=_table(frames, 4),
            ops=_table([(int(kind), bit, argument, into) for (_, kind, bit, argument), into in ops], 4),
            outs=_table(outs, 6),
            sizes=np.array(sizes, np.int64),
        )

    def _other(self, side: Identity) -> int:
        wanted = any(base.of == OTHER and side in _histories(base) for base in self._bases)
        return self._shared.part(OTHER_SIDE[side[0]]) if wanted else NONE

    # --- first pass: what rows hold -------------------------------------------------------------------------

    def _register(self, base: Base) -> None:
        bit = self._bit(base, base.condition)
        if base.reset_condition is not None:
            self._bit(base, base.reset_condition)
        if base.aggregate is Aggregate.DISTINCT:
            _once(self._distincts, (bit, self._counted(base)))
        elif base.value is not None and base.aggregate not in _WITHOUT_VALUE:
            place = self._value_place(base)
            if base.aggregate in (Aggregate.MIN, Aggregate.MAX):
                _once(self._monos, self._mono(base, bit, place))

    def _bit(self, base: Base, condition: Expression | None) -> int:
        mask = sum(1 << self._sides.index(side) for side in _histories(base))
        bit = _once(self._bits, (self._shared.condition(condition), mask, int(base.of == OTHER)))
        if bit >= CONDITIONS_MAX:
            raise FeatureLimit(
                f"feature {base.name}: more than {CONDITIONS_MAX} different filters share its identities",
                remedy="use fewer filters over the same key",
            )
        return bit

    def _counted(self, base: Base) -> int:
        return NONE if base.of == OTHER else self._shared.part(base.of, base.value)

    def _value_place(self, base: Base) -> int:
        if base.value is None:
            raise FeatureLimit(f"feature {base.name} has no value to aggregate")
        return ROW_HEAD + _once(self._values, self._shared.value(base.value))

    def _mono(self, base: Base, bit: int, place: int) -> tuple[int, int, int, int]:
        sign = 1 if base.aggregate is Aggregate.MAX else -1
        return self._nears.index(base.near), bit, place, sign

    # --- second pass: what frames accumulate, what is put out -----------------------------------------------

    def _op(self, frame: int, op: Op, bit: int, argument: int = 0) -> int:
        key = (frame, op, bit, argument)
        if key not in self._ops:
            self._ops[key] = self._slot_words
            self._slot_words += _WIDTH.get(op, 1)
        return self._ops[key]

    def _out(self, base: Base) -> tuple[int, ...]:
        bit = self._bit(base, base.condition)
        frame = self._frames.index((base.near, base.far))
        head = self._sides.index(base.identity), self._rows[base.name]
        kind = base.aggregate
        if kind in (_A.COUNT, _A.NOVEL):
            out = Out.NOVEL if kind is _A.NOVEL else Out.WHOLE
            return (int(out), *head, self._op(frame, Op.COUNT, bit), NONE, NONE)
        if kind is _A.STREAK:
            reset = self._bit(base, base.reset_condition)
            return (int(Out.WHOLE), *head, self._op(frame, Op.STREAK, bit, reset), NONE, NONE)
        if kind is _A.DISTINCT:
            at = self._distincts.index((bit, self._counted(base)))
            links = ROW_HEAD + len(self._values) + DISTINCT_WIDTH * at
            return (int(Out.WHOLE), *head, self._op(frame, Op.DISTINCT, bit, links), NONE, NONE)
        if kind in _WITHOUT_VALUE:
            op = Op.FIRST if kind is _A.SINCE_FIRST else Op.LAST
            return (int(Out.ROW_AGE), *head, self._op(frame, op, bit), NONE, NONE)
        place = self._value_place(base)
        if kind in (_A.FIRST, _A.LAST):
            op = Op.FIRST if kind is _A.FIRST else Op.LAST
            return (int(Out.ROW_VALUE), *head, self._op(frame, op, bit), place, NONE)
        if kind in (_A.MIN, _A.MAX):
            mono = self._monos.index(self._mono(base, bit, place))
            return (int(Out.ROW_VALUE), *head, self._op(frame, Op.FRONT, bit, mono), place, NONE)
        count = self._op(frame, Op.COUNT, bit)
        if kind is _A.STD:
            return (int(Out.STD), *head, count, self._op(frame, Op.SQUARES, bit, place), NONE)
        out = Out.SUM if kind is _A.SUM else Out.MEAN
        return (int(out), *head, count, self._op(frame, Op.SUM, bit, place), NONE)


_WITHOUT_VALUE = frozenset({_A.COUNT, _A.NOVEL, _A.STREAK, _A.SINCE_FIRST, _A.SINCE_LAST})


def _once(items: list[T], item: T) -> int:
    """The place of `item`, appended where it is new."""
    if item not in items:
        items.append(item)
    return items.index(item)


def _span(sorted_items: list[int], wanted: int) -> tuple[int, int]:
    """Where the items equal to `wanted` begin and end."""
    count = sorted_items.count(wanted)
    begin = sorted_items.index(wanted) if count else 0
    return begin, begin + count


def _table(rows: Iterable[Iterable[int]], width: int) -> Integers:
    return np.array([tuple(row) for row in rows], np.int64).reshape(-1, width)
