"""An attestation as it is published: its lines, its digest, and the entry that seals it.

1. The canonical bytes are a first line naming the format, then ``name value`` for each field in order, each line ended
   by a newline. Their SHA-256 is sealed. The context, with which every hash of the tree is bound to this entity,
   currency, day and table of parts, is SHA-256 over a tag and the lines before the root's.
2. What it does not prove is part of it: ``limits`` is the SHA-256 of that text, in English and Chinese.
3. The seal is an entry of topic 1, made after the entries that the attestation speaks of and no earlier than its
   moment.

Example::

    attested = Attested.of(document["attestation"])
    attested.table.total == attested.liabilities
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jinku.verify.checkpoint import SIZE_MAX
from jinku.verify.entries import ENTRY_BYTES, HEAD
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.sumtree import LEAVES_MAX, SUM_MAX, TAG, Table
from jinku.verify.text import decimal, unhex

FORMAT = "jinku-attestation/v2"
TOPIC = 1
ENTITY_MAX = (1 << 32) - 1
LIMITS_MAX = 32
_LIMITS_HEAD = "jinku-limits/v1\n"
FIELDS = (
    "entity",
    "currency",
    "day",
    "as_of",
    "ledger_size",
    "customers",
    "liabilities",
    "floored",
    "parts",
    "limits",
    "root",
)


@dataclass(frozen=True, slots=True)
class Attested:
    """What was attested; nothing in it is trusted before the seal is checked."""

    entity: int
    currency: str
    day: str
    """The business day, YYYY-MM-DD."""
    as_of: int
    """The moment of the balances, ns since 1970."""
    ledger_size: int
    customers: int
    liabilities: int
    """What is owed to all customers, minor units."""
    floored: int
    """What customers in debit owe, counted as zero in `liabilities`."""
    table: Table
    limits: bytes
    root: bytes
    context: bytes
    digest: bytes

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Attested":
        """Read the fields' texts. Raises Unreadable, or NotVerified where the parts are not the total."""
        currency, day = fields["currency"], fields["day"]
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
            raise Unreadable("bad_attestation", f"not a currency: {currency[:20]!r}")
        _check_day(day)
        customers = decimal(fields["customers"], "customers", LEAVES_MAX)
        table = Table.of(customers, fields["parts"])
        liabilities = decimal(fields["liabilities"], "liabilities", SUM_MAX)
        if table.total != liabilities:
            raise NotVerified("wrong_total", f"the parts are worth {table.total}, attested are {liabilities}")
        lines = [f"{FORMAT}\n", *(f"{name} {fields[name]}\n" for name in FIELDS)]
        above = "".join(lines[:-1]).encode()
        return cls(
            entity=decimal(fields["entity"], "entity", ENTITY_MAX),
            currency=currency,
            day=day,
            as_of=decimal(fields["as_of"], "as_of", SIZE_MAX),
            ledger_size=decimal(fields["ledger_size"], "ledger_size", SIZE_MAX),
            customers=customers,
            liabilities=liabilities,
            floored=decimal(fields["floored"], "floored", SUM_MAX),
            table=table,
            limits=unhex(fields["limits"], "limits", 32),
            root=unhex(fields["root"], "root", 32),
            context=hashlib.sha256(TAG + b"context\0" + above).digest(),
            digest=hashlib.sha256(above + lines[-1].encode()).digest(),
        )

    def check_seal(self, leaf: bytes, index: int) -> None:
        """Check that log entry number `index` seals this attestation and nothing else. Raises NotVerified."""
        booked = HEAD.unpack_from(leaf)[7] if len(leaf) == ENTRY_BYTES else 0
        expected = HEAD.pack(5, 1, 0, 0, 0, 0, 0, booked) + self.digest + TOPIC.to_bytes(4, "little")
        if leaf != expected.ljust(ENTRY_BYTES, b"\0"):
            raise NotVerified("not_sealed", "the log entry does not seal this attestation")
        if index < self.ledger_size or booked < self.as_of:
            raise NotVerified(
                "sealed_too_early",
                f"entry {index} cannot speak of {self.ledger_size} entries as of {self.as_of}",
            )

    def check_limits(self, limits: object) -> tuple[tuple[str, str], ...]:
        """The statement of what is not proven, as (English, Chinese), where it is the one that was attested."""
        if not isinstance(limits, list) or not 0 < len(limits) <= LIMITS_MAX:
            raise Unreadable("bad_receipt", f"limits are a list of 1 to {LIMITS_MAX}")
        read = []
        for one in limits:
            if (
                not isinstance(one, dict)
                or set(one) != {"en", "zh"}
                or not all(isinstance(t, str) for t in one.values())
            ):
                raise Unreadable("bad_receipt", "a limit has the fields en and zh, each a text")
            read.append((one["en"], one["zh"]))
        text = _LIMITS_HEAD + "".join(f"en {english}\nzh {chinese}\n" for english, chinese in read)
        if hashlib.sha256(text.encode()).digest() != self.limits:
            raise NotVerified("wrong_limits", "what is said not to be proven is not what was attested")
        return tuple(read)


def _check_day(text: str) -> None:
    try:
        fine = date.fromisoformat(text).isoformat() == text
    except ValueError:
        fine = False
    if not fine:
        raise Unreadable("bad_attestation", f"not a day (YYYY-MM-DD): {text[:20]!r}")
