"""Whatever fits its field comes back from the bytes as it was; whatever does not is refused by name."""

import ctypes
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tigerbeetle
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from jinku.ledger import convert
from jinku.ledger.errors import IntegerOverflowError, InvariantBroken, NotAnIntegerError
from jinku.ledger.layout import ACCOUNT, BALANCES, ENTRY, ID, RESULT, EntryKind, set_u128
from jinku.ledger.model import (
    AMOUNT_MAX,
    Account,
    AccountFlags,
    ChangeEventType,
    CreateAccountStatus,
    CreateTransferResult,
    CreateTransferStatus,
    Transfer,
    TransferFlags,
)

WIDTHS = {"user_data_64": 64, "user_data_32": 32, "timeout": 32, "ledger": 32, "code": 16, "timestamp": 64}


def _events(kind: type[Any], flags: type[Any]) -> st.SearchStrategy[Any]:
    fields = [field.name for field in dataclasses.fields(kind) if field.name != "flags"]
    return st.builds(
        kind,
        flags=st.integers(0, 0xFFFF).map(flags),
        **{name: st.integers(0, (1 << WIDTHS.get(name, 128)) - 1) for name in fields},
    )


ACCOUNTS = _events(Account, AccountFlags)
TRANSFERS = _events(Transfer, TransferFlags)


@given(st.lists(ACCOUNTS, max_size=5))
def test_accounts_come_back_as_they_were(accounts: list[Account]) -> None:
    assert convert.accounts(convert.accounts_array(accounts)) == accounts


@given(st.lists(TRANSFERS, max_size=5))
def test_transfers_come_back_as_they_were(transfers: list[Transfer]) -> None:
    assert convert.transfers(convert.transfers_array(transfers)) == transfers


@given(ACCOUNTS, TRANSFERS)
def test_bytes_are_those_of_the_published_client(account: Account, transfer: Transfer) -> None:
    bindings = tigerbeetle.bindings
    for event, kind, rows in (
        (account, bindings.CAccount, convert.accounts_array([account])),
        (transfer, bindings.CTransfer, convert.transfers_array([transfer])),
    ):
        theirs = kind.from_param(event)
        assert rows.tobytes() == ctypes.string_at(ctypes.byref(theirs), ctypes.sizeof(theirs))


@pytest.mark.parametrize(
    ("event", "array"), [(Account, convert.accounts_array), (Transfer, convert.transfers_array)]
)
def test_every_field_is_checked_for_its_width(
    event: type[Any], array: Callable[[list[Any]], NDArray[Any]]
) -> None:
    for name in event.__slots__:
        bits = 16 if name == "flags" else WIDTHS.get(name, 128)
        assert len(array([event(**{name: (1 << bits) - 1})])) == 1
        for wrong in (1 << bits, -1):
            with pytest.raises(IntegerOverflowError, match=f"{name}={wrong} does not fit .* {bits}-bit"):
                array([event(), event(**{name: wrong})])
        for wrong_type in (1.0, "1", None):
            with pytest.raises(NotAnIntegerError, match=f"{name}="):
                array([event(**{name: wrong_type})])


def test_numpy_integers_are_integers() -> None:
    rows = convert.transfers_array([Transfer(id=np.uint64(7), amount=np.int64(3), code=np.uint8(1))])  # type: ignore[arg-type]
    assert convert.transfers(rows) == [Transfer(id=7, amount=3, code=1)]


@given(st.lists(st.integers(0, AMOUNT_MAX), max_size=5))
def test_ids(ids: list[int]) -> None:
    rows = convert.ids_array(ids)
    assert rows.dtype == ID
    assert [(high << 64) | low for low, high in rows.tolist()] == ids


def test_ids_out_of_range_are_refused() -> None:
    for wrong in (-1, 1 << 128):
        with pytest.raises(IntegerOverflowError, match=f"id={wrong}"):
            convert.ids_array([1, wrong])
    with pytest.raises(NotAnIntegerError):
        convert.ids_array(["1"])  # type: ignore[list-item]


def test_results_are_members_of_the_enumerations() -> None:
    rows = np.zeros(3, RESULT)
    rows["timestamp"], rows["status"] = [5, 6, 7], [0xFFFFFFFF, 21, 1]
    made = convert.transfer_results(rows)
    assert made[1] == CreateTransferResult(6, CreateTransferStatus.DEBIT_ACCOUNT_NOT_FOUND)
    assert made[0].status is CreateTransferStatus.CREATED
    assert convert.account_results(rows)[1].status is CreateAccountStatus.EXISTS


def test_balances_carry_their_timestamps() -> None:
    rows = np.zeros(2, BALANCES)
    set_u128(rows, "credits_posted", [1, AMOUNT_MAX])
    made = convert.balances(rows, np.array([8, 9], np.uint64))
    assert [(b.debits_pending, b.credits_posted, b.timestamp) for b in made] == [
        (0, 1, 8),
        (0, AMOUNT_MAX, 9),
    ]


def _entry(kind: EntryKind, transfer: Transfer, timestamp: int) -> NDArray[Any]:
    entry = np.zeros(1, ENTRY)
    entry["kind"], entry["timestamp"] = kind, timestamp
    entry["event"] = convert.transfers_array([transfer])
    entry["debit_flags"], entry["credit_flags"] = AccountFlags.CLOSED, AccountFlags.HISTORY
    for side, name, amount in (("debit", "debits_posted", 11), ("credit", "credits_pending", 12)):
        balances = np.zeros(1, BALANCES)
        set_u128(balances, name, [amount])
        entry[side] = balances
    return entry


def test_change_events_show_both_accounts_right_after() -> None:
    book = {
        1: Account(id=1, ledger=7, code=3, user_data_128=5, timestamp=90, debits_posted=999),
        2: Account(id=2, ledger=7, code=4, user_data_64=6, user_data_32=8, timestamp=91),
    }
    flags = [
        (TransferFlags.NONE, ChangeEventType.SINGLE_PHASE),
        (TransferFlags.PENDING | TransferFlags.LINKED, ChangeEventType.TWO_PHASE_PENDING),
        (TransferFlags.POST_PENDING_TRANSFER, ChangeEventType.TWO_PHASE_POSTED),
        (TransferFlags.VOID_PENDING_TRANSFER, ChangeEventType.TWO_PHASE_VOIDED),
    ]
    sides = {"debit_account_id": 1, "credit_account_id": 2, "ledger": 7, "code": 2, "amount": 5}
    entries = [
        _entry(EntryKind.TRANSFER, Transfer(id=10 + at, flags=kind, timestamp=100 + at, **sides), 200 + at)
        for at, (kind, _) in enumerate(flags)
    ]
    expired = Transfer(id=11, flags=TransferFlags.PENDING, timestamp=101, timeout=1, **sides)
    entries.append(_entry(EntryKind.EXPIRY, expired, 300))
    events = convert.change_events(
        np.concatenate(entries),
        lambda ids: convert.accounts_array([book[low] for low, _ in ids.tolist()]),
    )
    assert [event.type for event in events] == [kind for _, kind in flags] + [
        ChangeEventType.TWO_PHASE_EXPIRED
    ]
    assert [event.timestamp for event in events] == [100, 101, 102, 103, 300]
    assert [event.transfer_timestamp for event in events] == [100, 101, 102, 103, 101]
    first = events[0]
    assert (first.debit_account_debits_posted, first.debit_account_code, first.debit_account_timestamp) == (
        11,
        3,
        90,
    )
    assert (first.credit_account_credits_pending, first.credit_account_user_data_32) == (12, 8)
    assert (first.debit_account_flags, first.credit_account_flags) == (
        AccountFlags.CLOSED,
        AccountFlags.HISTORY,
    )
    assert (first.ledger, first.transfer_code, first.transfer_amount, events[4].transfer_timeout) == (
        7,
        2,
        5,
        1,
    )
    assert convert.change_events(np.zeros(0, ENTRY), lambda ids: np.zeros(0, ACCOUNT)) == []


def test_unbalanced_books_are_refused_loudly() -> None:
    rows = convert.accounts_array(
        [
            Account(debits_posted=AMOUNT_MAX, credits_pending=3),
            Account(debits_posted=2, debits_pending=3),
            Account(credits_posted=AMOUNT_MAX),
            Account(credits_posted=2),
        ]
    )
    convert.check_balanced(rows)
    with pytest.raises(InvariantBroken, match=f"posted debits of {AMOUNT_MAX + 2} differ"):
        convert.check_balanced(rows[:3])
    with pytest.raises(InvariantBroken, match="pending debits of 0 differ"):
        convert.check_balanced(convert.accounts_array([Account(credits_pending=1)]))
