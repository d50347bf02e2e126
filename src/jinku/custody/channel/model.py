"""Instructions to a bank as frozen values.

Rules:

1. An instruction belongs to one order and has the order's id, so instructing an order twice is one instruction.
2. Its request number is what the bank knows it by: 63 bits, unique, written down before the first byte is sent, and the
   same at every sending. It becomes the ``reference`` of the order's transfers, so a statement line finds them.
3. `State` is R5's list. What leads from one to another is the closed table of `jinku.custody.channel.machine`.
4. Whom the money goes to is named by a token; name and account number stay where personal data is kept.
5. Four deadlines are dated moments: approved by, sent by, acknowledged by, settled by.

Example::

    Request(order=withdrawal.id, kind=Kind.PAYOUT, channel="custodian", account=withdrawal.account,
            amount=100_000, currency="CNY", payee="U-17")
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from jinku.base.currency import currency
from jinku.base.persons import PERSON
from jinku.custody.errors import BadOrder
from jinku.custody.orders.model import order_of

REQUEST_BITS = 63
AMOUNT_MAX = 10**18 - 1
"""Minor units; what the message formats have digits for."""
_TOKEN = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_CHANNEL = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)


class State(StrEnum):
    """Where an instruction stands (R5)."""

    CREATED = "created"
    APPROVED = "approved"
    SENT = "sent"
    """Written down as sent; bytes may or may not have reached the bank."""
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"
    FAILED = "failed"
    RETURNED = "returned"
    """Settled, and came back later."""
    UNKNOWN = "unknown"
    """Nobody can say until the bank is asked."""

    @property
    def final(self) -> bool:
        """Whether nothing is awaited any more (a settled one may still come back)."""
        return self in FINAL


FINAL = frozenset({State.SETTLED, State.FAILED, State.RETURNED})
OPEN = frozenset(State) - FINAL


class News(StrEnum):
    """What can happen to an instruction; the last six are words about the bank."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"
    SEND = "send"
    SILENCE = "silence"
    """No answer in time."""
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"
    FAILED = "failed"
    RETURNED = "returned"
    NOT_FOUND = "not_found"
    """The bank knows no such request."""


class Kind(StrEnum):
    """Which way the money goes."""

    PAYOUT = "payout"
    """Out of the pool to a customer's own account: a `Withdrawal`."""
    COLLECTION = "collection"
    """From a customer's own account into the pool: becomes a `Deposit`."""


class Mode(StrEnum):
    """How a payout is asked for."""

    NORMAL = "normal"
    IMMEDIATE = "immediate"
    CONFIRMED = "confirmed"
    """The bank holds it until it is confirmed by a second message."""


class Source(StrEnum):
    """How an answer reached us."""

    REPLY = "reply"
    QUERY = "query"
    CALLBACK = "callback"
    FILE = "file"
    OWN = "own"
    """Not from the bank: a person, a deadline, a time-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish to have a bank move money for an order. Raises BadOrder."""

    order: int
    kind: Kind
    channel: str
    """Name of the bank channel."""
    account: int
    """The customer's account in the ledger."""
    amount: int
    currency: str
    payee: str
    """Token of the account outside."""
    mode: Mode = Mode.NORMAL

    def __post_init__(self) -> None:
        if not self.order or order_of(self.order) != self.order:
            raise BadOrder(
                "not an order id", field="order", value=self.order, remedy="make it with new_order_id"
            )
        if not 1 <= self.amount <= AMOUNT_MAX:
            raise BadOrder("not an amount that a bank message can carry", field="amount", value=self.amount)
        if not _TOKEN.fullmatch(self.payee):
            raise BadOrder(
                "not a token",
                field="payee",
                value=self.payee[:64],
                remedy="use 1 to 64 of A-Z a-z 0-9 . _ : -",
            )
        if not _CHANNEL.fullmatch(self.channel):
            raise BadOrder("not a channel's name", field="channel", value=self.channel[:64])
        currency(self.currency)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Four moments (UTC ns) by which something must have happened."""

    approve_by: int
    send_by: int
    acknowledge_by: int
    settle_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction and where it stands; times are UTC ns, 0 where something has not happened."""

    id: int
    request_no: int
    kind: Kind
    channel: str
    account: int
    amount: int
    currency: str
    payee: str
    mode: Mode
    state: State
    maker: str
    checker: str
    deadlines: Deadlines
    created_at: int
    approved_at: int = 0
    sent_at: int = 0
    """When it was sent last."""
    acknowledged_at: int = 0
    final_at: int = 0
    returned_at: int = 0
    queried_at: int = 0
    missing_at: int = 0
    """When the bank said, after the window, that it knows no such request: it may be sent again."""
    attempts: int = 0
    batch: str = ""
    bank_no: str = ""
    reason: str = ""
    final_day: date | None = None
    returned_day: date | None = None
    booked: str = ""
    """What of it is in the ledger: empty, ``settled``, ``failed`` or ``returned``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a bank said about one request; `amount` and `currency` where it said them."""

    request_no: int
    news: News
    source: Source
    at: int
    amount: int | None = None
    currency: str = ""
    bank_no: str = ""
    reason: str = ""
    day: date | None = None
    digest: bytes = field(default=b"", repr=False)
    """SHA-256 of the message that says so."""


class BreakClass(StrEnum):
    """What a person must look at."""

    CONTRADICTION = "answer_contradicts"
    """The bank says something else about a request that is final, or that it had acknowledged."""
    AMOUNT_DIFFERS = "answer_amount_differs"
    NEVER_SENT = "answer_never_asked"
    """The bank speaks of a request that was never sent, or of a number that is none of ours."""
    LATE = "answer_late"
    """The final answer came after its deadline."""
    OVERDUE = "overdue"
    """A deadline passed and the bank's answer is still not final."""
    COLLECTION_RETURNED = "collection_returned"
    """Collected money was taken back by the bank after it was booked to the customer."""
    NOT_BOOKED = "ledger_refused"
    """The ledger refused what follows from the bank's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBreak:
    """One thing for a person: the request, what was known, what was said."""

    number: int
    request_no: int
    instruction: int
    """0 where the number is none of ours."""
    kind: BreakClass
    at: int
    amount: int
    state: str
    said: str
    source: str
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an instruction's history."""

    number: int
    instruction: int
    at: int
    news: str
    verdict: str
    before: str
    after: str
    source: str
    by: str = ""
    reason: str = ""
    digest: bytes = b""


def checked_person(person: str) -> str:
    """`person` if it is an operator's id. Raises BadOrder."""
    if not PERSON.fullmatch(person):
        raise BadOrder(
            "not an operator's id", field="by", value=person[:64], remedy="use 1 to 64 of A-Z a-z 0-9 . _ -"
        )
    return person
