"""The three sides while a labelled day is made, and the truth that grows with them.

Example::

    places = scene.pick(30)
    scene.bank.drop(places)
    scene.label(places, BreakClass.MISSING_AT_BANK)
"""

import numpy as np

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.records import Bits, Longs
from jinku.sim.recon.payments import Payments
from jinku.sim.recon.table import Rows
from jinku.sim.recon.truth import Answer


class Scene:
    """See the module. Rows n of all sides are payment n, until rows are added."""

    def __init__(
        self, rng: np.random.Generator, made: Payments, platform: Rows, ledger: Rows, bank: Rows
    ) -> None:
        self.rng, self.made = rng, made
        self.platform, self.ledger, self.bank = platform, ledger, bank
        self.expected = np.ones((3, len(made.amount)), np.int64)
        """(platform–ledger, ledger–bank, platform–bank; family) → links."""
        self.labels: dict[int, tuple[Answer, ...]] = {}
        self.batches: list[tuple[Longs, int]] = []
        """Members of each batch, and the place of the bank's line for it."""
        self._free = np.zeros(len(made.amount), np.bool_)
        self._free[made.single] = True

    def pick(self, count: int, fits: Bits | None = None) -> Longs:
        """Up to `count` single payments that nothing has been done to."""
        free = np.flatnonzero(self._free if fits is None else self._free & fits)
        chosen = self.rng.choice(free, min(count, len(free)), replace=False)
        self._free[chosen] = False
        return np.sort(chosen)

    def use(self, places: Longs) -> None:
        """Note that something has been done to these payments."""
        self._free[places] = False

    def is_free(self, place: int) -> bool:
        """Whether nothing has been done to the payment."""
        return bool(self._free[place])

    def label(self, families: Longs, *kinds: BreakClass, or_clean: bool = False) -> None:
        """The breaks of these families are of `kinds`; with `or_clean` it is right, too, to find none."""
        answer: Answer = frozenset(kinds)
        answers = (frozenset[BreakClass](), answer) if or_clean else (answer,)
        self.labels.update(dict.fromkeys(families.tolist(), answers))

    def lacks(self, families: Longs, *sides: int) -> None:
        """These families have no record on `sides` (0 platform, 1 ledger, 2 bank): no links there."""
        for row, pair in enumerate(((0, 1), (1, 2), (0, 2))):
            if set(pair) & set(sides):
                self.expected[row, families] = 0

    def new_families(self, count: int) -> Longs:
        """Numbers for `count` families that are no payment of ours: without links."""
        first = self.expected.shape[1]
        self.expected = np.concatenate((self.expected, np.zeros((3, count), np.int64)), axis=1)
        return np.arange(first, first + count)
