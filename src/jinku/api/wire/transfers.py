"""Transfers in JSON: requests into the ledger's 128-byte rows, stored transfers out."""

import struct
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict

from jinku.api.limits import BATCH_EVENTS_MAX
from jinku.api.wire.context import ContextIn
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
from jinku.ledger.layout import MASK_64, TRANSFER, Array
from jinku.ledger.model import Transfer, TransferFlags

_PACK = struct.Struct("<13Q3I2HQ")
_names_of = flags_out(TransferFlags)

Flags = Annotated[
    int, PlainValidator(flags_reader(TransferFlags)), WithJsonSchema(flags_schema(TransferFlags))
]
FlagNames = Annotated[list[str], WithJsonSchema(flags_schema(TransferFlags))]

EXAMPLE: JsonDict = {
    "id": "2129023409293847298374",
    "debit_account_id": "1",
    "credit_account_id": "2",
    "amount": "1250",
    "ledger": 156,
    "code": 1,
}


class TransferIn(BaseModel):
    """A transfer to create. Fields, widths and meaning are the ledger's; `amount` is always said, also where
    it is 0."""

    model_config = ConfigDict(
        extra="forbid", title="TransferRequest", json_schema_extra={"examples": [EXAMPLE]}
    )

    id: U128
    amount: U128
    debit_account_id: U128 = 0
    credit_account_id: U128 = 0
    pending_id: U128 = 0
    user_data_128: U128 = 0
    user_data_64: U64 = 0
    user_data_32: U32 = 0
    timeout: U32 = 0
    """Seconds after which a pending transfer expires; 0: never."""
    ledger: U32 = 0
    code: U16 = 0
    flags: Flags = 0
    timestamp: Instant = 0
    """Only with the flag `imported`: the effective time."""
    context: ContextIn | None = None
    """For the risk desk, where the house has one; no part of what is booked."""


class TransfersIn(BaseModel):
    """A batch: executed in order, all in one durable write."""

    model_config = ConfigDict(extra="forbid", title="TransferBatch")

    transfers: list[TransferIn] = Field(min_length=1, max_length=BATCH_EVENTS_MAX)


class TransferOut(BaseModel):
    """A transfer as it is stored."""

    model_config = ConfigDict(title="Transfer")

    id: Digits128
    debit_account_id: Digits128
    credit_account_id: Digits128
    amount: Digits128
    pending_id: Digits128
    user_data_128: Digits128
    user_data_64: Digits64
    user_data_32: int
    timeout: int
    ledger: int
    code: int
    flags: FlagNames
    timestamp: InstantText


def rows_of(items: Sequence[TransferIn]) -> Array:
    """``TRANSFER`` rows of `items`, in order."""
    packed = bytearray()
    for item in items:
        packed += _PACK.pack(
            item.id & MASK_64,
            item.id >> 64,
            item.debit_account_id & MASK_64,
            item.debit_account_id >> 64,
            item.credit_account_id & MASK_64,
            item.credit_account_id >> 64,
            item.amount & MASK_64,
            item.amount >> 64,
            item.pending_id & MASK_64,
            item.pending_id >> 64,
            item.user_data_128 & MASK_64,
            item.user_data_128 >> 64,
            item.user_data_64,
            item.user_data_32,
            item.timeout,
            item.ledger,
            item.code,
            item.flags,
            item.timestamp,
        )
    return np.frombuffer(packed, TRANSFER)


def transfer_out(transfer: Transfer) -> dict[str, Any]:
    """`transfer` as JSON values (see `TransferOut`)."""
    return {
        "id": str(transfer.id),
        "debit_account_id": str(transfer.debit_account_id),
        "credit_account_id": str(transfer.credit_account_id),
        "amount": str(transfer.amount),
        "pending_id": str(transfer.pending_id),
        "user_data_128": str(transfer.user_data_128),
        "user_data_64": str(transfer.user_data_64),
        "user_data_32": transfer.user_data_32,
        "timeout": transfer.timeout,
        "ledger": transfer.ledger,
        "code": transfer.code,
        "flags": _names_of(int(transfer.flags)),
        "timestamp": instant_out(transfer.timestamp),
    }
