"""The close of the simulated day: statement in, breaks and position out, what is owed attested and sealed.

Rules:

1. The statement goes through its file: what is reconciled is what was read back.
2. What is owed to clients is read from the ledger at one instant; the position compares it with the bank's
   closing balance, and the attestation states the same total.
3. Attestation and close record are sealed in the log; receipts are made once the log is published.

Example::

    closed = close_day(house, day, seed=7, per_class=3, file=Path("statement.xml"))
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jinku.base.clock import to_rfc3339
from jinku.base.currency import currency_by_number
from jinku.crypto.commitment import new_salt
from jinku.custody.closing.position import Position, position
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE, close_record
from jinku.custody.proof.attestation import (
    SEAL_TOPIC_ATTESTATION,
    Attestation,
    Sealed,
    attest,
    balance_receipt,
)
from jinku.custody.proof.sumtree import Liability, SumTree
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.mirror import bank_movements
from jinku.custody.reconciliation.model import Reconciliation
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Finding, check_all
from jinku.custody.structure.chart import party_of
from jinku.custody.structure.holdings import Holdings, holdings
from jinku.custody.structure.table import Kind
from jinku.ledger import Ledger
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt, make_receipts
from jinku.sim.bank import bank_statement
from jinku.sim.day import Day
from jinku.sim.labels import Label, Score, score

SUSPENSE = "SUSPENSE"
"""Stands in the attestation for all whose money came in without a name."""


class OpenHouse(Protocol):
    """What is needed of an open data directory: its ledger, its log, and publishing the one into the other."""

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def log_directory(self) -> Path:
        """Where the log's files lie."""
        ...

    @property
    def vkeys(self) -> list[str]:
        """The log's public keys."""
        ...

    def publish(self) -> SignedCheckpoint:
        """Bring the published log up to the journal."""
        ...

    def close(self) -> None:
        """Publish what is left and release everything."""
        ...


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed day."""

    labels: tuple[Label, ...]
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]
    """What the statement's own checks found."""
    reconciliation: Reconciliation
    holdings: Holdings
    position: Position
    tree: SumTree
    attestation: Attestation
    attestation_entry: int
    """Number of the log entry that seals the attestation."""
    record: bytes
    """The close record's bytes."""
    record_entry: int


def close_day(house: OpenHouse, day: Day, *, seed: int, per_class: int, file: Path) -> Closed:
    """Close the day, writing the bank's statement to `file` and reading it back from there."""
    ledger = house.ledger
    written, labels = bank_statement(day, seed, per_class)
    file.write_bytes(camt.write([written]))
    data = file.read_bytes()
    [statement] = camt.read(data, file.name)
    reconciled = reconcile(statement, bank_movements(ledger, day.chart.account(Kind.BANK_MIRROR)))
    size, now = ledger.size(), holdings(ledger.accounts_array())
    as_of = to_rfc3339(day.closes)
    pool = {f"client pool {statement.account}": statement.closing}
    standing = position(statement.currency, now.clients, pool, as_of=as_of)
    tree = _tree(day, now)
    stated = attest(tree, as_of=day.closes, ledger_size=size, ledger_total=now.client_total)
    record = close_record(reconciled, standing, statement_file=data, ledger_size=size)
    attestation_entry, _ = ledger.seal(stated.digest(), SEAL_TOPIC_ATTESTATION)
    record_entry, _ = ledger.seal(hashlib.sha256(record).digest(), SEAL_TOPIC_CLOSE)
    return Closed(
        labels=labels,
        scores=score(labels, reconciled.breaks),
        findings=check_all([statement]),
        reconciliation=reconciled,
        holdings=now,
        position=standing,
        tree=tree,
        attestation=stated,
        attestation_entry=attestation_entry,
        record=record,
        record_entry=record_entry,
    )


def customer_name(account: int) -> str:
    """The customer's number as it stands in the attestation: six digits, or ``SUSPENSE``."""
    party = party_of(account)
    return f"{party:06d}" if party else SUSPENSE


def _tree(day: Day, now: Holdings) -> SumTree:
    owed = (
        Liability(customer_name(account), balance, new_salt()) for account, balance in now.clients.items()
    )
    return SumTree(currency_by_number(day.chart.currency).code, owed)


def balance_receipts(house: OpenHouse, closed: Closed, customers: Sequence[str]) -> Mapping[str, bytes]:
    """The balance receipt of each of `customers`; the log must be published beyond the attestation's seal."""
    log, entry = LogDirectory(house.log_directory), closed.attestation_entry
    proof = make_receipt(log, entry, with_entry=False).encode().decode()
    [leaf] = house.ledger.read(entry, 1)
    sealed = Sealed(leaf, proof)
    return {
        customer: balance_receipt(closed.tree, customer, closed.attestation, sealed) for customer in customers
    }


def transfer_receipts(house: OpenHouse, transfers: Sequence[int]) -> Mapping[int, bytes]:
    """The log's receipt (tlog-proof) of each transfer; the log must be published beyond them."""
    entries = [house.ledger.transfer_sequence(one) for one in transfers]
    made = make_receipts(LogDirectory(house.log_directory), entries)
    return {one: receipt.encode() for one, receipt in zip(transfers, made, strict=True)}
