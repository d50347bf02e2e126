"""Opening a ledger by its URL: the one line that a program written for TigerBeetle's client changes."""

import time
from pathlib import Path

from jinku.ledger.committer import Clock
from jinku.ledger.service import Ledger
from jinku.ledger.stores.opening import open_store


def open_ledger(url: str | Path, clock: Clock = time.time_ns) -> Ledger:
    """Open the ledger at `url`, and create it where there is none.

    `url` is a directory or ``file:DIRECTORY`` (the embedded engine), or ``postgresql://…``. `clock` returns
    nanoseconds since 1970 UTC: every timestamp and every expiry follows it.

    Raises LedgerLocked where another process writes it, StoreError where it cannot be read.
    """
    store = open_store(str(url))
    try:
        return Ledger(store, clock)
    except BaseException:  # not handled, only tidied up after: the writer's lock must not outlive the failure
        store.close()
        raise
