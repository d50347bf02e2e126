"""A customer's balance receipt, from the balance to the signed log, offline.

1. The file is JSON in exactly one spelling: keys sorted, indented by two, numbers as strings of digits.
2. The path leads from the balance to the attested total and root (`jinku.verify.sumtree`).
3. The attestation's lines hash to the digest in the seal entry.
4. The seal entry is an entry of the trusted log (`jinku.verify.receipt`), stands behind the entries that the
   attestation speaks of, and was booked no earlier than the attestation's moment.

That the balance is right, only its owner can say: compare `customer` and `balance` with what you know.

Example::

    proved = verify_balance_receipt(Path("receipt.json").read_bytes(), vkey)
    proved.balance, proved.currency, proved.liabilities
"""

import hashlib
import json
from dataclasses import dataclass

from jinku.verify.checkpoint import SIZE_MAX
from jinku.verify.entries import ENTRY_BYTES, HEAD
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.receipt import Receipt, verify_receipt
from jinku.verify.sumtree import CUSTOMERS_MAX, SUM_MAX, Claim, Leaf, check_path
from jinku.verify.text import decimal, unbase64, unhex
from jinku.verify.trust import Trust

FORMAT = "jinku-balance-receipt/v1"
ATTESTATION_FORMAT = "jinku-attestation/v1"
ATTESTATION_TOPIC = 1
BALANCE_RECEIPT_BYTES_MAX = 1 << 20
PATH_STEPS_MAX = 32
_FIELDS = {"attestation", "balance", "customer", "format", "index", "path", "salt", "seal"}
_ATTESTATION_FIELDS = ("currency", "as_of", "ledger_size", "customers", "liabilities", "root")


@dataclass(frozen=True, slots=True)
class Balance:
    """What a balance receipt that verified proves."""

    customer: str
    balance: int
    """Minor units."""
    currency: str
    as_of: int
    """The attestation's moment, ns since 1970."""
    ledger_size: int
    """The balance is that after this many entries of the log."""
    customers: int
    liabilities: int
    """What is owed to all customers together, minor units."""
    sealed: Receipt
    """The seal entry in the log."""


def verify_balance_receipt(data: bytes, trust: Trust | str) -> Balance:
    """Verify a balance receipt under a policy, or under the log's vkey. Raises Unreadable or NotVerified."""
    document = _document(data)
    attested = _texts(document["attestation"], set(_ATTESTATION_FIELDS), "attestation")
    seal = _texts(document["seal"], {"entry", "proof"}, "seal")
    texts = {name: document[name] for name in ("balance", "customer", "format", "index", "salt")}
    own = _texts(texts, set(texts), "receipt")
    leaf = Leaf(own["customer"], decimal(own["balance"], "balance", SUM_MAX), unhex(own["salt"], "salt", 32))
    claim = Claim(
        attested["currency"],
        decimal(attested["customers"], "customers", CUSTOMERS_MAX),
        decimal(attested["liabilities"], "liabilities", SUM_MAX),
        unhex(attested["root"], "root", 32),
    )
    if own["format"] != FORMAT or not (len(claim.currency) == 3 and claim.currency.isascii()):
        raise Unreadable("bad_receipt", f"not a {FORMAT}, or no currency")
    check_path(leaf, decimal(own["index"], "index", CUSTOMERS_MAX), _path(document["path"]), claim)
    as_of = decimal(attested["as_of"], "as_of", SIZE_MAX)
    ledger_size = decimal(attested["ledger_size"], "ledger_size", SIZE_MAX)
    sealed = verify_receipt(seal["proof"].encode(), unbase64(seal["entry"], "entry", ENTRY_BYTES), trust)
    _check_seal(sealed, attested, as_of, ledger_size)
    return Balance(
        leaf.customer, leaf.balance, claim.currency, as_of, ledger_size, claim.customers, claim.total, sealed
    )


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


def _path(value: object) -> list[tuple[int, bytes]]:
    if not isinstance(value, list) or len(value) > PATH_STEPS_MAX:
        raise Unreadable("bad_receipt", f"the path is a list of at most {PATH_STEPS_MAX} steps")
    steps = [_texts(step, {"hash", "sum"}, "a step of the path") for step in value]
    return [(decimal(step["sum"], "sum", SUM_MAX), unhex(step["hash"], "hash", 32)) for step in steps]


def _check_seal(sealed: Receipt, attested: dict[str, str], as_of: int, ledger_size: int) -> None:
    """The entry is the seal of this attestation and of nothing else, made after what it speaks of."""
    lines = [ATTESTATION_FORMAT, *(f"{name} {attested[name]}" for name in _ATTESTATION_FIELDS)]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()
    booked = HEAD.unpack_from(sealed.leaf)[7]
    expected = HEAD.pack(5, 1, 0, 0, 0, 0, 0, booked) + digest + ATTESTATION_TOPIC.to_bytes(4, "little")
    if sealed.leaf != expected.ljust(ENTRY_BYTES, b"\0"):
        raise NotVerified("not_sealed", "the log entry does not seal this attestation")
    if sealed.index < ledger_size or booked < as_of:
        raise NotVerified(
            "sealed_too_early", f"entry {sealed.index} cannot speak of {ledger_size} entries as of {as_of}"
        )
