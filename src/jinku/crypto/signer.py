"""Signing keys that carry a name: Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204).

Rules:

1. A signer signs the bytes it is given; what those bytes mean is the caller's. Signatures, keys and seeds
   are raw: Ed25519 32-byte public key and seed, 64-byte signature; ML-DSA-44 1312-byte public key, 32-byte
   seed, 2420-byte signature, empty context.
2. A verifier raises when a signature is wrong; it never returns a flag that a caller may forget.
3. All arithmetic is the `cryptography` package's.

Example::

    signer = Ed25519Signer.generate("example.com/log")
    verifier_of(signer).verify(b"message", signer.sign(b"message"))
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from jinku.crypto.errors import AlgorithmUnavailableError, KeyFormatError, SignatureInvalidError

SEED_BYTES = 32


class Algorithm(StrEnum):
    """A signature algorithm."""

    ED25519 = "ed25519"
    ML_DSA_44 = "ml-dsa-44"


PUBLIC_KEY_BYTES = {Algorithm.ED25519: 32, Algorithm.ML_DSA_44: 1312}
SIGNATURE_BYTES = {Algorithm.ED25519: 64, Algorithm.ML_DSA_44: 2420}


class Signer(Protocol):
    """A private key with a name."""

    @property
    def name(self) -> str:
        """Who signs, as others know it."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""
        ...

    @property
    def public_key(self) -> bytes:
        """The raw public key."""
        ...

    @property
    def seed(self) -> bytes:
        """The 32-byte secret that the private key is made from. For key files only."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The raw signature of `message`."""
        ...


class Verifier(Protocol):
    """A public key with a name."""

    @property
    def name(self) -> str:
        """Whose key it is."""
        ...

    @property
    def public_key(self) -> bytes:
        """The raw public key."""
        ...

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises SignatureInvalidError unless `signature` is this key's signature of `message`."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """An Ed25519 private key."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    algorithm: Algorithm = field(default=Algorithm.ED25519, init=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new random key."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """The key of a 32-byte RFC 8032 seed. Raises KeyFormatError for another length."""
        _check_seed(seed)
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self.key.public_key().public_bytes_raw()

    @property
    def seed(self) -> bytes:
        """The RFC 8032 seed."""
        return self.key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""
        return self.key.sign(message)


@dataclass(frozen=True, slots=True)
class MlDsa44Signer:
    """An ML-DSA-44 private key."""

    name: str
    key: MLDSA44PrivateKey = field(repr=False)
    algorithm: Algorithm = field(default=Algorithm.ML_DSA_44, init=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new random key. Raises AlgorithmUnavailableError where the library lacks it."""
        try:
            return cls(name, MLDSA44PrivateKey.generate())
        except UnsupportedAlgorithm:
            raise AlgorithmUnavailableError(Algorithm.ML_DSA_44) from None

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """The key of a 32-byte FIPS 204 seed (ξ). Raises KeyFormatError, AlgorithmUnavailableError."""
        _check_seed(seed)
        try:
            return cls(name, MLDSA44PrivateKey.from_seed_bytes(seed))
        except UnsupportedAlgorithm:
            raise AlgorithmUnavailableError(Algorithm.ML_DSA_44) from None

    @property
    def public_key(self) -> bytes:
        """1312 bytes."""
        return self.key.public_key().public_bytes_raw()

    @property
    def seed(self) -> bytes:
        """The FIPS 204 seed ξ."""
        return self.key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 2420-byte signature, empty context."""
        return self.key.sign(message)


@dataclass(frozen=True, slots=True)
class _PublicKey:
    name: str
    public_key: bytes
    key: Ed25519PublicKey | MLDSA44PublicKey = field(repr=False)

    def verify(self, message: bytes, signature: bytes) -> None:
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            raise SignatureInvalidError(self.name) from None


def verifier(name: str, algorithm: Algorithm, public_key: bytes) -> Verifier:
    """The verifier of a raw public key. Raises KeyFormatError, AlgorithmUnavailableError."""
    expected = PUBLIC_KEY_BYTES[algorithm]
    if len(public_key) != expected:
        raise KeyFormatError(
            f"the {algorithm} public key of {name!r} has {len(public_key)} bytes, not {expected}"
        )
    try:
        if algorithm is Algorithm.ED25519:
            return _PublicKey(name, public_key, Ed25519PublicKey.from_public_bytes(public_key))
        return _PublicKey(name, public_key, MLDSA44PublicKey.from_public_bytes(public_key))
    except UnsupportedAlgorithm:
        raise AlgorithmUnavailableError(algorithm) from None


def verifier_of(signer: Signer) -> Verifier:
    """The verifier of `signer`'s public key."""
    return verifier(signer.name, signer.algorithm, signer.public_key)


def signer_from_seed(name: str, algorithm: Algorithm, seed: bytes) -> Signer:
    """The signer of a raw 32-byte seed. Raises KeyFormatError, AlgorithmUnavailableError."""
    if algorithm is Algorithm.ED25519:
        return Ed25519Signer.from_seed(name, seed)
    return MlDsa44Signer.from_seed(name, seed)


def _check_seed(seed: bytes) -> None:
    if len(seed) != SEED_BYTES:
        raise KeyFormatError(f"a private key seed has {len(seed)} bytes, not {SEED_BYTES}")
