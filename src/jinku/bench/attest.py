"""How long it takes to attest what is owed to many customers, to make one receipt from what is kept, and to verify it.

Rules:

1. The customers are accounts of a real ledger; balances are log-normal around some thousand of a currency's units, one
   customer in five has none. Salts, parts and the order of leaves are random, so runs differ a little.
2. `attest_1m_s` is everything that the desk does: reading every balance, salts, parts, tree, kept form, seal.
   `receipt_ms` and `verify_ms` are medians over customers taken at random; the receipt is made whole, with the log's
   proof in it, and verified from its bytes under the log's key.

Example::

    attest_figures(1_000_000, Path("scratch"), seed=7)["attest_1m_s"].value
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jinku.bench.report import Figure
from jinku.bootstrap import House, open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Movement, Role
from jinku.ledger.layout import MASK_64, TRANSFER
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.verify import Expected, verify_balance_receipt

CUSTOMERS = 1_000_000
SAMPLE = 200
ATTEST_S_MAX = 60
RECEIPT_MS_MAX = 5
VERIFY_MS_MAX = 5
DAY = date(2026, 11, 20)
_CNY = 156
_MEDIAN_LOG, _SPREAD_LOG = 13.8, 1.6
_EMPTY_SHARE = 0.2


def attest_figures(
    customers: int, directory: Path, seed: int = 7, progress: Callable[[str], None] = lambda _: None
) -> Mapping[str, Figure]:
    """Attest `customers` balances of a new house below `directory`, then make and verify receipts.

    Raises VerifyError should a receipt not verify. `attest_1m_s` is the measured time scaled to a million customers.
    """
    chance = np.random.default_rng(seed)
    amounts = chance.lognormal(_MEDIAN_LOG, _SPREAD_LOG, customers).astype(np.int64)
    amounts[chance.random(customers) < _EMPTY_SHARE] = 0
    with (
        open_house(directory / "house", origin="bench.example/jinku") as house,
        Custody(house) as custody,
    ):
        chart = custody.chart(1, _CNY)
        progress(f"a house of {customers:,} customers")
        _populate(house, chart, amounts)
        desk = custody.attestations()
        progress("its attestation, then receipts")
        started = time.perf_counter()
        attested = desk.attest(1, "CNY", DAY)
        took = time.perf_counter() - started
        house.publish()
        made, checked = [], []
        for at in random.Random(seed).sample(range(customers), min(SAMPLE, customers)):  # noqa: S311 - a sample
            account = chart.account(Kind.INVESTOR, at + 1)
            started = time.perf_counter()
            receipt = desk.receipt(attested.entry, account)
            between = time.perf_counter()
            verify_balance_receipt(receipt, house.vkeys[0], Expected(str(account), int(amounts[at])))
            made.append(between - started)
            checked.append(time.perf_counter() - between)
    return {
        "attest_1m_s": Figure(took * CUSTOMERS / customers, "s", ATTEST_S_MAX, lower_is_better=True),
        "receipt_ms": Figure(statistics.median(made) * 1_000, "ms", RECEIPT_MS_MAX, lower_is_better=True),
        "verify_ms": Figure(statistics.median(checked) * 1_000, "ms", VERIFY_MS_MAX, lower_is_better=True),
    }


def _populate(house: House, chart: Chart, amounts: NDArray[np.int64]) -> None:
    """An account for each of `amounts`, and a deposit of it where it is not 0."""
    desk = OrderDesk(house.ledger, chart)
    desk.open_entity()
    numbers = range(1, len(amounts) + 1)
    for first in range(0, len(amounts), BATCH_EVENTS_MAX):
        desk.open_parties(
            [Opening(one, Role.INVESTOR, one) for one in numbers[first : first + BATCH_EVENTS_MAX]]
        )
    bank = chart.account(Kind.BANK_MIRROR)
    (paid,) = np.nonzero(amounts)
    for first in range(0, len(paid), BATCH_EVENTS_MAX):
        places = paid[first : first + BATCH_EVENTS_MAX]
        accounts = [chart.account(Kind.INVESTOR, one + 1) for one in places.tolist()]
        rows = np.zeros(len(places), TRANSFER)
        rows["id_lo"], rows["id_hi"] = places + 1, 1
        rows["debit_account_id_lo"], rows["debit_account_id_hi"] = bank & MASK_64, bank >> 64
        rows["credit_account_id_lo"] = [one & MASK_64 for one in accounts]
        rows["credit_account_id_hi"] = [one >> 64 for one in accounts]
        rows["amount_lo"], rows["ledger"], rows["code"] = amounts[places], _CNY, Movement.DEPOSIT
        rows["user_data_32"] = DAY.year * 10_000 + DAY.month * 100 + DAY.day
        house.ledger.create_transfers_array(rows)
    house.publish()
