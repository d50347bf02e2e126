"""Hashing and proofs against RFC 6962's reference tree and against a naive tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.log.kit import naive_consistency, naive_path, naive_root, split

from jinku.log.edge import RightEdge
from jinku.log.errors import ProofInvalidError, RangeError
from jinku.log.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, leaf_hashes, node_hash, tree_hash
from jinku.log.proof import verify_consistency, verify_inclusion
from jinku.log.reader import Tree
from jinku.log.tiles import TILE_WIDTH, Tile

# The eight leaves that Certificate Transparency's implementations test with, and the roots of their trees.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]


class MemoryTiles:
    """Tiles of a tree, computed by extending an edge and keeping what it gives."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.edge = RightEdge()
        self.full = dict(self.edge.extend(leaf_hashes(leaves)))
        self.tiles = self.full | dict(self.edge.partial_tiles())

    def tile(self, tile: Tile) -> bytes:
        return self.tiles[tile]


def leaves_of(count: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(count)]


def path_length(index: int, size: int) -> int:
    """How many hashes an inclusion proof has; none fits an index outside the tree."""
    length = 0 if index < size else -1
    while size > 1 and length >= 0:
        middle = split(size)
        index, size = (index, middle) if index < middle else (index - middle, size - middle)
        length += 1
    return length


def test_single_hashes_as_published() -> None:
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    found = node_hash(b"N123", b"N456")
    assert found.hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_roots_as_published(size: int) -> None:
    assert tree_hash(leaf_hashes(LEAVES[:size])) == ROOTS[size]
    assert Tree(MemoryTiles(LEAVES[:size]), size).root() == ROOTS[size]


def test_proofs_as_published() -> None:
    tree = Tree(MemoryTiles(LEAVES), 8)
    assert [item.hex() for item in tree.inclusion_proof(0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [item.hex() for item in tree.consistency_proof(6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert Tree(MemoryTiles(LEAVES[:1]), 1).inclusion_proof(0) == []


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 700), data=st.data())
def test_proofs_over_tiles_equal_the_naive_ones(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    tree = Tree(MemoryTiles(leaves), size)
    root = naive_root(leaves)
    assert tree.root() == root
    index = data.draw(st.integers(0, size - 1))
    path = tree.inclusion_proof(index)
    assert path == naive_path(index, leaves)
    assert tree.leaf(index) == leaf_hash(leaves[index])
    verify_inclusion(leaf_hash(leaves[index]), index, size, path, root)
    old = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(old)
    assert proof == naive_consistency(old, leaves)
    verify_consistency(old, size, proof, naive_root(leaves[:old]), root)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 70_000), pieces=st.lists(st.integers(1, 40_000), max_size=4))
def test_an_edge_grown_in_pieces_has_the_tiles_and_root_of_one_grown_at_once(
    size: int, pieces: list[int]
) -> None:
    hashes = leaf_hashes(leaves_of(size))
    whole = RightEdge()
    tiles = dict(whole.extend(hashes))
    edge, at = RightEdge(), 0
    grown: dict[Tile, bytes] = {}
    for piece in [*pieces, size]:
        grown |= dict(edge.extend(hashes[at : at + piece]))
        at = edge.size
    assert grown == tiles
    assert edge == whole
    assert edge.root() == tree_hash(hashes)
    for level, found in enumerate(edge.levels):
        assert len(found) == (size >> (8 * level)) % TILE_WIDTH


@settings(max_examples=100, deadline=None)
@given(size=st.integers(2, 600), data=st.data())
def test_every_wrong_inclusion_is_refused(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    tree = Tree(MemoryTiles(leaves), size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda drawn: drawn != index))
    leaf, path, root = tree.leaf(index), tree.inclusion_proof(index), tree.root()
    wrong = [
        (leaf, other, size, path, root),
        (leaf, -1, size, path, root),
        (leaf, size, size, path, root),
        (tree.leaf(other), index, size, path, root),
        (leaf, index, size, path[:-1], root),
        (leaf, index, size, path[1:], root),
        (leaf, index, size, [*path, root], root),
        (leaf, index, size, path, leaf),
        (leaf[:-1], index, size, path, root),
        (leaf, index, size, [*path[:-1], path[-1] + b"x"], root),
    ]
    for other_size in (1, size // 2, size * 2, size * 4):
        if path_length(index, other_size) != len(path):
            wrong.append((leaf, index, other_size, path, root))
    at = data.draw(st.integers(0, len(path) - 1))
    bad = bytearray(path[at])
    bad[data.draw(st.integers(0, HASH_BYTES - 1))] ^= data.draw(st.integers(1, 255))
    wrong.append((leaf, index, size, [*path[:at], bytes(bad), *path[at + 1 :]], root))
    for case in wrong:
        with pytest.raises(ProofInvalidError):
            verify_inclusion(*case)


@settings(max_examples=100, deadline=None)
@given(size=st.integers(2, 600), data=st.data())
def test_every_wrong_consistency_is_refused(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    tree = Tree(MemoryTiles(leaves), size)
    old = data.draw(st.integers(1, size - 1))
    old_root, new_root = naive_root(leaves[:old]), tree.root()
    path = tree.consistency_proof(old)
    wrong = [
        (old, size, path, new_root, old_root),
        (old, size, path, old_root, old_root),
        (old, size, path, new_root, new_root),
        (old, size, [], old_root, new_root),
        (old, size, path[:-1], old_root, new_root),
        (old, size, path[1:], old_root, new_root),
        (old, size, [*path, new_root], old_root, new_root),
        (old, size, [old_root, *path], old_root, new_root),
        (size, old, path, new_root, old_root),
        (size, size, path, new_root, new_root),
        (0, size, path, EMPTY_ROOT, new_root),
        (-1, size, path, old_root, new_root),
    ]
    at = data.draw(st.integers(0, len(path) - 1))
    bad = bytearray(path[at])
    bad[data.draw(st.integers(0, HASH_BYTES - 1))] ^= data.draw(st.integers(1, 255))
    wrong.append((old, size, [*path[:at], bytes(bad), *path[at + 1 :]], old_root, new_root))
    for case in wrong:
        with pytest.raises(ProofInvalidError):
            verify_consistency(*case)


def test_a_proof_for_a_smaller_tree_does_not_serve_a_larger_one() -> None:
    """The hashes lead to the root too early: the tree claimed is higher than the proof."""
    for size in (1, 2, 4, 8):
        path = Tree(MemoryTiles(LEAVES[:size]), size).inclusion_proof(0)
        with pytest.raises(ProofInvalidError):
            verify_inclusion(leaf_hash(LEAVES[0]), 0, size * 2, path, ROOTS[size])


def test_trivial_consistency() -> None:
    verify_consistency(0, 8, [], EMPTY_ROOT, ROOTS[8])
    verify_consistency(8, 8, [], ROOTS[8], ROOTS[8])
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(ProofInvalidError):
        verify_consistency(0, 8, [], ROOTS[1], ROOTS[8])
    with pytest.raises(ProofInvalidError):
        verify_consistency(8, 8, [], ROOTS[8], ROOTS[7])


def test_outside_the_tree() -> None:
    tree = Tree(MemoryTiles(LEAVES), 8)
    for index in (-1, 8):
        with pytest.raises(RangeError):
            tree.inclusion_proof(index)
        with pytest.raises(RangeError):
            tree.leaf(index)
    for size in (-1, 9):
        with pytest.raises(RangeError):
            tree.consistency_proof(size)
    assert tree.consistency_proof(0) == tree.consistency_proof(8) == []
