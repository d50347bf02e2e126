"""Labels: what is known to differ between our books and the bank's statement, because it was put there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from jinku.custody.reconciliation.breaks import Break, BreakClass


@dataclass(frozen=True, slots=True)
class Label:
    """One known difference, named as a reconciliation should find it."""

    kind: BreakClass
    reference: str
    effect: int
    """Bank's side less ours, minor units."""
    story: str
    """What happened, in words."""

    @property
    def key(self) -> tuple[str, str, int]:
        """What a break must agree in."""
        return (self.kind.value, self.reference, self.effect)


@dataclass(frozen=True, slots=True)
class Score:
    """Labels against breaks found, of one class."""

    kind: BreakClass
    labelled: int
    found: int
    missed: int
    false: int


def score(labels: Sequence[Label], breaks: Sequence[Break]) -> tuple[Score, ...]:
    """How many labelled differences were found, missed, or reported without a label, by class."""
    known = Counter(label.key for label in labels)
    seen = Counter((one.kind.value, one.reference, one.effect) for one in breaks)
    hits, missed, false = known & seen, known - seen, seen - known

    def count(keys: Counter[tuple[str, str, int]], kind: BreakClass) -> int:
        return sum(number for key, number in keys.items() if key[0] == kind.value)

    return tuple(
        Score(kind, count(known, kind), count(hits, kind), count(missed, kind), count(false, kind))
        for kind in BreakClass
        if any(key[0] == kind.value for key in (*known, *seen))
    )
