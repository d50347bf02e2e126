"""The tree: every customer proves his balance, from files that are kept, and no total but the ledger's is attested."""

import stat
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.proof.kit import books, issued, tree_of

from jinku.custody.errors import BadAttestation, BadLiability, LiabilityUnknown
from jinku.custody.proof import hashing
from jinku.custody.proof.attestation import SUM_MAX, Attestation
from jinku.custody.proof.building import build
from jinku.custody.proof.errors import BuildFailed, KeptDamaged
from jinku.custody.proof.kept import KeptTree
from jinku.custody.proof.parts import TOP_FEW, TOP_MAX, TOP_MEAN, cut
from jinku.custody.proof.store import Leaves, load, save
from jinku.custody.proof.sumtree import Rows
from jinku.verify.attested import Attested
from jinku.verify.errors import VerifyError
from jinku.verify.sumtree import Holding, check_holding, check_tree

AMOUNTS = st.one_of(st.integers(0, 10), st.integers(0, 10**12), st.integers(0, 1 << 120))
BALANCES = st.lists(AMOUNTS, min_size=1, max_size=30)


def named(balances: list[int]) -> dict[str, int]:
    return {f"C-{number}": balance for number, balance in enumerate(balances)}


def check(tree: KeptTree, customer: str, /, **changes: object) -> None:
    """Check a proof by the independent verifier, with something changed."""
    proof, attested = tree.proof(customer), Attested.of(tree.statement.fields())
    said = {
        "customer": customer,
        "balance": proof.balance,
        "salt": proof.salt,
        "place": proof.place,
        "parts": proof.parts,
    } | changes
    hashes = said.pop("hashes", proof.hashes)
    holding = Holding(**said)  # type: ignore[arg-type]
    check_holding(holding, attested.customers, attested.table)
    check_tree(holding, hashes, attested.table, attested.context, attested.root)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(BALANCES)
def test_parts_are_worth_the_balance_and_bounded(balances: list[int]) -> None:
    counts = cut(balances)
    values = [1 << exponent for exponent in range(counts.shape[1])]
    for row, balance in zip(counts.tolist(), balances, strict=True):
        assert sum(value * count for value, count in zip(values, row, strict=True)) == balance
    assert max(balances) >> (len(values) - 1) <= TOP_MAX
    assert sum(one >> (len(values) - 1) for one in balances) <= max(TOP_FEW, TOP_MEAN * len(balances))


def test_parts_fall_differently_every_day() -> None:
    """One in four parts is halved: the table that everyone sees is noise on top of what the balances are."""
    few, days = [123_456_789] * 50, 40
    tables = {tuple(cut(few).sum(axis=0).tolist()) for _ in range(days)}
    assert len(tables) == days
    single = cut([1 << 20] * 4_000)
    kept = int(single[:, -1].sum()) / (4_000 * (1 << 20 >> (single.shape[1] - 1)))
    assert 0.7 < kept < 0.8


@settings(max_examples=25, deadline=None)
@given(balances=BALANCES)
def test_every_customer_proves_his_balance(
    tmp_path_factory: pytest.TempPathFactory, balances: list[int]
) -> None:
    """R13: the total is the sum, and each balance is proved to be in it."""
    tree = tree_of(tmp_path_factory.mktemp("tree") / "kept", named(balances))
    assert (tree.statement.liabilities, tree.statement.customers) == (sum(balances), len(balances))
    for customer, balance in named(balances).items():
        assert tree.balance(customer) == balance
        check(tree, customer)


@settings(max_examples=25, deadline=None)
@given(balances=BALANCES, data=st.data())
def test_nothing_else_verifies(
    tmp_path_factory: pytest.TempPathFactory, balances: list[int], data: st.DataObject
) -> None:
    tree = tree_of(tmp_path_factory.mktemp("tree") / "kept", named(balances))
    customer = data.draw(st.sampled_from(sorted(named(balances))))
    proof, leaves = tree.proof(customer), Attested.of(tree.statement.fields()).table.leaves
    elsewhere = data.draw(st.integers(0, 1 << 40)) % (leaves + 1)  # the leaves differ from try to try
    wrong: list[dict[str, object]] = [
        {"balance": proof.balance + 1},
        {"customer": f"{customer}x"},
        {"salt": bytes(32)},
        {"hashes": (*proof.hashes, bytes(32))},
        {"hashes": (*proof.hashes[:-1], bytes(32)) if proof.hashes else (bytes(32),)},
        {"parts": (*proof.parts, leaves - 1)},
        {"parts": (*proof.parts, *proof.parts[:1], leaves)},
        {"parts": proof.parts[1:] or (0,)},
    ]
    if elsewhere != proof.place:
        wrong.append({"place": elsewhere})
    if len(proof.parts) > 1:
        wrong.append({"parts": proof.parts[::-1]})
        wrong.append({"parts": (proof.parts[0], *proof.parts[:-1])})
    for change in wrong:
        with pytest.raises(VerifyError):
            check(tree, customer, **change)


def test_the_same_tree_by_one_process_or_by_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    balances = named([number * 7 for number in range(9_000)])
    tree = tree_of(tmp_path / "one", balances)
    rows = Rows.of(tree.statement.customers, tree.statement.parts)
    assert rows.leaves > 1 << hashing.CHUNK_LEVEL
    (tmp_path / "one" / "nodes.npy").unlink()
    again = hashing.hash_tree(tmp_path / "one", rows, tree.statement.context(), shares=2)
    assert again == tree.statement.root
    KeptTree.open(tmp_path / "one").proof("C-4711")
    (tmp_path / "one" / "nodes.npy").unlink()
    (tmp_path / "one" / "order.npy").write_bytes(b"")
    with pytest.raises((BuildFailed, KeptDamaged)):
        hashing.hash_tree(tmp_path / "one", rows, tree.statement.context(), shares=2)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 17, 100])
def test_trees_of_every_shape(tmp_path: Path, count: int) -> None:
    for balance in (0, 1, 2, 1_000):
        tree = tree_of(tmp_path / str(balance), named([balance] * count))
        for customer in ("C-0", f"C-{count - 1}"):
            check(tree, customer)


def test_no_customers_and_no_such_customer(tmp_path: Path) -> None:
    tree = tree_of(tmp_path / "none", {})
    assert (tree.statement.liabilities, tree.statement.customers) == (0, 0)
    for customer in ("C-7", "", "\ud800", "x" * 300):
        with pytest.raises(LiabilityUnknown):
            tree.proof(customer)
        with pytest.raises(LiabilityUnknown):
            tree_of(tmp_path / f"one{len(customer)}{customer[:1] == 'C'}", named([1])).proof(customer)


def test_a_customer_in_debit_counts_as_zero_and_is_stated(tmp_path: Path) -> None:
    """R8: what one customer owes takes nothing from what others are owed."""
    tree = tree_of(tmp_path / "tree", {"A": 500, "B": -30, "C": 20})
    assert (tree.statement.liabilities, tree.statement.floored) == (520, 30)
    assert tree.balance("B") == 0
    check(tree, "B")


def test_the_total_must_be_the_ledgers(tmp_path: Path) -> None:
    """R2: the total ties to the ledger's own, computed apart, or nothing is attested."""
    for total in (519, 521, 520):
        with pytest.raises(BadAttestation):
            build(tmp_path, books({"A": 500, "B": -30, "C": 20}, ledger_total=total), workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("balances", [[SUM_MAX + 1], [SUM_MAX, 1], [1 << 200]])
def test_sums_that_overflow_are_refused(tmp_path: Path, balances: list[int]) -> None:
    """R19: sums are checked, also the last one."""
    with pytest.raises(BadLiability):
        build(tmp_path, books(named(balances)), workers=1)


def test_the_greatest_sum_is_proved(tmp_path: Path) -> None:
    tree = tree_of(tmp_path / "tree", named([SUM_MAX - 5, 5]))
    check(tree, "C-0")
    check(tree, "C-1")


def test_what_cannot_stand_in_a_tree_is_refused_without_naming_the_customer(tmp_path: Path) -> None:
    for customers in (["C-1", "C-1"], ["C-1", ""], ["C-1", "C-" + "x" * 255], ["C-1", "C-2\0"]):
        with pytest.raises(BadLiability) as caught:
            build(tmp_path, books({}, customers=customers, balances=[1, 2], ledger_total=3), workers=1)
        assert "C-" not in str(caught.value)
    with pytest.raises(BadLiability):
        build(tmp_path, books({}, customers=["C-1"], balances=[]), workers=1)


def test_what_is_kept_is_for_its_owner_and_small(tmp_path: Path) -> None:
    tree_of(tmp_path / "tree", named(list(range(2_000))))
    files = list((tmp_path / "tree").iterdir())
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    assert {one.name for one in files} == {
        *(f"{name}.npy" for name in ("names", "salts", "amounts", "offsets", "order", "where", "nodes")),
        "statement.json",
    }


def test_no_receipt_leaves_that_does_not_lead_to_the_sealed_root(tmp_path: Path) -> None:
    tree_of(tmp_path / "tree", named(list(range(100))))
    for name in ("salts", "amounts", "order", "nodes"):
        kept = load(tmp_path / "tree", name)
        changed = kept.copy()
        changed[:] = changed[::-1].copy() if name != "amounts" else changed + np.uint8(1)
        (tmp_path / "tree" / f"{name}.npy").unlink()
        save(tmp_path / "tree", name, changed)
        with pytest.raises((KeptDamaged, LiabilityUnknown)):
            KeptTree.open(tmp_path / "tree").proof("C-42")
        (tmp_path / "tree" / f"{name}.npy").unlink()
        save(tmp_path / "tree", name, kept)
    KeptTree.open(tmp_path / "tree").proof("C-42")
    for name in ("statement.json", "names.npy"):
        (tmp_path / "tree" / name).write_bytes(b"{")
        with pytest.raises(KeptDamaged):
            KeptTree.open(tmp_path / "tree")


def test_salts_are_each_customers_own(tmp_path: Path) -> None:
    tree_of(tmp_path / "a", named([1] * 500))
    tree_of(tmp_path / "b", named([1] * 500))
    salts = [one.tobytes() for day in ("a", "b") for one in Leaves.open(tmp_path / day).salts]
    assert len(set(salts)) == 1_000


@pytest.mark.parametrize("field", ["entity", "as_of", "ledger_size", "customers", "floored", "liabilities"])
def test_values_out_of_range_are_refused(field: str) -> None:
    good: dict[str, object] = {
        "entity": 1, "currency": "CNY", "day": date(2026, 1, 2), "as_of": 1, "ledger_size": 2, "customers": 3,
        "liabilities": 4, "floored": 0, "parts": ((4, 1),), "root": bytes(32),
    }  # fmt: skip
    Attestation(**good)  # type: ignore[arg-type]
    for value in (-1, 1 << 127):
        with pytest.raises(BadAttestation):
            Attestation(**(good | {field: value}))  # type: ignore[arg-type]
    for parts in (((4, 1), (4, 1)), ((3, 1), (1, 1)), ((4, 1), (8, 0)), ((4, -1), (8, 1)), ((2, 1), (1, 2))):
        with pytest.raises(BadAttestation):
            Attestation(**(good | {"parts": parts}))  # type: ignore[arg-type]
    with pytest.raises(BadAttestation):
        Attestation(**(good | {"root": b""}))  # type: ignore[arg-type]


def test_an_attestation_reads_back_what_it_wrote() -> None:
    statement = issued().statement
    assert Attestation.of(statement.fields(), statement.limits) == statement
    with pytest.raises(BadAttestation):
        Attestation.of(statement.fields(), (("nothing", "无"),))
