"""Scoring without walking: every split whose condition fails strikes out the leaves on its left at once.

The idea is QuickScorer's (Lucchese et al., SIGIR 2015), with missing values added. Where `walking` waits for each step
before it can take the next, this reads thresholds in a row; both give the same bits, and walking stays the reference.

Rules:

1. A tree's leaves are numbered from left to right, at most `LEAVES_MAX`; a row begins with all of them.
2. A split that sends the row right strikes out the leaves on its left. The lowest leaf that is left is the row's.
3. Splits are sorted by feature, then threshold: those that a value exceeds are a run from the feature's first.
4. What a missing value does at a split is known beforehand; a missing value's splits are a list of their own.
5. Outputs are added tree by tree: the sum has the same bits as a walk's.

Example::

    masks = Masks.of(nodes)   # None where a tree is too wide, or takes zero for missing
"""

from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import released
from jinku.risk.models.walking import DEFAULT_LEFT, MISSING_NAN, MISSING_ZERO, ZERO, Nodes

LEAVES_MAX = 64
"""Bits of a mask."""
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_DE_BRUIJN = 0x03F7_9D71_B4CB_0A89
_SHIFT = np.uint64(58)
_MULTIPLIER = np.uint64(_DE_BRUIJN)
_LOWEST = np.zeros(64, np.int64)
for _bit in range(64):
    _LOWEST[((1 << _bit) * _DE_BRUIJN & (1 << 64) - 1) >> 58] = _bit


class Masks(NamedTuple):
    """The splits by feature (rules 3 and 4), and the leaves in their new order."""

    begin: NDArray[np.int64]
    """By feature, where its splits begin; one more at the end."""
    threshold: NDArray[np.float64]
    tree: NDArray[np.int32]
    keep: NDArray[np.uint64]
    missing_begin: NDArray[np.int64]
    missing_tree: NDArray[np.int32]
    missing_keep: NDArray[np.uint64]
    leaf_begin: NDArray[np.int64]
    leaf: NDArray[np.float64]

    @classmethod
    def of(cls, nodes: Nodes, features: int) -> Optional["Masks"]:
        """The same forest in this form; None where it cannot have it."""
        if (nodes.flags & MISSING_ZERO).any():
            return None
        tree, keep, begins, leaves = _leaf_masks(nodes)
        if tree is None or keep is None:
            return None
        order = np.lexsort((nodes.threshold, nodes.feature))
        goes_right = np.where(nodes.flags & MISSING_NAN, nodes.flags & DEFAULT_LEFT == 0, nodes.threshold < 0)
        missing = order[goes_right[order]]
        edges = np.arange(features + 1)
        return cls(
            np.searchsorted(nodes.feature[order], edges),
            nodes.threshold[order],
            tree[order],
            keep[order],
            np.searchsorted(nodes.feature[missing], edges),
            tree[missing],
            keep[missing],
            begins,
            leaves,
        )


_Found = tuple[NDArray[np.int32] | None, NDArray[np.uint64] | None, NDArray[np.int64], NDArray[np.float64]]


def _leaf_masks(nodes: Nodes) -> _Found:
    """By node, its tree and the mask without the leaves on its left; by tree, where its leaves begin; the leaves."""
    count = len(nodes.feature)
    tree, keep = np.zeros(count, np.int32), np.zeros(count, np.uint64)
    begins, leaves = np.zeros(len(nodes.first), np.int64), list[float]()
    for number, root in enumerate(nodes.first.tolist()):
        begins[number] = len(leaves)
        waiting: list[tuple[int, int]] = [(int(root), -1)]
        while waiting:
            at, closes = waiting.pop()
            if closes >= 0:
                keep[at] = _without(closes, len(leaves) - int(begins[number]))
            elif at < 0:
                leaves.append(float(nodes.leaf[~at]))
                if len(leaves) - begins[number] > LEAVES_MAX:
                    return None, None, begins, np.zeros(0)
            else:
                tree[at] = number
                here = len(leaves) - int(begins[number])
                waiting += [(int(nodes.right[at]), -1), (at, here), (int(nodes.left[at]), -1)]
    return tree, keep, begins, np.array(leaves, np.float64)


def _without(low: int, high: int) -> np.uint64:
    return np.uint64(((1 << 64) - 1) ^ ((1 << high) - (1 << low)))


@released
def strike(masks: Masks, matrix: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Add every tree's output for each row of `matrix` (rows, features) to `out` (rows)."""
    trees = masks.leaf_begin.shape[0]
    alive = np.empty(trees, np.uint64)
    for row in range(matrix.shape[0]):
        for tree in range(trees):
            alive[tree] = _ALL
        for feature in range(masks.begin.shape[0] - 1):
            value = matrix[row, feature]
            if value != value:
                for at in range(masks.missing_begin[feature], masks.missing_begin[feature + 1]):
                    alive[masks.missing_tree[at]] &= masks.missing_keep[at]
                continue
            if -ZERO <= value <= ZERO:
                value = 0.0
            end = masks.begin[feature + 1]
            at = masks.begin[feature]
            while at < end and value > masks.threshold[at]:
                alive[masks.tree[at]] &= masks.keep[at]
                at += 1
        total = out[row]
        for tree in range(trees):
            left = alive[tree]
            lowest = left & (~left + np.uint64(1))
            total += masks.leaf[masks.leaf_begin[tree] + _LOWEST[(lowest * _MULTIPLIER) >> _SHIFT]]
        out[row] = total
