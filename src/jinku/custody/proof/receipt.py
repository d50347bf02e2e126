"""A customer's receipt: one JSON file that proves the balance to anyone who trusts the log's key, offline.

Rules:

1. It holds the customer's number, balance and salt, the positions of his leaves, the hashes that lead to the root, the
   attestation with its limits, the entry that seals it and that entry's receipt from the log, cosignatures included.
2. One spelling: UTF-8, keys sorted, indented by two, every number a string of digits, hashes of the proof in base64.
3. `jinku.verify` and the static page check it end to end without asking anyone.

Example::

    balance_receipt(tree.proof("C-1"), tree.statement, Sealed(entry, tlog_proof))
"""

import base64
import json
from dataclasses import dataclass

from jinku.custody.errors import BadAttestation
from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.kept import TreeProof
from jinku.custody.proof.limits import as_json

RECEIPT_FORMAT = "jinku-balance-receipt/v2"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where an attestation is in the log."""

    entry: bytes
    """The seal entry's bytes, the leaf."""
    proof: str
    """Its tlog-proof@v1 receipt."""


def balance_receipt(proof: TreeProof, statement: Attestation, sealed: Sealed) -> bytes:
    """The receipt as UTF-8 JSON. Raises BadAttestation when `sealed` is not about `statement`."""
    if statement.digest() not in sealed.entry:
        raise BadAttestation("the entry seals something else", field="digest", value=statement.digest().hex())
    return spelled(
        {
            "format": RECEIPT_FORMAT,
            "customer": proof.customer,
            "balance": str(proof.balance),
            "salt": proof.salt.hex(),
            "place": str(proof.place),
            "parts": [str(position) for position in proof.parts],
            "proof": [base64.b64encode(one).decode() for one in proof.hashes],
            "attestation": statement.fields(),
            "limits": as_json(statement.limits),
            "seal": {"entry": base64.b64encode(sealed.entry).decode(), "proof": sealed.proof},
        }
    )


def spelled(document: object) -> bytes:
    """The one spelling (rule 2)."""
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
