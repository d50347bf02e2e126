"""Merkle tree hashing of RFC 6962 section 2.1, with SHA-256.

Rules:

1. A leaf hashes as ``SHA-256(0x00 || leaf)``, a node as ``SHA-256(0x01 || left || right)``; the empty
   tree's hash is ``SHA-256("")``.
2. A tree of n leaves splits at the largest power of two below n.
3. Hashes are 32 bytes; bulk functions take and give lists of them.

Example::

    tree_hash(leaf_hashes([b"a", b"b", b"c"]))
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\0" + leaf).digest()


def leaf_hashes(leaves: Sequence[bytes]) -> list[bytes]:
    """The hash of each leaf."""
    return [sha256(b"\0" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def node_hashes(hashes: Sequence[bytes]) -> list[bytes]:
    """One level up: the node over each pair of `hashes`, whose number is even."""
    return [sha256(b"\1" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=True)]


def perfect_hash(hashes: Sequence[bytes]) -> bytes:
    """The root over `hashes`, whose number is a power of two."""
    while len(hashes) > 1:
        hashes = node_hashes(hashes)
    return hashes[0]


def peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The roots of the maximal perfect subtrees over `hashes`, from the left, one per bit of their number."""
    found, start = [], 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            found.append(perfect_hash(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return found


def join_peaks(found: Sequence[bytes]) -> bytes:
    """The root of the tree that these perfect subtrees, from the left, make up; EMPTY_ROOT of none."""
    if not found:
        return EMPTY_ROOT
    root = found[-1]
    for peak in reversed(found[:-1]):
        root = node_hash(peak, root)
    return root


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962's MTH over leaves with these hashes."""
    return join_peaks(peaks(hashes))
