"""A customer's balance in a sum tree whose every sum is public, so that no path tells of anybody else's balance.

1. A balance is cut into parts whose values are powers of two. The attestation counts the parts of each value; in the
   tree they stand in that order: first one holder's leaf a customer, of value 0, then all parts of 1, of 2, of 4, …
   So position alone says a leaf's value, and the verifier computes every sum of the tree from the attested counts.
2. ``key = HMAC-SHA-256(salt, tag "key", context, customer)``; ``holder = SHA-256(tag "holder", key, balance, number of
   parts)``; ``part = SHA-256(tag "part", key, value, number)``; numbers count from 1. Amounts take 16 bytes, counts 4,
   big-endian.
3. A node hashes tag, context and both children's sums and hashes. The tree of n > 1 leaves is split after k leaves, k
   the greatest power of two below n (RFC 6962), so there is no padding.
4. The proof gives the hash of each subtree that holds none of the customer's leaves, from left to right.

Example::

    table = Table.of(customers=2, parts="1:2 4:1")
    check_tree(Holding("C-1", 5, salt, 0, (2, 4)), proof, table, context, root)
"""

import hashlib
import hmac
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.text import decimal

SUM_MAX = (1 << 127) - 1
LEAVES_MAX = 1 << 32
PARTS_MAX = 4096
"""Parts of one customer."""
ROWS_MAX = 127
TAG = b"jinku/sum-tree/v2/"
_KEY, _HOLDER, _PART, _NODE = (TAG + name + b"\0" for name in (b"key", b"holder", b"part", b"node"))


@dataclass(frozen=True, slots=True)
class Table:
    """Which positions hold parts of which value. Build it with `Table.of`."""

    starts: tuple[int, ...]
    """First position of each row; the holders' leaves are the first row."""
    values: tuple[int, ...]
    """What each leaf of the row is worth, minor units."""
    sums: tuple[int, ...]
    """What all leaves before the row are worth."""
    leaves: int
    total: int

    @classmethod
    def of(cls, customers: int, parts: str) -> "Table":
        """Read ``value:count value:count …`` (``-`` for none), values ascending powers of two.

        Raises Unreadable, NotVerified where the parts are too many or worth too much.
        """
        rows = [(0, customers)]
        for word in [] if parts == "-" else parts.split(" "):
            value, _, count = word.partition(":")
            rows.append(
                (decimal(value, "value of a part", SUM_MAX), decimal(count, "count of parts", LEAVES_MAX))
            )
            if not rows[-2][0] < rows[-1][0] or rows[-1][0].bit_count() != 1 or rows[-1][1] == 0:
                raise Unreadable(
                    "bad_parts", f"parts are counted by ascending powers of two, none zero: {word!r}"
                )
        starts, sums, at, total = [], [], 0, 0
        for worth, many in rows:
            starts.append(at)
            sums.append(total)
            at, total = at + many, total + worth * many
        if at > LEAVES_MAX or total > SUM_MAX:
            raise NotVerified("bad_sum", f"{at} leaves worth {total} are more than a tree can hold")
        return cls(tuple(starts), tuple(value for value, _ in rows), tuple(sums), at, total)

    def value(self, position: int) -> int:
        """What the leaf at `position` is worth."""
        return self.values[bisect_right(self.starts, position) - 1]

    def before(self, position: int) -> int:
        """What all leaves before `position` are worth together."""
        row = bisect_right(self.starts, position) - 1
        return self.sums[row] + (position - self.starts[row]) * self.values[row]


@dataclass(frozen=True, slots=True)
class Holding:
    """What the customer knows of himself, and where his leaves stand."""

    customer: str
    balance: int
    salt: bytes
    place: int
    """Position of the holder's leaf."""
    parts: tuple[int, ...]
    """Position of each part, in the order of their numbers."""


def check_holding(holding: Holding, customers: int, table: Table) -> None:
    """Check that the parts are the customer's balance, each counted once. Raises NotVerified."""
    if not 0 <= holding.place < customers:
        raise NotVerified("bad_position", f"position {holding.place} is not among {customers} holders")
    if len(holding.parts) > PARTS_MAX:
        raise NotVerified("bad_position", f"{len(holding.parts)} parts are more than {PARTS_MAX}")
    if len(set(holding.parts)) != len(holding.parts):
        raise NotVerified("part_twice", "a part is counted twice")
    if not all(customers <= position < table.leaves for position in holding.parts):
        raise NotVerified("bad_position", "a part stands where no part can stand")
    worth = sum(table.value(position) for position in holding.parts)
    if worth != holding.balance:
        raise NotVerified("wrong_balance", f"the parts are worth {worth}, the balance says {holding.balance}")


def check_tree(holding: Holding, proof: Sequence[bytes], table: Table, context: bytes, root: bytes) -> None:
    """Check that the customer's leaves lead to the attested root. Raises NotVerified."""
    own = dict(_leaves(holding, table, context))
    rest = iter(proof)
    reached = _Climb(own, sorted(own), rest, table, _NODE + context).root(0, table.leaves, 0, table.total)
    if next(rest, None) is not None:
        raise NotVerified("bad_proof", "the proof has hashes too many")
    if reached != root:
        raise NotVerified("wrong_root", "the balance is not part of the attested total: the root differs")


def _leaves(holding: Holding, table: Table, context: bytes) -> Iterator[tuple[int, bytes]]:
    key = hmac.new(holding.salt, _KEY + context + holding.customer.encode(), hashlib.sha256).digest()
    yield holding.place, _hash(_HOLDER, key, _wide(holding.balance), len(holding.parts).to_bytes(4, "big"))
    for number, position in enumerate(holding.parts, 1):
        yield position, _hash(_PART, key, _wide(table.value(position)), number.to_bytes(4, "big"))


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _wide(amount: int) -> bytes:
    return amount.to_bytes(16, "big")


@dataclass(frozen=True, slots=True)
class _Climb:
    own: Mapping[int, bytes]
    positions: Sequence[int]
    proof: Iterator[bytes]
    table: Table
    head: bytes
    """Tag and context, with which every node's bytes begin."""

    def root(self, first: int, end: int, low: int, high: int) -> bytes:
        """The hash over the leaves `first` … `end` - 1; all before `first` is worth `low`, before `end` `high`."""
        at = bisect_left(self.positions, first)
        if at == len(self.positions) or self.positions[at] >= end:
            given = next(self.proof, None)
            if given is None:
                raise NotVerified("bad_proof", "the proof is too short")
            return given
        if end - first == 1:
            return self.own[first]
        middle = first + (1 << ((end - first - 1).bit_length() - 1))
        inside = self.table.before(middle)
        left = self.root(first, middle, low, inside)
        right = self.root(middle, end, inside, high)
        return _hash(self.head, _wide(inside - low), left, _wide(high - inside), right)
