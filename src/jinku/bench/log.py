"""How fast entries are appended to the log, tiles and sync included, and how long it takes to verify it all.

Example::

    run(1_000_000, Path("scratch"))  # {"append_tps": …, "verify_s": …}
"""

import time
from collections.abc import Sequence
from hashlib import shake_128
from pathlib import Path

from jinku.crypto.signer import Ed25519Signer
from jinku.log.errors import ProofInvalidError
from jinku.log.publisher import Publisher
from jinku.log.signature import log_key
from jinku.verify import verify_log_directory

ENTRY_BYTES = 280
_ORIGIN = "bench.example/log"


class SyntheticSource:
    """A journal of `entries` entries, each different, made up as they are read."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._body = shake_128(b"bench").digest(ENTRY_BYTES - 8)

    def size(self) -> int:
        """How many entries there are."""
        return self._entries

    def read(self, first: int, count: int) -> Sequence[bytes]:
        """The entries from number `first`: the number in eight bytes, then a fixed body."""
        last = min(self._entries, first + count)
        return [number.to_bytes(8, "little") + self._body for number in range(first, last)]


def run(entries: int, directory: Path) -> dict[str, float]:
    """Append `entries` entries of 280 bytes to a new log in `directory`, durably, then verify it from its
    files.

    `append_tps` is entries per second, `verify_s` seconds for the whole log. Raises LogError should the log
    not verify.
    """
    started = time.perf_counter()
    signer = Ed25519Signer.generate(_ORIGIN)
    with Publisher(directory, _ORIGIN, [signer], SyntheticSource(entries)) as publisher:
        publisher.publish()
    appended = time.perf_counter()
    report = verify_log_directory(directory, str(log_key(signer)), replay=False)
    if not report.ok or report.size != entries:
        raise ProofInvalidError(f"the log of {entries} entries does not verify: {report.findings[:1]}")
    return {"append_tps": entries / (appended - started), "verify_s": time.perf_counter() - appended}
