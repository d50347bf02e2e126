"""Signed notes (C2SP signed-note): text, an empty line, then signature lines.

1. A note is UTF-8 without control characters other than newline, at most `NOTE_BYTES_MAX` bytes.
2. The last empty line divides text from signatures; the text keeps its final newline.
3. A signature line is an em dash, a space, the key's name, a space, and base64 of key id and signature.
4. A signature by an unknown key is ignored; one by a known key that does not verify condemns the whole note.

Example::

    note = parse_note(data)
    verified = check_signatures(note, [VerifierKey.parse(vkey)])
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.verify.errors import Unreadable
from jinku.verify.keys import VerifierKey, check_name
from jinku.verify.text import unbase64

NOTE_BYTES_MAX = 256 * 1024
SIGNATURES_MAX = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, not yet checked."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; nothing in it is trusted yet."""

    text: str
    signatures: tuple[Signature, ...]


def parse_note(data: bytes) -> Note:
    """Split a note into its text and its signature lines. Raises Unreadable."""
    if len(data) > NOTE_BYTES_MAX:
        raise Unreadable("too_large", f"the note has {len(data)} bytes, more than {NOTE_BYTES_MAX}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("bad_note", f"the note is not UTF-8 at offset {error.start}") from error
    bad = next((at for at, byte in enumerate(data) if byte < 0x20 and byte != 0x0A), None)
    if bad is not None:
        raise Unreadable("bad_note", f"the note has the control character 0x{data[bad]:02x} at offset {bad}")
    text, empty_line, tail = whole.rpartition("\n\n")
    if not empty_line or not text or not tail.endswith("\n"):
        raise Unreadable(
            "bad_note", "a note is text, an empty line, and signature lines, each ended by a newline"
        )
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise Unreadable("too_large", f"the note has {len(lines)} signatures, more than {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—":
        raise Unreadable("bad_note", f"not a signature line: {line[:60]!r}")
    check_name(name)
    material = unbase64(encoded, f"the signature by {name}")
    if len(material) < 5:
        raise Unreadable("bad_note", f"the signature by {name} has only {len(material)} bytes")
    return Signature(name, material[:4], material[4:])


def check_signatures(note: Note, keys: Sequence[VerifierKey]) -> dict[VerifierKey, int | None]:
    """Every one of `keys` that signed `note`, with the time of its (newest) cosignature.

    Raises NotVerified when a signature by one of `keys` does not verify. An empty answer is not an error
    here.
    """
    known = {(key.name, key.key_id): key for key in keys}
    verified: dict[VerifierKey, int | None] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            time = key.verify(note.text, line.signature)
            before = verified.get(key)
            verified[key] = time if time is None or before is None else max(before, time)
    return verified
