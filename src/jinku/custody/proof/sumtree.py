"""The hashes of a sum tree whose every sum is public.

Rules:

1. Leaves stand in rows: first a holder's leaf for each customer, worth 0, then all parts of 1, of 2, of 4, … Which row
   a position is in, and so what every subtree is worth, follows from the attested counts alone (`Rows`). A proof
   therefore carries no sums, and shows no more of other customers than the attestation itself.
2. ``key = HMAC-SHA-256(salt, tag "key", context, customer)``, ``holder = SHA-256(tag "holder", key, balance, parts)``,
   ``part = SHA-256(tag "part", key, value, number)``; amounts are 16 bytes, counts 4, big-endian.
3. ``node = SHA-256(tag "node", context, left sum, left hash, right sum, right hash)``: both children's sums are bound,
   since hashing only the total lets a prover show each customer another split of it (ePrint 2018/1139).
4. The tree of n > 1 leaves is split after k leaves, k the greatest power of two below n, as in RFC 6962. Level by
   level: neighbours are paired, and a last one without a neighbour goes up as it is. There is no padding.

Example::

    rows = Rows.of(customers=2, parts=((1, 2), (4, 1)))
    rows.before(rows.leaves)  # 6: what everything is worth
"""

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from struct import iter_unpack
from typing import Any

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 32
AMOUNT_BYTES = 16
COUNT_BYTES = 4
_TAG = b"jinku/sum-tree/v2/"
_KEY, _HOLDER, _PART, _NODE, _EMPTY = (
    _TAG + name + b"\0" for name in (b"key", b"holder", b"part", b"node", b"empty")
)
_sha256 = hashlib.sha256

Bytes2 = NDArray[np.uint8]
"""Rows of bytes, shape (n, length)."""
Index = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """Which positions hold leaves of which value; see rule 1."""

    starts: tuple[int, ...]
    values: tuple[int, ...]
    sums: tuple[int, ...]
    """What all leaves before the row are worth."""
    leaves: int

    @classmethod
    def of(cls, customers: int, parts: Iterable[tuple[int, int]]) -> "Rows":
        """The rows of so many holders' leaves and of the counted parts (value, count)."""
        rows = [(0, customers), *parts]
        ends = list(accumulate(count for _, count in rows))
        sums = list(accumulate(value * count for value, count in rows))
        return cls((0, *ends[:-1]), tuple(value for value, _ in rows), (0, *sums[:-1]), ends[-1])

    def row(self, position: int) -> int:
        """The row that `position` is in."""
        return bisect_right(self.starts, position) - 1

    def value(self, position: int) -> int:
        """What the leaf at `position` is worth."""
        return self.values[self.row(position)]

    def before(self, position: int) -> int:
        """What all leaves before `position` are worth."""
        row = self.row(position)
        return self.sums[row] + (position - self.starts[row]) * self.values[row]

    def worth(self, first: Index, level: int) -> Bytes2:
        """What the subtrees of `level` that begin at the positions `first` are worth, as 16 bytes each."""
        last = np.minimum(first + (1 << level), self.leaves) - 1
        left, right = (np.searchsorted(self.starts, one, "right") - 1 for one in (first, last))
        full = [value << level for value in self.values]
        table = np.frombuffer(b"".join(_wide(one if one >> 127 == 0 else 0) for one in full), np.uint8)
        sums = table.reshape(-1, AMOUNT_BYTES)[left]
        (odd,) = np.nonzero((left != right) | (last - first + 1 != 1 << level))
        for at in odd.tolist():
            worth = self.before(int(last[at]) + 1) - self.before(int(first[at]))
            sums[at] = np.frombuffer(_wide(worth), np.uint8)
        return sums


def leaf_key(salt: bytes, context: bytes, customer: bytes) -> bytes:
    """The customer's secret key of this tree (rule 2)."""
    return hmac.digest(salt, _KEY + context + customer, "sha256")


def holder_hashes(keys: Bytes2, amounts: Bytes2, parts: Index) -> Bytes2:
    """The holders' leaves: `keys` (n, 32), `amounts` (n, 16), `parts` (n,)."""
    return hash_rows(_beside(_HOLDER, keys, amounts, _counts(parts)))


def part_hashes(keys: Bytes2, value: int, numbers: Index) -> Bytes2:
    """The leaves of parts worth `value`: `keys` (n, 32), `numbers` (n,) counted from 1 within each customer."""
    amounts = np.broadcast_to(np.frombuffer(_wide(value), np.uint8), (len(keys), AMOUNT_BYTES))
    return hash_rows(_beside(_PART, keys, amounts, _counts(numbers)))


def level_above(nodes: Bytes2, first: int, level: int, rows: Rows, context: bytes) -> Bytes2:
    """The nodes over `nodes`, which are the nodes of `level` from number `first` (even) on; rule 4."""
    pairs = len(nodes) // 2
    starts = (first + np.arange(len(nodes), dtype=np.int64)) << level
    sums = rows.worth(starts[: 2 * pairs], level)
    left, right = nodes[0 : 2 * pairs : 2], nodes[1 : 2 * pairs : 2]
    above = hash_rows(_beside(_NODE + context, sums[0::2], left, sums[1::2], right))
    return np.concatenate((above, nodes[2 * pairs :]))


def node_hash(context: bytes, left: tuple[int, bytes], right: tuple[int, bytes]) -> bytes:
    """The hash of one node over (sum, hash) on both sides."""
    return _sha256(b"".join((_NODE, context, _wide(left[0]), left[1], _wide(right[0]), right[1]))).digest()


def empty_root(context: bytes) -> bytes:
    """The root over no customer."""
    return _sha256(_EMPTY + context).digest()


def hash_rows(messages: Bytes2) -> Bytes2:
    """SHA-256 of each row, shape (n, 32)."""
    found = b"".join(
        [_sha256(one).digest() for (one,) in iter_unpack(f"{messages.shape[1]}s", messages.tobytes())]
    )
    return np.frombuffer(found, np.uint8).reshape(-1, HASH_BYTES)


def amount_bytes(amounts: Iterable[int]) -> Bytes2:
    """Amounts of minor units as 16 bytes each."""
    return np.frombuffer(b"".join(map(_wide, amounts)), np.uint8).reshape(-1, AMOUNT_BYTES)


def _wide(amount: int) -> bytes:
    return amount.to_bytes(AMOUNT_BYTES, "big")


def _counts(counts: Index) -> Bytes2:
    return counts.astype(">u4").view(np.uint8).reshape(-1, COUNT_BYTES)


def _beside(head: bytes, *columns: Bytes2) -> Bytes2:
    """Each row's bytes: `head`, then the row of each column."""
    start = np.broadcast_to(np.frombuffer(head, np.uint8), (len(columns[0]), len(head)))
    return np.concatenate((start, *columns), axis=1)
