"""Checking Merkle proofs, by the procedures of RFC 9162 sections 2.1.3.2 and 2.1.4.2 (the hashes are RFC
6962's).

Example::

    verify_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root)
"""

from collections.abc import Sequence

from jinku.log.errors import ProofInvalidError
from jinku.log.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

PROOF_HASHES_MAX = 63


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with hash `leaf` is number `index` of the tree of `size` leaves with this `root`.

    Raises ProofInvalidError.
    """
    if not 0 <= index < size:
        raise ProofInvalidError(f"entry {index} cannot be in a tree of size {size}")
    _check_hashes((leaf, root, *path))
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofInvalidError(f"the inclusion proof of entry {index} has too many hashes")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or found != root:
        raise ProofInvalidError(f"the inclusion proof of entry {index} does not lead to the tree's root")


def verify_consistency(
    old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that the tree of `new_size` only appended to that of `old_size`. Raises ProofInvalidError."""
    if not 0 <= old_size <= new_size:
        raise ProofInvalidError(f"a tree of size {new_size} cannot follow one of size {old_size}")
    _check_hashes((old_root, new_root, *path))
    if old_size in (0, new_size):
        if path or old_root != (EMPTY_ROOT if old_size == 0 else new_root):
            raise ProofInvalidError(f"trees of size {old_size} and {new_size} disagree")
        return
    if not path:
        raise ProofInvalidError(f"the proof from size {old_size} to {new_size} is empty")
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofInvalidError(f"the proof from size {old_size} to {new_size} has too many hashes")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or old != old_root or new != new_root:
        raise ProofInvalidError(f"the proof from size {old_size} to {new_size} does not lead to both roots")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(item) != HASH_BYTES for item in hashes):
        raise ProofInvalidError(f"a proof holds a hash that does not have {HASH_BYTES} bytes")
