"""Signers against published vectors, and every wrong byte refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.crypto.errors import KeyFormatError, SignatureInvalidError
from jinku.crypto.signer import (
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    Algorithm,
    Ed25519Signer,
    MlDsa44Signer,
    Signer,
    signer_from_seed,
    verifier,
    verifier_of,
)

SIGNERS: list[Signer] = [Ed25519Signer.generate("a"), MlDsa44Signer.generate("b")]


def test_ed25519_as_rfc_8032_section_7_1_test_2() -> None:
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    signer = Ed25519Signer.from_seed("rfc8032", seed)
    assert signer.public_key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signer.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
def test_round_trip_and_lengths(signer: Signer) -> None:
    signature = signer.sign(b"message")
    assert len(signature) == SIGNATURE_BYTES[signer.algorithm]
    assert len(signer.public_key) == PUBLIC_KEY_BYTES[signer.algorithm]
    verifier_of(signer).verify(b"message", signature)
    again = signer_from_seed(signer.name, signer.algorithm, signer.seed)
    assert again.public_key == signer.public_key


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
@settings(max_examples=25)
@given(data=st.data())
def test_any_changed_byte_is_refused(signer: Signer, data: st.DataObject) -> None:
    message = data.draw(st.binary(min_size=1, max_size=64))
    signature = signer.sign(message)
    check = verifier_of(signer)
    target = bytearray(data.draw(st.sampled_from([message, signature])))
    at = data.draw(st.integers(0, len(target) - 1))
    target[at] ^= data.draw(st.integers(1, 255))
    changed = bytes(target)
    of_signature = len(changed) == len(signature)
    with pytest.raises(SignatureInvalidError):
        check.verify(message if of_signature else changed, changed if of_signature else signature)


@pytest.mark.parametrize("length", [0, 63, 65, 2419, 2421])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    for signer in SIGNERS:
        with pytest.raises(SignatureInvalidError):
            verifier_of(signer).verify(b"message", bytes(length))


def test_keys_of_another_length_are_refused() -> None:
    for algorithm in Algorithm:
        with pytest.raises(KeyFormatError):
            verifier("x", algorithm, bytes(31))
        with pytest.raises(KeyFormatError):
            signer_from_seed("x", algorithm, bytes(31))


def test_a_signer_does_not_show_its_key() -> None:
    for signer in SIGNERS:
        assert signer.seed.hex() not in repr(signer)
        assert "seed" not in repr(signer)
