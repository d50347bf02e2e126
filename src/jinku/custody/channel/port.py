"""What the channel needs of others: a dialect that speaks to a bank, a ledger, the order desk, the payees' particulars.

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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from jinku.custody.channel.model import Answer, Instruction, Kind
from jinku.custody.channel.table import Terms
from jinku.custody.orders.desk import Refusal
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


class Outcome(Protocol):
    """What became of submitted orders."""

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Those that the ledger refused."""
        ...


class Orders(Protocol):
    """Where orders are booked: an order desk or a corridor."""

    def submit(self, orders: Sequence[Order]) -> Outcome:
        """Book `orders`; those booked before are done."""
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

    def payee(self, token: str) -> Payee:
        """The account behind `token`. Raises PayeeUnknown."""
        ...
