"""From LightGBM's model text (its version 4 form) to a `Forest`.

Only what `walking` evaluates is taken: numerical splits, constant leaves, one output a row. All else is `BadModel`.

Example::

    forest = read_lightgbm(booster.model_to_string())
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jinku.risk.models.errors import BadModel
from jinku.risk.models.forest import MODEL_BYTES_MAX, Forest
from jinku.risk.models.walking import DEFAULT_LEFT, MISSING_NAN, MISSING_ZERO, Nodes

_CATEGORICAL = 1
_DEFAULT_LEFT = 2
_FLAGS_OF_MISSING = {0: 0, 1: MISSING_ZERO, 2: MISSING_NAN}


def read_lightgbm(text: str, features: tuple[str, ...] = ()) -> Forest:
    """The forest of a model text; `features` name the columns, else the text does. Raises BadModel."""
    if len(text) > MODEL_BYTES_MAX:
        raise BadModel(f"a model text of {len(text)} characters, at most {MODEL_BYTES_MAX}")
    blocks = text.split("\n\n")
    head = _fields(blocks[0])
    if not text.startswith("tree\n") or head.get("version") != "v4":
        raise BadModel(
            "is no LightGBM model text of version v4", field="version", value=head.get("version", "")
        )
    if head.get("num_tree_per_iteration") != "1" or "average_output" in head:
        raise BadModel("has several outputs, or averages its trees")
    trees = [
        _Tree(_fields(block.strip("\n"))) for block in blocks[1:] if block.strip("\n").startswith("Tree=")
    ]
    names = features or tuple(head.get("feature_names", "").split(" "))
    if len(names) != int(head.get("max_feature_idx", "-1")) + 1:
        raise BadModel("is not the number of the model's features", field="features", value=str(len(names)))
    return Forest.make(names, _joined(trees))


def _fields(block: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in block.split("\n"))}


class _Tree:
    """One tree's columns, its children still counted within the tree."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        if fields.get("is_linear", "0") != "0" or fields.get("num_cat", "0") != "0":
            raise BadModel(
                "has linear leaves or categorical splits", field="Tree", value=fields.get("Tree", "")
            )
        self.leaf = self._floats("leaf_value")
        self.single = len(self.leaf) == 1
        self.feature, self.left, self.right = (
            self._integers(name) for name in ("split_feature", "left_child", "right_child")
        )
        self.threshold = self._floats("threshold")
        decision = self._integers("decision_type")
        if (decision & _CATEGORICAL).any():
            raise BadModel("has a categorical split", field="Tree", value=fields.get("Tree", ""))
        try:
            missing = [_FLAGS_OF_MISSING[int(one) >> 2 & 3] for one in decision]
        except KeyError:
            raise BadModel("has an unknown kind of missing value", field="decision_type") from None
        self.flags = np.array(missing, np.uint8) | np.where(decision & _DEFAULT_LEFT, DEFAULT_LEFT, 0).astype(
            np.uint8
        )
        sizes = {len(one) for one in (self.feature, self.left, self.right, self.threshold, decision)}
        if sizes != {len(self.leaf) - 1}:
            raise BadModel("has columns of different lengths", field="Tree", value=fields.get("Tree", ""))
        self.leaf_rows = (
            np.maximum(self._integers("leaf_count"), 1) if not self.single else np.ones(1, np.int64)
        )
        if len(self.leaf_rows) != len(self.leaf):
            raise BadModel("has columns of different lengths", field="leaf_count")

    def _floats(self, name: str) -> NDArray[np.float64]:
        return np.array(self._split(name, float), np.float64)

    def _integers(self, name: str) -> NDArray[np.int64]:
        return np.array(self._split(name, int), np.int64)

    def _split(self, name: str, kind: type[float] | type[int]) -> list[float]:
        try:
            return [kind(part) for part in self._fields.get(name, "").split(" ") if part]
        except ValueError:
            raise BadModel("does not read", field=name, value=self._fields[name][:60]) from None


def _joined(trees: list[_Tree]) -> Nodes:
    if not trees:
        raise BadModel("has no tree")
    nodes, leaves = 0, 0
    first: list[int] = []
    left, right = [], []
    for tree in trees:
        first.append(~leaves if tree.single else nodes)
        left.append(np.where(tree.left >= 0, tree.left + nodes, tree.left - leaves))
        right.append(np.where(tree.right >= 0, tree.right + nodes, tree.right - leaves))
        nodes, leaves = nodes + len(tree.feature), leaves + len(tree.leaf)
    return Nodes(
        np.array(first, np.int32),
        np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        np.concatenate([tree.threshold for tree in trees]),
        np.concatenate(left).astype(np.int32),
        np.concatenate(right).astype(np.int32),
        np.concatenate([tree.flags for tree in trees]).astype(np.uint8),
        np.concatenate([tree.leaf for tree in trees]),
        np.concatenate([tree.leaf_rows for tree in trees]).astype(np.int32),
    )
