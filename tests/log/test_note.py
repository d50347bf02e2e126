"""Notes, checkpoints and their signatures against the examples of C2SP and of Go's sumdb/note."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.keyfile import decode_private_key
from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer, Signer, verifier_of
from jinku.crypto.vkey import SignatureType, VerifierKey
from jinku.log.checkpoint import Checkpoint, SignedCheckpoint
from jinku.log.errors import NoteFormatError, NoteUnsignedError
from jinku.log.merkle import EMPTY_ROOT
from jinku.log.note import Note, NoteSignature, parse_note
from jinku.log.signature import (
    cosigner_key,
    log_key,
    open_checkpoint,
    open_note,
    sign,
    sign_checkpoint,
    verify_note,
)

PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PETER_NOTE = (
    f"{PETER_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg"
    "1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
SPEC_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo"
    "+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5"
    "nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()

CHECKPOINT = Checkpoint("log.example/a", 5, sha256(b"root").digest())
ED25519 = Ed25519Signer.generate("log.example/a")
ML_DSA = MlDsa44Signer.generate("log.example/a")
NOW_S = 1_679_315_147


@pytest.mark.parametrize(("key", "note"), [(PETER, PETER_NOTE), (SPEC_KEY, SPEC_NOTE)])
def test_published_notes_open(key: str, note: bytes) -> None:
    opened, verified = open_note(note, [VerifierKey.parse(key)])
    assert opened.encode() == note
    assert [item.timestamp_s for item in verified] == [None]


def test_signing_gives_the_published_bytes() -> None:
    line = sign(decode_private_key(PETER_SECRET), SignatureType.ED25519, PETER_TEXT, 0)
    assert Note(PETER_TEXT, (line,)).encode() == PETER_NOTE


def test_the_published_checkpoint_parses() -> None:
    signed = SignedCheckpoint.parse(SPEC_CHECKPOINT)
    assert (signed.checkpoint.origin, signed.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert signed.encode() == SPEC_CHECKPOINT
    assert signed.note.signatures[1].signature[:8].hex() == "00000000641850cb"


def test_the_second_signature_of_go_s_example() -> None:
    enoch = Ed25519Signer.from_seed("EnochRoot", bytes(32))
    line = sign(enoch, SignatureType.ED25519, PETER_TEXT, 0)
    assert str(line) == (
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
    )
    both = parse_note(PETER_NOTE).adding([line, line])
    keys = [VerifierKey.parse(PETER), VerifierKey.of(enoch, SignatureType.ED25519)]
    assert len(verify_note(both, keys)) == 2


def test_an_ed25519_cosignature_covers_what_tlog_cosignature_says() -> None:
    line = sign(ED25519, SignatureType.ED25519_COSIGNATURE, CHECKPOINT.text(), NOW_S)
    assert line.key_id == sha256(b"log.example/a\n\x04" + ED25519.public_key).digest()[:4]
    assert line.signature[:8] == NOW_S.to_bytes(8, "big")
    message = f"cosignature/v1\ntime {NOW_S}\n{CHECKPOINT.text()}".encode()
    verifier_of(ED25519).verify(message, line.signature[8:])


def test_an_ml_dsa_44_cosignature_covers_what_tlog_cosignature_says() -> None:
    line = sign(ML_DSA, SignatureType.ML_DSA_44_COSIGNATURE, CHECKPOINT.text(), NOW_S)
    assert line.key_id == sha256(b"log.example/a\n\x06" + ML_DSA.public_key).digest()[:4]
    message = (
        b"subtree/v1\n\x00" + b"\x0dlog.example/a" + NOW_S.to_bytes(8, "big") + b"\x0dlog.example/a"
        + bytes(8) + (5).to_bytes(8, "big") + CHECKPOINT.root
    )  # fmt: skip
    verifier_of(ML_DSA).verify(message, line.signature[8:])


def test_a_log_signs_with_both_keys() -> None:
    signed = sign_checkpoint(CHECKPOINT, [ED25519, ML_DSA], NOW_S)
    keys = [log_key(ED25519), log_key(ML_DSA)]
    assert [key.type for key in keys] == [SignatureType.ED25519, SignatureType.ML_DSA_44_COSIGNATURE]
    assert open_checkpoint(signed.encode(), CHECKPOINT.origin, keys) == signed
    assert [item.timestamp_s for item in verify_note(signed.note, keys)] == [None, NOW_S]
    for key in keys:
        assert open_checkpoint(signed.encode(), CHECKPOINT.origin, [key]) == signed


@pytest.mark.parametrize("signer", [ED25519, ML_DSA], ids=lambda signer: signer.algorithm)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_a_signed_checkpoint_is_noticed(signer: Signer, data: st.DataObject) -> None:
    raw = bytearray(sign_checkpoint(CHECKPOINT, [signer], NOW_S).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((NoteFormatError, NoteUnsignedError, SignatureInvalidError)):
        open_checkpoint(bytes(raw), CHECKPOINT.origin, [log_key(signer)])


def test_signatures_by_others_are_ignored_but_a_wrong_one_condemns_the_note() -> None:
    text = CHECKPOINT.text()
    good = sign(ED25519, SignatureType.ED25519, text, 0)
    stranger = sign(Ed25519Signer.generate("log.example/a"), SignatureType.ED25519, text, 0)
    namesake = NoteSignature("other.example", good.key_id, good.signature)
    keys = [log_key(ED25519)]
    assert len(verify_note(Note(text, (stranger, namesake, good)), keys)) == 1
    with pytest.raises(NoteUnsignedError):
        open_note(Note(text, (stranger, namesake)).encode(), keys)
    wrong = NoteSignature(good.name, good.key_id, bytes(64))
    with pytest.raises(SignatureInvalidError):
        open_note(Note(text, (good, wrong)).encode(), keys)


def test_a_key_of_one_type_does_not_verify_another_type() -> None:
    text = CHECKPOINT.text()
    plain = sign(ED25519, SignatureType.ED25519, text, 0)
    assert verify_note(Note(text, (plain,)), [cosigner_key(ED25519)]) == []
    disguised = NoteSignature(plain.name, cosigner_key(ED25519).id, bytes(8) + plain.signature)
    with pytest.raises(SignatureInvalidError):
        verify_note(Note(text, (disguised,)), [cosigner_key(ED25519)])


def test_another_origin_is_refused() -> None:
    signed = sign_checkpoint(CHECKPOINT, [ED25519], NOW_S)
    with pytest.raises(NoteFormatError):
        open_checkpoint(signed.encode(), "log.example/b", [log_key(ED25519)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n5\n",
        "\n5\nAAAA\n",
        "log\n05\n{root}\n",
        "log\n-1\n{root}\n",
        "log\n+1\n{root}\n",
        "log\n٥\n{root}\n",
        "log\n9223372036854775808\n{root}\n",
        "log\n5\nYmFuYW5hcw==\n",
        "log\n5\n{root}",
        "log\n5\n{root}\n\n",
        "log\n5\n{root} \n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    root = CHECKPOINT.text().split("\n")[2]
    with pytest.raises(NoteFormatError):
        Checkpoint.parse(text.replace("{root}", root))


def test_checkpoints_round_trip() -> None:
    for checkpoint in (CHECKPOINT, Checkpoint("金库", 0, EMPTY_ROOT, ("extension", "another"))):
        assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n\n", b"\n"),
        (b"=\n", b"="),
        (b"=\n", b"=\r\n"),
        ("— ".encode(), b"- "),
        (b"x08go/", b"x08go"),
        (b"AM=\n", b"AN=\n"),
        (b"AM=\n", b"AM\n"),
        (b"problem,", b"problem,\t"),
        (b"problem,", b"problem,\xff"),
        (b"PeterNeumann", b"Peter+Neumann"),
        (b"PeterNeumann", "Peter\u2003Neumann".encode()),
        (b"PeterNeumann ", b" "),
    ],
)
def test_malformed_notes_are_refused(old: bytes, new: bytes) -> None:
    assert old in PETER_NOTE
    with pytest.raises(NoteFormatError):
        parse_note(PETER_NOTE.replace(old, new))


def test_the_last_blank_line_ends_the_text() -> None:
    line = sign(ED25519, SignatureType.ED25519, "one\n\ntwo\n", 0)
    assert parse_note(Note("one\n\ntwo\n", (line,)).encode()).text == "one\n\ntwo\n"
