"""What the demonstration needs of the house and of custody over it; whoever starts it hands both in.

Rules:

1. The simulator composes nothing: `Doors` says how a house, and custody over it, are opened.

Example::

    doors = Doors(open_house=open_at, custody=Custody, bank=bank_proof)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jinku.base.clock import Clock
from jinku.base.database import Database
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.breaks.desk import BreakDesk
from jinku.custody.closing.days import DayBook
from jinku.custody.closing.desk import CloseDesk
from jinku.custody.closing.remedies import RemedyDesk
from jinku.custody.orders.corridor import Corridor
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.service import PartyOffice
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.structure.model import Structure
from jinku.ledger import Ledger
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.publisher import Publisher
from jinku.sim.run import SimClock
from jinku.sim.scenes.crime import CrimeDoor


class OpenHouse(Protocol):
    """What is needed of an open data directory: its ledger, its log, and publishing the one into the other."""

    @property
    def directory(self) -> Path:
        """The data directory."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def control(self) -> Database:
        """The control data."""
        ...

    @property
    def log_directory(self) -> Path:
        """Where the log's files lie."""
        ...

    @property
    def publisher(self) -> Publisher:
        """What publishes the log."""
        ...

    @property
    def vkeys(self) -> list[str]:
        """The log's public keys."""
        ...

    def publish(self) -> SignedCheckpoint:
        """Bring the published log up to the journal."""
        ...

    def close(self) -> None:
        """Publish what is left and release everything."""
        ...


class OpenCustody(Protocol):
    """The desks and offices over a house that the scenes work with."""

    @property
    def days(self) -> DayBook:
        """The days of all books."""
        ...

    @property
    def closing(self) -> CloseDesk:
        """The desk that closes days."""
        ...

    @property
    def breaks(self) -> BreakDesk:
        """The desk of breaks."""
        ...

    @property
    def remedies(self) -> RemedyDesk:
        """Shortfalls made good, excesses taken out."""
        ...

    @property
    def people(self) -> PeopleStore:
        """The people behind party numbers."""
        ...

    def structure(self, entity: int) -> Structure:
        """A legal entity's account structure."""
        ...

    def parties(self, entity: int) -> PartyOffice:
        """The office of its parties."""
        ...

    def corridor(self, entity: int, currency: int) -> Corridor:
        """The corridor that orders go through."""
        ...

    def agreements(self, entity: int, currency: int) -> AgreementOffice:
        """The office of agreements."""
        ...

    def attestations(self, customer: Callable[[int], str] = str) -> AttestationDesk:
        """The desk of attestations."""
        ...

    def recover(self) -> None:
        """Finish what a crash left half done; the first thing to do after opening."""
        ...

    def close(self) -> None:
        """Release what was opened over the house."""
        ...


@dataclass(frozen=True, slots=True)
class BankBooks:
    """What came of instructions through a bank that misbehaves, while our process was killed."""

    instructions: int
    double_paid: int
    lost: int
    open: int
    states: dict[str, int]
    kills: int
    seconds: float


OpenAt = Callable[[Path, SimClock], OpenHouse]


@dataclass(frozen=True, slots=True)
class Doors:
    """How a house and custody over it are opened, how the bank's scene is played, and how a house that decides is
    opened (None: what it is for is left out)."""

    open_house: OpenAt
    custody: Callable[[OpenHouse, Clock], OpenCustody]
    bank: Callable[[Path, int, int], BankBooks] | None = None
    """(directory, how many instructions, seed)"""
    crime: CrimeDoor | None = None
