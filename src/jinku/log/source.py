"""Where the log's entries come from: whoever keeps the journal.

A source MUST

1. count only entries that survive power loss in `size`, which never shrinks;
2. give for an entry number the same bytes for ever;
3. serve reads from the publisher's thread while the journal grows.
"""

from collections.abc import Sequence
from typing import Protocol


class EntrySource(Protocol):
    """See the module's rules. Entries are numbered from 0; entry n is leaf n of the log."""

    def size(self) -> int:
        """How many entries are durable."""
        ...

    def read(self, first: int, count: int) -> Sequence[bytes]:
        """The `count` entries from number `first`, in order; fewer only where the journal ends."""
        ...
