"""The tail of RocksDB's write-ahead log after a crash: a torn last record is cut, any other damage is
refused.

Rules:

1. The store writes one record per commit and syncs it before it writes the next. So a record that another one
   follows was synced and may have been answered; only the last record of the newest log may be torn.
2. After the end of the last whole record: if a whole record or the start of one follows anywhere, synced
   bytes were damaged, and opening is refused (`CorruptJournal`). Otherwise what follows is a write that was
   never answered.
3. Such a tail is cut off, kept in a file of its own beside the log, and never read again.

RocksDB alone takes a log that ends early, but refuses one whose last record has holes, as power loss leaves
behind; and it takes a wrong length in the last block for an early end. Both are decided here before it opens
the directory.

The format is RocksDB's public one: blocks of 32 KiB, each a run of fragments of checksum (masked CRC-32C, 4
bytes), length (2), type (1), payload; types 1 to 4 are a whole record, its first, middle and last part.
"""

import os
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled
from jinku.ledger.errors import CorruptJournal

BLOCK_BYTES: Final = 32 * 1024
HEAD_BYTES: Final = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
_MASK_DELTA: Final = 0xA282EAD8
_CASTAGNOLI: Final = 0x82F63B78

Bytes = NDArray[np.uint8]


def cut_torn_tail(directory: Path) -> int:
    """Make the newest log in `directory` end with its last whole record; return the number of bytes cut.

    The caller holds the ledger's lock. Raises CorruptJournal where synced records are damaged.
    """
    logs = sorted(directory.glob("*.log"))
    if not logs or logs[-1].stat().st_size == 0:
        return 0
    log = logs[-1]
    content = np.fromfile(log, np.uint8)
    end, follows = _whole_records(content, _crc_table())
    if follows >= 0:
        raise CorruptJournal(
            f"{log} is damaged at byte {end}, before a record at byte {follows} that was written later",
            remedy="restore the directory from its newest backup",
        )
    if end == len(content):
        return 0
    _write_durably(log.with_suffix(".torn"), content[end:].tobytes())
    with log.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())
    return len(content) - int(end)


def _write_durably(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _crc_table() -> NDArray[np.uint32]:
    """The byte table of CRC-32C (Castagnoli), reflected."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_CASTAGNOLI), table >> 1).astype(np.uint32)
    return table


@compiled
def _fragment_end(content: Bytes, at: int, table: NDArray[np.uint32]) -> int:
    """Where the fragment at `at` ends, or -1 where none with a right checksum begins there."""
    block_end = min(at - at % BLOCK_BYTES + BLOCK_BYTES, len(content))
    if at + HEAD_BYTES > block_end:
        return -1
    kind = content[at + 6]
    end = at + HEAD_BYTES + int(content[at + 4]) + (int(content[at + 5]) << 8)
    if kind < FULL or kind > LAST or end > block_end:
        return -1
    crc = np.uint32(0xFFFFFFFF)
    for place in range(at + 6, end):
        crc = table[(crc ^ content[place]) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
    crc = crc ^ np.uint32(0xFFFFFFFF)
    masked = (((int(crc) >> 15) | (int(crc) << 17)) + _MASK_DELTA) & 0xFFFFFFFF
    stored = 0
    for byte in range(4):
        stored |= int(content[at + byte]) << (8 * byte)
    return end if stored == masked else -1


@compiled
def _whole_records(content: Bytes, table: NDArray[np.uint32]) -> tuple[int, int]:
    """Where the last of the whole records from the start ends, and where a record begins after damage, or
    -1."""
    at, end, inside = 0, 0, False
    while at < len(content):
        if BLOCK_BYTES - at % BLOCK_BYTES < HEAD_BYTES:
            at += BLOCK_BYTES - at % BLOCK_BYTES
            continue
        stop = _fragment_end(content, at, table)
        kind = content[at + 6] if stop >= 0 else 0
        if stop < 0 or inside == (kind in (FULL, FIRST)):
            break
        inside = kind in (FIRST, MIDDLE)
        at = stop
        if not inside:
            end = stop
    else:
        return end, -1
    while at < len(content):
        begins = at + 6 < len(content) and content[at + 6] in (FULL, FIRST)
        if begins and at > end and _fragment_end(content, at, table) >= 0:
            return end, at
        at += 1
    return end, -1
