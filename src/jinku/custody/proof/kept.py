"""Receipts from what is kept of a tree, without building it again.

Rules:

1. A proof holds the hash of each subtree that has none of the customer's leaves, from left to right. The lowest levels
   are hashed again from their leaves, all others are read.
2. Nothing leaves that does not lead to the sealed root: every proof is followed upwards while it is made.

Example::

    tree = KeptTree.open(folder)
    tree.proof("C-1").balance
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jinku.custody.errors import LiabilityUnknown
from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.errors import KeptDamaged
from jinku.custody.proof.store import STORED_LEVEL, Leaves, load, read_statement
from jinku.custody.proof.sumtree import Bytes2, Rows, node_hash

_BLOCK = 1 << STORED_LEVEL
_Below = Callable[[int, int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class TreeProof:
    """One customer's way to the root."""

    customer: str
    balance: int
    salt: bytes
    place: int
    """Position of the holder's leaf."""
    parts: tuple[int, ...]
    """Positions of the parts, in the order of their numbers."""
    hashes: tuple[bytes, ...]


class KeptTree:
    """See the module's rules. Safe to share between threads."""

    def __init__(self, folder: Path, statement: Attestation) -> None:
        self.statement = statement
        self._folder = folder.name
        self._leaves = Leaves.open(folder)
        self._rows = Rows.of(statement.customers, statement.parts)
        self._context = statement.context()
        self._levels: list[Bytes2] = []
        if self._rows.leaves:
            self._levels = _levels(load(folder, "nodes"), self._rows.leaves)

    @classmethod
    def open(cls, folder: Path) -> "KeptTree":
        """The tree kept in `folder`. Raises KeptDamaged."""
        return cls(folder, read_statement(folder))

    def balance(self, customer: str) -> int:
        """What is owed to `customer`. Raises LiabilityUnknown."""
        return int.from_bytes(self._leaves.amounts[self._find(customer)].tobytes(), "big")

    def proof(self, customer: str) -> TreeProof:
        """The proof for one customer. Raises LiabilityUnknown, KeptDamaged."""
        at = self._find(customer)
        leaves = self._leaves
        first, end = (int(one) for one in leaves.offsets[at : at + 2])
        place, *parts = (int(one) for one in leaves.where[first:end])
        positions = sorted((place, *parts))
        climb = _Climb(positions, self._rows, self._context, self._levels, self._near(positions))
        root = climb.root(0, self._rows.leaves, 0, self.statement.liabilities)
        if root != self.statement.root:
            raise KeptDamaged(self._folder, "the files do not lead to the sealed root")
        balance = int.from_bytes(leaves.amounts[at].tobytes(), "big")
        return TreeProof(
            customer, balance, leaves.salts[at].tobytes(), place, tuple(parts), tuple(climb.proof)
        )

    def _find(self, customer: str) -> int:
        at = self._leaves.find(customer.encode(errors="replace"))
        if at is None:
            raise LiabilityUnknown
        return at

    def _near(self, positions: list[int]) -> Mapping[int, bytes]:
        """The leaves' hashes of every lowest subtree that holds one of `positions`, by position."""
        starts = sorted({position // _BLOCK * _BLOCK for position in positions})
        wanted = np.concatenate([np.arange(one, min(one + _BLOCK, self._rows.leaves)) for one in starts])
        made = self._leaves.hashes(wanted, self._rows, lambda whose: self._leaves.keys(self._context, whose))
        return dict(zip(wanted.tolist(), map(bytes, made), strict=True))


def _levels(nodes: Bytes2, leaves: int) -> list[Bytes2]:
    """The kept nodes, level by level from `STORED_LEVEL` up."""
    levels, at = [], 0
    for level in range(STORED_LEVEL, max(STORED_LEVEL, (leaves - 1).bit_length()) + 1):
        count = -(-leaves >> level)
        levels.append(nodes[at : at + count])
        at += count
    return levels


@dataclass(slots=True)
class _Climb:
    """Walks the tree down to the customer's leaves and hashes its way back, noting what the customer cannot know."""

    positions: list[int]
    rows: Rows
    context: bytes
    levels: list[Bytes2]
    leaves: Mapping[int, bytes]
    proof: list[bytes] = field(default_factory=list)

    def root(self, first: int, end: int, low: int, high: int) -> bytes:
        """The hash over the leaves `first` … `end` - 1; all before `first` is worth `low`, before `end` `high`."""
        at = bisect_left(self.positions, first)
        if at < len(self.positions) and self.positions[at] < end:
            return self._hashed(first, end, low, high, self.root)
        self.proof.append(self._known(first, end, low, high))
        return self.proof[-1]

    def _known(self, first: int, end: int, low: int, high: int) -> bytes:
        """The same of a subtree without the customer's leaves: read, or hashed again from its leaves."""
        level = (end - first - 1).bit_length()
        if level < STORED_LEVEL and first in self.leaves:
            return self._hashed(first, end, low, high, self._known)
        return bytes(self.levels[max(0, level - STORED_LEVEL)][first >> max(STORED_LEVEL, level)])

    def _hashed(self, first: int, end: int, low: int, high: int, below: _Below) -> bytes:
        if end - first == 1:
            return self.leaves[first]
        middle = first + (1 << ((end - first - 1).bit_length() - 1))
        inside = self.rows.before(middle)
        left, right = below(first, middle, low, inside), below(middle, end, inside, high)
        return node_hash(self.context, (inside - low, left), (high - inside, right))
