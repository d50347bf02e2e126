"""Accounts in JSON: requests into the ledger's 128-byte rows, stored accounts and balances out."""

import struct
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict

from jinku.api.limits import BATCH_EVENTS_MAX
from jinku.api.wire.numbers import (
    U16,
    U32,
    U64,
    U128,
    Digits64,
    Digits128,
    Instant,
    InstantText,
    flags_out,
    flags_reader,
    flags_schema,
    instant_out,
)
from jinku.ledger.layout import ACCOUNT, MASK_64, Array
from jinku.ledger.model import Account, AccountBalance, AccountFlags

_PACK = struct.Struct("<13Q3I2HQ")
_names_of = flags_out(AccountFlags)

Flags = Annotated[int, PlainValidator(flags_reader(AccountFlags)), WithJsonSchema(flags_schema(AccountFlags))]
FlagNames = Annotated[list[str], WithJsonSchema(flags_schema(AccountFlags))]

EXAMPLE: JsonDict = {"id": "7", "ledger": 156, "code": 20, "flags": ["debits_must_not_exceed_credits"]}


class AccountIn(BaseModel):
    """An account to create. Fields, widths and meaning are the ledger's; balances of a new account are 0."""

    model_config = ConfigDict(
        extra="forbid", title="AccountRequest", json_schema_extra={"examples": [EXAMPLE]}
    )

    id: U128
    ledger: U32
    code: U16
    debits_pending: U128 = 0
    debits_posted: U128 = 0
    credits_pending: U128 = 0
    credits_posted: U128 = 0
    user_data_128: U128 = 0
    user_data_64: U64 = 0
    user_data_32: U32 = 0
    flags: Flags = 0
    timestamp: Instant = 0
    """Only with the flag `imported`: the effective time."""


class AccountsIn(BaseModel):
    """A batch: executed in order, all in one durable write."""

    model_config = ConfigDict(extra="forbid", title="AccountBatch")

    accounts: list[AccountIn] = Field(min_length=1, max_length=BATCH_EVENTS_MAX)


class AccountOut(BaseModel):
    """An account and its balances now."""

    model_config = ConfigDict(title="Account")

    id: Digits128
    debits_pending: Digits128
    debits_posted: Digits128
    credits_pending: Digits128
    credits_posted: Digits128
    user_data_128: Digits128
    user_data_64: Digits64
    user_data_32: int
    ledger: int
    code: int
    flags: FlagNames
    timestamp: InstantText


class BalanceOut(BaseModel):
    """An account's four balances right after the change at `timestamp`."""

    model_config = ConfigDict(title="AccountBalance")

    debits_pending: Digits128
    debits_posted: Digits128
    credits_pending: Digits128
    credits_posted: Digits128
    timestamp: InstantText


class BalanceAtOut(BaseModel):
    """An account's four balances as of `at`."""

    model_config = ConfigDict(title="AccountBalanceAt")

    account_id: Digits128
    at: InstantText
    debits_pending: Digits128
    debits_posted: Digits128
    credits_pending: Digits128
    credits_posted: Digits128


def rows_of(items: Sequence[AccountIn]) -> Array:
    """``ACCOUNT`` rows of `items`, in order."""
    packed = bytearray()
    for item in items:
        packed += _PACK.pack(
            item.id & MASK_64,
            item.id >> 64,
            item.debits_pending & MASK_64,
            item.debits_pending >> 64,
            item.debits_posted & MASK_64,
            item.debits_posted >> 64,
            item.credits_pending & MASK_64,
            item.credits_pending >> 64,
            item.credits_posted & MASK_64,
            item.credits_posted >> 64,
            item.user_data_128 & MASK_64,
            item.user_data_128 >> 64,
            item.user_data_64,
            item.user_data_32,
            0,
            item.ledger,
            item.code,
            item.flags,
            item.timestamp,
        )
    return np.frombuffer(packed, ACCOUNT)


def account_out(account: Account) -> dict[str, Any]:
    """`account` as JSON values (see `AccountOut`)."""
    return {
        "id": str(account.id),
        **balances_out(account),
        "user_data_128": str(account.user_data_128),
        "user_data_64": str(account.user_data_64),
        "user_data_32": account.user_data_32,
        "ledger": account.ledger,
        "code": account.code,
        "flags": _names_of(int(account.flags)),
        "timestamp": instant_out(account.timestamp),
    }


def balance_out(balance: AccountBalance) -> dict[str, Any]:
    """`balance` as JSON values (see `BalanceOut`)."""
    return {**balances_out(balance), "timestamp": instant_out(balance.timestamp)}


def balances_out(holder: Account | AccountBalance) -> dict[str, Any]:
    """The four balances of `holder` as strings of digits."""
    return {
        "debits_pending": str(holder.debits_pending),
        "debits_posted": str(holder.debits_posted),
        "credits_pending": str(holder.credits_pending),
        "credits_posted": str(holder.credits_posted),
    }
