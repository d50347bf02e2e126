"""The desk of attestations: what is owed to every client, sealed in the log, and each client's receipt.

Rules:

1. Balances and log size belong together: both are read again until nothing was booked in between.
2. What a receipt needs (each balance with its salt) is kept in ``attestations/`` with mode 0600, durably, before the
   digest is sealed; the salts are secrets of the clients.
3. An attestation is known by the number of the log entry that seals it.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from jinku.base.files import replace_durably
from jinku.crypto.commitment import new_salt
from jinku.custody.errors import NotAtRest, NotKept
from jinku.custody.proof.attestation import (
    SEAL_TOPIC_ATTESTATION,
    Attestation,
    Sealed,
    attest,
    balance_receipt,
)
from jinku.custody.proof.sumtree import Liability, SumTree
from jinku.custody.structure.holdings import Holdings, holdings
from jinku.custody.structure.standing import books
from jinku.ledger.service import Ledger
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt

READINGS_MAX = 1_000
TREES_KEPT_MAX = 4
"""Sum trees kept in memory for receipts; others are built again from their files."""


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation, the entry that seals it, and the tree that its receipts come from."""

    entry: int
    statement: Attestation
    tree: SumTree


class AttestationDesk:
    """See the module's rules. Safe to share between threads."""

    def __init__(self, directory: Path, ledger: Ledger, publisher: Publisher) -> None:
        self._directory = directory / "attestations"
        self._ledger, self._publisher = ledger, publisher
        self._recent: dict[int, Attested] = {}
        self._lock = threading.Lock()

    def attest(self, entity: int, currency_code: str) -> Attested:
        """Attest and seal what is owed to the clients of a legal entity in a currency.

        Raises NotKept where it has no books in it, NotAtRest where the ledger did not stand still for a reading.
        """
        now, size = self._reading(entity, currency_code)
        owed = [Liability(str(account), balance, new_salt()) for account, balance in now.clients.items()]
        tree = SumTree(currency_code, owed)
        as_of = int(self._ledger.entries(size - 1, 1)["timestamp"][0])
        statement = attest(tree, as_of=as_of, ledger_size=size, ledger_total=now.client_total)
        self._directory.mkdir(mode=0o700, exist_ok=True)
        name = statement.digest().hex()
        replace_durably(self._directory / f"{name}.json", orjson.dumps(_kept(statement, owed)), 0o600)
        entry, _ = self._ledger.seal(statement.digest(), SEAL_TOPIC_ATTESTATION)
        replace_durably(self._directory / f"{entry}.sealed", name.encode(), 0o600)
        return self._remember(Attested(entry, statement, tree))

    def get(self, entry: int) -> Attested:
        """The attestation that log entry `entry` seals. Raises NotKept."""
        with self._lock:
            known = self._recent.get(entry)
        if known is not None:
            return known
        pointer = self._directory / f"{entry}.sealed"
        if not pointer.exists():
            raise NotKept(f"entry {entry} seals no attestation made here", remedy="make one first")
        document = orjson.loads((self._directory / f"{pointer.read_text()}.json").read_bytes())
        return self._remember(_read(entry, document))

    def receipt(self, entry: int, account_id: int) -> bytes:
        """The balance receipt of a client's account, for `jinku verify balance`. Raises NotKept, LiabilityUnknown."""
        attested = self.get(entry)
        current = self._publisher.checkpoint
        if current is None or current.size <= entry:
            self._publisher.publish()
        proof = (
            make_receipt(LogDirectory(self._publisher.directory), entry, with_entry=False).encode().decode()
        )
        [leaf] = self._ledger.read(entry, 1)
        return balance_receipt(attested.tree, str(account_id), attested.statement, Sealed(leaf, proof))

    def _reading(self, entity: int, currency_code: str) -> tuple[Holdings, int]:
        ledger = self._ledger
        for _ in range(READINGS_MAX):
            size = ledger.size()
            accounts = ledger.accounts_array()
            if ledger.size() == size:
                break
        else:
            raise NotAtRest(
                "the ledger did not stand still for one reading", remedy="retry when less is booked"
            )
        for number, unit, rows in books(accounts):
            if (number, unit.code) == (entity, currency_code):
                return holdings(rows), size
        raise NotKept(
            f"legal entity {entity} has no books in {currency_code}",
            remedy="see GET /v1/positions for those that exist",
        )

    def _remember(self, attested: Attested) -> Attested:
        with self._lock:
            self._recent[attested.entry] = attested
            while len(self._recent) > TREES_KEPT_MAX:
                del self._recent[next(iter(self._recent))]
        return attested


def _kept(statement: Attestation, owed: list[Liability]) -> dict[str, Any]:
    return {
        "attestation": statement.fields(),
        "liabilities": [[one.customer, str(one.balance), one.salt.hex()] for one in owed],
    }


def _read(entry: int, document: dict[str, Any]) -> Attested:
    fields = document["attestation"]
    owed = (
        Liability(customer, int(balance), bytes.fromhex(salt))
        for customer, balance, salt in document["liabilities"]
    )
    statement = Attestation(
        currency=fields["currency"],
        as_of=int(fields["as_of"]),
        ledger_size=int(fields["ledger_size"]),
        customers=int(fields["customers"]),
        liabilities=int(fields["liabilities"]),
        root=bytes.fromhex(fields["root"]),
    )
    return Attested(entry, statement, SumTree(statement.currency, owed))
