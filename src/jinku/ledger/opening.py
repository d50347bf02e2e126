"""Opening a ledger by its URL: the one line that a program written for TigerBeetle's client changes.

====================================  =================================================================
``DIRECTORY``, ``file:DIRECTORY``     the embedded engine, made where there is none
``postgresql://…``                    PostgreSQL
``tigerbeetle://HOST:PORT?cluster=0`` a TigerBeetle cluster, which keeps its own clock and journal
====================================  =================================================================
"""

import time
from contextlib import ExitStack
from pathlib import Path

from jinku.ledger.asynchronous import AsyncLedger
from jinku.ledger.client import LedgerClient
from jinku.ledger.committer import Clock
from jinku.ledger.service import Ledger
from jinku.ledger.stores.opening import open_store

_CLUSTER = "tigerbeetle://"


def open_ledger(url: str | Path, clock: Clock = time.time_ns) -> LedgerClient:
    """Open the ledger at `url` on any engine.

    `clock` returns nanoseconds since 1970 UTC: every timestamp and every expiry follows it (a cluster follows its own).
    Raises LedgerLocked where another process writes the ledger, StoreError where it cannot be read.
    """
    if str(url).startswith(_CLUSTER):
        from jinku.ledger.tigerbeetle import TigerBeetleLedger  # its client is an extra

        return TigerBeetleLedger.open(str(url))
    return open_journal(url, clock)


def open_journal(url: str | Path, clock: Clock = time.time_ns) -> Ledger:
    """Open a ledger that keeps its own journal, which is the log: embedded or on PostgreSQL. See `open_ledger`."""
    store = open_store(str(url))
    with ExitStack() as undo:
        undo.callback(store.close)  # the writer's lock must not outlive a failure
        ledger = Ledger(store, clock)
        undo.pop_all()
    return ledger


def open_ledger_async(url: str | Path, clock: Clock = time.time_ns) -> AsyncLedger:
    """Like `open_journal`, with coroutines for calls; ``async with`` closes it."""
    return AsyncLedger(open_journal(url, clock))
