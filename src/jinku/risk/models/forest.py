"""A forest of regression trees as a value: checked, with canonical bytes, scored by compiled code.

Rules:

1. A row's score is the sum of its trees' outputs in order of training: log-odds of fraud, LightGBM's raw score to the
   last bit. It is a sum of doubles and nothing else, so it is the same on every machine.
2. Matrices are float64, one row an event, one column a feature in the forest's order, NaN where NULL.
3. The bytes are canonical (one forest, one sequence of bytes), size-limited and checked on reading: whatever does not
   hold together is `BadModel`, and nothing in them is ever executed.
4. Form, little-endian: 8 bytes magic, u32 length and canonical JSON of the head (features, trees, nodes, leaves), then
   the arrays of `walking.Nodes` in their order.

Example::

    forest = Forest.from_bytes(path.read_bytes())
    forest.score(frame.matrix())          # float64, one log-odds a row
    forest.contributions(matrix[[17]])    # what each feature gave, for reasons
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.canonical import canonical_json
from jinku.base.errors import NotCanonical
from jinku.risk.models.errors import BadModel, WrongFeatures
from jinku.risk.models.masks import Masks, strike
from jinku.risk.models.walking import DEFAULT_LEFT, MISSING_NAN, MISSING_ZERO, Nodes, explain, walk

Floats = NDArray[np.float64]

FEATURES_MAX = 1_000
FEATURE_NAME_CHARS_MAX = 64
TREES_MAX = 20_000
NODES_MAX = 2_000_000
MODEL_BYTES_MAX = 128 << 20

_MAGIC = b"jkforst1"
_TYPES = {
    "first": "<i4",
    "feature": "<i4",
    "threshold": "<f8",
    "left": "<i4",
    "right": "<i4",
    "flags": "<u1",
    "leaf": "<f8",
    "leaf_rows": "<i4",
}


class Weighed(NamedTuple):
    """By node, the mean output of the training rows that passed it, and how many they were."""

    mean: Floats
    rows: Floats


class Scorer(Protocol):
    """Whatever gives a score to rows of features."""

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it takes, in order."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of what decides a score."""

    def score(self, matrix: Floats) -> Floats:
        """One score a row of `matrix` (rows, features), higher is worse. Raises WrongFeatures."""


@dataclass(frozen=True, eq=False)
class Forest:
    """See the module's rules. Make one with `make` or `from_bytes`."""

    features: tuple[str, ...]
    nodes: Nodes

    @classmethod
    def make(cls, features: Sequence[str], nodes: Nodes) -> "Forest":
        """A checked forest. Raises BadModel."""
        settled = Nodes(
            *(
                np.ascontiguousarray(array, _TYPES[name])
                for name, array in zip(Nodes._fields, nodes, strict=True)
            )
        )
        forest = cls(tuple(features), settled)
        _check(forest)
        return forest

    def __len__(self) -> int:
        """Trees."""
        return len(self.nodes.first)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.to_bytes()).digest()

    def score(self, matrix: Floats) -> Floats:
        """Log-odds, one a row. Raises WrongFeatures."""
        rows = self._rows(matrix)
        out = np.zeros(len(rows))
        if self._masks is None:
            walk(self.nodes, rows, out)
        else:
            strike(self._masks, rows, out)
        return out

    @cached_property
    def _masks(self) -> Masks | None:
        return Masks.of(self.nodes, len(self.features))

    def contributions(self, matrix: Floats) -> Floats:
        """What each feature gave to each row's score, (rows, features); with `base` they add up to the score, but for
        rounding. Raises WrongFeatures."""
        rows = self._rows(matrix)
        out = np.zeros(rows.shape)
        explain(self.nodes, self.weighed.mean, rows, out)
        return out

    @cached_property
    def base(self) -> float:
        """The mean score over the training rows."""
        mean, leaf = self.weighed.mean, self.nodes.leaf
        return float(np.sum([mean[at] if at >= 0 else leaf[~at] for at in self.nodes.first.tolist()]))

    @cached_property
    def weighed(self) -> "Weighed":
        """How many training rows passed each node, and their mean output below it: from the leaves up."""
        nodes = self.nodes
        count = len(nodes.feature)
        mean, rows = np.zeros(count), np.zeros(count)
        for at in range(count - 1, -1, -1):
            for child in (int(nodes.left[at]), int(nodes.right[at])):
                size = rows[child] if child >= 0 else float(nodes.leaf_rows[~child])
                rows[at] += size
                mean[at] += size * (mean[child] if child >= 0 else nodes.leaf[~child])
            mean[at] /= rows[at]
        return Weighed(mean, rows)

    def to_bytes(self) -> bytes:
        """The canonical bytes (rule 4)."""
        head = canonical_json(
            {
                "features": list(self.features),
                "leaves": len(self.nodes.leaf),
                "nodes": len(self.nodes.feature),
                "trees": len(self.nodes.first),
            }
        )
        arrays = [
            np.ascontiguousarray(array, _TYPES[name]).tobytes()
            for name, array in zip(Nodes._fields, self.nodes, strict=True)
        ]
        return b"".join([_MAGIC, len(head).to_bytes(4, "little"), head, *arrays])

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Forest":
        """The forest whose bytes these are. Raises BadModel."""
        if raw[:8] != _MAGIC:
            raise BadModel("these bytes are no forest")
        if len(raw) > MODEL_BYTES_MAX:
            raise BadModel(f"a forest of {len(raw)} bytes, at most {MODEL_BYTES_MAX}")
        ends = 12 + int.from_bytes(raw[8:12], "little")
        features, counts = _head(raw[12:ends])
        arrays, at = [], ends
        for name in Nodes._fields:
            dtype = np.dtype(_TYPES[name])
            count = counts[name]
            if len(raw) < at + count * dtype.itemsize:
                raise BadModel(f"the forest's bytes end within {name}")
            arrays.append(np.frombuffer(raw, dtype, count, at))
            at += count * dtype.itemsize
        forest = cls.make(features, Nodes(*arrays))
        if at != len(raw) or forest.to_bytes() != raw:
            raise BadModel("the forest's bytes are not in canonical form")
        return forest

    def _rows(self, matrix: Floats) -> Floats:
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features):
            raise WrongFeatures(
                f"a matrix of shape {matrix.shape} for {len(self.features)} features",
                remedy="give the model's features, in its order",
            )
        return np.ascontiguousarray(matrix, np.float64)


def probability(scores: Floats) -> Floats:
    """Log-odds as probabilities, for people: 1 / (1 + exp(-score))."""
    found: Floats = 1.0 / (1.0 + np.exp(-scores))
    return found


def _head(raw: bytes) -> tuple[list[str], dict[str, int]]:
    try:
        head: Any = json.loads(raw)
        counts = {name: head[name] for name in ("trees", "nodes", "leaves")}
        canonical = canonical_json(head) == raw and set(head) == {"features", *counts}
        features = head["features"]
    except (ValueError, KeyError, TypeError, RecursionError, NotCanonical):
        raise BadModel("the forest's head does not read") from None
    whole = all(isinstance(count, int) and 0 <= count <= NODES_MAX for count in counts.values())
    if not canonical or not whole or not isinstance(features, list):
        raise BadModel("the forest's head is not in canonical form")
    per = dict.fromkeys(Nodes._fields, counts["nodes"])
    return features, per | {
        "first": counts["trees"],
        "leaf": counts["leaves"],
        "leaf_rows": counts["leaves"],
    }


def _check(forest: Forest) -> None:
    names, nodes = forest.features, forest.nodes
    if not 1 <= len(names) <= FEATURES_MAX or len(set(names)) != len(names):
        raise BadModel(f"{len(names)} features, or one of them twice", remedy=f"at most {FEATURES_MAX}")
    if not all(isinstance(name, str) and 0 < len(name) <= FEATURE_NAME_CHARS_MAX for name in names):
        raise BadModel(f"a feature's name is no text of 1 to {FEATURE_NAME_CHARS_MAX} characters")
    count, leaves = len(nodes.feature), len(nodes.leaf)
    if not 1 <= len(nodes.first) <= TREES_MAX or count > NODES_MAX or leaves != count + len(nodes.first):
        raise BadModel(f"{len(nodes.first)} trees, {count} nodes and {leaves} leaves do not make a forest")
    if any(len(array) != count for array in nodes[1:6]) or len(nodes.leaf_rows) != leaves:
        raise BadModel("its nodes' columns differ in length")
    if count and (nodes.feature.min() < 0 or nodes.feature.max() >= len(names)):
        raise BadModel("a node asks for a feature that is not there")
    if nodes.flags.max(initial=0) > (DEFAULT_LEFT | MISSING_ZERO | MISSING_NAN):
        raise BadModel("a node has an unknown flag")
    if nodes.leaf_rows.min() < 1:
        raise BadModel("a leaf has no training rows")
    if np.isnan(nodes.threshold).any() or not np.isfinite(nodes.leaf).all():
        raise BadModel("a threshold or an output is no number")
    _check_tied(nodes, count, leaves)


def _check_tied(nodes: Nodes, count: int, leaves: int) -> None:
    """Each node and leaf hangs below exactly one place, and a node's child stands after it: no walk goes round."""
    places = np.arange(count)
    for children in (nodes.left, nodes.right):
        inner = children >= 0
        if (children[inner] <= places[inner]).any():
            raise BadModel("a node's child does not stand after it")
    points = np.concatenate([nodes.first, nodes.left, nodes.right]).astype(np.int64)
    tied, ends = points[points >= 0], ~points[points < 0]
    once = np.array_equal(np.sort(tied), places) and np.array_equal(np.sort(ends), np.arange(leaves))
    if not once:
        raise BadModel("its nodes and leaves do not hang together as trees")
