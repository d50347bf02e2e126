"""Verifier keys (C2SP signed-note vkeys) and the three signature types that Jinku's logs and witnesses use.

| type | name | what is signed |
|---|---|---|
| 0x01 | Ed25519 | the note's text |
| 0x04 | cosignature/v1 | a header with the time, then the note's text |
| 0x06 | ML-DSA-44 | cosigner, time, origin, size and root in binary; no extension lines |

A vkey is `NAME+KEYID+BASE64(type, public key)`. The key id must be the one that the specification derives.

Example::

    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    key.verify("the note's text\n", signature)
"""

import hashlib
import struct
from dataclasses import dataclass

from jinku.verify.checkpoint import parse_body
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.signing import ed25519_holds, ml_dsa_44_holds
from jinku.verify.text import unbase64, unhex

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
ML_DSA_44 = 0x06
_PUBLIC_BYTES = {ED25519: 32, COSIGNATURE_V1: 32, ML_DSA_44: 1312}
_SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE_V1: 72, ML_DSA_44: 2428}
VKEY_CHARACTERS_MAX = 4096
NAME_BYTES_MAX = 255
TIME_MAX = (1 << 63) - 1


def check_name(name: str) -> None:
    """Raise Unreadable unless `name` may name a key: not empty, no space, no plus sign, no control
    character."""
    if (
        not name
        or len(name.encode()) > NAME_BYTES_MAX
        or any(c.isspace() or c == "+" or ord(c) < 0x20 for c in name)
    ):
        raise Unreadable("bad_key_name", f"not a key name: {name[:80]!r}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that a checker trusts, by name, id and type."""

    name: str
    key_id: bytes
    """First four bytes of SHA-256 over name, newline, type and key."""
    kind: int
    """Signature type: 0x01, 0x04 or 0x06."""
    public: bytes
    """The raw public key."""

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """Read a vkey. Raises Unreadable when malformed, of an unknown type, or with an id that is not its
        own."""
        parts = vkey.strip().split("+", 2)
        if len(vkey) > VKEY_CHARACTERS_MAX or len(parts) != 3:
            raise Unreadable("bad_vkey", f"not a vkey (NAME+KEYID+KEY): {vkey[:80]!r}")
        name, key_id, material = parts[0], unhex(parts[1], "key id", 4), unbase64(parts[2], "public key")
        check_name(name)
        kind, public = (material[0] if material else 0), material[1:]
        if len(public) != _PUBLIC_BYTES.get(kind):
            raise Unreadable(
                "bad_vkey", f"key {name} has type 0x{kind:02x} with {len(public)} bytes, unknown here"
            )
        if hashlib.sha256(name.encode() + b"\n" + material).digest()[:4] != key_id:
            raise Unreadable("bad_vkey", f"key {name} does not have the id {parts[1]}")
        return cls(name, key_id, kind, public)

    @property
    def cosigns(self) -> bool:
        """Whether signatures of this key carry a time, as a witness's do."""
        return self.kind != ED25519

    @property
    def covers_text(self) -> bool:
        """Whether a signature covers every line of the text, extension lines included."""
        return self.kind != ML_DSA_44

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check `signature` (without its key id) over a note's `text`.

        Returns the time of a cosignature in seconds since 1970, None for a plain signature. Raises
        NotVerified, and NotChecked where nothing on this machine can tell.
        """
        if len(signature) != _SIGNATURE_BYTES[self.kind]:
            raise NotVerified(
                "bad_signature",
                f"the signature by {self.name} has {len(signature)} bytes, wrong for its type",
            )
        time = 0
        if self.kind == ED25519:
            holds = ed25519_holds(self.public, text.encode(), signature, self.name)
        else:
            (time,) = struct.unpack(">Q", signature[:8])
            if time > TIME_MAX:
                raise NotVerified(
                    "bad_signature", f"the cosignature by {self.name} has an impossible time {time}"
                )
            if self.kind == COSIGNATURE_V1:
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                holds = ed25519_holds(self.public, message, signature[8:], self.name)
            else:
                statement = _checkpoint_statement(self.name, time, text)
                holds = ml_dsa_44_holds(self.public, statement, signature[8:], self.name)
        if not holds:
            raise NotVerified("bad_signature", f"the signature by {self.name} is not valid")
        return None if self.kind == ED25519 else int(time)


def _checkpoint_statement(name: str, time: int, text: str) -> bytes:
    body = parse_body(text)
    cosigner, origin = name.encode(), body.origin.encode()
    if len(origin) > NAME_BYTES_MAX:
        raise Unreadable("bad_checkpoint", f"the origin has {len(origin)} bytes, more than {NAME_BYTES_MAX}")
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(cosigner)]),
            cosigner,
            struct.pack(">Q", time),
            bytes([len(origin)]),
            origin,
            struct.pack(">QQ", 0, body.size),
            body.root,
        )
    )
