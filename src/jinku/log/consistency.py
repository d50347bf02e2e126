"""Proof that a log only appended, as a file and as the request to a witness (https://c2sp.org/tlog-witness).

Rules:

1. The text is ``old SIZE``, at most 63 lines with one base64 hash each, an empty line and the later
   checkpoint, verbatim.
2. Whoever kept the checkpoint of size SIZE can check with it alone that today's log continues that one.

Example::

    proof = make_consistency_proof(LogDirectory(directory), 1000)
    ConsistencyProof.parse(proof.encode())
"""

from dataclasses import dataclass
from typing import Self

from jinku.log.checkpoint import SignedCheckpoint, parse_decimal
from jinku.log.errors import NoteFormatError
from jinku.log.merkle import HASH_BYTES
from jinku.log.note import decode64, decode_text, encode64
from jinku.log.proof import PROOF_HASHES_MAX
from jinku.log.reader import LogDirectory, Tree

CONSISTENCY_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """A proof from `old_size` to `checkpoint`; nothing in it is trusted before it is verified."""

    old_size: int
    path: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    def encode(self) -> bytes:
        """The text of rule 1."""
        lines = [f"old {self.old_size}", *map(encode64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint.encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the text of rule 1. Raises NoteFormatError."""
        if len(raw) > CONSISTENCY_BYTES_MAX:
            raise NoteFormatError(f"a proof of {len(raw)} bytes is longer than {CONSISTENCY_BYTES_MAX}")
        head, blank, checkpoint = decode_text(raw).partition("\n\n")
        first, *hashes = head.split("\n")
        if not blank or not first.startswith("old "):
            raise NoteFormatError("a consistency proof starts with its old size and has an empty line")
        old_size = parse_decimal(first.removeprefix("old "), "old size")
        return cls(old_size, parse_hashes(hashes), SignedCheckpoint.parse(checkpoint.encode()))


def make_consistency_proof(log: LogDirectory, old_size: int, *, cosigned: bool = False) -> ConsistencyProof:
    """The proof from `old_size` to the newest (or newest cosigned) checkpoint. Raises RangeError,
    TileMissingError."""
    checkpoint = log.checkpoint(cosigned=cosigned)
    path = Tree(log, checkpoint.size).consistency_proof(old_size)
    return ConsistencyProof(old_size, tuple(path), checkpoint)


def parse_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """A Merkle proof, one base64 hash per line. Raises NoteFormatError."""
    if len(lines) > PROOF_HASHES_MAX:
        raise NoteFormatError(f"a proof of {len(lines)} hashes has more than {PROOF_HASHES_MAX}")
    hashes = tuple(decode64(line, "proof hash") for line in lines)
    if any(len(item) != HASH_BYTES for item in hashes):
        raise NoteFormatError(f"a proof holds a hash that does not have {HASH_BYTES} bytes")
    return hashes
