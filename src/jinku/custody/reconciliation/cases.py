"""Cases: all records, of whichever side, that are the same money; every record is in exactly one.

Rules:

1. Two records are of one case if a rule linked them, directly or through a record of a third side.
2. Cases are numbered by their first node, so their order follows from the records alone.
3. Sums are exact 64-bit integers; the turnover of a side is bounded when its records are built.

Example::

    cases = Cases(work)
    cases.members(0)  # nodes, platform first
"""

import numpy as np

from jinku.custody.reconciliation.matching import NETTING, Work
from jinku.custody.reconciliation.records import Bits, Longs

_NEVER = np.iinfo(np.int64).max


class Cases:
    """The cases of one reconciliation, as columns over their numbers."""

    def __init__(self, work: Work) -> None:
        book = work.book
        self.book, self.work = book, work
        labels = _labels(work)
        live = np.flatnonzero(book.live)
        firsts, cases = np.unique(labels[live], return_inverse=True)
        self.size = len(firsts)
        self.of_node: Longs = np.full(book.size, -1, np.int64)
        """The case of each node; -1 of a pending record."""
        self.of_node[live] = cases
        order = np.argsort(cases, kind="stable")
        self._nodes: Longs = live[order]
        self._starts: Longs = np.concatenate(([0], np.cumsum(np.bincount(cases, minlength=self.size))))
        self.count = np.zeros((3, self.size), np.int64)
        self.sum = np.zeros((3, self.size), np.int64)
        self.last = np.full((3, self.size), -_NEVER, np.int64)
        """The last business day of each side's records."""
        self.mixed = np.zeros((3, self.size), np.bool_)
        """Whether a side's records go in both directions."""
        self.first_node = np.full((3, self.size), -1, np.int64)
        for side in range(3):
            nodes = live[book.side_of[live] == side]
            mine = self.of_node[nodes]
            self.count[side] = np.bincount(mine, minlength=self.size)
            np.add.at(self.sum[side], mine, book.signed[nodes])
            np.maximum.at(self.last[side], mine, book.business[nodes])
            self.first_node[side, mine[::-1]] = nodes[::-1]
            came = np.bincount(mine, book.sideway[nodes], minlength=self.size)
            self.mixed[side] = (came > 0) & (came < self.count[side])
        width = int(book.currency.max(initial=0)) + 1
        self.place: Longs = book.account * width + book.currency
        """For each node a number of its account and currency."""
        low, high = np.full(self.size, _NEVER), np.full(self.size, -1)
        np.minimum.at(low, cases, self.place[live])
        np.maximum.at(high, cases, self.place[live])
        self.one_place: Bits = low == high

    def members(self, case: int) -> Longs:
        """The nodes of a case in order, platform first."""
        return self._nodes[self._starts[case] : self._starts[case + 1]]

    def rule(self, case: int) -> int:
        """The last row of the table that was needed for a case; -1 where it was netted, or stands alone."""
        groups = self.work.group_of[:NETTING, self.members(case)]
        return max((self.work.rule_of[group] for group in groups[groups >= 0].tolist()), default=-1)

    def rules(self) -> Longs:
        """The same for every case."""
        found = np.full(self.size, -1, np.int64)
        numbers = np.array(self.work.rule_of, np.int64)
        for groups in self.work.group_of[:NETTING]:
            nodes = np.flatnonzero(groups >= 0)
            np.maximum.at(found, self.of_node[nodes], numbers[groups[nodes]])
        return found


def _labels(work: Work) -> Longs:
    """For each node the smallest number among the nodes that links lead to."""
    labels = np.arange(work.book.size)
    links = [(nodes := np.flatnonzero(groups >= 0), groups[nodes]) for groups in work.group_of]
    while True:
        before = labels.copy()
        for nodes, groups in links:
            least = np.full(len(work.rule_of), _NEVER)
            np.minimum.at(least, groups, labels[nodes])
            labels[nodes] = np.minimum(labels[nodes], least[groups])
        if np.array_equal(before, labels):
            return labels
