"""The attestation: what is owed to all customers in one currency at one moment, sealed in the transparency
log.

Rules:

1. Its canonical bytes are lines of ``name value``, each ended by a newline, in a fixed order, after a first
   line that names the format; numbers are plain decimals, hashes lower-case hex. Its digest is their
   SHA-256.
2. The digest is sealed in the log under ``SEAL_TOPIC_ATTESTATION``, after the entries that it speaks of.
3. The total of the sum tree must be the ledger's own total of customer balances; both are computed apart.
4. A customer's receipt is a JSON file: the way from the balance to the root, the attestation, the sealed
   entry and its receipt from the log. `jinku.verify` checks it end to end without asking anyone.

What it proves: this balance is part of a total that was signed, logged, and is the same for everyone who sees
this log. What it does not prove, in ``LIMITS``.

Example::

    statement = attest(tree, as_of=clock, ledger_size=ledger.size(), ledger_total=total)
    sequence, _ = ledger.seal(statement.digest(), SEAL_TOPIC_ATTESTATION)
    receipt = balance_receipt(tree, "C-1", statement, Sealed(entry, tlog_proof))
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from jinku.base.currency import currency
from jinku.custody.errors import BadAttestation
from jinku.custody.proof.sumtree import CUSTOMERS_MAX, SUM_MAX, SumTree

SEAL_TOPIC_ATTESTATION = 1
FORMAT = "jinku-attestation/v1"
RECEIPT_FORMAT = "jinku-balance-receipt/v1"
TIMESTAMP_MAX = (1 << 63) - 1
LIMITS = (
    "It is one moment: it says nothing of the time before or after.",
    "It speaks of what is owed, not of the money at the bank, which is shown by the bank's own statement.",
    "A total stays honest only if customers check their receipts: who is left out and never looks is not missed.",
    "A receipt shows sums beside its path; the nearest is the exact balance of one other, unnamed customer.",
)
"""What an attestation does not prove; printed wherever one is shown."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """See the module's rules. Raises BadAttestation for a value out of range."""

    currency: str
    """ISO 4217 code; amounts are in its minor units."""
    as_of: int
    """The moment, ns since 1970."""
    ledger_size: int
    """The balances are those after this many entries of the log."""
    customers: int
    liabilities: int
    """The total owed, equal to the sum tree's root sum."""
    root: bytes
    """Hash of the sum tree's root, 32 bytes."""

    def __post_init__(self) -> None:
        currency(self.currency)
        for name, maximum in (
            ("as_of", TIMESTAMP_MAX),
            ("ledger_size", TIMESTAMP_MAX),
            ("customers", CUSTOMERS_MAX),
            ("liabilities", SUM_MAX),
        ):
            if not 0 <= getattr(self, name) <= maximum:
                raise BadAttestation(f"must be 0 to {maximum}", field=name, value=getattr(self, name))
        if len(self.root) != 32:
            raise BadAttestation("must be 32 bytes", field="root", value=self.root.hex())

    def fields(self) -> dict[str, str]:
        """Every field as text, in canonical order."""
        return {
            "currency": self.currency,
            "as_of": str(self.as_of),
            "ledger_size": str(self.ledger_size),
            "customers": str(self.customers),
            "liabilities": str(self.liabilities),
            "root": self.root.hex(),
        }

    def canonical(self) -> bytes:
        """The bytes that are hashed (rule 1)."""
        return f"{FORMAT}\n".encode() + "".join(f"{k} {v}\n" for k, v in self.fields().items()).encode()

    def digest(self) -> bytes:
        """The 32 bytes that are sealed in the log."""
        return hashlib.sha256(self.canonical()).digest()


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where an attestation is in the log."""

    entry: bytes
    """The seal entry's bytes, the leaf."""
    proof: str
    """Its tlog-proof@v1 receipt."""


def attest(tree: SumTree, *, as_of: int, ledger_size: int, ledger_total: int) -> Attestation:
    """State the total of `tree`, which must be `ledger_total`, the ledger's own sum over customer accounts.

    Raises BadAttestation when the two differ.
    """
    if tree.sum != ledger_total:
        raise BadAttestation(f"the ledger owes customers {ledger_total}", field="liabilities", value=tree.sum)
    return Attestation(tree.currency, as_of, ledger_size, tree.customers, tree.sum, tree.root.hash)


def balance_receipt(tree: SumTree, customer: str, statement: Attestation, sealed: Sealed) -> bytes:
    """A customer's receipt as UTF-8 JSON: keys sorted, indented by two, every number a string of digits.

    Raises LiabilityUnknown; BadAttestation when `statement` is not about `tree` or `sealed` not about
    `statement`.
    """
    if (statement.root, statement.currency) != (tree.root.hash, tree.currency):
        raise BadAttestation(
            "the attestation is about another tree", field="root", value=statement.root.hex()
        )
    if statement.digest() not in sealed.entry:
        raise BadAttestation("the entry seals something else", field="digest", value=statement.digest().hex())
    proof = tree.proof(customer)
    document = {
        "format": RECEIPT_FORMAT,
        "customer": customer,
        "balance": str(proof.liability.balance),
        "salt": proof.liability.salt.hex(),
        "index": str(proof.index),
        "path": [{"sum": str(node.sum), "hash": node.hash.hex()} for node in proof.path],
        "attestation": statement.fields(),
        "seal": {"entry": base64.b64encode(sealed.entry).decode(), "proof": sealed.proof},
    }
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
