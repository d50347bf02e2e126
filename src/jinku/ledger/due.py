"""Which pending transfers time out when: a heap that forgets what was posted or voided.

Rules:

1. Memory follows the holds that are open, not those that ever were: resolved ones are dropped lazily, and as soon
   as they outnumber the open ones the heap is rebuilt without them.
2. ``next`` may be read by any thread; everything else belongs to the committer.

Example::

    due = DueList(recovered.open_expires_at, recovered.open_pending)
    due.update(outcome.pending_sequence, outcome.pending_status, outcome.expires_at)
    due.take(now, limit=8189)  # sequence numbers, in order of (expiry time, sequence number)
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.store import PendingStatus

STALE_MIN = 1024
"""Below this many resolved holds the heap is not worth rebuilding."""


class DueList:
    """Open pending transfers that have a timeout, by expiry time in ns."""

    def __init__(self, expires_at: NDArray[np.uint64], sequences: NDArray[np.int64]) -> None:
        self._heap = list(zip(expires_at.tolist(), sequences.tolist(), strict=True))
        heapq.heapify(self._heap)
        self._resolved: set[int] = set()
        self.next = self._first()
        """When the next one may be due; 0 where none is open."""

    def __len__(self) -> int:
        return len(self._heap) - len(self._resolved)

    def update(
        self, sequences: NDArray[np.int64], statuses: NDArray[np.uint8], expires_at: NDArray[np.uint64]
    ) -> None:
        """Take note of what a commit did to pending transfers, one row each."""
        timed = expires_at != 0
        if not timed.any():
            return
        opened = timed & (statuses == PendingStatus.PENDING)
        for item in zip(expires_at[opened].tolist(), sequences[opened].tolist(), strict=True):
            heapq.heappush(self._heap, item)
        taken = statuses == PendingStatus.EXPIRED
        self._resolved.update(sequences[timed & ~opened & ~taken].tolist())
        if len(self._resolved) > max(STALE_MIN, len(self._heap) // 2):
            self._heap = [item for item in self._heap if item[1] not in self._resolved]
            heapq.heapify(self._heap)
            self._resolved.clear()
        self.next = self._first()

    def take(self, now: int, limit: int) -> NDArray[np.int64]:
        """Remove and return up to `limit` sequence numbers whose time is up at `now`."""
        taken: list[int] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            sequence = heapq.heappop(self._heap)[1]
            if sequence in self._resolved:
                self._resolved.discard(sequence)
            else:
                taken.append(sequence)
        self.next = self._first()
        return np.array(taken, np.int64)

    def _first(self) -> int:
        return self._heap[0][0] if self._heap else 0
