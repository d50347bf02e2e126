"""What features cost: an event in a batch, an event alone, and the state rebuilt from a real ledger's log.

Events are of `jinku.risk.features.sample`; features are the built-in set `payments`. The rebuilt million are transfers
that a ledger booked and reads back from its journal; booking them is not counted.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jinku.bench.ledger import BenchFailed
from jinku.bench.report import Figure
from jinku.bootstrap import House, open_house
from jinku.ledger.layout import ACCOUNT, TRANSFER
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.events import LocalTime
from jinku.risk.events.from_ledger import LedgerReading, ledger_events
from jinku.risk.features.engine import Engine
from jinku.risk.features.reading import load
from jinku.risk.features.sample import sample

BATCH = 8_000
WARM = 100_000
SINGLES = 2_000
ACCOUNTS = 20_000
Progress = Callable[[str], None]


def run(events: int, directory: Path | None, progress: Progress) -> dict[str, Figure]:
    """All figures; `events` are rebuilt from a ledger made under `directory` (a temporary one where None)."""
    progress("features: batches and single events")
    figures = _stepping()
    with (
        tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=directory) as name,
        open_house(Path(name)) as house,
    ):
        progress(f"features: {events:,} transfers booked to be read back")
        _book(house, events)
        progress("features: state from the log")
        engine = Engine(load("payments"))
        reading = LedgerReading(kinds={1: "payment"})
        start = time.perf_counter()
        taken = engine.rebuild(ledger_events(house.ledger, reading, LocalTime("Asia/Shanghai")))
        seconds = time.perf_counter() - start
    if taken != events:
        raise BenchFailed(f"{taken} events came from the log, not {events}")
    name = "rebuild_1m_s" if events == 1_000_000 else "rebuild_s"
    return figures | {name: Figure(seconds, f"s for {events:,} events", 20, lower_is_better=True)}


def _stepping() -> dict[str, Figure]:
    features, batch = load("payments"), sample(WARM, seed=7)
    Engine(features).step(batch[:10])
    engine = Engine(features)
    parts = [batch[at : at + BATCH] for at in range(0, WARM - SINGLES, BATCH)]
    start = time.perf_counter()
    for part in parts:
        engine.step(part)
    each = (time.perf_counter() - start) / sum(map(len, parts))
    alone = Engine(features)
    alone.step(batch[: WARM - SINGLES])
    seconds = []
    for at in range(WARM - SINGLES, WARM):
        one = batch[at : at + 1]
        start = time.perf_counter()
        alone.step(one)
        seconds.append(time.perf_counter() - start)
    return {
        "features_us": Figure(
            each * 1e6, f"us an event, {len(features.names)} features, batches of {BATCH:,}", 5, True
        ),
        "features_one_us": Figure(float(np.median(seconds)) * 1e6, "us, an event alone, median", 150, True),
    }


def _book(house: House, events: int) -> None:
    for first in range(1, ACCOUNTS + 1, BATCH_EVENTS_MAX):
        ids = np.arange(first, min(first + BATCH_EVENTS_MAX, ACCOUNTS + 1), dtype=np.uint64)
        accounts = np.zeros(len(ids), ACCOUNT)
        accounts["id_lo"], accounts["ledger"], accounts["code"] = ids, 156, 1
        house.ledger.create_accounts_array(accounts)
    random = np.random.default_rng(7)
    for first in range(0, events, BATCH_EVENTS_MAX):
        count = min(BATCH_EVENTS_MAX, events - first)
        rows = np.zeros(count, TRANSFER)
        rows["id_lo"] = np.arange(first, first + count, dtype=np.uint64) + np.uint64(1 << 61)
        payer = (random.pareto(1.2, count) * 50).astype(np.uint64) % np.uint64(ACCOUNTS)
        rows["debit_account_id_lo"] = payer + np.uint64(1)
        apart = random.integers(1, ACCOUNTS, count, dtype=np.uint64)
        rows["credit_account_id_lo"] = (payer + apart) % np.uint64(ACCOUNTS) + np.uint64(1)
        rows["amount_lo"] = np.exp(random.normal(9, 1.5, count)).astype(np.uint64) + np.uint64(1)
        rows["ledger"], rows["code"] = 156, 1
        if (house.ledger.create_transfers_array(rows)["status"] != CreateTransferStatus.CREATED).any():
            raise BenchFailed("a transfer of the run was not created, so the run measures nothing")
