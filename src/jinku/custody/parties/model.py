"""Parties as the register knows them: numbers, states, references; nothing that names a person."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from jinku.base.canonical import canonical_json
from jinku.custody.structure.table import Role

SEAL_TOPIC_PARTIES = 7
SEAL_TOPIC_ERASURE = 10


class PartyStatus(StrEnum):
    """Where a party stands."""

    APPLIED = "applied"
    """Known, without accounts (已申请)."""
    OPEN = "open"
    """Has accounts and may use them (正常)."""
    FROZEN = "frozen"
    """The ledger refuses every movement of its accounts (冻结)."""
    CLOSING = "closing"
    """Its money is being paid out (销户中)."""
    CLOSED = "closed"
    """Without money; its accounts are closed for good (已销户)."""


class PartyForm(StrEnum):
    """Whether a party is a person or an enterprise."""

    PERSON = "person"
    ENTERPRISE = "enterprise"


class Action(StrEnum):
    """What one person asks for and another confirms."""

    OPEN = "open"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CLOSE = "close"
    LIFT_HOLD = "lift_hold"
    ERASE = "erase"


class ChangeState(StrEnum):
    """What became of what was asked for."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    """Confirmed, and not carried out whole yet: a crash, or money still on its way."""
    DONE = "done"
    REJECTED = "rejected"


class Method(StrEnum):
    """How a bank card was verified to be the party's."""

    FOUR_ELEMENTS = "four_elements"
    """Name, identifier, card and phone confirmed by the bank or its clearing house (四要素鉴权)."""
    SMALL_PAYMENT = "small_payment"
    """A small payment to it whose amount the party named (打款验证)."""
    BANK_CONFIRMED = "bank_confirmed"
    """The bank said so in writing, or confirmed the payee's name."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Evidence that a card is the party's: how, under which number of the verifier, and when (UTC ns)."""

    method: Method
    reference: str
    at: int


@dataclass(frozen=True, slots=True)
class BoundCard:
    """A card, bound now or earlier. Its number lies in the people store under `token`."""

    token: str
    party: int
    last_four: str
    """For display; empty once erased."""
    bank: str
    verification: Verification
    bound_by: str
    bound_at: int
    unbound_at: int
    """0 while it is bound."""


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """A line of the register."""

    number: int
    entity: int
    form: PartyForm
    status: PartyStatus
    roles: tuple[Role, ...]
    currencies: tuple[int, ...]
    """ISO 4217 numbers of the books that it has accounts in."""
    commitment: int
    """What the ledger's accounts carry: the first 128 bits, as an integer."""
    application: str
    applied_at: int
    closed_on: date | None
    """When the contract ended."""
    erased: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What was asked for about a party, by whom, and what became of it."""

    id: int
    party: int
    action: Action
    subject: int
    """The legal hold that is to be lifted; else 0."""
    reason: str
    authority: str
    """By whose order or under which document."""
    made_by: str
    made_at: int
    state: ChangeState
    decided_by: str
    decided_at: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a party's history. `detail` holds references and no personal data."""

    seq: int
    party: int
    at: int
    by: str
    what: str
    detail: Mapping[str, str]
    previous: bytes
    """Digest of the party's event before; 32 zero bytes for the first."""
    digest: bytes
    entry: int
    """The log entry whose seal covers it; -1 until sealed."""

    def computed(self) -> bytes:
        """The digest that this event must have."""
        return event_digest(self)


@dataclass(frozen=True, slots=True)
class LegalHold:
    """An order to keep a party's data, whatever the time. `lifted_at` is 0 while it holds."""

    id: int
    party: int
    reason: str
    authority: str
    set_by: str
    set_at: int
    lifted_by: str
    lifted_at: int


def event_digest(event: Event) -> bytes:
    """SHA-256 over an event's canonical JSON, the digest of the one before it included."""
    return hashlib.sha256(
        canonical_json(
            {
                "party": event.party,
                "at": str(event.at),
                "by": event.by,
                "what": event.what,
                "detail": dict(event.detail),
                "previous": event.previous.hex(),
            }
        )
    ).digest()


def batch_digest(digests: list[bytes]) -> bytes:
    """What is sealed for several events at once: SHA-256 over the canonical JSON list of their digests, in order."""
    return hashlib.sha256(canonical_json([one.hex() for one in digests])).digest()
