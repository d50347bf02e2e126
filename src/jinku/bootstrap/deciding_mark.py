"""Up to which record of the journal everything was sent: eight bytes in a file.

A crash may leave it behind, never ahead: what is sent again is in the ledger already.

Example::

    mark.begin(7); mark.done(7)
    mark.value  # 8: records below were sent
"""

import os
import threading
from pathlib import Path

from jinku.base.closing import Closing


class DoneMark(Closing):
    """See the module. Any thread may begin and end records, in any order."""

    def __init__(self, path: Path, size: int) -> None:
        """`size` is how many records there are now: a mark beyond is none."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.value = int.from_bytes(os.pread(self._file, 8, 0), "little")
        """Records below this number were sent."""
        if self.value > size:
            self.value = 0
        self._open: set[int] = set()
        self._greatest = self.value - 1
        self._lock = threading.Lock()

    def begin(self, number: int) -> None:
        """A record is about to be sent."""
        with self._lock:
            self._open.add(number)

    def done(self, number: int) -> None:
        """A record was sent."""
        with self._lock:
            self._open.discard(number)
            self._greatest = max(self._greatest, number)
            value = min(self._open, default=self._greatest + 1)
            if value > self.value:
                self.value = value
                os.pwrite(self._file, value.to_bytes(8, "little"), 0)

    def close(self) -> None:
        """Release the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
