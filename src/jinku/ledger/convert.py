"""From the model's objects to rows of bytes and back.

Rules:

1. A field that does not fit its width is refused by name and value (`IntegerOverflowError`), and so is one
   that is no integer (`NotAnIntegerError`). Nothing is cut or rounded.
2. Whole batches are converted at once: one packed record per object, one pass over the bytes on the way back.
3. An enumeration's member is made once per distinct value in a batch, not once per row.
4. Bytes in a record that the model reserves are written as zero and ignored when read.

Example::

    rows = transfers_array([Transfer(id=1, debit_account_id=2, credit_account_id=3, amount=5)])
    transfers(rows)[0].amount  # 5
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from enum import IntEnum, IntFlag
from operator import index
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.errors import IntegerOverflowError, InvariantBroken, NotAnIntegerError
from jinku.ledger.layout import ACCOUNT, ID, TRANSFER, Array, EntryKind
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFlags,
    ChangeEvent,
    ChangeEventType,
    CreateAccountResult,
    CreateAccountStatus,
    CreateTransferResult,
    CreateTransferStatus,
    Transfer,
    TransferFlags,
)

_ACCOUNT = struct.Struct("<16s16s16s16s16s16sQI4xIHHQ")
_TRANSFER = struct.Struct("<16s16s16s16s16s16sQIIIHHQ")
_BALANCES = struct.Struct("<16s16s16s16s")
_BITS = {
    "user_data_64": 64,
    "user_data_32": 32,
    "timeout": 32,
    "ledger": 32,
    "code": 16,
    "flags": 16,
    "timestamp": 64,
}
"""Widths of fields; every other one has 128 bits."""
_JOIN = bytearray().join
"""Into a `bytearray`, so that the rows over it can be written to."""
_UNFIT = (OverflowError, struct.error, AttributeError, TypeError)
"""What packing raises for a value that is too wide, negative or no `int`."""

Event = TypeVar("Event", Account, Transfer)
Member = TypeVar("Member", bound=IntEnum | IntFlag)


# --- in ---


def accounts_array(accounts: Sequence[Account]) -> Array:
    """``ACCOUNT`` rows of `accounts`. Raises IntegerOverflowError, NotAnIntegerError."""
    return np.frombuffer(_JOIN([_packed(account, _pack_account) for account in accounts]), ACCOUNT)


def transfers_array(transfers: Sequence[Transfer]) -> Array:
    """``TRANSFER`` rows of `transfers`. Raises IntegerOverflowError, NotAnIntegerError."""
    return np.frombuffer(_JOIN([_packed(transfer, _pack_transfer) for transfer in transfers]), TRANSFER)


def ids_array(ids: Iterable[int]) -> Array:
    """``ID`` rows of `ids`. Raises IntegerOverflowError or NotAnIntegerError."""
    numbers = [fitting("id", number, 128) for number in ids]
    return np.frombuffer(_JOIN([number.to_bytes(16, "little") for number in numbers]), ID)


def _pack_account(a: Account) -> bytes:
    return _ACCOUNT.pack(
        a.id.to_bytes(16, "little"),
        a.debits_pending.to_bytes(16, "little"),
        a.debits_posted.to_bytes(16, "little"),
        a.credits_pending.to_bytes(16, "little"),
        a.credits_posted.to_bytes(16, "little"),
        a.user_data_128.to_bytes(16, "little"),
        a.user_data_64,
        a.user_data_32,
        a.ledger,
        a.code,
        a.flags,
        a.timestamp,
    )


def _pack_transfer(t: Transfer) -> bytes:
    return _TRANSFER.pack(
        t.id.to_bytes(16, "little"),
        t.debit_account_id.to_bytes(16, "little"),
        t.credit_account_id.to_bytes(16, "little"),
        t.amount.to_bytes(16, "little"),
        t.pending_id.to_bytes(16, "little"),
        t.user_data_128.to_bytes(16, "little"),
        t.user_data_64,
        t.user_data_32,
        t.timeout,
        t.ledger,
        t.code,
        t.flags,
        t.timestamp,
    )


def _packed(event: Event, pack: Callable[[Event], bytes]) -> bytes:
    try:
        return pack(event)
    except _UNFIT:
        plain = copy(event)  # with `int` for an integer of another type, such as NumPy's
        for name in event.__slots__:
            setattr(plain, name, fitting(name, getattr(event, name), _BITS.get(name, 128)))
        return pack(plain)


def fitting(name: str, value: object, bits: int) -> int:
    """`value` as an `int` of at most `bits` bits. Raises IntegerOverflowError, NotAnIntegerError."""
    try:
        number = index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise NotAnIntegerError(name, value) from error
    if not 0 <= number < 1 << bits:
        raise IntegerOverflowError(name, bits, number)
    return number


# --- out ---


def accounts(rows: Array) -> list[Account]:
    """The accounts of ``ACCOUNT`` rows."""
    number, flags = int.from_bytes, _members(rows["flags"], AccountFlags)
    return [
        Account(
            number(account_id, "little"),
            number(debits_pending, "little"),
            number(debits_posted, "little"),
            number(credits_pending, "little"),
            number(credits_posted, "little"),
            number(user_data_128, "little"),
            user_data_64,
            user_data_32,
            ledger,
            code,
            flags[bits],
            timestamp,
        )
        for (
            account_id,
            debits_pending,
            debits_posted,
            credits_pending,
            credits_posted,
            user_data_128,
            user_data_64,
            user_data_32,
            ledger,
            code,
            bits,
            timestamp,
        ) in _ACCOUNT.iter_unpack(rows.tobytes())
    ]


def transfers(rows: Array) -> list[Transfer]:
    """The transfers of ``TRANSFER`` rows."""
    number, flags = int.from_bytes, _members(rows["flags"], TransferFlags)
    return [
        Transfer(
            number(transfer_id, "little"),
            number(debit_account_id, "little"),
            number(credit_account_id, "little"),
            number(amount, "little"),
            number(pending_id, "little"),
            number(user_data_128, "little"),
            user_data_64,
            user_data_32,
            timeout,
            ledger,
            code,
            flags[bits],
            timestamp,
        )
        for (
            transfer_id,
            debit_account_id,
            credit_account_id,
            amount,
            pending_id,
            user_data_128,
            user_data_64,
            user_data_32,
            timeout,
            ledger,
            code,
            bits,
            timestamp,
        ) in _TRANSFER.iter_unpack(rows.tobytes())
    ]


def account_results(rows: Array) -> list[CreateAccountResult]:
    """The answers to accounts of ``RESULT`` rows."""
    status = _members(rows["status"], CreateAccountStatus)
    return [
        CreateAccountResult(timestamp, status[number])
        for timestamp, number in zip(rows["timestamp"].tolist(), rows["status"].tolist(), strict=True)
    ]


def transfer_results(rows: Array) -> list[CreateTransferResult]:
    """The answers to transfers of ``RESULT`` rows."""
    status = _members(rows["status"], CreateTransferStatus)
    return [
        CreateTransferResult(timestamp, status[number])
        for timestamp, number in zip(rows["timestamp"].tolist(), rows["status"].tolist(), strict=True)
    ]


def balances(rows: Array, timestamps: NDArray[np.uint64]) -> list[AccountBalance]:
    """The balances of ``BALANCES`` rows, each right after the transfer with the timestamp beside it (ns)."""
    number = int.from_bytes
    return [
        AccountBalance(
            number(debits_pending, "little"),
            number(debits_posted, "little"),
            number(credits_pending, "little"),
            number(credits_posted, "little"),
            timestamp,
        )
        for (debits_pending, debits_posted, credits_pending, credits_posted), timestamp in zip(
            _BALANCES.iter_unpack(rows.tobytes()), timestamps.tolist(), strict=True
        )
    ]


def change_events(entries: Array, accounts_of: Callable[[Array], Array]) -> list[ChangeEvent]:
    """The change events of TRANSFER and EXPIRY rows of ``ENTRY``, in their order.

    `accounts_of` returns the ``ACCOUNT`` rows of ``ID`` rows; it is asked for every account that the entries
    touch. What can change of an account, balances and flags, comes from the entry: as it was right after.
    """
    moved = transfers(np.ascontiguousarray(entries["event"]))
    ids = {
        touched for transfer in moved for touched in (transfer.debit_account_id, transfer.credit_account_id)
    }
    known = {account.id: account for account in accounts(accounts_of(ids_array(sorted(ids))))}
    debits = balances(np.ascontiguousarray(entries["debit"]), entries["timestamp"])
    credits_ = balances(np.ascontiguousarray(entries["credit"]), entries["timestamp"])
    flags = _members(np.concatenate([entries["debit_flags"], entries["credit_flags"]]), AccountFlags)
    heads = zip(
        entries["kind"].tolist(),
        entries["debit_flags"].tolist(),
        entries["credit_flags"].tolist(),
        strict=True,
    )
    return [
        _change_event(
            transfer,
            _after(known[transfer.debit_account_id], debit, flags[debit_flags]),
            _after(known[transfer.credit_account_id], credit, flags[credit_flags]),
            debit.timestamp if kind == EntryKind.EXPIRY else 0,
        )
        for (kind, debit_flags, credit_flags), transfer, debit, credit in zip(
            heads, moved, debits, credits_, strict=True
        )
    ]


def check_balanced(rows: Array) -> None:
    """Sum ``ACCOUNT`` rows. Raises InvariantBroken unless debits equal credits, pending and posted alike."""
    for kind in ("pending", "posted"):
        debits, credits_ = _total(rows, f"debits_{kind}"), _total(rows, f"credits_{kind}")
        if debits != credits_:
            raise InvariantBroken(
                f"{kind} debits of {debits} differ from {kind} credits of {credits_}",
                remedy="stop, keep the data as it is, and find the first entry after which they differ",
            )


def _total(rows: Array, name: str) -> int:
    """The exact sum of a 128-bit column, by 32-bit limbs so that no sum can wrap (below 2^32 rows)."""
    total = 0
    for half, shift in (("lo", 0), ("hi", 64)):
        column = rows[f"{name}_{half}"]
        total += int((column & np.uint64(0xFFFFFFFF)).sum(dtype=np.uint64)) << shift
        total += int((column >> np.uint64(32)).sum(dtype=np.uint64)) << (shift + 32)
    return total


def _members(column: Array, kind: type[Member]) -> dict[int, Member]:
    return {value: kind(value) for value in np.unique(column).tolist()}


def _after(account: Account, balance: AccountBalance, flags: AccountFlags) -> Account:
    return Account(
        account.id,
        balance.debits_pending,
        balance.debits_posted,
        balance.credits_pending,
        balance.credits_posted,
        account.user_data_128,
        account.user_data_64,
        account.user_data_32,
        account.ledger,
        account.code,
        flags,
        account.timestamp,
    )


def _change_type(flags: TransferFlags) -> ChangeEventType:
    if flags & TransferFlags.PENDING:
        return ChangeEventType.TWO_PHASE_PENDING
    if flags & TransferFlags.POST_PENDING_TRANSFER:
        return ChangeEventType.TWO_PHASE_POSTED
    if flags & TransferFlags.VOID_PENDING_TRANSFER:
        return ChangeEventType.TWO_PHASE_VOIDED
    return ChangeEventType.SINGLE_PHASE


def _change_event(transfer: Transfer, debit: Account, credit: Account, expired: int) -> ChangeEvent:
    """`expired` is the time of expiry in ns, 0 for a transfer."""
    return ChangeEvent(
        transfer_id=transfer.id,
        transfer_amount=transfer.amount,
        transfer_pending_id=transfer.pending_id,
        transfer_user_data_128=transfer.user_data_128,
        transfer_user_data_64=transfer.user_data_64,
        transfer_user_data_32=transfer.user_data_32,
        transfer_timeout=transfer.timeout,
        transfer_code=transfer.code,
        transfer_flags=transfer.flags,
        ledger=transfer.ledger,
        type=ChangeEventType.TWO_PHASE_EXPIRED if expired else _change_type(transfer.flags),
        debit_account_id=debit.id,
        debit_account_debits_pending=debit.debits_pending,
        debit_account_debits_posted=debit.debits_posted,
        debit_account_credits_pending=debit.credits_pending,
        debit_account_credits_posted=debit.credits_posted,
        debit_account_user_data_128=debit.user_data_128,
        debit_account_user_data_64=debit.user_data_64,
        debit_account_user_data_32=debit.user_data_32,
        debit_account_code=debit.code,
        debit_account_flags=debit.flags,
        credit_account_id=credit.id,
        credit_account_debits_pending=credit.debits_pending,
        credit_account_debits_posted=credit.debits_posted,
        credit_account_credits_pending=credit.credits_pending,
        credit_account_credits_posted=credit.credits_posted,
        credit_account_user_data_128=credit.user_data_128,
        credit_account_user_data_64=credit.user_data_64,
        credit_account_user_data_32=credit.user_data_32,
        credit_account_code=credit.code,
        credit_account_flags=credit.flags,
        timestamp=expired or transfer.timestamp,
        transfer_timestamp=transfer.timestamp,
        debit_account_timestamp=debit.timestamp,
        credit_account_timestamp=credit.timestamp,
    )
