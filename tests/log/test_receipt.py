"""Receipts and consistency proofs: written as the specification says, checked here and by the independent
verifier."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.log.kit import ORIGIN, SIGNER, MemoryJournal, made_entries, publisher

from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.signer import Ed25519Signer
from jinku.log.consistency import ConsistencyProof, make_consistency_proof
from jinku.log.errors import (
    NoteFormatError,
    NoteUnsignedError,
    ProofInvalidError,
    RangeError,
    TileMissingError,
)
from jinku.log.reader import LogDirectory
from jinku.log.receipt import Receipt, ReceiptPolicy, make_receipt, make_receipts, verify_receipt
from jinku.log.signature import cosignature_type as type_of
from jinku.log.signature import cosigner_key, log_key, sign
from jinku.verify import VerifyError, verify_consistency
from jinku.verify import verify_receipt as verify_independently

SIZE = 1000
ENTRIES = made_entries(SIZE)
KEY = log_key(SIGNER)
POLICY = ReceiptPolicy(ORIGIN, (KEY,))
REFUSED = (NoteFormatError, NoteUnsignedError, ProofInvalidError, SignatureInvalidError)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LogDirectory:
    directory = tmp_path_factory.mktemp("log")
    with publisher(directory, MemoryJournal(ENTRIES)) as opened:
        opened.publish()
    return LogDirectory(directory)


def test_the_text_is_that_of_tlog_proof(log: LogDirectory) -> None:
    lines = make_receipt(log, 7).encode().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 7"
    assert lines[3 + 10] == ""
    assert "\n".join(lines[3 + 11 :]).encode() == (log.directory / "checkpoint").read_bytes()


@pytest.mark.parametrize("index", [0, 255, 256, 511, 767, 768, 998, 999])
def test_receipts_verify_here_and_independently(log: LogDirectory, index: int) -> None:
    receipt = make_receipt(log, index)
    assert Receipt.parse(receipt.encode()) == receipt
    assert verify_receipt(receipt, POLICY) == ENTRIES[index]
    assert verify_independently(receipt.encode(), None, str(KEY)).leaf == ENTRIES[index]


def test_many_receipts_share_one_checkpoint(log: LogDirectory) -> None:
    receipts = make_receipts(log, range(0, SIZE, 97))
    assert len({receipt.checkpoint.root for receipt in receipts}) == 1
    for receipt in receipts:
        assert verify_receipt(receipt, POLICY) == ENTRIES[receipt.index]


def test_a_receipt_without_its_entry_needs_it_beside(log: LogDirectory) -> None:
    receipt = make_receipt(log, 5, with_entry=False)
    assert b"extra" not in receipt.encode()
    assert verify_receipt(receipt, POLICY, ENTRIES[5]) == ENTRIES[5]
    with pytest.raises(NoteFormatError):
        verify_receipt(receipt, POLICY)
    with pytest.raises(ProofInvalidError):
        verify_receipt(receipt, POLICY, ENTRIES[6])


def test_a_log_of_one_entry(tmp_path: Path) -> None:
    with publisher(tmp_path, MemoryJournal(ENTRIES[:1])) as opened:
        opened.publish()
    receipt = make_receipt(LogDirectory(tmp_path), 0)
    assert receipt.path == ()
    assert verify_receipt(Receipt.parse(receipt.encode()), POLICY) == ENTRIES[0]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_a_receipt_is_noticed(log: LogDirectory, data: st.DataObject) -> None:
    raw = bytearray(make_receipt(log, 700).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(REFUSED):
        verify_receipt(Receipt.parse(bytes(raw)), POLICY)
    with pytest.raises(VerifyError):
        verify_independently(bytes(raw), None, str(KEY))


@pytest.mark.parametrize("index", [-1, SIZE])
def test_entries_beyond_the_checkpoint_have_no_receipt(log: LogDirectory, index: int) -> None:
    with pytest.raises(RangeError):
        make_receipt(log, index)


def test_no_log_no_receipt(tmp_path: Path) -> None:
    with pytest.raises(TileMissingError):
        make_receipt(LogDirectory(tmp_path), 0)


def test_a_receipt_counts_witnesses_by_name(log: LogDirectory) -> None:
    receipt = make_receipt(log, 3)
    first, second = (Ed25519Signer.generate(f"w{number}.example") for number in (1, 2))
    policy = ReceiptPolicy(ORIGIN, (KEY,), (cosigner_key(first), cosigner_key(second)), 2)
    note = receipt.checkpoint.note
    for signer, enough in ((first, False), (first, False), (second, True)):
        note = note.adding([sign(signer, type_of(signer.algorithm), note.text, 1 + len(note.signatures))])
        cosigned = Receipt(
            3, receipt.path, type(receipt.checkpoint)(receipt.checkpoint.checkpoint, note), receipt.extra
        )
        if enough:
            verify_receipt(cosigned, policy)
        else:
            with pytest.raises(NoteUnsignedError):
                verify_receipt(cosigned, policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"proof@v1", b"proof@v2"),
        (b"index 7\n", b""),
        (b"index 7\n", b"index 07\n"),
        (b"index 7\n", b"index 7 \n"),
        (b"index 7\n", b"index 7\nindex 7\n"),
        (b"extra ", b"extra  "),
        (b"\n\n" + ORIGIN.encode(), b"\n" + ORIGIN.encode()),
        (b"\n\n" + ORIGIN.encode(), b"\n\n\n" + ORIGIN.encode()),
        (b"\n\n" + ORIGIN.encode(), b"\nAAAA\n\n" + ORIGIN.encode()),
    ],
)
def test_malformed_receipts_are_refused(log: LogDirectory, old: bytes, new: bytes) -> None:
    raw = make_receipt(log, 7).encode()
    assert old in raw
    with pytest.raises(NoteFormatError):
        Receipt.parse(raw.replace(old, new, 1))


@pytest.mark.parametrize("old_size", [1, 255, 256, 600, 999, 1000])
def test_consistency_proofs_verify_independently(log: LogDirectory, tmp_path: Path, old_size: int) -> None:
    with publisher(tmp_path, MemoryJournal(ENTRIES[:old_size])) as opened:
        earlier = opened.publish()
    proof = make_consistency_proof(log, old_size)
    assert ConsistencyProof.parse(proof.encode()) == proof
    verify_consistency(earlier.encode(), proof.encode(), str(KEY))
    with publisher(tmp_path / "fork", MemoryJournal(made_entries(old_size, seed=1))) as opened:
        forked = opened.publish()
    with pytest.raises(VerifyError):
        verify_consistency(forked.encode(), proof.encode(), str(KEY))
