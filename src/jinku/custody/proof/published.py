"""The list of all attestations, published beside the log: what one customer sees, every customer sees.

Rules:

1. ``attestations.json`` names each attestation with all its fields and the log entry that seals it, in the order of the
   log. It is public: it holds nothing that a receipt does not show everyone.
2. It needs no signature: each line hashes to a digest in the signed log, and whoever has the log sees that no seal is
   missing from the list and no day is there twice (``jinku verify attestations``).

Example::

    attestation_list(desk.listed())
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.receipt import spelled
from jinku.custody.proof.store import read_statement

LIST_FILE = "attestations.json"
LIST_FORMAT = "jinku-attestations/v1"


@dataclass(frozen=True, slots=True)
class Listed:
    """One sealed attestation."""

    entry: int
    statement: Attestation

    @classmethod
    def kept(cls, folder: Path, entry: int) -> "Listed":
        """The attestation kept in `folder`. Raises KeptDamaged."""
        return cls(entry, read_statement(folder))


def attestation_list(listed: Iterable[Listed]) -> bytes:
    """The bytes of ``attestations.json``."""
    lines = [{"entry": str(one.entry), "attestation": one.statement.fields()} for one in listed]
    return spelled({"format": LIST_FORMAT, "attestations": lines})
