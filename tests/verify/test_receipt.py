"""Receipts and consistency proofs: they verify, and no changed byte passes."""

import base64

import pytest
from tests.verify.kit import LOG_KEY, PQ_KEY, WITNESSES, Key, checkpoint, consistency, day_of, receipt

from jinku.verify import NotVerified, Trust, Unreadable, VerifyError, verify_consistency, verify_receipt
from jinku.verify.receipt import HEADER

LEAVES = day_of(0).leaves


def proof_file(old: int, size: int, keys: list[Key] | None = None) -> bytes:
    lines = [f"old {old}", *(base64.b64encode(node).decode() for node in consistency(old, LEAVES[:size]))]
    return ("\n".join(lines) + "\n\n").encode() + checkpoint(LEAVES[:size], keys or [LOG_KEY])


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_every_entry_has_a_receipt(index: int) -> None:
    proved = verify_receipt(receipt(LEAVES, index), LEAVES[index], LOG_KEY.vkey)
    assert (proved.index, proved.size) == (index, len(LEAVES))
    with pytest.raises(NotVerified):
        verify_receipt(receipt(LEAVES, index), LEAVES[index - 1], LOG_KEY.vkey)


@pytest.mark.parametrize("extra", [False, True])
def test_every_flipped_byte_is_seen(extra: bool) -> None:
    data = receipt(LEAVES, 11, extra=extra)
    leaf = None if extra else LEAVES[11]
    assert verify_receipt(data, leaf, LOG_KEY.vkey).leaf == LEAVES[11]
    for at in range(len(data)):
        for bit in (1, 2, 0x20, 0x80):
            with pytest.raises(VerifyError):
                verify_receipt(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :], leaf, LOG_KEY.vkey)


def test_every_cut_and_every_appended_byte_is_seen() -> None:
    data = receipt(LEAVES, 5)
    for at in range(len(data)):
        with pytest.raises(VerifyError):
            verify_receipt(data[:at], LEAVES[5], LOG_KEY.vkey)
    for more in (b"\n", b"x", b"\n\n", b"\0"):
        with pytest.raises(VerifyError):
            verify_receipt(data + more, LEAVES[5], LOG_KEY.vkey)


def test_witnesses_are_asked_for() -> None:
    vkeys = [key.vkey for key in WITNESSES]
    trust = Trust.of([LOG_KEY.vkey, PQ_KEY.vkey], witnesses=vkeys, quorum=2)
    proved = verify_receipt(receipt(LEAVES, 3, [LOG_KEY, PQ_KEY, *WITNESSES[:2]]), LEAVES[3], trust)
    assert set(proved.checkpoint.witnesses) == {key.name for key in WITNESSES[:2]}
    with pytest.raises(NotVerified):
        verify_receipt(receipt(LEAVES, 3, [LOG_KEY, PQ_KEY, WITNESSES[0]]), LEAVES[3], trust)


def test_malformed_receipts_are_unreadable() -> None:
    good = receipt(LEAVES, 3).decode()
    for bad in (
        "", "\n\n", HEADER, good.replace("@v1", "@v2"), good.replace("index 3", "index 03"),
        good.replace("index 3\n", ""), good.replace("index 3\n", f"index {1 << 70}\n"),
        good.replace("index 3\n", "index 3\nAAAA\n"), good.replace("index 3\n", "index 3\n" + "A" * 43 + "=\n" * 200),
        good.replace("\n", "\r\n"), HEADER + "\nextra !\n" + good.split("\n", 1)[1], "x" * (1 << 20),
    ):  # fmt: skip
        with pytest.raises(Unreadable):
            verify_receipt(bad.encode(), LEAVES[3], LOG_KEY.vkey)
    with pytest.raises(Unreadable, match="must be given"):
        verify_receipt(good.encode(), None, LOG_KEY.vkey)
    with pytest.raises(Unreadable):
        verify_receipt(good.encode(), b"x" * 70_000, LOG_KEY.vkey)


def test_extra_that_is_not_the_leaf_is_refused() -> None:
    with pytest.raises(NotVerified):
        verify_receipt(receipt(LEAVES, 3, extra=True), LEAVES[4], LOG_KEY.vkey)
    other = receipt(LEAVES, 3).replace(b"\n", b"\nextra " + base64.b64encode(LEAVES[4]) + b"\n", 1)
    with pytest.raises(NotVerified) as caught:
        verify_receipt(other, LEAVES[3], LOG_KEY.vkey)
    assert caught.value.code == "extra_differs"


@pytest.mark.parametrize(("old", "size"), [(1, 2), (3, 20), (8, 20), (16, 17), (20, 20), (7, 8)])
def test_consistency_and_every_flipped_byte(old: int, size: int) -> None:
    earlier, proof = checkpoint(LEAVES[:old]), proof_file(old, size)
    before, after = verify_consistency(earlier, proof, LOG_KEY.vkey)
    assert (before.body.size, after.body.size) == (old, size)
    for at in range(len(proof)):
        with pytest.raises(VerifyError):
            verify_consistency(earlier, proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :], LOG_KEY.vkey)
    for at in range(len(earlier)):
        with pytest.raises(VerifyError):
            verify_consistency(
                earlier[:at] + bytes([earlier[at] ^ 1]) + earlier[at + 1 :], proof, LOG_KEY.vkey
            )


def test_a_forked_log_is_found_out() -> None:
    other = [*LEAVES[:4], b"changed", *LEAVES[5:9]]
    with pytest.raises(NotVerified):
        verify_consistency(checkpoint(other), proof_file(9, 20), LOG_KEY.vkey)
    with pytest.raises(NotVerified):
        verify_consistency(checkpoint(LEAVES[:9]), proof_file(8, 20), LOG_KEY.vkey)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"old 3",
        b"old x\n\n",
        b"new 3\n\n",
        b"old 3\n!\n\n",
        b"old 3\n" + b"A\n" * 500 + b"\n",
        b"\xff\n\n",
    ],
)
def test_malformed_consistency_proofs_are_unreadable(bad: bytes) -> None:
    with pytest.raises(Unreadable):
        verify_consistency(checkpoint(LEAVES[:3]), bad, LOG_KEY.vkey)
