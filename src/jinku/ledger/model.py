"""The ledger's public objects: accounts, transfers, filters, results, balances and change events.

Rules:

1. Names, fields, order, defaults and numbers are those of TigerBeetle's public model and its Python client,
   so a program written for that client runs on ours; `ChangeEvent` and `ChangeEventsFilter` follow the same
   model where that client does not offer them yet.
2. Every number is an unsigned integer of the width its comment names; an amount is in minor units of its
   ledger's currency; a timestamp is in nanoseconds since 1970-01-01 UTC.
3. Objects carry values and decide nothing. Widths are checked where objects become bytes
   (`jinku.ledger.convert`).
4. No field holds personal data: `user_data_*` hold references or salted commitments.

Example::

    cash, client = Account(id=1, ledger=156, code=10), Account(id=2, ledger=156, code=20)
    deposit = Transfer(id=id(), debit_account_id=1, credit_account_id=2, amount=12_50, ledger=156, code=1)
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from jinku.ledger.layout import AMOUNT_MAX
from jinku.ledger.statuses import CreateAccountStatus, CreateTransferStatus

__all__ = [
    "AMOUNT_MAX",
    "Account",
    "AccountBalance",
    "AccountFilter",
    "AccountFilterFlags",
    "AccountFlags",
    "ChangeEvent",
    "ChangeEventType",
    "ChangeEventsFilter",
    "CreateAccountResult",
    "CreateAccountStatus",
    "CreateTransferResult",
    "CreateTransferStatus",
    "QueryFilter",
    "QueryFilterFlags",
    "Transfer",
    "TransferFlags",
    "id",
]


class AccountFlags(IntFlag):
    """How an account behaves (16 bits)."""

    NONE = 0
    LINKED = 1 << 0
    """This account and the next one of the batch are created together or not at all."""
    DEBITS_MUST_NOT_EXCEED_CREDITS = 1 << 1
    """Refuse what would take pending and posted debits above posted credits (a client's money)."""
    CREDITS_MUST_NOT_EXCEED_DEBITS = 1 << 2
    """Refuse what would take pending and posted credits above posted debits (an asset)."""
    HISTORY = 1 << 3
    """`get_account_balances` answers for this account."""
    IMPORTED = 1 << 4
    """The caller sets the timestamp, which lies in the past."""
    CLOSED = 1 << 5
    """Nothing but voiding of pending transfers moves this account."""


class TransferFlags(IntFlag):
    """How a transfer behaves (16 bits)."""

    NONE = 0
    LINKED = 1 << 0
    """This transfer and the next one of the batch are booked together or not at all."""
    PENDING = 1 << 1
    """Reserve the amount; a later transfer posts or voids it."""
    POST_PENDING_TRANSFER = 1 << 2
    """Book what `pending_id` reserved, all (`AMOUNT_MAX`) or part of it, and release the rest."""
    VOID_PENDING_TRANSFER = 1 << 3
    """Release what `pending_id` reserved."""
    BALANCING_DEBIT = 1 << 4
    """Book at most `amount`, and no more than the debit account may still be debited."""
    BALANCING_CREDIT = 1 << 5
    """Book at most `amount`, and no more than the credit account may still be credited."""
    CLOSING_DEBIT = 1 << 6
    """Close the debit account until this pending transfer is voided."""
    CLOSING_CREDIT = 1 << 7
    """Close the credit account until this pending transfer is voided."""
    IMPORTED = 1 << 8
    """The caller sets the timestamp, which lies in the past."""


class AccountFilterFlags(IntFlag):
    """Which side of an account to search and in which order (32 bits)."""

    NONE = 0
    DEBITS = 1 << 0
    CREDITS = 1 << 1
    REVERSED = 1 << 2
    """Newest first."""


class QueryFilterFlags(IntFlag):
    """In which order to answer (32 bits)."""

    NONE = 0
    REVERSED = 1 << 0
    """Newest first."""


class ChangeEventType(IntEnum):
    """What happened to a transfer."""

    SINGLE_PHASE = 0
    TWO_PHASE_PENDING = 1
    TWO_PHASE_POSTED = 2
    TWO_PHASE_VOIDED = 3
    TWO_PHASE_EXPIRED = 4


@dataclass(slots=True)
class Account:
    """An account and the sums of everything booked to it.

    `id` and `user_data_128` have 128 bits, as have the four balances; `user_data_64` and `timestamp` 64,
    `user_data_32` and `ledger` 32, `code` and `flags` 16. Balances and `timestamp` are zero in a request.
    """

    id: int = 0
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    user_data_128: int = 0
    user_data_64: int = 0
    user_data_32: int = 0
    ledger: int = 0
    code: int = 0
    flags: AccountFlags = AccountFlags.NONE
    timestamp: int = 0


@dataclass(slots=True)
class Transfer:
    """A movement of `amount` from the debit account to the credit account; immutable once booked.

    `id`, both account ids, `amount`, `pending_id` and `user_data_128` have 128 bits; `user_data_64` and
    `timestamp` 64; `user_data_32`, `timeout` (seconds, pending transfers only) and `ledger` 32; `code` and
    `flags` 16.
    """

    id: int = 0
    debit_account_id: int = 0
    credit_account_id: int = 0
    amount: int = 0
    pending_id: int = 0
    user_data_128: int = 0
    user_data_64: int = 0
    user_data_32: int = 0
    timeout: int = 0
    ledger: int = 0
    code: int = 0
    flags: TransferFlags = TransferFlags.NONE
    timestamp: int = 0


@dataclass(slots=True)
class CreateAccountResult:
    """The answer for one account: when it was (or had been) created, or when it was refused, and why."""

    timestamp: int
    status: CreateAccountStatus


@dataclass(slots=True)
class CreateTransferResult:
    """The answer for one transfer: when it was (or had been) booked, or when it was refused, and why."""

    timestamp: int
    status: CreateTransferStatus


@dataclass(slots=True)
class AccountFilter:
    """Which transfers or balances of one account to return.

    Zero means "any" for `user_data_*`, `code` and the two inclusive bounds in ns; `limit` is at least 1.
    """

    account_id: int
    user_data_128: int
    user_data_64: int
    user_data_32: int
    code: int
    timestamp_min: int
    timestamp_max: int
    limit: int
    flags: AccountFilterFlags


@dataclass(slots=True)
class AccountBalance:
    """An account's balances right after the transfer that has this `timestamp`."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    timestamp: int


@dataclass(slots=True)
class QueryFilter:
    """Which accounts or transfers to return: those that match every field that is not zero.

    The two bounds in ns are inclusive; `limit` is at least 1.
    """

    user_data_128: int
    user_data_64: int
    user_data_32: int
    ledger: int
    code: int
    timestamp_min: int
    timestamp_max: int
    limit: int
    flags: QueryFilterFlags


@dataclass(slots=True)
class ChangeEvent:
    """One change of balances: the transfer behind it, and both accounts right after it.

    `timestamp` is when the change happened, `transfer_timestamp` when the transfer was booked; they differ
    for an expiry only, whose transfer is the pending one that expired.
    """

    transfer_id: int
    transfer_amount: int
    transfer_pending_id: int
    transfer_user_data_128: int
    transfer_user_data_64: int
    transfer_user_data_32: int
    transfer_timeout: int
    transfer_code: int
    transfer_flags: TransferFlags
    ledger: int
    type: ChangeEventType
    debit_account_id: int
    debit_account_debits_pending: int
    debit_account_debits_posted: int
    debit_account_credits_pending: int
    debit_account_credits_posted: int
    debit_account_user_data_128: int
    debit_account_user_data_64: int
    debit_account_user_data_32: int
    debit_account_code: int
    debit_account_flags: AccountFlags
    credit_account_id: int
    credit_account_debits_pending: int
    credit_account_debits_posted: int
    credit_account_credits_pending: int
    credit_account_credits_posted: int
    credit_account_user_data_128: int
    credit_account_user_data_64: int
    credit_account_user_data_32: int
    credit_account_code: int
    credit_account_flags: AccountFlags
    timestamp: int
    transfer_timestamp: int
    debit_account_timestamp: int
    credit_account_timestamp: int


@dataclass(slots=True)
class ChangeEventsFilter:
    """Which change events to return, oldest first: inclusive bounds in ns (0: none) and at most `limit`."""

    timestamp_min: int
    timestamp_max: int
    limit: int


def id(clock: Callable[[], int] = time.time_ns) -> int:  # noqa: A001 - the name programs for the model call
    """A new 128-bit id that no one else will make and that sorts by the time of making, to the nanosecond.

    The upper 48 bits are milliseconds since 1970, as in a ULID; 20 bits count the nanoseconds within that
    millisecond; 60 are random. Nothing is remembered between calls, so threads and processes need no
    agreement.
    """
    milliseconds, nanoseconds = divmod(clock(), 1_000_000)
    return (milliseconds << 80) | (nanoseconds << 60) | secrets.randbits(60)
