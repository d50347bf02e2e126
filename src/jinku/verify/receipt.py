"""Receipts (C2SP tlog-proof@v1): one entry is in the log, and the log's signed checkpoint says so.

The steps, numbered as the specification numbers them:

1. Compute the leaf hash. The leaf is given by the caller; a receipt of Jinku may carry it in its `extra`
   line,
   which nothing signs, but then the proof itself shows that these very bytes are the entry.
2. The checkpoint is of the expected origin and signed by the log's keys.
3. Enough trusted witnesses cosigned it.
4. The inclusion proof leads from the leaf hash to the checkpoint's root.

Example::

    receipt = verify_receipt(Path("seal.tlog-proof").read_bytes(), leaf, vkey)
    receipt.index, receipt.size
"""

from dataclasses import dataclass

from jinku.verify.checkpoint import SIZE_MAX
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.merkle import PROOF_HASHES_MAX, leaf_hash, root_of_inclusion
from jinku.verify.text import decimal, unbase64
from jinku.verify.trust import Opened, Trust, open_checkpoint

HEADER = "c2sp.org/tlog-proof@v1"
RECEIPT_BYTES_MAX = 512 * 1024
LEAF_BYTES_MAX = 65_535


@dataclass(frozen=True, slots=True)
class ParsedReceipt:
    """A receipt's parts; nothing in it is trusted yet."""

    extra: bytes | None
    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt that verified proves: `leaf` is entry `index` of the log that `checkpoint` describes."""

    leaf: bytes
    index: int
    checkpoint: Opened

    @property
    def size(self) -> int:
        """Number of entries in the log that the checkpoint describes."""
        return self.checkpoint.body.size


def parse_receipt(data: bytes) -> ParsedReceipt:
    """Split a receipt into its parts. Raises Unreadable."""
    if len(data) > RECEIPT_BYTES_MAX:
        raise Unreadable("too_large", f"the receipt has {len(data)} bytes, more than {RECEIPT_BYTES_MAX}")
    head, empty_line, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Unreadable("bad_receipt", f"the receipt is not ASCII at offset {error.start}") from error
    if lines.pop(0) != HEADER or not empty_line:
        raise Unreadable(
            "bad_receipt", f"not a receipt: it does not begin with {HEADER}, or has no checkpoint"
        )
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = unbase64(lines.pop(0)[6:], "extra")
    if not lines or not lines[0].startswith("index "):
        raise Unreadable("bad_receipt", "the receipt has no index line")
    index = decimal(lines.pop(0)[6:], "index", SIZE_MAX)
    if len(lines) > PROOF_HASHES_MAX:
        raise Unreadable("too_large", f"the proof has {len(lines)} hashes, more than {PROOF_HASHES_MAX}")
    proof = tuple(unbase64(line, "proof hash", 32) for line in lines)
    return ParsedReceipt(extra, index, proof, checkpoint)


def verify_receipt(receipt: bytes, leaf: bytes | None, trust: Trust | str) -> Receipt:
    """Verify that `leaf` (default: the bytes in the receipt's `extra` line) is an entry of the trusted log.

    `trust` is a policy, or the vkey of the log. Raises Unreadable or NotVerified; returning means it holds.
    """
    parsed = parse_receipt(receipt)
    entry = parsed.extra if leaf is None else leaf
    if entry is None:
        raise Unreadable("no_leaf", "the receipt does not carry the entry itself, so the entry must be given")
    if len(entry) > LEAF_BYTES_MAX:
        raise Unreadable("too_large", f"an entry has {len(entry)} bytes, more than {LEAF_BYTES_MAX}")
    if parsed.extra not in (None, entry):
        raise NotVerified("extra_differs", "the receipt carries other bytes than the entry given")
    opened = open_checkpoint(parsed.checkpoint, trust)
    root = root_of_inclusion(parsed.index, opened.body.size, leaf_hash(entry), parsed.proof)
    if root != opened.body.root:
        raise NotVerified(
            "not_included",
            f"the entry is not number {parsed.index} of the signed log of {opened.body.size} entries",
        )
    return Receipt(entry, parsed.index, opened)
