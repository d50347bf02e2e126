"""Which rows a feature set needs on a cluster, and which windows over them, in which order.

Rules:

1. A window of Flink ends at the row it is for. So what a feature reads with a delay, without the event itself, or under
   another side's identity is a *copy* of the event, moved to the time at which it comes into view (`near` later), with
   the identity of that side. Row 0 is the event itself; it alone is answered for.
2. Rows of one partition with one time are seen together (RANGE), so an event and a copy that meet see each other, which
   is what "at most `e.time - near`" means.
3. Bounded temporal paths need no copies; those with one key and one condition share a `PathStage`.
4. Flink computes one window at a time: features that share identities, copies and length share a `Stage`; stages follow
   each other, and copies that no later stage reads are dropped.

Example::

    plan = plan_of(features)
    plan.copies     # (Copy(near=604800000000, side=""),)
    plan.levels[0]  # stages, those that read copies first
"""

from collections.abc import Iterable
from dataclasses import dataclass

from jinku.risk.events.schema import OTHER_SIDE
from jinku.risk.features.definition import OTHER, PATHS, Base, Derived, Feature, FeatureSet
from jinku.risk.language import Expression

EVENT = 0
"""The row that is the event itself."""


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """A copy of each event, `near` microseconds later; `side` is the field whose identity it is found under, if any."""

    near: int
    side: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One window, and the features that read it. `found` gives for each row number the fields it is found under."""

    key: tuple[str, ...]
    """Of the event, with the field of a calendar window."""
    found: tuple[tuple[int, tuple[str, ...]], ...]
    preceding: int
    """Microseconds before the row's own time, inclusive."""
    features: tuple[Base, ...]

    @property
    def rows(self) -> frozenset[int]:
        """The numbers of the rows that are history here."""
        return frozenset(number for number, _ in self.found)


@dataclass(frozen=True, slots=True)
class PathStage:
    """Bounded temporal paths between the two accounts of `key` over the rows that pass one condition."""

    key: tuple[str, ...]
    condition: Expression | None
    features: tuple[Base, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """Windows and paths whose filters and values name features of lower levels at most, then what is derived."""

    stages: tuple[Stage, ...]
    paths: tuple[PathStage, ...]
    derived: tuple[Derived, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module. Copy i of `copies` is row i + 1."""

    copies: tuple[Copy, ...]
    levels: tuple[Level, ...]
    fields: tuple[str, ...]
    """The event fields that are read at all, in the schema's order, `id` and `time` among them."""


def plan_of(features: FeatureSet) -> Plan:
    """The plan of a feature set."""
    copies = _copies(_windows(features.features))
    levels = []
    for level in features.levels:
        stages = _stages(_windows(level), copies)
        derived = tuple(one for one in level if isinstance(one, Derived))
        levels.append(Level(stages, _paths(level), derived))
    return Plan(copies, tuple(levels), _fields(features))


def _windows(features: Iterable[Feature]) -> list[Base]:
    return [one for one in features if isinstance(one, Base) and one.aggregate not in PATHS]


def _copies(bases: Iterable[Base]) -> tuple[Copy, ...]:
    """Sides as they are needed; a plain copy only where there is none of a side for the same delay."""
    sides: set[Copy] = set()
    plain: set[int] = set()
    for base in bases:
        if base.legs:
            own = base.key if base.near == 0 else ()
            sides |= {Copy(base.near, side) for side in base.history if (side,) != own}
        elif base.near:
            plain.add(base.near)
    return tuple(sorted(sides | {Copy(near) for near in plain - {one.near for one in sides}}))


def _found(base: Base, copies: tuple[Copy, ...]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    numbers = {copy: number for number, copy in enumerate(copies, EVENT + 1)}
    if not base.legs:
        number = EVENT
        if base.near:
            number = next(number for copy, number in numbers.items() if copy.near == base.near)
        return ((number, base.identity),)
    return tuple(
        (EVENT if base.near == 0 and (side,) == base.key else numbers[Copy(base.near, side)], (side,))
        for side in base.history
    )


def _stages(bases: Iterable[Base], copies: tuple[Copy, ...]) -> tuple[Stage, ...]:
    groups: dict[tuple[object, ...], Stage] = {}
    for base in bases:
        found, preceding = _found(base, copies), base.far - base.near - 1
        known = groups.get((base.identity, found, preceding))
        features = (*known.features, base) if known else (base,)
        groups[base.identity, found, preceding] = Stage(base.identity, found, preceding, features)
    return tuple(sorted(groups.values(), key=lambda stage: stage.rows == {EVENT}))


def _paths(level: Iterable[Feature]) -> tuple[PathStage, ...]:
    groups: dict[tuple[object, ...], PathStage] = {}
    for base in level:
        if isinstance(base, Base) and base.aggregate in PATHS:
            group = (base.key, base.condition.text if base.condition else "")
            known = groups.get(group)
            features = (*known.features, base) if known else (base,)
            groups[group] = PathStage(base.key, base.condition, features)
    return tuple(groups.values())


def _fields(features: FeatureSet) -> tuple[str, ...]:
    used = {"id", "time"}
    for feature in features.features:
        if isinstance(feature, Derived):
            used.update(feature.value.names if feature.value else ())
            continue
        used.update(feature.identity, feature.history)
        for one in (feature.value, feature.condition, feature.reset_condition):
            used.update(one.names if one else ())
        if feature.of == OTHER:
            used.update(OTHER_SIDE[side] for side in feature.history)
    return tuple(name for name in features.schema.by_name if name in used)
