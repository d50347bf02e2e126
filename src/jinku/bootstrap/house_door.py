"""The one door to a house's ledger: whoever is handed the ledger writes through it, and it knows the gate.

Rules:

1. The ledger that a house hands out (`House.ledger`) is a view whose money goes through this door. The ledger beneath
   is in nobody's reach but the gate's and that of the passages which the gate's owner makes.
2. Where risk was never switched on, the door stands open. Where it is (``risk.toml``, or the sealed record of it), the
   door is shut until a desk takes it over, and again after the desk closed: nothing passes undecided.
3. One desk at a time has the door.

Example::

    door = Door(ledger)
    door.shut(DoorShut("risk is switched on here", remedy="open its desk"))
    raw = door.attach(gate.submit)
"""

import threading

from jinku.ledger.committer import Request
from jinku.ledger.errors import LedgerError
from jinku.ledger.service import Door as Takes
from jinku.ledger.service import Ledger


class DoorShut(LedgerError):
    """Money was to move in a house that decides, and nobody is there to decide."""

    code = "risk_desk_absent"
    http_status = 503


class Door:
    """See the module's rules. For any number of threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._raw, self._shut, self._takes = ledger, None, None  # type: tuple[Ledger, DoorShut | None, Takes | None]
        self._lock = threading.Lock()
        self.ledger = ledger.through(self.submit)
        """The ledger as it is handed out."""

    def submit(self, request: Request) -> None:
        """Take a request that may move money to the gate, or to the ledger where there is none. Raises DoorShut, and
        what both raise."""
        takes = self._takes
        if takes is not None:
            takes(request)
            return
        self.require_open()
        self._raw.submit(request)

    def require_open(self) -> None:
        """Raises DoorShut where money cannot move now."""
        if self._shut is not None and self._takes is None:
            raise self._shut

    def shut(self, why: DoorShut) -> None:
        """From now on nothing passes but through a desk."""
        self._shut = why

    def attach(self, takes: Takes) -> Ledger:
        """A desk takes the door over: requests go to `takes`. The ledger beneath. Raises DoorShut where another desk
        has the door."""
        with self._lock:
            if self._takes is not None:
                raise DoorShut("another desk has the door", remedy="close that first")
            self._takes = takes
            return self._raw

    def detach(self, takes: Takes) -> None:
        """The desk that had the door leaves it shut."""
        with self._lock:
            if self._takes == takes:
                self._shut = DoorShut("the risk desk of this house is closed", remedy="open the house again")
                self._takes = None
