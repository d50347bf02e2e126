"""What the channel needs of others: a dialect that speaks to a bank, a ledger, orders, the payees' particulars.

Rules for a dialect:

1. `send` is given instructions that are written down as sent, and says of each what the bank answered, or that
   nothing reliable was heard (`Sending.silent`). It never sends twice in one call and never raises for what a bank
   does.
2. `resume` is given those of a batch whose sending was interrupted. It must not send what may have left, unless the
   same bytes under the same numbers are harmless to repeat.
3. `query` asks what became of instructions. No answer about one is no news.
4. `collect` gives what arrived by itself; each is confirmed with `taken` once it is written down, and comes again
   if not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jinku.custody.channel.model import Answer, Instruction, Kind
from jinku.custody.channel.table import Terms
from jinku.custody.orders.model import Order
from jinku.ledger.model import Transfer


@dataclass(frozen=True, slots=True)
class Sending:
    """What was heard of a sending: answers, and the numbers of which nothing was heard."""

    answers: tuple[Answer, ...] = ()
    silent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that arrived by itself: its name, SHA-256, and what it says; `problem` where it cannot be read."""

    name: str
    digest: bytes
    answers: tuple[Answer, ...] = ()
    problem: str = ""


class Dialect(Protocol):
    """How one bank is spoken to; see the module's rules."""

    @property
    def name(self) -> str:
        """The channel's name, as instructions carry it."""
        ...

    @property
    def terms(self) -> Terms:
        """What is agreed about time."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """What can be asked for."""
        ...

    @property
    def sending_max(self) -> int:
        """Instructions in one call of `send`."""
        ...

    def send(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Send; rule 1."""
        ...

    def resume(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Finish an interrupted sending; rule 2."""
        ...

    def query(self, instructions: Sequence[Instruction]) -> Sequence[Answer]:
        """Ask; rule 3."""
        ...

    def collect(self) -> Iterator[Arrival]:
        """What arrived by itself; rule 4."""
        ...

    def taken(self, arrival: Arrival) -> None:
        """An arrival is written down."""
        ...


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why an instruction cannot be sent; with `wait` not yet."""

    wait: bool
    why: str


@dataclass(frozen=True, slots=True)
class Given:
    """What follows from the bank's word: an order, and the customer's account that it is about. The order's business
    day is set when it is given."""

    account: int
    order: Order


class Orders(Protocol):
    """Where withdrawals come from, and where the bank's word is booked."""

    def claim(self, instructions: Sequence[Instruction]) -> Mapping[int, Stopped]:
        """Claim what is about to be sent, so that nobody can cancel it; by instruction, what cannot be sent."""
        ...

    def give(self, wanted: Sequence[Given]) -> Mapping[int, str]:
        """Book these orders, those booked before included; by order, why one is not booked now."""
        ...


class Books(Protocol):
    """What the channel needs of the ledger beside the order desk."""

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """The transfers with these ids that exist."""
        ...

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry and time."""
        ...


@dataclass(frozen=True, slots=True)
class Payee:
    """Where money goes, outside: personal data, kept nowhere by the channel."""

    name: str
    account: str
    """IBAN or the bank's own number."""
    bank: str = ""
    """BIC of the account's bank, where it is known."""


class Payees(Protocol):
    """Who stands behind a token."""

    def payee(self, token: str, account: int) -> Payee:
        """The account outside behind `token`, for the owner of the ledger's `account`. Raises PayeeUnknown."""
        ...
