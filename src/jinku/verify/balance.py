"""A customer's balance receipt, from the balance to the signed log, offline.

1. The file is JSON in exactly one spelling: keys sorted, indented by two, numbers as strings of digits.
2. The customer's parts are worth the balance, each counted once, and lead to the attested root
   (`jinku.verify.sumtree`); the attested parts of all customers are worth the attested total.
3. The attestation hashes to the digest in the seal entry (`jinku.verify.attested`).
4. The seal entry is an entry of the trusted log (`jinku.verify.receipt`), cosigned by as many of the trusted witnesses
   as are asked for.
5. Whoever knows what to expect says so: customer, balance, entity, currency, day. An honest receipt of yesterday, or of
   somebody else, verifies; it is only not the one that was asked for.

That the balance is right, only its owner can say: compare `customer` and `balance` with what you know.

Example::

    proved = verify_balance_receipt(Path("receipt.json").read_bytes(), vkey, Expected(day="2026-11-20"))
    proved.balance, proved.currency, proved.liabilities
"""

import json
from dataclasses import dataclass

from jinku.verify.attested import FIELDS, Attested
from jinku.verify.entries import ENTRY_BYTES
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.receipt import Receipt, verify_receipt
from jinku.verify.sumtree import LEAVES_MAX, PARTS_MAX, SUM_MAX, Holding, check_holding, check_tree
from jinku.verify.text import decimal, unbase64, unhex
from jinku.verify.trust import Trust

FORMAT = "jinku-balance-receipt/v2"
BALANCE_RECEIPT_BYTES_MAX = 4 << 20
CUSTOMER_BYTES_MAX = 256
_TEXTS = {"balance", "customer", "format", "place", "salt"}
_FIELDS = _TEXTS | {"attestation", "limits", "parts", "proof", "seal"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reader knows beforehand; None where it does not matter."""

    customer: str | None = None
    balance: int | None = None
    entity: int | None = None
    currency: str | None = None
    day: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What a balance receipt that verified proves."""

    customer: str
    balance: int
    """Minor units."""
    attested: Attested
    limits: tuple[tuple[str, str], ...]
    """What is not proven: (English, Chinese)."""
    sealed: Receipt
    """The seal entry in the log."""

    @property
    def currency(self) -> str:
        """ISO 4217 code."""
        return self.attested.currency

    @property
    def entity(self) -> int:
        """The legal entity that owes."""
        return self.attested.entity

    @property
    def as_of(self) -> int:
        """The attestation's moment, ns since 1970."""
        return self.attested.as_of

    @property
    def ledger_size(self) -> int:
        """The balance is that after this many entries of the log."""
        return self.attested.ledger_size

    @property
    def customers(self) -> int:
        """How many customers are counted."""
        return self.attested.customers

    @property
    def liabilities(self) -> int:
        """What is owed to all customers together, minor units."""
        return self.attested.liabilities


def verify_balance_receipt(data: bytes, trust: Trust | str, expected: Expected | None = None) -> Balance:
    """Verify a balance receipt under a policy, or under the log's vkey. Raises Unreadable or NotVerified."""
    document = _document(data)
    own = _texts({name: document[name] for name in _TEXTS}, _TEXTS, "receipt")
    if own["format"] != FORMAT:
        raise Unreadable("bad_receipt", f"not a {FORMAT}")
    if not 1 <= len(own["customer"].encode()) <= CUSTOMER_BYTES_MAX:
        raise Unreadable("bad_receipt", f"a customer's number has 1 to {CUSTOMER_BYTES_MAX} bytes")
    seal = _texts(document["seal"], {"entry", "proof"}, "seal")
    attested = Attested.of(_texts(document["attestation"], set(FIELDS), "attestation"))
    limits = attested.check_limits(document["limits"])
    holding = Holding(
        own["customer"],
        decimal(own["balance"], "balance", SUM_MAX),
        unhex(own["salt"], "salt", 32),
        decimal(own["place"], "place", LEAVES_MAX),
        tuple(decimal(one, "position", LEAVES_MAX) for one in _list(document["parts"], PARTS_MAX, "parts")),
    )
    check_holding(holding, attested.customers, attested.table)
    hashes = _list(document["proof"], PARTS_MAX * 32, "proof")
    check_tree(
        holding,
        [unbase64(one, "proof", 32) for one in hashes],
        attested.table,
        attested.context,
        attested.root,
    )
    sealed = verify_receipt(seal["proof"].encode(), unbase64(seal["entry"], "entry", ENTRY_BYTES), trust)
    attested.check_seal(sealed.leaf, sealed.index)
    proved = Balance(holding.customer, holding.balance, attested, limits, sealed)
    _check_expected(proved, expected or Expected())
    return proved


def _check_expected(proved: Balance, expected: Expected) -> None:
    said = {
        "customer": (proved.customer, expected.customer),
        "balance": (proved.balance, expected.balance),
        "entity": (proved.entity, expected.entity),
        "currency": (proved.currency, expected.currency),
        "day": (proved.attested.day, expected.day),
    }
    for name, (found, wanted) in said.items():
        if wanted is not None and found != wanted:
            raise NotVerified(f"other_{name}", f"the receipt is of {name} {found}, not of {wanted}")


def _document(data: bytes) -> dict[str, object]:
    if len(data) > BALANCE_RECEIPT_BYTES_MAX:
        raise Unreadable("too_large", f"{len(data)} bytes, more than {BALANCE_RECEIPT_BYTES_MAX}")
    try:
        document = json.loads(data.decode("utf-8"))
        spelled = (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    except (ValueError, RecursionError) as error:
        raise Unreadable("bad_json", "the receipt is not JSON in UTF-8") from error
    if not isinstance(document, dict) or set(document) != _FIELDS:
        raise Unreadable("bad_receipt", f"a receipt has the fields {sorted(_FIELDS)} and no others")
    if spelled != data:
        raise Unreadable("not_canonical", "the receipt is not spelled the one way that a receipt is spelled")
    return document


def _texts(value: object, names: set[str], what: str) -> dict[str, str]:
    if (
        not isinstance(value, dict)
        or set(value) != names
        or not all(isinstance(v, str) for v in value.values())
    ):
        raise Unreadable("bad_receipt", f"{what} has the fields {sorted(names)}, each a text")
    return value


def _list(value: object, maximum: int, what: str) -> list[str]:
    if not isinstance(value, list) or len(value) > maximum or not all(isinstance(one, str) for one in value):
        raise Unreadable("bad_receipt", f"{what} is a list of at most {maximum} texts")
    return value
