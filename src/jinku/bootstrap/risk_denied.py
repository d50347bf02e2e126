"""A house whose risk desk cannot open: no order is taken, and whoever gives one hears why.

Example::

    Rooms.of(ledger, control, chart, decider=NobodyDecides(house.door))
"""

from jinku.bootstrap.house_door import Door, DoorShut
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.decider import Decisions


class NobodyDecides:
    """The decider of such a house."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def decide(self, batch: OrderColumns, at: int) -> Decisions:  # noqa: ARG002 - the port's
        """Raises DoorShut."""
        self._door.require_open()
        raise DoorShut("the risk desk of this house is closed", remedy="open the house again")
