"""Trees and receipts for tests: a few customers, attested and sealed in a journal written by the verifier's kit."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.verify.kit import LOG_KEY, Journal, Key, day_of, receipt

from jinku.custody.proof.attestation import SEAL_TOPIC_ATTESTATION, Attestation
from jinku.custody.proof.building import Books, build
from jinku.custody.proof.kept import KeptTree
from jinku.custody.proof.receipt import Sealed, balance_receipt, spelled

DAY_ATTESTED = date(2026, 11, 20)
BALANCES = {f"客户-{number}": number * 100 for number in range(6)}


def books(balances: Mapping[str, int], /, **changes: Any) -> Books:
    """What is owed, of legal entity 1 in CNY."""
    made = Books(
        entity=1,
        currency="CNY",
        day=DAY_ATTESTED,
        as_of=1,
        ledger_size=1,
        customers=list(balances),
        balances=list(balances.values()),
        ledger_total=sum(balances.values()),
    )
    return replace(made, **changes)


def tree_of(folder: Path, balances: Mapping[str, int], **changes: Any) -> KeptTree:
    """A tree built and kept in the new directory `folder`."""
    folder.mkdir(parents=True)
    build(folder, books(balances, **changes), workers=1)
    return KeptTree.open(folder)


def seal(
    statement: Attestation, journal: Journal, keys: Sequence[Key], topic: int = SEAL_TOPIC_ATTESTATION
) -> Sealed:
    """`statement` sealed as the journal's next entry."""
    entry = journal.seal(statement.digest(), topic)
    return Sealed(entry, receipt(journal.leaves, len(journal.leaves) - 1, keys).decode())


@dataclass
class Issued:
    """An attested day, and whoever asks gets a receipt."""

    tree: KeptTree
    sealed: Sealed
    journal: Journal

    @property
    def statement(self) -> Attestation:
        return self.tree.statement

    def receipt(self, customer: str = "客户-3") -> bytes:
        return balance_receipt(self.tree.proof(customer), self.statement, self.sealed)

    def document(self, customer: str = "客户-3") -> dict[str, Any]:
        return dict(json.loads(self.receipt(customer)))


def issued(
    balances: Mapping[str, int] = BALANCES, keys: Sequence[Key] = (LOG_KEY,), topic: int = 1, **changes: Any
) -> Issued:
    """Attest and seal `balances`; nothing stays on disk."""
    journal = day_of(0)
    changes = {"as_of": journal.now, "ledger_size": len(journal.leaves), **changes}
    folder = Path(tempfile.mkdtemp())
    try:
        tree = tree_of(folder / "tree", balances, **changes)
        return Issued(tree, seal(tree.statement, journal, keys, topic), journal)
    finally:
        shutil.rmtree(folder)


def issue() -> bytes:
    """One good receipt."""
    return issued().receipt()


def respelled(document: Mapping[str, Any]) -> bytes:
    """A receipt of these values, spelled as receipts are."""
    return spelled(document)
