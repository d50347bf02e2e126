"""`jinku bench ledger`: how fast the ledger commits, durable and with the log on, and how it ages.

Every figure is of the product as it ships: each batch is answered only after its fsync, the transparency
log's tiles and signed checkpoints are written meanwhile, and the clock of a run stops only when the log has
caught up with the last transfer. Making the input is not counted.
"""

import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jinku.base.errors import JinkuError
from jinku.bench.postgres import NoServer, running_server
from jinku.bench.report import Figure
from jinku.bench.tigerbeetle import compared, measure
from jinku.bootstrap import House, open_house
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import AccountFilter, AccountFilterFlags, CreateTransferStatus

ACCOUNTS = 10_000
HISTORY_READS = 500
SINGLE_CALLERS = 64
SINGLE_CALLS_EACH = 500
Progress = Callable[[str], None]


class BenchFailed(JinkuError):
    """A run did not do what it measures."""

    code = "bench_failed"


@dataclass(frozen=True, slots=True)
class Load:
    """What one bulk run posts."""

    transfers: int
    hot: bool = False
    """Account 1 is debited by every transfer."""
    seed: int = 7


def run(
    transfers: int, directory: Path | None, progress: Progress, tigerbeetle: str | None = None
) -> dict[str, Figure]:
    """All figures of the ledger. `directory` is where the ledgers are made (a temporary one where None).

    `tigerbeetle` is that program, to be measured in the same run; None where there is none.
    """
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=directory) as name:
        base = Path(name)
        progress(f"embedded: {transfers:,} transfers in batches")
        figures |= _embedded(base / "batch", transfers)
        _settle(progress, f"embedded: {transfers // 2:,} transfers through one hot account")
        with open_house(base / "hot") as house:
            figures["embedded_hot_tps"] = Figure(
                _bulk(house, Load(transfers // 2, hot=True))[0], "transfers/s", 60_000
            )
        _settle(progress, f"embedded: {SINGLE_CALLERS} callers, one transfer a call")
        figures |= _single(base / "single")
        _settle(progress, f"PostgreSQL: {transfers // 4:,} transfers in batches")
        figures |= _postgres(base / "postgres", transfers // 4, progress)
        if tigerbeetle:
            _settle(progress, f"TigerBeetle: {transfers:,} transfers in batches, by its own benchmark")
            theirs = measure(tigerbeetle, transfers, ACCOUNTS, base)
            figures |= compared(figures["embedded_batch_tps"].value, theirs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["peak_rss_mib"] = Figure(peak, "MiB", 1536, lower_is_better=True)
    return figures


def _settle(progress: Progress, what: str) -> None:
    """Announce the next run; what the one before left for the disk to write is not charged to it."""
    progress(what)
    os.sync()


def _embedded(directory: Path, transfers: int) -> dict[str, Figure]:
    with open_house(directory) as house:
        rate, batches = _bulk(house, Load(transfers))
        quarter = max(1, len(batches) // 4)
        decay = sum(batches[:quarter]) / sum(batches[-quarter:])
        p99 = _history_p99(house)
    start = time.perf_counter()
    with open_house(directory) as house:
        reopen = time.perf_counter() - start
        if house.ledger.size() < transfers:
            raise BenchFailed(f"{house.ledger.size()} entries after reopening, expected {transfers} and more")
    return {
        "embedded_batch_tps": Figure(rate, "transfers/s", 60_000),
        "embedded_batch_decay": Figure(decay, "last quarter / first quarter", 0.8),
        "history_p99_ms": Figure(p99 * 1e3, "ms", 10, lower_is_better=True),
        "reopen_s": Figure(reopen, "s", 5, lower_is_better=True),
    }


def _bulk(house: House, load: Load) -> tuple[float, list[float]]:
    """Post the load in full batches; transfers/s with the log caught up, and the seconds of each batch."""
    _open_accounts(house)
    rng = np.random.default_rng(load.seed)
    warm = _batch(rng, 1 << 60, 16, load.hot)
    house.ledger.create_transfers_array(
        warm
    )  # compiled code and caches are loaded now, not in the first batch
    seconds: list[float] = []
    made = 0
    while made < load.transfers:
        batch = _batch(rng, (1 << 61) + made, min(BATCH_EVENTS_MAX, load.transfers - made), load.hot)
        start = time.perf_counter()
        results = house.ledger.create_transfers_array(batch)
        seconds.append(time.perf_counter() - start)
        _all_created(results)
        made += len(batch)
    start = time.perf_counter()
    house.publish()
    return made / (sum(seconds) + time.perf_counter() - start), seconds[: len(seconds) - 1] or seconds


def _open_accounts(house: House) -> None:
    for first in range(1, ACCOUNTS + 1, BATCH_EVENTS_MAX):
        ids = np.arange(first, min(first + BATCH_EVENTS_MAX, ACCOUNTS + 1), dtype=np.uint64)
        batch = np.zeros(len(ids), ACCOUNT)
        batch["id_lo"], batch["ledger"], batch["code"] = ids, 156, 1
        house.ledger.create_accounts_array(batch)


def _batch(rng: np.random.Generator, first_id: int, count: int, hot: bool) -> Array:
    batch = np.zeros(count, TRANSFER)
    batch["id_lo"] = np.arange(first_id, first_id + count, dtype=np.uint64)
    batch["debit_account_id_lo"] = 1 if hot else rng.integers(1, ACCOUNTS + 1, count)
    apart = rng.integers(1, ACCOUNTS, count, dtype=np.uint64)
    batch["credit_account_id_lo"] = (batch["debit_account_id_lo"] - 1 + apart) % ACCOUNTS + 1
    batch["amount_lo"] = rng.integers(1, 1_000_000, count)
    batch["ledger"], batch["code"] = 156, 1
    return batch


def _all_created(results: Array) -> None:
    if (results["status"] != CreateTransferStatus.CREATED).any():
        raise BenchFailed("a transfer of the run was not created, so the run measures nothing")


def _history_p99(house: House) -> float:
    """Seconds of the newest 100 transfers of an account, 99th percentile over random accounts."""
    rng = np.random.default_rng(11)
    seconds = []
    for account in rng.integers(1, ACCOUNTS + 1, HISTORY_READS).tolist():
        flags = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS | AccountFilterFlags.REVERSED
        start = time.perf_counter()
        found = house.ledger.get_account_transfers(AccountFilter(account, 0, 0, 0, 0, 0, 0, 100, flags))
        seconds.append(time.perf_counter() - start)
        if not found:
            raise BenchFailed(f"account {account} has no transfers, so the run measures nothing")
    return float(np.quantile(seconds, 0.99))


def _single(directory: Path) -> dict[str, Figure]:
    """64 threads, each sending one transfer a call and waiting until it is durable."""
    with open_house(directory) as house:
        _open_accounts(house)
        _callers(house, 1 << 40, 20)
        start = time.perf_counter()
        latencies = _callers(house, 1 << 50, SINGLE_CALLS_EACH)
        house.publish()
        seconds = time.perf_counter() - start
    return {
        "embedded_single_tps": Figure(len(latencies) / seconds, "transfers/s", 5_000),
        "embedded_single_p99_ms": Figure(
            float(np.quantile(latencies, 0.99)) * 1e3, "ms", 25, lower_is_better=True
        ),
    }


def _callers(house: House, first_id: int, calls: int) -> list[float]:
    latencies: list[list[float]] = [[] for _ in range(SINGLE_CALLERS)]

    def call(number: int) -> None:
        rows = _batch(np.random.default_rng(number), first_id + number * calls, calls, hot=False)
        for place in range(calls):
            start = time.perf_counter()
            _all_created(house.ledger.create_transfers_array(rows[place : place + 1]))
            latencies[number].append(time.perf_counter() - start)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(SINGLE_CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [seconds for each in latencies for seconds in each]
    if len(done) != SINGLE_CALLERS * calls:
        raise BenchFailed(f"{len(done)} of {SINGLE_CALLERS * calls} calls succeeded")
    return done


def _postgres(directory: Path, transfers: int, progress: Progress) -> dict[str, Figure]:
    try:
        with running_server() as server:
            url = server.url(server.new_database())
            with open_house(directory, url=url) as house:
                rate, _ = _bulk(house, Load(transfers))
    except NoServer as reason:
        progress(f"PostgreSQL: not measured, {reason}")
        return {}
    return {"postgres_batch_tps": Figure(rate, "transfers/s", 20_000)}
