"""Signed notes as bytes: text, a blank line, signature lines (https://c2sp.org/signed-note).

Rules:

1. The text ends in a newline; the last blank line of the note separates it from the signatures.
2. A signature line is ``— NAME BASE64(key id || signature)``. At least one is there, at most SIGNATURES_MAX.
3. The whole is UTF-8 without control characters other than newline, and base64 has one spelling.

Nothing here verifies a signature: see `jinku.log.signature`.

Example::

    note = parse_note(raw)
    note.signatures[0].name
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinku.crypto.vkey import KEY_ID_BYTES
from jinku.log.errors import NoteFormatError

NOTE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 100
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encode64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read: nothing in it is to be trusted before a signature is verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}".encode()

    def adding(self, signatures: Sequence[NoteSignature]) -> "Note":
        """The note with further signatures, leaving out those it has already."""
        new = [line for line in dict.fromkeys(signatures) if line not in self.signatures]
        return Note(self.text, (*self.signatures, *new))


def parse_note(raw: bytes) -> Note:
    """Read a note. Raises NoteFormatError."""
    if len(raw) > NOTE_BYTES_MAX:
        raise NoteFormatError(f"a note of {len(raw)} bytes is longer than {NOTE_BYTES_MAX}")
    content = decode_text(raw)
    text, blank, lines = content.rpartition("\n\n")
    if not blank:
        raise NoteFormatError("a note has a blank line between text and signatures")
    return Note(text + "\n", parse_signature_lines(lines))


def parse_signature_lines(lines: str) -> tuple[NoteSignature, ...]:
    """Read signature lines, each ended by a newline. Raises NoteFormatError."""
    if not lines.endswith("\n"):
        raise NoteFormatError("a signed note ends in a signature line and a newline")
    split = lines.removesuffix("\n").split("\n")
    if len(split) > SIGNATURES_MAX:
        raise NoteFormatError(f"a note with {len(split)} signatures has more than {SIGNATURES_MAX}")
    return tuple(_parse_signature(line) for line in split)


def _parse_signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteFormatError(f"not a signature line: {line[:80]!r}")
    if not name or "+" in name or any(character.isspace() for character in name):
        raise NoteFormatError(f"not a key name: {name[:80]!r}")
    blob = decode64(encoded, "signature")
    if len(blob) <= KEY_ID_BYTES:
        raise NoteFormatError(f"the signature by {name!r} is cut short")
    return NoteSignature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def decode_text(raw: bytes) -> str:
    """UTF-8 without control characters other than newline. Raises NoteFormatError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteFormatError(f"byte {error.start} is not UTF-8") from None
    if control := _CONTROL.search(text):
        raise NoteFormatError(f"control character {control[0]!r} at {control.start()}")
    return text


def decode64(text: str, what: str) -> bytes:
    """Canonical base64. Raises NoteFormatError naming `what`."""
    try:
        data = base64.b64decode(text.encode("ascii", errors="replace"), validate=True)
    except binascii.Error:
        raise NoteFormatError(f"the {what} {text[:80]!r} is not base64") from None
    if encode64(data) != text:
        raise NoteFormatError(f"the {what} {text[:80]!r} is not canonical base64")
    return data


def encode64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode()
