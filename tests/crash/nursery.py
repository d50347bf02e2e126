"""Raises children that can be killed: each opens the house, checks what survived, then posts until it dies.

Run as ``python -m tests.crash.nursery``. Compiled code is loaded once here, so that a child is a fork and
starts in milliseconds. For each line on standard input (a directory, a seed, what the last
child said) one child is forked; it writes lines to standard
output:

    pid N           the child's process id
    checked SIZE    it opened the house and found everything as it must be, the journal SIZE entries long
    sent FIRST N    it is about to post a linked chain of N transfers with ids from FIRST on
    acked FIRST N   the chain was acknowledged
    wrong TEXT      something was not as it must be
    gone            the child has ended
"""

import os
import sys
import threading
from pathlib import Path

import numpy as np

from jinku.bootstrap import House, open_house
from jinku.ledger.layout import ACCOUNT, ID, TRANSFER, Array, EntryKind
from jinku.ledger.machine import NOTHING_KNOWN, StateMachine
from jinku.ledger.model import CreateTransferStatus, TransferFlags

ACCOUNTS = 50
THREADS = 3
CHAIN_MAX = 300
LEDGER = 156
RECHECK_ENTRIES = (
    4096  # more than the files that a life may leave torn, fewer than all: lives should be short
)


def main() -> None:
    _warm()
    for line in sys.stdin:
        directory, *words = line.split()
        seed, first_id, *told = (int(word) for word in words)
        child = os.fork()
        if child == 0:
            try:
                _live(Path(directory), seed, first_id, told)
            except Exception as error:
                _say(f"wrong {type(error).__name__}: {error}".replace("\n", " "))
            os._exit(1)
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("gone")


def _say(line: str) -> None:
    os.write(1, (line + "\n").encode())  # one write: lines of several threads stay whole


def _warm() -> None:
    """Load the compiled state machine; no store and no thread may exist before a fork."""
    machine = StateMachine()
    machine.create_accounts(_accounts(), np.array([0, ACCOUNTS]), 1_000_000, 0)
    batch = _chain(np.random.default_rng(0), 1, 10)
    outcome = machine.create_transfers(batch, np.array([0, 10]), 2_000_000, ACCOUNTS, NOTHING_KNOWN)
    fresh = StateMachine()
    fresh.create_accounts(_accounts(), np.array([0, ACCOUNTS]), 1_000_000, 0)
    fresh.replay(outcome.entries)
    fresh.check()
    fresh.find_accounts(np.zeros(1, ID))


def _accounts() -> Array:
    rows = np.zeros(ACCOUNTS, ACCOUNT)
    rows["id_lo"], rows["ledger"], rows["code"] = np.arange(1, ACCOUNTS + 1), LEDGER, 1
    return rows


def _chain(rng: np.random.Generator, first_id: int, count: int) -> Array:
    """A linked chain: some transfers, then some that hold, then posts and voids of those held."""
    rows = np.zeros(count, TRANSFER)
    rows["id_lo"] = np.arange(first_id, first_id + count)
    rows["debit_account_id_lo"] = rng.integers(1, ACCOUNTS + 1, count)
    rows["credit_account_id_lo"] = rows["debit_account_id_lo"] % ACCOUNTS + 1
    rows["amount_lo"] = rng.integers(0, 1000, count)
    rows["ledger"], rows["code"] = LEDGER, 1
    held = count // 3
    rows["flags"][:held] = TransferFlags.PENDING
    rows["timeout"][:held] = rng.integers(0, 3, held)
    resolved = held // 2
    later = slice(count - resolved, count)
    rows["pending_id_lo"][later] = rows["id_lo"][:resolved]
    for name in ("debit_account_id_lo", "credit_account_id_lo"):
        rows[name][later] = 0
    rows["flags"][later] = np.where(
        np.arange(resolved) % 2, TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
    )
    rows["amount_lo"][later] = np.where(np.arange(resolved) % 2, rows["amount_lo"][:resolved] // 2, 0)
    rows["flags"][: count - 1] |= np.uint16(TransferFlags.LINKED)
    return rows


def _live(directory: Path, seed: int, first_id: int, told: list[int]) -> None:
    """`told` is what the parent heard of the last child: triples of first id, count, acknowledged or not."""
    house = open_house(directory, recheck_entries=RECHECK_ENTRIES)
    if not house.ledger.size():
        house.ledger.create_accounts_array(_accounts())
    problem = _acknowledged(house, told) or _balances(house) or _log(house)
    if problem:
        _say(f"wrong {problem}")
        os._exit(1)
    _say(f"checked {house.ledger.size()}")
    threads = [
        threading.Thread(target=_post, args=(house, seed * THREADS + n, first_id + n * 1_000_000))
        for n in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _post(house: House, seed: int, first_id: int) -> None:
    rng = np.random.default_rng(seed)
    while True:
        count = int(rng.integers(1, CHAIN_MAX))
        _say(f"sent {first_id} {count}")
        results = house.ledger.create_transfers_array(_chain(rng, first_id, count))
        if (results["status"] != CreateTransferStatus.CREATED).any():
            _say(f"wrong chain at {first_id} was refused: {set(results['status'].tolist())}")
            return
        _say(f"acked {first_id} {count}")
        first_id += count


def _acknowledged(house: House, told: list[int]) -> str:
    """No acknowledged transfer is lost, no chain is half applied."""
    for first, count, acked in zip(told[::3], told[1::3], told[2::3], strict=True):
        ids = np.zeros(count, ID)
        ids["id_lo"] = np.arange(first, first + count)
        found = len(house.ledger.lookup_transfers_array(ids))
        if found not in ((count,) if acked else (0, count)):
            return f"{found} of {count} transfers from {first} on are there (acknowledged: {bool(acked)})"
    return ""


def _still(house: House) -> tuple[Array, Array]:
    """The whole journal and the accounts at one moment: holds may expire while both are read."""
    while True:
        size = house.ledger.size()
        entries, accounts = house.ledger.entries(0, size), house.ledger.accounts_array()
        if house.ledger.size() == size:
            return entries, accounts


def _balances(house: House) -> str:
    """Balances equal those that the journal's own amounts add up to, computed apart from the state machine."""
    entries, accounts = _still(house)
    if not (np.diff(entries["timestamp"].astype(np.int64)) > 0).all():
        return "booking times do not rise"
    event, kinds = entries["event"], entries["kind"]
    transfer, flags = kinds == EntryKind.TRANSFER, event["flags"]
    pending = transfer & (flags & np.uint16(TransferFlags.PENDING) != 0)
    posting = transfer & (flags & np.uint16(TransferFlags.POST_PENDING_TRANSFER) != 0)
    voiding = transfer & (flags & np.uint16(TransferFlags.VOID_PENDING_TRANSFER) != 0)
    single = transfer & ~pending & ~posting & ~voiding
    order = np.argsort(event["id_lo"][pending])
    held_ids, held = event["id_lo"][pending][order], event["amount_lo"][pending][order].astype(np.int64)
    resolved = np.where(kinds == EntryKind.EXPIRY, event["id_lo"], event["pending_id_lo"])
    ends = posting | voiding | (kinds == EntryKind.EXPIRY)
    released = held[np.searchsorted(held_ids, resolved[ends])]
    if len(np.unique(resolved[ends])) != int(ends.sum()):
        return "a hold was resolved twice"
    for side in ("debit", "credit"):
        owner = event[f"{side}_account_id_lo"].astype(np.int64)
        posted, waiting = np.zeros(ACCOUNTS + 1, np.int64), np.zeros(ACCOUNTS + 1, np.int64)
        amount = event["amount_lo"].astype(np.int64)
        np.add.at(posted, owner[single | posting], amount[single | posting])
        np.add.at(waiting, owner[pending], amount[pending])
        np.subtract.at(waiting, owner[ends], released)
        for name, expected in (("posted", posted), ("pending", waiting)):
            if not (accounts[f"{side}s_{name}_lo"].astype(np.int64) == expected[1:]).all():
                return f"{side}s {name} differ from a replay of the journal"
    return ""


def _log(house: House) -> str:
    """The published log covers exactly the journal."""
    before = house.ledger.size()
    covered = house.publish().size
    if not before <= covered <= house.ledger.size():
        return f"the checkpoint covers {covered} of {before} entries"
    return ""


if __name__ == "__main__":
    main()
