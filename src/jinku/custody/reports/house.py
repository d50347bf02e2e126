"""What a report or pack needs of an open data directory.

Example::

    def report(house: OpenHouse) -> None: ...
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jinku.base.database import Database
from jinku.ledger.service import Ledger
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.publisher import Publisher


class OpenHouse(Protocol):
    """An open data directory; `jinku.bootstrap.House` is one."""

    @property
    def directory(self) -> Path:
        """The data directory."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def publisher(self) -> Publisher:
        """The publisher of its log."""
        ...

    @property
    def control(self) -> Database:
        """The control data."""
        ...

    @property
    def vkeys(self) -> Sequence[str]:
        """The log's public keys."""
        ...

    def publish(self) -> SignedCheckpoint:
        """Bring the log up to the last durable entry."""
        ...
