"""What the single writer shows to readers, and when."""

from pathlib import Path

import numpy as np

from jinku.ledger import convert
from jinku.ledger.core import Core
from jinku.ledger.model import Account, Transfer, TransferFlags
from jinku.ledger.store import Commit
from jinku.ledger.stores.rocks import RocksStore

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def test_an_expiry_stays_announced_until_readers_can_see_it(tmp_path: Path) -> None:
    announced: list[int] = []

    class Watched(RocksStore):
        def commit(self, commit: Commit) -> None:
            announced.append(core.next_expiry)
            super().commit(commit)

    store = Watched(tmp_path / "ledger")
    core = Core(store)
    accounts = [Account(id=number, ledger=1, code=1) for number in (1, 2)]
    core.create_accounts(convert.accounts_array(accounts), np.array([0, 2]), START)
    sides = {"debit_account_id": 1, "credit_account_id": 2, "ledger": 1, "code": 1, "amount": 5}
    hold = Transfer(id=3, flags=TransferFlags.PENDING, timeout=1, **sides)
    result = core.create_transfers(convert.transfers_array([hold]), np.array([0, 1]), START)
    due = int(result["timestamp"][0]) + SECOND
    assert core.next_expiry == due
    core.expire(due)
    assert announced == [0, 0, due]
    assert core.next_expiry == 0
    store.close()
