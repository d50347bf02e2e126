"""RFC 6962 Merkle trees, written straight from the definitions: the split at the greatest power of two.

1. A leaf hashes as SHA-256(0x00, leaf), a node as SHA-256(0x01, left, right), the empty tree as SHA-256().
2. A tree of n > 1 leaves is split after k leaves, k the greatest power of two below n.
3. Proofs are consumed from their end (the hash next to the root) inwards; a hash left over is an error.

Example::

    root_of_inclusion(index=2, size=3, leaf=leaf_hash(b"c"), proof=[left])
"""

import hashlib
from collections.abc import Sequence

from jinku.verify.errors import NotVerified

HASH_BYTES = 32
PROOF_HASHES_MAX = 128
"""A consistency proof has at most one hash per level and one more; twice 63 levels is beyond any."""
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a log entry's bytes."""
    return _sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return _sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def perfect_root(hashes: bytes) -> bytes:
    """The root over a power-of-two number of 32-byte hashes, concatenated."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [_sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)]
        )
    return hashes


def root_of_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that `proof` leads to for leaf hash `leaf` at `index` of `size` leaves. Raises NotVerified."""
    if not 0 <= index < size:
        raise NotVerified("bad_index", f"entry {index} is not among {size} entries")
    if size == 1:
        if proof:
            raise NotVerified("bad_proof", f"the inclusion proof has {len(proof)} hashes too many")
        return leaf
    if not proof:
        raise NotVerified("bad_proof", "the inclusion proof is too short")
    left_size = _split(size)
    if index < left_size:
        return node_hash(root_of_inclusion(index, left_size, leaf, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_of_inclusion(index - left_size, size - left_size, leaf, proof[:-1]))


def check_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new_size` begins with the tree of `old_size`. Raises NotVerified.

    Every tree begins with the empty tree, whose root is fixed and whose proof is empty.
    """
    if old_size > new_size:
        raise NotVerified("went_back", f"the log went back from {old_size} entries to {new_size}")
    if old_size == 0:
        if proof or old_root != EMPTY_ROOT or (new_size == 0 and new_root != EMPTY_ROOT):
            raise NotVerified("bad_proof", "an empty log has the empty root and an empty proof")
        return
    rest = list(proof)
    old, new = _both_roots(old_size, new_size, rest, old_root)
    if rest:
        raise NotVerified("bad_proof", f"the consistency proof has {len(rest)} hashes too many")
    if old != old_root or new != new_root:
        raise NotVerified(
            "inconsistent",
            f"the log of {new_size} entries does not begin with the earlier {old_size} entries",
        )


def _both_roots(
    old_size: int, new_size: int, proof: list[bytes], old_root: bytes | None
) -> tuple[bytes, bytes]:
    """The roots over the first `old_size` and over all `new_size` leaves of one subtree.

    `old_root` is given while the old tree is this subtree's left edge: then its own root is not in the proof.
    """
    if old_size == new_size:
        whole = old_root if old_root is not None else _take(proof)
        return whole, whole
    left_size = _split(new_size)
    side = _take(proof)
    if old_size <= left_size:
        old, new = _both_roots(old_size, left_size, proof, old_root)
        return old, node_hash(new, side)
    old, new = _both_roots(old_size - left_size, new_size - left_size, proof, None)
    return node_hash(side, old), node_hash(side, new)


def _take(proof: list[bytes]) -> bytes:
    if not proof:
        raise NotVerified("bad_proof", "the consistency proof is too short")
    return proof.pop()


class Frontier:
    """The roots of the perfect subtrees that a growing tree consists of, from left to right."""

    def __init__(self) -> None:
        self._subtrees: list[tuple[int, bytes]] = []

    def add(self, root: bytes, height: int = 0) -> None:
        """Append a perfect subtree of `2**height` leaves; what stands before must be a multiple of that."""
        while self._subtrees and self._subtrees[-1][0] == height:
            root = node_hash(self._subtrees.pop()[1], root)
            height += 1
        self._subtrees.append((height, root))

    def root(self) -> bytes:
        """The root over all leaves added so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        root = self._subtrees[-1][1]
        for _, left in reversed(self._subtrees[:-1]):
            root = node_hash(left, root)
        return root
