"""Checkpoints: the text of a note that states a log's size and root (https://c2sp.org/tlog-checkpoint).

Example::

    Checkpoint("example.com/log", 0, EMPTY_ROOT).text()
"""

import re
from dataclasses import dataclass
from typing import Self

from jinku.log.errors import NoteFormatError
from jinku.log.merkle import HASH_BYTES
from jinku.log.note import Note, decode64, encode64, parse_note

SIZE_MAX = (1 << 63) - 1
ORIGIN_BYTES_MAX = 255
"""What a tlog-cosignature by ML-DSA-44 can hold."""

_DECIMAL = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: that its tree of `size` leaves has the hash `root`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines, opaque and best left out."""

    def text(self) -> str:
        """The note text."""
        lines = [self.origin, str(self.size), encode64(self.root), *self.extensions]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note text. Raises NoteFormatError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise NoteFormatError(
                "a checkpoint has at least three lines, none empty, each ended by a newline"
            )
        root = decode64(lines[2], "root hash")
        if len(root) != HASH_BYTES:
            raise NoteFormatError(f"the root hash has {len(root)} bytes, not {HASH_BYTES}")
        return cls(lines[0], parse_decimal(lines[1], "tree size"), root, tuple(lines[3:]))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the note that carries it."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a checkpoint note; no signature is verified. Raises NoteFormatError."""
        note = parse_note(raw)
        return cls(Checkpoint.parse(note.text), note)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """Root hash, 32 bytes."""
        return self.checkpoint.root

    def encode(self) -> bytes:
        """The note's bytes, as served."""
        return self.note.encode()


def parse_decimal(text: str, what: str) -> int:
    """An ASCII decimal below 2^63 without leading zeroes. Raises NoteFormatError naming `what`."""
    if _DECIMAL.fullmatch(text) is None or int(text) > SIZE_MAX:
        raise NoteFormatError(f"the {what} {text[:40]!r} is not a decimal number below 2^63")
    return int(text)
