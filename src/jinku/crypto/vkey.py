"""Public keys with names, as C2SP signed-note writes them ("vkeys").

Rules (https://c2sp.org/signed-note):

1. A key name is not empty and holds no space (of any kind in Unicode), no plus sign and no control
   character; it has at most 255 bytes, so that it fits a tlog-cosignature.
2. A key is used for one type of signature; the type is one byte and is hashed into the key's id:
   ``SHA-256(name || 0x0A || type || public key)[:4]``.
3. The text form is ``NAME+ID+BASE64(type || public key)``, the id as eight lower-case hexadecimal digits.
   Parsing refuses any other spelling, and an id that is not the hash.

Example::

    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    key.type  # SignatureType.ED25519
"""

import base64
import binascii
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from jinku.crypto.errors import KeyFormatError
from jinku.crypto.signer import PUBLIC_KEY_BYTES, Algorithm, Signer, Verifier, verifier

KEY_NAME_BYTES_MAX = 255
KEY_ID_BYTES = 4


class SignatureType(IntEnum):
    """The type byte of a note signature."""

    ED25519 = 0x01
    """Ed25519 over the note's text (signed-note)."""
    ED25519_COSIGNATURE = 0x04
    """Timestamped Ed25519 cosignature of a checkpoint (tlog-cosignature, ``cosignature/v1``)."""
    ML_DSA_44_COSIGNATURE = 0x06
    """Timestamped ML-DSA-44 cosignature of a tree (tlog-cosignature, ``subtree/v1``)."""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of keys that make this type of signature."""
        return Algorithm.ML_DSA_44 if self is SignatureType.ML_DSA_44_COSIGNATURE else Algorithm.ED25519


def check_name(name: str) -> None:
    """Raises KeyFormatError unless `name` obeys rule 1."""
    if "+" in name or not name.isprintable() or any(character.isspace() for character in name):
        raise KeyFormatError(f"the key name {name!r} holds a space, a plus sign or an unprintable character")
    if not 1 <= len(name.encode()) <= KEY_NAME_BYTES_MAX:
        raise KeyFormatError(f"a key name has 1 to {KEY_NAME_BYTES_MAX} bytes, not {len(name.encode())}")


def key_id(name: str, key_type: SignatureType, public_key: bytes) -> bytes:
    """The four bytes by which signature lines name a key (rule 2)."""
    return sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key for one type of signature."""

    name: str
    type: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        expected = PUBLIC_KEY_BYTES[self.type.algorithm]
        if len(self.public_key) != expected:
            raise KeyFormatError(
                f"the public key of {self.name!r} has {len(self.public_key)} bytes, not {expected}"
            )

    @classmethod
    def of(cls, signer: Signer, key_type: SignatureType) -> Self:
        """The key by which `signer`'s signatures of type `key_type` are verified. Raises KeyFormatError."""
        if signer.algorithm is not key_type.algorithm:
            raise KeyFormatError(f"the {signer.algorithm} key {signer.name!r} cannot sign as {key_type.name}")
        return cls(signer.name, key_type, signer.public_key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form. Raises KeyFormatError for anything that `str` would not write."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise KeyFormatError("a verifier key has three parts: NAME+ID+KEY")
        material = decode_material(parts[0], parts[2])
        try:
            key_type = SignatureType(material[0])
        except ValueError:
            raise KeyFormatError(
                f"the verifier key {parts[0]!r} has unknown type {material[0]:#04x}"
            ) from None
        key = cls(parts[0], key_type, material[1:])
        if key.id.hex() != parts[1]:
            raise KeyFormatError(f"the verifier key {parts[0]!r} does not have the id that it states")
        return key

    @property
    def id(self) -> bytes:
        """The key's four-byte id."""
        return key_id(self.name, self.type, self.public_key)

    def verifier(self) -> Verifier:
        """The raw verifier of this key."""
        return verifier(self.name, self.type.algorithm, self.public_key)

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.type]) + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{material}"


def decode_material(name: str, text: str) -> bytes:
    """The bytes of a key's base64 part, canonical, not empty. Raises KeyFormatError; never shows `text`."""
    try:
        material = base64.b64decode(text.encode("ascii", errors="replace"), validate=True)
    except binascii.Error:
        material = b""
    if not material or base64.b64encode(material).decode() != text:
        raise KeyFormatError(f"the key {name!r} is not followed by canonical base64")
    return material
