"""128-bit ids: time-ordered for new things, derived for things that already have a name.

Rules:

1. An id is an ``int`` in 1 … 2^128 - 2; 0 and 2^128 - 1 are reserved by the ledger and never come out of
   here.
2. A new id is 48 bits of milliseconds and 80 bits of randomness, like a ULID: ids sort by the time they were
   made, also within one millisecond when they come from one :class:`IdMaker`.
3. A derived id is a SHA-256 prefix over a namespace and parts, each length-prefixed: the same name gives the
   same id forever, which is what makes a second import of the same file harmless.

Example::

    derived_id("czech-bank/transaction", "695247")
"""

import hashlib
import secrets
import threading
from collections.abc import Callable

from jinku.base.clock import Clock

ID_MAX = (1 << 128) - 2
_RANDOM_BITS = 80


class IdMaker:
    """Makes ids that rise strictly from call to call; safe to share between threads."""

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        """`clock` gives ns; `random_bits(n)` gives n random bits (a seeded generator in a simulation)."""
        self._clock = clock
        self._random_bits = random_bits
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """The next id."""
        with self._lock:
            made = (self._clock() // 1_000_000) << _RANDOM_BITS | self._random_bits(_RANDOM_BITS)
            if made >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                made = self._last + 1
            self._last = made
            return made


def derived_id(namespace: str, *parts: str) -> int:
    """The id of the thing that `namespace` and `parts` name; equal names give equal ids."""
    digest = hashlib.sha256()
    for part in (namespace, *parts):
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return 1 + int.from_bytes(digest.digest()[:16], "big") % ID_MAX
