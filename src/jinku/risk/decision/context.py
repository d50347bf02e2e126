"""What a platform knows of a movement beside its transfer: how it was asked for, on which device, where, to whom.

Rules:

1. It is handed over before the movement and used up by its decision. It is bound to the request that it is about, to
   the byte (`said`): whoever asks for something else under the same id neither gets it nor changes it. Without `said`
   it is of whatever is asked under the id, for one who alone asks (a simulation).
2. The first one counts: what was handed over is never changed by a later one.
3. What nobody asks about is forgotten after `CONTEXT_S`. Beyond `CONTEXTS_MAX` nothing is taken (ContextsFull) and
   nothing of others is dropped, so that a flood costs its maker answers, not others their context.
4. Identities are opaque: a token or digest of a device, an address, an outside payee, never a name.
5. It is part of the event, so it is kept and sealed with the decision, and a replay needs nothing of this book.

Example::

    contexts.put(transfer.id, Context(device="d-77", counterparty="payee-3f2a"), rows[0].tobytes())
    gate.create_transfers_array(rows)
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from jinku.ledger.layout import TRANSFER, Array, u128
from jinku.risk.decision.errors import ContextsFull

CONTEXTS_MAX = 100_000
CONTEXT_S = 120.0
"""How long a context is kept that no decision used."""
_NS = 1_000_000_000
Said = tuple[int, bytes]
"""An id, and the request under it to the byte (or its digest); empty bytes for any."""


class Context(NamedTuple):
    """One movement's context; None where it is not known."""

    kind: str | None = None
    """Such as ``payment`` or ``withdrawal``; without it the transfer's code tells."""
    customer: int | str | None = None
    """Whose movement it is, where that is not the account debited (money that comes in)."""
    counterparty: int | str | None = None
    """Who is on the other side where the ledger only knows the institution's account at the bank."""
    device: int | str | None = None
    terminal: int | str | None = None
    address: int | str | None = None
    listed: bool = False
    """Whether screening hit somebody of this movement whom the ledger does not know."""


NO_CONTEXT = Context()


class ContextBook:
    """See the module's rules. For any number of threads."""

    def __init__(self, *, most: int = CONTEXTS_MAX, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        """`most` are kept at once; `monotonic` gives ns and never steps back."""
        self._known: dict[Said, tuple[Context, int]] = {}
        self._most, self._monotonic = most, monotonic
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def put(self, number: int, context: Context, said: bytes = b"") -> bool:
        """Hand over the context of the movement with this id and this request; whether it counts (rule 2). Raises
        ContextsFull."""
        now = self._monotonic()
        with self._lock:
            self._expire(now)
            if (number, said) in self._known:
                return False
            if len(self._known) >= self._most:
                raise ContextsFull(self._most)
            self._known[number, said] = context, now
        return True

    def take(self, rows: Array) -> Sequence[Context]:
        """The context of each of the ``TRANSFER`` rows, used up by this; empty where there is none of any."""
        if not self._known:
            return ()
        raw, width = rows.tobytes(), TRANSFER.itemsize
        return self.take_of(u128(rows, "id"), (raw[at : at + width] for at in range(0, len(raw), width)))

    def take_of(self, numbers: Sequence[int], said: Iterable[bytes]) -> Sequence[Context]:
        """The context of each id and request, used up by this; empty where there is none of any."""
        if not self._known:
            return ()
        with self._lock:
            self._expire(self._monotonic())
            known = self._known
            found = [
                (known.pop((number, told), None) or known.pop((number, b""), NOTHING))[0]
                for number, told in zip(numbers, said, strict=True)
            ]
        return found if any(one is not NO_CONTEXT for one in found) else ()

    def forget(self, told: Mapping[Said, Context]) -> None:
        """Drop those of `told` that no decision used; one that somebody else handed over stays."""
        with self._lock:
            for said, context in told.items():
                if self._known.get(said, NOTHING)[0] is context:
                    del self._known[said]

    def _expire(self, now: int) -> None:
        """Drop what is too old; they lie in the order in which they came."""
        while self._known:
            said = next(iter(self._known))
            if now - self._known[said][1] < CONTEXT_S * _NS:
                return
            del self._known[said]


NOTHING = (NO_CONTEXT, 0)
