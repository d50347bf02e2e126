"""How long it takes to attest what is owed to many customers, to make one receipt from what is kept, and to verify it.

Rules:

1. Balances are log-normal around some thousand of a currency's units, one customer in five has none; the numbers are
   account ids as the desk uses them. Salts, parts and the order of leaves are random, so runs differ a little.
2. `attest_1m_s` is everything from the list of balances to durable files: salts, parts, tree, kept form.
   `receipt_ms` and `verify_ms` are medians over customers taken at random; the receipt is made whole, with the log's
   proof in it, and verified from its bytes under the log's key.

Example::

    attest_figures(1_000_000, Path("scratch"), seed=7)["attest_1m_s"].value
"""

import random
import shutil
import statistics
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from jinku.bench.report import Figure
from jinku.bootstrap import open_house
from jinku.custody.proof.attestation import SEAL_TOPIC_ATTESTATION
from jinku.custody.proof.building import Books, build
from jinku.custody.proof.kept import KeptTree
from jinku.custody.proof.receipt import Sealed, balance_receipt
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt
from jinku.verify import Expected, verify_balance_receipt

CUSTOMERS = 1_000_000
SAMPLE = 200
ATTEST_S_MAX = 60
RECEIPT_MS_MAX = 5
VERIFY_MS_MAX = 5
_CNY = 156
_MEDIAN_LOG, _SPREAD_LOG = 13.8, 1.6
_EMPTY_SHARE = 0.2


def attest_figures(customers: int, directory: Path, seed: int = 7) -> Mapping[str, Figure]:
    """Attest `customers` balances in a new house below `directory`, then make and verify receipts.

    Raises VerifyError should a receipt not verify. `attest_1m_s` is the measured time scaled to a million customers.
    """
    chart = Chart(1, _CNY)
    chance = np.random.default_rng(seed)
    amounts = chance.lognormal(_MEDIAN_LOG, _SPREAD_LOG, customers).astype(np.int64)
    amounts[chance.random(customers) < _EMPTY_SHARE] = 0
    balances = amounts.tolist()
    names = [str(chart.account(Kind.INVESTOR, party)) for party in range(1, customers + 1)]
    with open_house(directory / "house", origin="bench.example/jinku") as house:
        folder = directory / "tree"
        folder.mkdir()
        # the ledger's own sum is given from the columns, as the desk has it from the control accounts
        books = Books(
            1, "CNY", date(2026, 11, 20), 1, house.ledger.size(), names, balances, int(amounts.sum())
        )
        started = time.perf_counter()
        statement = build(folder, books)
        took = time.perf_counter() - started
        entry, _ = house.ledger.seal(statement.digest(), SEAL_TOPIC_ATTESTATION)
        house.publish()
        tree, log, key = KeptTree.open(folder), LogDirectory(house.log_directory), house.vkeys[0]
        made, checked = [], []
        for at in random.Random(seed).sample(range(customers), min(SAMPLE, customers)):  # noqa: S311 - a sample
            started = time.perf_counter()
            [leaf] = house.ledger.read(entry, 1)
            proof = make_receipt(log, entry, with_entry=False).encode().decode()
            receipt = balance_receipt(tree.proof(names[at]), statement, Sealed(leaf, proof))
            between = time.perf_counter()
            verify_balance_receipt(receipt, key, Expected(names[at], balances[at]))
            made.append(between - started)
            checked.append(time.perf_counter() - between)
    shutil.rmtree(folder)
    return {
        "attest_1m_s": Figure(took * CUSTOMERS / customers, "s", ATTEST_S_MAX, lower_is_better=True),
        "receipt_ms": Figure(statistics.median(made) * 1_000, "ms", RECEIPT_MS_MAX, lower_is_better=True),
        "verify_ms": Figure(statistics.median(checked) * 1_000, "ms", VERIFY_MS_MAX, lower_is_better=True),
    }
