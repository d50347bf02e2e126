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
from jinku.custody.closing.position import Position, position
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE, close_record
from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.proof.kept import KeptTree
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.model import Reconciliation
from jinku.custody.reconciliation.sources import ledger_records
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Finding, check_all
from jinku.custody.structure.chart import party_of
from jinku.custody.structure.holdings import Holdings, holdings
from jinku.custody.structure.table import Kind
from jinku.ledger import Ledger
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipts
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
    def publisher(self) -> Publisher:
        """What publishes the log."""
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
    tree: KeptTree
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
    mirror = day.chart.account(Kind.BANK_MIRROR)
    ours = ledger_records(ledger, mirror, statement.account, statement.currency.code)
    reconciled = reconcile(statement, ours)
    size, now = ledger.size(), holdings(ledger.accounts_array())
    as_of = to_rfc3339(day.closes)
    pool = {f"client pool {statement.account}": statement.closing}
    standing = position(statement.currency, now.clients, pool, as_of=as_of)
    record = close_record(reconciled, standing, statement_file=data, ledger_size=size)
    attested = attestation_desk(house, file.parent).attest(
        day.chart.entity, currency_by_number(day.chart.currency).code, day.day
    )
    record_entry, _ = ledger.seal(hashlib.sha256(record).digest(), SEAL_TOPIC_CLOSE)
    return Closed(
        labels=labels,
        scores=score(labels, reconciled.breaks),
        findings=check_all([statement]),
        reconciliation=reconciled,
        holdings=now,
        position=standing,
        tree=attested.tree,
        attestation=attested.statement,
        attestation_entry=attested.entry,
        record=record,
        record_entry=record_entry,
    )


def customer_name(account: int) -> str:
    """The customer's number as it stands in the attestation: six digits, or ``SUSPENSE``."""
    party = party_of(account)
    return f"{party:06d}" if party else SUSPENSE


def attestation_desk(house: OpenHouse, directory: Path) -> AttestationDesk:
    """The desk that attests this house's days, keeping what receipts need in `directory`."""
    return AttestationDesk(directory, house.ledger, house.publisher, customer=customer_name, workers=1)


def balance_receipts(
    house: OpenHouse, directory: Path, closed: Closed, customers: Sequence[str]
) -> Mapping[str, bytes]:
    """The balance receipt of each of `customers`; `directory` is the one that the day was closed in."""
    desk = attestation_desk(house, directory)
    attested = desk.get(closed.attestation_entry)
    return {customer: desk.customer_receipt(attested, customer) for customer in customers}


def transfer_receipts(house: OpenHouse, transfers: Sequence[int]) -> Mapping[int, bytes]:
    """The log's receipt (tlog-proof) of each transfer; the log must be published beyond them."""
    entries = [house.ledger.transfer_sequence(one) for one in transfers]
    made = make_receipts(LogDirectory(house.log_directory), entries)
    return {one: receipt.encode() for one, receipt in zip(transfers, made, strict=True)}
