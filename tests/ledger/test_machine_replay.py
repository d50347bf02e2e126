"""Snapshots, replay, corruption and the invariants that always run."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.ledger.drive import Driven
from tests.ledger.test_machine import NOW, founded, move, statuses

from jinku.ledger.errors import CorruptJournal, InvariantBroken
from jinku.ledger.layout import ENTRY, ID, TRANSFER, Array
from jinku.ledger.machine import NOTHING_KNOWN, StateMachine
from jinku.ledger.model import AccountFlags, Transfer, TransferFlags

F = TransferFlags
Spoil = Callable[[Array], None]


def history() -> Driven:
    """Three accounts (entries 0 to 2), a transfer (3), a timed pending one that closes (4), its expiry (5),
    a pending one (6), its partial post (7), another (8) and its void (9), a burned id (10), a seal (11).
    """
    driven = founded()
    statuses(driven, [move(1), move(2, flags=F.PENDING | F.CLOSING_CREDIT, timeout=1)])
    driven.expire(NOW * 3)
    statuses(driven, [move(3, flags=F.PENDING)], now=NOW * 4)
    statuses(driven, [Transfer(id=4, pending_id=3, amount=4, flags=F.POST_PENDING_TRANSFER)], now=NOW * 4)
    statuses(driven, [move(5, flags=F.PENDING | F.CLOSING_DEBIT)], now=NOW * 4)
    statuses(driven, [Transfer(id=6, pending_id=5, flags=F.VOID_PENDING_TRANSFER)], now=NOW * 4)
    statuses(driven, [move(7, debit_account_id=9)], now=NOW * 4)
    driven.keep(driven.machine.seal(bytes(32), 1, NOW * 5), 0)
    assert driven.journal["kind"].tolist() == [1, 1, 1, 2, 2, 4, 2, 2, 2, 2, 3, 5]
    return driven


def test_a_snapshot_and_the_rest_of_the_journal_give_the_same_state() -> None:
    driven = history()
    for at in range(1, len(driven.journal)):
        early = StateMachine()
        early.replay(driven.journal[:at])
        late = StateMachine()
        late.restore(early.accounts.copy(), early.last_timestamp, early.last_transfer_timestamp)
        late.replay(driven.journal[at:])
        assert late.accounts.tobytes() == driven.machine.accounts.tobytes()
        assert late.last_timestamp == driven.machine.last_timestamp
        assert late.last_transfer_timestamp == driven.machine.last_transfer_timestamp
        late.check()


def test_a_snapshot_with_an_id_twice_is_refused() -> None:
    rows = founded().machine.accounts.copy()
    rows["id_lo"] = 1
    with pytest.raises(CorruptJournal, match="account number 1 "):
        StateMachine().restore(rows, NOW, 0)


def _set(name: str, value: int) -> Spoil:
    def spoil(entry: Array) -> None:
        entry[name] = value

    return spoil


def _event(name: str, value: int) -> Spoil:
    def spoil(entry: Array) -> None:
        entry["event"][name] = value

    return spoil


def _balance(side: str, name: str) -> Spoil:
    def spoil(entry: Array) -> None:
        entry[side][name] += np.uint64(1)

    return spoil


@pytest.mark.parametrize(
    ("at", "spoil", "reason"),
    [
        (3, _set("kind", 9), "kind or version"),
        (3, _set("version", 2), "kind or version"),
        (3, _set("timestamp", NOW), "not after"),
        (10, _set("timestamp", NOW), "not after"),
        (1, _event("id_lo", 1), "exists already"),
        (1, _event("timestamp", 5), "out of order"),
        (1, _event("debit_account_id_lo", 5), "has balances"),
        (3, _event("debit_account_id_lo", 9), "unknown account"),
        (3, _event("credit_account_id_lo", 1), "unknown account"),
        *((at, _event("amount_lo", 11), "do not follow") for at in (3, 4, 5, 6, 7, 8, 9)),
        *((at, _event("amount_hi", 1), "do not follow") for at in (3, 4, 5, 6, 7, 8, 9)),
        *(
            (at, _balance(side, f"{name}_{half}"), "do not follow")
            for at in (3, 4, 5, 7, 9)
            for side in ("debit", "credit")
            for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
            for half in ("lo", "hi")
        ),
        *((at, _set("debit_flags", AccountFlags.CLOSED), "account flags") for at in (3, 4, 5, 6, 7)),
        (4, _set("credit_flags", 0), "account flags"),
        (5, _set("credit_flags", AccountFlags.CLOSED), "account flags"),
        (8, _set("debit_flags", 0), "account flags"),
        (9, _set("debit_flags", AccountFlags.HISTORY), "account flags"),
    ],
)
def test_an_entry_that_does_not_follow_is_refused(at: int, spoil: Spoil, reason: str) -> None:
    journal = history().journal
    entry = journal[at : at + 1]
    booked = int(entry["timestamp"][0])
    spoil(entry[0])
    with pytest.raises(CorruptJournal, match=reason) as caught:
        StateMachine().replay(journal)
    assert f"number {at} of those replayed" in str(caught.value)
    assert "timestamp" not in reason or str(booked) in str(caught.value)


def test_expiring_what_is_no_pending_transfer_is_refused() -> None:
    driven = history()
    for at in (0, 3, 7, 10):
        with pytest.raises(CorruptJournal, match="no pending transfer"):
            driven.machine.expire(driven.journal[at : at + 1], np.array([at]), 0)


@pytest.mark.parametrize(
    "name", ["debits_posted_lo", "credits_posted_lo", "debits_pending_hi", "credits_pending_hi"]
)
def test_books_that_do_not_balance_are_found(name: str) -> None:
    machine = history().machine
    machine.check()
    machine.accounts[name][2] += np.uint64(1)
    with pytest.raises(InvariantBroken, match="on ledger 1"):
        machine.check()


def test_each_ledger_balances_by_itself() -> None:
    driven = founded(0, 0, 0, 0)
    statuses(driven, [move(1)])
    rows = driven.machine.accounts
    rows["ledger"][2:] = [7, 8]
    driven.machine.check()
    rows["debits_posted_lo"][2] = rows["credits_posted_lo"][3] = 1
    with pytest.raises(InvariantBroken, match="on ledger 7"):
        driven.machine.check()
    rows["ledger"][3] = 7
    driven.machine.check()


@pytest.mark.parametrize(
    ("flag", "account", "message"), [(2, 0, "debits exceed credits"), (4, 1, "credits exceed debits")]
)
def test_a_limit_that_is_passed_is_found(flag: int, account: int, message: str) -> None:
    driven = founded()
    statuses(driven, [move(1)])
    driven.machine.accounts["flags"][account] = flag
    with pytest.raises(InvariantBroken, match=f"{message} of limited account number {account}"):
        driven.machine.check()
    with pytest.raises(
        InvariantBroken, match=message
    ):  # a run that touches it finds it, whatever the run does
        statuses(driven, [move(2, 0, debit_account_id=2, credit_account_id=3 if account else 1)])


def test_totals_beyond_128_bits_are_found() -> None:
    driven = founded()
    rows = driven.machine.accounts
    rows["debits_posted_hi"][0] = rows["credits_posted_hi"][1] = np.uint64(1 << 63)
    rows["debits_pending_hi"][0] = rows["credits_pending_hi"][1] = np.uint64(1 << 63)
    with pytest.raises(InvariantBroken, match="128 bits of account number 0"):
        driven.machine.check()


def test_the_check_after_a_run_sees_only_what_the_run_changed() -> None:
    """A fault that was there before is `check`'s to find; one that a run makes is found at once."""
    driven = founded()
    driven.machine.accounts["debits_posted_lo"][0] = 3
    assert statuses(driven, [move(1)]) == statuses(founded(), [move(1)])
    with pytest.raises(InvariantBroken):
        driven.machine.check()


def test_many_accounts_grow_the_table_and_are_all_found() -> None:
    machine = StateMachine()
    ids = np.arange(1, 5001, dtype=np.uint64)
    for part in np.array_split(ids, 7):
        rows = np.zeros(len(part), machine.accounts.dtype)
        rows["id_hi"], rows["id_lo"], rows["ledger"], rows["code"] = part << np.uint64(32), part % 3, 1, 1
        machine.create_accounts(rows, np.array([0, len(rows)]), NOW, 0)
    wanted = np.zeros(5001, ID)
    wanted["id_hi"][:5000], wanted["id_lo"][:5000] = ids << np.uint64(32), ids % 3
    wanted["id_lo"][5000] = 77
    assert machine.find_accounts(wanted).tolist() == [*range(5000), -1]


@pytest.mark.slow
def test_a_million_entries_are_replayed() -> None:
    machine, parts = founded(0, 0).machine, []
    for first in range(0, 1_000_000, 50_000):
        rows = np.zeros(50_000, TRANSFER)
        rows["id_lo"] = np.arange(first + 1, first + 50_001)
        rows["debit_account_id_lo"], rows["credit_account_id_lo"] = 1, 2
        rows["amount_lo"], rows["ledger"], rows["code"] = np.arange(50_000), 1, 1
        parts.append(machine.create_transfers(rows, np.array([0, 50_000]), NOW * 2, 0, NOTHING_KNOWN).entries)
    again = founded(0, 0).machine
    again.replay(np.concatenate(parts))
    assert again.accounts.tobytes() == machine.accounts.tobytes()
    assert again.last_timestamp == machine.last_timestamp


def test_nothing_is_replayed_from_nothing() -> None:
    machine = StateMachine()
    machine.replay(np.zeros(0, ENTRY))
    machine.restore(machine.accounts, 0, 0)
    machine.check()
    assert len(machine.accounts) == 0
    assert machine.last_timestamp == machine.last_transfer_timestamp == 0
