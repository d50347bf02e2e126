"""What "answered" means: nobody is answered and nothing is seen before it is durable; nobody waits for readers."""

import ctypes
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jinku.ledger import (
    Account,
    AccountFilter,
    AccountFilterFlags,
    CreateTransferStatus,
    Ledger,
    QueryFilter,
    QueryFilterFlags,
    Transfer,
    open_journal,
)
from jinku.ledger.layout import EntryKind
from jinku.ledger.store import Commit, Family, Scan

CALLERS = 20
WAIT_S = 60.0
CACHESTAT = 451
"""Number of the system call that counts a file's pages in the page cache (Linux 6.5 and newer)."""
EVERYTHING = QueryFilter(0, 0, 0, 0, 0, 0, 0, 8189, QueryFilterFlags.NONE)
OF_ACCOUNT_1 = AccountFilter(
    1, 0, 0, 0, 0, 0, 0, 8189, AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
)


@pytest.fixture(params=["embedded", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with accounts 1 and 2 and one transfer of 5."""
    embedded = request.param == "embedded"
    url = str(tmp_path / "ledger") if embedded else str(request.getfixturevalue("postgres_url"))
    with open_journal(url) as opened:
        opened.create_accounts([Account(id=number, ledger=156, code=10) for number in (1, 2)])
        book(opened, 100, 5)
        yield opened


def book(ledger: Ledger, number: int, amount: int) -> None:
    """Move `amount` from account 1 to 2."""
    [result] = ledger.create_transfers(
        [Transfer(id=number, debit_account_id=1, credit_account_id=2, amount=amount, ledger=156, code=1)]
    )
    assert result.status is CreateTransferStatus.CREATED


class HeldUp:
    """Stands before a store's commit and lets nothing through until it is told to."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self._commit = ledger._store.commit
        monkeypatch.setattr(ledger._store, "commit", self._held)

    def _held(self, commit: Commit) -> None:
        self.reached.set()
        assert self.released.wait(WAIT_S)
        self._commit(commit)


def test_nobody_is_answered_and_nothing_is_seen_before_the_group_is_durable(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, groups = ledger.size(), ledger.grouping[0]
    disk, answered = HeldUp(ledger, monkeypatch), list[int]()

    def call(number: int) -> None:
        book(ledger, number, 1)
        answered.append(number)

    callers = [threading.Thread(target=call, args=(200 + number,)) for number in range(CALLERS)]
    callers[0].start()
    assert disk.reached.wait(WAIT_S)
    for caller in callers[1:]:
        caller.start()
    while len(ledger._committer._queue) < CALLERS - 1:  # all but the first are waiting for the next group
        threading.Event().wait(0.001)

    # The first transfer is executed and not yet durable: every reader answers, and none knows of it.
    assert answered == []
    assert [row.debits_posted for row in ledger.lookup_accounts([1])] == [5]
    assert ledger.lookup_transfers([200]) == []
    assert [found.id for found in ledger.get_account_transfers(OF_ACCOUNT_1)] == [100]
    assert [found.id for found in ledger.query_transfers(EVERYTHING)] == [100]
    assert ledger.transfer_sequence(200) == -1
    assert (ledger.size(), len(ledger.read(0, 100))) == (size, size)

    disk.released.set()
    for caller in callers:
        caller.join(WAIT_S)
    assert sorted(answered) == list(range(200, 200 + CALLERS))
    assert ledger.grouping[0] == groups + 2  # the first alone, all who waited meanwhile by one write
    assert [row.debits_posted for row in ledger.lookup_accounts([1])] == [5 + CALLERS]


def test_a_long_scan_and_commits_do_not_wait_for_each_other(ledger: Ledger) -> None:
    for number in range(101, 131):
        book(ledger, number, 1)
    walk = ledger._store.scan(Scan(Family.ACCOUNT, 0, 0, (1 << 63) - 1, reverse=False, chunk=4))
    seen = [next(walk)]
    for number in range(131, 161):  # the walk is under way, and every commit comes through
        book(ledger, number, 1)
    seen += walk
    sequences = [first for spans in seen for first, _ in spans.tolist()]
    entries = ledger._store.entries(0, ledger.size())
    moved = [at for at, entry in enumerate(entries) if entry["kind"] == EntryKind.TRANSFER]
    assert sequences[:31] == moved[:31]  # what was there when it began is there once and in order
    assert sequences == moved[: len(sequences)]


class _Range(ctypes.Structure):
    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class _Pages(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64) for name in ("cached", "dirty", "writeback", "evicted", "recently_evicted")
    )


def unsynced_pages(path: Path) -> int:
    """How many pages of a file the kernel has not brought to the disk; -1 where it does not tell."""
    pages = _Pages()
    handle = os.open(path, os.O_RDONLY)
    try:
        told = ctypes.CDLL(None).syscall(
            CACHESTAT, handle, ctypes.byref(_Range(0, 0)), ctypes.byref(pages), 0
        )
    finally:
        os.close(handle)
    return -1 if told else pages.dirty + pages.writeback


def test_an_answered_write_has_left_the_page_cache(tmp_path: Path) -> None:
    """Killing a process does not show a missing fsync, since the kernel keeps what it had written. This does."""
    probe = tmp_path / "probe"
    probe.write_bytes(bytes(100_000))
    if unsynced_pages(probe) <= 0:
        pytest.skip("this kernel or file system does not say which pages are not synced")
    with open_journal(tmp_path / "ledger") as ledger:
        ledger.create_accounts([Account(id=number, ledger=156, code=10) for number in (1, 2)])
        for number in range(100, 120):
            book(ledger, number, 1)
            logs = sorted((tmp_path / "ledger").rglob("*.log"))
            assert logs
            assert [unsynced_pages(log) for log in logs] == [0] * len(logs)
