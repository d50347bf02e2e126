"""The compiled inner loops of a forest: a row goes down each tree, exactly as LightGBM 4 sends it.

Rules:

1. A row goes left where its value is ``<=`` the threshold.
2. A missing value goes where the split's default sends it, if the split knows missing values (`MISSING_NAN`), and
   counts as 0 if not.
3. A value within ±`ZERO` is 0, whatever its split. A split that takes zero for missing (`MISSING_ZERO`) sends 0 where
   its default is.
4. Outputs are added tree by tree in the order of training: the sum is LightGBM's, to the last bit.

Example::

    walk(forest_arrays, matrix, out)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled, inlined

DEFAULT_LEFT = 1
MISSING_ZERO = 2
MISSING_NAN = 4
ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold, a float32."""
_BLOCK_ROWS = 64
"""Rows that go down one tree together, while its nodes are in the processor's cache."""


class Nodes(NamedTuple):
    """The trees as arrays. A child at or above 0 is a node; below, ``~child`` is a leaf's place in `leaf`."""

    first: NDArray[np.int32]
    """Where each tree begins, a node or ``~leaf``."""
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    flags: NDArray[np.uint8]
    leaf: NDArray[np.float64]
    """Each leaf's output."""
    leaf_rows: NDArray[np.int32]
    """How many training rows ended in each leaf: for reasons, not for scores."""


@inlined
def _child(nodes: Nodes, node: int, value: float) -> int:
    """The child that `value` goes to (rules 1 to 3)."""
    flags = nodes.flags[node]
    if value != value:
        if flags & MISSING_NAN:
            return int(nodes.left[node] if flags & DEFAULT_LEFT else nodes.right[node])
        value = 0.0
    if -ZERO <= value <= ZERO:
        value = 0.0
    if flags & MISSING_ZERO and value == 0.0:
        return int(nodes.left[node] if flags & DEFAULT_LEFT else nodes.right[node])
    return int(nodes.left[node] if value <= nodes.threshold[node] else nodes.right[node])


@compiled
def walk(nodes: Nodes, matrix: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Add every tree's output for each row of `matrix` (rows, features) to `out` (rows)."""
    rows = matrix.shape[0]
    for begin in range(0, rows, _BLOCK_ROWS):
        end = min(begin + _BLOCK_ROWS, rows)
        for tree in range(nodes.first.shape[0]):
            root = nodes.first[tree]
            for row in range(begin, end):
                at = root
                while at >= 0:
                    at = _child(nodes, at, matrix[row, nodes.feature[at]])
                out[row] += nodes.leaf[~at]


@compiled
def explain(
    nodes: Nodes, mean: NDArray[np.float64], matrix: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Add to `out` (rows, features) what each step down a tree changed in the mean output; `mean` is that by node."""
    for row in range(matrix.shape[0]):
        for tree in range(nodes.first.shape[0]):
            at = nodes.first[tree]
            while at >= 0:
                feature = nodes.feature[at]
                child = _child(nodes, at, matrix[row, feature])
                after = mean[child] if child >= 0 else nodes.leaf[~child]
                out[row, feature] += after - mean[at]
                at = child
