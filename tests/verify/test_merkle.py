"""RFC 6962 hashing and proofs, against known values and the definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.kit import consistency, inclusion, sha, tree_root

from jinku.verify.errors import NotVerified
from jinku.verify.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    leaf_hash,
    perfect_root,
    root_of_inclusion,
)

# The leaves and roots that Certificate Transparency implementations are tested with.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.integers(1, 40)


def leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


@pytest.mark.parametrize("size", ROOTS)
def test_known_roots(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.add(leaf_hash(leaf))
    assert frontier.root().hex() == ROOTS[size] == tree_root(LEAVES[:size]).hex()


def test_empty_root() -> None:
    assert sha(b"") == EMPTY_ROOT


@given(st.data(), SIZES)
def test_every_inclusion_proof_leads_to_the_root(data: st.DataObject, size: int) -> None:
    tree = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, tree)
    assert root_of_inclusion(index, size, leaf_hash(tree[index]), proof) == tree_root(tree)


@given(st.data(), SIZES)
def test_another_index_size_or_proof_does_not(data: st.DataObject, size: int) -> None:
    tree = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, tree)
    other = data.draw(st.integers(-1, size).filter(lambda at: at != index))
    for where, claimed, path in (
        (other, size, proof),
        (index, size + data.draw(st.integers(1, 50)), proof),
        (index, size, [*proof, b"\0" * 32]),
        (index, size, proof[:-1] if proof else [b"\0" * 32]),
    ):
        try:
            root = root_of_inclusion(where, claimed, leaf_hash(tree[index]), path)
        except NotVerified:
            continue
        # A larger claimed size can have the same shape along this path; the size is what the signature binds.
        assert root != tree_root(tree) or claimed != size


@given(st.data(), SIZES)
def test_consistency_holds_for_every_prefix_and_no_other_tree(data: st.DataObject, size: int) -> None:
    tree = leaves(size)
    old = data.draw(st.integers(1, size))
    proof, old_root, new_root = consistency(old, tree), tree_root(tree[:old]), tree_root(tree)
    check_consistency(old, old_root, size, new_root, proof)
    for wrong in (
        (old, sha(b"x"), size, new_root, proof),
        (old, old_root, size, sha(b"x"), proof),
        (old, old_root, size, new_root, [*proof, b"\0" * 32]),
        (size + 1, old_root, size, new_root, proof),
    ):
        with pytest.raises(NotVerified):
            check_consistency(*wrong)
    if proof:
        with pytest.raises(NotVerified):
            check_consistency(old, old_root, size, new_root, proof[:-1])
        at = data.draw(st.integers(0, len(proof) - 1))
        with pytest.raises(NotVerified):
            check_consistency(old, old_root, size, new_root, [*proof[:at], sha(b"y"), *proof[at + 1 :]])


def test_every_log_begins_with_the_empty_one() -> None:
    check_consistency(0, EMPTY_ROOT, 3, tree_root(leaves(3)), [])
    check_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    for old, new_size, new_root, proof in (
        (sha(b"x"), 3, tree_root(leaves(3)), []),
        (EMPTY_ROOT, 0, sha(b"x"), []),
        (EMPTY_ROOT, 3, tree_root(leaves(3)), [b"\0" * 32]),
    ):
        with pytest.raises(NotVerified):
            check_consistency(0, old, new_size, new_root, proof)


def test_perfect_root_is_the_tree_of_a_full_tile() -> None:
    assert perfect_root(b"".join(leaf_hash(leaf) for leaf in leaves(256))) == tree_root(leaves(256))
