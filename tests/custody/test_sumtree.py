"""The sum tree: every customer proves his balance, and no dishonest total gets past a careful verifier."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.crypto.commitment import new_salt
from jinku.custody.errors import BadLiability, LiabilityUnknown
from jinku.custody.proof.sumtree import SUM_MAX, Liability, SumProof, SumTree
from jinku.verify.errors import NotVerified
from jinku.verify.sumtree import Claim, Leaf, check_path

BALANCES = st.lists(st.integers(0, 10**14), min_size=1, max_size=40)


def liabilities(balances: list[int]) -> list[Liability]:
    return [Liability(f"C-{number}", balance, new_salt()) for number, balance in enumerate(balances)]


def claim_of(tree: SumTree) -> Claim:
    return Claim(tree.currency, tree.customers, tree.sum, tree.root.hash)


def verify(proof: SumProof, claim: Claim) -> None:
    own = proof.liability
    path = [(node.sum, node.hash) for node in proof.path]
    check_path(Leaf(own.customer, own.balance, own.salt), proof.index, path, claim)


@settings(deadline=None)
@given(BALANCES)
def test_every_customer_proves_his_balance(balances: list[int]) -> None:
    owed = liabilities(balances)
    tree = SumTree("CNY", owed)
    assert (tree.sum, tree.customers) == (sum(balances), len(balances))
    for one in owed:
        proof = tree.proof(one.customer)
        assert proof.liability == one
        verify(proof, claim_of(tree))


@settings(deadline=None)
@given(st.data(), BALANCES)
def test_nothing_else_verifies(data: st.DataObject, balances: list[int]) -> None:
    owed = liabilities(balances)
    tree = SumTree("CNY", owed)
    claim = claim_of(tree)
    proof = tree.proof(data.draw(st.sampled_from(owed)).customer)
    own = proof.liability
    delta = data.draw(st.integers(1, 1000))
    wrong: list[tuple[SumProof, Claim]] = [
        (replace(proof, liability=replace(own, balance=own.balance + delta)), claim),
        (replace(proof, liability=replace(own, customer=own.customer + "x")), claim),
        (replace(proof, liability=replace(own, salt=new_salt())), claim),
        (replace(proof, index=proof.index ^ 1), claim),
        (replace(proof, path=(*proof.path, tree.root)), claim),
        (replace(proof, path=proof.path[1:] or (tree.root,)), claim),
        (proof, replace(claim, total=claim.total + delta)),
        (proof, replace(claim, total=claim.total - 1)),
        (proof, replace(claim, customers=claim.customers * 2 + 1)),
        (proof, replace(claim, currency="USD")),
        (proof, replace(claim, root=new_salt())),
    ]
    for at, node in enumerate(proof.path):
        for other in (
            replace(node, sum=node.sum + delta),
            replace(node, hash=new_salt()),
            replace(node, sum=-1),
        ):
            wrong.append((replace(proof, path=(*proof.path[:at], other, *proof.path[at + 1 :])), claim))
    if len(proof.path) > 1 and proof.path[0] != proof.path[1]:
        wrong.append((replace(proof, path=(proof.path[1], proof.path[0], *proof.path[2:])), claim))
    for changed, against in wrong:
        with pytest.raises(NotVerified):
            verify(changed, against)


def test_a_sum_moved_between_siblings_is_seen() -> None:
    """The same total, but less for one side and more for the other."""
    tree = SumTree("CNY", liabilities([100, 250, 7, 9]))
    proof = tree.proof("C-0")
    low, high = proof.path
    moved = (replace(low, sum=low.sum - 1), replace(high, sum=high.sum + 1))
    with pytest.raises(NotVerified, match="root"):
        verify(replace(proof, path=moved), claim_of(tree))


class MaxwellTree:
    """The first published form: a node hashes its total and the children's hashes, not the children's sums."""

    @staticmethod
    def parent(total: int, left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(total.to_bytes(16, "big") + left + right).digest()

    @staticmethod
    def leaf(name: str, balance: int) -> bytes:
        return hashlib.sha256(balance.to_bytes(16, "big") + name.encode()).digest()


def test_the_attack_on_the_first_published_form_works_there_and_is_refused_here() -> None:
    """Two customers with 100 and 250 are each shown a total of 250: the other's sum is said to be 150 or 0."""
    left, right = MaxwellTree.leaf("a", 100), MaxwellTree.leaf("b", 250)
    cheating_root = MaxwellTree.parent(250, left, right)
    for _own, balance, sibling_sum in (("a", 100, 150), ("b", 250, 0)):
        assert MaxwellTree.parent(balance + sibling_sum, left, right) == cheating_root

    honest = SumTree("CNY", [Liability("a", 100, new_salt()), Liability("b", 250, new_salt())])
    for customer, sibling_sum in (("a", 150), ("b", 0)):
        proof = honest.proof(customer)
        shown = replace(proof, path=(replace(proof.path[0], sum=sibling_sum),))
        with pytest.raises(NotVerified):
            verify(shown, replace(claim_of(honest), total=250))
    refused = 0
    tag = b"jinku/sum-tree/v1/node\0"
    first, second = sorted((honest.proof("a"), honest.proof("b")), key=lambda proof: proof.index)
    for sums in ((100, 150), (0, 250), (150, 100), (250, 0)):
        parts = (
            sums[0].to_bytes(16, "big"),
            second.path[0].hash,
            sums[1].to_bytes(16, "big"),
            first.path[0].hash,
        )
        cheating = Claim("CNY", 2, 250, hashlib.sha256(tag + b"".join(parts)).digest())
        accepted = 0
        for proof, sibling in ((first, sums[1]), (second, sums[0])):
            try:
                verify(replace(proof, path=(replace(proof.path[0], sum=sibling),)), cheating)
                accepted += 1
            except NotVerified:
                refused += 1
        assert accepted < 2, "both customers accepted a total below what is owed"
    assert refused >= 4


def test_a_negative_sibling_cannot_lower_the_total() -> None:
    tree = SumTree("CNY", liabilities([100, 50]))
    proof = tree.proof("C-0")
    for sibling in (-50, -(1 << 127), 1 << 127, 1 << 128):
        with pytest.raises(NotVerified, match="out of range"):
            verify(replace(proof, path=(replace(proof.path[0], sum=sibling),)), claim_of(tree))


def test_sums_that_overflow_are_refused_by_both_sides() -> None:
    with pytest.raises(BadLiability, match="total"):
        SumTree("CNY", liabilities([SUM_MAX, 1]))
    assert SumTree("CNY", liabilities([SUM_MAX, 0])).sum == SUM_MAX
    tree = SumTree("CNY", liabilities([SUM_MAX - 1, 1]))
    proof = tree.proof("C-0")
    with pytest.raises(NotVerified, match="out of range"):
        verify(replace(proof, path=(replace(proof.path[0], sum=2),)), claim_of(tree))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_padding_stands_behind_the_last_customer_only(count: int) -> None:
    tree = SumTree("CNY", liabilities([7] * count))
    claim = claim_of(tree)
    for number in range(count):
        proof = tree.proof(f"C-{number}")
        assert len(proof.path) == (count - 1).bit_length()
        verify(proof, claim)
        for height, node in enumerate(proof.path):
            if ((proof.index >> height) ^ 1) << height >= count:
                assert node.sum == 0
                cheating = (*proof.path[:height], replace(node, hash=new_salt()), *proof.path[height + 1 :])
                with pytest.raises(NotVerified, match="padding"):
                    verify(replace(proof, path=cheating), claim)


def test_order_follows_from_the_salts_alone() -> None:
    owed = liabilities(list(range(20)))
    assert SumTree("CNY", owed).root == SumTree("CNY", reversed(owed)).root
    assert SumTree("CNY", owed).root != SumTree("USD", owed).root
    again = [replace(one, salt=new_salt()) for one in owed]
    orders = [[SumTree("CNY", tree).proof(one.customer).index for one in tree] for tree in (owed, again)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    "bad",
    [
        Liability("C-9", -1, bytes(32)), Liability("C-9", SUM_MAX + 1, bytes(32)), Liability("", 1, bytes(32)),
        Liability("x" * 257, 1, bytes(32)), Liability("C-9", 1, bytes(31)), Liability("C-1", 1, bytes(32)),
        Liability("C-9", True, bytes(32)),
    ],
)  # fmt: skip
def test_what_cannot_stand_in_a_tree_is_refused_without_naming_the_customer(bad: Liability) -> None:
    with pytest.raises(BadLiability) as caught:
        SumTree("CNY", [*liabilities([1, 2, 3]), bad])
    assert "C-" not in str(caught.value)


def test_no_customers_and_no_such_customer() -> None:
    assert SumTree("CNY", []).sum == 0
    with pytest.raises(LiabilityUnknown):
        SumTree("CNY", liabilities([1])).proof("C-7")


def test_a_hundred_thousand_customers() -> None:
    salt = hashlib.sha256
    owed = [Liability(f"C-{n}", n * 13, salt(b"%d" % n).digest()) for n in range(100_000)]
    tree = SumTree("CNY", owed)
    for number in (0, 1, 50_000, 99_999):
        proof = tree.proof(f"C-{number}")
        assert len(proof.path) == 17
        verify(proof, claim_of(tree))
