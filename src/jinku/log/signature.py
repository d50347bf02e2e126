"""Making and verifying the signatures of notes (https://c2sp.org/signed-note and tlog-cosignature).

Rules:

1. A plain Ed25519 signature covers the note's text.
2. A cosignature is eight bytes of POSIX seconds, then a signature. By Ed25519 it covers ``cosignature/v1``,
   a time line and the whole text; by ML-DSA-44 it covers the binary ``subtree/v1`` message: cosigner, time,
   origin, range and root, and not the extension lines.
3. A log signs its own checkpoints plainly with an Ed25519 key, and as a cosignature under its own name with
   an ML-DSA-44 key, the only ML-DSA-44 type that signed-note defines. A witness always cosigns.
4. Opening a note: signatures by unknown keys are ignored; a wrong signature by a known key condemns the
   note; a note without a right one is refused.

Example::

    signed = sign_checkpoint(checkpoint, [signer], now_s)
    open_checkpoint(signed.encode(), origin, [VerifierKey.of(signer, SignatureType.ED25519)])
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.signer import Algorithm, Signer
from jinku.crypto.vkey import SignatureType, VerifierKey
from jinku.log.checkpoint import ORIGIN_BYTES_MAX, Checkpoint, SignedCheckpoint
from jinku.log.errors import NoteFormatError, NoteUnsignedError
from jinku.log.note import Note, NoteSignature, parse_note

TIMESTAMP_BYTES = 8
TIMESTAMP_S_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that verified."""

    key: VerifierKey
    line: NoteSignature
    timestamp_s: int | None
    """POSIX seconds that a cosignature states; None for a plain signature."""


def log_signature_type(algorithm: Algorithm) -> SignatureType:
    """How a log signs its own checkpoints with such a key (rule 3)."""
    if algorithm is Algorithm.ED25519:
        return SignatureType.ED25519
    return SignatureType.ML_DSA_44_COSIGNATURE


def cosignature_type(algorithm: Algorithm) -> SignatureType:
    """How a witness cosigns with such a key."""
    if algorithm is Algorithm.ED25519:
        return SignatureType.ED25519_COSIGNATURE
    return SignatureType.ML_DSA_44_COSIGNATURE


def log_key(signer: Signer) -> VerifierKey:
    """The public key by which a log's signatures are verified."""
    return VerifierKey.of(signer, log_signature_type(signer.algorithm))


def cosigner_key(signer: Signer) -> VerifierKey:
    """The public key by which a witness's cosignatures are verified."""
    return VerifierKey.of(signer, cosignature_type(signer.algorithm))


def sign(signer: Signer, signature_type: SignatureType, text: str, timestamp_s: int) -> NoteSignature:
    """One signature line over a note's text; `timestamp_s` counts only for cosignatures."""
    key = VerifierKey.of(signer, signature_type)
    signature = signer.sign(_message(key, text, timestamp_s))
    if signature_type is not SignatureType.ED25519:
        signature = timestamp_s.to_bytes(TIMESTAMP_BYTES, "big") + signature
    return NoteSignature(key.name, key.id, signature)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer], timestamp_s: int) -> SignedCheckpoint:
    """The checkpoint signed by the log's own keys, in order. Raises NoteFormatError without any."""
    if not signers:
        raise NoteFormatError("a checkpoint needs at least one signer")
    text = checkpoint.text()
    lines = tuple(sign(key, log_signature_type(key.algorithm), text, timestamp_s) for key in signers)
    return SignedCheckpoint(checkpoint, Note(text, lines))


def verify_signature(key: VerifierKey, text: str, signature: bytes) -> int | None:
    """Verify one signature of a note's text; the seconds that it states, None for a plain one.

    Raises SignatureInvalidError.
    """
    if key.type is SignatureType.ED25519:
        key.verifier().verify(text.encode(), signature)
        return None
    timestamp_s = int.from_bytes(signature[:TIMESTAMP_BYTES], "big")
    if timestamp_s > TIMESTAMP_S_MAX or len(signature) <= TIMESTAMP_BYTES:
        raise SignatureInvalidError(key.name)
    key.verifier().verify(_message(key, text, timestamp_s), signature[TIMESTAMP_BYTES:])
    return timestamp_s


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> list[VerifiedSignature]:
    """The signatures of `note` by known `keys`, all of them right (rule 4), perhaps none.

    Raises SignatureInvalidError for a wrong one.
    """
    known = {(key.name, key.id): key for key in keys}
    verified = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            verified.append(VerifiedSignature(key, line, verify_signature(key, note.text, line.signature)))
    return verified


def open_note(raw: bytes, keys: Sequence[VerifierKey]) -> tuple[Note, list[VerifiedSignature]]:
    """Read a note that at least one of `keys` signed (rule 4).

    Raises NoteFormatError, SignatureInvalidError, NoteUnsignedError.
    """
    note = parse_note(raw)
    verified = verify_note(note, keys)
    if not verified:
        raise NoteUnsignedError([line.name for line in note.signatures])
    return note, verified


def open_checkpoint(raw: bytes, origin: str, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """Read a checkpoint of the log `origin`, signed by one of its `keys`.

    Raises NoteFormatError (another origin included), SignatureInvalidError, NoteUnsignedError.
    """
    note, _ = open_note(raw, keys)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != origin:
        raise NoteFormatError(f"the checkpoint is of {checkpoint.origin!r}, not of {origin!r}")
    return SignedCheckpoint(checkpoint, note)


def _message(key: VerifierKey, text: str, timestamp_s: int) -> bytes:
    """The bytes that a signature of `key`'s type covers."""
    if key.type is SignatureType.ED25519:
        return text.encode()
    if key.type is SignatureType.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {timestamp_s}\n{text}".encode()
    return subtree_message(key.name, timestamp_s, Checkpoint.parse(text))


def subtree_message(cosigner: str, timestamp_s: int, checkpoint: Checkpoint) -> bytes:
    """tlog-cosignature's ``cosigned_message`` for a whole tree. Raises NoteFormatError for a long origin."""
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    if len(origin) > ORIGIN_BYTES_MAX:
        raise NoteFormatError(f"an origin of {len(origin)} bytes is longer than {ORIGIN_BYTES_MAX}")
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(name)]),
            name,
            timestamp_s.to_bytes(8, "big"),
            bytes([len(origin)]),
            origin,
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )
