"""A house under load, to be copied and killed: ``python -m tests.custody.retention.loaded DIRECTORY``.

Writes ``acked FIRST COUNT`` for each chain of transfers that was acknowledged.
"""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np

from jinku.bootstrap import House, open_house
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array
from jinku.ledger.model import TransferFlags

ACCOUNTS, THREADS = 40, 2


def main() -> None:
    house = open_house(Path(sys.argv[1]))
    if not house.ledger.size():
        rows = np.zeros(ACCOUNTS, ACCOUNT)
        rows["id_lo"], rows["ledger"], rows["code"] = np.arange(1, ACCOUNTS + 1), 156, 1
        house.ledger.create_accounts_array(rows)
    threads = [threading.Thread(target=post, args=(house, n)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def post(house: House, seed: int) -> None:
    rng, first = np.random.default_rng(seed), (seed + 1) * 10_000_000
    while True:
        count = int(rng.integers(1, 600))
        results = house.ledger.create_transfers_array(batch(rng, first, count))
        if (results["status"] != 0xFFFFFFFF).any():
            os.write(1, b"wrong\n")
        os.write(1, f"acked {first} {count}\n".encode())
        first += count
        time.sleep(0.01)  # the copies are to be checked in a few seconds


def batch(rng: np.random.Generator, first: int, count: int) -> Array:
    """Transfers, holds that time out or do not, and posts of some of them."""
    rows = np.zeros(count, TRANSFER)
    rows["id_lo"] = np.arange(first, first + count)
    rows["debit_account_id_lo"] = rng.integers(1, ACCOUNTS + 1, count)
    rows["credit_account_id_lo"] = rows["debit_account_id_lo"] % ACCOUNTS + 1
    rows["amount_lo"] = rng.integers(0, 1000, count)
    rows["ledger"], rows["code"] = 156, rng.integers(1, 4, count)
    rows["user_data_128_lo"], rows["user_data_128_hi"] = rng.integers(0, 9, count), rng.integers(0, 3, count)
    rows["user_data_64"], rows["user_data_32"] = rng.integers(0, 50, count), 20261120
    held = count // 3
    rows["flags"][:held] = TransferFlags.PENDING
    rows["timeout"][:held] = rng.integers(0, 3, held)
    ended = slice(count - held // 2, count)
    rows["pending_id_lo"][ended] = rows["id_lo"][: held // 2]
    rows["flags"][ended] = TransferFlags.VOID_PENDING_TRANSFER
    for name in ("debit_account_id_lo", "credit_account_id_lo", "amount_lo", "code", "ledger"):
        rows[name][ended] = 0
    rows["flags"][: count - 1] |= np.uint16(TransferFlags.LINKED)
    return rows


if __name__ == "__main__":
    main()
