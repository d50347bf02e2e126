"""Labels: what is known to differ between our books and the bank's statement, because it was put there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from jinku.custody.reconciliation.breaks import BreakClass

Key = tuple[str, str, int, int]
"""Class, reference, effect and effect between the books."""


@dataclass(frozen=True, slots=True)
class Label:
    """One known difference, named as a reconciliation should find it."""

    kind: BreakClass
    reference: str
    effect: int
    """Bank's side less ours, minor units."""
    story: str
    """What happened, in words."""
    books_effect: int = 0
    """Our side less the platform's, minor units."""

    @property
    def key(self) -> Key:
        """What a break must agree in."""
        return (self.kind.value, self.reference, self.effect, self.books_effect)


@dataclass(frozen=True, slots=True)
class Score:
    """Labels against breaks found, of one class."""

    kind: BreakClass
    labelled: int
    found: int
    missed: int
    false: int


def score(labels: Sequence[Label], breaks: Sequence[Key]) -> tuple[Score, ...]:
    """How many labelled differences were found, missed, or reported without a label, by class."""
    known = Counter(label.key for label in labels)
    seen = Counter(breaks)
    hits, missed, false = known & seen, known - seen, seen - known

    def count(keys: Counter[Key], kind: BreakClass) -> int:
        return sum(number for key, number in keys.items() if key[0] == kind.value)

    return tuple(
        Score(kind, count(known, kind), count(hits, kind), count(missed, kind), count(false, kind))
        for kind in BreakClass
        if any(key[0] == kind.value for key in (*known, *seen))
    )
