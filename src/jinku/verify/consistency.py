"""Consistency: the log of today begins with the log of an earlier checkpoint; nothing was changed or cut.

The proof file is the body that a witness is sent (C2SP tlog-witness, add-checkpoint):

    old <size of the earlier checkpoint>
    <proof hash, base64>        (none or more)
    <empty line>
    <the later checkpoint, verbatim>

Example::

    later = verify_consistency(kept_checkpoint, proof_file, vkey)
"""

from jinku.verify.checkpoint import SIZE_MAX
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.merkle import PROOF_HASHES_MAX, check_consistency
from jinku.verify.text import decimal, unbase64
from jinku.verify.trust import Opened, Trust, open_checkpoint

CONSISTENCY_BYTES_MAX = 512 * 1024


def parse_consistency(data: bytes) -> tuple[int, tuple[bytes, ...], bytes]:
    """Old size, proof hashes and the later checkpoint's bytes. Raises Unreadable."""
    if len(data) > CONSISTENCY_BYTES_MAX:
        raise Unreadable("too_large", f"the proof has {len(data)} bytes, more than {CONSISTENCY_BYTES_MAX}")
    head, empty_line, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Unreadable("bad_consistency", f"the proof is not ASCII at offset {error.start}") from error
    first = lines.pop(0)
    if not first.startswith("old ") or not empty_line:
        raise Unreadable(
            "bad_consistency", "a consistency proof begins with `old SIZE` and ends in a checkpoint"
        )
    if len(lines) > PROOF_HASHES_MAX:
        raise Unreadable("too_large", f"the proof has {len(lines)} hashes, more than {PROOF_HASHES_MAX}")
    hashes = tuple(unbase64(line, "proof hash", 32) for line in lines)
    return decimal(first[4:], "old size", SIZE_MAX), hashes, checkpoint


def verify_consistency(earlier: bytes, proof: bytes, trust: Trust | str) -> tuple[Opened, Opened]:
    """Verify that the checkpoint in `proof` continues the log of checkpoint `earlier`; both are returned.

    Both checkpoints must satisfy `trust`. Raises Unreadable or NotVerified.
    """
    old = open_checkpoint(earlier, trust)
    old_size, hashes, later = parse_consistency(proof)
    if old_size != old.body.size:
        raise NotVerified(
            "wrong_old_size",
            f"the proof starts at {old_size} entries, the earlier checkpoint has {old.body.size}",
        )
    new = open_checkpoint(later, trust)
    check_consistency(old.body.size, old.body.root, new.body.size, new.body.root, hashes)
    return old, new
