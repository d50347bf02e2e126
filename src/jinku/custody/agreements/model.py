"""Agreements and their runs as frozen values.

Rules:

1. A version never changes: a new text is a new version. Its digest covers name, number, text, author and approver, and
   is what the log seals.
2. People are named by the ids that the institution gives them, never by their names.
3. A run is known by an order id (`jinku.custody.orders.model`): its transfers are numbered inside it.

Example::

    RunRequest(id=new_order_id(moment_ms, 1), day=date(2026, 11, 20), agreement="repayment",
               variables={"sum": "CNY/2 1"})
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.custody.orders.model import Order
from jinku.risk.decision.statuses import Status

SEAL_TOPIC_AGREEMENT = 3
"""The topic under which the log seals approved agreements."""
LATEST = 0
"""In place of a version's number: the newest that is approved."""


class AgreementStatus(StrEnum):
    """Where a version stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETIRED = "retired"


class RunStatus(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    """Its transfers are fixed and on their way to the ledger."""
    BOOKED = "booked"
    REFUSED = "refused"
    """The ledger refused it as a whole; final under this id."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement. `decided_by`, `decided_at`, `sealed_entry` are set once it is decided on."""

    name: str
    version: int
    program: str
    author: str
    proposed_at: int
    status: AgreementStatus = AgreementStatus.PROPOSED
    decided_by: str = ""
    decided_at: int = 0
    reason: str = ""
    digest: bytes = b""
    sealed_entry: int = -1
    """Number of the log's entry that seals the digest."""
    retired_by: str = ""
    retired_at: int = 0

    def digest_for(self, approver: str) -> bytes:
        """The 32-byte digest that `approver` puts into force."""
        document = {
            "document": "jinku/agreement/v1",
            "name": self.name,
            "version": self.version,
            "program": self.program,
            "author": self.author,
            "approver": approver,
        }
        return hashlib.sha256(canonical_json(document)).digest()

    @property
    def subject(self) -> int:
        """The digest's first 128 bits: what every transfer of the agreement carries in ``user_data_128``."""
        return int.from_bytes(self.digest[:16], "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A wish to run an agreement once: `id` is an order id, `reference` goes into ``user_data_64``.

    Raises BadOrder.
    """

    id: int
    day: date
    agreement: str
    version: int = LATEST
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reference: int = 0

    def __post_init__(self) -> None:
        Order(id=self.id, day=self.day, reference=self.reference)

    def text(self) -> str:
        """The request as canonical JSON: equal texts are the same wish."""
        document = {
            "day": self.day.isoformat(),
            "agreement": self.agreement,
            "version": self.version,
            "variables": dict(self.variables),
            "reference": str(self.reference),
        }
        return canonical_json(document).decode()


@dataclass(frozen=True, slots=True)
class Booking:
    """One transfer of a plan: who is debited, who credited, and how much in minor units."""

    debit: int
    credit: int
    amount: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will book, fixed before the first transfer is sent."""

    agreement: str
    version: int
    subject: int
    day: date
    reference: int
    ledger: int
    bookings: tuple[Booking, ...]
    document: Mapping[str, Any]
    """The program's result as JSON values: postings with their explanations, and metadata."""

    def text(self) -> str:
        """The plan as JSON; numbers that JSON readers may not hold are strings of digits."""
        return json.dumps(
            {
                "agreement": self.agreement,
                "version": self.version,
                "subject": str(self.subject),
                "day": self.day.isoformat(),
                "reference": str(self.reference),
                "ledger": self.ledger,
                "bookings": [[str(b.debit), str(b.credit), str(b.amount)] for b in self.bookings],
                "document": dict(self.document),
            },
            ensure_ascii=False,
        )

    @classmethod
    def of(cls, text: str) -> "Plan":
        """The plan that `text` holds."""
        found = json.loads(text)
        return cls(
            agreement=found["agreement"],
            version=found["version"],
            subject=int(found["subject"]),
            day=date.fromisoformat(found["day"]),
            reference=int(found["reference"]),
            ledger=found["ledger"],
            bookings=tuple(Booking(*map(int, one)) for one in found["bookings"]),
            document=found["document"],
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A run and what became of it; `ledger_status` is why it was refused, or for what a planned one waits."""

    id: int
    plan: Plan
    status: RunStatus
    ledger_status: Status | None = None

    @property
    def account_metadata(self) -> Mapping[str, Mapping[str, str]]:
        """What the program sets for accounts once it is booked."""
        found: Mapping[str, Mapping[str, str]] = self.plan.document["account_metadata"]
        return found
