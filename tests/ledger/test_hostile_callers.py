"""What a careless or hostile caller hands in reaches that caller alone: nobody else's request fails by it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jinku.ledger import Account, CreateTransferStatus, Ledger, Transfer, open_journal
from jinku.ledger import committer as run
from jinku.ledger.asynchronous import AsyncLedger
from jinku.ledger.core import Core
from jinku.ledger.errors import ClockFailed, LedgerClosed, LedgerError
from jinku.ledger.layout import TRANSFER, Array
from jinku.ledger.limits import TIMESTAMP_MAX

START = 1_700_000_000_000_000_000


class Clock:
    """A clock that gives, or raises, what it is told."""

    def __init__(self) -> None:
        self.reading: Any = START

    def __call__(self) -> int:
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading  # type: ignore[no-any-return]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with open_journal(str(tmp_path / "ledger"), clock) as opened:
        opened.create_accounts([Account(id=1, ledger=1, code=1), Account(id=2, ledger=1, code=1)])
        yield opened


def batch(count: int, first: int = 100) -> Array:
    rows = np.zeros(count, TRANSFER)
    rows["id_lo"] = np.arange(first, first + count)
    rows["debit_account_id_lo"], rows["credit_account_id_lo"], rows["amount_lo"] = 1, 2, 1
    rows["ledger"], rows["code"] = 1, 1
    return rows


def readonly(rows: Array) -> Array:
    return np.frombuffer(rows.tobytes(), TRANSFER)


def unaligned(rows: Array) -> Array:
    moved = np.zeros(rows.nbytes + 1, np.uint8)[1:].view(TRANSFER)
    moved[:] = rows
    return moved


VIEWS: list[Callable[[Array], Array]] = [
    readonly,
    unaligned,
    lambda rows: np.repeat(rows, 2)[::2],
    lambda rows: rows[::-1],
    lambda rows: rows.view(np.recarray),
    lambda rows: np.ma.array(rows),
]


@pytest.mark.parametrize("view", VIEWS)
def test_any_array_of_the_right_rows_is_read_as_those_rows(
    ledger: Ledger, view: Callable[[Array], Array]
) -> None:
    results = ledger.create_transfers_array(view(batch(3)))
    assert set(results["status"].tolist()) == {int(CreateTransferStatus.CREATED)}
    assert not ledger.halted
    assert ledger.lookup_accounts([1])[0].debits_posted == 3


def test_an_array_changed_while_it_waits_is_executed_as_it_was_handed_in(ledger: Ledger) -> None:
    """The store is asked for the batch's ids before the batch is executed: what changes between would book twice."""
    gate = threading.Event()

    def wait(_core: Core, group: list[run.Request], _now: int) -> list[object]:
        return [gate.wait(30)] * len(group)

    async def give_up_and_reuse() -> None:
        rows = batch(1, first=900)
        call = asyncio.ensure_future(AsyncLedger(ledger).create_transfers_array(rows))
        await asyncio.sleep(0)  # it is queued now
        call.cancel()
        rows["id_lo"] = 901

    ledger.submit(run.Waiting(wait, batch(1)))
    asyncio.run(give_up_and_reuse())
    gate.set()
    ledger.create_transfers_array(batch(1))
    assert [found.id for found in ledger.lookup_transfers([900, 901])] == [900]


@pytest.mark.parametrize("reading", [-1, TIMESTAMP_MAX + 1, 1 << 64, None, 1.5, OSError("no clock")])
def test_a_clock_that_fails_fails_the_request_and_does_not_halt(
    ledger: Ledger, clock: Clock, reading: object
) -> None:
    clock.reading = reading
    with pytest.raises(ClockFailed):
        ledger.create_transfers_array(batch(1))
    assert not ledger.halted
    clock.reading = START + 1
    transfer = Transfer(id=7, debit_account_id=1, credit_account_id=2, amount=1, ledger=1, code=1)
    assert ledger.create_transfers([transfer])[0].status == CreateTransferStatus.CREATED


@pytest.mark.parametrize(
    "rows", [batch(1).astype(TRANSFER.newbyteorder(">")), batch(4).reshape(2, 2), batch(1)[0]]
)
def test_other_shapes_and_byte_orders_are_refused(ledger: Ledger, rows: Array) -> None:
    with pytest.raises(LedgerError):
        ledger.create_transfers_array(rows)
    assert not ledger.halted


def test_a_ledger_without_accounts_takes_what_fails_and_what_is_sealed(tmp_path: Path) -> None:
    with open_journal(str(tmp_path / "empty")) as empty:
        statuses = empty.create_transfers_array(batch(3))["status"].tolist()
        assert statuses == [int(CreateTransferStatus.DEBIT_ACCOUNT_NOT_FOUND)] * 3
        assert empty.seal(bytes(32), 1)[0] == 3  # after three burned ids
        assert not empty.halted
        assert empty.size() == 4


def test_a_forked_process_is_refused_and_harms_nothing(ledger: Ledger) -> None:
    """Its copy has no committer: a call would wait for ever, and closing RocksDB there too."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a hang ends as a failure
        refused = 0
        for call in (lambda: ledger.create_transfers_array(batch(1)), lambda: ledger.lookup_accounts([1])):
            try:
                call()
            except LedgerClosed:
                refused += 1
        ledger.close()
        os._exit(0 if refused == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(ledger.create_transfers_array(batch(1))) == 1
    assert [found.id for found in ledger.lookup_transfers([100])] == [100]
