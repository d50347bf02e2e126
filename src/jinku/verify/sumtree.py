"""A customer's balance in a Merkle sum tree of liabilities.

1. A node is a sum and a hash. The leaf's hash is SHA-256 over its tag, the balance and the commitment,
   which is HMAC-SHA-256 under the salt over the customer's number and the currency.
2. A parent's sum is its children's; its hash is SHA-256 over its tag and both children's sums and hashes.
3. Every sum, given or computed, is from 0 to 2**127 - 1.
4. The tree is as high as its number of customers asks, and a sibling wholly behind the last customer is
   padding.
5. At the top stand the total and the root hash that were attested.

Example::

    check_path(Leaf("C-1", 100, salt), index=0, path=[(250, hash)], claim=Claim("CNY", 2, 350, root))
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from jinku.verify.errors import NotVerified

SUM_MAX = (1 << 127) - 1
CUSTOMERS_MAX = 1 << 32
_COMMITMENT = b"jinku/commitment/v1\0"
_TAG = b"jinku/sum-tree/v1/"


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the customer knows of himself."""

    customer: str
    balance: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What was attested of the whole tree."""

    currency: str
    customers: int
    total: int
    root: bytes


def check_path(leaf: Leaf, index: int, path: Sequence[tuple[int, bytes]], claim: Claim) -> None:
    """Check that `leaf`, at position `index`, is part of the attested total. Raises NotVerified.

    `path` holds sum and hash of each sibling, from the leaf's upwards.
    """
    if not 0 <= index < claim.customers <= CUSTOMERS_MAX:
        raise NotVerified("bad_index", f"position {index} is not among {claim.customers} customers")
    if len(path) != (claim.customers - 1).bit_length():
        raise NotVerified(
            "bad_path",
            f"the path has {len(path)} steps, a tree of {claim.customers} customers another number",
        )
    total, digest = _bounded(leaf.balance), _leaf_hash(leaf, claim.currency)
    padding = hashlib.sha256(_TAG + b"padding\0").digest()
    for height, (sibling_sum, sibling) in enumerate(path):
        place = (index >> height) ^ 1
        if place << height >= claim.customers and (sibling_sum, sibling) != (0, padding):
            raise NotVerified("bad_padding", f"step {height + 1} is behind the last customer but not padding")
        ours, theirs = (total, digest), (_bounded(sibling_sum), sibling)
        digest = _node_hash(*(theirs + ours if place < index >> height else ours + theirs))
        total = _bounded(total + sibling_sum)
        padding = _node_hash(0, padding, 0, padding)
    if total != claim.total:
        raise NotVerified("wrong_total", f"the path adds up to {total}, attested is {claim.total}")
    if digest != claim.root:
        raise NotVerified("wrong_root", "the balance is not part of the attested total: the root differs")


def _bounded(amount: int) -> int:
    if not 0 <= amount <= SUM_MAX:
        raise NotVerified("bad_sum", f"a sum of {amount} is out of range")
    return amount


def _leaf_hash(leaf: Leaf, currency: str) -> bytes:
    purpose = f"balance.{currency}".encode()
    message = _COMMITMENT + bytes([len(purpose)]) + purpose + leaf.customer.encode()
    commitment = hmac.new(leaf.salt, message, hashlib.sha256).digest()
    return hashlib.sha256(_TAG + b"leaf\0" + leaf.balance.to_bytes(16, "big") + commitment).digest()


def _node_hash(left_sum: int, left: bytes, right_sum: int, right: bytes) -> bytes:
    parts = (_TAG, b"node\0", left_sum.to_bytes(16, "big"), left, right_sum.to_bytes(16, "big"), right)
    return hashlib.sha256(b"".join(parts)).digest()
