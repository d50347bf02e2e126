"""`jinku ledger check`: the journal replayed, and compared with the books.

Checks, each with its own finding:

1. Every account's debits and credits sum to the same, pending and posted, in each ledger.
2. The journal is whole: as many entries as it says, timestamps that rise strictly.
3. The last balances that the journal has for an account are the balances that the books have.
4. The published log is the journal: every tile recomputed and every entry replayed by the independent
   verifier.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from jinku.bootstrap import House
from jinku.ledger.errors import InvariantBroken
from jinku.ledger.layout import BALANCES, Array, EntryKind, row_bytes, u128
from jinku.ledger.service import Ledger
from jinku.verify import Trust, verify_log_directory

CHUNK_ENTRIES = 65_536
DIFFERENCES_MAX = 100
_FIELDS = list(BALANCES.names or ())


def check_house(house: House) -> dict[str, Any]:
    """Run every check; ``ok``, counts and the differences found (at most ``DIFFERENCES_MAX``)."""
    house.publish()
    differences: list[str] = []
    try:
        house.ledger.check()
    except InvariantBroken as error:
        differences.append(error.message)
    size, last = _replayed(house.ledger, differences)
    accounts = _compared(house.ledger, last, differences)
    report = verify_log_directory(house.log_directory, Trust.of(house.vkeys), live=True)
    differences += [f"log: {finding.where}: {finding.message}" for finding in report.findings]
    return {
        "ok": not differences,
        "entries": size,
        "accounts": accounts,
        "entries_in_log": report.size,
        "open_holds": report.open_pending,
        "differences": differences[:DIFFERENCES_MAX],
    }


def _replayed(ledger: Ledger, differences: list[str]) -> tuple[int, dict[int, bytes]]:
    """The number of entries read, and the last balances of each account that moved."""
    last: dict[int, bytes] = {}
    before = read = 0
    for entries in _chunks(ledger):
        timestamps = entries["timestamp"]
        if int(timestamps[0]) <= before or (timestamps[1:] <= timestamps[:-1]).any():
            differences.append(f"entries {read} to {read + len(entries)}: timestamps do not rise")
        before, read = int(timestamps[-1]), read + len(entries)
        moved = entries[(entries["kind"] == EntryKind.TRANSFER) | (entries["kind"] == EntryKind.EXPIRY)]
        debit_ids, credit_ids = (
            u128(moved["event"], "debit_account_id"),
            u128(moved["event"], "credit_account_id"),
        )
        debited, credited = row_bytes(moved["debit"]), row_bytes(moved["credit"])
        for row in range(len(moved)):
            last[debit_ids[row]], last[credit_ids[row]] = debited[row], credited[row]
    if read != ledger.size():
        differences.append(f"the journal has {read} entries, {ledger.size()} were said")
    return read, last


def _compared(ledger: Ledger, last: dict[int, bytes], differences: list[str]) -> int:
    accounts = ledger.accounts_array()
    balances = row_bytes(_balances_of(accounts))
    empty = bytes(BALANCES.itemsize)
    for number, has in zip(u128(accounts, "id"), balances, strict=True):
        if has != last.get(number, empty):
            differences.append(f"account {number}: the books differ from the journal")
    return len(accounts)


def _balances_of(accounts: Array) -> Array:
    rows = np.zeros(len(accounts), BALANCES)
    for name in _FIELDS:
        rows[name] = accounts[name]
    return rows


def _chunks(ledger: Ledger) -> Iterator[Array]:
    first = 0
    while len(entries := ledger.entries(first, CHUNK_ENTRIES)):
        yield entries
        first += len(entries)
