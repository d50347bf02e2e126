"""What is true of a labelled day, and how a reconciliation scores against it.

Rules:

1. Every record is of one family: one payment as it really happened, its copies included. Two records are the same money
   if and only if they are of one family.
2. A false match is a pair of records of two sides (or of the bank alone) in one case and of two families.
3. Recall counts, for each pair of sides, the links that a family should have; copies and lines that nobody could tell
   apart are not expected.
4. A family's classes are right if the breaks that touch it are exactly those of its label. Families without a label
   count too as soon as a break touches them. Of a line without its reference it is right to say that it is ambiguous,
   and a match that is then not made is missing from the recall.

Example::

    score_day(day.truth, reconcile_sides(day.sides, day.rules)).false_matches  # 0
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.records import SIDES, Longs, Side
from jinku.custody.reconciliation.three_way import ThreeWay

Answer = frozenset[BreakClass]
PAIRS = ((0, 1), (1, 2), (0, 2))
CLEAN: Answer = frozenset()


@dataclass(frozen=True)
class Truth:
    """See the module."""

    family: dict[Side, dict[str, int]]
    """Of each record, by side and id."""
    expected: NDArray[np.int64]
    """(pair of sides, family) → links that should be found."""
    labels: dict[int, tuple[Answer, ...]]
    """Families with breaks, or with something that may be left undecided: the answers that are right."""


@dataclass(frozen=True, slots=True)
class DayScore:
    """How well a reconciliation did."""

    false_matches: int
    expected_links: int
    found_links: int
    judged: int
    right: int
    wrong: dict[tuple[str, str], int]
    """Wanted and found classes of families that were judged wrongly, with their number."""

    @property
    def recall(self) -> float:
        """True links found, of all."""
        return self.found_links / self.expected_links if self.expected_links else 1.0

    @property
    def class_accuracy(self) -> float:
        """Families judged rightly, of all that have a break or were given one."""
        return self.right / self.judged if self.judged else 1.0


def score_day(truth: Truth, result: ThreeWay) -> DayScore:
    """Compare `result` with the truth."""
    book, cases = result.cases.book, result.cases
    family = np.full(book.size, -1, np.int64)
    for number, side in enumerate(SIDES):
        part, known = book.parts[number], truth.family[side]
        family[book.span(side)] = np.fromiter((known[one] for one in part.id.tolist()), np.int64, len(part))
    live = np.flatnonzero(book.live)
    per_case = _counts(cases.of_node[live], book.side_of[live], cases.size)
    both, places = np.unique(cases.of_node[live] * (family.max() + 1) + family[live], return_inverse=True)
    per_both = _counts(places, book.side_of[live], len(both))
    of_case, of_family = both // (family.max() + 1), both % (family.max() + 1)
    false, found = 0, 0
    for row, (a, b) in enumerate(PAIRS):
        false += int((per_case[a] * per_case[b]).sum() - (per_both[a] * per_both[b]).sum())
        links = np.where((per_both[a] > 0) & (per_both[b] > 0), np.maximum(per_both[a], per_both[b]), 0)
        summed = np.zeros(truth.expected.shape[1], np.int64)
        np.add.at(summed, of_family, links)
        found += int(np.minimum(summed, truth.expected[row]).sum())
    netted = (per_case[2] > 1) & (per_case[0] == 0) & (per_case[1] == 0)
    same = np.bincount(of_case, minlength=cases.size) == 1
    false += int((netted & ~same).sum())
    judged, right, wrong = _classes(truth, result, family)
    return DayScore(false, int(truth.expected.sum()), found, judged, right, wrong)


def _counts(keys: Longs, sides: NDArray[np.int8], size: int) -> list[Longs]:
    return [np.bincount(keys[sides == side], minlength=size).astype(np.int64) for side in range(3)]


def _classes(truth: Truth, result: ThreeWay, family: Longs) -> tuple[int, int, dict[tuple[str, str], int]]:
    cases = result.cases
    found: dict[int, set[BreakClass]] = defaultdict(set)
    for one, case in zip(result.breaks, result.case_of_break, strict=True):
        for node in cases.members(case).tolist():
            found[int(family[node])].add(one.kind)
    right, judged = 0, 0
    wrong: dict[tuple[str, str], int] = defaultdict(int)
    for number in sorted(set(found) | set(truth.labels)):
        wanted = truth.labels.get(number, (CLEAN,))
        got = frozenset(found.get(number, ()))
        if not got and wanted[0] == CLEAN:
            continue
        judged += 1
        if got in wanted:
            right += 1
        else:
            wrong[_text(wanted[0]), _text(got)] += 1
    return judged, right, dict(wrong)


def _text(answer: Answer) -> str:
    return "+".join(sorted(one.value for one in answer)) or "equal"
