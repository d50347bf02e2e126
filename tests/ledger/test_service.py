"""The ledger as a program uses it: durability, grouping, fencing, reads, time — on each engine that CI has."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from jinku.ledger import (
    Account,
    AccountFilter,
    AccountFilterFlags,
    AccountFlags,
    AsyncLedger,
    ChangeEventsFilter,
    ChangeEventType,
    CreateAccountStatus,
    CreateTransferResult,
    CreateTransferStatus,
    Ledger,
    LedgerClosed,
    LedgerHalted,
    LedgerLocked,
    QueryFilter,
    QueryFilterFlags,
    StoreError,
    TooMuchDataError,
    Transfer,
    TransferFlags,
    open_journal,
    open_ledger_async,
)
from jinku.ledger.layout import ACCOUNT, TRANSFER
from jinku.ledger.store import Commit

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
BOTH = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


Open = Callable[[], Ledger]


@pytest.fixture(params=["embedded", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "embedded":
        return str(tmp_path / "ledger")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def reopen(url: str, clock: SetClock) -> Open:
    return lambda: open_journal(url, clock=clock)


@pytest.fixture
def ledger(reopen: Open) -> Iterator[Ledger]:
    with reopen() as opened:
        yield opened


def account(number: int, flags: AccountFlags = AccountFlags.NONE) -> Account:
    return Account(id=number, ledger=156, code=10, flags=flags, user_data_64=number * 7)


def transfer(number: int, amount: int, flags: TransferFlags = TransferFlags.NONE, **more: int) -> Transfer:
    base = {"debit_account_id": 1, "credit_account_id": 2, "ledger": 156, "code": 5}
    return Transfer(id=number, amount=amount, flags=flags, **{**base, **more})


def created(results: list[CreateTransferResult]) -> bool:
    return all(result.status == CreateTransferStatus.CREATED for result in results)


def two_accounts(ledger: Ledger) -> None:
    results = ledger.create_accounts([account(1, AccountFlags.HISTORY), account(2)])
    assert [result.status for result in results] == [CreateAccountStatus.CREATED] * 2


def balance(ledger: Ledger, number: int) -> tuple[int, int, int, int]:
    [row] = ledger.lookup_accounts([number])
    return row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted


def every(**more: int) -> QueryFilter:
    base = dict.fromkeys(
        ("user_data_128", "user_data_64", "user_data_32", "ledger", "code", "timestamp_min", "timestamp_max"),
        0,
    )
    return QueryFilter(**{**base, "limit": 8189, "flags": QueryFilterFlags.NONE, **more})  # type: ignore[arg-type]


def of_account(number: int, limit: int = 8189, flags: AccountFilterFlags = BOTH) -> AccountFilter:
    return AccountFilter(number, 0, 0, 0, 0, 0, 0, limit, flags)


def test_a_day_survives_reopening(ledger: Ledger, reopen: Open) -> None:
    two_accounts(ledger)
    assert created(
        ledger.create_transfers(
            [
                transfer(10, 500),
                transfer(11, 200, TransferFlags.PENDING, timeout=3600),
                transfer(12, 50, TransferFlags.POST_PENDING_TRANSFER, pending_id=11),
            ]
        )
    )
    before = ledger.lookup_accounts([1, 2]), ledger.lookup_transfers([10, 11, 12, 13]), ledger.read(0, 100)
    ledger.close()
    with reopen() as again:
        assert (
            again.lookup_accounts([1, 2]),
            again.lookup_transfers([10, 11, 12, 13]),
            again.read(0, 100),
        ) == before
        assert balance(again, 1) == (0, 550, 0, 0)
        assert len(before[1]) == 3
        assert [r.status for r in again.create_transfers([transfer(10, 500)])] == [
            CreateTransferStatus.EXISTS
        ]
        again.check()


def test_ids_are_found_again_whatever_their_order(ledger: Ledger, reopen: Open) -> None:
    two_accounts(ledger)
    ids = [2**127 + 5, 7, 2**64, 2**64 - 1, 999, 2**100]
    for number in ids:
        assert created(ledger.create_transfers([transfer(number, 1)]))
    ledger.close()
    with reopen() as again:
        results = again.create_transfers([transfer(number, 1) for number in ids])
        assert [result.status for result in results] == [CreateTransferStatus.EXISTS] * len(ids)
        assert [found.id for found in again.lookup_transfers(ids)] == ids


def test_concurrent_callers_each_get_their_own_answer(ledger: Ledger) -> None:
    two_accounts(ledger)
    statuses: dict[int, object] = {}

    def call(number: int) -> None:
        for step in range(20):
            key = 1000 + number * 20 + step
            [result] = ledger.create_transfers([transfer(key, key)])
            statuses[key] = result.status

    threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = range(1000, 1320)
    assert statuses == dict.fromkeys(keys, CreateTransferStatus.CREATED)
    assert balance(ledger, 1)[1] == balance(ledger, 2)[3] == sum(keys)
    entries = ledger.entries(0, ledger.size())
    assert (np.diff(entries["timestamp"].astype(np.int64)) > 0).all()


def test_the_asynchronous_twin(ledger: Ledger) -> None:
    two_accounts(ledger)

    async def day() -> None:
        twin = AsyncLedger(ledger)
        answers = await asyncio.gather(
            *(twin.create_transfers([transfer(number, 1)]) for number in range(100, 200))
        )
        assert all(created(answer) for answer in answers)
        assert len(await twin.get_account_transfers(of_account(1))) == 100
        assert await twin.create_transfers([]) == []

    asyncio.run(day())
    assert balance(ledger, 2) == (0, 0, 0, 100)


def test_the_asynchronous_twin_opens_a_ledger_of_its_own(tmp_path: Path) -> None:
    async def day() -> list[Account]:
        async with open_ledger_async(tmp_path / "twin") as twin:
            await twin.create_accounts([account(1), account(2)])
            await twin.create_transfers([transfer(5, 9)])
            return await twin.lookup_accounts([1])

    assert [row.debits_posted for row in asyncio.run(day())] == [9]


def test_a_second_writer_is_refused(ledger: Ledger, reopen: Open) -> None:
    with pytest.raises(LedgerLocked):
        reopen()
    two_accounts(ledger)  # and the first one is not disturbed


def test_a_hold_expires_at_its_exact_time(ledger: Ledger, clock: SetClock, reopen: Open) -> None:
    two_accounts(ledger)
    [held] = ledger.create_transfers([transfer(10, 70, TransferFlags.PENDING, timeout=60)])
    due = held.timestamp + 60 * SECOND
    clock.now = due - 1
    assert balance(ledger, 1) == (70, 0, 0, 0)
    ledger.close()
    with reopen() as again:
        assert balance(again, 1) == (70, 0, 0, 0)
        clock.now = due + 5 * SECOND  # noticed late, booked on time
        assert balance(again, 1) == (0, 0, 0, 0)
        [expired] = again.get_change_events(ChangeEventsFilter(due, 0, 10))
        assert (expired.type, expired.timestamp, expired.transfer_id) == (
            ChangeEventType.TWO_PHASE_EXPIRED, due, 10,
        )  # fmt: skip
        as_of = [again.balances_as_of([1], at)[0] for at in (due - 1, due)]
        assert [row.debits_pending for row in as_of if row] == [70, 0]
        [late] = again.create_transfers(
            [transfer(11, 70, TransferFlags.POST_PENDING_TRANSFER, pending_id=10)]
        )
        assert late.status == CreateTransferStatus.PENDING_TRANSFER_EXPIRED


def test_a_hold_expires_without_anyone_asking(url: str) -> None:
    clock = SetClock()
    with open_journal(url, clock=clock) as ledger:
        two_accounts(ledger)
        ledger.create_transfers([transfer(10, 70, TransferFlags.PENDING, timeout=1)])
        size = ledger.size()
        clock.now += 2 * SECOND
        for _ in range(100):
            if ledger.size() > size:
                break
            threading.Event().wait(0.05)
        assert ledger.size() == size + 1


def test_balances_as_of_any_moment_without_opting_in(ledger: Ledger, clock: SetClock) -> None:
    two_accounts(ledger)
    moments: list[tuple[int, int]] = []
    for number in range(20):
        clock.now += SECOND
        [result] = ledger.create_transfers([transfer(100 + number, number + 1)])
        moments.append((result.timestamp, (number + 1) * (number + 2) // 2))
    for at, total in moments:
        found = ledger.balances_as_of([2, 1, 77], at)
        assert found[0] is not None
        assert found[1] is not None
        assert (found[0].credits_posted, found[1].debits_posted, found[2]) == (total, total, None)
        just_before = ledger.balances_as_of([2], at - 1)[0]
        assert just_before is not None
        assert just_before.credits_posted < total
    assert ledger.balances_as_of([1], START - SECOND) == [None]


def test_queries_by_every_field_both_ways(ledger: Ledger, clock: SetClock) -> None:
    two_accounts(ledger)
    for number in range(50):
        clock.now += SECOND
        ledger.create_transfers(
            [
                transfer(
                    100 + number, 1, user_data_128=number % 3, user_data_64=number % 4,
                    user_data_32=number % 5, code=1 + number % 2,
                )
            ]
        )  # fmt: skip
    everything = ledger.query_transfers(every())
    assert [t.id for t in everything] == list(range(100, 150))
    for name, value in (
        ("user_data_128", 2),
        ("user_data_64", 3),
        ("user_data_32", 4),
        ("code", 2),
        ("ledger", 156),
    ):
        wanted = [t for t in everything if getattr(t, name) == value]
        assert ledger.query_transfers(every(**{name: value})) == wanted
        assert ledger.query_transfers(every(**{name: value}, flags=QueryFilterFlags.REVERSED)) == wanted[::-1]
        assert ledger.query_transfers(every(**{name: value}, limit=3)) == wanted[:3]
    middle = everything[20:31]
    bounds = {"timestamp_min": middle[0].timestamp, "timestamp_max": middle[-1].timestamp}
    assert ledger.query_transfers(every(**bounds)) == middle
    assert ledger.query_transfers(every(**bounds, code=2, user_data_64=1)) == [
        t for t in middle if t.code == 2 and t.user_data_64 == 1
    ]
    assert ledger.query_transfers(every(ledger=7)) == []
    assert ledger.query_transfers(every(limit=0)) == []
    assert [a.id for a in ledger.query_accounts(every(user_data_64=14))] == [2]


def test_account_history(ledger: Ledger) -> None:
    two_accounts(ledger)
    ledger.create_transfers([transfer(100 + n, n) for n in range(300)])
    ledger.create_transfers([transfer(500, 9, debit_account_id=2, credit_account_id=1)])
    newest = ledger.get_account_transfers(of_account(1, 100, BOTH | AccountFilterFlags.REVERSED))
    assert [t.id for t in newest] == [500, *range(399, 300, -1)]
    assert [t.id for t in ledger.get_account_transfers(of_account(1, 9, AccountFilterFlags.CREDITS))] == [500]
    assert ledger.get_account_transfers(of_account(1, 9, AccountFilterFlags.NONE)) == []
    balances = ledger.get_account_balances(of_account(1))
    assert [b.debits_posted for b in balances[:4]] == [0, 1, 3, 6]
    assert (balances[-1].credits_posted, len(balances)) == (9, 301)
    assert ledger.get_account_balances(of_account(2)) == []  # it has no HISTORY flag


def test_change_events_page_by_timestamp(ledger: Ledger) -> None:
    two_accounts(ledger)
    ledger.create_transfers([transfer(100 + n, n) for n in range(25)])
    seen, after = [], 0
    while page := ledger.get_change_events(ChangeEventsFilter(after, 0, 10)):
        seen += page
        after = page[-1].timestamp + 1
    assert [event.transfer_id for event in seen] == list(range(100, 125))
    assert [event.debit_account_debits_posted for event in seen[:4]] == [0, 1, 3, 6]
    assert {event.type for event in seen} == {ChangeEventType.SINGLE_PHASE}
    assert {event.credit_account_user_data_64 for event in seen} == {14}


def test_seals_are_entries_like_any_other(ledger: Ledger) -> None:
    two_accounts(ledger)
    sequence, timestamp = ledger.seal(bytes(range(32)), 7)
    assert (sequence, ledger.size()) == (2, 3)
    [entry] = ledger.entries(sequence, 1)
    assert int(entry["timestamp"]) == timestamp
    assert bytes(range(32)) in ledger.read(sequence, 1)[0]


def test_columns_give_what_objects_give(ledger: Ledger) -> None:
    accounts = np.zeros(2, ACCOUNT)
    accounts["id_lo"], accounts["ledger"], accounts["code"] = (1, 2), 156, 10
    assert (ledger.create_accounts_array(accounts)["status"] == CreateAccountStatus.CREATED).all()
    batch = np.zeros(8189, TRANSFER)
    batch["id_lo"], batch["amount_lo"] = np.arange(1, 8190), 3
    batch["debit_account_id_lo"], batch["credit_account_id_lo"] = 1, 2
    batch["ledger"], batch["code"] = 156, 5
    sent = batch.copy()
    results = ledger.create_transfers_array(batch)
    assert (batch == sent).all()
    assert (results["status"] == CreateTransferStatus.CREATED).all()
    assert ledger.query_transfers(every(limit=1))[0].timestamp == results["timestamp"][0]
    assert balance(ledger, 1) == (0, 8189 * 3, 0, 0)


def test_too_large_a_batch_is_refused_whole(ledger: Ledger) -> None:
    two_accounts(ledger)
    size = ledger.size()
    with pytest.raises(TooMuchDataError, match="8190"):
        ledger.create_transfers([transfer(n + 1, 1) for n in range(8190)])
    assert ledger.size() == size


def test_a_failed_commit_halts_until_reopened(
    ledger: Ledger, reopen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_accounts(ledger)
    ledger.create_transfers([transfer(10, 5)])

    def full(commit: Commit) -> None:
        raise StoreError("no space left on the device", remedy="free some")

    monkeypatch.setattr(ledger._store, "commit", full)
    with pytest.raises(StoreError, match="no space"):
        ledger.create_transfers([transfer(11, 7)])
    assert "no space" in ledger.halted
    with pytest.raises(LedgerHalted, match="no space"):
        ledger.create_transfers([transfer(12, 7)])
    assert balance(ledger, 1) == (0, 5, 0, 0)  # what is durable can still be read
    ledger.close()
    with reopen() as again:
        assert balance(again, 1) == (0, 5, 0, 0)
        assert created(again.create_transfers([transfer(11, 7)]))


def test_a_closed_ledger_says_so(ledger: Ledger) -> None:
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerClosed):
        ledger.create_transfers([transfer(1, 1)])
    with pytest.raises(LedgerClosed):
        ledger.lookup_accounts([1])
