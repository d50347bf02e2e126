"""Ed25519 in plain Python against `cryptography`, so that a bare machine comes to the same word."""

import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

import jinku.verify
from jinku.verify import plain25519
from jinku.verify.signing import ed25519_holds

RFC_8032 = (  # section 7.1, tests 1 and 2: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
        "55141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
        "00d291612bb0c00",
    ),
)


def test_the_vectors_of_the_rfc_hold() -> None:
    for public, message, signature in RFC_8032:
        raw = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
        assert plain25519.verify(*raw)
        assert ed25519_holds(*raw)
        assert not plain25519.verify(raw[0], raw[1] + b"x", raw[2])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_both_ways_agree_also_on_what_is_broken(seed: bytes, message: bytes, bit: int, key_bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert plain25519.verify(public, message, signature)
    bad = bytearray(signature)
    bad[bit // 8] ^= 1 << bit % 8
    other = bytearray(public)
    other[key_bit // 8] ^= 1 << key_bit % 8
    for raw in (
        (public, message, bytes(bad)),
        (bytes(other), message, signature),
        (public, message, signature[:63]),
    ):
        assert plain25519.verify(*raw) == ed25519_holds(*raw)


def test_a_number_that_is_not_canonical_is_refused() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"m")
    raised = int.from_bytes(signature[32:], "little") + plain25519.ORDER
    bad = signature[:32] + raised.to_bytes(32, "little")
    public = key.public_key().public_bytes_raw()
    assert not plain25519.verify(public, b"m", bad)
    assert not ed25519_holds(public, b"m", bad)


def test_without_cryptography_the_verifier_still_loads(tmp_path: Path) -> None:
    source = Path(jinku.verify.__file__).parent.parent.parent
    program = (
        f"import sys; sys.path.insert(0, {str(source)!r})\n"
        "import jinku.verify.signing as s\nassert not s.HAS_CRYPTOGRAPHY\n"
        "from jinku.verify.command import main\n"
        f"public, signature = bytes.fromhex({RFC_8032[1][0]!r}), bytes.fromhex({RFC_8032[1][2]!r})\n"
        "sys.exit(0 if s.ed25519_holds(public, b'r', signature) else 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
