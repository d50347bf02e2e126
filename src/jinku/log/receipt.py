"""Receipts: one entry's inclusion, checkable offline (https://c2sp.org/tlog-proof).

Rules:

1. A receipt is a ``c2sp.org/tlog-proof@v1`` text. Its ``extra`` line holds the entry's raw bytes, so it
   needs nothing
   beside it: the entry's leaf hash is recomputed from them and proved by the path to the checkpoint's root.
2. Who wants a receipt without the entry (to hand it over separately) leaves ``extra`` out and gives the
   entry when
   verifying.
3. The checkpoint carries the log's signatures and the cosignatures that it had gained; how many witnesses
   suffice is
   the verifier's policy.

Example::

    receipt = make_receipt(LogDirectory(directory), 7)
    verify_receipt(Receipt.parse(receipt.encode()), ReceiptPolicy("example.com/log", (key,)))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from jinku.crypto.vkey import VerifierKey
from jinku.log.checkpoint import SignedCheckpoint, parse_decimal
from jinku.log.consistency import parse_hashes
from jinku.log.errors import NoteFormatError, NoteUnsignedError
from jinku.log.merkle import leaf_hash
from jinku.log.note import NOTE_BYTES_MAX, decode64, decode_text, encode64
from jinku.log.proof import verify_inclusion
from jinku.log.reader import LogDirectory, Tree
from jinku.log.signature import open_checkpoint, verify_note

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's number, path, checkpoint and, in `extra`, its bytes; trusted only after `verify_receipt`."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: SignedCheckpoint
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The tlog-proof text."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(map(encode64, self.path))
        return "".join(f"{line}\n" for line in (*lines, "")).encode() + self.checkpoint.encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a tlog-proof text. Raises NoteFormatError."""
        if len(raw) > NOTE_BYTES_MAX:
            raise NoteFormatError(f"a receipt of {len(raw)} bytes is longer than {NOTE_BYTES_MAX}")
        head, blank, checkpoint = decode_text(raw).partition("\n\n")
        lines = head.split("\n")
        if not blank or lines.pop(0) != HEADER:
            raise NoteFormatError(f"a receipt starts with the line {HEADER!r} and has a blank line")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode64(lines.pop(0).removeprefix("extra "), "extra data")
        if not lines or not lines[0].startswith("index "):
            raise NoteFormatError("the receipt's index line is missing")
        index = parse_decimal(lines.pop(0).removeprefix("index "), "index")
        return cls(index, parse_hashes(lines), SignedCheckpoint.parse(checkpoint.encode()), extra)


@dataclass(frozen=True, slots=True)
class ReceiptPolicy:
    """What a verifier accepts."""

    origin: str
    keys: tuple[VerifierKey, ...]
    """The log's keys; one right signature suffices."""
    witnesses: tuple[VerifierKey, ...] = ()
    witnesses_min: int = 0
    """How many different witness names must have cosigned."""


def make_receipt(
    log: LogDirectory, index: int, *, cosigned: bool = False, with_entry: bool = True
) -> Receipt:
    """The receipt of entry `index` under the newest (or newest cosigned) checkpoint.

    Raises RangeError where that checkpoint does not cover the entry yet, TileMissingError.
    """
    checkpoint = log.checkpoint(cosigned=cosigned)
    return receipt_in(log, Tree(log, checkpoint.size), checkpoint, index, with_entry=with_entry)


def make_receipts(log: LogDirectory, indices: Iterable[int], *, cosigned: bool = False) -> list[Receipt]:
    """The receipts of many entries under one checkpoint, sharing what is read. Raises as `make_receipt`."""
    checkpoint = log.checkpoint(cosigned=cosigned)
    tree = Tree(log, checkpoint.size)
    return [receipt_in(log, tree, checkpoint, index) for index in indices]


def receipt_in(
    log: LogDirectory, tree: Tree, checkpoint: SignedCheckpoint, index: int, *, with_entry: bool = True
) -> Receipt:
    """The receipt of entry `index` in `tree`, the tree of `checkpoint`.

    Raises RangeError, TileMissingError.
    """
    path = tuple(tree.inclusion_proof(index))
    return Receipt(index, path, checkpoint, log.entry(index, checkpoint.size) if with_entry else None)


def verify_receipt(receipt: Receipt, policy: ReceiptPolicy, entry: bytes | None = None) -> bytes:
    """Check a receipt, and give the entry that it proves: `entry`, or else the receipt's own extra data.

    Raises NoteFormatError, NoteUnsignedError (log or too few witnesses), SignatureInvalidError,
    ProofInvalidError.
    """
    proved = receipt.extra if entry is None else entry
    if proved is None:
        raise NoteFormatError("the receipt does not hold its entry; give the entry beside it")
    signed = open_checkpoint(receipt.checkpoint.encode(), policy.origin, policy.keys)
    cosigners = {verified.key.name for verified in verify_note(signed.note, policy.witnesses)}
    if len(cosigners) < policy.witnesses_min:
        raise NoteUnsignedError([line.name for line in signed.note.signatures])
    verify_inclusion(leaf_hash(proved), receipt.index, signed.size, receipt.path, signed.root)
    return proved
