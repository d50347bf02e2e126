"""Every transfer id of a log, to find one that occurs twice, in bounded memory.

1. Ids go to `PARTS` files by a keyed hash, so that nobody can crowd one file; the first mebibyte of each
   stays in memory.
2. Each file is then looked through on its own.

Example::

    ids = IdSpool()
    ids.add(b"\\1" * 16, 0)
    ids.add(b"\\1" * 16, 7)
    list(ids.repeated())  # [(b"\\1…", 0, 7)]
"""

import struct
import tempfile
from collections.abc import Iterator

PARTS = 64
PART_MEMORY_BYTES = 1 << 20
_RECORD = struct.Struct("<16sQ")


class IdSpool:
    """See the module's rules. `repeated` ends its use: it closes the files."""

    def __init__(self) -> None:
        self._parts = [tempfile.SpooledTemporaryFile(PART_MEMORY_BYTES) for _ in range(PARTS)]  # noqa: SIM115
        self._write = [part.write for part in self._parts]

    def add(self, raw_id: bytes, entry: int) -> None:
        """Note that entry number `entry` uses the 16-byte id `raw_id`."""
        self._write[hash(raw_id) % PARTS](_RECORD.pack(raw_id, entry))

    def repeated(self) -> Iterator[tuple[bytes, int, int]]:
        """Each id that occurs again, with the entry that had it first and the later one."""
        for part in self._parts:
            with part:
                part.seek(0)
                first: dict[bytes, int] = {}
                for raw_id, entry in _RECORD.iter_unpack(part.read()):
                    before = first.setdefault(raw_id, entry)
                    if before != entry:
                        yield raw_id, before, entry
