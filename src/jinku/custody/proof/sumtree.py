"""A Merkle sum tree of what is owed to customers: one root and one total, and a short proof for each
customer.

Rules:

1. A node is a sum and a hash. A leaf's hash binds the balance and a salted commitment to the customer's
   number: ``SHA-256(tag_leaf, balance, commitment)``. An inner node's sum is that of its children; its hash
   binds both children's sums **and** hashes: ``SHA-256(tag_node, left sum, left hash, right sum, right
   hash)``. (Hashing only the total lets a prover show each customer another split of it: ePrint 2018/1139.)
2. Sums are unsigned 16-byte big-endian numbers from 0 to ``SUM_MAX`` = 2^127 - 1, so that two of them never
   overflow 128 bits; every sum is checked, also each total on the way up.
3. Leaves stand in the order of their hashes. The salts are random, so the order tells nothing of who is
   who, and it is the same whoever builds the tree from the same salts.
4. The leaves are filled up to a power of two by padding: sum 0, hash ``SHA-256(tag_padding)``. Padding stands
   behind the last customer only, and a verifier who knows the number of customers checks that.
5. The tree of no customer is one padding leaf.

What a proof gives away: the sums beside its path. The nearest is one other customer's exact balance (not
whose). New salts for each attestation keep neighbours from being followed from day to day.

Example::

    tree = SumTree("CNY", [Liability("C-1", 100, new_salt()), Liability("C-2", 250, new_salt())])
    tree.sum          # 350
    tree.proof("C-1")  # index, salt, and the sibling's sum and hash
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from jinku.base.currency import currency
from jinku.base.money import MINOR_MAX
from jinku.crypto.commitment import SALT_BYTES, commit
from jinku.custody.errors import BadLiability, LiabilityUnknown

SUM_MAX = MINOR_MAX
CUSTOMER_BYTES_MAX = 256
CUSTOMERS_MAX = 1 << 32
_LEAF = b"jinku/sum-tree/v1/leaf\0"
_NODE = b"jinku/sum-tree/v1/node\0"
_PADDING = hashlib.sha256(b"jinku/sum-tree/v1/padding\0").digest()
_sha256 = hashlib.sha256


@dataclass(frozen=True, slots=True)
class Liability:
    """What is owed to one customer in one currency."""

    customer: str
    """The customer's number at the platform, 1 to 256 bytes."""
    balance: int
    """Minor units, 0 or more."""
    salt: bytes
    """32 random bytes, made for this attestation; the customer's receipt holds them."""


@dataclass(frozen=True, slots=True)
class SumNode:
    """A sum in minor units and the hash that binds it."""

    sum: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SumProof:
    """One customer's way to the root."""

    liability: Liability
    index: int
    """Position of the leaf, from 0; its bits say on which side each sibling stands."""
    path: tuple[SumNode, ...]
    """The siblings, from the leaf's up to the root's child."""


class SumTree:
    """See the module's rules. Raises BadLiability, naming the position and never the customer."""

    def __init__(self, currency_code: str, liabilities: Iterable[Liability]) -> None:
        self.currency = currency(currency_code).code
        hashed = sorted(
            ((_leaf_hash(self.currency, one, at), one) for at, one in enumerate(liabilities)),
            key=lambda pair: pair[0],
        )
        if len(hashed) > CUSTOMERS_MAX:
            raise BadLiability(f"more than {CUSTOMERS_MAX} customers", position=CUSTOMERS_MAX)
        self._liabilities = [one for _, one in hashed]
        self._index = {one.customer: at for at, one in enumerate(self._liabilities)}
        if len(self._index) != len(hashed):
            raise BadLiability(f"{len(hashed) - len(self._index)} customers occur twice", position=0)
        self._levels = [[SumNode(one.balance, digest) for digest, one in hashed] or [SumNode(0, _PADDING)]]
        self._padding = [SumNode(0, _PADDING)]
        while len(self._levels[-1]) > 1:
            self._levels.append(self._above(self._levels[-1]))

    def _above(self, level: list[SumNode]) -> list[SumNode]:
        padding = self._padding[-1]
        if len(level) % 2:
            level.append(padding)
        self._padding.append(_parent(padding, padding))
        return [_parent(level[at], level[at + 1]) for at in range(0, len(level), 2)]

    @property
    def root(self) -> SumNode:
        """The total and the hash that binds everything below."""
        return self._levels[-1][0]

    @property
    def sum(self) -> int:
        """What is owed in all, in minor units."""
        return self.root.sum

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(self._liabilities)

    def proof(self, customer: str) -> SumProof:
        """The proof for one customer. Raises LiabilityUnknown."""
        index = self._index.get(customer)
        if index is None:
            raise LiabilityUnknown
        path = tuple(level[(index >> height) ^ 1] for height, level in enumerate(self._levels[:-1]))
        return SumProof(self._liabilities[index], index, path)


def _leaf_hash(currency_code: str, one: Liability, position: int) -> bytes:
    name = one.customer.encode()
    if not 1 <= len(name) <= CUSTOMER_BYTES_MAX:
        raise BadLiability(f"a customer's number of {len(name)} bytes", position=position)
    if isinstance(one.balance, bool) or not 0 <= one.balance <= SUM_MAX:
        raise BadLiability(
            f"a balance of {one.balance}",
            position=position,
            remedy="report a customer in debit apart; a negative balance would hide what is owed to others",
        )
    if len(one.salt) != SALT_BYTES:
        raise BadLiability(f"a salt of {len(one.salt)} bytes", position=position, remedy="use new_salt()")
    commitment = commit(name, one.salt, f"balance.{currency_code}")
    return _sha256(_LEAF + one.balance.to_bytes(16, "big") + commitment).digest()


def _parent(left: SumNode, right: SumNode) -> SumNode:
    total = left.sum + right.sum
    if total > SUM_MAX:
        raise BadLiability(f"the total reaches {total}, more than {SUM_MAX}", position=0)
    both = _NODE + left.sum.to_bytes(16, "big") + left.hash + right.sum.to_bytes(16, "big") + right.hash
    return SumNode(total, _sha256(both).digest())
