"""The attestation: what a legal entity owes to all its customers in one currency on one day, sealed in the log.

Rules:

1. Its canonical bytes are lines of ``name value``, each ended by a newline, in a fixed order, after a first line that
   names the format; numbers are plain decimals, hashes lower-case hex. Its digest is their SHA-256, and is sealed in
   the log under ``SEAL_TOPIC_ATTESTATION`` after the entries that it speaks of.
2. ``parts`` counts the parts of each value that all balances together were cut into; they are worth exactly the total.
3. All lines but the root's make the context that every hash of the tree is bound to: entity, currency, day, moment,
   total and table.
4. A customer in debit counts as zero; what is floored that way is stated. Total less floored is the ledger's own sum,
   computed apart.

Example::

    statement.canonical().decode()
    sequence, _ = ledger.seal(statement.digest(), SEAL_TOPIC_ATTESTATION)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from jinku.base.currency import currency
from jinku.base.money import MINOR_MAX
from jinku.custody.errors import BadAttestation
from jinku.custody.proof.limits import LIMITS, Limits, limits_digest
from jinku.custody.structure.chart import ENTITY_BITS

SEAL_TOPIC_ATTESTATION = 1
FORMAT = "jinku-attestation/v2"
TIMESTAMP_MAX = (1 << 63) - 1
SUM_MAX = MINOR_MAX
LEAVES_MAX = (1 << 32) - 1
_CONTEXT = b"jinku/sum-tree/v2/context\0"


@dataclass(frozen=True, slots=True)
class Attestation:
    """See the module's rules. Raises BadAttestation for a value out of range or parts that are not the total."""

    entity: int
    """The legal entity that owes."""
    currency: str
    """ISO 4217 code; amounts are in its minor units."""
    day: date
    as_of: int
    """The moment of the balances, ns since 1970."""
    ledger_size: int
    """The balances are those after this many entries of the log."""
    customers: int
    liabilities: int
    """What is owed to all customers."""
    floored: int
    """What customers in debit owe, counted as zero in `liabilities`."""
    parts: tuple[tuple[int, int], ...]
    """(Value, count), values ascending powers of two, counts above zero."""
    root: bytes
    """Hash of the sum tree's root, 32 bytes."""
    limits: Limits = LIMITS
    """What it does not prove."""

    def __post_init__(self) -> None:
        currency(self.currency)
        for name, maximum in (
            ("entity", (1 << ENTITY_BITS) - 1),
            ("as_of", TIMESTAMP_MAX),
            ("ledger_size", TIMESTAMP_MAX),
            ("customers", LEAVES_MAX),
            ("liabilities", SUM_MAX),
            ("floored", SUM_MAX),
        ):
            if not 0 <= getattr(self, name) <= maximum:
                raise BadAttestation(f"must be 0 to {maximum}", field=name, value=getattr(self, name))
        values = [value for value, _ in self.parts]
        if values != sorted(set(values)) or any(
            value < 1 or value.bit_count() != 1 or count < 1 for value, count in self.parts
        ):
            raise BadAttestation(
                "must be ascending powers of two, counted", field="parts", value=self.parts_text
            )
        worth = sum(value * count for value, count in self.parts)
        if worth != self.liabilities:
            raise BadAttestation(f"the parts are worth {worth}", field="liabilities", value=self.liabilities)
        if len(self.root) != 32:
            raise BadAttestation("must be 32 bytes", field="root", value=self.root.hex())

    @classmethod
    def of(cls, fields: Mapping[str, str], limits: Limits) -> Self:
        """Read what `fields` wrote, under its own text of limits. Raises BadAttestation, ValueError."""
        words = [] if fields["parts"] == "-" else fields["parts"].split(" ")
        if bytes.fromhex(fields["limits"]) != limits_digest(limits):
            raise BadAttestation(
                "is not the digest of the text beside it", field="limits", value=fields["limits"]
            )
        return cls(
            entity=int(fields["entity"]),
            currency=fields["currency"],
            day=date.fromisoformat(fields["day"]),
            as_of=int(fields["as_of"]),
            ledger_size=int(fields["ledger_size"]),
            customers=int(fields["customers"]),
            liabilities=int(fields["liabilities"]),
            floored=int(fields["floored"]),
            parts=tuple((int(word.partition(":")[0]), int(word.partition(":")[2])) for word in words),
            root=bytes.fromhex(fields["root"]),
            limits=limits,
        )

    @property
    def parts_text(self) -> str:
        """``value:count value:count …``, ``-`` for none."""
        return " ".join(f"{value}:{count}" for value, count in self.parts) or "-"

    def fields(self) -> dict[str, str]:
        """Every field as text, in canonical order."""
        return {
            "entity": str(self.entity),
            "currency": self.currency,
            "day": self.day.isoformat(),
            "as_of": str(self.as_of),
            "ledger_size": str(self.ledger_size),
            "customers": str(self.customers),
            "liabilities": str(self.liabilities),
            "floored": str(self.floored),
            "parts": self.parts_text,
            "limits": limits_digest(self.limits).hex(),
            "root": self.root.hex(),
        }

    def canonical(self) -> bytes:
        """The bytes that are hashed (rule 1)."""
        return f"{FORMAT}\n".encode() + "".join(f"{k} {v}\n" for k, v in self.fields().items()).encode()

    def digest(self) -> bytes:
        """The 32 bytes that are sealed in the log."""
        return hashlib.sha256(self.canonical()).digest()

    def context(self) -> bytes:
        """The 32 bytes that every hash of the tree is bound to (rule 3); the root has no part in them."""
        above = self.canonical().removesuffix(f"root {self.root.hex()}\n".encode())
        return hashlib.sha256(_CONTEXT + above).digest()
