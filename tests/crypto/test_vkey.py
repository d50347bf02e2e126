"""Verifier keys against the examples of C2SP signed-note and of Go's sumdb/note."""

import base64
from hashlib import sha256

import pytest

from jinku.crypto.errors import KeyFormatError
from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer
from jinku.crypto.vkey import KEY_NAME_BYTES_MAX, SignatureType, VerifierKey, check_name, key_id

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SPEC = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
COSIGNER = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PETER, SignatureType.ED25519),
        (SPEC, SignatureType.ED25519),
        (COSIGNER, SignatureType.ED25519_COSIGNATURE),
    ],
)
def test_published_keys_parse_and_print_again(text: str, kind: SignatureType) -> None:
    key = VerifierKey.parse(text)
    assert key.type is kind
    assert str(key) == text


def test_every_cut_of_a_key_is_refused() -> None:
    for start in range(len(PETER)):
        for end in range(start, len(PETER) + 1):
            if end - start < len(PETER):
                with pytest.raises(KeyFormatError):
                    VerifierKey.parse(PETER[start:end])


def test_every_changed_character_of_a_key_is_refused() -> None:
    for at, character in enumerate(PETER):
        with pytest.raises(KeyFormatError):
            VerifierKey.parse(PETER[:at] + chr(ord(character) + 1) + PETER[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, id fits
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown type, id fits
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER + "\n",
        "",
        "++",
    ],
)
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        VerifierKey.parse(text)


def test_the_id_is_the_hash_that_signed_note_recommends() -> None:
    signer = MlDsa44Signer.generate("witness.example/w1")
    expected = sha256(b"witness.example/w1\n\x06" + signer.public_key).digest()[:4]
    assert key_id(signer.name, SignatureType.ML_DSA_44_COSIGNATURE, signer.public_key) == expected
    key = VerifierKey.of(signer, SignatureType.ML_DSA_44_COSIGNATURE)
    assert base64.b64decode(str(key).split("+", 2)[2]) == b"\x06" + signer.public_key
    assert VerifierKey.parse(str(key)) == key


def test_a_key_signs_only_with_its_own_algorithm() -> None:
    with pytest.raises(KeyFormatError):
        VerifierKey.of(Ed25519Signer.generate("a"), SignatureType.ML_DSA_44_COSIGNATURE)
    with pytest.raises(KeyFormatError):
        VerifierKey.of(MlDsa44Signer.generate("a"), SignatureType.ED25519)


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\x7f", "\ud800", "x" * (KEY_NAME_BYTES_MAX + 1)],
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(KeyFormatError):
        check_name(name)


@pytest.mark.parametrize("name", ["example.com/log", "金库.example", "x" * KEY_NAME_BYTES_MAX])
def test_good_names_pass(name: str) -> None:
    check_name(name)
