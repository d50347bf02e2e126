"""What a platform knows of a movement beside its transfer: how it was asked for, on which device, where, to whom.

Rules:

1. It is handed over before the transfer, under the transfer's id, and used up by the decision. What nobody asks about
   is forgotten once `CONTEXTS_MAX` others came after it.
2. Identities are opaque: a token or digest of a device, an address, an outside payee, never a name.
3. It is part of the event, so it is kept and sealed with the decision, and a replay needs nothing of this book.

Example::

    contexts.put(transfer.id, Context(device="d-77", counterparty="payee-3f2a"))
    gate.create_transfers_array(rows)
"""

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jinku.ledger.layout import Array, u128

CONTEXTS_MAX = 100_000


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

    def __init__(self) -> None:
        self._known: dict[int, Context] = {}
        self._lock = threading.Lock()

    def put(self, number: int, context: Context) -> None:
        """Hand over the context of the transfer with this id; a later one takes the place of an earlier one."""
        with self._lock:
            self._known.pop(number, None)
            while len(self._known) >= CONTEXTS_MAX:
                del self._known[next(iter(self._known))]
            self._known[number] = context

    def take(self, rows: Array) -> Sequence[Context]:
        """The context of each of the ``TRANSFER`` rows, used up by this; empty where there is none of any."""
        return self.take_of(u128(rows, "id")) if self._known else ()

    def take_of(self, numbers: Sequence[int]) -> Sequence[Context]:
        """The context of each id, used up by this; empty where there is none of any."""
        if not self._known:
            return ()
        with self._lock:
            found = [self._known.pop(number, NO_CONTEXT) for number in numbers]
        return found if any(one is not NO_CONTEXT for one in found) else ()

    def forget(self, told: Mapping[int, Context]) -> None:
        """Drop those of `told` that no decision used; one that somebody else handed over meanwhile stays."""
        with self._lock:
            for number, context in told.items():
                if self._known.get(number) is context:
                    del self._known[number]
