"""A table whose labels are a column seen late, read as a table whose labels arrive as events: the same values.

History has the outcome on the payment itself, so a table reads it with ``delay``. In a running house an outcome is an
event of its own (kind ``label``), which names the payment's identities and amount and arrives when it is known.

Rules:

1. A row with a delay reads label events instead, at once. All delays of the table must be one: that of the outcomes.
2. Seconds since a row are counted from the payment, which was the delay before its label event.
3. What such a row's filter asks of other features is meant as it was at the payment. A hidden copy of each gives it:
   history up to the delay before the label event, or, where it reads outcomes itself, label events.
4. Where every payment's label event arrives the delay after the payment, honest ones too, all values are equal, bit for
   bit. One that comes later counts from then on.

Example::

    live(load("cards"))
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from jinku.risk.events.schema import CALENDAR_FIELDS
from jinku.risk.features.definition import (
    MICROSECONDS,
    Aggregate,
    Base,
    Derived,
    Feature,
    FeatureSet,
    Stream,
)
from jinku.risk.features.errors import BadFeatures

LABEL = "label"

_THEN, _SEEN = "__then", "__seen"
_OF_TIME = frozenset({"time", "hour", "weekday", "night", *CALENDAR_FIELDS.values()})
_WORD = re.compile(r"\b[a-z_][a-z0-9_]*\b")
Keep = Callable[[Feature], None]


def live_rows(features: FeatureSet, keep: Keep, file: str) -> None:
    """Hand each feature of the live table to `keep`, in order (the set is `features` with labels as events).

    Raises BadFeatures where delays differ, or a filter asks for what a label event has not."""
    bases = [one for one in features.features if isinstance(one, Base)]
    delays = {one.delay for one in bases if one.delay}
    if len(delays) != 1:
        raise BadFeatures(
            "needs rows of one delay to read from label events", file=file, field="set.labels", value="events"
        )
    [delay] = delays
    asked = _asked(features, [one for one in bases if one.delay], file)
    for feature in features.features:
        if isinstance(feature, Base) and feature.delay:
            _keep_known(feature, asked, keep)
        else:
            keep(feature)
        if feature.name in asked:
            keep(_then(feature, asked, delay, file))


def _names(feature: Feature) -> set[str]:
    """What the feature's texts name."""
    texts = (
        (feature.of, feature.filter, feature.reset) if isinstance(feature, Base) else (feature.expression,)
    )
    return {name for text in texts for name in _WORD.findall(text)}


def _asked(features: FeatureSet, known: Iterable[Base], file: str) -> frozenset[str]:
    """The features whose values at the payment are asked for at its label event."""
    found: set[str] = set()
    waiting: list[Feature] = list(known)
    while waiting:
        one = waiting.pop()
        for name in _names(one):
            if name in _OF_TIME:
                raise BadFeatures(
                    "asks for a time of the payment, which its label event has not",
                    file=file,
                    field=one.name,
                    value=name,
                )
            inner = features.by_name.get(name)
            if inner is None or name in found:
                continue
            found.add(name)
            if isinstance(inner, Derived) or LABEL in _names(inner):
                waiting.append(inner)
    return frozenset(found)


def _renamed(text: str, asked: frozenset[str]) -> str:
    return _WORD.sub(lambda found: found[0] + _THEN if found[0] in asked else found[0], text)


def _of_labels(base: Base, asked: frozenset[str]) -> Base:
    """`base` over label events, read at once."""
    return replace(
        base,
        stream=Stream.LABELS,
        delay=0,
        current=True,
        of=_renamed(base.of, asked),
        filter=_renamed(base.filter, asked),
        reset=_renamed(base.reset, asked),
    )


def _keep_known(base: Base, asked: frozenset[str], keep: Keep) -> None:
    """Rules 1 and 2."""
    found = _of_labels(base, asked)
    if base.aggregate not in (Aggregate.SINCE_FIRST, Aggregate.SINCE_LAST):
        keep(found)
        return
    seen = base.name + _SEEN
    keep(replace(found, name=seen, hidden=True))
    whole = f"floor({seen} * {MICROSECONDS} + 0.5) + {base.delay}"
    keep(Derived(base.name, base.meaning, base.hidden, f"({whole}) / {MICROSECONDS}"))


def _then(feature: Feature, asked: frozenset[str], delay: int, file: str) -> Feature:
    """Rule 3."""
    name = feature.name + _THEN
    if isinstance(feature, Derived):
        return replace(feature, name=name, hidden=True, expression=_renamed(feature.expression, asked))
    if feature.delay or feature.window.calendar or feature.stream is not Stream.EVENTS:
        raise BadFeatures(
            "cannot be asked for at a label event: it has a delay, a calendar window or a stream",
            file=file,
            field=feature.name,
        )
    if LABEL in _names(feature):
        return replace(_of_labels(feature, asked), name=name, hidden=True)
    if feature.aggregate in (Aggregate.SINCE_FIRST, Aggregate.SINCE_LAST, Aggregate.NOVEL):
        raise BadFeatures(
            "cannot be asked for at a label event: it counts from the event itself",
            file=file,
            field=feature.name,
        )
    before = 0 if feature.current else 1
    shorter = replace(feature.window, microseconds=feature.window.microseconds - before)
    return replace(feature, name=name, hidden=True, delay=delay + before, current=True, window=shorter)
