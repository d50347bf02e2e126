"""What the simulated world of payments is made of: people with habits, and movements with labels.

Rules:

1. Everything is a pure function of a `Scale` and a seed.
2. A movement's `scheme` is the truth that nobody who decides may see; "" is an honest movement. `story` numbers the
   planted pattern it is part of, honest look-alikes among them.
3. Amounts are in fen, times in microseconds UTC; customers, shops, devices and addresses are numbers, each of its kind.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

HONEST = ""
OUTSIDE = 0
"""The number of a payer or payee who is not a customer: money from or to another bank."""


class Scheme(StrEnum):
    """What was planted. The first four are frauds on a customer, the others launder."""

    TAKEOVER = "account_takeover"
    """A stranger's device empties an account in a few payments to new payees."""
    CARD_TEST = "card_testing"
    """Many tiny payments at one terminal, then a large one."""
    TERMINAL = "compromised_terminal"
    """A shop's terminal copies cards; its customers are debited there a day later, at night."""
    PERSUADED = "persuaded_customer"
    """The customer himself, on his own device, pays a swindler an ordinary amount: nothing in the data shows it."""
    STRUCTURING = "structuring"
    """Deposits just under the reporting threshold, the same day, one customer."""
    FAN_IN = "fan_in"
    """Many pay one collector, who sends it on at once."""
    SCATTER_GATHER = "scatter_gather"
    """One pays several, who all pay one."""
    CYCLE = "cycle"
    """Money goes round three or four accounts back to where it came from."""
    DORMANT = "dormant_mule"
    """An account silent for weeks receives a large sum and passes it on."""
    LISTED = "listed_payee"
    """Money to a person on a sanctions list."""


FRAUDS = frozenset({Scheme.TAKEOVER, Scheme.CARD_TEST, Scheme.TERMINAL, Scheme.PERSUADED})


class Person(NamedTuple):
    """A customer and his habits."""

    number: int
    company: bool
    devices: tuple[int, ...]
    address: int
    shops: tuple[int, ...]
    friends: tuple[int, ...]
    median: int
    """Of an ordinary payment, in fen."""
    daily: float
    """Movements a day; 0 for a dormant account."""
    first_hour: int
    last_hour: int


class Movement(NamedTuple):
    """One movement as it is asked for, with its label; see the module's rules."""

    at: int
    kind: str
    payer: int
    payee: int
    amount: int
    device: int = 0
    terminal: int = 0
    address: int = 0
    name: str = ""
    """Of a payee outside, as the customer writes it."""
    scheme: str = HONEST
    story: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the world is."""

    people: int = 1_500
    companies: int = 30
    shops: int = 120
    history_days: int = 35
    each: int = 3
    """Planted stories of each scheme on the day, and of each honest look-alike."""


class Story(NamedTuple):
    """One planted pattern: an honest look-alike where `scheme` is HONEST."""

    number: int
    name: str
    scheme: str
    movements: tuple[Movement, ...]
