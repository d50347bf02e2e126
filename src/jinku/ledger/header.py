"""The ledger's own small record in each commit: what reopening needs beside the journal and the snapshot blocks."""

import struct
from dataclasses import dataclass

from jinku.ledger.errors import CorruptJournal

FORMAT_VERSION = 1
_RECORD = struct.Struct("<I16sQQQQ")


@dataclass(frozen=True, slots=True)
class Header:
    """State as of one commit."""

    id_max: int = 0
    """The greatest transfer id ever stored or burned: a greater one needs no look-up."""
    snapshot_size: int = 0
    """Journal size at the newest snapshot; entries from here on are replayed."""
    snapshot_accounts: int = 0
    """Number of accounts at that snapshot."""
    snapshot_timestamp: int = 0
    """Booking time of the newest entry at that snapshot, ns."""
    snapshot_transfer_timestamp: int = 0
    """Timestamp of the newest transfer or expiry at that snapshot, ns."""

    def to_bytes(self) -> bytes:
        """The record as stored."""
        return _RECORD.pack(
            FORMAT_VERSION,
            self.id_max.to_bytes(16, "little"),
            self.snapshot_size,
            self.snapshot_accounts,
            self.snapshot_timestamp,
            self.snapshot_transfer_timestamp,
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """Read `data` back; an empty record is that of a new ledger. Raises CorruptJournal."""
        if not data:
            return cls()
        if len(data) != _RECORD.size:
            raise CorruptJournal(
                f"the ledger's header has {len(data)} bytes, expected {_RECORD.size}",
                remedy="restore the ledger from a backup",
            )
        version, id_max, *rest = _RECORD.unpack(data)
        if version != FORMAT_VERSION:
            raise CorruptJournal(
                f"the ledger has format version {version}, this program reads {FORMAT_VERSION}",
                remedy="use the release of jinku that wrote it",
            )
        return cls(int.from_bytes(id_max, "little"), *rest)
